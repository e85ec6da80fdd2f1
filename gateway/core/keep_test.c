/* SPDX-License-Identifier: Apache-2.0
 * What people did and have to look at is there again after a restart, and never permits more than before. */
#include <stdlib.h>
#include <string.h>

#include "core/explanation.h"
#include "core/inside.h"
#include "core/testing_rig.h"

#define HOUR 3600000u

struct kept {
	struct core_row rows[64];
	char keys[64][200];
	double numbers[64][8];
	size_t n;
};

static void keep(void *user, const struct core_row *row)
{
	struct kept *k = user;
	if (row->kind == CORE_ROW_WINDOW || row->kind == CORE_ROW_DERIVED)
		return;
	assert_true(k->n < 64 && row->n <= 8 && strlen(row->key) < sizeof k->keys[0]);
	str_copy(k->keys[k->n], sizeof k->keys[0], row->key);
	if (row->n)
		memcpy(k->numbers[k->n], row->numbers, row->n * sizeof *row->numbers);
	k->rows[k->n] = (struct core_row){row->kind, k->keys[k->n], k->numbers[k->n], row->n};
	k->n++;
}

static void restart(struct rig *rig, struct kept *k, enum core_recall_state state, bool off_known, uint64_t off_ms)
{
	k->n = 0;
	core_remember(rig->core, k, keep);
	rig_stop(rig);
	rig_start_guarded(rig, true);
	core_recall(rig->core,
		    &(struct core_recall){
			.state = state, .rows = k->rows, .n = k->n, .off_known = off_known, .off_ms = off_ms});
}

static void prove(struct rig *rig)
{
	assert_int_equal(rig_verb(rig, CORE_OFF_TEST, "pad", "heat"), CORE_ACCEPTED);
	uint64_t grant = rig_output(rig, CORE_OUT_LEASE, 0)->grant;
	rig_tell(rig, PAD, PAD_HEAT,
		 &(struct core_input){
		     .state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .test = CORE_TEST_PASSED}});
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

static size_t latches(const struct rig *rig)
{
	struct core_latch latch;
	size_t n = 0;
	while (core_latch(rig->core, n, &latch))
		n++;
	return n;
}

static void every_latch_is_there_again_also_from_an_older_copy(void **state)
{
	(void)state;
	struct kept k;
	for (int older = 0; older < 2; older++) {
		struct rig rig;
		struct core_latch latch;
		rig_start_guarded(&rig, true);
		rig_calm_guarded(&rig);
		prove(&rig);
		rig_read(&rig, BELT, BELT_FORCE, 200);
		for (unsigned kind = 0; kind < FAULT_COUNT_; kind++)
			latch_recall_fault(rig.core, 1, (enum fault_kind)kind, rig.now);
		rig_read(&rig, REMOTE, REMOTE_BUTTON, 1);
		size_t before = latches(&rig);
		assert_int_equal(before, 6); /* the stop, over-force, the button, three of the pad */
		rig.now += 5000;
		rig_tick(&rig);
		restart(&rig, &k, older ? CORE_RECALL_LOST : CORE_RECALL_KEPT, true, 1000);
		assert_int_equal(latches(&rig), before + (older ? 1u : 0u));
		assert_true(core_latch(rig.core, 0, &latch));
		assert_int_equal(latch.since_ms, rig.now - 6000);
		rig_calm_guarded(&rig);
		assert_int_equal(core_timer_proved(rig.core, PAD, PAD_HEAT), !older);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "stop-at-remote-button");
		rig_read(&rig, PAD, PAD_LOAD, 0);
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
		assert_int_equal(latches(&rig), 0);
		restart(&rig, &k, CORE_RECALL_KEPT, true, 1000); /* and what was reset stays reset */
		assert_int_equal(latches(&rig), 0);
		rig_stop(&rig);
	}
}

