/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/person_lines.h"

#include <stdlib.h>
#include <time.h>

#include "base/testing.h"
#include "therapyctl/date.h"

static void says(const char *person, const char *expected)
{
	struct text text = {0};
	struct json_object *o = json_tokener_parse(person);
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	person_line(&text, o, date_begins_ms((struct date){2026, 11, 28}) + 1000);
	assert_false(text.failed);
	assert_string_equal(text.at, expected);
	text_release(&text);
	json_object_put(o);
}

static void what_is_known_is_said_with_its_units(void **state)
{
	(void)state;
	says("{\"name\":\"Ada\",\"weight_kg\":71.5,\"cleared_on\":\"2026-05-01\",\"cleared_by\":\"Dr. X\","
	     "\"limits\":{\"tilt\":\"35 deg\",\"heat_time\":\"15 min\"},"
	     "\"denies\":[\"heat\",\"cold\"]}",
	     "weight 71.5 kg; cleared on 1 May 2026 by Dr. X, until 1 May 2027; limits: tilt 35 deg, heat_time 15 min; "
	     "denied: heat, cold");
}

static void what_is_not_known_is_said_with_what_it_means(void **state)
{
	(void)state;
	says(
	    "{\"name\":\"Ada\",\"weight_kg\":null,\"cleared_on\":null,\"limits\":{},\"denies\":[]}",
	    "weight not told: no force follows from it; cleared no: powered traction is refused; limits: none of their "
	    "own; denied: nothing");
}

static void a_clearance_ends_after_a_year_and_says_so_before(void **state)
{
	(void)state;
	static const char rest[] = "; limits: none of their own; denied: nothing";
	char expected[256], person[128];
	static const char *const cases[][2] = {
	    {"2025-12-29", "on 29 December 2025, until 29 December 2026"},
	    {"2025-12-28", "on 28 December 2025, until 28 December 2026, which is soon: see your professional"},
	    {"2025-11-29", "on 29 November 2025, until 29 November 2026, which is soon: see your professional"},
	    {"2025-11-28", "on 28 November 2025; it LAPSED on 28 November 2026: powered traction is refused"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str s;
		str_init(&s, person, sizeof person);
		str_add(&s, "{\"weight_kg\":70,\"cleared_on\":\"%s\"}", cases[i][0]);
		str_init(&s, expected, sizeof expected);
		str_add(&s, "weight 70 kg; cleared %s%s", cases[i][1], rest);
		says(person, expected);
	}
}

static void nonsense_ends_nothing_and_controls_no_terminal(void **state)
{
	(void)state;
	says(
	    "{\"weight_kg\":70,\"cleared_on\":\"2026-05-01\",\"cleared_by\":\"\\u001b[2J\",\"limits\":{\"a\\u001b\":"
	    "\"x\"},"
	    "\"denies\":[null,\"\\u202ex\"]}",
	    "weight 70 kg; cleared on 1 May 2026 by \uFFFD[2J, until 1 May 2027; limits: a\uFFFD x; denied: , \uFFFDx");
	says("[]",
	     "weight not told: no force follows from it; cleared no: powered traction is refused; limits: none of "
	     "their own; denied: nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_known_is_said_with_its_units),
	    cmocka_unit_test(what_is_not_known_is_said_with_what_it_means),
	    cmocka_unit_test(a_clearance_ends_after_a_year_and_says_so_before),
	    cmocka_unit_test(nonsense_ends_nothing_and_controls_no_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
