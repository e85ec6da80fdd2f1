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
	    {"< 55", "time in ms"},
	    {"-5 < 55", "time in ms"},
	    {"5", "< (received)"},
	    {"5 55", "< (received)"},
	    {"5.5 < 55", "< (received)"},
	    {"5 <", "at least one byte"},
	    {"5 < 5", "two hexadecimal"},
	    {"5 < 5 5", "two hexadecimal"},
	    {"5 < zz", "two hexadecimal"},
	    {"5 < @", "an address"},
	    {"5 < @ 55", "an address"},
	    {"5 < @a", "at least one byte"},
	    {"5 > retained @a 55", "expected < before"},
	    {"5 < retained 55", "expected < before"},
	    {"5 < retainedx @a 55", "two hex"},
	    {"5 < 55 # x", "two hex"},
	    {"5 < \"", "end with a quote"},
	    {"5 < @a \"ON", "end with a quote"},
	    {"5 < @a \"ON\" # x", "end with a quote"},
	    {"5 < \"\"", "at least one byte"},
	    {"5 < @a \"a\\x\"", "\\n or \\t"},
	    {"5 < @a \"a\\\"", "\\n or \\t"},
	    {"5 < @a \"\xC3\xA4\"", "only ASCII"},
	    {"99999999999 < 55", "31 days"},
	    {"99999999999999999999999 < 1", "31 days"},
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

