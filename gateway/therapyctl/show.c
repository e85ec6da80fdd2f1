/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "therapyctl/fields.h"
#include "therapyctl/print.h"

/* ---- status ---- */

static void show_control(struct json_object *o)
{
	char name[160], word[64];
	struct str s;
	str_init(&s, name, sizeof name);
	str_add(&s, "%s.%s", field_text(o, "device"), field_text(o, "control"));
	print_control_word(o, word, sizeof word);
	printf("  %s", name);
	print_pad(name, 18);
	printf(" ");
	print_text(print_control_colour(o), word);
	putchar('\n');
	if (!field_true(o, "permitted")) {
		printf("    ");
		print_wrap(DIM, field_text(o, "why"), 4, 4);
	}
}

static void show_alarm(struct json_object *a)
{
	char since[40], line[512];
	struct str s;
	bool raised = strcmp(field_text(a, "state"), "raised") == 0;
	print_age(a, "since_ms", since, sizeof since);
	str_init(&s, line, sizeof line);
	str_add(&s, "%s%s for %s: %s", raised ? field_text(a, "priority") : "",
		raised                                         ? " alarm"
		: strcmp(field_text(a, "state"), "grace") == 0 ? "about to alarm"
							       : "not known",
		since, field_text(a, "why"));
	printf("  ");
	print_text(raised ? BAD : WARN, raised ? "! " : "? ");
	print_wrap(PLAIN, line, 4, 4);
}

/* What the broker keeps for the device: it obeys that at each of its connects. */
static void show_kept(struct json_object *d)
{
	struct json_object *kept = field_list(d, "kept_commands");
	for (size_t i = 0; i < json_object_array_length(kept); i++) {
		struct json_object *k = json_object_array_get_idx(kept, i);
		char line[512];
		struct str s;
		str_init(&s, line, sizeof line);
		str_add(&s, "%s: the broker keeps '%s' for %s, which it obeys whenever it connects",
			field_text(d, "device"), field_text(k, "payload"), field_text(k, "topic"));
		printf("  ");
		print_text(WARN, "! ");
		print_wrap(PLAIN, line, 4, 4);
	}
}

/* What a calibration or a tare found for it. */
static void show_adjusted(struct json_object *d)
{
	struct json_object *r = field(d, "remembered"), *options = field(r, "options");
	bool tares = strcmp(field_text(d, "adjusts"), "tare") == 0;
	char line[512], when[16] = "";
	struct str s;
	time_t seconds = (time_t)(json_object_get_int64(field(r, "wall_unix_ms")) / 1000);
	struct tm local;
	str_init(&s, line, sizeof line);
	if (!r && field_given(d, "calibrated") && !field_true(d, "calibrated"))
		str_add(&s, "not calibrated: tilt is the absolute angle; therapyctl calibrate %s",
			field_text(d, "device"));
	if (!options && s.len == 0)
		return;
	if (options) {
		str_add(&s, "%s", tares ? "tared" : "calibrated");
		if (seconds > 0 && localtime_r(&seconds, &local))
			strftime(when, sizeof when, " %Y-%m-%d", &local);
		str_add(&s, "%s:", when);
		struct json_object_iterator at = json_object_iter_begin(options), end = json_object_iter_end(options);
		for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
			str_add(
			    &s, " %s = %s;", json_object_iter_peek_name(&at),
			    json_object_to_json_string_ext(json_object_iter_peek_value(&at), JSON_C_TO_STRING_PLAIN));
		if (!field_true(r, "used"))
			str_add(&s,
				field_given(r, "against") ? " NOT USED: the configuration gives another %s"
							  : " NOT USED: this plugin does not know it%s",
				field_text(r, "against"));
	}
	printf("    ");
	print_wrap(options && field_true(r, "used") ? DIM : WARN, line, 4, 4);
}

static bool any_kept(struct json_object *devices)
{
	for (size_t d = 0; d < json_object_array_length(devices); d++)
		if (json_object_array_length(field_list(json_object_array_get_idx(devices, d), "kept_commands")) > 0)
			return true;
	return false;
}

/* In words; returns in which colour. */
static enum colour device_state(struct json_object *d, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	if (field_true(d, "released")) {
		str_add(&s, "let go");
		return BAD;
	}
	if (field_true(d, "parked")) {
		str_add(&s, "parked for another ");
		print_duration(&s, field_count(d, "parked_left_ms"));
		return DIM;
	}
	bool present = field_true(d, "present"), silent = !field_true(d, "heard");
	str_add(&s, "%s", !present ? "not there" : silent ? "not heard yet" : "here");
	return !present ? BAD : silent ? WARN : GOOD;
}

static void show_device_line(struct json_object *d)
{
	char state[64];
	const char *id = field_text(d, "device"), *name = field_text(d, "name");
	enum colour colour = device_state(d, state, sizeof state);
	printf("  %s", id);
	print_pad(id, 18);
	printf(" ");
	print_text(colour, state);
	if (name[0])
		printf("%*s%s", (int)(16 > print_columns_of(state) ? 16 - print_columns_of(state) : 1), "", name);
	putchar('\n');
}

