/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "mqtt/testing_devices.h"

#define NOW_MS 1772388000000 /* 2026-03-01T18:00:00Z */

static const struct inbox_context quick = {
    .base = "therapy/home", .wall_ms = NOW_MS, .wall_trusted = true, .timely = true};
static const struct inbox_context slow = {.base = "therapy/home", .wall_ms = NOW_MS, .wall_trusted = true};
static const struct inbox_context unset_clock = {.base = "therapy/home", .wall_ms = 1000};

static const struct inbox_request *parse(const struct inbox_context *context, const char *payload, size_t size,
					 bool retained)
{
	static struct inbox_request r; /* it points into itself */
	const struct broker_message m = {.topic = "therapy/home/pad/set/heat",
					 .payload = (const uint8_t *)payload,
					 .size = size,
					 .retained = retained};
	assert_true(inbox_parse(context, &m, &r));
	return &r;
}

static const struct inbox_request *text(const struct inbox_context *context, const char *payload)
{
	return parse(context, payload, strlen(payload), false);
}

static void plain_words_and_numbers_are_taken(void **state)
{
	(void)state;
	static const struct {
		const char *payload;
		double value;
	} rows[] = {{"ON", 1}, {"OFF", 0}, {"41.0", 41}, {"0", 0}, {"-3.5", -3.5}, {"1e2", 100}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = text(&quick, rows[i].payload);
		assert_int_equal(r->core.flaw, CORE_FLAW_NONE);
		assert_near(r->core.value, rows[i].value, 0);
		assert_string_equal(r->device, "pad");
		assert_string_equal(r->control, "heat");
		assert_string_equal(r->id, "");
		assert_true(r->core.age_ms < 0);
	}
}

/* On the topic of the pad's target. */
static double asked(enum unit_system units, const char *payload, bool *converted)
{
	struct inbox_request r;
	struct inbox_context context = quick;
	const struct broker_message m = {
	    .topic = "therapy/home/pad/set/temperature", .payload = (const uint8_t *)payload, .size = strlen(payload)};
	context.units = units;
	context.devices = testing_devices();
	context.n_devices = N_DEVICES;
	assert_true(inbox_parse(&context, &m, &r));
	assert_int_equal(r.core.flaw, CORE_FLAW_NONE);
	*converted = r.core.converted;
	return r.core.value;
}

static void a_number_is_in_the_unit_that_the_control_shows(void **state)
{
	(void)state;
	bool converted;
	assert_near(asked(UNIT_IMPERIAL, "104", &converted), 40, 1e-9);
	assert_true(converted);
	assert_near(asked(UNIT_IMPERIAL, "{\"value\":104.9}", &converted), 40.5, 1e-9);
	assert_true(converted);
	assert_near(asked(UNIT_IMPERIAL, "OFF", &converted), 0, 0);
	assert_false(converted);
	assert_near(asked(UNIT_METRIC, "40", &converted), 40, 0);
	assert_false(converted);
}

