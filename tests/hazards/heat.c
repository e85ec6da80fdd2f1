/* SPDX-License-Identifier: Apache-2.0
 * Hazards 8 and 9: burns, fast and slow; and that the off-test before a session (25) leaves their sums alone. */
#include <math.h>

#include "testing_life.h"

static int start(void **state)
{
	static struct life life;
	life_start(&life, &(struct life_setup){0});
	*state = &life;
	return 0;
}

static int stop(void **state)
{
	life_stop(*state);
	return 0;
}

static void h08_the_skin_is_swept_and_heat_runs_to_42_for_ten_seconds_to_45_and_not_at_all_beyond(void **state)
{
	(void)state;
	for (int tenths = 415; tenths <= 455; tenths++) {
		if (tenths > 423 && tenths < 448)
			continue; /* as at both ends */
		struct life l;
		life_start(&l, &(struct life_setup){0});
		life_grants(&l, PAD, 1);
		life_see(&l, PAD, SKIN, tenths / 10.0);
		assert_int_equal(life_runs(&l, PAD), tenths <= 450);
		life_pass(&l, 9800);
		assert_int_equal(life_runs(&l, PAD), tenths <= 450);
		life_pass(&l, 400);
		assert_int_equal(life_runs(&l, PAD), tenths <= 420);
		assert_int_equal(life_ended_by(&l, "skin-too-hot"), tenths > 420);
		life_stop(&l);
	}
}

static void h08_it_latches_until_a_person_resets_cool_skin(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_see(l, PAD, SKIN, 45.5);
	assert_true(life_ended_by(l, "skin-too-hot"));
	life_see(l, PAD, SKIN, 40.2);
	life_pass(l, MINUTE);
	life_reset(l); /* still warm */
	life_refuses(l, PAD, 1, "skin-too-hot");
	life_see(l, PAD, SKIN, 39.8);
	life_pass(l, MINUTE);
	life_refuses(l, PAD, 1, "skin-too-hot");
	assert_false(life_runs(l, PAD));
	life_reset(l);
	life_pass(l, SECOND);
	assert_false(life_runs(l, PAD)); /* reset is not restart */
	life_grants(l, PAD, 1);
}

static void h08_a_pad_behind_a_plug_is_limited_by_time_alone(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.no_sensor = 1u << PAD});
	life_grants(&l, PAD, 1);
	life_pass(&l, 19 * MINUTE);
	assert_true(life_runs(&l, PAD));
	life_pass(&l, 2 * MINUTE);
	assert_true(life_ended_by(&l, "heat-time"));
	life_stop(&l);
}

static void h09_twenty_minutes_of_heat_then_twenty_without(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_pass(l, 19 * MINUTE + 30 * SECOND);
	assert_true(life_runs(l, PAD));
	life_pass(l, MINUTE);
	assert_false(life_runs(l, PAD));
	assert_true(life_ended_by(l, "heat-time"));
	life_pass(l, 17 * MINUTE);
	life_refuses(l, PAD, 1, "heat-time");
	life_pass(l, 5 * MINUTE);
	life_grants(l, PAD, 1);
}

static void h09_a_pause_does_not_begin_the_time_anew(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	life_pass(l, 15 * MINUTE);
	life_ask(l, PAD, 0);
	life_pass(l, 10 * MINUTE);
	life_grants(l, PAD, 1);
	life_pass(l, 5 * MINUTE + 20 * SECOND);
	assert_true(life_ended_by(l, "heat-time"));
}

/* The sum of the table: dt * R^(43 - T). */
static double dose_rate(double celsius)
{
	return pow(celsius >= 43 ? 0.5 : 0.25, 43 - celsius);
}

/* Warm skin with little heat: 20 min of it and 20 without, until the day's dose is full. */
static double dose_until_refused(struct life *l, double celsius, uint64_t *at)
{
	double dose = 0;
	uint64_t began = l->now;
	life_see(l, PAD, SKIN, celsius);
	while (l->now < began + 20 * HOUR) {
		life_pass(l, 10 * SECOND);
		dose += 10 * dose_rate(celsius) / 60;
		struct core_permission p;
		core_permission(l->core, l->index[PAD], 0, &p);
		if (p.rule && strcmp(p.rule, "heat-dose") == 0)
			break;
	}
	*at = l->now;
	return dose;
}

