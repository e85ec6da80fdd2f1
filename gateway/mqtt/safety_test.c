/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/safety.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/testing.h"
#include "mqtt/events.h"
#include "mqtt/testing_devices.h"

static struct safety_config config(void)
{
	return (struct safety_config){"home", "boot", testing_devices(), N_DEVICES};
}

static void permission(void *user, uint16_t device, uint16_t control, struct core_permission *out)
{
	(void)user;
	assert_int_equal(device, PAD);
	if (control == SETPOINT) {
		out->permitted = true;
		snprintf(out->why, sizeof out->why, "permitted");
		out->phase = CORE_PHASE_AT_REST;
		return;
	}
	*out = (struct core_permission){
	    .phase = CORE_PHASE_COMING_TO_REST,
	    .rule = "no-heat-during-inversion",
	    .hazard = 11,
	    .cause = {.device = TABLE, .metric = TILT, .quality = THERAPY_GOOD, .value = 35.2, .stamp_ms = 900}};
	snprintf(out->why, sizeof out->why, "table.tilt is 35.2 deg");
}

static void each_control_says_what_is_permitted_and_the_first_cause(void **state)
{
	(void)state;
	struct safety_config c = config();
	char *text = safety_payload(&c, 1000, permission, NULL);
	assert_string_equal(
	    text,
	    "{\"gateway\":\"home\",\"devices\":{\"pad\":{"
	    "\"heat\":{\"permitted\":false,\"granted\":false,\"suspended\":false,\"value\":0,\"phase\":\"coming_to_"
	    "rest\","
	    "\"why\":\"table.tilt is 35.2 deg\",\"rule\":\"no-heat-during-inversion\",\"hazard\":11,"
	    "\"cause\":{\"device\":\"table\",\"metric\":\"tilt\",\"value\":35.2,\"quality\":\"good\",\"age_ms\":100}},"
	    "\"temperature\":{\"permitted\":true,\"granted\":false,\"suspended\":false,\"value\":0,\"phase\":\"at_"
	    "rest\","
	    "\"why\":\"permitted\",\"rule\":null,\"hazard\":null,\"cause\":null}}}}");
	free(text);
}

static void an_answer_says_the_outcome_in_words(void **state)
{
	(void)state;
	struct core_output r = {.type = CORE_OUT_RESULT, .outcome = CORE_NOT_PERMITTED, .rule = "r1", .value = 0};
	snprintf(r.request_id, sizeof r.request_id, "q\"7");
	snprintf(r.why, sizeof r.why, "not now");
	char *text = safety_result(&r, "heat");
	assert_string_equal(
	    text, "{\"id\":\"q\\\"7\",\"control\":\"heat\",\"outcome\":\"not_permitted\",\"reason\":\"not now\","
		  "\"rule\":\"r1\",\"value\":0}");
	free(text);
	static const char *const words[] = {"accepted",  "not_permitted",   "retained",     "duplicate",
					    "late",      "malformed",       "out_of_range", "unknown_control",
					    "too_large", "device_not_ready"};
	for (int i = 0; i < 10; i++)
		assert_string_equal(safety_outcome((enum core_outcome)i), words[i]);
}

static struct core_output trip(void)
{
	struct core_output o = {
	    .type = CORE_OUT_EVENT,
	    .event = CORE_EVENT_TRIPPED,
	    .device = PAD,
	    .control = HEAT,
	    .priority = CORE_PRIORITY_HIGH,
	    .hazard = 11,
	    .rule = "r",
	    .cause = {.device = TABLE, .metric = TILT, .quality = THERAPY_GOOD, .value = 35, .stamp_ms = 9}};
	snprintf(o.why, sizeof o.why, "tripped");
	return o;
}

static void an_event_carries_device_rule_priority_and_cause(void **state)
{
	(void)state;
	struct safety_config c = config();
	uint8_t buffer[1024];
	struct core_output o = trip();
	const struct safety_stamp stamp = {3, 10, 11, true};
	size_t size = safety_event(&c, &o, &stamp, buffer, sizeof buffer);
	Therapy__V1__SafetyEvent *e = therapy__v1__safety_event__unpack(NULL, size, buffer);
	assert_non_null(e);
	assert_int_equal(e->sequence, 3);
	assert_int_equal(e->type, THERAPY__V1__SAFETY_EVENT_TYPE__SAFETY_EVENT_TYPE_TRIPPED);
	assert_int_equal(e->priority, THERAPY__V1__ALARM_PRIORITY__ALARM_PRIORITY_HIGH);
	assert_string_equal(e->device_id, "pad");
	assert_string_equal(e->control, "heat");
	assert_string_equal(e->rule_id, "r");
	assert_int_equal(e->hazard, 11);
	assert_string_equal(e->text, "tripped");
	assert_string_equal(e->cause_device_id, "table");
	assert_string_equal(e->cause->key, "tilt");
	assert_near(e->cause->value, 35, 0);
	therapy__v1__safety_event__free_unpacked(e, NULL);
	assert_int_equal(safety_event(&c, &o, &stamp, buffer, 10), 0); /* does not fit, and is not cut */
	o.device = CORE_NO_DEVICE;
	o.control = CORE_NO_CONTROL;
	o.cause.device = CORE_NO_DEVICE;
	size = safety_event(&c, &o, &stamp, buffer, sizeof buffer);
	e = therapy__v1__safety_event__unpack(NULL, size, buffer);
	assert_string_equal(e->device_id, "");
	assert_null(e->cause);
	therapy__v1__safety_event__free_unpacked(e, NULL);
}

struct sink {
	unsigned n, room;
	uint64_t last;
};

static int take(void *user, const uint8_t *bytes, size_t size)
{
	struct sink *s = user;
	if (s->n == s->room)
		return UV_ENOTCONN;
	Therapy__V1__SafetyEvent *e = therapy__v1__safety_event__unpack(NULL, size, bytes);
	assert_true(e->sequence > s->last);
	s->last = e->sequence;
	s->n++;
	therapy__v1__safety_event__free_unpacked(e, NULL);
	return 0;
}

static void events_wait_in_order_and_the_oldest_is_dropped_and_counted(void **state)
{
	(void)state;
	struct safety_config c = config();
	struct events events;
	struct core_output o = trip();
	struct sink sink = {0};
	assert_int_equal(events_init(&events), 0);
	for (unsigned i = 0; i < EVENTS_MAX + 10; i++)
		events_add(&events, &o, i, 0, false);
	events_flush(&events, &c, take, &sink);
	assert_int_equal(sink.n, 0);
	assert_int_equal(events.dropped, 10);
	sink.room = 5;
	events_flush(&events, &c, take, &sink);
	assert_int_equal(sink.last, 15); /* 1 to 10 were dropped; the number shows it */
	sink.room = 1000;
	events_flush(&events, &c, take, &sink);
	assert_int_equal(sink.n, EVENTS_MAX);
	assert_int_equal(sink.last, EVENTS_MAX + 10);
	events_release(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_control_says_what_is_permitted_and_the_first_cause),
	    cmocka_unit_test(an_answer_says_the_outcome_in_words),
	    cmocka_unit_test(an_event_carries_device_rule_priority_and_cause),
	    cmocka_unit_test(events_wait_in_order_and_the_oldest_is_dropped_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
