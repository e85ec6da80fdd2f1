/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/plan_words.h"

#include <stdio.h>

#include "base/testing.h"

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})
#define W(text)    ((char[]){text})

static void becomes(struct json_object *order, const char *expected)
{
	assert_non_null(order);
	json_object_object_del(order, "at_ms");
	assert_string_equal(json_object_to_json_string_ext(order, JSON_C_TO_STRING_PLAIN), expected);
	json_object_put(order);
}

static void a_step_is_one_word_and_without_one_it_is_shown(void **state)
{
	(void)state;
	becomes(plan_words(WORDS(NULL)), "{\"do\":\"plan\",\"step\":\"show\"}");
	becomes(plan_words(WORDS(W("agree"))), "{\"do\":\"plan\",\"step\":\"agree\"}");
	becomes(plan_words(WORDS(W("start"), W("heat-first"))),
		"{\"do\":\"plan\",\"step\":\"start\",\"plan\":\"heat-first\"}");
	assert_null(plan_words(WORDS(W("start"))));
	assert_null(plan_words(WORDS(W("start"), W("a"), W("b"))));
	assert_null(plan_words(WORDS(W("agree"), W("3"))));
	assert_null(plan_words(WORDS(W("dance"))));
}

static void times_of_day_are_told_as_they_are(void **state)
{
	(void)state;
	becomes(plan_words(WORDS(W("set"), W("--remind"), W("08:00,19:30"), W("--quiet"), W("22:00-07:00"))),
		"{\"do\":\"plan\",\"step\":\"set\",\"remind\":[\"08:00\",\"19:30\"],\"quiet\":[\"22:00\",\"07:00\"]}");
	becomes(plan_words(WORDS(W("set"), W("--remind=none"), W("--quiet=none"), W("--beyond-60"), W("yes"))),
		"{\"do\":\"plan\",\"step\":\"set\",\"remind\":[],\"quiet\":null,\"beyond_60\":true}");
	becomes(plan_words(WORDS(W("set"), W("--beyond-60=no"))),
		"{\"do\":\"plan\",\"step\":\"set\",\"beyond_60\":false}");
}

static void what_is_no_time_of_day_is_refused(void **state)
{
	(void)state;
	static const char *const reminds[] = {"24:00", "08:60", "8:00", "08:00,", ",08:00", "", "08:00 19:30", "08.00"};
	static const char *const quiets[] = {"22:00",       "22:00-", "-07:00",      "22:00-7:00",
					     "22:00-22:00", "",       "22:00-07:00-"};
	char word[32];
	for (size_t i = 0; i < sizeof reminds / sizeof *reminds; i++) {
		snprintf(word, sizeof word, "--remind=%s", reminds[i]);
		assert_null(plan_words(WORDS(W("set"), word)));
	}
	for (size_t i = 0; i < sizeof quiets / sizeof *quiets; i++) {
		snprintf(word, sizeof word, "--quiet=%s", quiets[i]);
		assert_null(plan_words(WORDS(W("set"), word)));
	}
	assert_null(plan_words(WORDS(W("set"))));
	assert_null(plan_words(WORDS(W("set"), W("--beyond-60"), W("maybe"))));
	assert_null(plan_words(WORDS(W("set"), W("--beyond-60"))));
	assert_null(plan_words(WORDS(W("set"), W("--beyond-60"), W("yes"), W("more"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_is_one_word_and_without_one_it_is_shown),
	    cmocka_unit_test(times_of_day_are_told_as_they_are),
	    cmocka_unit_test(what_is_no_time_of_day_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
