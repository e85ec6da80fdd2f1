/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/text.h"

#include "base/testing.h"

static void becomes(void (*add)(struct text *, const char *), const char *foreign, const char *expected)
{
	struct text text = {0};
	add(&text, foreign);
	assert_false(text.failed);
	assert_string_equal(text.at ? text.at : "", expected);
	text_release(&text);
}

static void nothing_of_html_in_a_note_is_html(void **state)
{
	(void)state;
	becomes(text_add_html, "<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
	becomes(text_add_html, "]]> \" &amp; -->", "]]&gt; &quot; &amp;amp; --&gt;");
	becomes(text_add_html, "two\r\nlines\tand a tab", "two\nlines\tand a tab");
}

static void what_is_no_utf8_is_replaced_byte_for_byte(void **state)
{
	(void)state;
	becomes(text_add_html, "a\xff\xc3z", "a\uFFFD\uFFFDz");
	becomes(text_add_html, "\xe2\x82", "\uFFFD\uFFFD");                       /* cut off at the end */
	becomes(text_add_html, "\xc0\xbc", "\uFFFD\uFFFD");                       /* '<' in two bytes */
	becomes(text_add_html, "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD");             /* half a surrogate pair */
	becomes(text_add_html, "Grüße, 痛み, 🙂", "Grüße, 痛み, 🙂"); /* and what is well-formed stays */
}

static void a_terminal_is_not_controlled_by_a_note(void **state)
{
	(void)state;
	becomes(text_add_line, "\033[2Jgone\007", "\uFFFD[2Jgone\uFFFD");
	becomes(text_add_line,
		"\xc2\x9b"
		"2J",
		"\uFFFD2J"); /* CSI in one character */
	becomes(text_add_line,
		"\xe2\x80\xae"
		"drow",
		"\uFFFDdrow");                            /* right to left from here */
	becomes(text_add_line, "\xef\xbf\xbf", "\uFFFD"); /* U+FFFF cannot stand in XML */
	becomes(text_add_line, "one\r\n\ttwo", "one two");
}

static void it_grows(void **state)
{
	struct text text = {0};
	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		text_add(&text, "%u,", i % 10);
	assert_int_equal(text.len, 10000);
	assert_memory_equal(text.at + 9990, "5,6,7,8,9,", 11);
	text_clear(&text);
	assert_string_equal(text.at, "");
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_of_html_in_a_note_is_html),
	    cmocka_unit_test(what_is_no_utf8_is_replaced_byte_for_byte),
	    cmocka_unit_test(a_terminal_is_not_controlled_by_a_note),
	    cmocka_unit_test(it_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
