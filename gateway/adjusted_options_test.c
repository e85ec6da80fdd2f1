/* SPDX-License-Identifier: Apache-2.0
 * Promise: the configuration wins over what a calibration found, and a part of what was found never holds alone. */
#include "adjusted_options.h"

#include "base/testing.h"

struct found {
	Therapy__V1__OptionValue values[3], *items[3];
	char axis[5], roll[5], sign[5], normal[7], zero[9];
};

static struct adjusted_options found(struct found *f)
{
	*f = (struct found){.axis = "axis", .roll = "roll", .sign = "sign", .normal = "normal", .zero = "zero_deg"};
	for (size_t i = 0; i < 3; i++) {
		f->values[i] = (Therapy__V1__OptionValue)THERAPY__V1__OPTION_VALUE__INIT;
		f->values[i].value_case =
		    i < 2 ? THERAPY__V1__OPTION_VALUE__VALUE_WORD : THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
		f->items[i] = &f->values[i];
	}
	f->values[0].key = f->axis;
	f->values[0].word = f->roll;
	f->values[1].key = f->sign;
	f->values[1].word = f->normal;
	f->values[2].key = f->zero;
	f->values[2].number = -1.5;
	return (struct adjusted_options){f->items, 3};
}

static const struct config_option *against(char *key, char *word, double number)
{
	static struct config_option given;
	static struct found f;
	given = (struct config_option){.key = key, .is_word = word != NULL, .word = word, .number = number};
	const struct config_device d = {.options = &given, .n_options = 1};
	return adjusted_options_against(&d, found(&f));
}

static void one_option_that_the_configuration_gives_otherwise_takes_all_of_them_out_of_use(void **state)
{
	(void)state;
	char axis[] = "axis", pitch[] = "pitch", sign[] = "sign", reversed[] = "reversed", zero[] = "zero_deg";
	assert_string_equal(against(axis, pitch, 0)->key, "axis"); /* a zero of roll means nothing on pitch */
	assert_string_equal(against(sign, reversed, 0)->key, "sign");
	assert_string_equal(against(zero, NULL, 0)->key, "zero_deg");
	assert_string_equal(against(sign, NULL, 1)->key, "sign"); /* a number where a word was found */
}

static void what_the_configuration_repeats_or_does_not_speak_of_leaves_them_in_use(void **state)
{
	(void)state;
	char axis[] = "axis", roll[] = "roll", zero[] = "zero_deg", other[] = "damping";
	assert_null(against(axis, roll, 0));
	assert_null(against(zero, NULL, -1.5));
	assert_null(against(other, NULL, 3));
}

static void they_read_as_in_the_configuration(void **state)
{
	(void)state;
	struct found f;
	struct str s;
	char text[120];
	str_init(&s, text, sizeof text);
	adjusted_options_line(&s, found(&f));
	assert_string_equal(text, "axis = \"roll\"; sign = \"normal\"; zero_deg = -1.5;");
	struct json_object *o = adjusted_options_json(found(&f));
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			    "{\"axis\":\"roll\",\"sign\":\"normal\",\"zero_deg\":-1.5}");
	json_object_put(o);
}

static void a_plugin_that_is_a_program_is_another_one(void **state)
{
	(void)state;
	char program[] = "/opt/table.py", plugin[] = "inversion_table", model[] = "wt901", link[] = "tcp://table:1";
	struct config_device d = {.plugin = plugin, .model = model, .link = link};
	assert_string_equal(adjusted_options_key(&d).plugin, "inversion_table");
	d.plugin = NULL;
	d.program = program;
	assert_string_equal(adjusted_options_key(&d).plugin, "/opt/table.py");
	assert_string_equal(adjusted_options_key(&d).link, "tcp://table:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_option_that_the_configuration_gives_otherwise_takes_all_of_them_out_of_use),
	    cmocka_unit_test(what_the_configuration_repeats_or_does_not_speak_of_leaves_them_in_use),
	    cmocka_unit_test(they_read_as_in_the_configuration),
	    cmocka_unit_test(a_plugin_that_is_a_program_is_another_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
