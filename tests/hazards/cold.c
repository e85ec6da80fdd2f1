/* SPDX-License-Identifier: Apache-2.0
 * Hazard 10: cold too long, and heat on numb skin. */
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

static void h10_cold_by_a_control_ends_after_twenty_minutes(void **state)
{
	struct life *l = *state;
	life_grants(l, WRAP, 1);
	life_pass(l, 19 * MINUTE + 30 * SECOND);
	assert_true(life_runs(l, WRAP));
	life_pass(l, MINUTE);
	assert_false(life_runs(l, WRAP));
	assert_true(life_ended_by(l, "cold-time"));
	assert_false(life_alarmed(l, "cold-too-long")); /* it is off */
	life_pass(l, 37 * MINUTE + 30 * SECOND);
	life_refuses(l, WRAP, 1, "cold-time");
	life_pass(l, 9 * MINUTE);
	life_grants(l, WRAP, 1);
}

static void h10_cold_on_the_skin_for_twenty_minutes_alarms_and_is_not_begun_again(void **state)
{
	struct life *l = *state;
	life_see(l, WRAP, SKIN, 15);
	life_pass(l, 25 * MINUTE);
	assert_false(life_alarmed(l, "cold-too-long"));
	life_see(l, WRAP, SKIN, 14.9);
	life_pass(l, 20 * MINUTE + 25 * SECOND);
	assert_false(life_alarmed(l, "cold-too-long"));
	life_refuses(l, WRAP, 1, "cold-time");
	life_pass(l, 10 * SECOND);
	assert_true(life_alarmed(l, "cold-too-long"));
	life_see(l, WRAP, SKIN, 31);
	life_pass(l, 38 * MINUTE + 15 * SECOND);
	life_refuses(l, WRAP, 1, "cold-time");
	life_pass(l, 8 * MINUTE);
	life_grants(l, WRAP, 1);
}

static void h10_the_alarm_of_a_pump_that_does_not_stop_comes_half_a_minute_later(void **state)
{
	(void)state;
	struct life l;
	life_start(&l, &(struct life_setup){.no_sensor = 1u << WRAP});
	life_grants(&l, WRAP, 1);
	life_pass(&l, 19 * MINUTE + 57 * SECOND);
	l.sees[WRAP][RELAY] = 1;
	for (unsigned s = 0; s < 70 && !life_alarmed(&l, "cold-too-long"); s++)
		life_pass(&l, 500);
	assert_true(life_alarmed(&l, "cold-too-long"));
	life_stop(&l);
}

static void h10_no_heat_within_40_minutes_of_cold_by_a_control(void **state)
{
	struct life *l = *state;
	life_grants(l, WRAP, 1);
	life_pass(l, 55 * SECOND);
	life_ask(l, WRAP, 0);
	life_pass(l, 2 * SECOND);
	life_grants(l, PAD, 1); /* a minute makes nothing numb */
	life_ask(l, PAD, 0);
	life_grants(l, WRAP, 1);
	life_pass(l, 5 * SECOND);
	life_refuses(l, PAD, 1, "no-heat-after-cold");
	life_pass(l, 4 * MINUTE);
	life_ask(l, WRAP, 0);
	life_pass(l, 38 * MINUTE);
	life_refuses(l, PAD, 1, "no-heat-after-cold");
	life_pass(l, 5 * MINUTE);
	life_grants(l, PAD, 1);
}

static void h10_no_heat_within_40_minutes_of_cold_on_the_skin(void **state)
{
	struct life *l = *state;
	life_see(l, WRAP, SKIN, 14.9);
	life_pass(l, 57 * SECOND);
	life_see(l, WRAP, SKIN, 31);
	life_pass(l, SECOND);
	life_grants(l, PAD, 1); /* a minute makes nothing numb */
	life_ask(l, PAD, 0);
	life_see(l, WRAP, SKIN, 14.9);
	life_pass(l, 5 * SECOND);
	life_see(l, WRAP, SKIN, 31);
	life_pass(l, SECOND);
	life_refuses(l, PAD, 1, "no-heat-after-cold");
	life_pass(l, 38 * MINUTE);
	life_refuses(l, PAD, 1, "no-heat-after-cold");
	life_pass(l, 5 * MINUTE);
	life_grants(l, PAD, 1);
}

