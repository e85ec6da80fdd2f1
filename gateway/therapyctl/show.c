/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/show.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "therapyctl/fields.h"

enum colour { PLAIN, GOOD, BAD, WARN, DIM, BOLD };

static bool coloured;
static unsigned width = 80;

void show_init(bool colours, unsigned columns)
{
	coloured = colours;
	width = columns < 40 ? 80 : columns > 120 ? 120 : columns;
}

/* ---- pieces ---- */

static void put(enum colour colour, const char *text)
{
	static const char *const codes[] = {"", "\033[32m", "\033[1;31m", "\033[33m", "\033[2m", "\033[1m"};
	if (coloured && colour != PLAIN)
		printf("%s%s\033[0m", codes[colour], text);
	else
		fputs(text, stdout);
}

/* How many columns UTF-8 text takes: what is shown here has no wide characters. */
static size_t columns_of(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void pad(const char *text, size_t columns)
{
	for (size_t n = columns_of(text); n < columns; n++)
		putchar(' ');
}

/* Words, wrapped, each further line indented. The first line begins at column `at`. */
static void wrap(enum colour colour, const char *text, size_t at, size_t indent)
{
	size_t column = at;
	while (*text) {
		char word[256];
		size_t size = strcspn(text, " ");
		size = size < sizeof word - 1 ? size : sizeof word - 1;
		memcpy(word, text, size);
		word[size] = '\0';
		text += size;
		text += *text == ' ';
		size_t n = columns_of(word);
		if (column > indent && column + 1 + n > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > at || (column > indent && at != column)) {
			putchar(' ');
			column++;
		}
		put(colour, word);
		column += n;
	}
	putchar('\n');
}

static void add_duration(struct str *s, uint64_t ms)
{
	if (ms < 1000)
		str_add(s, "%u ms", (unsigned)ms);
	else if (ms < 60000)
		str_add(s, "%.*f s", ms < 10000 ? 1 : 0, (double)ms / 1e3);
	else if (ms < 3600000)
		str_add(s, "%u min %02u s", (unsigned)(ms / 60000), (unsigned)(ms / 1000 % 60));
	else if (ms < 48 * 3600000u)
		str_add(s, "%u h %02u min", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60));
	else
		str_add(s, "%u days", (unsigned)(ms / 86400000));
}

