/* SPDX-License-Identifier: Apache-2.0
 * Promise: the explanation of a control is whole. Every rule that governs it is there, those that forbid first, each
 * with what it looks at, how old that is and may be, its first cause, and when it can be armed again. */
#include "core/explanation.h"
#include "core/testing_rig.h"

#include <stdio.h>
#include <string.h>

static struct core_rule_explanation rule_at(const struct rig *rig, uint16_t device, size_t i)
{
	struct core_rule_explanation out;
	assert_true(core_explain_rule(rig->core, device, 0, i, &out));
	return out;
}

static void all_rules_are_told_while_it_permits(void **state)
{
	(void)state;
	struct rig rig;
	struct core_explanation e;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig.now += 300;
	assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
	rig_tick(&rig);
	assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
	assert_string_equal(e.device, "pad");
	assert_string_equal(e.kind, "heat");
	assert_string_equal(e.control, "heat");
	assert_true(e.permission.permitted);
	assert_string_equal(e.waits, "");
	assert_int_equal(e.n_rules, 2);
	assert_string_equal(e.confirm, "power");
	assert_int_equal(e.confirmed.quality, THERAPY_GOOD);

	struct core_rule_explanation r = rule_at(&rig, PAD, 0);
	assert_string_equal(r.id, "no-heat-during-inversion");
	assert_string_equal(r.because, "A hanging person cannot move away from it.");
	assert_int_equal(r.state, CORE_RULE_ARMED);
	assert_int_equal(r.verdict, CORE_HOLDS);
	assert_string_equal(r.why, "");
	assert_string_equal(r.rearms, "all inversion.tilt <= 8 deg for 10 s");
	assert_int_equal(r.n_seen, 2); /* <= 10 and <= 20 deg; what rearms does not matter now */
	assert_string_equal(r.seen[0].device, "table");
	assert_string_equal(r.seen[0].key, "tilt");
	assert_string_equal(r.seen[0].must, "<= 10 deg");
	assert_int_equal(r.seen[0].age_ms, 300);
	assert_int_equal(r.seen[0].max_age_ms, 5000);
	assert_int_equal(r.seen[0].verdict, CORE_HOLDS);
	assert_int_equal(rule_at(&rig, PAD, 1).n_seen, 2);
	struct core_rule_explanation none;
	assert_false(core_explain_rule(rig.core, PAD, PAD_HEAT, 2, &none));
	rig_stop(&rig);
}

/* Which violation came first, what is the case now, and when it can be armed again are three different things. */
static void a_trip_names_its_first_cause_and_when_it_ends(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read(&rig, TABLE, TABLE_TILT, 25);
	rig.now += 2000;
	rig_refresh(&rig); /* level again, after two seconds */
	struct core_rule_explanation r = rule_at(&rig, PAD, 0);
	assert_string_equal(r.id, "no-heat-during-inversion");
	assert_int_equal(r.state, CORE_RULE_TRIPPED);
	assert_int_equal(r.verdict, CORE_HOLDS); /* and yet it forbids */
	assert_contains(r.first_why, "table.tilt was 25 deg, must be <= 20 deg");
	assert_int_equal(r.first.device, TABLE);
	assert_true(r.first.value == 25);
	assert_int_equal(r.first_ago_ms, 2000);
	assert_true(r.waits);
	assert_int_equal(r.rearm_in_ms, 10000);
	assert_int_equal(r.n_seen, 3); /* the bound that rearms it counts now */
	rig_stop(&rig);
}

/* The machine may have run for a week before the gateway did. */
static void what_was_never_known_is_not_so_for_longer_than_the_gateway_runs(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	assert_int_equal(rule_at(&rig, PAD, 0).first_ago_ms, 0);
	rig_wait(&rig, 2500);
	assert_int_equal(rule_at(&rig, PAD, 0).first_ago_ms, 2500);
	rig_stop(&rig);
}

static void what_forbids_comes_first_and_so_does_what_is_not_known(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig.now += 1200;
	rig_read(&rig, TABLE, TABLE_TILT, 0);
	rig_read(&rig, BELT, BELT_FORCE, 0); /* its pressure is over a second old */
	struct core_rule_explanation r = rule_at(&rig, PAD, 0);
	assert_string_equal(r.id, "no-heat-under-load");
	assert_int_equal(r.state, CORE_RULE_PAUSED);
	assert_string_equal(r.seen[0].key, "pressure");
	assert_int_equal(r.seen[0].verdict, CORE_NOT_KNOWN);
	assert_int_equal(r.seen[0].quality, THERAPY_UNKNOWN);
	assert_true(r.seen[0].read);
	assert_int_equal(r.seen[0].age_ms, 1200);
	assert_int_equal(r.seen[0].max_age_ms, 1000);
	assert_contains(r.why, "belt.pressure is unknown");
	assert_string_equal(rule_at(&rig, PAD, 1).id, "no-heat-during-inversion");
	rig_stop(&rig);
}