static void text_stands_in_quotes_and_holds_quotes(void **state)
{
	(void)state;
	uint8_t bytes[RECORDING_BYTES_MAX];
	const struct {
		const char *line, *text;
	} rows[] = {
	    {"5 < @stat/{name}/RESULT \"{\"POWER\":\"ON\"}\"\n", "{\"POWER\":\"ON\"}"},
	    {"5 < retained @tele/{name}/LWT \"Online\"", "Online"},
	    {"5 < \"ST,GS,+  12.50kg\\r\\n\" \r\n", "ST,GS,+  12.50kg\r\n"},
	    {"5 > @a \"a\\\\b\\t\"", "a\\b\t"},
	    {"5 > @a \"\"\"", "\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct recording_line l;
		const char *why = NULL;
		assert_int_equal(recording_read(rows[i].line, &l, bytes, &why), 0);
		assert_int_equal(l.size, strlen(rows[i].text));
		assert_memory_equal(bytes, rows[i].text, l.size);
	}
}

/* Whatever was heard is read as it was, and text is written so that a person can read it. */
static void what_is_text_is_written_as_text(void **state)
{
	(void)state;
	static char text[RECORDING_LINE_MAX + 1];
	static uint8_t long_one[RECORDING_BYTES_MAX], read[RECORDING_BYTES_MAX];
	memset(long_one, '\\', sizeof long_one);
	const struct {
		const char *address, *bytes, *written; /* NULL: too long to be shown here */
	} rows[] = {
	    {"stat/{name}/POWER", "ON", "0      < @stat/{name}/POWER \"ON\""},
	    {"a/b", "{\"b\":\"\\u00b0\"}", "0      < @a/b \"{\"b\":\"\\\\u00b0\"}\""},
	    {"a/b", "\xC2\xB0", "0      < @a/b C2 B0"},
	    {"", "US 1.0kg\r\n", "0      < \"US 1.0kg\\r\\n\""},
	    {"7e4e1703-1ea6-40c9-9dcc-13d34ffead57", "e", "0      < @7e4e1703-1ea6-40c9-9dcc-13d34ffead57 65"},
	    {"", "UUU", "0      < 55 55 55"},
	    {"a/b", (const char *)long_one, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct recording_line line = {.kind = RECORDING_RECEIVED}, back;
		const char *why = NULL;
		struct str s;
		line.size = rows[i].written ? strlen(rows[i].bytes) : sizeof long_one;
		assert_true(str_copy(line.address, sizeof line.address, rows[i].address));
		str_init(&s, text, sizeof text);
		assert_true(recording_write(&s, &line, (const uint8_t *)rows[i].bytes));
		assert_false(s.overflow);
		if (rows[i].written)
			assert_string_equal(text, rows[i].written);
		assert_int_equal(recording_read(text, &back, read, &why), 0);
		assert_int_equal(back.size, line.size);
		assert_memory_equal(read, rows[i].bytes, line.size);
	}
	const uint8_t nul[] = {'O', 0, 'N'};
	struct str s;
	str_init(&s, text, sizeof text);
	assert_true(recording_write(&s, &(struct recording_line){RECORDING_SENT, .size = 3, .address = "a/b"}, nul));
	assert_string_equal(text, "0      > @a/b 4F 00 4E");
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

static void what_is_written_is_read_as_it_was(void **state)
{
	(void)state;
	static char text[RECORDING_LINE_MAX + 1];
	static uint8_t bytes[RECORDING_BYTES_MAX], read[RECORDING_BYTES_MAX];
	const struct recording_line rows[] = {
	    {.kind = RECORDING_RECEIVED, .at_ms = 0, .size = 1},
	    {.kind = RECORDING_SENT, .at_ms = 2678400000u, .size = RECORDING_BYTES_MAX},
	    {.kind = RECORDING_SENT, .at_ms = 5, .size = 2, .address = "cmnd/{name}/POWER"},
	    {.kind = RECORDING_RECEIVED, .at_ms = 5, .size = 3, .address = "tele/{name}/LWT", .retained = true},
	    {.kind = RECORDING_RECEIVED, .at_ms = 5, .size = 4, .address = "service-data:fcd2"},
	    {.kind = RECORDING_SENT, .at_ms = 5, .size = 0, .address = "cmnd/{name}/PulseTime1"},
	    {.kind = RECORDING_RECEIVED, .at_ms = 5, .size = 0, .address = "tele/{name}/LWT", .retained = true},
	    {.kind = RECORDING_RECEIVED, .at_ms = 5, .size = 0, .address = "service-data:fcd2"},
	};
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct recording_line line = {0};
		const char *why = NULL;
		struct str s;
		str_init(&s, text, sizeof text);
		assert_true(recording_write(&s, &rows[i], bytes));
		assert_false(s.overflow);
		assert_int_equal(recording_read(text, &line, read, &why), 0);
		assert_int_equal(line.kind, rows[i].kind);
		assert_int_equal(line.at_ms, rows[i].at_ms);
		assert_int_equal(line.retained, rows[i].retained);
		assert_string_equal(line.address, rows[i].address);
		assert_int_equal(line.size, rows[i].size);
		assert_memory_equal(read, bytes, line.size);
	}
}

static void what_no_line_can_hold_is_not_written(void **state)
{
	(void)state;
	static char text[RECORDING_LINE_MAX + 1];
	static uint8_t bytes[RECORDING_BYTES_MAX];
	const struct recording_line rows[] = {
	    {.kind = RECORDING_RECEIVED, .at_ms = 0, .size = 0},
	    {.kind = RECORDING_NOTHING, .at_ms = 0, .size = 1},
	    {.kind = RECORDING_RECEIVED, .at_ms = 0, .size = RECORDING_BYTES_MAX + 1},
	    {.kind = RECORDING_RECEIVED, .at_ms = 2678400001u, .size = 1},
	    {.kind = RECORDING_RECEIVED, .at_ms = 0, .size = 1, .address = "a topic"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str s;
		str_init(&s, text, sizeof text);
		assert_false(recording_write(&s, &rows[i], bytes));
		assert_int_equal(s.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_read_as_the_format_says),
	    cmocka_unit_test(lines_that_are_none_are_refused_with_what_was_expected),
	    cmocka_unit_test(text_stands_in_quotes_and_holds_quotes),
	    cmocka_unit_test(what_is_text_is_written_as_text),
	    cmocka_unit_test(a_line_holds_what_a_link_hands_on_and_no_more),
	    cmocka_unit_test(what_is_written_is_read_as_it_was),
	    cmocka_unit_test(what_no_line_can_hold_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
