/* SPDX-License-Identifier: Apache-2.0
 * What a parked device is to conditions: as if it were not there, where that satisfies; not known, where it would have
 * to be seen. Never more than the same device gone from the home would permit. */
#include <stdio.h>
#include <stdlib.h>

#include "core/inside.h"
#include "core/testing_rig.h"

static struct rig rig;

static void start(const char *only_while)
{
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	const struct core_rule rule = rig_rule("r", only_while);
	rig_start(&rig, home, 3, &rule, 1);
	rig_calm(&rig);
}

static void park(uint16_t device, bool parked)
{
	logic_park(&rig.core->logic, device, parked);
	rig_tick(&rig);
}

static enum truth value(void)
{
	return rig.core->rules[0].value;
}

static void parked_device_satisfies_its_term_unless_it_must_be_seen(void **state)
{
	(void)state;
	const struct {
		const char *only_while;
		enum truth parked;
	} rows[] = {
	    {"all inversion.tilt <= 10 deg", TRUTH_TRUE},
	    {"not any inversion.tilt > 10 deg", TRUTH_TRUE},
	    {"any inversion.tilt <= 10 deg", TRUTH_UNKNOWN},
	    {"not all inversion.tilt > 10 deg", TRUTH_UNKNOWN},
	    {"all inversion.tilt <= 10 deg and all traction.force < 20 N", TRUTH_TRUE},
	    {"all inversion.tilt <= 10 deg or all traction.force < -1 N", TRUTH_UNKNOWN},
	    {"not (any inversion.tilt > 10 deg and any traction.force < 20 N)", TRUTH_UNKNOWN},
	    {"not (any inversion.tilt > 10 deg or any traction.force > 20 N)", TRUTH_TRUE},
	    {"table.tilt <= 10 deg", TRUTH_UNKNOWN}, /* who names it means it */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int tilt = 0; tilt <= 40; tilt += 40) { /* whatever it says, as long as it says anything or not */
			start(rows[i].only_while);
			park(TABLE, true);
			for (int seen = 0; seen < 2; seen++) {
				if (seen)
					rig_read(&rig, TABLE, TABLE_TILT, tilt);
				if (value() != rows[i].parked)
					fail_msg("%s, %d deg: %d", rows[i].only_while, tilt, (int)value());
			}
			rig_stop(&rig);
		}
}

static void device_that_is_used_again_is_asked_again(void **state)
{
	(void)state;
	start("all inversion.tilt <= 10 deg");
	rig_read(&rig, TABLE, TABLE_TILT, 40);
	assert_int_equal(value(), TRUTH_FALSE);
	park(TABLE, true);
	assert_int_equal(value(), TRUTH_TRUE);
	park(TABLE, false);
	assert_int_equal(value(), TRUTH_FALSE);
	rig_stop(&rig);
}

static void window_remembers_what_was_before_the_device_was_parked(void **state)
{
	(void)state;
	start("10 s since any inversion.tilt > 10 deg");
	rig_read(&rig, TABLE, TABLE_TILT, 40);
	park(TABLE, true);
	rig_wait(&rig, 9999);
	assert_int_equal(value(), TRUTH_FALSE);
	rig_wait(&rig, 1);
	assert_int_equal(value(), TRUTH_TRUE);
	rig_stop(&rig);
}

static void parked_control_that_is_on_counts_as_on(void **state)
{
	(void)state;
	start("not on(kind:traction)");
	park(BELT, true);
	assert_int_equal(value(), TRUTH_TRUE);
	rig_phase(&rig, BELT, BELT_TENSION, CORE_PHASE_CONFIRMED_ON);
	assert_int_equal(value(), TRUTH_FALSE);
	rig_stop(&rig);
}

static void reason_says_that_the_device_is_parked(void **state)
{
	(void)state;
	start("any inversion.tilt <= 10 deg");
	park(TABLE, true);
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why,
			"table is parked, and table.tilt would have to be known");
	rig_stop(&rig);
}

static unsigned pick(unsigned n)
{
	return (unsigned)rand() % n;
}

static void write_random(FILE *to, unsigned depth)
{
	static const char *const terms[] = {"all inversion.tilt <= 10 deg", "any inversion.tilt > 10 deg",
					    "all traction.force < 20 N", "any traction.force > 20 N",
					    "on(kind:traction)"};
	if (depth > 0 && pick(3)) {
		const char *op = pick(2) ? "and" : "or";
		fprintf(to, "%s(", pick(3) ? "" : "not ");
		write_random(to, depth - 1);
		fprintf(to, " %s ", op);
		write_random(to, depth - 1);
		fprintf(to, ")%s", pick(6) ? "" : " for 2 s");
	} else {
		fprintf(to, "%s%s", pick(3) ? "" : "not ", terms[pick(5)]);
	}
}

static void parked_device_never_permits_more_than_one_that_is_not_there(void **state)
{
	(void)state;
	const struct core_device with[] = {rig_table, rig_belt, rig_pad}, without[] = {rig_belt, rig_pad};
	unsigned permitted = 0, less = 0;
	srand(5);
	for (int i = 0; i < 3000; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&text, &size);
		write_random(to, 3);
		fclose(to);
		struct expr expr;
		struct expr_fault fault;
		bool deep = expr_parse(text, &expr, &fault) != 0; /* a third window */
		if (!deep) {
			expr_release(&expr);
			const struct core_rule rule = rig_rule("r", text);
			struct rig other;
			rig_start(&rig, with, 3, &rule, 1);
			rig_start(&other, without, 2, &rule, 1);
			park(TABLE, true);
			for (int step = 0; step < 6; step++) {
				double force = pick(2) * 40;
				rig_wait(&rig, 700);
				rig_wait(&other, 700);
				rig_read(&rig, TABLE, TABLE_TILT, pick(2) * 40);
				rig_read(&rig, BELT, BELT_FORCE, force);
				rig_read(&other, BELT - 1, BELT_FORCE, force);
				bool absent = other.core->rules[0].value == TRUTH_TRUE;
				if (value() == TRUTH_TRUE && !absent)
					fail_msg("%s: parked permits, absent does not", text);
				permitted += value() == TRUTH_TRUE;
				less += absent && value() != TRUTH_TRUE;
			}
			rig_stop(&rig);
			rig_stop(&other);
		}
		free(text);
	}
	assert_true(permitted > 500 && less > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parked_device_satisfies_its_term_unless_it_must_be_seen),
	    cmocka_unit_test(device_that_is_used_again_is_asked_again),
	    cmocka_unit_test(window_remembers_what_was_before_the_device_was_parked),
	    cmocka_unit_test(parked_control_that_is_on_counts_as_on),
	    cmocka_unit_test(parked_device_never_permits_more_than_one_that_is_not_there),
	    cmocka_unit_test(reason_says_that_the_device_is_parked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
