/* SPDX-License-Identifier: Apache-2.0
 *
 * therapyctl - asks a running gateway, over its control socket. It knows nothing by itself and decides nothing. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "therapyctl/adding.h"
#include "therapyctl/adjust.h"
#include "therapyctl/fields.h"
#include "therapyctl/helper.h"
#include "therapyctl/link.h"
#include "therapyctl/people.h"
#include "therapyctl/plan.h"
#include "therapyctl/print.h"
#include "therapyctl/record.h"
#include "therapyctl/release.h"
#include "therapyctl/report.h"
#include "therapyctl/sessions.h"
#include "therapyctl/show.h"
#include "therapyctl/talk.h"

#define OFF_TEST_MS 300000 /* the longest timer of a device, and some more */

static const char usage[] = "Usage: therapyctl [--socket PATH] [--json] COMMAND\n"
			    "  status                   how everything is\n"
			    "  devices                  every reading, and how old it is\n"
			    "  watch                    what changes, and every event, as it happens\n"
			    "  explain DEVICE.CONTROL   why it is permitted or refused, rule by rule\n"
			    "  alarms                   what needs a person\n"
			    "  silence                  the alarms of now are silent for 2 min; a new one sounds\n"
			    "  events [N]               the last N events (20)\n"
			    "  stop                     EVERYTHING to rest at once, until a reset\n"
			    "  reset [DEVICE.CONTROL|RULE]   clear what is latched and healthy; starts nothing\n"
			    "  command DEVICE.CONTROL on|off|VALUE|WORD   ask for it; the rules decide\n"
			    "  park DEVICE, unpark DEVICE   it is put away, it is back\n"
			    "  present                  somebody is there and well, where that is asked for\n"
			    "  off-test DEVICE.CONTROL  prove that it goes off by its own timer\n"
			    "  person list|show|add|set|choose|nobody|erase|export   who uses the devices; see man\n"
			    "  plan [show]|list|start ID|stop|agree|decline|back|set   what is to be done today\n"
			    "  pain before|after 0..10  how much a session hurts: 0 none, 10 the worst\n"
			    "  note TEXT                of the session that runs or was the last one\n"
			    "  log WHAT [--minutes N]   done without a device: stretching, a visit\n"
			    "  sessions [--since 7d] [--csv]  what was done, by day; man therapyctl has more options\n"
			    "  report --month [2026-11] -o FILE   a month as a page to show\n"
			    "  record DEVICE [--for 60s]  what it says and is told, as text (> FILE)\n"
			    "  probe LINK               what is at a serial port or TCP address; needs no gateway\n"
			    "  discover [-c FILE]       devices at the broker of a configuration; likewise\n"
			    "  calibrate DEVICE [--forget]  find out how an inversion table's sensor is mounted\n"
			    "  tare DEVICE [--forget]   what a force sensor says without a load becomes 0\n"
			    "  device release DEVICE    let it go: to rest, its settings as they were\n"
			    "  device take DEVICE       it is the gateway's again\n"
			    "  reload                   read the rules anew; everything comes to rest\n"
			    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no gateway.\n";

struct options {
	const char *socket;
	bool json;
};

/* ---- commands ---- */

struct command;
typedef int (*run_command)(struct link_line *link, const struct options *options, const struct command *command,
			   char **words);

struct command {
	const char *name, *verb;
	int least, most;    /* words after it */
	const char *target; /* member that the first word becomes, or NULL */
	const char *expected;
	run_command run;
	void (*show)(struct json_object *answer);
	/* Instead of all that: it judges its words itself, before a gateway is looked for. */
	int (*own)(struct link_line *link, bool json, char **words);
};

static int run_simple(struct link_line *link, const struct options *options, const struct command *command,
		      char **words)
{
	struct json_object *request = talk_order(command->verb);
	if (words[0] && command->target)
		talk_add(request, command->target, words[0]);
	if (words[0] && words[1])
		talk_add(request, "value", words[1]);
	struct json_object *answer = talk_ask(link, request);
	if (!answer)
		return NO_GATEWAY;
	int status = field_true(answer, "ok") ? DONE : REFUSED;
	if (options->json)
		talk_print(answer);
	else if (talk_told(answer) == DONE)
		command->show(answer);
	json_object_put(answer);
	return status;
}

