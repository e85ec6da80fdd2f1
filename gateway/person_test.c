/* SPDX-License-Identifier: Apache-2.0
 * The person: what is not said stays unknown, and no step of the wall clock lengthens or ends a clearance. */
#include "base/testing.h"

#include "person.h"

#define DAY_S     86400
#define TEN_YEARS (3652ll * DAY_S * 1000)

static const struct config_profile full = {.line = 3,
					   .has_weight = true,
					   .weight_kg = 80,
					   .has_cleared = true,
					   .cleared_s = 1780272000, /* 2026-06-01 */
					   .heat_acknowledged = true};

static double value_of(const struct core_reading *readings, size_t n, uint16_t metric)
{
	for (size_t i = 0; i < n; i++)
		if (readings[i].metric == metric && readings[i].quality == THERAPY_GOOD)
			return readings[i].value;
	return (double)NAN;
}

static double cleared(struct person *p, uint64_t now_ms, int64_t wall_ms, bool trusted)
{
	struct core_reading out[PERSON_METRICS] = {0};
	return value_of(out, person_readings(p, now_ms, wall_ms, trusted, out), PERSON_CLEARED);
}

static void a_clearance_counts_down_through_steps_of_the_wall_clock(void **state)
{
	(void)state;
	struct person p;
	int64_t wall = (full.cleared_s + 100 * DAY_S) * 1000;
	person_init(&p, &full, NULL);
	assert_true(isnan(cleared(&p, 1000, 5000, false))); /* a router that believes it is 1970 */
	assert_near(cleared(&p, 20000, wall, true), 265.0 * DAY_S, 1e-6);
	assert_near(cleared(&p, 30000, wall + TEN_YEARS, true), 265.0 * DAY_S - 10, 1e-6);
	assert_near(cleared(&p, 40000, wall - TEN_YEARS, true), 265.0 * DAY_S - 20, 1e-6);
	assert_near(cleared(&p, 50000, wall, false), 265.0 * DAY_S - 30, 1e-6);
	/* and it ends */
	assert_near(cleared(&p, 20000 + 266ull * DAY_S * 1000, wall, true), -1.0 * DAY_S, 1e-6);
}

/* A slip of the pen must not clear anybody for years. */
static void a_clearance_that_is_still_to_come_clears_nobody(void **state)
{
	(void)state;
	for (int64_t days = 1; days <= 2; days++) {
		struct person p;
		person_init(&p, &full, NULL);
		double left = cleared(&p, 1000, (full.cleared_s - days * DAY_S) * 1000, true);
		assert_near(left, days == 1 ? 366.0 * DAY_S : 0, 1e-6); /* one day is the zone's */
	}
}

static void what_is_not_said_stays_unknown(void **state)
{
	(void)state;
	struct person p;
	struct core_reading out[PERSON_METRICS] = {0};
	const struct config_profile none = {0}, weight = {.line = 1, .has_weight = true, .weight_kg = 70};
	person_init(&p, &none, NULL);
	assert_int_equal(person_readings(&p, 1000, 0, true, out), PERSON_PRESENT);
	for (uint16_t i = PERSON_WEIGHT; i <= PERSON_HEAT_ACKNOWLEDGED; i++) {
		assert_int_equal(out[i].metric, i);
		assert_int_equal(out[i].quality, THERAPY_UNKNOWN);
	}
	person_init(&p, &weight, NULL);
	size_t n = person_readings(&p, 1000, 0, true, out);
	assert_near(value_of(out, n, PERSON_WEIGHT), 70, 0);
	assert_near(value_of(out, n, PERSON_HEAT_ACKNOWLEDGED), 0, 0);
	assert_true(isnan(value_of(out, n, PERSON_CLEARED)));
}

static void what_is_denied_is_told_and_nothing_else_is(void **state)
{
	(void)state;
	struct person p;
	struct core_reading out[PERSON_METRICS] = {0};
	const bool denies[PERSON_DENIES] = {false, false, true, false};
	person_init(&p, &full, denies);
	size_t n = person_readings(&p, 1000, 0, true, out);
	for (uint16_t i = 0; i < PERSON_DENIES; i++)
		assert_near(value_of(out, n, (uint16_t)(PERSON_DENIES_FIRST + i)), i == 2, 0);
}

static void it_is_told_again_before_it_is_stale(void **state)
{
	(void)state;
	struct person p;
	struct core_reading out[PERSON_METRICS] = {0};
	struct core_metric metrics[PERSON_METRICS];
	struct core_device device;
	person_describe(&full, metrics, &device);
	assert_int_equal(device.n_metrics, PERSON_PRESENT); /* presence only where it is asked for */
	person_init(&p, &full, NULL);
	assert_int_equal(person_readings(&p, 1000, 0, true, out), PERSON_PRESENT);
	assert_int_equal(person_readings(&p, 1000 + PERSON_REFRESH_MS - 1, 0, true, out), 0);
	assert_int_equal(person_readings(&p, 1000 + PERSON_REFRESH_MS, 0, true, out), PERSON_PRESENT);
	for (size_t i = 0; i < device.n_metrics; i++)
		assert_true(metrics[i].stale_ms > PERSON_REFRESH_MS * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clearance_counts_down_through_steps_of_the_wall_clock),
	    cmocka_unit_test(a_clearance_that_is_still_to_come_clears_nobody),
	    cmocka_unit_test(what_is_not_said_stays_unknown),
	    cmocka_unit_test(what_is_denied_is_told_and_nothing_else_is),
	    cmocka_unit_test(it_is_told_again_before_it_is_stale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
