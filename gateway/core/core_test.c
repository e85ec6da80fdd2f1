/* SPDX-License-Identifier: Apache-2.0
 * The machine as a whole: no allocation after its start, deadlines that tell the truth, and input that makes no sense.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/testing_rig.h"

/* The linker sends every allocation of the core through these (CMakeLists.txt). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);

static size_t allocations;

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	allocations++;
	return __real_realloc(at, size);
}

static void nothing_is_allocated_after_the_start(void **state)
{
	(void)state;
	struct rig rig;
	allocations = 0;
	rig_start_full(&rig);
	assert_true(allocations > 10); /* the counting works */
	allocations = 0;
	rig_calm(&rig);
	char id[16];
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof id, "%d", i);
		rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		rig_request(&rig, &(struct core_request){
				      .device = i % 7 ? "pad" : "nobody", .control = "heat", .id = id, .value = i % 3});
		rig_read(&rig, TABLE, TABLE_TILT, i % 40);
		rig_jump(&rig, (uint64_t)(i % 300));
		rig_refresh(&rig);
		rig_present(&rig, (uint16_t)(i % 3), i % 5 != 0);
		rig_permission(&rig, PAD, PAD_HEAT);
	}
	assert_int_equal(allocations, 0);
	rig_stop(&rig);
}

static void count_row(void *user, const struct core_row *row)
{
	*(size_t *)user += row->n;
}

/* Nor by what is computed, remembered and waited for. */
static void nothing_is_allocated_for_sums_and_memory(void **state)
{
	(void)state;
	struct rig rig = {.now = 1000000, .n_devices = 3};
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_derived derived[] = {
	    {.id = "heated", .kind = "heat", .type = CORE_DERIVE_TIME, .of = {"on(self)", 1}, .within_ms = 86400000},
	    {.id = "times",
	     .kind = "heat",
	     .type = CORE_DERIVE_COUNT,
	     .of = {"on(self)", 2},
	     .gap_ms = 1000,
	     .within_ms = 86400000},
	    {.id = "pull", .kind = "traction", .type = CORE_DERIVE_RATE, .of = {"self.force", 3}},
	};
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .rules = rig_rules,
				       .n_rules = rig_n_rules,
				       .derived = derived,
				       .n_derived = 3,
				       .lease_ms = 1000,
				       .renew_ms = 250,
				       .remembers = true};
	struct faults faults = {0};
	size_t numbers = 0, accepted = 0, leases = 0;
	assert_int_equal(core_new(&spec, rig.now, &rig.core, &faults), 0);
	rig_calm(&rig);
	rig_jump(&rig, 3600000);
	rig_refresh(&rig);
	allocations = 0;
	for (unsigned i = 0; i < 2000; i++) {
		rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
		rig_refresh(&rig);
		accepted += rig_ask(&rig, "pad", "heat", i % 2) == CORE_ACCEPTED && i % 2;
		struct core_input written = {.type = CORE_IN_REMEMBERED};
		written.remembered.revision = core_remember(rig.core, &numbers, count_row).revision;
		written.remembered.ok = i % 7 != 0;
		rig.last = core_step(rig.core, rig.now, &written);
		leases += rig_count(&rig, CORE_OUT_LEASE);
		rig_jump(&rig, i % 900);
		rig_read(&rig, BELT, BELT_FORCE, i % 15);
	}
	assert_int_equal(allocations, 0);
	assert_true(accepted > 100 && leases > 100 && numbers > 2000);
	rig_stop(&rig);
}

static void assert_same_permissions(const struct rig *a, const struct rig *b)
{
	for (uint16_t device = BELT; device <= PAD; device++) {
		struct core_permission p = rig_permission(a, device, 0), q = rig_permission(b, device, 0);
		assert_int_equal(p.permitted, q.permitted);
		assert_string_equal(p.why, q.why);
	}
}

static void a_late_step_ends_where_punctual_ones_would_have(void **state)
{
	(void)state;
	struct rig punctual, late;
	rig_start_full(&punctual);
	rig_start_full(&late);
	rig_calm(&punctual);
	rig_calm(&late);
	unsigned seed = 9;
	for (int i = 0; i < 5000; i++) {
		uint64_t ms = (uint64_t)rand_r(&seed) % (i % 10 ? 900 : 12000);
		double tilt = (unsigned)rand_r(&seed) % 4 ? 5 : (double)((unsigned)rand_r(&seed) % 30);
		rig_wait(&punctual, ms);
		late.now += ms;
		uint16_t metric = (uint16_t)((unsigned)rand_r(&seed) % 3);
		struct rig *rigs[] = {&punctual, &late};
		for (int r = 0; r < 2; r++)
			rig_read(rigs[r], metric ? BELT : TABLE, metric ? (uint16_t)(metric - 1) : 0,
				 metric ? 1 : tilt);
		assert_same_permissions(&punctual, &late);
	}
	rig_stop(&punctual);
	rig_stop(&late);
}