static void h10_heat_ends_when_the_skin_is_cold_for_a_minute_and_begins_on_none(void **state)
{
	struct life *l = *state;
	life_see(l, WRAP, SKIN, 15);
	life_pass(l, 5 * MINUTE);
	life_grants(l, PAD, 1);
	life_see(l, WRAP, SKIN, 14.9);
	life_pass(l, 59 * SECOND);
	assert_true(life_runs(l, PAD));
	life_pass(l, 1500);
	assert_true(life_ended_by(l, "no-heat-on-cold-skin"));
}

static void h10_a_request_is_refused_at_once_while_the_skin_is_cold(void **state)
{
	struct life *l = *state;
	life_see(l, WRAP, SKIN, 14.9);
	life_refuses(l, PAD, 1, "no-heat-on-cold-skin");
	life_see(l, WRAP, SKIN, 15);
	life_grants(l, PAD, 1);
}

static void h10_a_pack_that_nobody_hears_denies_heat_until_it_is_put_away(void **state)
{
	struct life l;
	(void)state;
	life_start(&l, &(struct life_setup){.no_control = 1u << WRAP});
	life_grants(&l, PAD, 1);
	life_pass(&l, 10 * SECOND);
	l.silent[WRAP] = true;
	life_pass(&l, MINUTE);
	assert_true(life_ended_by(&l, "no-heat-on-cold-skin"));
	life_pass(&l, 2 * MINUTE); /* longer than heat waits */
	life_refuses(&l, PAD, 1, "no-heat-on-cold-skin");
	assert_non_null(strstr(l.why, "wrap.skin_temp"));
	life_see_quality(&l, WRAP, SKIN, 0, THERAPY_UNKNOWN); /* it is heard, and does not know */
	life_refuses(&l, PAD, 1, "no-heat-on-cold-skin");
	life_park(&l, WRAP, true);
	life_grants(&l, PAD, 1);
	life_ask(&l, PAD, 0);
	life_pass(&l, SECOND);
	life_park(&l, WRAP, false); /* taken out again */
	life_refuses(&l, PAD, 1, "no-heat-on-cold-skin");
	life_stop(&l);
}

static void h10_what_was_put_away_cold_denies_heat_all_the_same(void **state)
{
	struct life l;
	(void)state;
	life_start(&l, &(struct life_setup){.no_control = 1u << WRAP});
	life_see(&l, WRAP, SKIN, 10);
	life_pass(&l, 10 * MINUTE);
	life_see(&l, WRAP, SKIN, 31);
	l.silent[WRAP] = true;
	life_refuses(&l, PAD, 1, "no-heat-after-cold");
	life_stop(&l);
}

#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
const struct CMUnitTest cold_tests[] = {
    T(h10_cold_by_a_control_ends_after_twenty_minutes),
    T(h10_cold_on_the_skin_for_twenty_minutes_alarms_and_is_not_begun_again),
    cmocka_unit_test(h10_the_alarm_of_a_pump_that_does_not_stop_comes_half_a_minute_later),
    T(h10_no_heat_within_40_minutes_of_cold_by_a_control),
    T(h10_no_heat_within_40_minutes_of_cold_on_the_skin),
    T(h10_heat_ends_when_the_skin_is_cold_for_a_minute_and_begins_on_none),
    T(h10_a_request_is_refused_at_once_while_the_skin_is_cold),
    cmocka_unit_test(h10_a_pack_that_nobody_hears_denies_heat_until_it_is_put_away),
    cmocka_unit_test(h10_what_was_put_away_cold_denies_heat_all_the_same),
};
const size_t n_cold_tests = sizeof cold_tests / sizeof *cold_tests;
