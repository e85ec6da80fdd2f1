/* SPDX-License-Identifier: Apache-2.0
 * Every refusal, and what is obeyed in spite of it. */
#include <stdio.h>
#include <string.h>

#include "core/testing_rig.h"

static int start(void **state)
{
	static struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	*state = &rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	return 0;
}

static struct core_request heat(double value)
{
	return (struct core_request){.device = "pad", .control = "heat", .id = "", .value = value, .age_ms = -1};
}

static const char *why(const struct rig *rig)
{
	return rig_output(rig, CORE_OUT_RESULT, 0)->why;
}

/* Refused, told, nothing ordered. */
static void assert_refused(struct rig *rig, const struct core_request *request, enum core_outcome outcome,
			   const char *says)
{
	assert_int_equal(rig_request(rig, request), outcome);
	assert_contains(why(rig), says);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
	assert_int_equal(rig_event(rig, CORE_EVENT_REFUSED) != NULL, request->value != 0);
	if (request->value != 0)
		assert_string_equal(rig_event(rig, CORE_EVENT_REFUSED)->why, why(rig));
}

static void a_request_that_nothing_forbids_is_granted_with_a_lease(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	request.id = "abc";
	assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
	const struct core_output *result = rig_output(rig, CORE_OUT_RESULT, 0),
				 *lease = rig_output(rig, CORE_OUT_LEASE, 0);
	assert_string_equal(result->request_id, "abc");
	assert_int_equal(result->device, PAD);
	assert_int_equal(result->control, PAD_HEAT);
	assert_near(result->value, 1, 0);
	assert_int_equal(lease->device, PAD);
	assert_int_equal(lease->grant, 1);
	assert_near(lease->value, 1, 0);
	assert_int_equal(lease->expires_ms, rig->now + 1000);
	assert_non_null(rig_event(rig, CORE_EVENT_GRANTED));
	assert_int_equal(rig_count(rig, CORE_OUT_CHANGED), 1);
}

static void what_is_wrong_with_the_message_is_the_first_reason(void **state)
{
	struct rig *rig = *state;
	static const struct {
		enum core_flaw flaw;
		enum core_outcome outcome;
		const char *text, *says;
	} rows[] = {
	    {CORE_FLAW_TOO_LARGE, CORE_TOO_LARGE, NULL, "at most 4096 bytes"},
	    {CORE_FLAW_MALFORMED, CORE_MALFORMED, NULL, "not understood"},
	    {CORE_FLAW_MALFORMED, CORE_MALFORMED, "a number was expected", "not understood: a number was expected"},
	    {CORE_FLAW_RETAINED, CORE_RETAINED, NULL, "without the retain flag"},
	    {CORE_FLAW_UNTIMELY, CORE_LATE, NULL, "has not proved itself timely"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_request request = heat(1);
		request.flaw = rows[i].flaw;
		request.flaw_text = rows[i].text;
		request.device = "nobody";
		assert_refused(rig, &request, rows[i].outcome, rows[i].says);
	}
}

static void a_flawed_request_needs_no_names_at_all(void **state)
{
	struct rig *rig = *state;
	assert_refused(rig, &(struct core_request){.flaw = CORE_FLAW_MALFORMED}, CORE_MALFORMED, "not understood");
	assert_refused(rig, &(struct core_request){.value = 1, .age_ms = -1}, CORE_UNKNOWN_CONTROL, "no device ''");
}

static void the_same_id_within_60_s_is_a_duplicate_even_if_it_was_refused(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1), other = heat(2);
	request.id = other.id = "once";
	assert_refused(rig, &other, CORE_OUT_OF_RANGE, "out of range");
	rig_refresh(rig);
	assert_refused(rig, &request, CORE_DUPLICATE, "each needs its own for 60 s");
	rig_wait(rig, 59999);
	rig_refresh(rig);
	assert_refused(rig, &request, CORE_DUPLICATE, "came 60.0 s ago");
	rig_wait(rig, 60000);
	rig_refresh(rig);
	assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
}