static int run_events(struct link_line *link, const struct options *options, const struct command *command,
		      char **words)
{
	char *end = NULL;
	long most = words[0] ? strtol(words[0], &end, 10) : 20;
	if (most < 1 || most > 1000 || (end && *end)) {
		fprintf(stderr, "therapyctl: events: found '%s', expected a number from 1 to 1000\n", words[0]);
		return USAGE;
	}
	struct json_object *request = talk_order("events");
	json_object_object_add(request, "most", json_object_new_int64(most));
	struct json_object *answer = talk_ask(link, request);
	(void)command;
	if (!answer)
		return NO_GATEWAY;
	int status = DONE;
	struct json_object *events = field_list(answer, "events");
	if (options->json)
		talk_print(answer);
	else
		status = talk_told(answer);
	for (size_t i = 0; !options->json && i < json_object_array_length(events); i++)
		show_event(json_object_array_get_idx(events, i));
	json_object_put(answer);
	return status;
}

/* Keeps each device as it was shown last. */
static void remember(struct json_object *seen, struct json_object *device)
{
	json_object_object_add(seen, field_text(device, "device"), json_object_get(device));
}

static int run_watch(struct link_line *link, const struct options *options, const struct command *command, char **words)
{
	bool gone = false;
	struct json_object *answer = talk_ask(link, talk_order(command->verb)), *o;
	struct json_object *seen = json_object_new_object();
	(void)words;
	if (!answer) {
		json_object_put(seen);
		return NO_GATEWAY;
	}
	struct json_object *devices = field_list(answer, "devices");
	if (options->json)
		talk_print(answer);
	else
		for (size_t i = 0; i < json_object_array_length(devices); i++) {
			show_changes(NULL, json_object_array_get_idx(devices, i));
			remember(seen, json_object_array_get_idx(devices, i));
		}
	fflush(stdout);
	json_object_put(answer);
	while ((o = link_read(link, -1, &gone))) {
		struct json_object *device = field(o, "device"), *event = field(o, "event");
		if (options->json) {
			talk_print(o);
		} else if (event) {
			show_event(event);
		} else if (device) {
			show_changes(field(seen, field_text(device, "device")), device);
			remember(seen, device);
		}
		fflush(stdout);
		json_object_put(o);
	}
	json_object_put(seen);
	fprintf(stderr, "therapyctl: the gateway has gone\n");
	return NO_GATEWAY;
}

/* Did this event end the off-test of that control? DONE, REFUSED, or -1: not yet. */
static int outcome_of(struct json_object *event, const char *control)
{
	char name[160];
	const char *what = field_text(event, "event");
	snprintf(name, sizeof name, "%s.%s", field_text(event, "device"), field_text(event, "control"));
	if (!event || strcmp(name, control) != 0)
		return -1;
	if (strcmp(what, "timer_proved") == 0)
		return DONE;
	static const char *const over[] = {"timer_failed", "tripped", "ended", "paused", "not_obeyed", "latched"};
	for (size_t i = 0; i < sizeof over / sizeof *over; i++)
		if (strcmp(what, over[i]) == 0)
			return REFUSED;
	return -1;
}

static int wait_outcome(struct link_line *link, const struct options *options, const char *control)
{
	uint64_t end_ms = clock_boot_ms() + OFF_TEST_MS;
	for (bool gone = false; !gone && clock_boot_ms() < end_ms;) {
		struct json_object *o = link_read(link, 1000, &gone);
		int status = o ? outcome_of(field(o, "event"), control) : -1;
		if (status >= 0 && options->json)
			talk_print(o);
		else if (status >= 0)
			puts(field_text(field(o, "event"), "text"));
		json_object_put(o);
		if (status >= 0)
			return status;
	}
	fprintf(stderr, "therapyctl: the outcome of the off-test did not come: look at `therapyctl events`\n");
	return NO_GATEWAY;
}

static int run_off_test(struct link_line *link, const struct options *options, const struct command *command,
			char **words)
{
	struct json_object *answer = talk_ask(link, talk_order("watch")); /* first, so that nothing is missed */
	if (!answer)
		return NO_GATEWAY;
	json_object_put(answer);
	struct json_object *request = talk_order(command->verb);
	talk_add(request, "control", words[0]);
	answer = talk_ask(link, request);
	if (!answer)
		return NO_GATEWAY;
	int status = field_true(answer, "ok") ? DONE : REFUSED;
	if (options->json)
		talk_print(answer);
	else if (talk_told(answer) == DONE)
		printf("%s\nIt goes on now, and must go off by itself; this may take as long as its timer.\n",
		       field_text(answer, "reason"));
	fflush(stdout);
	json_object_put(answer);
	return status == DONE ? wait_outcome(link, options, words[0]) : status;
}

