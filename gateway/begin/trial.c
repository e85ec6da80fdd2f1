/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "begin/stop.h"
#include "therapyctl/fields.h"
#include "therapyctl/link.h"

#define START_MS   20000u
#define READY_MS   20000u  /* a plug that has just come is asked what it is, and is not ready for some seconds */
#define OUTCOME_MS 300000u /* the longest timer of a device, and some more */
#define AGAIN_MS   500     /* between two tries, unless something changed */

static void wait_ms(long ms)
{
	const struct timespec t = {0, ms * 1000000L};
	nanosleep(&t, NULL);
}

/* The last lines that it logged: why it is not there. */
static void last_words(const struct trial *t, char *why, size_t size)
{
	char path[96], text[4096] = "";
	struct str s;
	snprintf(path, sizeof path, "%s/log", t->folder);
	FILE *log = fopen(path, "re");
	if (log) {
		if (fseek(log, -(long)(sizeof text - 1), SEEK_END) != 0)
			rewind(log);
		text[fread(text, 1, sizeof text - 1, log)] = '\0';
		fclose(log);
	}
	size_t n = strlen(text), lines = 0;
	while (n > 0 && (lines < 3 || text[n - 1] != '\n'))
		lines += text[--n] == '\n';
	n += text[n] == '\n';
	str_init(&s, why, size);
	str_add_cut(&s, text[n] ? text + n : "it said nothing");
}

bool trial_begin(struct trial *t, const struct programs *programs, const char *file, char *why, size_t why_size)
{
	const char *room = getenv("TMPDIR");
	struct link_line link;
	struct str s;
	*t = (struct trial){0};
	str_init(&s, t->folder, sizeof t->folder);
	str_add(&s, "%s/therapy-setup-XXXXXX", room && strlen(room) < 30 ? room : "/tmp");
	if (!mkdtemp(t->folder)) {
		snprintf(why, why_size, "%s: %s", t->folder, strerror(errno));
		return false;
	}
	snprintf(t->socket, sizeof t->socket, "%s/control.sock", t->folder);
	t->process = programs_start(programs, file, t->folder);
	uint64_t end_ms = clock_boot_ms() + START_MS;
	bool there = false, ended = t->process <= 0;
	/* nothing tells that a socket is there */
	while (!there && !ended && !stop_asked() && clock_boot_ms() < end_ms) {
		char ignored[512];
		there = link_open(&link, t->socket, ignored, sizeof ignored) == 0;
		ended = !there && waitpid(t->process, NULL, WNOHANG) == t->process;
		if (!there && !ended)
			wait_ms(50);
	}
	if (there) {
		link_close(&link);
		return true;
	}
	last_words(t, why, why_size);
	if (ended)
		t->process = 0;
	trial_end(t);
	return false;
}

static struct json_object *order(const char *verb, const char *control)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "do", json_object_new_string(verb));
	json_object_object_add(o, "at_ms", json_object_new_uint64(clock_boot_ms()));
	if (control)
		json_object_object_add(o, "control", json_object_new_string(control));
	return o;
}

static bool send_order(struct link_line *link, const char *verb, const char *control)
{
	struct json_object *o = order(verb, control);
	int rc = link_send(link, o);
	json_object_put(o);
	return rc == 0;
}

/* What a line says of the off-test: 1 begun, 0 refused, -1 nothing. */
static int answer_of(struct json_object *o, char *why, size_t size)
{
	if (!field_given(o, "ok") || field_given(o, "devices"))
		return -1;
	const char *reason = field_text(o, "reason");
	snprintf(why, size, "%s", reason[0] ? reason : field_text(o, "error"));
	return field_true(o, "ok");
}

static int outcome_of(struct json_object *o, const char *control, char *why, size_t size)
{
	static const char *const over[] = {"timer_failed", "tripped", "ended", "paused", "not_obeyed", "latched"};
	struct json_object *event = field(o, "event");
	char name[160];
	snprintf(name, sizeof name, "%s.%s", field_text(event, "device"), field_text(event, "control"));
	if (!event || strcmp(name, control) != 0)
		return -1;
	const char *what = field_text(event, "event");
	snprintf(why, size, "%s", field_text(event, "text"));
	if (strcmp(what, "timer_proved") == 0)
		return TRIAL_PROVED;
	for (size_t i = 0; i < sizeof over / sizeof *over; i++)
		if (strcmp(what, over[i]) == 0)
			return TRIAL_FAILED;
	return -1;
}

/* Asks until it is begun, or until the time for that is over. */
static bool begin(struct link_line *link, const char *control, bool *gone, char *why, size_t size)
{
	uint64_t end_ms = clock_boot_ms() + READY_MS;
	while (!*gone && !stop_asked() && clock_boot_ms() < end_ms) {
		int answer = -1;
		if (!send_order(link, "off_test", control))
			break;
		while (answer < 0 && !*gone && !stop_asked() && clock_boot_ms() < end_ms) {
			struct json_object *o = link_read(link, 1000, gone);
			answer = answer_of(o, why, size);
			json_object_put(o);
		}
		if (answer > 0)
			return true;
		if (answer == 0)
			wait_ms(AGAIN_MS);
	}
	return false;
}

enum trial_end trial_off_test(struct trial *t, const char *control, char *why, size_t why_size)
{
	struct link_line link;
	bool gone = false;
	int outcome = -1;
	if (link_open(&link, t->socket, why, why_size) != 0)
		return TRIAL_REFUSED;
	bool begun = send_order(&link, "watch", NULL) && begin(&link, control, &gone, why, why_size);
	uint64_t end_ms = clock_boot_ms() + OUTCOME_MS;
	while (begun && outcome < 0 && !gone && !stop_asked() && clock_boot_ms() < end_ms) {
		struct json_object *o = link_read(&link, 1000, &gone);
		outcome = outcome_of(o, control, why, why_size);
		json_object_put(o);
	}
	link_close(&link);
	if (begun && outcome < 0)
		snprintf(why, why_size, "its outcome did not come");
	return !begun ? TRIAL_REFUSED : outcome == TRIAL_PROVED ? TRIAL_PROVED : TRIAL_FAILED;
}

void trial_end(struct trial *t)
{
	static const char *const files[] = {"log", "control.sock"};
	char path[96];
	if (t->process > 0)
		programs_stop(t->process);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", t->folder, files[i]);
		unlink(path);
	}
	rmdir(t->folder);
	t->process = 0;
}