/* Renamed, commented out, without anything that it governs, its device taken away; of a later version; damaged. */
static void a_latch_that_nothing_has_any_more_stops_everything(void **state)
{
	(void)state;
	static const char *const keys[] = {"rule/over-forces",   "rule/over-angle",     "welded/pad.light",
					   "bypassed/lamp.heat", "overheated/pad.heat", "nothing"};
	struct kept k;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct rig rig;
		struct core_latch latch;
		double ms = 5000;
		rig_start_guarded(&rig, false);
		struct core_row row = {CORE_ROW_LATCH, keys[i], &ms, 1};
		core_recall(rig.core,
			    &(struct core_recall){
				.state = CORE_RECALL_KEPT, .rows = &row, .n = 1, .off_known = true, .off_ms = 1000});
		for (int again = 0; again < 2; again++) { /* also over another restart */
			assert_int_equal(latches(&rig), 1);
			assert_true(core_latch(rig.core, 0, &latch));
			assert_int_equal(latch.type, CORE_LATCH_STOP);
			assert_contains(latch.why, "everything was stopped by the latch ");
			assert_contains(latch.why, keys[i]);
			assert_contains(latch.why, ", which is not configured any more, ");
			assert_int_equal(latch.since_ms, rig.now - 6000 - (again ? 1000 : 0));
			restart(&rig, &k, CORE_RECALL_KEPT, true, 1000);
		}
		rig_calm_guarded(&rig);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		assert_int_equal(rig_verb(&rig, CORE_RESET, "", ""), CORE_ACCEPTED);
		assert_int_equal(latches(&rig), 0);
		prove(&rig);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
		rig_stop(&rig);
	}
}

/* The stop that somebody asked for stays theirs, whichever row comes first. */
static void a_latch_that_nothing_has_any_more_hides_no_stop(void **state)
{
	(void)state;
	const struct core_row rows[] = {{CORE_ROW_LATCH, "rule/gone", NULL, 0},
					{CORE_ROW_LATCH, "stop/therapyctl", NULL, 0}};
	for (int first = 0; first < 2; first++) {
		struct rig rig;
		struct core_latch latch;
		rig_start_guarded(&rig, false);
		for (int i = 0; i < 2; i++)
			keep_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT},
				    &rows[first ? i : 1 - i]);
		assert_int_equal(latches(&rig), 1);
		assert_true(core_latch(rig.core, 0, &latch));
		assert_contains(latch.why, "stopped by therapyctl");
		rig_stop(&rig);
	}
}

static void a_proof_counts_for_the_timer_that_was_proved_only(void **state)
{
	(void)state;
	struct kept k;
	struct rig rig;
	rig_start_guarded(&rig, true);
	rig_calm_guarded(&rig);
	prove(&rig);
	restart(&rig, &k, CORE_RECALL_KEPT, false, 0);
	assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
	assert_int_equal(k.n, 1);
	double other = 20000;
	rig.core->controls[1].proved = false;
	keep_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT},
		    &(struct core_row){CORE_ROW_PROOF, "pad.heat", &other, 1});
	assert_false(core_timer_proved(rig.core, PAD, PAD_HEAT));
	rig_stop(&rig);
}

/* Nobody watched the device while the gateway was off; when it was tested is known if the time off is. */
static void a_session_after_a_restart_begins_with_an_off_test(void **state)
{
	(void)state;
	struct kept k;
	struct core_explanation e;
	for (int known = 0; known < 2; known++) {
		struct rig rig;
		rig_start_guarded(&rig, true);
		rig_calm_guarded(&rig);
		prove(&rig);
		rig_jump(&rig, HOUR);
		restart(&rig, &k, CORE_RECALL_KEPT, known, known ? 5000 : 0);
		rig_calm_guarded(&rig);
		assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
		assert_true(e.test_first);
		assert_int_equal(e.tested, known);
		assert_int_equal(e.tested_ago_ms, known ? HOUR + 5000 + 10000 : 0);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
		assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, "it was out of sight since its last");
		assert_true(rig_output(&rig, CORE_OUT_LEASE, 0)->test);
		rig_stop(&rig);
	}
}

/* Another core over the same devices: they stayed in sight, or did not, as before. */
static void a_reload_changes_nothing_about_the_next_session(void **state)
{
	(void)state;
	for (int gone = 0; gone < 2; gone++) {
		struct rig old, rig;
		struct kept k = {.n = 0};
		struct core_explanation e;
		rig_start_guarded(&old, true);
		rig_calm_guarded(&old);
		prove(&old);
		rig_present(&old, PAD, !gone);
		core_remember(old.core, &k, keep);
		rig_start_guarded(&rig, true);
		core_recall(rig.core, &(struct core_recall){
					  .state = CORE_RECALL_KEPT, .rows = k.rows, .n = k.n, .off_known = true});
		core_go_on_from(rig.core, old.core);
		rig_stop(&old);
		rig_calm_guarded(&rig);
		assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
		assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
		assert_int_equal(e.test_first, gone);
		rig_stop(&rig);
	}
}