static void a_duplicate_is_a_request_too_for_the_next_one(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(7);
	request.id = "again";
	assert_refused(rig, &request, CORE_OUT_OF_RANGE, "out of range");
	for (int i = 0; i < 3; i++) {
		rig_wait(rig, 40000);
		assert_refused(rig, &request, CORE_DUPLICATE, "came 40.0 s ago");
	}
}

static void requests_without_an_id_are_no_duplicates_of_each_other(void **state)
{
	struct rig *rig = *state;
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void a_retained_request_uses_its_id_up(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	request.id = "kept";
	request.flaw = CORE_FLAW_RETAINED;
	assert_refused(rig, &request, CORE_RETAINED, "retained");
	request.flaw = CORE_FLAW_NONE;
	assert_refused(rig, &request, CORE_DUPLICATE, "each needs its own");
}

/* 30 lbf are 133.4 N: nobody can say in pounds what fits a step of 5 N, and more than was said is never meant. */
static void what_was_said_in_another_unit_is_rounded_down_to_a_step(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_belt};
	rig_start(&rig, home, 1, rig_rules, rig_n_rules);
	rig_present(&rig, 0, true);
	rig_phase(&rig, 0, BELT_TENSION, CORE_PHASE_AT_REST);
	struct core_request request = {
	    .device = "belt", .control = "tension", .id = "", .value = 133.447, .converted = true, .age_ms = -1};
	assert_int_equal(rig_request(&rig, &request), CORE_ACCEPTED);
	assert_near(rig_output(&rig, CORE_OUT_RESULT, 0)->value, 130, 0);
	request.value = 400.034; /* beyond the range it is not rounded into it */
	assert_int_equal(rig_request(&rig, &request), CORE_OUT_OF_RANGE);
	request.value = 19.6;
	assert_int_equal(rig_request(&rig, &request), CORE_OUT_OF_RANGE);
	request = (struct core_request){.device = "belt", .control = "tension", .id = "", .value = 133, .age_ms = -1};
	assert_int_equal(rig_request(&rig, &request), CORE_OUT_OF_RANGE);
	rig_stop(&rig);
}

static void a_flood_of_ids_does_not_make_a_duplicate_pass(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(7); /* out of range: nothing happens */
	char id[16];
	request.id = id;
	for (int i = 0; i < 1024; i++) {
		snprintf(id, sizeof id, "id%d", i);
		assert_int_equal(rig_request(rig, &request), CORE_OUT_OF_RANGE);
	}
	snprintf(id, sizeof id, "id0");
	assert_refused(rig, &request, CORE_DUPLICATE, "each needs its own");
	snprintf(id, sizeof id, "new");
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "more than 1024 requests in 60 s");
	request.value = 0; /* rest is obeyed all the same */
	assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	rig_wait(rig, 60000);
	request.value = 7;
	assert_int_equal(rig_request(rig, &request), CORE_OUT_OF_RANGE);
}

static void an_id_that_is_too_long_is_malformed(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	request.id = "0123456789012345678901234567890123456789012345678901234567890123";
	assert_refused(rig, &request, CORE_MALFORMED, "at most 63 characters");
	assert_string_equal(rig_output(rig, CORE_OUT_RESULT, 0)->request_id, "");
	request.id++;
	assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
}

static void older_than_5_s_is_late(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	request.age_ms = 5001;
	assert_refused(rig, &request, CORE_LATE, "5.0 s old by its own time stamp");
	request.age_ms = 5000;
	assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
}

static void unknown_devices_and_controls_are_named_in_print(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	request.device = "p\x01\xff"
			 "d";
	assert_refused(rig, &request, CORE_UNKNOWN_CONTROL, "there is no device 'p??d'");
	request.device = "table";
	assert_refused(rig, &request, CORE_UNKNOWN_CONTROL, "table has no control 'heat'");
	char long_name[2000];
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	request.device = long_name;
	assert_refused(rig, &request, CORE_UNKNOWN_CONTROL, "xxx...'");
}

