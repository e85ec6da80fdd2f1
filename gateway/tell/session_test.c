/* SPDX-License-Identifier: Apache-2.0
 * Promise: a session is told whole, and what is noted of it comes back as it was; what is no session is refused. */
#include "tell/session.h"

#include <stdlib.h>

#include "base/testing.h"

static struct session_record example(void)
{
	return (struct session_record){.id = "0123456789abcdef0123456789abcdef",
				       .person = 3,
				       .kind = SESSION_TRACTION,
				       .device = "belt",
				       .boot_id = "b",
				       .begun_boot_ms = 5000,
				       .placed = true,
				       .begun_ms = 1764338700000,
				       .lasted_ms = 600000,
				       .active_ms = 590000,
				       .unknown_ms = 1000,
				       .has_value = true,
				       .unit = THERAPY_UNIT_NEWTON,
				       .peak = 151.5,
				       .mean = 140,
				       .has_limit = true,
				       .limit = 150,
				       .over_ms = 200,
				       .has_dose = true,
				       .dose_min = 0.5,
				       .trips = 1,
				       .alarms = 2,
				       .end = SESSION_TRIPPED,
				       .rule = "over-force",
				       .pain_before = 0,
				       .pain_after = 10,
				       .note = "it \"pulled\"\n left",
				       .plan = "lumbar",
				       .step = 2};
}

static bool round_trip(const struct session_record *in, struct session_record *out)
{
	Therapy__V1__SessionRecord m = tell_session_message(in, "home");
	size_t size = therapy__v1__session_record__get_packed_size(&m);
	uint8_t *bytes = malloc(size);
	assert_non_null(bytes);
	therapy__v1__session_record__pack(&m, bytes);
	Therapy__V1__SessionRecord *back = therapy__v1__session_record__unpack(NULL, size, bytes);
	free(bytes);
	assert_non_null(back);
	assert_string_equal(back->gateway_id, "home");
	bool ok = tell_session_of_message(back, out);
	therapy__v1__session_record__free_unpacked(back, NULL);
	return ok;
}

static void a_session_comes_back_from_its_message_as_it_was(void **state)
{
	(void)state;
	struct session_record in = example(), out = {0};
	assert_true(round_trip(&in, &out));
	assert_memory_equal(&in, &out, sizeof in);
	in.has_value = in.has_limit = in.has_dose = false;
	in.peak = in.mean = in.limit = in.dose_min = 0;
	in.pain_before = in.pain_after = SESSION_PAIN_NOT_TOLD;
	assert_true(round_trip(&in, &out));
	assert_memory_equal(&in, &out, sizeof in);
}

static void what_is_no_session_is_refused(void **state)
{
	(void)state;
	struct session_record in = example(), out;
	Therapy__V1__SessionRecord good = tell_session_message(&in, "home"), m;
	char longer[SESSION_NOTE_MAX + 1];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_true(tell_session_of_message(&good, &out));
#define REFUSES(change)                                                                                                \
	do {                                                                                                           \
		m = good;                                                                                              \
		change;                                                                                                \
		assert_false(tell_session_of_message(&m, &out));                                                       \
	} while (0)
	REFUSES(m.kind = 0);
	REFUSES(m.kind = (Therapy__V1__SessionKind)77);
	REFUSES(m.end = 0);
	REFUSES(m.unit = (Therapy__V1__Unit)77);
	REFUSES(m.active_ms = m.lasted_ms + 1);
	REFUSES(m.unknown_ms = -1);
	REFUSES(m.note = longer);
#undef REFUSES
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *value;
	assert_true(json_object_object_get_ex(o, key, &value));
	return value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "null";
}

static void it_is_told_with_local_time_and_nothing_missing(void **state)
{
	(void)state;
	setenv("TZ", "CET-1", 1);
	struct session_record r = example();
	struct json_object *o = tell_session(&r, "Ada");
	assert_string_equal(member(o, "kind"), "\"traction\"");
	assert_string_equal(member(o, "begun"), "\"2025-11-28T15:05:00+01:00\"");
	assert_string_equal(member(o, "unit"), "\"N\"");
	assert_string_equal(member(o, "pain_before"), "0");
	assert_string_equal(member(o, "end"), "\"tripped\"");
	assert_string_equal(member(o, "person"), "\"Ada\"");
	json_object_put(o);
	r.placed = r.has_value = r.has_limit = r.has_dose = false;
	r.pain_after = SESSION_PAIN_NOT_TOLD;
	o = tell_session(&r, "");
	static const char *const unknown[] = {"begun", "begun_ms", "unit",     "peak",
					      "mean",  "limit",    "dose_min", "pain_after"};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_string_equal(member(o, unknown[i]), "null");
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_comes_back_from_its_message_as_it_was),
	    cmocka_unit_test(what_is_no_session_is_refused),
	    cmocka_unit_test(it_is_told_with_local_time_and_nothing_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
