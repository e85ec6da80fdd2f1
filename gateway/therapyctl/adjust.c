/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/adjust.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "therapyctl/fields.h"
#include "therapyctl/print.h"
#include "therapyctl/talk.h"

#define LOOK_MS 200    /* between two looks at what the gateway measures */
#define DONE_MS 120000 /* what is energised meanwhile has that long to come to rest */

struct dialogue {
	struct link_line *link;
	const char *verb, *device;
	uint64_t session;
	struct json_object *answer; /* the latest */
};

struct step {
	const char *name, *asks;
};
static const struct step calibrate[] = {
    {"upright", "1 of 3: bring the table upright, as one steps on it, and let it stand still."},
    {"level", "2 of 3: bring it level, as well as you can see."},
    {"head_down", "3 of 3: lower the head a little, 10 to 30 degrees, and hold it still."},
    {NULL, NULL},
};
static const struct step tare[] = {
    {"empty", "Let everything hang as it does without a load, and hold nothing."},
    {NULL, NULL},
};

/* It comes only while we wait, in wait_for: whenever it was pressed, no waiting begins after it. */
static volatile sig_atomic_t interrupted;
static sigset_t while_waiting;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* ---- talking ---- */

/* The answer becomes the latest. False: there is none, or it is a refusal; both were said. */
static bool say(struct dialogue *d, const char *step, int *status)
{
	struct json_object *request = talk_order(d->verb);
	talk_add(request, "device", d->device);
	talk_add(request, "step", step);
	if (d->session)
		json_object_object_add(request, "session", json_object_new_uint64(d->session));
	json_object_put(d->answer);
	d->answer = talk_ask(d->link, request);
	*status = d->answer ? talk_told(d->answer) : NO_GATEWAY;
	return *status == DONE;
}

/* For standard input, or NULL: for time alone. False: it was interrupted. */
static bool wait_for(struct pollfd *input, const struct timespec *at_most)
{
	int ready;
	do
		ready = ppoll(input, input ? 1 : 0, at_most, &while_waiting);
	while (ready < 0 && errno == EINTR && !interrupted);
	return !interrupted;
}

/* Waits for Enter. False: it was interrupted, or nobody is there. */
static bool enter(char *line, int size)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	fflush(stdout);
	bool got = wait_for(&input, NULL) && fgets(line, size, stdin) != NULL;
	if (!got)
		putchar('\n');
	return got;
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)wait_for(NULL, &time);
}

static int give_up(struct dialogue *d)
{
	int status;
	if (d->session)
		(void)say(d, "cancel", &status);
	printf("Nothing was changed.\n");
	return REFUSED;
}

/* ---- the steps ---- */

static void show_measured(const struct dialogue *d, const char *step)
{
	struct json_object *axes = field(field(d->answer, "measured"), step);
	const char *separator = "  the sensor says ";
	if (!axes)
		return;
	struct json_object_iterator at = json_object_iter_begin(axes), end = json_object_iter_end(axes);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		printf("%s", separator);
		if (strcmp(name, "angle") != 0)
			printf("%s ", name);
		printf("%.1f deg", json_object_get_double(json_object_iter_peek_value(&at)));
		separator = ", ";
	}
	putchar('\n');
}

/* Asks until the position counts. -1: it does; else an exit status. */
static int take_step(struct dialogue *d, const struct step *step)
{
	char line[64];
	int status = DONE;
	for (;;) {
		printf("\n%s\nPress Enter when it is so: ", step->asks);
		if (!enter(line, sizeof line))
			return give_up(d);
		if (!say(d, step->name, &status))
			return status;
		printf("  measuring, for some seconds ...\n");
		fflush(stdout);
		while (strcmp(field_text(d->answer, "state"), "measures") == 0) {
			pause_ms(LOOK_MS);
			if (interrupted)
				return give_up(d);
			if (!say(d, "look", &status))
				return status;
		}
		if (!field_text(d->answer, "refused")[0])
			break;
		printf("  ");
		print_text(BAD, "Not taken: ");
		print_wrap(PLAIN, field_text(d->answer, "refused"), 13, 2);
	}
	show_measured(d, step->name);
	return -1;
}

/* ---- what was found ---- */