static void values_off_the_range_or_the_step_grid_are_refused(void **state)
{
	struct rig *rig = *state;
	static const struct {
		double value;
		const char *says;
	} rows[] = {
	    {19.999, "out of range: belt.tension takes 0 (rest) and 20 N to 400 N"},
	    {400.001, "out of range"},
	    {405, "out of range"},
	    {-20, "out of range"},
	    {1e300, "out of range"},
	    {22, "between two steps: belt.tension goes from 20 N to 400 N in steps of 5 N"},
	    {24.999, "between two steps"},
	    {(double)NAN, "a number was expected"},
	    {(double)INFINITY, "a number was expected"},
	    {-(double)INFINITY, "a number was expected"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_request request = heat(rows[i].value);
		request.device = "belt";
		request.control = "tension";
		assert_refused(rig, &request, CORE_OUT_OF_RANGE, rows[i].says);
	}
	struct core_request request = heat(0.5);
	assert_refused(rig, &request, CORE_OUT_OF_RANGE, "between two steps");
}

static void a_rounding_error_is_not_off_the_grid(void **state)
{
	(void)state;
	static const struct core_metric metrics[] = {{.key = "w", .unit = THERAPY_UNIT_WATT, .stale_ms = 1000}};
	static const struct core_control controls[] = {
	    {.key = "level", .min = 0, .max = 1, .step = 0.1, .confirm = 0, .rest_max = 3, .resumes = false}};
	const struct core_device home[] = {{"lamp", "heat", metrics, 1, controls, 1}};
	struct rig rig;
	rig_start(&rig, home, 1, rig_rules, 1);
	rig_present(&rig, 0, true);
	rig_phase(&rig, 0, 0, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "lamp", "level", 0.1 + 0.2), CORE_ACCEPTED);
	assert_near(rig_output(&rig, CORE_OUT_LEASE, 0)->value, 0.3, 1e-12);
	rig_stop(&rig);
}

static void a_device_that_is_absent_or_not_at_rest_is_not_ready(void **state)
{
	struct rig *rig = *state;
	static const struct {
		enum core_phase phase;
		const char *says;
	} rows[] = {
	    {CORE_PHASE_UNKNOWN, "no reading has confirmed yet that pad.heat is at rest"},
	    {CORE_PHASE_COMING_TO_REST, "pad.heat is coming to rest"},
	    {CORE_PHASE_ENERGISED, "pad.heat is on though the gateway did not grant it"},
	    {CORE_PHASE_CONFIRMED_ON, "pad.heat is on though the gateway did not grant it"},
	};
	struct core_request request = heat(1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rig_phase(rig, PAD, PAD_HEAT, rows[i].phase);
		assert_refused(rig, &request, CORE_DEVICE_NOT_READY, rows[i].says);
		assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted);
		assert_contains(rig_permission(rig, PAD, PAD_HEAT).why, rows[i].says);
	}
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_present(rig, PAD, false);
	assert_refused(rig, &request, CORE_DEVICE_NOT_READY, "pad is not there");
	static const struct {
		enum core_hold held;
		const char *says;
	} holds[] = {
	    {CORE_HELD_RELEASED, "pad was let go: `therapyctl device take pad` takes it again"},
	    {CORE_HELD_ELSEWHERE, "pad is left to another gateway with this gateway's id"},
	    {CORE_HELD_NOT, "pad is not there"},
	};
	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
		struct core_input held = {.type = CORE_IN_HELD, .device = PAD, .held = holds[i].held};
		rig->last = core_step(rig->core, rig->now, &held);
		assert_refused(rig, &request, CORE_DEVICE_NOT_READY, holds[i].says);
		assert_contains(rig_permission(rig, PAD, PAD_HEAT).why, holds[i].says);
	}
	rig_present(rig, PAD, true);
	assert_refused(rig, &request, CORE_DEVICE_NOT_READY, "no reading has confirmed yet");
}

