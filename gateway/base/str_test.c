/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/testing.h"

static void truncation_is_sticky_and_terminated(void **state)
{
	(void)state;
	char buffer[8];
	struct str s;
	str_init(&s, buffer, sizeof buffer);
	str_add(&s, "%s", "four");
	assert_false(s.overflow);
	str_add(&s, "%s", "more");
	assert_true(s.overflow);
	assert_string_equal(buffer, "four");
	str_add_bytes(&s, "x", 1);
	assert_string_equal(buffer, "four");
}

static void numbers_read_as_people_write_them(void **state)
{
	(void)state;
	const struct {
		double value;
		unsigned decimals;
		const char *text;
	} rows[] = {{10.0, 2, "10"}, {10.50, 2, "10.5"}, {-0.001, 2, "0"}, {100.0, 0, "100"}, {-3.25, 1, "-3.2"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char buffer[32];
		struct str s;
		str_init(&s, buffer, sizeof buffer);
		str_add_number(&s, rows[i].value, rows[i].decimals);
		assert_string_equal(buffer, rows[i].text);
	}
}

static void a_copy_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	char buffer[4];
	assert_true(str_copy(buffer, sizeof buffer, "abc"));
	assert_string_equal(buffer, "abc");
	assert_false(str_copy(buffer, sizeof buffer, "abcd"));
	assert_string_equal(buffer, "");
}

static void bytes_from_elsewhere_are_made_printable_and_short(void **state)
{
	(void)state;
	char buffer[32];
	struct str s;
	str_init(&s, buffer, sizeof buffer);
	str_add_printable(&s, "O\n\x1b\xff\0N", 6, 6);
	assert_string_equal(buffer, "O????N");
	str_init(&s, buffer, sizeof buffer);
	str_add_printable(&s, "0123456789", 10, 4);
	assert_string_equal(buffer, "0123...");
	assert_false(s.overflow);
}

static void what_people_read_is_cut_between_characters(void **state)
{
	(void)state;
	char buffer[10];
	struct str s;
	const struct {
		const char *text, *fits;
	} rows[] = {{"neun Byte", "neun Byte"},
		    {"ten bytes!", "ten by..."},
		    {"fünf ähnliche", "fünf ..."}, /* the a-umlaut would be cut in two */
		    {"12345ü789", "12345..."},
		    {"1234ü6789", "1234ü..."},
		    {"", ""}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		str_init(&s, buffer, sizeof buffer);
		str_add_cut(&s, rows[i].text);
		assert_string_equal(buffer, rows[i].fits);
		assert_false(s.overflow);
	}
	str_init(&s, buffer, sizeof buffer);
	str_add(&s, "12345678");
	str_add_cut(&s, "90"); /* no room for the dots either */
	assert_string_equal(buffer, "12345678");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_people_read_is_cut_between_characters),
	    cmocka_unit_test(truncation_is_sticky_and_terminated),
	    cmocka_unit_test(numbers_read_as_people_write_them),
	    cmocka_unit_test(bytes_from_elsewhere_are_made_printable_and_short),
	    cmocka_unit_test(a_copy_that_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