static const char *symbol(const char *unit)
{
	static const char *const pairs[][2] = {{"deg", "°"}, {"deg/s", "°/s"}, {"degC", " °C"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strcmp(unit, pairs[i][0]) == 0)
			return pairs[i][1];
	return NULL;
}

static void add_quantity(struct str *s, double value, const char *unit)
{
	if (strcmp(unit, "s") == 0 && fabs(value) >= 60) {
		add_duration(s, value > 0 ? (uint64_t)(value * 1e3) : 0);
		return;
	}
	str_add_number(s, value, 2);
	if (symbol(unit))
		str_add(s, "%s", symbol(unit));
	else if (unit[0])
		str_add(s, " %s", unit);
}

/* "12.5 N", "pressed", "unknown". */
static void value_text(struct json_object *o, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	const char *word = field_text(o, "word"), *quality = field_text(o, "quality");
	if (!field_given(o, "value"))
		str_add(&s, "%s", strcmp(quality, "error") == 0 ? "implausible" : "unknown");
	else if (word[0])
		str_add(&s, "%s", word);
	else
		add_quantity(&s, field_number(o, "value"), field_text(o, "unit"));
}

static void age_text(struct json_object *o, const char *key, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	if (field_given(o, key))
		add_duration(&s, field_count(o, key));
	else
		str_add(&s, "never");
}

static void heading(const char *text)
{
	putchar('\n');
	put(BOLD, text);
	putchar('\n');
}

/* ---- status ---- */

static enum colour control_colour(struct json_object *o)
{
	if (field_true(o, "granted"))
		return WARN;
	return field_true(o, "permitted") ? GOOD : BAD;
}

static void control_word(struct json_object *o, char *out, size_t size)
{
	struct str s;
	const char *unit = field_text(o, "unit");
	str_init(&s, out, size);
	if (field_true(o, "granted") && unit[0]) {
		str_add(&s, "on at ");
		add_quantity(&s, field_number(o, "value"), unit);
	} else if (field_true(o, "granted")) {
		str_add(&s, "on");
	} else if (field_true(o, "suspended")) {
		str_add(&s, "paused");
	} else {
		str_add(&s, "%s", field_true(o, "permitted") ? "off, may be used" : "off, refused");
	}
}

static void show_control(struct json_object *o)
{
	char name[160], word[64];
	struct str s;
	str_init(&s, name, sizeof name);
	str_add(&s, "%s.%s", field_text(o, "device"), field_text(o, "control"));
	control_word(o, word, sizeof word);
	printf("  %s", name);
	pad(name, 18);
	printf(" ");
	put(control_colour(o), word);
	putchar('\n');
	if (!field_true(o, "permitted")) {
		printf("    ");
		wrap(DIM, field_text(o, "why"), 4, 4);
	}
}

static void show_latch(struct json_object *l)
{
	char since[40], line[512];
	struct str s;
	age_text(l, "since_ms", since, sizeof since);
	str_init(&s, line, sizeof line);
	str_add(&s, "latched %s ago", since);
	if (field_text(l, "control")[0])
		str_add(&s, ", %s.%s", field_text(l, "device"), field_text(l, "control"));
	else if (field_text(l, "rule")[0])
		str_add(&s, ", rule %s", field_text(l, "rule"));
	str_add(&s, ": %s", field_text(l, "why"));
	printf("  ");
	put(BAD, "! ");
	wrap(PLAIN, line, 4, 4);
}

static void reset_hint(struct json_object *latches)
{
	size_t can = 0;
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		can += field_true(json_object_array_get_idx(latches, i), "resettable");
	if (json_object_array_length(latches) > 0)
		printf("    %s\n", can ? "When all is well: therapyctl reset (it starts nothing)"
				       : "It cannot be reset yet: first what is wrong must be over");
}

static void show_alarm(struct json_object *a)
{
	char since[40], line[512];
	struct str s;
	bool raised = strcmp(field_text(a, "state"), "raised") == 0;
	age_text(a, "since_ms", since, sizeof since);
	str_init(&s, line, sizeof line);
	str_add(&s, "%s%s for %s: %s", raised ? field_text(a, "priority") : "",
		raised                                         ? " alarm"
		: strcmp(field_text(a, "state"), "grace") == 0 ? "about to alarm"
							       : "not known",
		since, field_text(a, "why"));
	printf("  ");
	put(raised ? BAD : WARN, raised ? "! " : "? ");
	wrap(PLAIN, line, 4, 4);
}

static void device_state(struct json_object *d, char *out, size_t size)
{
	struct str s;
	str_init(&s, out, size);
	if (field_true(d, "parked")) {
		str_add(&s, "parked for another ");
		add_duration(&s, field_count(d, "parked_left_ms"));
	} else {
		str_add(&s, "%s", field_true(d, "present") ? "here" : "not there");
	}
}

static void show_device_line(struct json_object *d)
{
	char state[64];
	const char *id = field_text(d, "device"), *name = field_text(d, "name");
	device_state(d, state, sizeof state);
	printf("  %s", id);
	pad(id, 18);
	printf(" ");
	put(field_true(d, "present") ? GOOD : field_true(d, "parked") ? DIM : BAD, state);
	if (name[0])
		printf("%*s%s", (int)(16 > columns_of(state) ? 16 - columns_of(state) : 1), "", name);
	putchar('\n');
}

void show_status(struct json_object *status)
{
	char uptime[40];
	struct json_object *devices = field_list(status, "devices"), *latches = field_list(status, "latches"),
			   *alarms = field_list(status, "alarms");
	age_text(status, "uptime_ms", uptime, sizeof uptime);
	put(BOLD, field_text(status, "gateway"));
	printf("  therapy-gateway %s, up %s, %u rules\n", field_text(status, "version"), uptime,
	       (unsigned)field_count(status, "rules"));
	if (!field_text(status, "broker")[0])
		printf("  no broker configured\n");
	else
		printf("  %s %s\n", field_text(status, "broker"),
		       field_true(status, "connected") ? "connected" : "NOT connected; it goes on guarding");
	if (field_count(status, "events_waiting") > 0 && field_text(status, "broker")[0])
		printf("  %u events wait to be delivered\n", (unsigned)field_count(status, "events_waiting"));
	if (json_object_array_length(latches) + json_object_array_length(alarms) > 0)
		heading("Needs a person");
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		show_latch(json_object_array_get_idx(latches, i));
	reset_hint(latches);
	for (size_t i = 0; i < json_object_array_length(alarms); i++)
		show_alarm(json_object_array_get_idx(alarms, i));
	heading("Controls");
	for (size_t d = 0; d < json_object_array_length(devices); d++) {
		struct json_object *controls = field_list(json_object_array_get_idx(devices, d), "controls");
		for (size_t c = 0; c < json_object_array_length(controls); c++)
			show_control(json_object_array_get_idx(controls, c));
	}
	heading("Devices");
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
	value_text(m, value, sizeof value);
	printf("    %s", key);
	pad(key, 22);
	printf(" ");
	put(known ? PLAIN : WARN, value);
	pad(value, 16);
	age_text(m, "age_ms", age, sizeof age);
	put(DIM, age);
	putchar('\n');
}

void show_devices(struct json_object *devices)
{
	for (size_t d = 0; d < json_object_array_length(devices); d++) {
		struct json_object *device = json_object_array_get_idx(devices, d);
		struct json_object *metrics = field_list(device, "metrics");
		char state[64];
		device_state(device, state, sizeof state);
		if (d > 0)
			putchar('\n');
		put(BOLD, field_text(device, "device"));
		printf("  %s%s%s, ", field_text(device, "kind"), field_text(device, "model")[0] ? ", " : "",
		       field_text(device, "model"));
		put(field_true(device, "present") ? GOOD : BAD, state);
		putchar('\n');
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
		show_latch(json_object_array_get_idx(latches, i));
	reset_hint(latches);
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
	put(DIM, when);
	printf("  ");
	put(strcmp(priority, "high") == 0 ? BAD : strcmp(priority, "medium") == 0 ? WARN : BOLD, what);
	printf("\n    ");
	wrap(PLAIN, field_text(e, "text"), 4, 4);
}

/* ---- watching ---- */

static bool differs(struct json_object *before, struct json_object *now)
{
	char a[64], b[64];
	if (!before)
		return true;
	value_text(before, a, sizeof a);
	value_text(now, b, sizeof b);
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
		control_word(before, a, sizeof a);
	control_word(now, b, sizeof b);
	if (before && strcmp(a, b) == 0 && strcmp(field_text(before, "phase"), field_text(now, "phase")) == 0)
		return;
	str_init(&s, line, sizeof line);
	str_add(&s, "%s.%s", field_text(now, "device"), field_text(now, "control"));
	printf("%s", line);
	pad(line, 24);
	printf(" ");
	put(control_colour(now), b);
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
		value_text(m, value, sizeof value);
		printf("%s", name);
		pad(name, 24);
		printf(" ");
		put(field_given(m, "value") ? PLAIN : WARN, value);
		putchar('\n');
	}
	for (size_t i = 0; i < json_object_array_length(controls); i++) {
		struct json_object *c = json_object_array_get_idx(controls, i);
		show_changed_control(with(old_controls, "control", field_text(c, "control")), c);
	}
}

/* ---- explain ---- */

static void show_seen(struct json_object *o)
{
	char name[160], value[64], age[40], most[40], line[300];
	struct str s;
	bool control = field_text(o, "control")[0] != '\0';
	const char *verdict = field_text(o, "verdict"), *must = field_text(o, "must");
	bool holds = strcmp(verdict, "holds") == 0;
	str_init(&s, name, sizeof name);
	str_add(&s, control ? "on(%s.%s)" : "%s.%s", field_text(o, "device"),
		control ? field_text(o, "control") : field_text(o, "metric"));
	value_text(o, value, sizeof value);
	age_text(o, "age_ms", age, sizeof age);
	age_text(o, "max_age_ms", most, sizeof most);
	printf("      ");
	put(holds ? GOOD : strcmp(verdict, "violated") == 0 ? BAD : WARN, holds ? "+ " : "- ");
	str_init(&s, line, sizeof line);
	str_add(&s, "%s %s", name, value);
	const char *be = field_true(o, "must_not") ? "must not be" : "must be";
	if (must[0] || control)
		str_add(&s, ", %s %s", be, control ? "on" : strncmp(must, "is ", 3) == 0 ? must + 3 : must);
	if (field_text(o, "limit")[0] && field_given(o, "bound")) {
		str_add(&s, " (");
		add_quantity(&s, field_number(o, "bound"), field_text(o, "unit"));
		str_add(&s, ")");
	} else if (field_text(o, "limit")[0]) {
		str_add(&s, " (not given)");
	}
	if (field_true(o, "parked"))
		str_add(&s, "; parked");
	else if (!field_given(o, "age_ms"))
		str_add(&s, "; never read");
	else if (field_count(o, "age_ms") > 0)
		str_add(&s, "; %s old, at most %s", age, most);
	wrap(PLAIN, line, 8, 8);
}

static void show_rule(struct json_object *r)
{
	const char *state = field_text(r, "state");
	bool permits = strcmp(state, "armed") == 0;
	struct json_object *looks = field_list(r, "looks_at");
	char line[400], number[24] = "";
	struct str s;
	if (field_given(r, "hazard"))
		snprintf(number, sizeof number, ", hazard %u", (unsigned)field_count(r, "hazard"));
	printf("  ");
	put(permits ? GOOD : BAD, permits ? "permits" : state);
	printf("%*s", (int)(9 - strlen(permits ? "permits" : state)), "");
	put(BOLD, field_text(r, "rule"));
	printf("%s\n", number);
	printf("      ");
	wrap(DIM, field_text(r, "only_while"), 6, 6);
	for (size_t i = 0; i < json_object_array_length(looks); i++)
		show_seen(json_object_array_get_idx(looks, i));
	if (field_count(r, "looks_at_more") > 0)
		printf("        and %u more\n", (unsigned)field_count(r, "looks_at_more"));
	if (permits)
		return;
	str_init(&s, line, sizeof line);
	str_add(&s, "First cause, ");
	add_duration(&s, field_count(r, "first_ago_ms"));
	str_add(&s, " ago: %s", field_text(r, "first_why"));
	printf("      ");
	wrap(PLAIN, line, 6, 6);
	str_init(&s, line, sizeof line);
	if (strcmp(state, "latched") == 0)
		str_add(&s, "Needs a person: therapyctl reset %s", field_text(r, "rule"));
	else if (strcmp(state, "tripped") == 0)
		str_add(&s, "Armed again when %s", field_text(r, field_given(r, "rearms") ? "rearms" : "only_while"));
	if (strcmp(state, "tripped") == 0 && field_given(r, "rearms_in_ms") && field_count(r, "rearms_in_ms") > 0) {
		str_add(&s, ", in ");
		add_duration(&s, field_count(r, "rearms_in_ms"));
		str_add(&s, " at the earliest");
	}
	if (line[0]) {
		printf("      ");
		wrap(PLAIN, line, 6, 6);
	}
	if (field_text(r, "because")[0]) {
		printf("      ");
		wrap(DIM, field_text(r, "because"), 6, 6);
	}
}

void show_explanation(struct json_object *e)
{
	struct json_object *rules = field_list(e, "rules"), *latches = field_list(e, "latches"),
			   *limits = field_list(e, "limits");
	char word[64], value[64];
	control_word(e, word, sizeof word);
	printf("%s.%s is ", field_text(e, "device"), field_text(e, "control"));
	put(control_colour(e), word);
	value_text(field(e, "confirmed_by"), value, sizeof value);
	printf(" (%s; %s %s)\n", field_text(e, "phase"), field_text(field(e, "confirmed_by"), "metric"), value);
	if (!field_true(e, "permitted") && json_object_array_length(latches) == 0) {
		printf("  ");
		wrap(PLAIN, field_text(e, "why"), 2, 2);
	}
	if (field_text(e, "waits_for")[0] && strcmp(field_text(e, "waits_for"), field_text(e, "why")) != 0) {
		printf("  ");
		wrap(PLAIN, field_text(e, "waits_for"), 2, 2);
	}
	if (field_given(e, "resumes_within_ms"))
		printf("  goes on by itself if that is over within %u s\n",
		       (unsigned)(field_count(e, "resumes_within_ms") / 1000));
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		show_latch(json_object_array_get_idx(latches, i));
	reset_hint(latches);
	for (size_t i = 0; i < json_object_array_length(limits); i++) {
		struct json_object *l = json_object_array_get_idx(limits, i);
		struct str s;
		str_init(&s, value, sizeof value);
		if (field_given(l, "value"))
			add_quantity(&s, field_number(l, "value"), field_text(e, "unit"));
		else
			str_add(&s, "not given: set it in `limits` of the configuration");
		printf("  at most limit.%s: %s\n", field_text(l, "limit"), value);
	}
	if (!field_true(e, "timer_proved"))
		printf("  its own timer has not been proved: therapyctl off-test %s.%s\n", field_text(e, "device"),
		       field_text(e, "control"));
	heading("Rules");
	for (size_t i = 0; i < json_object_array_length(rules); i++)
		show_rule(json_object_array_get_idx(rules, i));
}
