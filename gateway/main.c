/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_process.h"
#include "gateway.h"

#define DEFAULT_FILE THERAPY_CONFIG_DIR "/therapy-gateway.cfg"

static const char usage[] =
    "Usage: therapy-gateway run   [-c FILE]            check the configuration, then run\n"
    "       therapy-gateway check [-c FILE] [--json]   print every fault as file:line, or what this home covers\n"
    "       therapy-gateway --version\n"
    "FILE is " DEFAULT_FILE " unless given.\n"
    "\n"
    "An interlock between therapy devices, and their logbook over MQTT. Not a medical device.\n";

int main(int argc, char **argv)
{
	/* libuv's threads serve name look-ups only, one at a time: four would cost memory for nothing. */
	setenv("UV_THREADPOOL_SIZE", "1", 0);
	if (argc >= 2 && strcmp(argv[1], "device-process") == 0)
		return device_process_main();
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("therapy-gateway " THERAPY_VERSION);
		return 0;
	}
	bool run = argc >= 2 && strcmp(argv[1], "run") == 0, check = argc >= 2 && strcmp(argv[1], "check") == 0;
	bool json = check && argc > 2 && strcmp(argv[argc - 1], "--json") == 0;
	int words = json ? argc - 1 : argc;
	if ((run || check) && (words == 2 || (words == 4 && strcmp(argv[2], "-c") == 0))) {
		const char *file = words == 4 ? argv[3] : DEFAULT_FILE;
		return run ? gateway_run(file) : gateway_check(file, json);
	}
	if (run || check)
		fprintf(stderr, "therapy-gateway: %s: found '%s', expected nothing or -c FILE\n\n", argv[1], argv[2]);
	else if (argc >= 2)
		fprintf(stderr, "therapy-gateway: found '%s', expected run or check\n\n", argv[1]);
	fputs(usage, stderr);
	return 2;
}