/* "30 min since any tilt > 10 deg": what the rule wants is that the table is not there. */
static void what_must_not_be_is_told_as_such(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	struct core_rule_explanation r = rule_at(&rig, BELT, 0);
	assert_string_equal(r.id, "no-traction-after-inversion");
	assert_string_equal(r.seen[0].must, "> 10 deg");
	assert_true(r.seen[0].negated);
	assert_int_equal(r.seen[0].verdict, CORE_HOLDS);
	rig_read(&rig, TABLE, TABLE_TILT, 40);
	r = rule_at(&rig, BELT, 0);
	assert_int_equal(r.seen[0].verdict, CORE_VIOLATED);
	rig_stop(&rig);
}

static void what_is_waited_for_besides_the_rules_is_told(void **state)
{
	(void)state;
	struct rig rig;
	struct core_explanation e;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_COMING_TO_REST);
	assert_true(core_explain(rig.core, PAD, PAD_HEAT, &e));
	assert_false(e.permission.permitted);
	assert_string_equal(e.waits, "pad.heat is coming to rest");
	assert_false(core_explain(rig.core, PAD, 1, &e));
	assert_false(core_explain(rig.core, 9, 0, &e));
	rig_stop(&rig);
}

static void a_rule_over_many_devices_says_how_many_it_left_out(void **state)
{
	(void)state;
	struct core_device home[CORE_SEEN_MAX + 4];
	char ids[CORE_SEEN_MAX + 4][8];
	struct rig rig;
	home[0] = rig_pad;
	for (size_t i = 1; i < CORE_SEEN_MAX + 4; i++) {
		snprintf(ids[i], sizeof ids[i], "t%u", (unsigned)i);
		home[i] = rig_table;
		home[i].id = ids[i];
	}
	const struct core_rule rule = rig_rule("level", "all inversion.tilt <= 10 deg");
	rig_start(&rig, home, CORE_SEEN_MAX + 4, &rule, 1);
	for (uint16_t i = 0; i < CORE_SEEN_MAX + 4; i++)
		rig_present(&rig, i, true);
	for (uint16_t i = 1; i < CORE_SEEN_MAX + 4; i++)
		rig_read(&rig, i, TABLE_TILT, i == CORE_SEEN_MAX + 3 ? 30 : 0);
	struct core_rule_explanation r = rule_at(&rig, 0, 0);
	assert_int_equal(r.n_seen, CORE_SEEN_MAX);
	assert_int_equal(r.n_more, 3);
	assert_string_equal(r.seen[0].device, ids[CORE_SEEN_MAX + 3]); /* the one to blame is not cut off */
	rig_stop(&rig);
}

static void names_are_found(void **state)
{
	(void)state;
	struct rig rig;
	enum therapy_unit unit;
	uint16_t device, control;
	rig_start_full(&rig);
	assert_string_equal(core_device_id(rig.core, BELT), "belt");
	assert_null(core_device_id(rig.core, 99));
	assert_string_equal(core_metric_key(rig.core, BELT, BELT_FORCE, &unit), "force");
	assert_int_equal(unit, THERAPY_UNIT_NEWTON);
	assert_null(core_metric_key(rig.core, BELT, 7, &unit));
	assert_true(core_find_control(rig.core, "belt", "tension", &device, &control));
	assert_int_equal(device, BELT);
	assert_int_equal(control, BELT_TENSION);
	assert_false(core_find_control(rig.core, "belt", "heat", &device, &control));
	assert_int_equal(device, BELT);
	assert_int_equal(control, CORE_NO_CONTROL);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_rules_are_told_while_it_permits),
	    cmocka_unit_test(a_trip_names_its_first_cause_and_when_it_ends),
	    cmocka_unit_test(what_was_never_known_is_not_so_for_longer_than_the_gateway_runs),
	    cmocka_unit_test(what_forbids_comes_first_and_so_does_what_is_not_known),
	    cmocka_unit_test(what_must_not_be_is_told_as_such),
	    cmocka_unit_test(what_is_waited_for_besides_the_rules_is_told),
	    cmocka_unit_test(a_rule_over_many_devices_says_how_many_it_left_out),
	    cmocka_unit_test(names_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
