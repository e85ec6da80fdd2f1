/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/state.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "mqtt/testing_devices.h"

static const struct core_permission nothing[2];

static int set_up_table(void **state)
{
	struct state *s = NULL;
	int rc = state_new(testing_devices()[TABLE], UNIT_METRIC, &s);
	*state = s;
	return rc;
}

static int set_up_pad(void **state)
{
	struct state *s = NULL;
	int rc = state_new(testing_devices()[PAD], UNIT_METRIC, &s);
	*state = s;
	return rc;
}

static int set_up_blanket(void **state)
{
	struct state *s = NULL;
	int rc = state_new(testing_blanket(), UNIT_METRIC, &s);
	*state = s;
	return rc;
}

static int tear_down(void **state)
{
	state_free(*state);
	return 0;
}

static void read_one(struct state *s, uint16_t metric, double value, uint64_t stamp_ms, uint8_t quality)
{
	const struct core_reading r = {.metric = metric, .quality = quality, .value = value, .stamp_ms = stamp_ms};
	state_readings(s, &r, 1);
}

static void assert_payload(struct state *s, uint64_t now_ms, const struct core_permission *p, const char *expected)
{
	char *text = state_payload(s, now_ms, p, false);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void what_is_not_known_is_null_and_never_missing(void **state)
{
	struct state *s = *state;
	assert_true(state_due(s, 1000));
	assert_payload(s, 1000, nothing, "{\"tilt\":null,\"occupied\":null,\"parked\":\"OFF\"}");
	read_one(s, TILT, 12.345678, 2000, THERAPY_GOOD);
	read_one(s, OCCUPIED, 1, 2000, THERAPY_GOOD);
	assert_payload(s, 2000, nothing, "{\"tilt\":12.345678,\"occupied\":\"ON\",\"parked\":\"OFF\"}");
	read_one(s, TILT, 500, 2100, THERAPY_ERROR);
	read_one(s, OCCUPIED, 0, 2100, THERAPY_GOOD);
	assert_payload(s, 2100, nothing, "{\"tilt\":null,\"occupied\":\"OFF\",\"parked\":\"OFF\"}");
	read_one(s, TILT, (double)NAN, 2200, THERAPY_GOOD);
	assert_payload(s, 2200, nothing, "{\"tilt\":null,\"occupied\":\"OFF\",\"parked\":\"OFF\"}");
}

static void it_is_published_when_a_value_moved_by_its_deadband_at_most_once_a_second(void **state)
{
	struct state *s = *state;
	read_one(s, TILT, 10, 1000, THERAPY_GOOD);
	assert_payload(s, 1000, nothing, "{\"tilt\":10,\"occupied\":null,\"parked\":\"OFF\"}");
	read_one(s, TILT, 10.4, 1500, THERAPY_GOOD);
	assert_false(state_due(s, 2400)); /* less than the deadband */
	read_one(s, TILT, 10.6, 1900, THERAPY_GOOD);
	assert_false(state_due(s, 1999));
	assert_true(state_due(s, 2000));
	assert_payload(s, 2000, nothing, "{\"tilt\":10.6,\"occupied\":null,\"parked\":\"OFF\"}");
	assert_false(state_due(s, 2800));
}

static void a_value_that_grew_stale_becomes_null_by_itself(void **state)
{
	struct state *s = *state;
	read_one(s, TILT, 10, 1000, THERAPY_GOOD);
	assert_payload(s, 1000, nothing, "{\"tilt\":10,\"occupied\":null,\"parked\":\"OFF\"}");
	assert_false(state_due(s, 2000));
	assert_true(state_due(s, 2001));
	assert_payload(s, 2001, nothing, "{\"tilt\":null,\"occupied\":null,\"parked\":\"OFF\"}");
	assert_false(state_due(s, 9000));
}

static void a_device_that_is_gone_shows_nothing_at_once(void **state)
{
	struct state *s = *state;
	read_one(s, TILT, 10, 1000, THERAPY_GOOD);
	assert_payload(s, 1000, nothing, "{\"tilt\":10,\"occupied\":null,\"parked\":\"OFF\"}");
	state_forget(s);
	assert_true(state_due(s, 1001));
	assert_payload(s, 1001, nothing, "{\"tilt\":null,\"occupied\":null,\"parked\":\"OFF\"}");
}

static void what_controls_do_goes_out_whatever_the_rate(void **state)
{
	struct state *s = *state;
	static const char unknown[] =
	    "{\"temperature\":null,\"power\":null,\"energy\":null,\"heat\":null,\"heat_permitted\":\"OFF\","
	    "\"heat_why\":\"\",\"temperature_control\":null,\"temperature_control_permitted\":\"OFF\","
	    "\"temperature_control_why\":\"\",\"temperature_control_mode\":null,\"temperature_control_target\":30,"
	    "\"temperature_control_action\":null}";
	assert_payload(s, 1000, nothing, unknown);
	assert_false(state_due(s, 1001));
	state_touch(s);
	assert_true(state_due(s, 1001));
	const struct core_permission on[2] = {
	    {.permitted = true, .granted = true, .value = 1, .phase = CORE_PHASE_CONFIRMED_ON, .why = "permitted"},
	    {.phase = CORE_PHASE_AT_REST, .why = "tilt 35 deg is above 10 deg"},
	};
	assert_payload(s, 1001, on,
		       "{\"temperature\":null,\"power\":null,\"energy\":null,\"heat\":\"ON\",\"heat_permitted\":\"ON\","
		       "\"heat_why\":\"permitted\",\"temperature_control\":0,\"temperature_control_permitted\":\"OFF\","
		       "\"temperature_control_why\":\"tilt 35 deg is above 10 deg\","
		       "\"temperature_control_mode\":\"off\",\"temperature_control_target\":30,"
		       "\"temperature_control_action\":\"off\"}");
}

static void a_control_shows_what_is_and_not_what_was_asked(void **state)
{
	struct state *s = *state;
	static const struct {
		struct core_permission p;
		const char *heat, *target;
	} rows[] = {
	    {{.phase = CORE_PHASE_UNKNOWN}, "null", "null"},
	    {{.phase = CORE_PHASE_AT_REST}, "\"OFF\"", "0"},
	    {{.phase = CORE_PHASE_COMING_TO_REST}, "null", "0"}, /* told to rest, and not proved */
	    {{.phase = CORE_PHASE_CONFIRMED_ON}, "\"ON\"", "0"}, /* on without our grant */
	    {{.phase = CORE_PHASE_AT_REST, .granted = true, .value = 41.5}, "\"ON\"", "41.5"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct core_permission both[2] = {rows[i].p, rows[i].p};
		char *text = state_payload(s, 1000, both, false);
		struct json_object *root = json_tokener_parse(text), *value = NULL;
		assert_true(json_object_object_get_ex(root, "heat", &value));
		assert_string_equal(json_object_to_json_string(value), rows[i].heat);
		assert_true(json_object_object_get_ex(root, "temperature_control", &value));
		assert_string_equal(json_object_to_json_string(value), rows[i].target);
		json_object_put(root);
		free(text);
	}
}

static void a_control_with_words_shows_its_word(void **state)
{
	struct state *s = *state;
	static const struct {
		struct core_permission p;
		const char *warmth;
	} rows[] = {
	    {{.phase = CORE_PHASE_UNKNOWN}, "\"warmth\":null"},
	    {{.phase = CORE_PHASE_AT_REST}, "\"warmth\":\"off\""},
	    {{.phase = CORE_PHASE_CONFIRMED_ON, .granted = true, .value = 2}, "\"warmth\":\"medium\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct core_permission both[2] = {rows[i].p};
		char *text = state_payload(s, 1000, both, false);
		assert_contains(text, rows[i].warmth);
		free(text);
	}
}

/* What flows says what it does; what was told does not. */
static void a_set_point_shows_what_it_does_and_what_it_is_to_come_to(void **state)
{
	struct state *s = *state;
	const struct core_permission on = {.granted = true, .value = 38, .asked = 38, .phase = CORE_PHASE_CONFIRMED_ON},
				     off = {.phase = CORE_PHASE_AT_REST};
	static const double idle = 0.5, flows = 40;
	const struct {
		const struct core_permission *p;
		const double *power; /* NULL: not known */
		const char *shown;
	} rows[] = {
	    {&on, NULL, "_mode\":\"heat\",\"temperature_control_target\":38,\"temperature_control_action\":null"},
	    {&on, &flows, "_target\":38,\"temperature_control_action\":\"heating\""},
	    {&on, &idle, "_target\":38,\"temperature_control_action\":\"idle\""},
	    {&off, &idle, "_mode\":\"off\",\"temperature_control_target\":30,\"temperature_control_action\":\"off\""},
	    {&off, &flows,
	     "_mode\":\"off\",\"temperature_control_target\":30,\"temperature_control_action\":\"heating\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct core_permission both[2] = {off, *rows[i].p};
		state_forget(s);
		if (rows[i].power)
			read_one(s, POWER, *rows[i].power, 1000, THERAPY_GOOD);
		char *text = state_payload(s, 1000, both, false);
		assert_contains(text, rows[i].shown);
		free(text);
	}
}

static void a_wish_that_is_over_is_shown_by_itself(void **state)
{
	struct state *s = *state;
	const struct core_permission off[2] = {{.phase = CORE_PHASE_AT_REST}, {.phase = CORE_PHASE_AT_REST}};
	*state_climate(s, SETPOINT) = (struct climate){38, 61000};
	char *text = state_payload(s, 1000, off, false);
	assert_contains(text, "_target\":38");
	free(text);
	assert_false(state_due(s, 60999));
	assert_true(state_due(s, 61000));
	text = state_payload(s, 61000, off, false);
	assert_contains(text, "_target\":30");
	free(text);
}

static void a_device_that_was_put_away_says_so(void **state)
{
	struct state *s = *state;
	char *text = state_payload(s, 1000, NULL, true);
	assert_contains(text, "\"parked\":\"ON\"");
	free(text);
}

#define WITH_TABLE(test)   cmocka_unit_test_setup_teardown(test, set_up_table, tear_down)
#define WITH_BLANKET(test) cmocka_unit_test_setup_teardown(test, set_up_blanket, tear_down)
#define WITH_PAD(test)     cmocka_unit_test_setup_teardown(test, set_up_pad, tear_down)

static void in_imperial_numbers_are_converted_and_rest_is_still_0(void **state)
{
	(void)state;
	struct state *s = NULL;
	struct core_permission p[2] = {{.why = "permitted", .phase = CORE_PHASE_AT_REST},
				       {.why = "permitted", .phase = CORE_PHASE_AT_REST}};
	assert_int_equal(state_new(testing_devices()[PAD], UNIT_IMPERIAL, &s), 0);
	read_one(s, TEMPERATURE, 40.05, 1000, THERAPY_GOOD);
	read_one(s, POWER, 50, 1000, THERAPY_GOOD);
	char *text = state_payload(s, 1000, p, false);
	assert_contains(text, "\"temperature\":104.09,\"power\":50,");
	assert_contains(text, "\"temperature_control\":0,");
	free(text);
	p[SETPOINT].granted = true;
	p[SETPOINT].value = 41.5;
	text = state_payload(s, 1000, p, false);
	assert_contains(text, "\"temperature_control\":106.7,");
	assert_contains(text, "\"temperature_control_target\":106.7,");
	free(text);
	state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_imperial_numbers_are_converted_and_rest_is_still_0),
	    WITH_TABLE(what_is_not_known_is_null_and_never_missing),
	    WITH_TABLE(it_is_published_when_a_value_moved_by_its_deadband_at_most_once_a_second),
	    WITH_TABLE(a_value_that_grew_stale_becomes_null_by_itself),
	    WITH_TABLE(a_device_that_is_gone_shows_nothing_at_once),
	    WITH_TABLE(a_device_that_was_put_away_says_so),
	    WITH_PAD(what_controls_do_goes_out_whatever_the_rate),
	    WITH_BLANKET(a_control_with_words_shows_its_word),
	    WITH_PAD(a_set_point_shows_what_it_does_and_what_it_is_to_come_to),
	    WITH_PAD(a_wish_that_is_over_is_shown_by_itself),
	    WITH_PAD(a_control_shows_what_is_and_not_what_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