static void json_gives_value_id_and_age(void **state)
{
	(void)state;
	static const struct {
		const char *payload;
		double value;
		const char *id;
		int64_t age_ms;
	} rows[] = {
	    {"{\"value\":\"ON\"}", 1, "", -1},
	    {"{\"value\":true,\"id\":\"a-1\"}", 1, "a-1", -1},
	    {"{\"value\":false}", 0, "", -1},
	    {"{\"value\":41,\"time\":1772387999}", 41, "", 1000},
	    {"{\"value\":41.5,\"time\":1772387999.5}", 41.5, "", 500},
	    {"{\"value\":41,\"time\":1772387990000}", 41, "", 10000},
	    {"{\"value\":\"41.25\",\"time\":\"2026-03-01T17:59:57Z\"}", 41.25, "", 3000},
	    {"{\"value\":1,\"time\":\"2026-03-01T18:59:59.250+01:00\"}", 1, "", 750},
	    {"{\"value\":1,\"time\":1772388003}", 1, "", 0}, /* a little ahead of us */
	    {"{\"value\":1,\"unknown\":[1,2]}", 1, "", -1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = text(&quick, rows[i].payload);
		assert_int_equal(r->core.flaw, CORE_FLAW_NONE);
		assert_near(r->core.value, rows[i].value, 0);
		assert_string_equal(r->core.id, rows[i].id);
		assert_int_equal(r->core.age_ms, rows[i].age_ms);
	}
}

static void malformed_requests_say_what_was_expected(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "on",
	    "On",
	    "yes",
	    " ON",
	    "ON ",
	    "",
	    "nan",
	    "inf",
	    "-inf",
	    "0x10",
	    "12,5",
	    "1e999",
	    "--1",
	    "1 2",
	    "PRESS",
	    "{",
	    "{}",
	    "[]",
	    "[1]",
	    "{\"value\":null}",
	    "{\"value\":{}}",
	    "{\"value\":\"warm\"}",
	    "{\"value\":NaN}",
	    "{\"value\":Infinity}",
	    "{\"value\":1e999}",
	    "{\"value\":1}x",
	    "{\"value\":1,}",
	    "{\"value\":1,\"id\":7}",
	    "{\"value\":1,\"time\":\"2026-03-01T18:00:00\"}",
	    "{\"value\":1,\"time\":\"today\"}",
	    "{\"value\":1,\"time\":-5}",
	    "{\"value\":1,\"time\":true}",
	    "{\"value\":1,\"time\":1772388060}",
	    "{\"value\":\"ON\\u0000\"}",
	    "{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}",
	    "\xff\xfe",
	    "{\"value\":\"\xc3\"}",
	    "{\"value\":1,\"id\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = text(&quick, rows[i]);
		if (r->core.flaw != CORE_FLAW_MALFORMED)
			fail_msg("taken: %s", rows[i]);
		assert_non_null(r->core.flaw_text);
		if (!strstr(r->core.flaw_text, "expected"))
			fail_msg("%s: %s", rows[i], r->core.flaw_text);
	}
	assert_int_equal(parse(&quick, "O\0N", 3, false)->core.flaw, CORE_FLAW_MALFORMED);
}

static void a_malformed_request_keeps_its_id_for_the_answer(void **state)
{
	(void)state;
	const struct inbox_request *r = text(&quick, "{\"id\":\"x\",\"value\":[]}");
	assert_int_equal(r->core.flaw, CORE_FLAW_MALFORMED);
	assert_string_equal(r->core.id, "x");
}

static void retained_requests_are_marked_and_their_clearing_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(parse(&quick, "ON", 2, true)->core.flaw, CORE_FLAW_RETAINED);
	assert_int_equal(parse(&quick, "OFF", 3, true)->core.flaw, CORE_FLAW_RETAINED);
	assert_int_equal(parse(&quick, "junk", 4, true)->core.flaw, CORE_FLAW_MALFORMED); /* and no OFF */
	struct inbox_request r;
	const struct broker_message clear = {
	    .topic = "therapy/home/pad/set/heat", .payload = (const uint8_t *)"", .retained = true};
	assert_false(inbox_parse(&quick, &clear, &r));
}

static void more_than_four_kilobytes_are_too_large(void **state)
{
	(void)state;
	char *big = malloc(4098);
	memset(big, ' ', 4097);
	big[4097] = '\0';
	assert_int_equal(parse(&quick, big, 4097, false)->core.flaw, CORE_FLAW_TOO_LARGE);
	memcpy(big, "{\"value\":1", 10);
	big[4095] = '}';
	big[4096] = '\0';
	assert_int_equal(parse(&quick, big, 4096, false)->core.flaw, CORE_FLAW_NONE);
	free(big);
}

static void without_a_usable_time_stamp_the_connection_must_be_timely(void **state)
{
	(void)state;
	assert_int_equal(text(&slow, "ON")->core.flaw, CORE_FLAW_UNTIMELY);
	assert_int_equal(text(&slow, "{\"value\":1}")->core.flaw, CORE_FLAW_UNTIMELY);
	const struct inbox_request *stamped = text(&slow, "{\"value\":1,\"time\":1772387999}");
	assert_int_equal(stamped->core.flaw, CORE_FLAW_NONE);
	assert_int_equal(stamped->core.age_ms, 1000);
	/* Our clock was never set: no stamp can prove anything. */
	assert_int_equal(text(&unset_clock, "{\"value\":1,\"time\":1772387999}")->core.flaw, CORE_FLAW_UNTIMELY);
	assert_int_equal(text(&slow, "junk")->core.flaw, CORE_FLAW_MALFORMED);
}

