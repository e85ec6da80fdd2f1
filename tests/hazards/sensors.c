/* SPDX-License-Identifier: Apache-2.0
 * Hazards 17 and 18: sensors that are silent, and sensors that lie. */
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

/* The table turns for `ms` and its tilt stays. */
static void turn(struct life *l, double rate, uint64_t ms)
{
	life_see(l, TABLE, RATE, rate);
	life_pass(l, ms);
}

static void h18_a_table_that_turns_while_its_tilt_stays_is_not_believed(void **state)
{
	struct life *l = *state;
	static const double rates[] = {5.1, -5.1, 30};
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		life_grants(l, PAD, 1);
		life_forget(l);
		turn(l, rates[i], 1800);
		assert_true(life_runs(l, PAD));
		turn(l, rates[i], 500);
		assert_false(life_runs(l, PAD));
		assert_true(life_ended_by(l, "tilt-is-believable"));
		life_see(l, TABLE, TILT, l->sees[TABLE][TILT] + 3); /* it moves after all */
		turn(l, 0, 10 * SECOND);
		life_ask(l, PAD, 0);
		life_pass(l, SECOND);
	}
}

static void h18_a_table_at_rest_repeats_its_tilt_and_is_believed(void **state)
{
	struct life *l = *state;
	life_grants(l, PAD, 1);
	turn(l, 4.9, 20 * SECOND);
	turn(l, -4.9, 20 * SECOND);
	turn(l, 0, 60 * SECOND);
	assert_true(life_runs(l, PAD));
	assert_false(life_ended_by(l, "tilt-is-believable"));
}

static void h18_ten_seconds_of_it_latch(void **state)
{
	struct life *l = *state;
	turn(l, 20, 2 * SECOND);
	turn(l, 0, 11 * SECOND); /* what was frozen stays frozen: it does not become true by standing still */
	assert_true(life_told(l, CORE_EVENT_LATCHED, "tilt-is-believable"));
	life_see(l, TABLE, TILT, 5); /* it moves again */
	life_pass(l, 10 * SECOND);
	life_refuses(l, PAD, 1, "tilt-is-believable");
	life_refuses(l, BELT, 50, "tilt-is-believable");
	life_reset(l);
	life_grants(l, PAD, 1);
}

static void h18_traction_is_denied_as_well(void **state)
{
	struct life *l = *state;
	life_grants(l, BELT, 50);
	life_pass(l, 5 * SECOND);
	turn(l, 20, 3 * SECOND);
	assert_false(life_runs(l, BELT));
	assert_true(life_ended_by(l, "tilt-is-believable"));
}

static void h18_a_table_without_a_rate_cannot_contradict_itself(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.no_sensor = 1u << TABLE});
	life_grants(&l, PAD, 1);
	life_stop(&l);
}

/* Each sensor that heat depends on: gone, implausible, or of a lost device, and heat is off. */
static void h17_whatever_is_not_known_pauses_heat(void **state)
{
	struct life *l = *state;
	static const struct {
		enum life_device device;
		int metric;
	} rows[] = {{TABLE, TILT}, {BELT, FORCE}, {BELT, PRESSURE}, {PAD, SKIN}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int quality = THERAPY_UNKNOWN; quality <= THERAPY_ERROR; quality++) {
			if (quality == THERAPY_GOOD)
				continue;
			life_grants(l, PAD, 1);
			life_see_quality(l, rows[i].device, rows[i].metric, 0, (uint8_t)quality);
			assert_false(life_runs(l, PAD));
			life_pass(l, 15 * SECOND);
			assert_true(life_runs(l, PAD)); /* a pause, and no more */
			life_ask(l, PAD, 0);
			life_pass(l, SECOND);
		}
}

/* Several rules ask for the same reading: each of them within the age that its purpose allows. */
static void h17_each_rule_has_the_age_that_its_purpose_allows(void **state)
{
	static const struct {
		enum life_device silent, control;
		const char *rule;
		uint64_t ms;
	} rows[] = {
	    {TABLE, PAD, "no-heat-during-inversion", 5 * SECOND},
	    {TABLE, BELT, "no-traction-during-inversion", 5 * SECOND},
	    {TABLE, BELT, "no-traction-after-inversion", 30 * SECOND},
	    {BELT, PAD, "no-heat-under-load", 5 * SECOND},
	    {BELT, BELT, "traction-is-measured", 5 * SECOND},
	    {BELT, BELT, "over-force", 5 * SECOND},
	    {BELT, BELT, "no-jerk", 5 * SECOND},
	    {BELT, BELT, "belt-over-pressure", 5 * SECOND},
	    {SCALE, BELT, "the-person-of-the-profile", 12 * HOUR},
	    {PERSON, PAD, "somebody-is-there", 2 * MINUTE},
	    {PAD, PAD, "skin-too-hot", 5 * SECOND}, /* the sensor's own */
	};
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.presence = true});
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		life_see(&l, rows[i].silent, 0, l.sees[rows[i].silent][0]);
		life_pass(&l, SECOND);
		l.silent[rows[i].silent] = true;
		l.step_ms = 20 * MINUTE;
		life_pass(&l, rows[i].ms - rows[i].ms / 100);
		assert_int_equal(life_state(&l, rows[i].control, rows[i].rule), CORE_RULE_ARMED);
		life_pass(&l, rows[i].ms / 50);
		assert_int_equal(life_state(&l, rows[i].control, rows[i].rule), CORE_RULE_PAUSED);
		l.silent[rows[i].silent] = false;
		l.step_ms = 500;
		life_pass(&l, SECOND);
	}
	life_stop(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest sensor_tests[] = {
    cmocka_unit_test(h17_each_rule_has_the_age_that_its_purpose_allows),
    T(h17_whatever_is_not_known_pauses_heat),
    T(h18_a_table_that_turns_while_its_tilt_stays_is_not_believed),
    T(h18_a_table_at_rest_repeats_its_tilt_and_is_believed),
    T(h18_ten_seconds_of_it_latch),
    T(h18_traction_is_denied_as_well),
    cmocka_unit_test(h18_a_table_without_a_rate_cannot_contradict_itself),
};
const size_t n_sensor_tests = sizeof sensor_tests / sizeof *sensor_tests;