static int run_record(struct link_line *link, const struct options *options, const struct command *command,
		      char **words)
{
	uint64_t for_ms = 0;
	(void)options;
	if (words[1] && (strcmp(words[1], "--for") != 0 || !words[2] || !record_duration(words[2], &for_ms))) {
		fprintf(stderr, "therapyctl: record: found '%s %s', expected --for and how long, like 60s or 5min\n",
			words[1], words[2] ? words[2] : "");
		return USAGE;
	}
	struct json_object *request = talk_order(command->verb);
	talk_add(request, command->target, words[0]);
	record_catch();
	struct json_object *answer = talk_ask(link, request);
	if (!answer)
		return NO_GATEWAY;
	int status = talk_told(answer);
	json_object_put(answer);
	return status == DONE && !record_lines(link, for_ms) ? REFUSED : status;
}

static int run_adjust(struct link_line *link, const struct options *options, const struct command *command,
		      char **words)
{
	bool forget = words[1] != NULL;
	if (forget && strcmp(words[1], "--forget") != 0) {
		fprintf(stderr, "therapyctl: %s: found '%s', expected nothing more, or --forget\n", command->name,
			words[1]);
		return USAGE;
	}
	return forget ? adjust_forget(link, command->verb, words[0], options->json)
		      : adjust_run(link, command->verb, words[0]);
}

static int run_device(struct link_line *link, const struct options *options, const struct command *command,
		      char **words)
{
	bool release = strcmp(words[0], "release") == 0;
	if (!release && strcmp(words[0], "take") != 0) {
		fprintf(stderr, "therapyctl: device: found '%s', expected %s\n", words[0], command->expected);
		return USAGE;
	}
	struct json_object *answer = talk_ask(link, talk_order("watch")); /* first, so that nothing is missed */
	if (!answer)
		return NO_GATEWAY;
	json_object_put(answer);
	struct json_object *request = talk_order(words[0]);
	talk_add(request, "device", words[1]);
	answer = talk_ask(link, request);
	if (!answer)
		return NO_GATEWAY;
	int status = field_true(answer, "ok") ? DONE : REFUSED;
	if (options->json)
		talk_print(answer);
	else if (talk_told(answer) == DONE)
		puts(field_text(answer, "reason"));
	fflush(stdout);
	json_object_put(answer);
	return status == DONE && release ? release_wait(link, options->json, words[1]) : status;
}

static void show_status_answer(struct json_object *answer)
{
	show_status(field(answer, "status"));
}

static void show_devices_answer(struct json_object *answer)
{
	show_devices(field_list(answer, "devices"));
}

static void show_explanation_answer(struct json_object *answer)
{
	show_explanation(field(answer, "explanation"));
}

static void show_alarms_answer(struct json_object *answer)
{
	show_alarms(field_list(answer, "alarms"), field_list(answer, "latches"));
}

static void show_reason(struct json_object *answer)
{
	puts(field_text(answer, "reason"));
}

static void show_reload(struct json_object *answer)
{
	(void)answer;
	puts("read anew; everything was brought to rest");
}