static void only_request_topics_are_requests(void **state)
{
	(void)state;
	static const char *const rows[] = {"therapy/home/pad/state",
					   "therapy/home/pad/set",
					   "therapy/home/pad/set/",
					   "therapy/home/pad/set/a/b",
					   "therapy/homes/pad/set/a",
					   "therapy/home//set/a",
					   "therapy/home//park",
					   "therapy/home/stops",
					   "therapy/home/stop/x",
					   "therapy/home/pad/park/heat",
					   "therapy/home/pad/off_test/",
					   "therapy/home/pad/off_test",
					   "x"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inbox_request r;
		const struct broker_message m = {.topic = rows[i], .payload = (const uint8_t *)"ON", .size = 2};
		assert_false(inbox_parse(&quick, &m, &r));
	}
}

static const struct inbox_request *on(const char *topic, const char *payload, bool retained)
{
	static struct inbox_request r;
	const struct broker_message m = {
	    .topic = topic, .payload = (const uint8_t *)payload, .size = strlen(payload), .retained = retained};
	assert_true(inbox_parse(&quick, &m, &r));
	return &r;
}

static const struct inbox_request *warmth(const char *payload)
{
	static struct inbox_request r;
	const Therapy__V1__DeviceDescription *const devices[] = {testing_blanket()};
	struct inbox_context context = quick;
	context.devices = devices;
	context.n_devices = 1;
	const struct broker_message m = {
	    .topic = "therapy/home/blanket/set/warmth", .payload = (const uint8_t *)payload, .size = strlen(payload)};
	assert_true(inbox_parse(&context, &m, &r));
	return &r;
}

static void a_control_with_words_takes_them_as_they_are_declared(void **state)
{
	(void)state;
	static const struct {
		const char *payload;
		double value;
	} rows[] = {{"off", 0},
		    {"low", 1},
		    {"high", 3},
		    {"{\"value\":\"medium\",\"id\":\"a\"}", 2},
		    {"{\"value\":2}", 2},
		    {"{\"value\":7}", 7}, /* the core says what there is */
		    /* who wants rest need not spell it */
		    {"OFF", 0},
		    {"0", 0},
		    {"{\"value\":false}", 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = warmth(rows[i].payload);
		if (r->core.flaw != CORE_FLAW_NONE)
			fail_msg("%s: %s", rows[i].payload, r->core.flaw_text);
		assert_near(r->core.value, rows[i].value, 0);
	}
}

static void another_word_is_malformed_and_the_reason_lists_those_there_are(void **state)
{
	(void)state;
	static const char *const rows[] = {"hot",
					   "Low",
					   "ON",
					   "1",
					   "lo",
					   "low|medium",
					   "",
					   "{\"value\":\"hot\"}",
					   "{\"value\":true}",
					   "{\"value\":\"2\"}"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = warmth(rows[i]);
		if (r->core.flaw != CORE_FLAW_MALFORMED)
			fail_msg("taken: %s", rows[i]);
		assert_contains(r->core.flaw_text, "expected off, low, medium, high, or JSON");
	}
}

static const struct inbox_request *set_point_in(enum unit_system units, const char *topic, const char *payload,
						bool retained)
{
	static struct inbox_request r;
	struct inbox_context context = quick;
	context.units = units;
	context.devices = testing_devices();
	context.n_devices = N_DEVICES;
	const struct broker_message m = {
	    .topic = topic, .payload = (const uint8_t *)payload, .size = strlen(payload), .retained = retained};
	assert_true(inbox_parse(&context, &m, &r));
	return &r;
}

static const struct inbox_request *set_point(const char *topic, const char *payload, bool retained)
{
	return set_point_in(UNIT_METRIC, topic, payload, retained);
}

#define MODE    "therapy/home/pad/set/temperature/mode"
#define DEGREES "therapy/home/pad/set/temperature/temperature"

static void a_set_point_has_a_topic_for_its_mode_and_one_for_its_temperature(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *payload;
		enum climate_part part;
		double value;
	} rows[] = {{MODE, "heat", CLIMATE_MODE, 1},
		    {MODE, "off", CLIMATE_MODE, 0},
		    {MODE, "OFF", CLIMATE_MODE, 0}, /* who wants rest need not spell it */
		    {MODE, "{\"value\":\"heat\",\"id\":\"m\"}", CLIMATE_MODE, 1},
		    {DEGREES, "38.5", CLIMATE_TEMPERATURE, 38.5},
		    {DEGREES, "{\"value\":38,\"time\":1772387999}", CLIMATE_TEMPERATURE, 38},
		    {"therapy/home/pad/set/temperature", "38.0", CLIMATE_NONE, 38}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = set_point(rows[i].topic, rows[i].payload, false);
		assert_int_equal(r->core.flaw, CORE_FLAW_NONE);
		assert_int_equal(r->core.verb, CORE_SET);
		assert_int_equal(r->part, rows[i].part);
		assert_near(r->core.value, rows[i].value, 0);
		assert_string_equal(r->device, "pad");
		assert_string_equal(r->control, "temperature");
		assert_int_equal(r->device_index, PAD);
		assert_int_equal(r->control_index, SETPOINT);
	}
}

