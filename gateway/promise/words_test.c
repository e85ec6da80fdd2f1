/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "promise/words.h"

static const struct words_control controls[] = {
    {.device = "pad",
     .key = "heat",
     .config = {.lease_ms = 1000,
		.deadline_ms = 1000,
		.silent_ms = 1000,
		.tick_ms = 500,
		.watchdog_ms = 3000,
		.link = DEADMAN_BROKER,
		.has_will = true,
		.alive_ms = 10000,
		.timer_ms = 30000,
		.confirm_ms = 2000,
		.load_ms = 15000,
		.age_ms = 5000}},
    {.device = "belt",
     .key = "tension",
     .accepted = true,
     .config = {.lease_ms = 1000, .link = DEADMAN_WIRE, .rest_ms = 1000, .ramp_ms = 40000}},
};

static void no_line_is_longer_than_the_terminal(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		if (n > 80)
			fail_msg("%zu columns: %.*s", n, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static char *deadman_text(const struct words_control *control)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	assert_non_null(to);
	words_deadman(to, control);
	fclose(to);
	no_line_is_longer_than_the_terminal(text);
	return text;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("expected '%s' in:\n%s", part, text);
}

static void a_table_says_each_bound_and_where_there_is_none(void **state)
{
	(void)state;
	char *text = deadman_text(&controls[0]);
	has(text, "pad.heat: rests by itself 30.0 s after the last renewal");
	has(text, "Told to rest and not obeying: alarm and cut-off within 8.5 s;");
	has(text, "a load 15 s after rest, seen twice");
	has(text, "off within");
	has(text, "device process killed                              0.5 s   31.2 s    0.5 s\n");
	free(text);
	text = deadman_text(&controls[1]);
	has(text, "does NOT rest by itself (accepted in the configuration)");
	has(text, "A ramp of at most 41 s");
	has(text, "NONE\n");
	has(text, "goes on\n");
	free(text);
}

static struct json_object *at(struct json_object *o, const char *a, const char *b, const char *c, const char *d)
{
	const char *keys[] = {a, b, c, d};
	for (size_t i = 0; i < 4 && keys[i]; i++)
		if (!json_object_object_get_ex(o, keys[i], &o))
			fail_msg("there is no '%s'", keys[i]);
	return o;
}

static void json_has_one_device_s_controls_and_null_for_no_bound(void **state)
{
	(void)state;
	struct json_object *pad = words_deadman_json(controls, 2, "pad"),
			   *belt = words_deadman_json(controls, 2, "belt");
	assert_int_equal(json_object_object_length(pad), 1);
	assert_int_equal(json_object_get_int(at(pad, "heat", "device_timer_ms", NULL, NULL)), 30000);
	assert_int_equal(json_object_get_int(at(pad, "heat", "disobeyed_ms", NULL, NULL)), 8500);
	assert_int_equal(json_object_get_int(at(pad, "heat", "load_ms", NULL, NULL)), 15000);
	struct json_object *faults = at(pad, "heat", "faults", NULL, NULL);
	assert_int_equal(json_object_object_length(faults), DEADMAN_FAULTS);
	assert_int_equal(json_object_get_int(at(faults, "network_cut", "begins_ms", NULL, NULL)), 21500);
	assert_string_equal(json_object_get_string(at(faults, "network_cut", "first", NULL, NULL)), "will");
	assert_int_equal(json_object_get_int(at(faults, "network_cut", "layers", "timer", NULL)), 31200);
	assert_int_equal(json_object_object_length(at(faults, "network_cut", "layers", NULL, NULL)), 2);
	assert_true(json_object_get_boolean(at(belt, "tension", "accepted_without_timer", NULL, NULL)));
	assert_null(at(belt, "tension", "device_timer_ms", NULL, NULL));
	assert_null(at(belt, "tension", "faults", "link_cut", "begins_ms"));
	assert_true(json_object_get_boolean(at(belt, "tension", "faults", "link_cut", "affected")));
	assert_int_equal(json_object_get_int(at(belt, "tension", "faults", "gateway_killed", "rests_ms")), 41500);
	json_object_put(pad);
	json_object_put(belt);
}

static void hazards_are_read_in_80_columns_and_as_json(void **state)
{
	(void)state;
	const struct hazards_rule rules[] = {
	    {"no-heat-during-inversion", 11, HAZARD_NOT_COVERED, false,
	     "not covered, missing: a tilt sensor (kind inversion), and a very long text that must be broken "
	     "somewhere, "
	     "because a terminal has eighty columns"},
	    {"belt-pressure", 7, HAZARD_NOT_COVERED, true, "refused until you give limit.pressure for belt"}};
	const struct hazards_home home = {.rules = rules, .n_rules = 2};
	struct hazards *h = hazards_new(&home);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	words_hazards(to, h);
	fclose(to);
	no_line_is_longer_than_the_terminal(text);
	has(text, "  7  NOT COVERED  too much pressure in the belt  (refused)\n");
	has(text, " 11  NOT COVERED  heat while inverted\n      no-heat-during-inversion: not covered, missing:");
	has(text, "eighty columns");
	free(text);
	struct json_object *json = words_hazards_json(h);
	assert_int_equal(json_object_array_length(json), HAZARDS_COUNT);
	struct json_object *seventh = json_object_array_get_idx(json, 6);
	assert_int_equal(json_object_get_int(at(seventh, "hazard", NULL, NULL, NULL)), 7);
	assert_true(json_object_get_boolean(at(seventh, "refused", NULL, NULL, NULL)));
	assert_string_equal(json_object_get_string(at(seventh, "level", NULL, NULL, NULL)), "not_covered");
	json_object_put(json);
	hazards_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_says_each_bound_and_where_there_is_none),
	    cmocka_unit_test(json_has_one_device_s_controls_and_null_for_no_bound),
	    cmocka_unit_test(hazards_are_read_in_80_columns_and_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
