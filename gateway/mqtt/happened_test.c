/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/happened.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "therapy/v1/safety.pb-c.h"

#define NOW 100000u

struct packed {
	uint8_t bytes[512];
	size_t size;
};

static struct packed tripped(const char *boot, uint64_t at_ms, bool trusted)
{
	static char id[] = "pad", control[] = "heat", rule[] = "r", text[] = "table.tilt is 60 deg";
	char boot_id[40];
	struct packed p;
	Therapy__V1__SafetyEvent event = THERAPY__V1__SAFETY_EVENT__INIT;
	snprintf(boot_id, sizeof boot_id, "%s", boot);
	event.boot_id = boot_id;
	event.type = THERAPY__V1__SAFETY_EVENT_TYPE__SAFETY_EVENT_TYPE_TRIPPED;
	event.priority = THERAPY__V1__ALARM_PRIORITY__ALARM_PRIORITY_HIGH;
	event.sequence = 7;
	event.device_id = id;
	event.control = control;
	event.rule_id = rule;
	event.hazard = 11;
	event.text = text;
	event.monotonic_ms = at_ms;
	event.wall_unix_ms = 1767225600000;
	event.wall_clock_trusted = trusted;
	p.size = therapy__v1__safety_event__pack(&event, p.bytes);
	return p;
}

static void what_happens_now_is_told_with_its_type_first(void **state)
{
	(void)state;
	struct happened now;
	struct packed p = tripped("b", NOW - HAPPENED_LATE_MS, true);
	assert_true(happened_now(p.bytes, p.size, "b", NOW, &now));
	assert_string_equal(now.device, "pad");
	assert_string_equal(
	    now.text, "{\"event_type\":\"tripped\",\"time\":\"2026-01-01T00:00:00Z\",\"sequence\":7,"
		      "\"device\":\"pad\",\"control\":\"heat\",\"rule\":\"r\",\"hazard\":11,\"priority\":\"high\","
		      "\"text\":\"table.tilt is 60 deg\",\"cause\":null,\"inputs\":[]}");
	free(now.text);
	p = tripped("b", NOW, false);
	assert_true(happened_now(p.bytes, p.size, "b", NOW, &now));
	assert_contains(now.text, "\"time\":null");
	free(now.text);
}

/* An outage, a restart: whoever acts on it would act on what is long over. */
static void what_is_told_late_does_not_happen_now(void **state)
{
	(void)state;
	struct happened now;
	struct packed p = tripped("b", NOW - HAPPENED_LATE_MS - 1, true);
	assert_false(happened_now(p.bytes, p.size, "b", NOW, &now));
	p = tripped("a", NOW, true);
	assert_false(happened_now(p.bytes, p.size, "b", NOW, &now));
	assert_false(happened_now((const uint8_t *)"\xff\xff", 2, "b", NOW, &now));
	assert_null(now.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_happens_now_is_told_with_its_type_first),
	    cmocka_unit_test(what_is_told_late_does_not_happen_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
