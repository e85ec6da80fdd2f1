/* SPDX-License-Identifier: Apache-2.0
 * What outlives the process: pauses between therapies and sums hold across a restart, nothing comes on before it is
 * written that it will. */
#include "core/testing_memory.h"

/* ---- leases wait ---- */

static void the_first_lease_waits_until_it_is_written(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "as soon as the memory is written");
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	const struct core_output *told = rig_output(&rig, CORE_OUT_REMEMBER, 0);
	assert_non_null(told);
	assert_int_equal(told->urgency, CORE_URGENT);
	uint64_t revision = told->revision;
	struct core_permission p = rig_permission(&rig, PAD, PAD_HEAT);
	assert_true(p.granted);
	assert_contains(p.why, "waiting for the memory to be written");
	rig_wait(&rig, 4900); /* no lease by itself */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	mem_remembered(&rig, revision - 1, true); /* an older state is not enough */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	mem_remembered(&rig, revision, true);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	assert_int_equal(rig_output(&rig, CORE_OUT_LEASE, 0)->expires_ms, rig.now + 1000);
	assert_string_equal(rig_permission(&rig, PAD, PAD_HEAT).why, "permitted");
	rig_wait(&rig, 250); /* and renewals never wait */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 1);
	mem_keep(&rig, &kept);
	rig_stop(&rig);
}

static void a_grant_that_is_not_written_in_time_ends(void **state)
{
	(void)state;
	struct rig rig;
	mem_begin(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	rig_read(&rig, PAD, PAD_POWER, 0);
	rig_wait(&rig, 5000);
	const struct core_output *ended = rig_event(&rig, CORE_EVENT_ENDED);
	assert_non_null(ended);
	assert_contains(ended->why, "not written within 5 s");
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	mem_remembered(&rig, UINT64_MAX / 2, true); /* too late, and a number that was never told */
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_refresh(&rig);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted); /* it was never told to act: it is at rest */
	rig_stop(&rig);
}

