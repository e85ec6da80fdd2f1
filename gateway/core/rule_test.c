/* SPDX-License-Identifier: Apache-2.0
 * The states of a rule over time, with the rules that are shipped. */
#include <string.h>

#include "core/testing_rig.h"

static int start(void **state)
{
	static struct rig rig;
	rig_start_full(&rig);
	*state = &rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	return 0;
}

/* Ten readings a second for `ms`, heat on or not; returns how long the heat was granted. */
static uint64_t tilt_for(struct rig *rig, double tilt, uint64_t ms)
{
	uint64_t granted_ms = 0;
	for (uint64_t t = 0; t < ms; t += 100) {
		rig_read(rig, TABLE, TABLE_TILT, tilt);
		rig_read(rig, BELT, BELT_FORCE, 0);
		rig_read(rig, BELT, BELT_PRESSURE, 0);
		rig_read(rig, PAD, PAD_POWER, 0);
		rig_wait(rig, 100);
		granted_ms += rig_permission(rig, PAD, PAD_HEAT).granted ? 100 : 0;
	}
	return granted_ms;
}

static void heat_on(struct rig *rig)
{
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void tilt_is_swept_and_heat_runs_up_to_10_deg_one_second_up_to_20_and_not_at_all_beyond(void **state)
{
	struct rig *rig = *state;
	for (int tenths = -300; tenths <= 300; tenths += 1) {
		double tilt = tenths / 10.0;
		struct rig swept;
		rig_start_full(&swept);
		rig_calm(&swept);
		heat_on(&swept);
		uint64_t granted = tilt_for(&swept, tilt, 1500);
		if (tilt <= 10)
			assert_int_equal(granted, 1500);
		else if (tilt <= 20)
			assert_int_equal(granted, 900); /* counted after each 100 ms: off at the tenth */
		else
			assert_int_equal(granted, 0);
		rig_stop(&swept);
	}
	rig_calm(rig);
}

static void a_trip_tells_rest_and_its_first_cause(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 12.4);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 0);
	rig->now += 500;
	rig_read(rig, TABLE, TABLE_TILT, 15);
	rig->now += 500;
	rig_tick(rig);
	const struct core_output *rest = rig_output(rig, CORE_OUT_REST, 0), *trip = rig_event(rig, CORE_EVENT_TRIPPED);
	assert_int_equal(rest->device, PAD);
	assert_int_equal(rest->control, PAD_HEAT);
	assert_false(rest->stop);
	assert_string_equal(trip->why, "table.tilt was 12.4 deg, must be <= 10 deg (rule no-heat-during-inversion)");
	assert_string_equal(trip->rule, "no-heat-during-inversion");
	assert_int_equal(trip->hazard, 11);
	assert_int_equal(trip->priority, CORE_PRIORITY_HIGH);
	assert_int_equal(trip->cause.device, TABLE);
	assert_int_equal(trip->cause.metric, TABLE_TILT);
	assert_near(trip->cause.value, 12.4, 1e-9);
	assert_int_equal(trip->cause.stamp_ms, rig->now - 1000);
	assert_true(rest < trip); /* what must be fast comes first */
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
}

static void the_hard_limit_trips_in_the_same_step_and_names_itself(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 12);
	rig->now += 100;
	rig_read(rig, TABLE, TABLE_TILT, 20.1);
	assert_int_equal(rig_count(rig, CORE_OUT_REST), 1);
	assert_string_equal(rig_event(rig, CORE_EVENT_TRIPPED)->why,
			    "table.tilt was 20.1 deg, must be <= 20 deg (rule no-heat-during-inversion)");
}

static void during_grace_what_runs_goes_on_and_nothing_new_is_granted(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 11);
	struct core_permission p = rig_permission(rig, PAD, PAD_HEAT);
	assert_true(p.granted);
	assert_false(p.permitted);
	assert_string_equal(p.rule, "no-heat-during-inversion");
	rig_jump(rig, 250);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 1);
	/* Off and on again within the grace: refused. */
	assert_int_equal(rig_ask(rig, "pad", "heat", 0), CORE_ACCEPTED);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_contains(rig_output(rig, CORE_OUT_RESULT, 0)->why,
			"table.tilt is 11 deg (0.2 s old), must be <= 10 deg");
}

