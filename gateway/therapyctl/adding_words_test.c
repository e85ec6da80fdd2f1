/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/adding_words.h"

#include "base/testing.h"

#define WORDS(...) ((char *[]){(char[]){"command"}, __VA_ARGS__, NULL} + 1)
#define W(text)    ((char[]){text})

static void becomes(struct json_object *order, const char *expected)
{
	assert_non_null(order);
	json_object_object_del(order, "at_ms");
	assert_string_equal(json_object_to_json_string_ext(order, JSON_C_TO_STRING_PLAIN), expected);
	json_object_put(order);
}

static void a_score_is_whole_and_of_0_to_10(void **state)
{
	(void)state;
	becomes(adding_words_pain(WORDS(W("before"), W("0"))), "{\"do\":\"pain\",\"when\":\"before\",\"score\":0}");
	becomes(adding_words_pain(WORDS(W("after"), W("10"))), "{\"do\":\"pain\",\"when\":\"after\",\"score\":10}");
	assert_null(adding_words_pain(WORDS(W("after"), W("11"))));
	assert_null(adding_words_pain(WORDS(W("after"), W("-1"))));
	assert_null(adding_words_pain(WORDS(W("after"), W("3.5"))));
	assert_null(adding_words_pain(WORDS(W("after"), W(""))));
	assert_null(adding_words_pain(WORDS(W("after"))));
	assert_null(adding_words_pain(WORDS(W("during"), W("3"))));
	assert_null(adding_words_pain(WORDS(W("after"), W("3"), W("4"))));
	assert_null(adding_words_pain(WORDS(NULL)));
}

static void a_note_is_all_the_words_and_no_option(void **state)
{
	(void)state;
	char most[513];
	becomes(adding_words_note(WORDS(W("it"), W("pulled,"), W("--then"), W("not"))),
		"{\"do\":\"note\",\"text\":\"it pulled, --then not\"}");
	assert_null(adding_words_note(WORDS(NULL)));
	assert_null(adding_words_note(WORDS(W(" "), W(""))));
	assert_null(adding_words_note(WORDS(W("\xff"))));
	memset(most, 'x', sizeof most);
	most[511] = '\0';
	struct json_object *order = adding_words_note(WORDS(most));
	assert_non_null(order);
	json_object_put(order);
	most[511] = 'x';
	most[512] = '\0';
	assert_null(adding_words_note(WORDS(most)));
}

static void an_activity_has_minutes_and_a_note_in_any_order(void **state)
{
	(void)state;
	becomes(adding_words_log(WORDS(W("foam"), W("rolling"), W("--minutes"), W("10"), W("--note"), W("left side"))),
		"{\"do\":\"log\",\"what\":\"foam rolling\",\"minutes\":10,\"note\":\"left side\"}");
	becomes(adding_words_log(WORDS(W("--minutes=1440"), W("walk"))),
		"{\"do\":\"log\",\"what\":\"walk\",\"minutes\":1440}");
	becomes(adding_words_log(WORDS(W("--"), W("--odd"))), "{\"do\":\"log\",\"what\":\"--odd\",\"minutes\":0}");
	assert_null(adding_words_log(WORDS(W("walk"), W("--minutes"), W("1441"))));
	assert_null(adding_words_log(WORDS(W("walk"), W("--minutes"), W("ten"))));
	assert_null(adding_words_log(WORDS(W("walk"), W("--minutes"))));
	assert_null(adding_words_log(WORDS(W("walk"), W("--weight"), W("3"))));
	assert_null(adding_words_log(WORDS(W("--minutes"), W("3"))));
	assert_null(adding_words_log(WORDS(W("0123456789012345678901234567890123456789012345678901234567890123"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_score_is_whole_and_of_0_to_10),
	    cmocka_unit_test(a_note_is_all_the_words_and_no_option),
	    cmocka_unit_test(an_activity_has_minutes_and_a_note_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