static void time_alone_changes_nothing_before_the_deadline(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	unsigned seed = 5;
	for (int i = 0; i < 3000; i++) {
		uint64_t deadline = core_deadline(rig.core);
		assert_true(deadline > rig.now);
		if (deadline == UINT64_MAX)
			break;
		rig.now = deadline - 1;
		rig_tick(&rig);
		assert_int_equal(rig.last.n, 0);
		rig.now = deadline;
		rig_tick(&rig);
		if (rand_r(&seed) % 8 == 0)
			rig_refresh(&rig);
	}
	rig_wait(&rig, 3600000);
	assert_int_equal(core_deadline(rig.core), UINT64_MAX); /* all is stale, nothing runs: nothing to wait for */
	rig_stop(&rig);
}

static void indexes_that_do_not_exist_are_ignored(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	for (unsigned type = CORE_IN_READINGS; type <= CORE_IN_CONTROL; type++) {
		struct core_reading reading = {9, THERAPY_GOOD, 1, rig.now};
		struct core_input input = {.type = (enum core_input_type)type, .device = 3, .control = 7};
		if (type == CORE_IN_READINGS) {
			input.readings.items = &reading;
			input.readings.n = 1;
		}
		assert_int_equal(core_step(rig.core, rig.now, &input).n, 0);
		input.device = UINT16_MAX;
		assert_int_equal(core_step(rig.core, rig.now, &input).n, 0);
		input.device = TABLE;
		if (type != CORE_IN_PRESENCE)
			assert_int_equal(core_step(rig.core, rig.now, &input).n, 0);
	}
	assert_int_equal(core_step(rig.core, rig.now, &(struct core_input){.type = (enum core_input_type)99}).n, 0);
	rig_phase(&rig, PAD, PAD_HEAT, (enum core_phase)77);
	assert_int_equal(rig_permission(&rig, PAD, PAD_HEAT).phase, CORE_PHASE_UNKNOWN);
	assert_int_equal(core_value(rig.core, 3, 0).quality, THERAPY_UNKNOWN);
	assert_int_equal(core_value(rig.core, TABLE, 5).quality, THERAPY_UNKNOWN);
	assert_false(rig_permission(&rig, 9, 0).permitted);
	assert_false(rig_permission(&rig, TABLE, 0).permitted);
	assert_contains(rig_permission(&rig, TABLE, 0).why, "no such control");
	rig_stop(&rig);
}

static void the_end_of_time_is_survived(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig_ask(&rig, "pad", "heat", 1);
	rig.now = UINT64_MAX;
	rig_tick(&rig);
	rig_refresh(&rig);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_stop(&rig);
}

static void a_value_is_shown_with_its_own_staleness(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	assert_int_equal(core_value(rig.core, TABLE, TABLE_TILT).quality, THERAPY_UNKNOWN);
	rig_read(&rig, TABLE, TABLE_TILT, 7);
	uint64_t read_at = rig.now;
	rig_wait(&rig, 1000);
	struct core_reading value = core_value(rig.core, TABLE, TABLE_TILT);
	assert_int_equal(value.quality, THERAPY_GOOD);
	assert_near(value.value, 7, 0);
	assert_int_equal(value.stamp_ms, read_at);
	rig_wait(&rig, 1);
	assert_int_equal(core_value(rig.core, TABLE, TABLE_TILT).quality, THERAPY_UNKNOWN);
	rig_stop(&rig);
}

static void a_change_is_told_once_a_step_and_only_if_there_was_one(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	rig_refresh(&rig);
	assert_int_equal(rig.last.n, 0);
	rig_read(&rig, TABLE, TABLE_TILT, 9);
	assert_int_equal(rig.last.n, 0); /* still permitted */
	rig_read(&rig, TABLE, TABLE_TILT, 11);
	assert_int_equal(rig_count(&rig, CORE_OUT_CHANGED), 2); /* heat: violated; traction: too soon after */
	rig_stop(&rig);
}

/* 1000 devices and 1000 rules: nothing here grows beyond the room that was taken at the start. */
static void a_thousand_devices_and_rules_fit_and_all_heat_goes_off_at_once(void **state)
{
	(void)state;
	enum { N = 1000 };
	struct core_device *home = calloc(N, sizeof *home);
	struct core_rule *rules = calloc(N, sizeof *rules);
	char(*names)[2][24] = calloc(N, sizeof *names);
	for (int i = 0; i < N; i++) {
		snprintf(names[i][0], sizeof names[i][0], "d%d", i);
		snprintf(names[i][1], sizeof names[i][1], "r%d", i);
		home[i] = i < 10 ? rig_table : rig_pad;
		home[i].id = names[i][0];
		rules[i] = rig_rule(names[i][1], i % 2 ? "all inversion.tilt <= 10 deg" : "d0.tilt <= 10 deg");
	}
	struct rig rig;
	rig_start(&rig, home, N, rules, N);
	for (uint16_t i = 0; i < N; i++) {
		rig_present(&rig, i, true);
		if (i < 10)
			rig_read(&rig, i, TABLE_TILT, 0);
		else
			rig_phase(&rig, i, PAD_HEAT, CORE_PHASE_AT_REST);
	}
	for (int i = 10; i < N; i++)
		assert_int_equal(rig_ask(&rig, names[i][0], "heat", 1), CORE_ACCEPTED);
	rig_read(&rig, 0, TABLE_TILT, 11);
	assert_int_equal(rig_count(&rig, CORE_OUT_REST), N - 10);
	assert_int_equal(rig_count(&rig, CORE_OUT_CHANGED), N - 10);
	assert_int_equal(rig_count(&rig, CORE_OUT_EVENT), N - 10);
	rig_stop(&rig);
	free(home);
	free(rules);
	free(names);
}