static void a_rule_that_is_not_true_is_named_with_its_reading_and_its_age(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	rig_read(rig, TABLE, TABLE_TILT, 12.4);
	rig->now += 200;
	assert_refused(rig, &request, CORE_NOT_PERMITTED,
		       "table.tilt is 12.4 deg (0.2 s old), must be <= 10 deg (rule no-heat-during-inversion)");
	const struct core_output *result = rig_output(rig, CORE_OUT_RESULT, 0);
	assert_string_equal(result->rule, "no-heat-during-inversion");
	assert_int_equal(result->hazard, 11);
	assert_int_equal(result->cause.device, TABLE);
	assert_int_equal(result->cause.metric, TABLE_TILT);
	assert_near(result->cause.value, 12.4, 1e-9);
	assert_int_equal(result->cause.quality, THERAPY_GOOD);
	assert_int_equal(result->cause.stamp_ms, rig->now - 200);
	assert_near(result->value, 0, 0);
	rig->now += 1000;
	assert_refused(rig, &request, CORE_NOT_PERMITTED,
		       "; armed again when all inversion.tilt <= 8 deg for 10 s, in 10 s at the earliest");
}

static void a_value_close_to_its_limit_is_told_with_enough_decimals(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	rig_read(rig, TABLE, TABLE_TILT, 10.0004);
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "table.tilt is 10.0004 deg (0 ms old), must be <= 10 deg");
}

static void missing_stale_unknown_and_implausible_readings_each_have_their_sentence(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(1);
	rig_read_quality(rig, TABLE, TABLE_TILT, 0, THERAPY_UNKNOWN, rig->now);
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "table.tilt is unknown, must be <= 10 deg");
	rig_read_quality(rig, TABLE, TABLE_TILT, 500, THERAPY_ERROR, rig->now);
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "table.tilt is implausible, must be <= 10 deg");
	rig_read_quality(rig, TABLE, TABLE_TILT, (double)NAN, THERAPY_GOOD, rig->now);
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "table.tilt is implausible, must be <= 10 deg");
	rig_read(rig, TABLE, TABLE_TILT, 0);
	rig_wait(rig, 6000);
	assert_refused(rig, &request, CORE_NOT_PERMITTED,
		       "table.tilt is unknown: its last reading is 6 s old, at most 5 s is allowed");
	rig_present(rig, TABLE, false);
	rig_wait(rig, 1);
	rig_present(rig, TABLE, true);
	rig_refresh(rig);
	rig_present(rig, TABLE, false);
	assert_refused(rig, &request, CORE_NOT_PERMITTED, "table.tilt is unknown: the device is not there");
}

