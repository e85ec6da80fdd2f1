/* SPDX-License-Identifier: Apache-2.0 */
#include "page/phrases.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "page/assets.h"

static char *fill(enum language language, const char *text)
{
	size_t size;
	return phrases_fill(language, text, strlen(text), &size);
}

static void is_filled(enum language language, const char *text, const char *expected)
{
	char *out = fill(language, text);
	assert_non_null(out);
	assert_string_equal(out, expected);
	free(out);
}

static void words_go_to_their_places_in_the_language(void **state)
{
	(void)state;
	is_filled(LANGUAGE_EN, "<p lang=\"{{language}}\">{{stop}}</p>", "<p lang=\"en\">STOP</p>");
	is_filled(LANGUAGE_DE, "<p lang=\"{{language}}\">{{stop}}</p>", "<p lang=\"de\">STOPP</p>");
	is_filled(LANGUAGE_EN, "", "");
	is_filled(LANGUAGE_EN, "a {{ b", "a {{ b");
	assert_null(fill(LANGUAGE_EN, "{{no_such_key}}"));
	assert_null(fill(LANGUAGE_EN, "{{}}"));
}

static void no_word_can_end_an_attribute_or_begin_an_element(void **state)
{
	(void)state;
	for (int language = 0; language < LANGUAGE_COUNT_; language++) {
		char *out = fill((enum language)language, "{{words}}");
		assert_non_null(out);
		assert_null(strpbrk(out, "\"<>"));
		free(out);
	}
}

static bool names_key(const char *words, const char *key, size_t size)
{
	char quoted[80];
	(void)snprintf(quoted, sizeof quoted, "&quot;%.*s&quot;:", (int)size, key);
	return strstr(words, quoted) != NULL;
}

/* Every words.KEY and say("KEY", ...) of the script is a phrase: one that is missing would be "undefined" on the page.
 */
static void whatever_the_script_says_there_is(void **state)
{
	(void)state;
	static const char *const uses[] = {"words.", "say(\""};
	char *words = fill(LANGUAGE_EN, "{{words}}");
	size_t n = 0;
	for (size_t u = 0; u < 2; u++)
		for (const char *at = page_script; (at = strstr(at, uses[u]));) {
			bool member = at > page_script && at[-1] == '.'; /* of something else: c.words.map() */
			at += strlen(uses[u]);
			if (member)
				continue;
			size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
			if (size > 0 && !names_key(words, at, size))
				fail_msg("the script says '%.*s', which is no phrase", (int)size, at);
			n += size > 0;
		}
	assert_true(n > 40);
	free(words);
}

static void the_page_itself_is_filled(void **state)
{
	(void)state;
	size_t size;
	for (int language = 0; language < LANGUAGE_COUNT_; language++) {
		char *out = phrases_fill((enum language)language, page_html, page_html_size, &size);
		assert_non_null(out);
		assert_null(strstr(out, "{{"));
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_go_to_their_places_in_the_language),
	    cmocka_unit_test(no_word_can_end_an_attribute_or_begin_an_element),
	    cmocka_unit_test(whatever_the_script_says_there_is),
	    cmocka_unit_test(the_page_itself_is_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
