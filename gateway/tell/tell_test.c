/* SPDX-License-Identifier: Apache-2.0
 * Promise: what is told is what the core knows, whole and in one spelling; what is not known is null, never missing. */
#include "tell/tell.h"

#include <stdlib.h>
#include <string.h>

#include "core/testing_rig.h"

static void every_name_is_told(void **state)
{
	(void)state;
	char name[40];
	static const char *const words[] = {"accepted",  "not_permitted",   "retained",     "duplicate",
					    "late",      "malformed",       "out_of_range", "unknown_control",
					    "too_large", "device_not_ready"};
	for (int i = 0; i < 10; i++)
		assert_string_equal(tell_outcome((enum core_outcome)i), words[i]);
	assert_string_equal(tell_phase(CORE_PHASE_COMING_TO_REST), "coming_to_rest");
	assert_string_equal(tell_phase((enum core_phase)77), "unknown");
	/* each of the core's events has its name on the wire: the orders agree */
	for (int i = 0; i < CORE_EVENT_COUNT_; i++) {
		tell_event_name((Therapy__V1__SafetyEventType)(i + 1), name, sizeof name);
		assert_string_not_equal(name, "unknown");
	}
	tell_event_name((Therapy__V1__SafetyEventType)(CORE_EVENT_COMMAND_CLEARED + 1), name, sizeof name);
	assert_string_equal(name, "command_cleared");
	tell_event_name((Therapy__V1__SafetyEventType)(CORE_EVENT_TIMER_PROVED + 1), name, sizeof name);
	assert_string_equal(name, "timer_proved");
}

static const char *text_at(struct json_object *o, const char *key)
{
	struct json_object *value;
	if (!json_object_object_get_ex(o, key, &value)) {
		fail_msg("%s is missing", key);
		return "";
	}
	return value ? json_object_get_string(value) : "null";
}

static struct json_object *at(struct json_object *o, const char *key, size_t i)
{
	struct json_object *list;
	assert_true(json_object_object_get_ex(o, key, &list));
	return json_object_array_get_idx(list, i);
}

static void trip(struct rig *rig)
{
	rig_start_full(rig);
	rig_calm(rig);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig->now += 700;
	rig_read(rig, TABLE, TABLE_TILT, 25);
}

static void an_explanation_has_rules_readings_bounds_and_the_first_cause(void **state)
{
	(void)state;
	struct rig rig;
	trip(&rig);
	struct json_object *o = tell_explanation(rig.core, PAD, PAD_HEAT), *rule = at(o, "rules", 0),
			   *seen = at(rule, "looks_at", 0);
	assert_string_equal(text_at(o, "permitted"), "false");
	assert_string_equal(text_at(o, "rule"), "no-heat-during-inversion");
	assert_string_equal(text_at(o, "waits_for"), "pad.heat is coming to rest");
	assert_string_equal(text_at(o, "resumes_within_ms"), "null");
	assert_string_equal(text_at(rule, "state"), "tripped");
	assert_string_equal(text_at(rule, "because"), "A hanging person cannot move away from it.");
	assert_string_equal(text_at(rule, "first_ago_ms"), "0");
	assert_string_equal(text_at(rule, "rearms_in_ms"), "10000");
	assert_string_equal(text_at(seen, "metric"), "tilt");
	assert_string_equal(text_at(seen, "value"), "25");
	assert_string_equal(text_at(seen, "unit"), "deg");
	assert_string_equal(text_at(seen, "must"), "<= 10 deg");
	assert_string_equal(text_at(seen, "verdict"), "violated");
	struct json_object *cause;
	assert_true(json_object_object_get_ex(rule, "first_cause", &cause));
	assert_string_equal(text_at(cause, "device"), "table");
	assert_string_equal(text_at(cause, "value"), "25");
	assert_string_equal(text_at(at(o, "rules", 1), "state"), "armed");
	json_object_put(o);
	assert_null(tell_explanation(rig.core, TABLE, 0));
	rig_stop(&rig);
}

static void a_device_tells_what_it_measures_and_null_for_what_is_not_known(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_present(&rig, BELT, true);
	struct json_object *silent = tell_device(rig.core, BELT);
	assert_string_equal(text_at(silent, "heard"), "false");
	json_object_put(silent);
	rig_read(&rig, BELT, BELT_FORCE, 12.5);
	struct json_object *o = tell_device(rig.core, BELT);
	assert_string_equal(text_at(o, "heard"), "true");
	assert_string_equal(text_at(o, "present"), "true");
	assert_string_equal(text_at(o, "parked"), "false");
	assert_string_equal(text_at(at(o, "metrics", 0), "value"), "12.5");
	assert_string_equal(text_at(at(o, "metrics", 0), "unit"), "N");
	assert_string_equal(text_at(at(o, "metrics", 1), "value"), "null");
	assert_string_equal(text_at(at(o, "metrics", 1), "age_ms"), "null");
	assert_string_equal(text_at(at(o, "controls", 0), "control"), "tension");
	json_object_put(o);
	rig_stop(&rig);
}