static void a_control_that_no_rule_governs_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	rig_start(&rig, home, 3, rig_rules, 2); /* the heat rules only */
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(why(&rig), "no rule governs belt.tension");
	assert_contains(rig_permission(&rig, BELT, BELT_TENSION).why, "no rule governs belt.tension");
	assert_int_equal(rig_ask(&rig, "belt", "tension", 0), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void rest_is_obeyed_however_late_or_untimely_and_whatever_the_state(void **state)
{
	struct rig *rig = *state;
	static const int64_t ages[] = {-1, 0, 5001, INT64_MAX};
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
		for (int flawed = 0; flawed < 2; flawed++) {
			rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
			assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
			struct core_request request = heat(0);
			request.age_ms = ages[i];
			request.flaw = flawed ? CORE_FLAW_UNTIMELY : CORE_FLAW_NONE;
			assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
			assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
			assert_contains(rig_event(rig, CORE_EVENT_ENDED)->why, "ended by a request");
			assert_int_equal(strstr(why(rig), "rest is always allowed") != NULL, flawed || ages[i] > 5000);
			assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
		}
	rig_present(rig, PAD, false);
	assert_int_equal(rig_ask(rig, "pad", "heat", -0.0), CORE_ACCEPTED);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
}

/* Somebody who sets the retain flag, an automation that calls its every OFF "off": off is off. */
static void rest_is_obeyed_also_retained_and_under_an_id_that_was_used(void **state)
{
	struct rig *rig = *state;
	struct core_request request = heat(0);
	request.id = "off";
	for (int kept = 0; kept < 3; kept++) {
		assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
		request.flaw = kept ? CORE_FLAW_RETAINED : CORE_FLAW_NONE;
		assert_int_equal(rig_request(rig, &request), CORE_ACCEPTED);
		assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
		const char *why = rig_output(rig, CORE_OUT_RESULT, 0)->why;
		assert_int_equal(strstr(why, "the broker keeps this message") != NULL, kept > 0);
		rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	}
	request.value = 1; /* the id counts for what is not rest */
	request.flaw = CORE_FLAW_NONE;
	assert_refused(rig, &request, CORE_DUPLICATE, "each needs its own");
}

static void the_same_value_again_keeps_the_grant_and_another_value_is_a_new_one(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_belt};
	rig_start(&rig, home, 1, rig_rules, rig_n_rules);
	rig_present(&rig, 0, true);
	rig_phase(&rig, 0, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	uint64_t grant = rig_output(&rig, CORE_OUT_LEASE, 0)->grant;
	rig_phase(&rig, 0, BELT_TENSION, CORE_PHASE_CONFIRMED_ON);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_null(rig_event(&rig, CORE_EVENT_GRANTED));
	assert_int_equal(rig_ask(&rig, "belt", "tension", 150), CORE_ACCEPTED);
	assert_int_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->grant, grant + 1);
	assert_near(rig_output(&rig, CORE_OUT_LEASE, 0)->value, 150, 0);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 0);
	rig_jump(&rig, 250);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	assert_int_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->grant, grant + 1);
	rig.now += 250; /* a renewal is due in the step that grants anew: one lease, the new one */
	assert_int_equal(rig_ask(&rig, "belt", "tension", 155), CORE_ACCEPTED);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	assert_int_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->grant, grant + 2);
	rig_stop(&rig);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(a_request_that_nothing_forbids_is_granted_with_a_lease),
	    with_rig(what_is_wrong_with_the_message_is_the_first_reason),
	    with_rig(a_flawed_request_needs_no_names_at_all),
	    with_rig(the_same_id_within_60_s_is_a_duplicate_even_if_it_was_refused),
	    with_rig(a_duplicate_is_a_request_too_for_the_next_one),
	    with_rig(requests_without_an_id_are_no_duplicates_of_each_other),
	    with_rig(a_retained_request_uses_its_id_up),
	    cmocka_unit_test(what_was_said_in_another_unit_is_rounded_down_to_a_step),
	    with_rig(a_flood_of_ids_does_not_make_a_duplicate_pass),
	    with_rig(an_id_that_is_too_long_is_malformed),
	    with_rig(older_than_5_s_is_late),
	    with_rig(unknown_devices_and_controls_are_named_in_print),
	    with_rig(values_off_the_range_or_the_step_grid_are_refused),
	    cmocka_unit_test(a_rounding_error_is_not_off_the_grid),
	    with_rig(a_device_that_is_absent_or_not_at_rest_is_not_ready),
	    with_rig(a_rule_that_is_not_true_is_named_with_its_reading_and_its_age),
	    with_rig(a_value_close_to_its_limit_is_told_with_enough_decimals),
	    with_rig(missing_stale_unknown_and_implausible_readings_each_have_their_sentence),
	    cmocka_unit_test(a_control_that_no_rule_governs_is_refused),
	    with_rig(rest_is_obeyed_however_late_or_untimely_and_whatever_the_state),
	    with_rig(rest_is_obeyed_also_retained_and_under_an_id_that_was_used),
	    cmocka_unit_test(the_same_value_again_keeps_the_grant_and_another_value_is_a_new_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
