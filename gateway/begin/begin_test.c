/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "begin/coverage.h"
#include "begin/home_edit.h"
#include "begin/home_file.h"
#include "begin/place.h"
#include "begin/seen.h"

static struct seen *add(struct seen_list *list, const char *plugin, const char *model, const char *link)
{
	struct seen *s = seen_add(list, plugin, model, link);
	assert_non_null(s);
	return s;
}

static void home(struct seen_list *list)
{
	*list = (struct seen_list){0};
	add(list, "heat_pad", "tasmota", "mqtt:pad_plug");
	add(list, "inversion_table", "esphome", "mqtt:imu");
	add(list, "generic", "zigbee2mqtt_plug", "mqtt:lamp");
	add(list, "generic", "zigbee2mqtt_cold_pack", "mqtt:fridge");
}

static void enter_takes_what_measures_and_never_a_plug(void **state)
{
	struct seen_list list;
	char text[64];
	(void)state;
	home(&list);
	seen_default(&list, text, sizeof text);
	assert_string_equal(text, "2");
	list.at[1].offline = true;
	seen_default(&list, text, sizeof text);
	assert_string_equal(text, "");
}

static void an_answer_chooses_all_of_it_or_nothing(void **state)
{
	static const char *const bad[] = {
	    "0", "5", "1 x", "-1", "1=warm", "3=cold", "2=cold", "1 99999999999999999999", "1;2"};
	struct seen_list list;
	char why[256];
	(void)state;
	home(&list);
	assert_true(seen_choose(&list, "1=cold, 2", why, sizeof why));
	assert_int_equal(seen_chosen(&list), 2);
	assert_true(list.at[0].cold);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why[0] = '\0';
		assert_false(seen_choose(&list, bad[i], why, sizeof why));
		assert_true(why[0] != '\0');
		assert_int_equal(seen_chosen(&list), 0);
	}
	(void)snprintf(list.at[0].why_not, sizeof list.at[0].why_not, "twins");
	assert_false(seen_choose(&list, "1", why, sizeof why));
	assert_non_null(strstr(why, "twins"));
	assert_true(seen_choose(&list, "", why, sizeof why));
	assert_int_equal(seen_chosen(&list), 0);
}

static void what_probe_printed_becomes_a_row(void **state)
{
	struct seen_list list = {0};
	(void)state;
	assert_true(seen_add_probed(
	    &list, "serial:/dev/x",
	    "9600 baud: 330 bytes heard\n\n9600 baud: inversion_table, model wt901 (30 of 30 frames): tilt 0\n"
	    "  { id = \"inversion_table\"; plugin = \"inversion_table\"; model = \"wt901\";\n"
	    "    link = \"serial:/dev/x?baud=9600\"; }\n"));
	assert_string_equal(list.at[0].link, "serial:/dev/x?baud=9600");
	assert_string_equal(list.at[0].model, "wt901");
	assert_int_equal(list.at[0].role, SEEN_TABLE);
	assert_false(seen_add_probed(&list, "serial:/dev/y", "Nothing was heard.\n"));
	assert_false(seen_add_probed(&list, "serial:/dev/y", "\n  { id = \"a\"; plugin = \"b"));
	assert_int_equal(list.n, 1);
}

static void twins_cannot_be_taken_and_a_name_that_breaks_a_text_is_left_out(void **state)
{
	struct seen_list list = {0};
	struct found_list found = {0};
	(void)state;
	struct found *f = found_at(&found, FOUND_TASMOTA, "plug", 4);
	found_is(f, "heat_pad", "tasmota");
	found_says(f, "My \"pad\"");
	found_own(f, "AABB");
	found_own(f, "AABB");
	assert_false(f->twins);
	found_own(f, "CCDD");
	found_note(f, "something later");
	seen_add_found(&list, f);
	assert_true(f->twins);
	assert_non_null(strstr(list.at[0].why_not, "two devices have this name"));
	assert_string_equal(list.at[0].name, "");
}

