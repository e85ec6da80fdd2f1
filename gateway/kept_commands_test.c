/* SPDX-License-Identifier: Apache-2.0
 * Promise: what the broker keeps is told once for each appearance, in words that say what to do, and what strangers
 * wrote does not reach a terminal as it is. */
#include "kept_commands.h"

#include <string.h>

#include "base/testing.h"

static enum kept_commands_news take(struct kept_commands *k, uint32_t channel, const char *payload, bool cleared,
				    bool clears, char *why)
{
	char topic[] = "cmnd/pad/POWER", text[200];
	Therapy__V1__KeptCommand said = THERAPY__V1__KEPT_COMMAND__INIT;
	strcpy(text, payload);
	topic[sizeof topic - 2] = (char)('R' + channel);
	said.channel = channel;
	said.topic = topic;
	said.payload = text;
	said.cleared = cleared;
	return kept_commands_take(k, &said, clears, LANGUAGE_EN, why);
}

static void assert_json(const struct kept_commands *k, const char *text)
{
	struct json_object *o = kept_commands_json(k);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    text);
	json_object_put(o);
}

static void each_appearance_is_told_once_and_says_what_to_do(void **state)
{
	(void)state;
	struct kept_commands k = {0};
	char why[CORE_WHY_MAX];
	assert_int_equal(take(&k, 0, "", false, false, why), KEPT_COMMANDS_SAME);
	assert_int_equal(take(&k, 0, "ON", false, false, why), KEPT_COMMANDS_KEPT);
	assert_string_equal(
	    why, "the broker keeps 'ON' for cmnd/pad/POWER: the device obeys it whenever it connects. Clear "
		 "it with mosquitto_pub -r -n -t 'cmnd/pad/POWER', or set clear_retained_commands = true for "
		 "this device");
	assert_int_equal(take(&k, 0, "ON", false, false, why), KEPT_COMMANDS_SAME); /* its process was started anew */
	assert_int_equal(take(&k, 0, "OFF", false, false, why), KEPT_COMMANDS_KEPT);
	assert_int_equal(take(&k, 1, "9", false, false, why), KEPT_COMMANDS_KEPT);
	assert_json(
	    &k,
	    "[{\"topic\":\"cmnd/pad/POWER\",\"payload\":\"OFF\"},{\"topic\":\"cmnd/pad/POWES\",\"payload\":\"9\"}]");
	assert_int_equal(take(&k, 0, "", false, false, why), KEPT_COMMANDS_GONE);
	assert_string_equal(why,
			    "the broker keeps nothing for cmnd/pad/POWER any more; it was cleared by somebody else");
	assert_int_equal(take(&k, 0, "", false, false, why), KEPT_COMMANDS_SAME);
	assert_json(&k, "[{\"topic\":\"cmnd/pad/POWES\",\"payload\":\"9\"}]");
	assert_int_equal(take(&k, 0, "ON", false, false, why), KEPT_COMMANDS_KEPT);
}

static void with_consent_it_is_said_that_it_is_cleared_and_was(void **state)
{
	(void)state;
	struct kept_commands k = {0};
	char why[CORE_WHY_MAX];
	assert_int_equal(take(&k, 0, "ON", false, true, why), KEPT_COMMANDS_KEPT);
	assert_non_null(strstr(why, "It is cleared now (clear_retained_commands)"));
	assert_int_equal(take(&k, 0, "", true, true, why), KEPT_COMMANDS_GONE);
	assert_string_equal(why, "the broker keeps nothing for cmnd/pad/POWER any more: 'ON' was cleared "
				 "(clear_retained_commands)");
}

static void what_strangers_wrote_is_made_plain_and_fits(void **state)
{
	(void)state;
	struct kept_commands k = {0};
	char why[CORE_WHY_MAX], longest[150];
	assert_int_equal(take(&k, 0, "\x1b[1mON\n\xff", false, false, why), KEPT_COMMANDS_KEPT);
	assert_non_null(strstr(why, "'?[1mON?"
				    "?'"));
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(take(&k, 1, longest, false, false, why), KEPT_COMMANDS_KEPT);
	assert_non_null(strstr(why, "clear_retained_commands = true"));
	Therapy__V1__KeptCommand said = THERAPY__V1__KEPT_COMMAND__INIT;
	char topic[300], payload[] = "ON";
	memset(topic, 't', sizeof topic - 1);
	topic[sizeof topic - 1] = '\0';
	said.channel = 2;
	said.topic = topic;
	said.payload = payload;
	assert_int_equal(kept_commands_take(&k, &said, false, LANGUAGE_EN, why), KEPT_COMMANDS_KEPT);
	assert_non_null(strstr(why, "keeps 'ON' for tttt"));
	assert_non_null(strstr(why, "clear_retained_commands = true"));
}

static void more_than_are_listed_are_told_all_the_same(void **state)
{
	(void)state;
	struct kept_commands k = {0};
	char why[CORE_WHY_MAX];
	for (uint32_t i = 0; i < KEPT_COMMANDS + 2; i++)
		assert_int_equal(take(&k, i, "ON", false, false, why), KEPT_COMMANDS_KEPT);
	struct json_object *o = kept_commands_json(&k);
	assert_int_equal(json_object_array_length(o), KEPT_COMMANDS);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_appearance_is_told_once_and_says_what_to_do),
	    cmocka_unit_test(with_consent_it_is_said_that_it_is_cleared_and_was),
	    cmocka_unit_test(what_strangers_wrote_is_made_plain_and_fits),
	    cmocka_unit_test(more_than_are_listed_are_told_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
