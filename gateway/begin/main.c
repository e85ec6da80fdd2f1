/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-setup, which `therapy-gateway setup` becomes: from nothing to a home that is checked, proved and runs, in at
 * most six questions; and what is found later added to a home that is there. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "base/str.h"
#include "begin/begin.h"
#include "begin/say.h"
#include "begin/stop.h"

#define DEFAULT_FILE THERAPY_CONFIG_DIR "/therapy-gateway.cfg"
#define LISTEN_S     10u /* what is kept at a broker comes at once, a Shelly says something each minute */

enum { EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

static const char usage[] =
    "Usage: therapy-gateway setup [-c FILE] [--broker URL] [--listen SECONDS] [--no-start]\n"
    "                             [--page ADDRESS:PORT | --browser ADDRESS:PORT] [--patience SECONDS]\n"
    "Finds the broker and the devices, asks at most six questions, writes FILE, lets each plug prove that it goes off\n"
    "by itself, and starts. FILE is " DEFAULT_FILE " unless given; in one that is there\n"
    "comments and hand edits stay. Answers may come on standard input, one a line.\n"
    "  --page      serve the page for browsers there from now on\n"
    "  --browser   the same, and ask there instead of here; in both cases http, so better on 127.0.0.1\n"
    "  --patience  give up when an answer takes longer than that; at first for ever, in a browser 600 s\n";

static bool read_seconds(const char *name, const char *text, unsigned long *out)
{
	char *end = NULL;
	unsigned long s = strtoul(text, &end, 10);
	if (*end || s < 1 || s > 3600) {
		fprintf(stderr, "therapy-gateway: setup: found %s '%s', expected seconds, 1 to 3600\n", name, text);
		return false;
	}
	*out = s;
	return true;
}

/* What is no text of a configuration; the rest the checker judges. */
static bool read_place(const char *name, const char *text, const char **out)
{
	if (strlen(text) > 60 || strpbrk(text, "\"\\\n ")) {
		fprintf(stderr,
			"therapy-gateway: setup: found %s '%.60s', expected an address and a port, like "
			"127.0.0.1:8723\n",
			name, text);
		return false;
	}
	*out = text;
	return true;
}

/* Without a word behind it. */
static bool read_flag(struct begin *b, const char *word)
{
	if (strcmp(word, "--no-start") == 0)
		b->no_start = true;
	else if (strcmp(word, "--talk") == 0) /* for a page: say.h */
		say_as_json();
	else if (strcmp(word, "--running") == 0)
		b->running = true;
	else if (strcmp(word, "--token-first") == 0)
		b->token_first = true;
	else
		return false;
	return true;
}

/* 1: it was one, 0: it is none, -1: it was told what is wrong. */
static int read_option(struct begin *b, const char *name, const char *text)
{
	unsigned long seconds = 0;
	bool good = true;
	if (strcmp(name, "--gateway") == 0)
		programs_find(&b->programs, text);
	else if (strcmp(name, "--called") == 0)
		b->called = text;
	else if (strcmp(name, "-c") == 0)
		b->file = text;
	else if (strcmp(name, "--broker") == 0)
		b->broker = text;
	else if (strcmp(name, "--page") == 0)
		good = read_place(name, text, &b->page);
	else if (strcmp(name, "--browser") == 0)
		good = read_place(name, text, &b->browser);
	else if (strcmp(name, "--patience") == 0 && (good = read_seconds(name, text, &seconds)))
		b->patience_s = (unsigned)seconds;
	else if (strcmp(name, "--listen") == 0 && (good = read_seconds(name, text, &seconds)))
		b->listen_ms = seconds * 1000;
	else if (good)
		return 0;
	return good ? 1 : -1;
}

static bool read_options(struct begin *b, int argc, char **argv)
{
	b->file = DEFAULT_FILE;
	b->called = "therapy-gateway";
	b->listen_ms = LISTEN_S * 1000u;
	for (int i = 1; i < argc; i++) {
		if (read_flag(b, argv[i]))
			continue;
		int found = i + 1 < argc ? read_option(b, argv[i], argv[i + 1]) : 0;
		if (found == 0)
			fprintf(stderr, "therapy-gateway: setup: found '%s'\n\n%s", argv[i], usage);
		if (found <= 0)
			return false;
		i++;
	}
	return b->programs.gateway[0] != '\0';
}

static void tell_faults(const struct faults *faults)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	if (!to)
		return;
	faults_print(faults, to);
	if (fclose(to) == 0)
		say_text("%s", text);
	free(text);
}