static void an_age_that_makes_no_sense_is_not_known(void **state)
{
	(void)state;
	const double ages[] = {-1, (double)NAN, (double)INFINITY, 1e300, 1e12};
	struct core_explanation e;
	for (size_t i = 0; i <= sizeof ages / sizeof *ages; i++) {
		struct rig rig;
		rig_start_guarded(&rig, true);
		bool older = i == sizeof ages / sizeof *ages; /* its row had no age */
		const double numbers[] = {10000, older ? 0 : ages[i]};
		keep_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT, .off_known = true},
			    &(struct core_row){CORE_ROW_PROOF, "pad.heat", numbers, older ? 1 : 2});
		rig_calm_guarded(&rig);
		assert_true(core_timer_proved(rig.core, PAD, PAD_HEAT));
		assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
		assert_false(e.tested);
		assert_true(e.test_first);
		rig_stop(&rig);
	}
}

/* Time with the table tilted so far, everything else calm. */
static void tilted(struct rig *rig, double deg, uint64_t ms)
{
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, 500)) {
		rig_read(rig, TABLE, TABLE_TILT, deg);
		rig_read(rig, BELT, BELT_FORCE, 0);
		rig_read(rig, BELT, BELT_PRESSURE, 0);
		rig_read(rig, BELT, BELT_PAIN, 0);
		rig_read(rig, REMOTE, REMOTE_BUTTON, 0);
	}
}

/* Every device is there and at rest; the table is where it is. */
static void back(struct rig *rig)
{
	for (int d = 0; d < RIG_GUARDED; d++)
		rig_present(rig, (uint16_t)d, true);
	rig_phase(rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_phase(rig, PLUG, PLUG_POWER, CORE_PHASE_AT_REST);
}

static void a_rule_that_tripped_waits_for_its_rearms_over_a_restart(void **state)
{
	(void)state;
	struct kept k;
	for (int older = 0; older < 2; older++) {
		struct rig rig;
		rig_start_guarded(&rig, true);
		rig_calm_guarded(&rig);
		prove(&rig);
		tilted(&rig, 12, 2000);
		tilted(&rig, 9.5, 3000);
		assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why,
				"armed again when all inversion.tilt <= 8 deg");
		restart(&rig, &k, older ? CORE_RECALL_LOST : CORE_RECALL_KEPT, true, 1000);
		assert_int_equal(rig.core->rules[0].state, RULE_TRIPPED);
		back(&rig);
		tilted(&rig, 9.5, 15000);
		assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED);
		struct core_permission p = rig_permission(&rig, PAD, PAD_HEAT);
		if (!older) { /* else the memory is the reason */
			assert_contains(p.why, "it tripped before the gateway started or read its rules anew, ");
			assert_contains(p.why, "armed again when all inversion.tilt <= 8 deg");
		}
		restart(&rig, &k, CORE_RECALL_KEPT, false, 0); /* also over another one */
		back(&rig);
		tilted(&rig, 9.5, 15000);
		assert_int_equal(rig.core->rules[0].state, RULE_TRIPPED);
		tilted(&rig, 7, 10500);
		assert_int_equal(rig.core->rules[0].state, RULE_ARMED);
		assert_null(rig_event(&rig, CORE_EVENT_REARMED)); /* nobody was told that it tripped */
		assert_int_equal(rig_permission(&rig, PAD, PAD_HEAT).permitted, !older);
		restart(&rig, &k, CORE_RECALL_KEPT, true, 1000);
		assert_int_equal(rig.core->rules[0].state, RULE_PAUSED);
		rig_stop(&rig);
	}
}

