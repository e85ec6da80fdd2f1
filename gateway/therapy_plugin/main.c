/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-plugin - what the author of a device plugin works with. It is no part of a running gateway. */
#include <stdio.h>
#include <string.h>

#include "device_host.h"
#include "therapy_plugin/command.h"

static const char usage[] = "Usage: therapy-plugin COMMAND\n"
			    "  new NAME [--dir D]        a folder with a whole plugin to begin from\n"
			    "  check FILE.so [--model M] [--vectors DIR] [--seed N] [--frames N] [VECTORS...]\n"
			    "                            every fault of its tables, what Home Assistant would show,\n"
			    "                            its vectors, damaged frames and noise\n"
			    "  replay FILE.so RECORDING [--model M] [--option KEY=VALUE]... [--sent]\n"
			    "                            what comes of a recording, in its own time\n"
			    "  try FILE.so LINK [--model M] [--option KEY=VALUE]... [--broker URL] [--seconds N]\n"
			    "                            live readings of a device; it is only ever told to rest\n"
			    "  probe LINK [--for TIME] [--listen-only]\n"
			    "                            what is at the other end of a serial port or TCP address\n"
			    "  discover -c FILE | --broker URL [--for TIME]\n"
			    "                            which devices are at the broker; only listens\n"
			    "  bench FILE.so [--model M] [--vectors DIR] [--rounds N] VECTORS...\n"
			    "                            how long it takes over the frames of its vectors\n"
			    "  --version\n"
			    "Exit status: 0 no fault, 1 a fault of the plugin, 2 wrong usage.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
    {"new", command_new},     {"check", command_check},       {"replay", command_replay}, {"try", command_try},
    {"probe", command_probe}, {"discover", command_discover}, {"bench", command_bench},
};

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "device-process") == 0) /* started by `try`, as a gateway starts its own */
		return device_host_main(argc, argv);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return COMMAND_GOOD;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("therapy-plugin " THERAPY_VERSION);
		return COMMAND_GOOD;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 2, argv + 2);
	if (argc >= 2)
		command_usage("found '%s', expected one of these commands", argv[1]);
	fputs(usage, stderr);
	return COMMAND_USAGE;
}