static void a_violation_that_ends_within_grace_does_nothing_and_grace_begins_anew(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(tilt_for(rig, 12, 900), 900);
		assert_int_equal(tilt_for(rig, 9, 200), 200);
	}
	assert_int_equal(tilt_for(rig, 12, 1000), 900);
}

static void unknown_or_implausible_during_grace_pauses_at_once(void **state)
{
	struct rig *rig = *state;
	for (uint8_t quality = THERAPY_UNKNOWN; quality <= THERAPY_ERROR; quality++) {
		if (quality == THERAPY_GOOD)
			continue;
		struct rig fresh;
		rig_start_full(&fresh);
		rig_calm(&fresh);
		heat_on(&fresh);
		rig_read(&fresh, TABLE, TABLE_TILT, 12);
		rig_read_quality(&fresh, TABLE, TABLE_TILT, 0, quality, fresh.now);
		assert_int_equal(rig_count(&fresh, CORE_OUT_REST), 1);
		assert_non_null(rig_event(&fresh, CORE_EVENT_PAUSED));
		assert_null(rig_event(&fresh, CORE_EVENT_TRIPPED));
		rig_stop(&fresh);
	}
	rig_calm(rig);
}

static void a_violation_that_is_lost_from_sight_trips_when_its_grace_is_over(void **state)
{
	(void)state;
	struct rig rig;
	for (uint8_t quality = THERAPY_UNKNOWN; quality <= THERAPY_ERROR; quality++) {
		if (quality == THERAPY_GOOD)
			continue;
		rig_start_full(&rig);
		rig_calm(&rig);
		heat_on(&rig);
		rig_read(&rig, TABLE, TABLE_TILT, 12);
		rig.now += 300;
		rig_read_quality(&rig, TABLE, TABLE_TILT, 0, quality, rig.now);
		assert_non_null(rig_event(&rig, CORE_EVENT_PAUSED));
		rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		rig.now += 700;
		rig_tick(&rig);
		assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
		assert_int_equal(tilt_for(&rig, 0, 30000), 0); /* nothing goes on by itself: a new request is needed */
		assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
		assert_false(rig_permission(&rig, PAD, PAD_HEAT).suspended);
		rig_stop(&rig);
	}
}

static void a_violation_that_is_seen_to_end_within_its_grace_only_pauses(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 12);
	rig->now += 300;
	rig_read_quality(rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig->now);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig->now += 600;
	rig_read(rig, TABLE, TABLE_TILT, 9);
	assert_non_null(rig_event(rig, CORE_EVENT_RESUMED));
	assert_null(rig_event(rig, CORE_EVENT_TRIPPED));
}

static void a_trip_is_rearmed_after_ten_seconds_at_8_deg_and_not_before(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	tilt_for(rig, 30, 1000);
	assert_int_equal(tilt_for(rig, 9, 30000), 0); /* within only_while, but not within rearms */
	struct core_permission p = rig_permission(rig, PAD, PAD_HEAT);
	assert_false(p.permitted);
	assert_contains(p.why, "table.tilt was 30 deg, must be <= 20 deg, 31 s ago (rule no-heat-during-inversion)");
	assert_contains(p.why, "; armed again when all inversion.tilt <= 8 deg for 10 s, in 10 s at the earliest");
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	tilt_for(rig, 8, 9900);
	assert_contains(rig_permission(rig, PAD, PAD_HEAT).why, ", in 0.1 s at the earliest");
	assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted);
	tilt_for(rig, 8, 100); /* ends at 10 s exactly */
	assert_true(rig_permission(rig, PAD, PAD_HEAT).permitted);
	/* A returning permit energises nothing. */
	assert_false(rig_permission(rig, PAD, PAD_HEAT).granted);
	assert_int_equal(tilt_for(rig, 8, 1000), 0);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void rearming_starts_over_when_the_table_moves_or_is_lost_from_sight(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	tilt_for(rig, 30, 500);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	tilt_for(rig, 8, 9000);
	tilt_for(rig, 8.1, 100);
	tilt_for(rig, 8, 9900);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted);
	rig_read_quality(rig, TABLE, TABLE_TILT, 0, THERAPY_ERROR, rig->now);
	tilt_for(rig, 8, 9900);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted);
	tilt_for(rig, 8, 200);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).permitted);
}