static void events_without_room_are_counted_and_orders_are_not_among_them(void **state)
{
	(void)state;
	struct core_reading readings[256];
	struct rig rig;
	const struct core_device home[] = {rig_table, rig_pad};
	static const struct core_text watched[] = {{"kind:inversion", 1}};
	struct core_rule rules[] = {rig_rule("level", "all inversion.tilt <= 10 deg"),
				    rig_rule("watch", "all inversion.tilt <= 10 deg")};
	rules[1].permits = NULL;
	rules[1].n_permits = 0;
	rules[1].watches = watched;
	rules[1].n_watches = 1;
	rig_start(&rig, home, 2, rules, 2);
	rig_present(&rig, 0, true);
	rig_present(&rig, 1, true);
	rig_phase(&rig, 1, 0, CORE_PHASE_AT_REST);
	rig_read(&rig, 0, TABLE_TILT, 0);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	for (size_t i = 0; i < 256; i++)
		readings[i] = (struct core_reading){TABLE_TILT, THERAPY_GOOD, i % 2 ? 0 : 30, rig.now};
	assert_int_equal(core_events_dropped(rig.core), 0);
	rig.last =
	    core_step(rig.core, rig.now, &(struct core_input){.type = CORE_IN_READINGS, .readings = {readings, 256}});
	assert_true(core_events_dropped(rig.core) > 100);
	assert_non_null(rig_output(&rig, CORE_OUT_REST, 0));
	assert_false(rig_permission(&rig, 1, 0).granted);
	rig_stop(&rig);
}

static void a_command_that_the_broker_keeps_is_told_and_decides_nothing(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	struct core_input input = {.type = CORE_IN_KEPT, .device = PAD, .kept = {.text = "the broker keeps 'ON'"}};
	rig.last = core_step(rig.core, rig.now, &input);
	const struct core_output *o = rig_event(&rig, CORE_EVENT_COMMAND_KEPT);
	assert_non_null(o);
	assert_int_equal(o->device, PAD);
	assert_int_equal(o->control, CORE_NO_CONTROL);
	assert_int_equal(o->priority, CORE_PRIORITY_MEDIUM);
	assert_int_equal(o->hazard, 27);
	assert_string_equal(o->why, "the broker keeps 'ON'");
	assert_int_equal(rig.last.n, 1);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	input.kept.cleared = true;
	rig.last = core_step(rig.core, rig.now, &input);
	o = rig_event(&rig, CORE_EVENT_COMMAND_CLEARED);
	assert_non_null(o);
	assert_int_equal(o->priority, CORE_PRIORITY_LOW);
	rig_stop(&rig);
}

static void a_calibration_is_told_and_decides_nothing(void **state)
{
	(void)state;
	struct rig rig;
	rig_start_full(&rig);
	rig_calm(&rig);
	struct core_input input = {
	    .type = CORE_IN_ADJUSTED, .device = TABLE, .adjusted = {.text = "table was calibrated"}};
	rig.last = core_step(rig.core, rig.now, &input);
	const struct core_output *o = rig_event(&rig, CORE_EVENT_CALIBRATED);
	assert_non_null(o);
	assert_int_equal(o->device, TABLE);
	assert_string_equal(o->why, "table was calibrated");
	assert_int_equal(rig.last.n, 1);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	input.adjusted.tared = true;
	rig.last = core_step(rig.core, rig.now, &input);
	assert_non_null(rig_event(&rig, CORE_EVENT_TARED));
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_allocated_after_the_start),
	    cmocka_unit_test(nothing_is_allocated_for_sums_and_memory),
	    cmocka_unit_test(a_late_step_ends_where_punctual_ones_would_have),
	    cmocka_unit_test(time_alone_changes_nothing_before_the_deadline),
	    cmocka_unit_test(indexes_that_do_not_exist_are_ignored),
	    cmocka_unit_test(the_end_of_time_is_survived),
	    cmocka_unit_test(a_value_is_shown_with_its_own_staleness),
	    cmocka_unit_test(a_change_is_told_once_a_step_and_only_if_there_was_one),
	    cmocka_unit_test(a_thousand_devices_and_rules_fit_and_all_heat_goes_off_at_once),
	    cmocka_unit_test(a_command_that_the_broker_keeps_is_told_and_decides_nothing),
	    cmocka_unit_test(a_calibration_is_told_and_decides_nothing),
	    cmocka_unit_test(events_without_room_are_counted_and_orders_are_not_among_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