static void show_found(const struct dialogue *d)
{
	struct json_object *found = field(d->answer, "found");
	putchar('\n');
	if (strcmp(d->verb, "tare") == 0) {
		printf("Without a load the sensor says %.2f N: that becomes 0.\n", field_number(found, "zero_n"));
	} else {
		bool reversed = strcmp(field_text(found, "sign"), "reversed") == 0;
		printf("The sensor counts %s as the head goes down, and says %.2f deg when the table is level.\n",
		       reversed ? "down" : "up", field_number(found, "zero_deg"));
		if (field_given(found, "axis"))
			printf("The table turns about the sensor's %s axis.\n", field_text(found, "axis"));
		if (strcmp(field_text(found, "axis"), "pitch") == 0)
			print_text(
			    WARN,
			    "That axis ends at 90 deg: a table that locks beyond that needs the sensor turned, so "
			    "that roll is its axis.\n");
	}
	printf("As options of %s in the configuration that is\n  ", d->device);
	print_text(BOLD, field_text(d->answer, "line"));
	putchar('\n');
}

/* The configuration wins: what is to be changed there. */
static bool show_against(const struct dialogue *d)
{
	struct json_object *against = field_list(d->answer, "against");
	size_t n = json_object_array_length(against);
	for (size_t i = 0; i < n; i++)
		printf("  %s gives another %s: change it there\n",
		       field_text(json_object_array_get_idx(against, i), "where"),
		       field_text(json_object_array_get_idx(against, i), "option"));
	return n > 0;
}

/* Until it is written and in use. */
static int wait_done(struct dialogue *d)
{
	int status = DONE;
	bool told = false;
	uint64_t end_ms = clock_boot_ms() + DONE_MS;
	do {
		if (!say(d, "look", &status))
			return status;
		const char *change = field_text(d->answer, "change");
		if (strcmp(change, "done") == 0)
			return DONE;
		if (strcmp(change, "failed") == 0) {
			fprintf(stderr, "therapyctl: %s\n", field_text(d->answer, "failed"));
			return REFUSED;
		}
		if (strcmp(change, "waits_for_rest") == 0 && !told) {
			printf("It is remembered, and is used as soon as everything is at rest.\n");
			told = true;
		}
		pause_ms(LOOK_MS);
	} while (!interrupted && clock_boot_ms() < end_ms);
	printf("It is remembered, and not in use yet: `therapyctl devices` shows when it is.\n");
	return DONE;
}

static int store(struct dialogue *d)
{
	char line[64];
	int status;
	printf("\nRemember it in the gateway, and use it from now on? [y/N] ");
	if (!enter(line, sizeof line) || (line[0] != 'y' && line[0] != 'Y'))
		return give_up(d);
	if (!say(d, "store", &status))
		return status;
	d->session = 0;
	status = wait_done(d);
	if (status == DONE)
		printf("Done. Its process starts anew; until it is heard again nothing is known of %s.\n", d->device);
	return status;
}

static int talk_it_through(struct dialogue *d)
{
	bool tares = strcmp(d->verb, "tare") == 0;
	int status = DONE;
	printf(tares ? "Nothing hangs on it, and nobody is in it. Ctrl-C leaves everything as it was.\n"
		     : "The table is empty: nobody is on it until this is over. Ctrl-C leaves everything as it was.\n");
	if (!say(d, "begin", &status))
		return status;
	d->session = field_count(d->answer, "session");
	for (const struct step *step = tares ? tare : calibrate; step->name; step++) {
		int over = take_step(d, step);
		if (over >= 0)
			return over;
	}
	show_found(d);
	if (show_against(d)) {
		(void)give_up(d);
		return REFUSED;
	}
	return store(d);
}

static void catch_interrupt(void)
{
	const struct sigaction action = {.sa_handler = on_interrupt};
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, SIGINT);
	sigprocmask(SIG_BLOCK, &only, &while_waiting);
	sigdelset(&while_waiting, SIGINT);
	sigaction(SIGINT, &action, NULL);
	setvbuf(stdin, NULL, _IONBF, 0); /* what is there to read, poll knows of */
}

int adjust_run(struct link_line *link, const char *verb, const char *device)
{
	struct dialogue d = {.link = link, .verb = verb, .device = device};
	catch_interrupt();
	int status = talk_it_through(&d);
	json_object_put(d.answer);
	return status;
}

int adjust_forget(struct link_line *link, const char *verb, const char *device, bool json)
{
	struct dialogue d = {.link = link, .verb = verb, .device = device};
	int status = DONE;
	catch_interrupt();
	if (say(&d, "forget", &status))
		status = wait_done(&d);
	if (json && d.answer)
		talk_print(d.answer);
	else if (status == DONE)
		printf("Forgotten. %s is as the configuration says, and starts anew.\n", device);
	json_object_put(d.answer);
	return status;
}