/* A trip that reaches a consumer a week later must say all by itself. */
static void an_event_carries_what_its_rule_looked_at(void **state)
{
	(void)state;
	struct rig rig;
	uint8_t buffer[8192];
	trip(&rig);
	const struct core_output *tripped = rig_event(&rig, CORE_EVENT_TRIPPED);
	assert_non_null(tripped);
	const struct tell_stamp stamp = {"home", "boot", 3, rig.now, 11, true};
	size_t size = tell_event_pack(rig.core, tripped, &stamp, buffer, sizeof buffer);
	assert_true(size > 0);
	assert_int_equal(tell_event_pack(rig.core, tripped, &stamp, buffer, 10), 0); /* does not fit, is not cut */
	Therapy__V1__SafetyEvent *e = therapy__v1__safety_event__unpack(NULL, size, buffer);
	assert_non_null(e);
	assert_string_equal(e->gateway_id, "home");
	assert_string_equal(e->boot_id, "boot");
	assert_int_equal(e->sequence, 3);
	assert_int_equal(e->type, THERAPY__V1__SAFETY_EVENT_TYPE__SAFETY_EVENT_TYPE_TRIPPED);
	assert_int_equal(e->priority, THERAPY__V1__ALARM_PRIORITY__ALARM_PRIORITY_HIGH);
	assert_string_equal(e->device_id, "pad");
	assert_string_equal(e->control, "heat");
	assert_string_equal(e->rule_id, "no-heat-during-inversion");
	assert_int_equal(e->hazard, 11);
	assert_string_equal(e->cause_device_id, "table");
	assert_string_equal(e->cause->key, "tilt");
	assert_near(e->cause->value, 25, 0);
	assert_int_equal(e->cause->monotonic_ms, rig.now);
	assert_int_equal(e->n_inputs, 3);
	assert_string_equal(e->inputs[0]->device_id, "table");
	assert_string_equal(e->inputs[0]->reading->key, "tilt");
	assert_string_equal(e->inputs[0]->must, "<= 10 deg");
	assert_near(e->inputs[0]->bound, 10, 0);
	assert_int_equal(e->inputs[0]->unit, THERAPY__V1__UNIT__UNIT_DEG);
	therapy__v1__safety_event__free_unpacked(e, NULL);

	struct json_object *o = tell_event(buffer, size);
	assert_string_equal(text_at(o, "event"), "tripped");
	assert_string_equal(text_at(o, "priority"), "high");
	assert_string_equal(text_at(at(o, "inputs", 0), "value"), "25");
	json_object_put(o);
	assert_null(tell_event((const uint8_t *)"\xff\xff", 2));
	rig_stop(&rig);
}

static void latches_tell_how_they_came_and_whether_a_reset_helps(void **state)
{
	(void)state;
	struct rig rig;
	trip(&rig);
	assert_int_equal(rig_request(&rig, &(struct core_request){.verb = CORE_STOP, .age_ms = -1}), CORE_ACCEPTED);
	rig.now += 5000;
	rig_tick(&rig);
	struct json_object *list = tell_latches(rig.core), *latch = json_object_array_get_idx(list, 0);
	assert_int_equal(json_object_array_length(list), 1);
	assert_string_equal(text_at(latch, "latch"), "stop");
	assert_string_equal(text_at(latch, "since_ms"), "5000");
	assert_string_equal(text_at(latch, "device"), "null");
	json_object_put(list);
	struct json_object *o = tell_explanation(rig.core, PAD, PAD_HEAT);
	assert_non_null(at(o, "latches", 0)); /* it bears on each control */
	json_object_put(o);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_name_is_told),
	    cmocka_unit_test(an_explanation_has_rules_readings_bounds_and_the_first_cause),
	    cmocka_unit_test(a_device_tells_what_it_measures_and_null_for_what_is_not_known),
	    cmocka_unit_test(an_event_carries_what_its_rule_looked_at),
	    cmocka_unit_test(latches_tell_how_they_came_and_whether_a_reset_helps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
