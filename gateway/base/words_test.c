/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include <string.h>

#include "base/testing.h"

#define WORDS "off|low|medium"

static void each_value_has_its_word_and_each_word_its_value(void **state)
{
	(void)state;
	static const char *const words[] = {"off", "low", "medium"};
	assert_int_equal(words_count(WORDS), 3);
	for (size_t i = 0; i < 3; i++) {
		size_t size = 0;
		double value = -1;
		const char *word = words_of(WORDS, (double)i, &size);
		assert_non_null(word);
		assert_int_equal(size, strlen(words[i]));
		assert_memory_equal(word, words[i], size);
		assert_true(words_value(WORDS, words[i], strlen(words[i]), &value));
		assert_near(value, (double)i, 0);
	}
}

static void what_is_no_word_is_none_and_what_is_no_value_has_none(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "lo", "lows", "Low", "off|low", "|", "0"};
	static const double values[] = {-1, 0.5, 3, 1e300};
	double value = 7;
	size_t size;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(words_value(WORDS, rows[i], strlen(rows[i]), &value));
	assert_near(value, 7, 0);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_null(words_of(WORDS, values[i], &size));
	assert_null(words_of(WORDS, (double)NAN, &size));
}

static void without_words_there_are_none(void **state)
{
	(void)state;
	static const char *const rows[] = {NULL, ""};
	for (size_t i = 0; i < 2; i++) {
		double value;
		size_t size;
		assert_int_equal(words_count(rows[i]), 0);
		assert_null(words_of(rows[i], 0, &size));
		assert_false(words_value(rows[i], "", 0, &value));
	}
}

static void a_list_reads_like_a_sentence(void **state)
{
	(void)state;
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	words_list(&s, WORDS);
	assert_string_equal(text, "off, low, medium");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_value_has_its_word_and_each_word_its_value),
	    cmocka_unit_test(what_is_no_word_is_none_and_what_is_no_value_has_none),
	    cmocka_unit_test(without_words_there_are_none),
	    cmocka_unit_test(a_list_reads_like_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
