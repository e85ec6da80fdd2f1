/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/topic.h"

#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

static void names_and_filters_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *topic;
		bool name, filter;
	} rows[] = {
	    {"a", true, true},
	    {"a/b c/d", true, true},
	    {"/", true, true},
	    {"a//b", true, true},
	    {"therapy/über/x", true, true},
	    {"", false, false},
	    {"a/+", false, true},
	    {"+/b", false, true},
	    {"#", false, true},
	    {"a/#", false, true},
	    {"a/#/b", false, false},
	    {"a/b#", false, false},
	    {"a/b+/c", false, false},
	    {"+a", false, false},
	    {"a\xff", false, false},
	    {"a/\xed\xa0\x80", false, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char why[200] = "";
		assert_int_equal(topic_name_valid(rows[i].topic, why, sizeof why), rows[i].name);
		assert_int_equal(why[0] != '\0', !rows[i].name);
		why[0] = '\0';
		assert_int_equal(topic_filter_valid(rows[i].topic, why, sizeof why), rows[i].filter);
		assert_int_equal(why[0] != '\0', !rows[i].filter);
	}
}

static void a_topic_longer_than_mqtt_can_carry_is_refused(void **state)
{
	(void)state;
	char *topic = malloc(65537 + 1), why[200];
	memset(topic, 'a', 65536);
	topic[65536] = '\0';
	assert_false(topic_name_valid(topic, why, sizeof why));
	topic[65535] = '\0';
	assert_true(topic_name_valid(topic, why, sizeof why));
	free(topic);
}

static void only_shortest_form_utf8_without_nul_and_surrogates_passes(void **state)
{
	(void)state;
	static const char *const good[] = {"abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x99\x82", ""};
	static const char *const bad[] = {"\x80",
					  "\xc0\xaf",
					  "\xc3",
					  "\xe2\x82",
					  "\xe0\x80\x80",
					  "\xed\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf8\x88\x80\x80\x80",
					  "\xff"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(topic_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(topic_utf8(bad[i], strlen(bad[i])));
	assert_false(topic_utf8("a\0b", 3));
}

static void filters_match_by_whole_levels(void **state)
{
	(void)state;
	static const struct {
		const char *filter, *topic;
		bool match;
	} rows[] = {
	    {"a/b", "a/b", true},         {"a/b", "a/bc", false},        {"a/+", "a/b", true},
	    {"a/+", "a/", true},          {"a/+", "a", false},           {"a/+", "a/b/c", false},
	    {"a/#", "a", true},           {"a/#", "a/b/c", true},        {"#", "x/y", true},
	    {"#", "$SYS/x", false},       {"+/x", "$SYS/x", false},      {"$SYS/#", "$SYS/x", true},
	    {"+/set/+", "p/set/h", true}, {"+/set/+", "p/get/h", false}, {"a/b/#", "a", false},
	    {"a", "a/b", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(topic_matches(rows[i].filter, rows[i].topic), rows[i].match);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_filters_are_told_apart),
	    cmocka_unit_test(a_topic_longer_than_mqtt_can_carry_is_refused),
	    cmocka_unit_test(filters_match_by_whole_levels),
	    cmocka_unit_test(only_shortest_form_utf8_without_nul_and_surrogates_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