static const struct command commands[] = {
    {"status", "status", 0, 0, NULL, "nothing more", run_simple, show_status_answer, NULL},
    {"devices", "devices", 0, 0, NULL, "nothing more", run_simple, show_devices_answer, NULL},
    {"watch", "watch", 0, 0, NULL, "nothing more", run_watch, NULL, NULL},
    {"explain", "explain", 1, 1, "control", "a control like pad.heat", run_simple, show_explanation_answer, NULL},
    {"alarms", "alarms", 0, 0, NULL, "nothing more", run_simple, show_alarms_answer, NULL},
    {"events", "events", 0, 1, NULL, "at most a number", run_events, NULL, NULL},
    {"stop", "stop", 0, 0, NULL, "nothing more", run_simple, show_reason, NULL},
    {"reset", "reset", 0, 1, "control", "at most a control like pad.heat, or a rule", run_simple, show_reason, NULL},
    {"command", "set", 2, 2, "control", "a control like pad.heat, and on, off or a value", run_simple, show_reason,
     NULL},
    {"park", "park", 1, 1, "device", "a device like table", run_simple, show_reason, NULL},
    {"unpark", "unpark", 1, 1, "device", "a device like table", run_simple, show_reason, NULL},
    {"silence", "silence", 0, 0, NULL, "nothing more", run_simple, show_reason, NULL},
    {"present", "present", 0, 0, NULL, "nothing more", run_simple, show_reason, NULL},
    {"off-test", "off_test", 1, 1, "control", "a control like pad.heat", run_off_test, NULL, NULL},
    {.name = "person", .own = people_run},
    {.name = "plan", .own = plan_run},
    {.name = "pain", .own = adding_pain},
    {.name = "note", .own = adding_note},
    {.name = "log", .own = adding_log},
    {.name = "sessions", .own = sessions_run},
    {.name = "report", .own = report_run},
    {"record", "record", 1, 3, "device", "a device like table, and at most --for and how long", run_record, NULL, NULL},
    {"calibrate", "calibrate", 1, 2, NULL, "a device like table", run_adjust, NULL, NULL},
    {"tare", "tare", 1, 2, NULL, "a device like belt", run_adjust, NULL, NULL},
    {"device", "device", 2, 2, NULL, "release or take, and a device like pad", run_device, NULL, NULL},
    {"reload", "reload", 0, 0, NULL, "nothing more", run_simple, show_reload, NULL},
};

/* ---- the start ---- */

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void look_at_terminal(void)
{
	struct winsize size = {0};
	bool terminal = isatty(STDOUT_FILENO);
	if (terminal)
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	const char *no = getenv("NO_COLOR");
	print_init(terminal && !(no && no[0]), size.ws_col ? size.ws_col : 80);
}

/* Options first: "command belt.tension -5" is a value. DONE with `help`: nothing is left to do. */
static int read_options(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {{"socket", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'v'},
					      {NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "+s:jhv", known, NULL)) != -1;) {
		switch (c) {
		case 's':
			out->socket = optarg;
			break;
		case 'j':
			out->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return DONE;
		case 'v':
			puts("therapyctl " THERAPY_VERSION);
			return DONE;
		default:
			fputs(usage, stderr);
			return USAGE;
		}
	}
	return -1;
}

/* Of the gateway that runs; "": there is none, and whoever needs it says so. */
static void find_configuration(const struct options *options, char *out, size_t size)
{
	struct link_line link;
	char why[512];
	if (link_open(&link, options->socket, why, sizeof why) != 0)
		return;
	struct json_object *answer = talk_ask(&link, talk_order("status"));
	snprintf(out, size, "%s", field_text(field(answer, "status"), "configuration"));
	json_object_put(answer);
	link_close(&link);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	int early = read_options(argc, argv, &options);
	if (early >= 0)
		return early;
	struct link_line link = {.fd = -1, .path = options.socket};
	char **words = argv + optind;
	int n = argc - optind;
	if (n > 0 && helper_has(words[0])) {
		char file[4096] = "";
		if (helper_needs_file(words))
			find_configuration(&options, file, sizeof file);
		helper_become(words, file);
		return USAGE;
	}
	/* --json is wanted behind the command as often as before it */
	if (n > 1 && strcmp(words[n - 1], "--json") == 0) {
		options.json = true;
		words[--n] = NULL;
	}
	const struct command *command = n > 0 ? find(words[0]) : NULL;
	if (!command) {
		if (n > 0)
			fprintf(stderr, "therapyctl: found '%s', expected one of the commands below\n\n", words[0]);
		fputs(usage, stderr);
		return USAGE;
	}
	look_at_terminal();
	if (command->own) {
		int status = command->own(&link, options.json, words + 1);
		link_close(&link);
		return status;
	}
	if (n - 1 < command->least || n - 1 > command->most) {
		fprintf(stderr, "therapyctl: %s: found %d word%s after it, expected %s\n", command->name, n - 1,
			n == 2 ? "" : "s", command->expected);
		return USAGE;
	}
	if (!talk_open(&link))
		return NO_GATEWAY;
	int status = command->run(&link, &options, command, words + 1);
	link_close(&link);
	return status;
}