static void bad_modes_and_temperatures_have_their_flaw(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *payload, *expected;
	} rows[] = {{MODE, "cool", "expected off, heat"},      {MODE, "ON", "expected off, heat"},
		    {MODE, "38", "expected off, heat"},        {MODE, "{\"value\":38}", "expected off, heat"},
		    {MODE, "", "expected off, heat"},          {DEGREES, "warm", "expected a temperature"},
		    {DEGREES, "nan", "expected a temperature"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = set_point(rows[i].topic, rows[i].payload, false);
		if (r->core.flaw != CORE_FLAW_MALFORMED)
			fail_msg("taken: %s", rows[i].payload);
		assert_contains(r->core.flaw_text, rows[i].expected);
	}
	assert_int_equal(set_point(MODE, "heat", true)->core.flaw, CORE_FLAW_RETAINED);
	assert_int_equal(set_point(DEGREES, "38", true)->core.flaw, CORE_FLAW_RETAINED);
}

static void a_temperature_is_in_the_unit_that_is_shown_and_a_mode_in_none(void **state)
{
	(void)state;
	assert_near(set_point_in(UNIT_IMPERIAL, DEGREES, "100.4", false)->core.value, 38, 1e-9);
	assert_near(set_point_in(UNIT_IMPERIAL, MODE, "heat", false)->core.value, 1, 0);
}

static void what_is_no_set_point_has_neither(void **state)
{
	(void)state;
	const struct inbox_request *r = set_point("therapy/home/pad/set/heat/mode", "heat", false);
	assert_int_equal(r->part, CLIMATE_NONE);
	assert_string_equal(r->control, "heat/mode"); /* the core knows no such control */
	r = set_point("therapy/home/nobody/set/heat/temperature", "38", false);
	assert_string_equal(r->control, "heat/temperature");
}

