/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/safety.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "mqtt/testing_devices.h"

static struct safety_config config(void)
{
	return (struct safety_config){"home", "boot", testing_devices(), N_DEVICES, UNIT_METRIC};
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
	char *text = safety_payload(&c, 1000, permission, NULL, NULL);
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
	struct safety_config c = config();
	char *text = safety_result(&c, &r, "heat");
	assert_string_equal(
	    text, "{\"id\":\"q\\\"7\",\"control\":\"heat\",\"outcome\":\"not_permitted\",\"reason\":\"not now\","
		  "\"rule\":\"r1\",\"value\":0}");
	free(text);
}

static void an_answer_is_in_the_unit_that_was_asked_in(void **state)
{
	(void)state;
	struct safety_config c = config();
	struct core_output r = {.type = CORE_OUT_RESULT, .device = PAD, .control = SETPOINT, .value = 40};
	c.units = UNIT_IMPERIAL;
	char *text = safety_result(&c, &r, "temperature");
	assert_contains(text, "\"value\":104}");
	free(text);
	r.device = CORE_NO_DEVICE; /* about no control */
	r.value = 0;
	text = safety_result(&c, &r, "");
	assert_contains(text, "\"value\":0}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_control_says_what_is_permitted_and_the_first_cause),
	    cmocka_unit_test(an_answer_says_the_outcome_in_words),
	    cmocka_unit_test(an_answer_is_in_the_unit_that_was_asked_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
