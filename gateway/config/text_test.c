/* SPDX-License-Identifier: Apache-2.0 */
#include "config/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

static void nearest_word_is_a_slip_of_the_pen_away(void **state)
{
	(void)state;
	static const char *const words[] = {"lease", "renew", "deadline", "only_while"};
	assert_string_equal(text_nearest("leese", words, 4), "lease");
	assert_string_equal(text_nearest("renw", words, 4), "renew");
	assert_string_equal(text_nearest("dead_line", words, 4), "deadline");
	assert_string_equal(text_nearest("onlywhile", words, 4), "only_while");
	assert_null(text_nearest("zigbee", words, 4));
	assert_null(text_nearest("x", words, 4));
	assert_null(text_nearest("a-word-that-is-longer-than-any-key-could-be", words, 4));
	assert_null(text_nearest("lease", words, 0));
}

static void variables_are_replaced_once(void **state)
{
	(void)state;
	struct arena arena = {0};
	char why[256] = "";
	setenv("THERAPY_TEST_A", "one", 1);
	setenv("THERAPY_TEST_B", "${THERAPY_TEST_A}", 1);
	assert_string_equal(text_expand(&arena, "", why), "");
	assert_string_equal(text_expand(&arena, "a $ b $A", why), "a $ b $A");
	assert_string_equal(text_expand(&arena, "<${THERAPY_TEST_A}><${THERAPY_TEST_A}>", why), "<one><one>");
	assert_string_equal(text_expand(&arena, "${THERAPY_TEST_B}", why), "${THERAPY_TEST_A}");
	static const char *const bad[] = {"${", "${}", "${A", "${1A}", "${A-B}", "${A B}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(text_expand(&arena, bad[i], why));
	assert_string_equal(why, "found \"${A B}\", expected ${NAME}, the name of an environment variable");
	arena_release(&arena);
}

static void paths_are_seen_from_the_file_that_names_them(void **state)
{
	(void)state;
	struct arena arena = {0};
	assert_string_equal(text_path(&arena, "/etc/gw/home.cfg", "rules.cfg"), "/etc/gw/rules.cfg");
	assert_string_equal(text_path(&arena, "/etc/gw/home.cfg", "/usr/rules.cfg"), "/usr/rules.cfg");
	assert_string_equal(text_path(&arena, "home.cfg", "rules.cfg"), "rules.cfg");
	assert_string_equal(text_path(&arena, "/home.cfg", "rules.cfg"), "/rules.cfg");
	arena_release(&arena);
}

static void control_characters_are_found(void **state)
{
	(void)state;
	assert_false(text_has_control(""));
	assert_false(text_has_control("Wärme 42 °C"));
	assert_true(text_has_control("a\tb"));
	assert_true(text_has_control("\x1b[1m"));
	assert_true(text_has_control("\x7f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nearest_word_is_a_slip_of_the_pen_away),
	    cmocka_unit_test(variables_are_replaced_once),
	    cmocka_unit_test(paths_are_seen_from_the_file_that_names_them),
	    cmocka_unit_test(control_characters_are_found),
	};
	return cmocka_run_group_tests_name("config text", tests, NULL, NULL);
}