static void a_first_one_is_under_20_lines_and_says_what_was_answered(void **state)
{
	struct seen_list list;
	char why[256];
	struct home_answers a = {.url = "mqtt://h",
				 .username = "me",
				 .password_file = "mqtt-password",
				 .german = true,
				 .heats_when_powered = true,
				 .owns_table = true,
				 .owns_traction = true};
	(void)state;
	home(&list);
	assert_true(seen_choose(&list, "1 2 3 4", why, sizeof why));
	seen_name(&list, NULL, NULL);
	assert_string_equal(list.at[0].id, "pad");
	assert_string_equal(list.at[2].id, "pad_2");
	assert_string_equal(list.at[3].id, "fridge");
	char *text = home_file_new(&a, &list);
	unsigned lines = 0;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_true(lines < 20);
	assert_non_null(strstr(text, "# profile = { heat_acknowledged"));
	assert_non_null(strstr(text, "username = \"me\"; password_file = \"mqtt-password\";"));
	assert_non_null(strstr(text, "owned_unmonitored = [ \"inversion\", \"traction\" ];"));
	free(text);
}

static void adding_keeps_every_byte_but_for_one_comma(void **state)
{
	static const struct {
		const char *old, *fresh, *difference;
	} rows[] = {
	    {"# mine\ndevices = (\n  { id = \"a\"; } # mine, too: )\n);\nlimits = {};\n",
	     "# mine\ndevices = (\n  { id = \"a\"; }, # mine, too: )\n"
	     "  { id = \"table\"; plugin = \"inversion_table\"; model = \"esphome\"; link = \"mqtt:imu\"; "
	     "}\n);\nlimits = {};\n",
	     "-   { id = \"a\"; } # mine, too: )\n+   { id = \"a\"; }, # mine, too: )\n"
	     "+   { id = \"table\"; plugin = \"inversion_table\"; model = \"esphome\"; link = \"mqtt:imu\"; }\n"},
	    {"devices = ( );",
	     "devices = (\n  { id = \"table\"; plugin = \"inversion_table\"; model = \"esphome\"; link = \"mqtt:imu\"; "
	     "}\n);",
	     NULL},
	    {"/* devices = ( */ gateway = { devices = 1; };\ndevices = ( { x = \")\\\")\"; }\n  /* ) */ );",
	     "/* devices = ( */ gateway = { devices = 1; };\ndevices = ( { x = \")\\\")\"; },\n  /* ) */\n"
	     "  { id = \"table\"; plugin = \"inversion_table\"; model = \"esphome\"; link = \"mqtt:imu\"; }\n);",
	     NULL},
	};
	static const char *const none[] = {
	    "", "gateway = {};", "devices", "devices = ( { a = 1; }", "# devices = ();", "@include \"x\""};
	struct seen_list list;
	struct home_answers a = {.url = ""};
	char why[256];
	(void)state;
	home(&list);
	assert_true(seen_choose(&list, "2", why, sizeof why));
	seen_name(&list, NULL, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *fresh = home_file_change(rows[i].old, &(struct home_change){0}, &a, &list, why, sizeof why);
		assert_non_null(fresh);
		assert_string_equal(fresh, rows[i].fresh);
		char *difference = home_edit_difference(rows[i].old, fresh);
		if (rows[i].difference)
			assert_string_equal(difference, rows[i].difference);
		free(difference);
		free(fresh);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_null(home_file_change(none[i], &(struct home_change){0}, &a, &list, why, sizeof why));
}

static void one_value_changes_and_every_other_byte_stays(void **state)
{
	static const struct {
		const char *old, *group, *setting, *value, *fresh;
	} rows[] = {
	    {"mqtt = { url = \"a\"; }; # url\n", "mqtt", "url", "\"b\"", "mqtt = { url = \"b\"; }; # url\n"},
	    {"mqtt : {\n  /* url = 1 */ url : \"a\" # old\n  x = { url = 2; }\n}\n", "mqtt", "url", "\"b\"",
	     "mqtt : {\n  /* url = 1 */ url : \"b\" # old\n  x = { url = 2; }\n}\n"},
	    {"mqtt = { url = \"a\"; # mine; }\n};", "mqtt", "username", "\"me\"",
	     "mqtt = { url = \"a\"; username = \"me\"; # mine; }\n};"},
	    {"profile = {\n  # heat_acknowledged = true;\n};\n", "profile", "heat_acknowledged", "true",
	     "profile = { heat_acknowledged = true;\n  # heat_acknowledged = true;\n};\n"},
	    {"profile = { weight = \"7} kg\" };", "profile", "heat_acknowledged", "true",
	     "profile = { weight = \"7} kg\"; heat_acknowledged = true; };"},
	    {"profile = { heat_acknowledged = false; weight = ( 1, { a = 2; } ); };", "profile", "heat_acknowledged",
	     "true", "profile = { heat_acknowledged = true; weight = ( 1, { a = 2; } ); };"},
	    {"gateway = { };", "mqtt", "url", "\"b\"", "gateway = { };\nmqtt = { url = \"b\"; };\n"},
	};
	static const char *const bad[] = {"mqtt = 5;", "mqtt = { url", "mqtt = { url = \"a\"; ", "mqtt",
					  "mqtt = { @include \"x\" };"};
	char why[256];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *fresh =
		    home_edit_set(rows[i].old, rows[i].group, rows[i].setting, rows[i].value, why, sizeof why);
		assert_non_null(fresh);
		assert_string_equal(fresh, rows[i].fresh);
		free(fresh);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(home_edit_set(bad[i], "mqtt", "username", "1", why, sizeof why));
	assert_true(home_edit_has(rows[1].old, "mqtt", "url"));
	assert_false(home_edit_has(rows[3].old, "profile", "heat_acknowledged"));
}

static void a_broker_and_an_acknowledgement_change_in_place(void **state)
{
	const struct home_change change = {.acknowledge = true, .broker = true};
	struct home_answers a = {.url = "mqtt://new", .username = "me", .password_file = "mqtt-password-2"};
	struct seen_list list;
	char why[256];
	(void)state;
	home(&list);
	char *fresh = home_file_change("# mine\nmqtt = { url = \"mqtt://old\"; }; # too\ndevices = ( );\n", &change, &a,
				       &list, why, sizeof why);
	assert_string_equal(
	    fresh, "# mine\nmqtt = { url = \"mqtt://new\"; username = \"me\"; password_file = \"mqtt-password-2\"; }; "
		   "# too\ndevices = ( );\n"
		   "# Not on numb skin, not asleep, not for children: docs/safety.md.\nprofile = { heat_acknowledged = "
		   "true; };\n");
	free(fresh);
	assert_null(home_file_change("mqtt = { password = \"x\"; };\n", &change, &a, &list, why, sizeof why));
	assert_non_null(strstr(why, "by hand"));
}

static void a_difference_is_lines_and_shows_no_password(void **state)
{
	static const struct {
		const char *old, *fresh, *difference;
	} rows[] = {
	    {"a\nb\nc\n", "a\nb\nc\n", ""},
	    {"a\nb\nc\nd\n", "a\nx\nc\ny\nd\n", "- b\n+ x\n+ y\n"},
	    {"", "a", "+ a\n"},
	    {"a\n", "", "- a\n"},
	    {"mqtt = { password = \"h\\\"i\"; url = 1; };\n", "mqtt = { password = \"h\\\"i\"; url = 2; };\n",
	     "- mqtt = { password = \"(not shown)\"; url = 1; };\n+ mqtt = { password = \"(not shown)\"; url = 2; "
	     "};\n"},
	    {"password_file = \"x\"", "password_file = \"y\"", "- password_file = \"x\"\n+ password_file = \"y\"\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *difference = home_edit_difference(rows[i].old, rows[i].fresh);
		assert_string_equal(difference, rows[i].difference);
		free(difference);
	}
}

static void a_place_is_read_as_a_person_writes_it(void **state)
{
	static const char *const bad[] = {"", "me:secret@h", "a b", "h:99999", "ftp://h", "h\"", "\\@h"};
	struct place place;
	char why[256];
	(void)state;
	assert_true(place_read("me@broker.lan:1884", &place, why, sizeof why));
	assert_string_equal(place.url, "mqtt://broker.lan:1884");
	assert_string_equal(place.username, "me");
	assert_true(place_read("mqtts://h", &place, why, sizeof why));
	assert_string_equal(place.username, "");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why[0] = '\0';
		assert_false(place_read(bad[i], &place, why, sizeof why));
		assert_true(why[0] != '\0');
		assert_string_equal(place.url, "mqtts://h");
	}
}

static void what_covers_more_is_told_by_what_lacks_it(void **state)
{
	static const char text[] = "{\"kinds\":{\"pad\":\"heat\"},\"hazards\":["
				   "{\"title\":\"inverted\",\"level\":\"not_covered\",\"by\":[{\"text\":\"not covered, "
				   "missing: a tilt sensor (kind inversion)\"}]},"
				   "{\"title\":\"hot\",\"level\":\"not_covered\",\"by\":[{\"text\":\"not covered, "
				   "missing: a skin temp sensor (kind heat)\"}]},"
				   "{\"title\":\"burn\",\"level\":\"partly\",\"by\":[{\"text\":\"covered\"},{\"text\":"
				   "\"x; missing: a skin temp sensor (kind heat)\"},"
				   "{\"text\":\"y, missing: a skin temp sensor (kind heat)\"}]}]}";
	static struct coverage c;
	char titles[100];
	(void)state;
	struct json_object *check = json_tokener_parse(text);
	coverage_read(&c, check);
	assert_int_equal(c.n, 2);
	assert_true(c.lacks[0].elsewhere);
	assert_false(c.lacks[1].elsewhere);
	assert_string_equal(c.lacks[1].titles, "hot; burn");
	coverage_titles(check, "not_covered", titles, sizeof titles);
	assert_string_equal(titles, "hot");
	coverage_titles(check, "partly", titles, sizeof titles);
	assert_string_equal(titles, "burn");
	json_object_put(check);
	coverage_read(&c, NULL);
	assert_int_equal(c.n, 0);
}

static void what_no_sensor_measures_is_chosen_but_no_device(void **state)
{
	struct seen_list list;
	char why[256];
	(void)state;
	home(&list);
	seen_add_owned(&list, SEEN_OWNED_TABLE);
	assert_true(seen_choose(&list, "1 5", why, sizeof why));
	assert_int_equal(seen_chosen(&list), 1);
	seen_name(&list, NULL, NULL);
	assert_false(seen_choose(&list, "2 5", why, sizeof why));
	assert_non_null(strstr(why, "without sensor"));
	assert_false(list.at[1].chosen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(enter_takes_what_measures_and_never_a_plug),
	    cmocka_unit_test(an_answer_chooses_all_of_it_or_nothing),
	    cmocka_unit_test(what_probe_printed_becomes_a_row),
	    cmocka_unit_test(twins_cannot_be_taken_and_a_name_that_breaks_a_text_is_left_out),
	    cmocka_unit_test(a_first_one_is_under_20_lines_and_says_what_was_answered),
	    cmocka_unit_test(adding_keeps_every_byte_but_for_one_comma),
	    cmocka_unit_test(one_value_changes_and_every_other_byte_stays),
	    cmocka_unit_test(a_broker_and_an_acknowledgement_change_in_place),
	    cmocka_unit_test(a_difference_is_lines_and_shows_no_password),
	    cmocka_unit_test(a_place_is_read_as_a_person_writes_it),
	    cmocka_unit_test(what_covers_more_is_told_by_what_lacks_it),
	    cmocka_unit_test(what_no_sensor_measures_is_chosen_but_no_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