void show_status(struct json_object *status)
{
	char uptime[40];
	struct json_object *devices = field_list(status, "devices"), *latches = field_list(status, "latches"),
			   *alarms = field_list(status, "alarms");
	print_age(status, "uptime_ms", uptime, sizeof uptime);
	print_text(BOLD, field_text(status, "gateway"));
	printf("  therapy-gateway %s, up %s, %u rules\n", field_text(status, "version"), uptime,
	       (unsigned)field_count(status, "rules"));
	if (!field_text(status, "broker")[0])
		printf("  no broker configured\n");
	else
		printf("  %s %s\n", field_text(status, "broker"),
		       field_true(status, "connected") ? "connected" : "NOT connected; it goes on guarding");
	if (field_text(status, "history")[0])
		printf("  history: %s\n", field_text(status, "history"));
	if (field_text(status, "stands_back_for")[0]) {
		printf("  ");
		print_text(BAD, "! ");
		printf("another gateway with this id runs on '%s': this one stands back, and leaves the devices behind "
		       "the broker to it; give one of the two another gateway.id\n",
		       field_text(status, "stands_back_for"));
	}
	if (field_count(status, "events_waiting") > 0 && field_text(status, "broker")[0])
		printf("  %u events wait to be delivered\n", (unsigned)field_count(status, "events_waiting"));
	bool damaged = field_true(status, "adjusted_damaged");
	if (json_object_array_length(latches) + json_object_array_length(alarms) > 0 || any_kept(devices) || damaged)
		print_heading("Needs a person");
	if (damaged) {
		printf("  ");
		print_text(WARN, "! ");
		print_wrap(PLAIN,
			   "the file of what calibrations and tares found is damaged: none is in use; do them again", 4,
			   4);
	}
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		print_latch(json_object_array_get_idx(latches, i));
	print_reset_hint(latches);
	for (size_t i = 0; i < json_object_array_length(alarms); i++)
		show_alarm(json_object_array_get_idx(alarms, i));
	for (size_t d = 0; d < json_object_array_length(devices); d++)
		show_kept(json_object_array_get_idx(devices, d));
	print_heading("Controls");
	for (size_t d = 0; d < json_object_array_length(devices); d++) {
		struct json_object *controls = field_list(json_object_array_get_idx(devices, d), "controls");
		for (size_t c = 0; c < json_object_array_length(controls); c++)
			show_control(json_object_array_get_idx(controls, c));
	}
	print_heading("Devices");
	for (size_t d = 0; d < json_object_array_length(devices); d++)
		if (field_given(json_object_array_get_idx(devices, d), "name"))
			show_device_line(json_object_array_get_idx(devices, d));
}

/* ---- devices ---- */

static void show_metric(struct json_object *m)
{
	char value[64], age[40];
	const char *key = field_text(m, "metric");
	bool known = field_given(m, "value");
	print_value(m, value, sizeof value);
	printf("    %s", key);
	print_pad(key, 22);
	printf(" ");
	print_text(known ? PLAIN : WARN, value);
	print_pad(value, 16);
	print_age(m, "age_ms", age, sizeof age);
	print_text(DIM, age);
	putchar('\n');
}

/* Of a setting that the device has not confirmed to be as wanted; the key is that of docs/control-socket.md. */
static const char *state_words(const char *state)
{
	static const struct {
		const char *key, *words;
	} rows[] = {
	    {"not_asked", "not asked yet"},
	    {"found", "asked, not set yet"},
	    {"set_unasked", "told, not confirmed yet"},
	    {"left", "left as it is: the device does not say what it has"},
	    {"refused", "the device does not take it"},
	    {"given_back", "given back"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].key, state) == 0)
			return rows[i].words;
	return state;
}

/* What was changed on the device itself. Of one that was let go, nothing is any more. */
static void show_settings(struct json_object *d)
{
	struct json_object *settings = field_list(d, "settings");
	if (field_true(d, "released")) {
		printf("    to take it again: therapyctl device take %s\n", field_text(d, "device"));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(settings); i++) {
		struct json_object *o = json_object_array_get_idx(settings, i);
		const char *state = field_text(o, "state");
		char line[512];
		struct str s;
		str_init(&s, line, sizeof line);
		str_add(&s, "%s %s", field_text(o, "name"), field_text(o, "wanted"));
		if (field_given(o, "was"))
			str_add(&s, ", was %s", field_text(o, "was"));
		else if (field_true(o, "changed"))
			str_add(&s, ", what it was is not known");
		if (strcmp(state, "held") != 0)
			str_add(&s, " (%s)", state_words(state));
		str_add(&s, ": %s", field_text(o, "because"));
		bool set = strcmp(state, "held") == 0;
		printf("    %s on it: ", set ? "set" : "wanted");
		print_wrap(strcmp(state, "refused") == 0 ? WARN : DIM, line, set ? 15 : 18, set ? 15 : 18);
	}
}