static void each_order_has_its_topic_and_none_of_them_carries_a_value(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *payload;
		enum core_verb verb;
		const char *device, *control, *id;
	} rows[] = {
	    {"therapy/home/stop", "PRESS", CORE_STOP, "", "", ""},
	    {"therapy/home/stop", "{\"id\":\"s1\"}", CORE_STOP, "", "", "s1"},
	    {"therapy/home/reset", "PRESS", CORE_RESET, "", "", ""},
	    {"therapy/home/present", "PRESS", CORE_CONFIRM, "", "", ""},
	    {"therapy/home/silence", "PRESS", CORE_SILENCE, "", "", ""},
	    {"therapy/home/reset", "{\"id\":\"r1\",\"value\":1}", CORE_RESET, "", "", "r1"},
	    {"therapy/home/table/park", "ON", CORE_PARK, "table", "", ""},
	    {"therapy/home/table/park", "{\"value\":\"OFF\",\"id\":\"p\"}", CORE_UNPARK, "table", "", "p"},
	    {"therapy/home/pad/off_test/heat", "", CORE_OFF_TEST, "pad", "heat", ""},
	    {"therapy/home/pad/off_test/heat", "ON", CORE_OFF_TEST, "pad", "heat", ""},
	    {"therapy/home/pad/off_test/heat", "{\"id\":\"t\",\"value\":1}", CORE_OFF_TEST, "pad", "heat", "t"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = on(rows[i].topic, rows[i].payload, false);
		assert_int_equal(r->core.flaw, CORE_FLAW_NONE);
		assert_int_equal(r->core.verb, rows[i].verb);
		assert_string_equal(r->core.device, rows[i].device);
		assert_string_equal(r->core.control, rows[i].control);
		assert_string_equal(r->core.id, rows[i].id);
		assert_near(r->core.value, 0, 0);
	}
	assert_int_equal(on("therapy/home/pad/set/heat", "ON", false)->core.verb, CORE_SET);
}

static void a_stop_is_a_stop_however_it_is_written(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "0", "OFF", "{\"id\":", "STOPP!", "\xff\xfe", "{\"id\":7}"};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct inbox_request *r = on("therapy/home/stop", rows[i], false);
		assert_int_equal(r->core.verb, CORE_STOP);
		assert_int_equal(r->core.flaw, CORE_FLAW_NONE);
	}
	char big[5000];
	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	assert_int_equal(on("therapy/home/stop", big, false)->core.flaw, CORE_FLAW_NONE);
	assert_int_equal(on("therapy/home/stop", "PRESS", true)->core.flaw, CORE_FLAW_RETAINED);
}

static void orders_that_say_something_else_are_malformed_and_kept_ones_refused(void **state)
{
	(void)state;
	assert_int_equal(on("therapy/home/reset", "OFF", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/reset", "1", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/pad/off_test/heat", "0", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/table/park", "", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/table/park", "0.5", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/table/park", "{}", false)->core.flaw, CORE_FLAW_MALFORMED);
	assert_int_equal(on("therapy/home/reset", "PRESS", true)->core.flaw, CORE_FLAW_RETAINED);
	assert_int_equal(on("therapy/home/pad/off_test/heat", "ON", true)->core.flaw, CORE_FLAW_RETAINED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_words_and_numbers_are_taken),
	    cmocka_unit_test(a_number_is_in_the_unit_that_the_control_shows),
	    cmocka_unit_test(json_gives_value_id_and_age),
	    cmocka_unit_test(malformed_requests_say_what_was_expected),
	    cmocka_unit_test(a_malformed_request_keeps_its_id_for_the_answer),
	    cmocka_unit_test(retained_requests_are_marked_and_their_clearing_is_ignored),
	    cmocka_unit_test(more_than_four_kilobytes_are_too_large),
	    cmocka_unit_test(without_a_usable_time_stamp_the_connection_must_be_timely),
	    cmocka_unit_test(only_request_topics_are_requests),
	    cmocka_unit_test(a_control_with_words_takes_them_as_they_are_declared),
	    cmocka_unit_test(another_word_is_malformed_and_the_reason_lists_those_there_are),
	    cmocka_unit_test(a_set_point_has_a_topic_for_its_mode_and_one_for_its_temperature),
	    cmocka_unit_test(bad_modes_and_temperatures_have_their_flaw),
	    cmocka_unit_test(a_temperature_is_in_the_unit_that_is_shown_and_a_mode_in_none),
	    cmocka_unit_test(what_is_no_set_point_has_neither),
	    cmocka_unit_test(each_order_has_its_topic_and_none_of_them_carries_a_value),
	    cmocka_unit_test(a_stop_is_a_stop_however_it_is_written),
	    cmocka_unit_test(orders_that_say_something_else_are_malformed_and_kept_ones_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