static void a_memory_that_cannot_be_written_refuses_and_off_is_still_off(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_heat(&rig, &kept, 10000);
	rig_refresh(&rig);
	mem_keep(&rig, &kept);
	mem_remembered(&rig, kept.about.revision, false);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).granted); /* what runs was written */
	mem_off(&rig);
	rig_refresh(&rig);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "memory cannot be written");
	assert_int_equal(rig_ask(&rig, "pad", "heat", 0), CORE_ACCEPTED);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	mem_store(&rig, &kept);
	rig_refresh(&rig);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void a_held_grant_ends_when_writing_fails(void **state)
{
	(void)state;
	struct rig rig;
	mem_begin(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	mem_remembered(&rig, 1, false);
	assert_non_null(rig_event(&rig, CORE_EVENT_ENDED));
	assert_contains(rig_event(&rig, CORE_EVENT_ENDED)->why, "the memory cannot be written");
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_stop(&rig);
}

/* ---- pauses ---- */

static void a_pause_goes_on_while_the_gateway_is_off(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	mem_live(&rig, 10 * MINUTE);
	assert_false(mem_traction_permitted(&rig));
	mem_store(&rig, &kept);
	mem_restart(&rig, &kept, 5 * MINUTE);
	rig_wait(&rig, 2000);
	rig_calm(&rig); /* devices need a moment; that is no break in the pause */
	mem_live(&rig, 15 * MINUTE - 2000 - 1000);
	assert_false(mem_traction_permitted(&rig));
	assert_contains(rig_permission(&rig, BELT, BELT_TENSION).why, "before the gateway started");
	mem_live(&rig, 2000);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void a_pause_that_was_over_needs_no_new_one(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_store(&rig, &kept);
	mem_restart(&rig, &kept, 3000);
	assert_false(mem_traction_permitted(&rig)); /* not before the table has said how it is */
	rig_wait(&rig, 2000);
	rig_calm(&rig);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void nobody_is_waited_for_longer_than_a_minute(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_store(&rig, &kept);
	mem_restart(&rig, &kept, 3000);
	rig_wait(&rig, 61000);
	rig_calm(&rig);
	assert_false(mem_traction_permitted(&rig)); /* a minute of which nothing is known */
	mem_live(&rig, 31 * MINUTE);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void what_was_violated_counts_as_violated_until_the_start(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	mem_store(&rig, &kept);
	mem_restart(&rig, &kept, 25 * MINUTE);
	rig_calm(&rig);
	mem_live(&rig, 29 * MINUTE);
	assert_false(mem_traction_permitted(&rig));
	mem_live(&rig, 2 * MINUTE);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void without_a_trusted_clock_the_pause_begins_anew(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	mem_live(&rig, 29 * MINUTE);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	mem_start(&rig, 20000); /* another boot */
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
	rig_calm(&rig);
	mem_live(&rig, 29 * MINUTE);
	assert_false(mem_traction_permitted(&rig));
	mem_live(&rig, 2 * MINUTE);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void with_a_trusted_clock_a_pause_reaches_back_before_the_boot(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	mem_live(&rig, 10 * MINUTE);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	mem_start(&rig, 20000); /* the machine has been up for 20 s */
	core_recall(
	    rig.core,
	    &(struct core_recall){
		.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n, .off_known = true, .off_ms = 15 * MINUTE});
	rig_calm(&rig);
	mem_live(&rig, 4 * MINUTE);
	assert_false(mem_traction_permitted(&rig));
	mem_live(&rig, MINUTE + 1000);
	assert_true(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

static void closing_loses_no_pause(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_heat(&rig, &kept, MINUTE);
	rig_refresh(&rig);
	rig.last = core_step(rig.core, rig.now, &(struct core_input){.type = CORE_IN_CLOSING});
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), 1);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 100), CORE_NOT_PERMITTED);
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "about to end");
	for (int i = 0; i < 10; i++) { /* the table's process has ended, the pad's has something to say */
		rig_wait(&rig, 500);
		rig_read(&rig, PAD, PAD_POWER, 0);
	}
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	mem_keep(&rig, &kept);
	mem_restart(&rig, &kept, 3000);
	rig_calm(&rig);
	assert_true(mem_traction_permitted(&rig)); /* the table was level all the time */
	mem_assert_pad(&rig, PAD_SESSION_TIME, 60);
	mem_live(&rig, 40 * MINUTE - 8000 - 1000);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 60);
	mem_live(&rig, 2000); /* the pause began when the pad said that it was off */
	mem_assert_pad(&rig, PAD_SESSION_TIME, 0);
	rig_stop(&rig);
}

/* FALSE after TRUE is no pause, though the sensor is silent then. */
static void what_was_violated_while_closing_is_no_pause(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	rig.last = core_step(rig.core, rig.now, &(struct core_input){.type = CORE_IN_CLOSING});
	rig_read(&rig, TABLE, TABLE_TILT, 30);
	rig_wait(&rig, 500);
	rig_present(&rig, TABLE, false);
	rig_wait(&rig, 500);
	mem_keep(&rig, &kept);
	mem_restart(&rig, &kept, 35 * MINUTE);
	rig_calm(&rig);
	assert_false(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

/* ---- sums ---- */

static void sums_hold_when_the_process_is_killed_while_heating(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_heat(&rig, &kept, 5 * MINUTE);
	mem_store(&rig, &kept);
	mem_restart(&rig, &kept, 10000);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 310); /* not known to be off until now */
	mem_assert_pad(&rig, PAD_DAY_TIME, 310);
	assert_int_equal(rig_count(&rig, CORE_OUT_LEASE), 0);
	rig_wait(&rig, 2000);
	rig_calm(&rig);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 312);
	mem_assert_pad(&rig, PAD_SESSIONS, 0);
	mem_live(&rig, 10 * MINUTE + 1000);
	mem_assert_pad(&rig, PAD_SESSIONS, 1);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 312);
	for (int i = 0; i < 3; i++) { /* and it holds through any number of restarts */
		mem_store(&rig, &kept);
		mem_restart(&rig, &kept, 5 * MINUTE);
		rig_calm(&rig);
	}
	mem_assert_pad(&rig, PAD_SESSION_TIME, 312);
	mem_live(&rig, 15 * MINUTE);
	mem_assert_pad(&rig, PAD_SESSION_TIME, 0);
	mem_assert_pad(&rig, PAD_DAY_TIME, 312);
	mem_assert_pad(&rig, PAD_SESSIONS, 1);
	mem_live(&rig, 22 * HOUR);
	mem_assert_pad(&rig, PAD_SESSIONS, 1);
	mem_assert_pad(&rig, PAD_DAY_TIME, 312);
	mem_live(&rig, 3 * HOUR);
	mem_assert_pad(&rig, PAD_SESSIONS, 0);
	mem_assert_pad(&rig, PAD_DAY_TIME, 0);
	rig_stop(&rig);
}

static void a_count_survives_a_boot_without_a_trusted_clock(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	mem_begin(&rig);
	mem_heat(&rig, &kept, 5 * MINUTE);
	mem_off(&rig);
	mem_live(&rig, 11 * MINUTE);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	mem_start(&rig, 5000);
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
	rig_calm(&rig);
	mem_assert_pad(&rig, PAD_SESSIONS, 1);
	mem_assert_pad(&rig, PAD_DAY_TIME, 300);
	rig_stop(&rig);
}

/* ---- lost ---- */

static void the_first_start_latches_nothing_and_knows_no_pause(void **state)
{
	(void)state;
	struct rig rig;
	mem_start(&rig, HOUR);
	core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_FIRST});
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	assert_false(mem_traction_permitted(&rig));
	rig_stop(&rig);
}