void show_devices(struct json_object *devices)
{
	for (size_t d = 0; d < json_object_array_length(devices); d++) {
		struct json_object *device = json_object_array_get_idx(devices, d);
		struct json_object *metrics = field_list(device, "metrics");
		char state[64];
		enum colour colour = device_state(device, state, sizeof state);
		if (d > 0)
			putchar('\n');
		print_text(BOLD, field_text(device, "device"));
		printf("  %s%s%s, ", field_text(device, "kind"), field_text(device, "model")[0] ? ", " : "",
		       field_text(device, "model"));
		print_text(colour, state);
		if (field_given(device, "process"))
			printf(", in process %s", field_text(device, "process"));
		putchar('\n');
		show_kept(device);
		show_adjusted(device);
		show_settings(device);
		for (size_t m = 0; m < json_object_array_length(metrics); m++)
			show_metric(json_object_array_get_idx(metrics, m));
		struct json_object *controls = field_list(device, "controls");
		for (size_t c = 0; c < json_object_array_length(controls); c++)
			show_control(json_object_array_get_idx(controls, c));
	}
}

/* ---- alarms, events ---- */

void show_alarms(struct json_object *alarms, struct json_object *latches)
{
	if (json_object_array_length(alarms) + json_object_array_length(latches) == 0)
		puts("no alarm, nothing is latched");
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		print_latch(json_object_array_get_idx(latches, i));
	print_reset_hint(latches);
	for (size_t i = 0; i < json_object_array_length(alarms); i++)
		show_alarm(json_object_array_get_idx(alarms, i));
}

void show_event(struct json_object *e)
{
	char when[32] = "", what[120];
	time_t seconds = (time_t)(json_object_get_int64(field(e, "wall_unix_ms")) / 1000);
	struct tm local;
	struct str s;
	const char *priority = field_text(e, "priority");
	if (field_true(e, "wall_clock_trusted") && localtime_r(&seconds, &local))
		strftime(when, sizeof when, "%m-%d %H:%M:%S", &local);
	else
		snprintf(when, sizeof when, "+%.1f s", (double)field_count(e, "monotonic_ms") / 1e3);
	str_init(&s, what, sizeof what);
	str_add(&s, "%s%s%s%s", field_text(e, "device"), field_text(e, "control")[0] ? "." : "",
		field_text(e, "control"), field_text(e, "device")[0] ? " " : "");
	str_add(&s, "%s", field_text(e, "event"));
	print_text(DIM, when);
	printf("  ");
	print_text(strcmp(priority, "high") == 0 ? BAD : strcmp(priority, "medium") == 0 ? WARN : BOLD, what);
	printf("\n    ");
	print_wrap(PLAIN, field_text(e, "text"), 4, 4);
}

/* ---- watching ---- */

static bool differs(struct json_object *before, struct json_object *now)
{
	char a[64], b[64];
	if (!before)
		return true;
	print_value(before, a, sizeof a);
	print_value(now, b, sizeof b);
	return strcmp(a, b) != 0;
}

static struct json_object *with(struct json_object *list, const char *key, const char *text)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (strcmp(field_text(json_object_array_get_idx(list, i), key), text) == 0)
			return json_object_array_get_idx(list, i);
	return NULL;
}

static void show_changed_control(struct json_object *before, struct json_object *now)
{
	char a[64] = "", b[64], line[200];
	struct str s;
	if (before)
		print_control_word(before, a, sizeof a);
	print_control_word(now, b, sizeof b);
	if (before && strcmp(a, b) == 0 && strcmp(field_text(before, "phase"), field_text(now, "phase")) == 0)
		return;
	str_init(&s, line, sizeof line);
	str_add(&s, "%s.%s", field_text(now, "device"), field_text(now, "control"));
	printf("%s", line);
	print_pad(line, 24);
	printf(" ");
	print_text(print_control_colour(now), b);
	printf(" (%s)\n", field_text(now, "phase"));
}

void show_changes(struct json_object *before, struct json_object *device)
{
	struct json_object *metrics = field_list(device, "metrics"), *controls = field_list(device, "controls");
	struct json_object *old = before ? field_list(before, "metrics") : NULL,
			   *old_controls = before ? field_list(before, "controls") : NULL;
	for (size_t i = 0; i < json_object_array_length(metrics); i++) {
		struct json_object *m = json_object_array_get_idx(metrics, i);
		char name[160], value[64];
		struct str s;
		if (!differs(with(old, "metric", field_text(m, "metric")), m))
			continue;
		str_init(&s, name, sizeof name);
		str_add(&s, "%s.%s", field_text(device, "device"), field_text(m, "metric"));
		print_value(m, value, sizeof value);
		printf("%s", name);
		print_pad(name, 24);
		printf(" ");
		print_text(field_given(m, "value") ? PLAIN : WARN, value);
		putchar('\n');
	}
	for (size_t i = 0; i < json_object_array_length(controls); i++) {
		struct json_object *c = json_object_array_get_idx(controls, i);
		show_changed_control(with(old_controls, "control", field_text(c, "control")), c);
	}
}