static void a_trip_with_nothing_running_is_no_event_but_needs_rearming_all_the_same(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	rig_read(rig, TABLE, TABLE_TILT, 45);
	assert_null(rig_output(rig, CORE_OUT_EVENT, 0));
	assert_non_null(rig_output(rig, CORE_OUT_CHANGED, 0));
	tilt_for(rig, 9, 1000);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	tilt_for(rig, 0, 10100);
	assert_null(rig_event(rig, CORE_EVENT_REARMED));
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
}

static void rearming_is_told_when_the_trip_was(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 45);
	rig_read(rig, TABLE, TABLE_TILT, 5);
	uint64_t end = rig->now + 10000;
	while (rig->now < end - 500) {
		rig->now += 500;
		rig_refresh(rig);
		assert_null(rig_event(rig, CORE_EVENT_REARMED));
	}
	rig->now = end;
	rig_tick(rig);
	const struct core_output *event = rig_event(rig, CORE_EVENT_REARMED);
	assert_string_equal(event->rule, "no-heat-during-inversion");
	assert_int_equal(event->device, CORE_NO_DEVICE);
}

static void a_trip_stays_while_nothing_is_known(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	tilt_for(rig, 30, 100);
	rig_wait(rig, 60000);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_refresh(rig);
	assert_false(rig_permission(rig, PAD, PAD_HEAT).permitted); /* a mere pause would be over now */
	tilt_for(rig, 0, 10100);
	assert_true(rig_permission(rig, PAD, PAD_HEAT).permitted);
}

static void a_late_step_counts_the_gap_as_elapsed(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	rig_read(rig, TABLE, TABLE_TILT, 12);
	rig->now += 1000; /* nobody called at the deadline; then a good reading comes in: too late */
	rig_read(rig, TABLE, TABLE_TILT, 0);
	assert_non_null(rig_event(rig, CORE_EVENT_TRIPPED));
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 0);
}

static void a_three_second_gap_with_five_seconds_allowed_pauses_nothing(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	for (int i = 0; i < 20; i++) { /* the belt goes on, the table is silent for 3 s at a time */
		for (int t = 0; t < 30; t++) {
			rig_wait(rig, 100);
			rig_read(rig, BELT, BELT_FORCE, 0);
			rig_read(rig, BELT, BELT_PRESSURE, 0);
			rig_read(rig, PAD, PAD_POWER, 50);
			assert_true(rig_permission(rig, PAD, PAD_HEAT).granted);
		}
		rig_read(rig, TABLE, TABLE_TILT, 1);
	}
}

static void max_age_replaces_the_metrics_own_staleness_to_the_millisecond(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	for (uint64_t t = 500; t <= 5000; t += 500) {
		rig_wait(rig, 500);
		rig_read(rig, BELT, BELT_FORCE, 0);
		rig_read(rig, BELT, BELT_PRESSURE, 0);
	}
	assert_true(rig_permission(rig, PAD, PAD_HEAT).granted); /* 5 s old: allowed */
	assert_int_equal(core_value(rig->core, TABLE, TABLE_TILT).quality,
			 THERAPY_UNKNOWN); /* for everybody else not */
	rig_wait(rig, 1);
	assert_string_equal(rig_event(rig, CORE_EVENT_PAUSED)->why,
			    "table.tilt was unknown: its last reading was 5.001 s old, at most 5 s is allowed (rule "
			    "no-heat-during-inversion); goes on by itself if that is over within 60 s");
}