/* The one that is there: it must be without a fault, and have a broker. */
static bool read_old(struct begin *b)
{
	char why[PATH_MAX + 128];
	struct faults faults = {0};
	const struct config_places places = {
	    .plugin_dir = b->places.plugins, .definitions = b->places.definitions, .default_rules = b->places.rules};
	b->old = files_read(&b->files, why, sizeof why);
	bool good = b->old && config_load(b->files.place, &places, &b->config, &faults) == 0;
	if (!b->old)
		say("%s", why);
	else if (!good)
		tell_faults(&faults);
	faults_release(&faults);
	if (good && !b->config->mqtt.enabled) {
		say("%s has no mqtt section, and so no broker to look at: docs/configuration.md", b->files.place);
		good = false;
	}
	b->change.page = good && b->page;
	if (good)
		say("%s is there, with %zu device%s. It is added to; comments and hand edits stay.", b->files.place,
		    b->config->n_devices, b->config->n_devices == 1 ? "" : "s");
	else
		say("Next: put that right by hand (nothing was changed), then %s again.", say_setup());
	return good;
}

static bool is_german(void)
{
	const char *language = getenv("LC_ALL");
	if (!language || !language[0])
		language = getenv("LC_MESSAGES");
	if (!language || !language[0])
		language = getenv("LANG");
	return language && strncmp(language, "de", 2) == 0;
}

static enum step run(struct begin *b)
{
	static enum step (*const steps[])(struct begin *) = {step_broker, step_ports, step_choose, step_write,
							     step_prove};
	enum step step = STEP_ON;
	for (size_t i = 0; i < sizeof steps / sizeof *steps && step == STEP_ON; i++)
		step = steps[i](b);
	if (b->taken && !stop_asked())
		cover_tell(b->proposal.check);
	return step == STEP_ON ? step_start(b) : step;
}

static void tell_end(const struct begin *b)
{
	bool own = strcmp(b->file, DEFAULT_FILE) != 0;
	if (!b->taken && say_is_json())
		say("Stopped: nothing was written or changed. Next: begin it again.");
	else if (!b->taken)
		say("Stopped: nothing was written or changed. Next: `therapy-gateway setup%s%s` begins anew.",
		    own ? " -c " : "", own ? b->file : "");
	else
		say("Stopped. %s is written, complete and checked; what was on is at rest. Next:\n  %s run -c %s\n"
		    "and in another terminal `therapyctl off-test` for each plug that has not passed yet.",
		    b->files.place, b->called, b->file);
}

static enum step all_steps(struct begin *b)
{
	char why[PATH_MAX + 128];
	bool there = false;
	if (say_is_json())
		say("This is an interlock between therapy devices, and their logbook. Not a medical device. At most "
		    "six "
		    "questions; until the last of them nothing is written.");
	else
		say("Therapy Gateway: an interlock between therapy devices, and their logbook. Not a medical device.\n"
		    "At most six questions. Enter takes what stands in brackets; Ctrl-C ends it, and nothing is "
		    "half-written.\n");
	if (!files_find(&b->files, b->file, &there, why, sizeof why)) {
		say("%s\n\nNext: sudo therapy-gateway setup, or another place: therapy-gateway setup -c FILE", why);
		return STEP_STOP;
	}
	return !there || read_old(b) ? run(b) : STEP_STOP;
}

/* The page's token comes before all answers. */
static bool read_token(struct begin *b)
{
	char line[ASK_MAX];
	return ask_silently(line) == ASK_GOOD && str_copy(b->token, sizeof b->token, line) && b->token[0];
}

static const char *end_of(const struct begin *b, enum step step)
{
	if (!b->taken)
		return "stopped";
	return b->running ? "restart" : b->starts ? "start" : step == STEP_STOP ? "stopped" : "done";
}

int main(int argc, char **argv)
{
	static struct begin b;
	if (argc > 1 && strcmp(argv[argc - 1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (!read_options(&b, argc, argv))
		return EXIT_USAGE;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	log_set_level(LOG_ERROR);
	places_find(&b.places);
	b.answers.german = is_german();
	if (b.browser) {
		int status = browser_run(&b);
		places_release(&b.places);
		return status;
	}
	stop_catch();
	ask_patience(b.patience_s);
	if (say_is_json())
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody is told anything any more */
	enum step step = STEP_STOP;
	if (!b.token_first || read_token(&b))
		step = all_steps(&b);
	files_drop(&b.files);
	if (ask_over())
		say("The answers ended before the questions did.");
	if (ask_over() || stop_asked())
		tell_end(&b);
	say_end(end_of(&b, step));
	config_free(b.config);
	proposal_release(&b.proposal);
	places_release(&b.places);
	free(b.old);
	return stop_asked() ? EXIT_INTERRUPTED : step == STEP_STOP;
}