static void a_trip_that_ended_something_is_written_at_once(void **state)
{
	(void)state;
	struct rig rig;
	for (int granted = 0; granted < 2; granted++) {
		rig_start_guarded(&rig, true);
		rig_calm_guarded(&rig);
		prove(&rig);
		if (granted)
			assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
		rig.core->memory.enabled = true;
		rig_read(&rig, TABLE, TABLE_TILT, 30);
		assert_int_equal(rig_output(&rig, CORE_OUT_REMEMBER, 0)->urgency, granted ? CORE_GRAVE : CORE_URGENT);
		rig_stop(&rig);
	}
}

static void a_trip_of_a_rule_that_latches_by_now_is_a_latch(void **state)
{
	(void)state;
	struct rig rig;
	double ms = 0;
	rig_start_guarded(&rig, true);
	rig.core->rules[0].latch = true;
	keep_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT},
		    &(struct core_row){CORE_ROW_TRIP, "no-heat-during-inversion", &ms, 1});
	assert_true(rig.core->rules[0].latched);
	keep_recall(rig.core, &(struct core_recall){.state = CORE_RECALL_KEPT},
		    &(struct core_row){CORE_ROW_TRIP, "no-heat-under-load", &ms, 1}); /* it has no rearms */
	assert_int_equal(rig.core->rules[1].state, RULE_PAUSED);
	rig_stop(&rig);
}

static void a_parked_device_stays_so_for_what_is_left_if_that_is_known(void **state)
{
	(void)state;
	static const struct {
		bool known;
		uint64_t off_ms;
		bool parked;
	} rows[] = {{true, HOUR, true}, {true, 11u * HOUR - 1, true}, {true, 11u * HOUR, false}, {false, 0, false}};
	struct kept k;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig rig;
		uint64_t until = 0;
		rig_start_guarded(&rig, true);
		assert_int_equal(rig_verb(&rig, CORE_PARK, "table", ""), CORE_ACCEPTED);
		rig_jump(&rig, HOUR);
		restart(&rig, &k, CORE_RECALL_KEPT, rows[i].known, rows[i].off_ms);
		assert_int_equal(core_parked(rig.core, TABLE, &until), rows[i].parked);
		if (rows[i].parked)
			assert_int_equal(until, rig.now + 11u * HOUR - rows[i].off_ms);
		rig_stop(&rig);
	}
}

static void rows_that_make_no_sense_are_survived(void **state)
{
	(void)state;
	const double numbers[] = {-1, (double)NAN, 1e300, 0};
	static const char *const keys[] = {"",          "/",          "stop",         "stop/",   "rule/",
					   "rule/none", "welded/pad", "welded/pad.x", "welded/", "pad.heat",
					   "remote",    "table",      "x.y",          "."};
	struct rig rig;
	rig_start_guarded(&rig, true);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		for (size_t n = 0; n < 4; n++)
			for (int kind = CORE_ROW_LATCH; kind < CORE_ROW_COUNT_; kind++)
				for (int off = 0; off < 2; off++)
					keep_recall(
					    rig.core,
					    &(struct core_recall){.state = CORE_RECALL_KEPT, .off_known = off},
					    &(struct core_row){(enum core_row_kind)kind, keys[i], &numbers[n], n > 0});
	uint64_t until;
	assert_false(core_parked(rig.core, REMOTE, &until)); /* a stop button never is */
	assert_false(core_timer_proved(rig.core, PAD, PAD_HEAT));
	rig_tick(&rig);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_latch_is_there_again_also_from_an_older_copy),
	    cmocka_unit_test(a_latch_that_nothing_has_any_more_stops_everything),
	    cmocka_unit_test(a_latch_that_nothing_has_any_more_hides_no_stop),
	    cmocka_unit_test(a_proof_counts_for_the_timer_that_was_proved_only),
	    cmocka_unit_test(a_session_after_a_restart_begins_with_an_off_test),
	    cmocka_unit_test(a_reload_changes_nothing_about_the_next_session),
	    cmocka_unit_test(an_age_that_makes_no_sense_is_not_known),
	    cmocka_unit_test(a_rule_that_tripped_waits_for_its_rearms_over_a_restart),
	    cmocka_unit_test(a_trip_that_ended_something_is_written_at_once),
	    cmocka_unit_test(a_trip_of_a_rule_that_latches_by_now_is_a_latch),
	    cmocka_unit_test(a_parked_device_stays_so_for_what_is_left_if_that_is_known),
	    cmocka_unit_test(rows_that_make_no_sense_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
