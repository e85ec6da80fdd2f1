/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-setup, which `therapy-gateway setup` becomes: from nothing to a home that is checked, proved and runs, in at
 * most six questions; and what is found later added to a home that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "begin/begin.h"
#include "begin/stop.h"

#define DEFAULT_FILE THERAPY_CONFIG_DIR "/therapy-gateway.cfg"
#define LISTEN_S     10u /* what is kept at a broker comes at once, a Shelly says something each minute */

enum { EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

static const char usage[] =
    "Usage: therapy-gateway setup [-c FILE] [--broker URL] [--listen SECONDS] [--page ADDRESS:PORT]\n"
    "                             [--no-start]\n"
    "Finds the broker and the devices, asks at most six questions, writes FILE, lets each plug "
    "prove that it goes off by\n"
    "itself, and starts. FILE is " DEFAULT_FILE " unless given; in one that is there\n"
    "comments and hand edits stay. Answers may come on standard input, one a line.\n";

static bool read_options(struct begin *b, int argc, char **argv)
{
	b->file = DEFAULT_FILE;
	b->called = "therapy-gateway";
	b->listen_ms = LISTEN_S * 1000u;
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;
		char *end = NULL;
		if (strcmp(argv[i], "--no-start") == 0) {
			b->no_start = true;
		} else if (more && strcmp(argv[i], "--gateway") == 0) {
			programs_find(&b->programs, argv[++i]);
		} else if (more && strcmp(argv[i], "--called") == 0) {
			b->called = argv[++i];
		} else if (more && strcmp(argv[i], "-c") == 0) {
			b->file = argv[++i];
		} else if (more && strcmp(argv[i], "--broker") == 0) {
			b->broker = argv[++i];
		} else if (more && strcmp(argv[i], "--page") == 0) {
			b->page = argv[++i];
			if (strlen(b->page) > 60 || strpbrk(b->page, "\"\\\n ")) {
				fprintf(stderr,
					"therapy-gateway: setup: found --page '%.60s', expected an address and a port, "
					"like 127.0.0.1:8723\n",
					b->page);
				return false;
			}
		} else if (more && strcmp(argv[i], "--listen") == 0) {
			unsigned long s = strtoul(argv[++i], &end, 10);
			if (*end || s < 1 || s > 3600) {
				fprintf(stderr,
					"therapy-gateway: setup: found --listen '%s', expected seconds, 1 to 3600\n",
					argv[i]);
				return false;
			}
			b->listen_ms = s * 1000;
		} else {
			fprintf(stderr, "therapy-gateway: setup: found '%s'\n\n%s", argv[i], usage);
			return false;
		}
	}
	return b->programs.gateway[0] != '\0';
}

/* The one that is there: it must be without a fault, and have a broker. */
static bool read_old(struct begin *b)
{
	char why[PATH_MAX + 128];
	struct faults faults = {0};
	const struct config_places places = {b->places.plugins, b->places.definitions, b->places.rules};
	b->old = files_read(&b->files, why, sizeof why);
	bool good = b->old && config_load(b->files.place, &places, &b->config, &faults) == 0;
	if (!b->old)
		printf("%s\n", why);
	else if (!good)
		faults_print(&faults, stdout);
	faults_release(&faults);
	if (good && !b->config->mqtt.enabled) {
		printf("%s has no mqtt section, and so no broker to look at: docs/configuration.md\n", b->files.place);
		good = false;
	}
	b->change.page = good && b->page;
	if (good)
		printf("%s is there, with %zu device%s. It is added to; comments and hand edits stay.\n",
		       b->files.place, b->config->n_devices, b->config->n_devices == 1 ? "" : "s");
	else
		puts("Next: put that right by hand (nothing was changed), then `therapy-gateway setup` again.");
	return good;
}

static enum step run(struct begin *b)
{
	static enum step (*const steps[])(struct begin *) = {step_broker, step_ports, step_choose, step_write,
							     step_prove};
	const char *language = getenv("LC_ALL");
	enum step step = STEP_ON;
	if (!language || !language[0])
		language = getenv("LC_MESSAGES");
	if (!language || !language[0])
		language = getenv("LANG");
	b->answers.german = language && strncmp(language, "de", 2) == 0;
	for (size_t i = 0; i < sizeof steps / sizeof *steps && step == STEP_ON; i++)
		step = steps[i](b);
	if (b->taken && !stop_asked())
		cover_tell(b->proposal.check);
	return step == STEP_ON ? step_start(b) : step;
}

static void say_end(const struct begin *b)
{
	bool own = strcmp(b->file, DEFAULT_FILE) != 0;
	if (!b->taken) {
		printf("Stopped: nothing was written or changed. Next: `therapy-gateway setup%s%s` begins anew.\n",
		       own ? " -c " : "", own ? b->file : "");
		return;
	}
	printf("Stopped. %s is written, complete and checked; what was on is at rest. Next:\n", b->files.place);
	printf("  %s run -c %s\n", b->called, b->file);
	puts("and in another terminal `therapyctl off-test` for each plug that has not passed yet.");
}

int main(int argc, char **argv)
{
	static struct begin b;
	char why[PATH_MAX + 128];
	bool there = false;
	if (argc > 1 && strcmp(argv[argc - 1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (!read_options(&b, argc, argv))
		return EXIT_USAGE;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	log_set_level(LOG_ERROR);
	stop_catch();
	places_find(&b.places);
	puts("Therapy Gateway: an interlock between therapy devices, and their logbook. Not a medical device.\n"
	     "At most six questions. Enter takes what stands in brackets; Ctrl-C ends it, and nothing is "
	     "half-written.\n");
	enum step step = STEP_STOP;
	if (!files_find(&b.files, b.file, &there, why, sizeof why))
		printf("%s\nNext: sudo therapy-gateway setup, or another place: therapy-gateway setup -c FILE\n", why);
	else if (!there || read_old(&b))
		step = run(&b);
	files_drop(&b.files);
	if (ask_over())
		puts("The answers ended before the questions did.");
	if (ask_over() || stop_asked())
		say_end(&b);
	config_free(b.config);
	proposal_release(&b.proposal);
	places_release(&b.places);
	free(b.old);
	return stop_asked() ? EXIT_INTERRUPTED : step == STEP_STOP;
}
