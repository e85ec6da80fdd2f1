/* SPDX-License-Identifier: Apache-2.0
 * What rules need of a home. How long a sensor may be silent is not only told: it is compared with what the core does.
 */
#include <string.h>

#include "core/testing_rig.h"

static const struct core_text heat[] = {{"kind:heat", 3}};

static struct core_rule rule(const char *id, const char *only_while, uint64_t max_age_ms)
{
	struct core_rule r = rig_rule(id, only_while);
	r.permits = heat;
	r.n_permits = 1;
	r.max_age_ms = max_age_ms;
	return r;
}

/* Heat is on, table and belt fall silent while their links hold: how long until it is told to rest. */
static uint64_t measured(struct rig *rig)
{
	rig_calm(rig);
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_CONFIRMED_ON);
	uint64_t start = rig->now;
	while (rig_permission(rig, PAD, PAD_HEAT).granted) {
		assert_true(rig->now - start < 100000);
		rig->now = core_deadline(rig->core);
		rig_tick(rig);
	}
	return rig->now - start;
}

static void silence_is_borne_as_long_as_said(void **state)
{
	(void)state;
	static const struct {
		const char *one, *other;
		uint64_t one_ms, other_ms, expected_ms;
	} rows[] = {
	    {"all inversion.tilt <= 10 deg", NULL, 5000, 0, 5000},
	    {"all inversion.tilt <= 10 deg", NULL, 0, 0, 1000}, /* the metric's own */
	    {"all inversion.tilt <= 10 deg", "30 min since any inversion.tilt > 10 deg", 5000, 30000, 5000},
	    {"not any inversion.tilt > 10 deg", "all traction.force < 20 N", 5000, 2000, 5000},
	    {"all inversion.tilt <= 10 deg", "all inversion.tilt <= 30 deg", 9000, 4000, 4000},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct core_rule rules[] = {rule("one", rows[i].one, rows[i].one_ms),
						  rule("other", rows[i].other, rows[i].other_ms)};
		const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
		struct rig rig;
		rig_start(&rig, devices, 3, rules, rows[i].other ? 2 : 1);
		assert_int_equal(core_silence_ms(rig.core, PAD, PAD_HEAT), rows[i].expected_ms);
		if (i != 2) { /* half an hour must have passed there */
			uint64_t shortest =
			    rows[i].other && strstr(rows[i].other, "force") ? rows[i].other_ms : rows[i].expected_ms;
			uint64_t took = measured(&rig);
			assert_in_range(took, shortest, shortest + 1);
		}
		rig_stop(&rig);
	}
}

/* Beside an alternative it need not stop anything: the longest counts. */
static void an_alternative_is_no_need(void **state)
{
	(void)state;
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_rule rules[] = {
	    rule("short", "all inversion.tilt <= 10 deg or all traction.force < 20 N", 2000),
	    rule("long", "not (any inversion.tilt > 10 deg and any traction.force >= 20 N)", 7000)};
	struct rig rig;
	rig_start(&rig, devices, 3, rules, 2);
	assert_int_equal(core_silence_ms(rig.core, PAD, PAD_HEAT), 7000);
	rig_stop(&rig);
}

static void a_control_without_rules_needs_nothing(void **state)
{
	(void)state;
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_rule rules[] = {rule("one", "all inversion.tilt <= 10 deg", 5000)};
	struct rig rig;
	rig_start(&rig, devices, 3, rules, 1);
	assert_int_equal(core_silence_ms(rig.core, BELT, BELT_TENSION), 0);
	assert_int_equal(core_silence_ms(rig.core, TABLE, 0), 0);
	assert_int_equal(core_silence_ms(rig.core, 77, 0), 0);
	assert_int_equal(core_governs(rig.core, 0), 1);
	assert_int_equal(core_governs(rig.core, 1), 0);
	rig_stop(&rig);
}

/* A figure that nobody gave is named, with the device that it is missing for. */
static void a_missing_figure_is_named(void **state)
{
	(void)state;
	const struct core_limit limits[] = {
	    {.file = "l.cfg", .line = 4, .id = "pressure", .unit = THERAPY_UNIT_KILOPASCAL}};
	const struct core_figure given = {.file = "home.cfg",
					  .line = 9,
					  .limit = "pressure",
					  .device = "belt",
					  .unit = THERAPY_UNIT_KILOPASCAL,
					  .value = 20};
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_rule rules[] = {
	    rule("one", "all inversion.tilt <= 10 deg and (all traction.pressure <= limit.pressure) for 1 s", 5000)};
	for (size_t n = 0; n < 2; n++) {
		const struct core_spec spec = {.devices = devices,
					       .n_devices = 3,
					       .rules = rules,
					       .n_rules = 1,
					       .limits = limits,
					       .n_limits = 1,
					       .figures = &given,
					       .n_figures = n,
					       .lease_ms = 1000,
					       .renew_ms = 250};
		struct faults faults = {0};
		struct core *core = NULL;
		char text[CORE_WHY_MAX] = "";
		assert_int_equal(core_new(&spec, 1000000, &core, &faults), 0);
		assert_int_equal(core_lacks_figure(core, 0, text), n == 0);
		assert_string_equal(text, n == 0 ? "limit.pressure for belt" : "");
		assert_false(core_lacks_figure(core, 1, text));
		core_free(core);
		faults_release(&faults);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence_is_borne_as_long_as_said),
	    cmocka_unit_test(an_alternative_is_no_need),
	    cmocka_unit_test(a_control_without_rules_needs_nothing),
	    cmocka_unit_test(a_missing_figure_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