/* Whatever a file says: no crash, no sum that is not a number, nothing permitted that would not be without it. */
static void rows_that_make_no_sense_do_no_harm(void **state)
{
	(void)state;
	struct rig rig;
	struct kept kept;
	const double evil[] = {-1, 1e300, (double)NAN, (double)INFINITY, 4, 1e12, -0.5};
	mem_begin(&rig);
	mem_heat(&rig, &kept, MINUTE);
	mem_off(&rig);
	mem_store(&rig, &kept);
	rig_stop(&rig);
	for (size_t row = 0; row < kept.n; row++)
		for (size_t at = 0; at < kept.rows[row].n; at++)
			for (size_t e = 0; e < sizeof evil / sizeof *evil; e++) {
				double was = kept.numbers[row][at];
				kept.numbers[row][at] = evil[e];
				mem_start(&rig, 200 * HOUR);
				core_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT,
									    .rows = kept.rows,
									    .n = kept.n,
									    .off_known = e % 2,
									    .off_ms = e * MINUTE});
				rig_calm(&rig);
				for (uint16_t m = PAD_SESSION_TIME; m <= PAD_LATELY; m++) {
					double value = core_value(rig.core, PAD, m).value;
					assert_true(value >= 0 && value < 1e12);
				}
				rig_stop(&rig);
				kept.numbers[row][at] = was;
			}
	for (size_t row = 0; row < kept.n; row++) {
		size_t n = kept.rows[row].n;
		for (kept.rows[row].n = 0; kept.rows[row].n < n; kept.rows[row].n++) {
			mem_start(&rig, 200 * HOUR);
			core_recall(rig.core,
				    &(struct core_recall){.state = CORE_RECALL_KEPT, .rows = kept.rows, .n = kept.n});
			rig_calm(&rig);
			rig_stop(&rig);
		}
	}
}

/* What is told is what is taken back: the same rows, but for the time between. */
static void what_is_told_is_what_is_taken_back(void **state)
{
	(void)state;
	struct rig rig;
	struct kept first, second;
	mem_begin(&rig);
	mem_heat(&rig, &first, 3 * MINUTE);
	mem_off(&rig);
	mem_live(&rig, 20 * MINUTE);
	rig_read(&rig, TABLE, TABLE_TILT, 40);
	mem_store(&rig, &first);
	mem_restart(&rig, &first, 0);
	mem_keep(&rig, &second);
	assert_int_equal(first.n, second.n);
	for (size_t i = 0; i < first.n; i++) {
		assert_string_equal(first.keys[i], second.keys[i]);
		assert_int_equal(first.rows[i].n, second.rows[i].n);
		for (size_t k = 0; k < first.rows[i].n && first.rows[i].kind == CORE_ROW_DERIVED; k++)
			assert_near(first.numbers[i][k], second.numbers[i][k], 0);
	}
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_lease_waits_until_it_is_written),
	    cmocka_unit_test(a_grant_that_is_not_written_in_time_ends),
	    cmocka_unit_test(a_memory_that_cannot_be_written_refuses_and_off_is_still_off),
	    cmocka_unit_test(a_held_grant_ends_when_writing_fails),
	    cmocka_unit_test(a_pause_goes_on_while_the_gateway_is_off),
	    cmocka_unit_test(a_pause_that_was_over_needs_no_new_one),
	    cmocka_unit_test(nobody_is_waited_for_longer_than_a_minute),
	    cmocka_unit_test(what_was_violated_counts_as_violated_until_the_start),
	    cmocka_unit_test(without_a_trusted_clock_the_pause_begins_anew),
	    cmocka_unit_test(with_a_trusted_clock_a_pause_reaches_back_before_the_boot),
	    cmocka_unit_test(closing_loses_no_pause),
	    cmocka_unit_test(what_was_violated_while_closing_is_no_pause),
	    cmocka_unit_test(sums_hold_when_the_process_is_killed_while_heating),
	    cmocka_unit_test(a_count_survives_a_boot_without_a_trusted_clock),
	    cmocka_unit_test(the_first_start_latches_nothing_and_knows_no_pause),
	    cmocka_unit_test(rows_that_make_no_sense_do_no_harm),
	    cmocka_unit_test(what_is_told_is_what_is_taken_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
