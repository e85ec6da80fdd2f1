/* SPDX-License-Identifier: Apache-2.0 */
#include "link/recording.h"

#include "base/testing.h"

#include <string.h>
#include <uv.h>

static void lines_are_read_as_the_format_says(void **state)
{
	(void)state;
	struct recording_line l;
	uint8_t bytes[RECORDING_BYTES_MAX];
	const char *why = NULL;
	assert_int_equal(recording_read("1500 < 55 53aB2a\n", &l, bytes, &why), 0);
	assert_int_equal(l.kind, RECORDING_RECEIVED);
	assert_int_equal(l.at_ms, 1500);
	assert_int_equal(l.size, 4);
	assert_memory_equal(bytes, "\x55\x53\xab\x2a", 4);
	assert_int_equal(recording_read("0>00", &l, bytes, &why), 0);
	assert_int_equal(l.kind, RECORDING_SENT);
	const char *nothing[] = {"", "\n", "  \t\r\n", "# a comment", "   # 1 < zz"};
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		assert_int_equal(recording_read(nothing[i], &l, bytes, &why), 0);
		assert_int_equal(l.kind, RECORDING_NOTHING);
	}
}

static void lines_that_are_none_are_refused_with_what_was_expected(void **state)
{
	(void)state;
	const struct {
		const char *line, *why;
	} rows[] = {
	    {"< 55", "time in ms"},       {"-5 < 55", "time in ms"},       {"5", "< (received)"},
	    {"5 55", "< (received)"},     {"5.5 < 55", "< (received)"},    {"5 <", "at least one byte"},
	    {"5 < 5", "two hexadecimal"}, {"5 < 5 5", "two hexadecimal"},  {"5 < zz", "two hexadecimal"},
	    {"5 < @", "an address"},      {"5 < @ 55", "an address"},      {"5 < @a", "at least one byte"},
	    {"5 < 55 # x", "two hex"},    {"99999999999 < 55", "31 days"}, {"99999999999999999999999 < 1", "31 days"},
	};
	uint8_t bytes[RECORDING_BYTES_MAX];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct recording_line l = {.at_ms = 77};
		const char *why = NULL;
		assert_int_equal(recording_read(rows[i].line, &l, bytes, &why), UV_EINVAL);
		assert_int_equal(l.at_ms, 77);
		assert_non_null(strstr(why, rows[i].why));
	}
}

static void a_line_holds_what_a_link_hands_on_and_no_more(void **state)
{
	(void)state;
	char line[RECORDING_LINE_MAX + 8] = "0 < ";
	for (size_t i = 0; i <= RECORDING_BYTES_MAX; i++)
		memcpy(line + 4 + 2 * i, "a5", 3);
	uint8_t bytes[RECORDING_BYTES_MAX];
	struct recording_line l;
	const char *why = NULL;
	assert_int_equal(recording_read(line, &l, bytes, &why), UV_EINVAL);
	line[4 + 2 * RECORDING_BYTES_MAX] = '\0';
	assert_int_equal(recording_read(line, &l, bytes, &why), 0);
	assert_int_equal(l.size, RECORDING_BYTES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_read_as_the_format_says),
	    cmocka_unit_test(lines_that_are_none_are_refused_with_what_was_expected),
	    cmocka_unit_test(a_line_holds_what_a_link_hands_on_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
