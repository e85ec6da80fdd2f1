/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/person_words.h"

#include "base/testing.h"
#include "therapyctl/fields.h"

#define WORDS_MOST 40

/* getopt moves what it is given: a copy. `line` is cut at '|'. */
struct typed {
	char text[1024];
	char *words[WORDS_MOST];
};

static char **type(struct typed *typed, const char *line)
{
	size_t n = 0;
	memset(typed, 0, sizeof *typed);
	memcpy(typed->text, line, strlen(line));
	for (char *at = typed->text; at && n < WORDS_MOST - 1; n++) {
		typed->words[n] = at;
		at = strchr(at, '|');
		if (at)
			*at++ = '\0';
	}
	return typed->words;
}

static void refused(const char *line)
{
	struct typed typed;
	struct person_words words;
	if (person_words_read(type(&typed, line), &words))
		fail_msg("'%s' was taken", line);
}

static void becomes(const char *line, const char *person, const char *expected)
{
	struct typed typed;
	struct person_words words;
	struct json_object *told = person ? json_tokener_parse(person) : NULL;
	assert_true(person_words_read(type(&typed, line), &words));
	struct json_object *order = person_words_order(&words, told);
	json_object_object_del(order, "at_ms");
	assert_string_equal(
	    json_object_to_json_string_ext(order, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), expected);
	json_object_put(order);
	json_object_put(told);
}

static void a_new_person_is_told_whole(void **state)
{
	(void)state;
	becomes(
	    "add|Ada|--weight|72 kg|--cleared-on|2026-05-01|--cleared-by|Dr. X|--limit|tilt=35 deg|--limit=force=150 "
	    "N|--deny|heat",
	    NULL,
	    "{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"create\":true,\"weight\":\"72 "
	    "kg\",\"cleared_on\":\"2026-05-01\",\"cleared_by\":\"Dr. X\",\"limits\":{\"tilt\":\"35 "
	    "deg\",\"force\":\"150 N\"},\"denies\":[\"heat\"]}");
	becomes("add|Ada", NULL, "{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"create\":true}");
}

static void options_stand_on_either_side_of_the_name(void **state)
{
	(void)state;
	static const char expected[] = "{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"weight\":\"72 kg\"}";
	becomes("set|Ada|--weight|72 kg", NULL, expected);
	becomes("set|--weight|72 kg|Ada", NULL, expected);
	becomes("set|--weight=72 kg|--|-Ada", NULL,
		"{\"do\":\"person\",\"step\":\"set\",\"name\":\"-Ada\",\"weight\":\"72 kg\"}");
}

/* The gateway takes the list as a whole: what is not spoken of must be in it again. */
static void what_was_denied_before_stays_denied(void **state)
{
	(void)state;
	static const char person[] = "{\"name\":\"Ada\",\"denies\":[\"cold\",\"heat\",null]}";
	becomes("set|Ada|--deny|traction", person,
		"{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"denies\":[\"heat\",\"cold\",\"traction\"]}");
	becomes("set|Ada|--allow|heat", person,
		"{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"denies\":[\"cold\"]}");
	becomes("set|Ada|--allow|inversion", person, "{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\"}");
	becomes("set|Ada|--rename|Bea", person,
		"{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"rename\":\"Bea\"}");
}

static void what_is_taken_away_is_null(void **state)
{
	(void)state;
	becomes("set|Ada|--not-cleared|--no-weight|--limit|tilt=", NULL,
		"{\"do\":\"person\",\"step\":\"set\",\"name\":\"Ada\",\"weight\":null,\"cleared_on\":null,\"limits\":{"
		"\"tilt\":null}}");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "add",
	    "add|Ada|Bea",
	    "add|Ada|--rename|Bea", /* of set alone */
	    "add|Ada|--weight|72",
	    "add|Ada|--weight|72 N",
	    "add|Ada|--weight",
	    "add|Ada|--cleared-on|2026-02-30|--cleared-by|Dr. X",
	    "add|Ada|--cleared-on|2026-05-01",
	    "add|Ada|--cleared-by|Dr. X",
	    "set|Ada|--cleared-on|2026-05-01|--cleared-by|Dr. X|--not-cleared",
	    "set|Ada|--weight|72 kg|--no-weight",
	    "set|Ada|--deny|heat|--allow|heat",
	    "set|Ada|--deny|haet",
	    "set|Ada|--limit|tilt",
	    "set|Ada|--limit|=35 deg",
	    "set|Ada",
	    "set|Ada|--yes",
	    "list|Ada",
	    "choose",
	    "nobody|Ada",
	    "erase|Ada|--weight|72 kg",
	    "export|Ada|-o",
	    "export|Ada|-x",
	    "dance",
	    "show|\xff",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		refused(lines[i]);
	struct person_words words;
	char *none[] = {NULL};
	assert_false(person_words_read(none, &words));
}

static void where_an_export_goes_is_standard_output_unless_said(void **state)
{
	(void)state;
	struct typed typed;
	struct person_words words;
	assert_true(person_words_read(type(&typed, "export|Ada"), &words));
	assert_string_equal(words.file, "-");
	assert_true(person_words_read(type(&typed, "export|-o|ada.json|Ada"), &words));
	assert_string_equal(words.file, "ada.json");
	assert_string_equal(words.name, "Ada");
	assert_true(person_words_read(type(&typed, "show"), &words));
	assert_null(words.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_person_is_told_whole),
	    cmocka_unit_test(options_stand_on_either_side_of_the_name),
	    cmocka_unit_test(what_was_denied_before_stays_denied),
	    cmocka_unit_test(what_is_taken_away_is_null),
	    cmocka_unit_test(what_makes_no_sense_is_refused),
	    cmocka_unit_test(where_an_export_goes_is_standard_output_unless_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