static void h09_forty_minutes_at_43_degrees_a_day_and_less_when_hotter(void **state)
{
	struct life *l = *state;
	uint64_t at;
	l->step_ms = 2 * SECOND;
	assert_near(dose_until_refused(l, 41.9, &at), 40, 1);
	/* In three hours at 41.9; the skin cools, and the day has to pass. */
	life_see(l, PAD, SKIN, 31);
	life_wait(l, 22 * HOUR - 3 * HOUR);
	life_pass(l, 30 * SECOND);
	life_refuses(l, PAD, 1, "heat-dose");
	life_wait(l, 7 * HOUR);
	life_pass(l, 30 * SECOND);
	life_grants(l, PAD, 1);
}

static void h09_what_ran_is_ended_when_the_dose_is_full(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.figures = "heat_dose = \"2 min\";"});
	life_grants(&l, PAD, 1);
	life_see(&l, PAD, SKIN, 42);
	life_pass(&l, 7 * MINUTE + 30 * SECOND); /* a quarter of a minute each */
	assert_true(life_runs(&l, PAD));
	life_pass(&l, MINUTE);
	assert_true(life_ended_by(&l, "heat-dose"));
	life_stop(&l);
}

/* Tested before the session: what it heats for 5 s counts, and forbids nothing of the session. */
static void h25_an_off_test_before_a_session_is_neither_a_session_nor_a_gap(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.proofs = true});
	life_wait(&l, 13 * HOUR);
	life_pass(&l, MINUTE);
	life_forget(&l);
	life_grants(&l, PAD, 1);
	life_pass(&l, 2 * SECOND);
	assert_true(l.testing != 0);
	life_ask(&l, PAD, 0); /* changed their mind */
	life_pass(&l, 2 * SECOND);
	life_grants(&l, PAD, 1);
	assert_true(l.testing != 0);
	life_pass(&l, 7 * SECOND);
	assert_int_equal(l.testing, 0);
	assert_true(life_runs(&l, PAD));
	assert_true(life_told(&l, CORE_EVENT_TIMER_PROVED, ""));
	assert_true(life_value(&l, PAD, "heat_time") <= 10);
	life_pass(&l, 19 * MINUTE + 30 * SECOND);
	assert_true(life_runs(&l, PAD));
	life_pass(&l, 30 * SECOND);
	assert_true(life_ended_by(&l, "heat-time"));
	life_pass(&l, 22 * MINUTE);
	life_grants(&l, PAD, 1); /* of the same evening: at once */
	assert_int_equal(l.testing, 0);
	life_stop(&l);
}

/* A test that was given up has heated nobody: who inverts then is not warned. */
static void h25_a_test_that_was_given_up_is_no_heat_before_inversion(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.proofs = true});
	life_blink(&l, PAD);
	life_say(&l, PAD);
	life_grants(&l, PAD, 1);
	life_pass(&l, 3 * SECOND);
	assert_true(l.testing != 0);
	life_ask(&l, PAD, 0);
	life_pass(&l, 2 * SECOND);
	life_see(&l, TABLE, TILT, 15);
	life_pass(&l, 10 * SECOND);
	assert_false(life_alarmed(&l, "inverted-after-heat"));
	life_stop(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest heat_tests[] = {
    cmocka_unit_test(h08_the_skin_is_swept_and_heat_runs_to_42_for_ten_seconds_to_45_and_not_at_all_beyond),
    T(h08_it_latches_until_a_person_resets_cool_skin),
    cmocka_unit_test(h08_a_pad_behind_a_plug_is_limited_by_time_alone),
    T(h09_twenty_minutes_of_heat_then_twenty_without),
    T(h09_a_pause_does_not_begin_the_time_anew),
    T(h09_forty_minutes_at_43_degrees_a_day_and_less_when_hotter),
    cmocka_unit_test(h09_what_ran_is_ended_when_the_dose_is_full),
    cmocka_unit_test(h25_an_off_test_before_a_session_is_neither_a_session_nor_a_gap),
    cmocka_unit_test(h25_a_test_that_was_given_up_is_no_heat_before_inversion),
};
const size_t n_heat_tests = sizeof heat_tests / sizeof *heat_tests;
