/* SPDX-License-Identifier: Apache-2.0
 * The bounds of what is given to libconfig, and what it is given unharmed. */
#include "config/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

/* Checks `text`; the fault it tells, or "". */
static bool check(const char *text, size_t size, char told[256])
{
	struct faults faults = {0};
	struct arena arena = {0};
	struct source source = {.file = "f", .text = arena_copy(&arena, text, size), .size = size};
	bool good = source_check(&source, &faults);
	assert_true(faults.n <= 1);
	snprintf(told, 256, "%u: %s", faults.n ? faults.items[0].line : 0, faults.n ? faults.items[0].text : "");
	faults_release(&faults);
	arena_release(&arena);
	return good;
}

/* `n` times `piece` between `before` and `after`. */
static bool check_many(const char *before, const char *piece, size_t n, const char *after, char told[256])
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	fputs(before, out);
	for (size_t i = 0; i < n; i++)
		fputs(piece, out);
	fputs(after, out);
	fclose(out);
	bool good = check(text, size, told);
	free(text);
	return good;
}

static void text_of_every_form_passes(void **state)
{
	(void)state;
	char told[256];
	static const char text[] =
	    "# 99999999999 { ( [ \" in a comment\n"
	    "// and \" here\n"
	    "/* and ] 1e999 \n \" here */\n"
	    "a-b_c* : { x = \"{ 5000000000 # /* \\\" \"; y = [ -1, +2, 0x7FFFFFFF, 2147483647 ]; };\n"
	    "big = 5000000000L; l = 0xFFFFFFFFFFL; f = -1.5e+3; g = .5; h = 5.; i = 1E308; t = TRUE\n";
	assert_true(check(text, sizeof text - 1, told));
	assert_string_equal(told, "0: ");
	assert_true(check("", 0, told));
}

static void long_text_is_refused_before_it_costs_time(void **state)
{
	(void)state;
	char told[256];
	assert_true(check_many("a = \"", "x", 4096, "\";", told));
	assert_false(check_many("\na = \"", "x", 4097, "\";", told));
	assert_string_equal(told, "2: this text has 4097 bytes, expected at most 4096");
	assert_false(check_many("a = \"", "x", 1 << 20, "\";", told)); /* a line of 1 MB */
	assert_false(check_many("a = ", "\"x\" /* joined */\n", 4097, ";", told));
	assert_string_equal(told, "4097: this text has 4097 bytes, expected at most 4096");
	assert_true(check_many("a = (", "\"x\",", 5000, "\"\");", told)); /* not joined */
}

static void long_comment_costs_nothing(void **state)
{
	(void)state;
	char told[256];
	assert_true(check_many("# ", "x", 1 << 20, "\n", told));
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	char told[256];
	assert_true(check_many("a = ", "(", 16, "))))))))))))))));", told));
	assert_false(check_many("a =\n", "(", 17, "", told));
	assert_string_equal(told, "2: brackets stand more than 16 deep here, expected at most 4");
	assert_false(check_many("a = ", "(", 1 << 20, "", told));
}

static void crowded_groups_are_refused(void **state)
{
	(void)state;
	char told[256];
	assert_true(check_many("a = {", "x=1;", 256, "};", told));
	assert_false(check_many("a = {\n", "x=1;", 257, "};", told));
	assert_string_equal(told, "2: more than 256 settings stand in one group here");
	assert_true(check_many("a = (", "{x=1;y=2;},", 1000, "1);", told)); /* of each group its own */
}

static void number_of_any_length_is_bounded(void **state)
{
	(void)state;
	char told[256];
	assert_false(check_many("a = ", "1", 100000, ";", told));
	assert_string_equal(told, "1: this number has 100000 digits, expected at most 63");
	assert_true(check("a = 99999999999999999999999L;", 28, told)); /* told, and libconfig may have it */
	assert_non_null(strstr(told, "too large"));
}

static void number_is_found_too_large_whatever_stands_behind_it(void **state)
{
	(void)state;
	char told[256];
	static const char *const bad[] = {"a=5000000000b=1", "a=5000000000e=1", "a=[2147483648]",
					  "a=-2147483649;",  "a=+9999999999",   "a=0xFFFFFFFFx",
					  "a=1e999b=1",      "a=-1.5e999",      "a=99999999999999999999L"};
	static const char *const good[] = {"a=5000000000L", "a=-2147483648",  "a=1e300",
					   "a=5000000000.", "a=5000000000e0", "a=0x7fffffff"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		check(bad[i], strlen(bad[i]), told);
		assert_non_null(strstr(told, "which is too large"));
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(check(good[i], strlen(good[i]), told));
		assert_string_equal(told, "0: ");
	}
}

static void nul_bytes_are_refused(void **state)
{
	(void)state;
	char told[256];
	assert_false(check("a = 1;\n# \0\n", 11, told));
	assert_string_equal(told, "2: found a NUL byte, expected text");
}

static void lines_for_faults_hide_what_is_quoted(void **state)
{
	(void)state;
	static char text[] = "one = 1;\n\t user = \"me\" \"x\n  two = 22222222 ;  \r\n password = abc\nnext\n\nlast";
	struct source source = {.file = "f", .text = text, .size = sizeof text - 1};
	static const char *const lines[] = {"one = 1;", "user =", "two = 22222222 ;", "", "", "", "last"};
	char line[64], narrow[8];
	for (unsigned i = 0; i < 7; i++) {
		source_line(&source, i + 1, line, sizeof line);
		assert_string_equal(line, lines[i]);
	}
	source_line(&source, 8, line, sizeof line);
	assert_string_equal(line, "");
	source_line(&source, 3, narrow, sizeof narrow);
	assert_string_equal(narrow, "two = 2");
}

static void only_a_regular_file_of_bounded_size_is_read(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct source source = {.file = "as before"};
	char why[256], pipe[64] = "/tmp/therapy-source-XXXXXX";
	assert_non_null(mkdtemp(pipe));
	strcat(pipe, "/p");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(source_read(&arena, pipe, 100, &source, why), -1); /* and does not wait for a writer */
	assert_string_equal(why, "is not a regular file");
	unlink(pipe);
	FILE *file = fopen(pipe, "w");
	fputs("0123456789", file);
	fclose(file);
	assert_int_equal(source_read(&arena, pipe, 9, &source, why), -1);
	assert_string_equal(why, "has 10 bytes, expected at most 9");
	assert_string_equal(source.file, "as before");
	assert_int_equal(source_read(&arena, pipe, 10, &source, why), 0);
	assert_string_equal(source.text, "0123456789");
	assert_int_equal(source.size, 10);
	unlink(pipe);
	*strrchr(pipe, '/') = 0;
	rmdir(pipe);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_of_every_form_passes),
	    cmocka_unit_test(long_text_is_refused_before_it_costs_time),
	    cmocka_unit_test(long_comment_costs_nothing),
	    cmocka_unit_test(deep_nesting_is_refused),
	    cmocka_unit_test(crowded_groups_are_refused),
	    cmocka_unit_test(number_of_any_length_is_bounded),
	    cmocka_unit_test(number_is_found_too_large_whatever_stands_behind_it),
	    cmocka_unit_test(nul_bytes_are_refused),
	    cmocka_unit_test(lines_for_faults_hide_what_is_quoted),
	    cmocka_unit_test(only_a_regular_file_of_bounded_size_is_read),
	};
	return cmocka_run_group_tests_name("config source", tests, NULL, NULL);
}