static void hazard_12_any_load_or_pressure_or_doubt_of_them_ends_heat(void **state)
{
	struct rig *rig = *state;
	const struct {
		double force, pressure;
		bool runs;
	} rows[] = {{0, 0, true},     {19.9, 0.9, true}, {20, 0, false},  {0, 1, false},
		    {19.9, 1, false}, {20, 0.9, false},  {300, 30, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig fresh;
		rig_start_full(&fresh);
		rig_calm(&fresh);
		heat_on(&fresh);
		const struct core_reading both[] = {{BELT_FORCE, THERAPY_GOOD, rows[i].force, fresh.now},
						    {BELT_PRESSURE, THERAPY_GOOD, rows[i].pressure, fresh.now}};
		fresh.last =
		    core_step(fresh.core, fresh.now,
			      &(struct core_input){.type = CORE_IN_READINGS, .device = BELT, .readings = {both, 2}});
		assert_int_equal(rig_permission(&fresh, PAD, PAD_HEAT).granted, rows[i].runs);
		assert_int_equal(rig_event(&fresh, CORE_EVENT_TRIPPED) != NULL, !rows[i].runs);
		rig_stop(&fresh);
	}
	for (uint16_t metric = BELT_FORCE; metric <= BELT_PRESSURE; metric++) {
		struct rig fresh;
		rig_start_full(&fresh);
		rig_calm(&fresh);
		heat_on(&fresh);
		rig_wait(&fresh, 1000);
		rig_read(&fresh, BELT, metric == BELT_FORCE ? BELT_PRESSURE : BELT_FORCE, 0); /* the other goes stale */
		rig_wait(&fresh, 1);
		assert_non_null(rig_event(&fresh, CORE_EVENT_PAUSED));
		rig_stop(&fresh);
	}
	rig_calm(rig);
}

static void hazard_14_traction_waits_thirty_minutes_after_inversion(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	/* The gateway knows nothing of the time before it started. */
	assert_int_equal(rig_ask(rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_string_equal(
	    rig_output(rig, CORE_OUT_RESULT, 0)->why,
	    "table.tilt had not been read yet, must not be > 10 deg, and that must hold for 30 min: 30 min "
	    "to go (rule no-traction-after-inversion)");
	tilt_for(rig, 0, 30 * 60000 - 100);
	assert_int_equal(rig_ask(rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	tilt_for(rig, 0, 100);
	assert_int_equal(rig_ask(rig, "belt", "tension", 100), CORE_ACCEPTED);
	rig_read(rig, TABLE, TABLE_TILT, 10.5);
	assert_string_equal(rig_event(rig, CORE_EVENT_TRIPPED)->why,
			    "table.tilt was 10.5 deg, must not be > 10 deg (rule no-traction-after-inversion)");
	rig_phase(rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	tilt_for(rig, 0, 12 * 60000);
	assert_int_equal(rig_ask(rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(
	    rig_output(rig, CORE_OUT_RESULT, 0)->why,
	    "table.tilt was 10.5 deg, must not be > 10 deg, 12 min ago, and that must hold for 30 min: 18 min to go");
	tilt_for(rig, 0, 18 * 60000);
	assert_int_equal(rig_ask(rig, "belt", "tension", 100), CORE_ACCEPTED);
}

static void nothing_known_at_the_start_permits_nothing(void **state)
{
	struct rig *rig = *state;
	for (uint16_t d = TABLE; d <= PAD; d++)
		rig_present(rig, d, true);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
	assert_string_equal(rig_output(rig, CORE_OUT_RESULT, 0)->why,
			    "table.tilt has not been read yet, must be <= 10 deg (rule no-heat-during-inversion)");
}

static void one_heat_pad_alone_runs_with_every_shipped_rule(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_pad};
	rig_start(&rig, home, 1, rig_rules, rig_n_rules);
	rig_present(&rig, 0, true);
	rig_phase(&rig, 0, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_wait(&rig, 3600000);
	assert_true(rig_permission(&rig, 0, PAD_HEAT).granted);
	rig_stop(&rig);
}

static void a_belt_alone_need_not_wait_for_a_table_that_does_not_exist(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_belt};
	rig_start(&rig, home, 1, rig_rules, rig_n_rules);
	rig_present(&rig, 0, true);
	rig_phase(&rig, 0, BELT_TENSION, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void a_hard_limit_that_is_not_known_pauses_even_if_only_while_is_true(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("r", "all inversion.tilt <= 10 deg");
	rule.hard = (struct core_text){"all traction.force < 50 N", 3};
	rule.grace_ms = 2000;
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
	heat_on(&rig);
	rig_read_quality(&rig, BELT, BELT_FORCE, 0, THERAPY_ERROR, rig.now);
	assert_non_null(rig_event(&rig, CORE_EVENT_PAUSED));
	assert_contains(rig_event(&rig, CORE_EVENT_PAUSED)->why, "belt.force was implausible, must be < 50 N");
	/* Violated and the hard limit unknown: paused, and tripped when the grace is over. */
	rig_read(&rig, TABLE, TABLE_TILT, 12);
	rig.now += 1000;
	rig_read(&rig, TABLE, TABLE_TILT, 12);
	assert_int_equal(rig_count(&rig, CORE_OUT_EVENT), 0);
	rig.now += 1000;
	rig_tick(&rig);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED)); /* the request was waiting */
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why, "; armed again when all inversion.tilt <= 10 deg");
	rig_stop(&rig);
}

static void a_violation_has_no_grace_while_its_hard_limit_is_not_known(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("r", "all inversion.tilt <= 10 deg");
	rule.hard = (struct core_text){"all traction.force < 50 N", 3};
	rule.grace_ms = 2000;
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
	heat_on(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 12);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_read_quality(&rig, BELT, BELT_FORCE, 0, THERAPY_ERROR, rig.now);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_non_null(rig_event(&rig, CORE_EVENT_PAUSED));
	rig_stop(&rig);
}

static void two_readings_of_one_metric_in_a_batch_are_two_moments(void **state)
{
	struct rig *rig = *state;
	rig_calm(rig);
	heat_on(rig);
	const struct core_reading batch[] = {{TABLE_TILT, THERAPY_GOOD, 25, rig->now},
					     {TABLE_TILT, THERAPY_GOOD, 0, rig->now}};
	rig->last = core_step(rig->core, rig->now,
			      &(struct core_input){.type = CORE_IN_READINGS, .device = TABLE, .readings = {batch, 2}});
	assert_non_null(rig_event(rig, CORE_EVENT_TRIPPED));
}

static void different_metrics_of_a_batch_are_one_moment(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	/* One of both is always below: a state between the two readings would be a violation that never was. */
	struct core_rule rule = rig_rule("r", "belt.force < 10 N or belt.pressure < 10 kPa");
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
	heat_on(&rig);
	for (int i = 0; i < 10; i++) {
		const struct core_reading batch[] = {{BELT_FORCE, THERAPY_GOOD, i % 2 ? 0 : 50, rig.now},
						     {BELT_PRESSURE, THERAPY_GOOD, i % 2 ? 50 : 0, rig.now}};
		rig.last =
		    core_step(rig.core, rig.now,
			      &(struct core_input){.type = CORE_IN_READINGS, .device = BELT, .readings = {batch, 2}});
		assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted);
	}
	rig_stop(&rig);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    with_rig(tilt_is_swept_and_heat_runs_up_to_10_deg_one_second_up_to_20_and_not_at_all_beyond),
	    with_rig(a_trip_tells_rest_and_its_first_cause),
	    with_rig(the_hard_limit_trips_in_the_same_step_and_names_itself),
	    with_rig(during_grace_what_runs_goes_on_and_nothing_new_is_granted),
	    with_rig(a_violation_that_ends_within_grace_does_nothing_and_grace_begins_anew),
	    with_rig(unknown_or_implausible_during_grace_pauses_at_once),
	    cmocka_unit_test(a_violation_that_is_lost_from_sight_trips_when_its_grace_is_over),
	    with_rig(a_violation_that_is_seen_to_end_within_its_grace_only_pauses),
	    with_rig(a_trip_is_rearmed_after_ten_seconds_at_8_deg_and_not_before),
	    with_rig(rearming_starts_over_when_the_table_moves_or_is_lost_from_sight),
	    with_rig(a_trip_with_nothing_running_is_no_event_but_needs_rearming_all_the_same),
	    with_rig(rearming_is_told_when_the_trip_was),
	    with_rig(a_trip_stays_while_nothing_is_known),
	    with_rig(a_late_step_counts_the_gap_as_elapsed),
	    with_rig(a_three_second_gap_with_five_seconds_allowed_pauses_nothing),
	    with_rig(max_age_replaces_the_metrics_own_staleness_to_the_millisecond),
	    with_rig(hazard_12_any_load_or_pressure_or_doubt_of_them_ends_heat),
	    with_rig(hazard_14_traction_waits_thirty_minutes_after_inversion),
	    with_rig(nothing_known_at_the_start_permits_nothing),
	    cmocka_unit_test(one_heat_pad_alone_runs_with_every_shipped_rule),
	    cmocka_unit_test(a_belt_alone_need_not_wait_for_a_table_that_does_not_exist),
	    cmocka_unit_test(a_hard_limit_that_is_not_known_pauses_even_if_only_while_is_true),
	    cmocka_unit_test(a_violation_has_no_grace_while_its_hard_limit_is_not_known),
	    with_rig(two_readings_of_one_metric_in_a_batch_are_two_moments),
	    cmocka_unit_test(different_metrics_of_a_batch_are_one_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
