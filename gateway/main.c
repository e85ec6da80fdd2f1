/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "device_host.h"
#include "gateway.h"
#include "setup.h"

#define DEFAULT_FILE THERAPY_CONFIG_DIR "/therapy-gateway.cfg"

static const char usage[] =
    "Usage: therapy-gateway run   [-c FILE]            check the configuration, then run\n"
    "       therapy-gateway check [-c FILE] [--json]   print every fault as file:line, or what this home covers\n"
    "       therapy-gateway verify [-c FILE] [--invariant TEXT]...\n"
    "                                                 prove or refute what must always hold, as in\n"
    "                                                 \"whenever permitted(kind:heat): all inversion.tilt <= 20 deg\"\n"
    "                                                 (exit: 0 proved, 1 refuted, 3 possible, 2 a fault)\n"
    "       therapy-gateway setup  [-c FILE] [--browser ADDRESS:PORT]   find broker and devices, ask, write FILE,\n"
    "                                                 prove, start; setup --help says more\n"
    "       therapy-gateway --version\n"
    "FILE is " DEFAULT_FILE " unless given.\n"
    "\n"
    "An interlock between therapy devices, and their logbook over MQTT. Not a medical device.\n";

/* verify [-c FILE] [--invariant TEXT]... */
static int verify(int argc, char **argv)
{
	const char *file = DEFAULT_FILE, **texts = calloc((size_t)argc, sizeof(const char *));
	size_t n = 0;
	if (!texts)
		return 2;
	for (int i = 2; i < argc; i += 2) {
		bool invariant = strcmp(argv[i], "--invariant") == 0;
		if ((!invariant && strcmp(argv[i], "-c") != 0) || i + 1 == argc) {
			fprintf(stderr,
				"therapy-gateway: verify: found '%s', expected -c FILE or --invariant TEXT\n\n%s",
				argv[i], usage);
			free(texts);
			return 2;
		}
		if (invariant)
			texts[n++] = argv[i + 1];
		else
			file = argv[i + 1];
	}
	int status = gateway_verify(file, texts, n);
	free(texts);
	return status;
}

/* A program of its own, so that what is used once is in no gateway's memory. Returns only if it is not there. */
static int become_setup(int argc, char **argv)
{
	static char name[] = "therapy-setup", gateway[] = "--gateway", called[] = "--called";
	char own[PATH_MAX];
	size_t size = sizeof own, n = 0;
	const char *program = setup_asker();
	char **words = calloc((size_t)argc + 5, sizeof(char *));
	if (!program || !words || uv_exepath(own, &size) != 0) {
		fprintf(stderr, "therapy-gateway: setup: the program therapy-setup is not beside this one nor in %s\n",
			THERAPY_LIBEXEC_DIR);
		free(words);
		return 2;
	}
	words[n++] = name;
	words[n++] = gateway;
	words[n++] = own;
	words[n++] = called;
	words[n++] = argv[0];
	for (int i = 2; i < argc; i++)
		words[n++] = argv[i];
	execv(program, words);
	fprintf(stderr, "therapy-gateway: setup: %s: %s\n", program, strerror(errno));
	free(words);
	return 2;
}

int main(int argc, char **argv)
{
	/* libuv's threads look up names, which may take long, and write the state file, which must not wait for that:
	 * of two libuv lets slow work have only one. Four would cost memory for nothing. */
	setenv("UV_THREADPOOL_SIZE", "2", 0);
	if (argc >= 2 && strcmp(argv[1], "device-process") == 0)
		return device_host_main(argc, argv);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("therapy-gateway " THERAPY_VERSION);
		return 0;
	}
	if (argc >= 2 && strcmp(argv[1], "setup") == 0)
		return become_setup(argc, argv);
	if (argc >= 2 && strcmp(argv[1], "verify") == 0)
		return verify(argc, argv);
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
		fprintf(stderr, "therapy-gateway: found '%s', expected setup, run, check or verify\n\n", argv[1]);
	fputs(usage, stderr);
	return 2;
}
