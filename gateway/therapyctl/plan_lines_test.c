/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/plan_lines.h"

#include <stdlib.h>
#include <time.h>

#include "base/testing.h"
#include "therapyctl/date.h"

static int64_t noon(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return date_begins_ms((struct date){2026, 11, 28}) + 12 * 3600000;
}

static void takes(struct text *text, const char *expected)
{
	assert_false(text->failed);
	assert_string_equal(text->at ? text->at : "", expected);
	text_release(text);
}

static void item_is(const char *json, const char *expected)
{
	struct text text = {0};
	struct json_object *o = json_tokener_parse(json);
	plan_item(&text, o);
	takes(&text, expected);
	json_object_put(o);
}

static void next_is(const char *json, const char *expected)
{
	struct text text = {0};
	struct json_object *o = json_tokener_parse(json);
	plan_next(&text, o, noon());
	takes(&text, expected);
	json_object_put(o);
}

static void an_item_says_how_much_and_what_is_done(void **state)
{
	(void)state;
	item_is("{\"what\":\"inversion\",\"text\":\"inversion 25 deg, 2 min\",\"today\":2,\"week\":14,\"done_today\":1,"
		"\"done_week\":5}",
		"inversion 25 deg, 2 min                 1 of 2      5 of 14");
	item_is("{\"what\":\"\\u001b[2J\"}", "\uFFFD[2J                                    0 of 0      0 of 0");
}

static void the_next_one_has_its_time_where_it_waits(void **state)
{
	(void)state;
	next_is("{\"next\":{\"text\":\"heat 15 min\",\"not_before\":\"2026-11-28T14:05:00+01:00\"}}",
		"Next: heat 15 min, not before 14:05.");
	next_is("{\"next\":{\"text\":\"heat 15 min\",\"not_before\":\"2026-11-30T08:00:00+01:00\"}}",
		"Next: heat 15 min, not before Mon 30 Nov, 08:00.");
	next_is("{\"next\":{\"text\":\"heat 15 min\",\"not_before\":\"2026-11-28T11:05:00+01:00\"}}",
		"Next: heat 15 min.");
	next_is("{\"next\":{\"text\":\"heat 15 min\",\"not_before\":null}}", "Next: heat 15 min.");
	next_is("{\"next\":null}", "");
}

static void why_is_said_with_what_to_do(void **state)
{
	(void)state;
	struct json_object *o = json_tokener_parse("{\"why\":\"needs_weight\",\"frozen\":true,\"backed\":\"pain\"}");
	assert_contains(plan_item_waits(o), "--weight");
	assert_contains(plan_frozen(o), "--cleared-on");
	assert_contains(plan_backed(o), "because of pain");
	json_object_put(o);
	o = json_tokener_parse("{\"why\":\"\",\"frozen\":false,\"backed\":\"\"}");
	assert_string_equal(plan_item_waits(o), "");
	assert_string_equal(plan_frozen(o), "");
	assert_string_equal(plan_backed(o), "");
	json_object_put(o);
}

static void reminders_are_said_with_the_hours_in_which_there_are_none(void **state)
{
	(void)state;
	struct text text = {0};
	struct json_object *o =
	    json_tokener_parse("{\"remind\":[\"08:00\",\"19:30\"],\"quiet\":[\"22:00\",\"07:00\"]}");
	plan_reminds(&text, o);
	takes(&text, "Reminds at 08:00, 19:30, but not from 22:00 to 07:00.");
	json_object_object_del(o, "quiet");
	plan_reminds(&text, o);
	takes(&text, "Reminds at 08:00, 19:30.");
	json_object_object_del(o, "remind");
	plan_reminds(&text, o);
	takes(&text, "");
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_item_says_how_much_and_what_is_done),
	    cmocka_unit_test(the_next_one_has_its_time_where_it_waits),
	    cmocka_unit_test(why_is_said_with_what_to_do),
	    cmocka_unit_test(reminders_are_said_with_the_hours_in_which_there_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
