/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/show.h"

#include <stdio.h>
#include <string.h>

#include "therapyctl/fields.h"
#include "therapyctl/print.h"

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
	print_value(o, value, sizeof value);
	print_age(o, "age_ms", age, sizeof age);
	print_age(o, "max_age_ms", most, sizeof most);
	printf("      ");
	print_text(holds ? GOOD : strcmp(verdict, "violated") == 0 ? BAD : WARN, holds ? "+ " : "- ");
	str_init(&s, line, sizeof line);
	str_add(&s, "%s %s", name, value);
	const char *be = field_true(o, "must_not") ? "must not be" : "must be";
	if (must[0] || control)
		str_add(&s, ", %s %s", be, control ? "on" : strncmp(must, "is ", 3) == 0 ? must + 3 : must);
	if (field_text(o, "limit")[0] && field_given(o, "bound")) {
		str_add(&s, " (");
		print_quantity(&s, field_number(o, "bound"), field_text(o, "unit"));
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
	print_wrap(PLAIN, line, 8, 8);
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
	print_text(permits ? GOOD : BAD, permits ? "permits" : state);
	printf("%*s", (int)(9 - strlen(permits ? "permits" : state)), "");
	print_text(BOLD, field_text(r, "rule"));
	printf("%s\n", number);
	printf("      ");
	print_wrap(DIM, field_text(r, "only_while"), 6, 6);
	for (size_t i = 0; i < json_object_array_length(looks); i++)
		show_seen(json_object_array_get_idx(looks, i));
	if (field_count(r, "looks_at_more") > 0)
		printf("        and %u more\n", (unsigned)field_count(r, "looks_at_more"));
	if (permits)
		return;
	str_init(&s, line, sizeof line);
	str_add(&s, "First cause, ");
	print_duration(&s, field_count(r, "first_ago_ms"));
	str_add(&s, " ago: %s", field_text(r, "first_why"));
	printf("      ");
	print_wrap(PLAIN, line, 6, 6);
	str_init(&s, line, sizeof line);
	if (strcmp(state, "latched") == 0)
		str_add(&s, "Needs a person: therapyctl reset %s", field_text(r, "rule"));
	else if (strcmp(state, "tripped") == 0)
		str_add(&s, "Armed again when %s", field_text(r, field_given(r, "rearms") ? "rearms" : "only_while"));
	if (strcmp(state, "tripped") == 0 && field_given(r, "rearms_in_ms") && field_count(r, "rearms_in_ms") > 0) {
		str_add(&s, ", in ");
		print_duration(&s, field_count(r, "rearms_in_ms"));
		str_add(&s, " at the earliest");
	}
	if (line[0]) {
		printf("      ");
		print_wrap(PLAIN, line, 6, 6);
	}
	if (field_text(r, "because")[0]) {
		printf("      ");
		print_wrap(DIM, field_text(r, "because"), 6, 6);
	}
}

static void show_proof(struct json_object *e)
{
	char line[256];
	struct str s;
	if (!field_true(e, "timer_proved")) {
		printf("  its own timer has not been proved: therapyctl off-test %s.%s\n", field_text(e, "device"),
		       field_text(e, "control"));
		return;
	}
	str_init(&s, line, sizeof line);
	str_add(&s, "its own timer was proved");
	if (field_given(e, "timer_proved_ago_ms")) {
		str_add(&s, " ");
		print_duration(&s, field_count(e, "timer_proved_ago_ms"));
		str_add(&s, " ago");
	}
	if (field_true(e, "test_first")) {
		str_add(&s, "; the next session begins with an off-test (");
		print_duration(&s, field_count(e, "test_ms"));
		str_add(&s, ")");
	}
	printf("  ");
	print_wrap(PLAIN, line, 2, 2);
}

void show_explanation(struct json_object *e)
{
	struct json_object *rules = field_list(e, "rules"), *latches = field_list(e, "latches"),
			   *limits = field_list(e, "limits");
	char word[64], value[64];
	print_control_word(e, word, sizeof word);
	printf("%s.%s is ", field_text(e, "device"), field_text(e, "control"));
	print_text(print_control_colour(e), word);
	print_value(field(e, "confirmed_by"), value, sizeof value);
	printf(" (%s; %s %s)\n", field_text(e, "phase"), field_text(field(e, "confirmed_by"), "metric"), value);
	if (!field_true(e, "permitted") && json_object_array_length(latches) == 0) {
		printf("  ");
		print_wrap(PLAIN, field_text(e, "why"), 2, 2);
	}
	if (field_text(e, "waits_for")[0] && strcmp(field_text(e, "waits_for"), field_text(e, "why")) != 0) {
		printf("  ");
		print_wrap(PLAIN, field_text(e, "waits_for"), 2, 2);
	}
	if (field_given(e, "resumes_within_ms"))
		printf("  goes on by itself if that is over within %u s\n",
		       (unsigned)(field_count(e, "resumes_within_ms") / 1000));
	for (size_t i = 0; i < json_object_array_length(latches); i++)
		print_latch(json_object_array_get_idx(latches, i));
	print_reset_hint(latches);
	for (size_t i = 0; i < json_object_array_length(limits); i++) {
		struct json_object *l = json_object_array_get_idx(limits, i);
		struct str s;
		str_init(&s, value, sizeof value);
		if (field_given(l, "value"))
			print_quantity(&s, field_number(l, "value"), field_text(e, "unit"));
		else
			str_add(&s, "not given: set it in `limits` of the configuration");
		printf("  at most limit.%s: %s\n", field_text(l, "limit"), value);
	}
	show_proof(e);
	print_heading("Rules");
	for (size_t i = 0; i < json_object_array_length(rules); i++)
		show_rule(json_object_array_get_idx(rules, i));
}
