/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/home_state.h"

#include <stdlib.h>

#include "base/testing.h"

static char *payload_of(const char *safety, const char *started, bool trusted)
{
	Therapy__V1__GatewayStatus status = THERAPY__V1__GATEWAY_STATUS__INIT;
	status.broker_connects = 2;
	status.process_respawns = 3;
	struct json_object *o = json_tokener_parse(safety);
	assert_non_null(o);
	static char version[] = "1.2";
	status.version = version;
	const struct home_facts facts = {o, &status, started, trusted, !trusted, trusted ? 3 : -1, LANGUAGE_EN};
	char *text = home_state_payload(&facts);
	json_object_put(o);
	assert_non_null(text);
	return text;
}

static void assert_shows(const char *safety, const char *expected)
{
	char *text = payload_of(safety, NULL, true);
	assert_contains(text, expected);
	free(text);
}

static void what_is_well_is_said_to_be_well_and_nothing_is_missing(void **state)
{
	(void)state;
	char *text = payload_of("{\"latches\":[],\"alarms\":[]}", "2026-01-01T00:00:00Z", true);
	assert_string_equal(
	    text, "{\"latched\":\"OFF\",\"latches\":0,\"stopped\":\"OFF\",\"sounding\":\"OFF\",\"alarm\":\"none\","
		  "\"why\":\"no latch, no alarm\",\"started\":\"2026-01-01T00:00:00Z\","
		  "\"clock_problem\":\"OFF\",\"second_gateway\":\"OFF\",\"version\":\"1.2\",\"round_trip_ms\":3,"
		  "\"broker_connects\":2,\"readings_"
		  "queued\":0,"
		  "\"readings_dropped\":0,\"events_queued\":0,\"events_dropped\":0,\"requests_refused\":0,"
		  "\"process_respawns\":3}");
	free(text);
}

static void what_is_not_known_is_null(void **state)
{
	(void)state;
	char *text = payload_of("{}", NULL, false);
	assert_contains(text, "\"started\":null");
	assert_contains(text, "\"clock_problem\":\"ON\"");
	assert_contains(text, "\"round_trip_ms\":null");
	assert_contains(text, "\"second_gateway\":\"ON\"");
	free(text);
}

static void the_highest_alarm_is_shown_and_a_latch_is_the_first_reason(void **state)
{
	(void)state;
	static const char alarms[] = "{\"latches\":[],\"alarms\":[{\"priority\":\"low\",\"why\":\"A\"},"
				     "{\"priority\":\"high\",\"why\":\"B\"},{\"priority\":\"high\",\"why\":\"C\"}]}";
	static const char latched[] =
	    "{\"latches\":[{\"latch\":\"rule\",\"why\":\"L\"},{\"latch\":\"stop\",\"why\":\"S\"}],"
	    "\"alarms\":[{\"priority\":\"medium\",\"why\":\"A\"}]}";
	assert_shows("{\"sounding\":true}", "\"sounding\":\"ON\"");
	assert_shows(alarms, "\"alarm\":\"high\",\"why\":\"B\"");
	assert_shows(latched, "\"latched\":\"ON\",\"latches\":2,\"stopped\":\"ON\",\"sounding\":\"OFF\",\"alarm\":"
			      "\"medium\",\"why\":\"L\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_well_is_said_to_be_well_and_nothing_is_missing),
	    cmocka_unit_test(what_is_not_known_is_null),
	    cmocka_unit_test(the_highest_alarm_is_shown_and_a_latch_is_the_first_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
