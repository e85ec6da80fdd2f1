/* SPDX-License-Identifier: Apache-2.0
 * What `check` says of a home, and that a rule which cannot see denies. */
#include <string.h>

#include "core/testing_rig.h"

static const struct core_metric force_only[] = {{.key = "force", .unit = THERAPY_UNIT_NEWTON, .stale_ms = 1000}};
static const struct core_metric strange[] = {{.key = "battery", .unit = THERAPY_UNIT_PERCENT, .stale_ms = 1000}};

struct row {
	const struct core_device *devices;
	size_t n_devices;
	const char *unmonitored;
	size_t rule;
	enum core_coverage level;
	const char *text;
};

static struct core *start(const struct row *row)
{
	struct core_spec spec = {.devices = row->devices,
				 .n_devices = row->n_devices,
				 .rules = rig_rules,
				 .n_rules = rig_n_rules,
				 .owned_unmonitored = &row->unmonitored,
				 .n_owned_unmonitored = row->unmonitored != NULL,
				 .lease_ms = 1000,
				 .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	assert_int_equal(core_new(&spec, 0, &core, &faults), 0);
	faults_release(&faults);
	return core;
}

static void each_home_is_told_what_a_rule_sees_and_what_is_missing(void **state)
{
	(void)state;
	const struct core_device full[] = {rig_table, rig_belt, rig_pad}, pad[] = {rig_pad}, belt[] = {rig_belt};
	const struct core_device weak[] = {{"gauge", "traction", force_only, 1, NULL, 0}, rig_pad};
	const struct core_device blind[] = {{"bench", "inversion", strange, 1, NULL, 0}, rig_pad};
	const struct core_device two[] = {{"other", "inversion", strange, 1, NULL, 0}, rig_table, rig_pad};
	const struct row rows[] = {
	    {full, 3, NULL, 0, CORE_COVERED, "covered by table.tilt"},
	    {full, 3, NULL, 1, CORE_COVERED, "covered by belt.force, belt.pressure"},
	    {full, 3, NULL, 2, CORE_COVERED, "covered by table.tilt"},
	    {pad, 1, NULL, 0, CORE_NOT_COVERED, "not covered, missing: a tilt sensor (kind inversion)"},
	    {pad, 1, NULL, 1, CORE_NOT_COVERED,
	     "not covered, missing: a force sensor (kind traction), a pressure sensor (kind traction)"},
	    {pad, 1, NULL, 2, CORE_COVERED, "nothing to guard: this home has nothing that kind:traction names"},
	    {belt, 1, NULL, 2, CORE_NOT_COVERED, "not covered, missing: a tilt sensor (kind inversion)"},
	    {weak, 2, NULL, 1, CORE_PARTLY,
	     "partly covered by gauge.force; missing: a pressure sensor (kind traction)"},
	    {pad, 1, "inversion", 0, CORE_NOT_COVERED,
	     "not covered and therefore refused (owned_unmonitored), missing: a tilt sensor (kind inversion)"},
	    {blind, 2, NULL, 0, CORE_NOT_COVERED,
	     "not covered and therefore refused: bench cannot tell; missing: a tilt sensor (kind inversion)"},
	    {two, 3, NULL, 0, CORE_NOT_COVERED,
	     "not covered and therefore refused: other cannot tell; missing: a tilt sensor (kind inversion)"},
	    {pad, 1, NULL, 99, CORE_NOT_COVERED, "there is no such rule"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core *core = start(&rows[i]);
		char text[CORE_WHY_MAX];
		assert_int_equal(core_coverage(core, rows[i].rule, text), rows[i].level);
		assert_string_equal(text, rows[i].text);
		core_free(core);
	}
}

static void play(struct core *core, const struct core_device *devices, uint16_t n)
{
	for (uint16_t d = 0; d < n; d++) {
		core_step(core, 0, &(struct core_input){.type = CORE_IN_PRESENCE, .device = d, .present = true});
		for (uint16_t m = 0; m < devices[d].n_metrics; m++) {
			struct core_reading zero = {m, THERAPY_GOOD, 0, UINT64_MAX}; /* counts as now */
			core_step(core, 0,
				  &(struct core_input){.type = CORE_IN_READINGS, .device = d, .readings = {&zero, 1}});
		}
		core_step(
		    core, 0,
		    &(struct core_input){.type = CORE_IN_CONTROL, .device = d, .state = {.phase = CORE_PHASE_AT_REST}});
	}
}

static void a_device_that_cannot_tell_and_one_that_is_owned_without_a_sensor_deny_for_ever(void **state)
{
	(void)state;
	const struct core_device full[] = {rig_table, rig_belt, rig_pad};
	const struct core_device weak[] = {{"gauge", "traction", force_only, 1, NULL, 0}, rig_pad};
	const struct core_device blind[] = {{"bench", "inversion", strange, 1, NULL, 0}, rig_pad};
	const struct core_device two[] = {{"other", "inversion", strange, 1, NULL, 0}, rig_table, rig_pad};
	const struct {
		struct row home;
		const char *why;
	} rows[] = {
	    {{.devices = full, .n_devices = 3}, "permitted"},
	    {{.devices = weak, .n_devices = 2}, "permitted"},
	    {{.devices = blind, .n_devices = 2}, "bench cannot tell what is asked (rule no-heat-during-inversion)"},
	    {{.devices = two, .n_devices = 3}, "other cannot tell what is asked (rule no-heat-during-inversion)"},
	    {{.devices = full, .n_devices = 3, .unmonitored = "inversion"},
	     "inversion is owned but has no sensor (owned_unmonitored) (rule no-heat-during-inversion)"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core *core = start(&rows[i].home);
		uint16_t n = (uint16_t)rows[i].home.n_devices;
		play(core, rows[i].home.devices, n);
		struct core_permission p;
		core_permission(core, (uint16_t)(n - 1), 0, &p);
		assert_string_equal(p.why, rows[i].why);
		assert_int_equal(p.permitted, strcmp(rows[i].why, "permitted") == 0);
		core_free(core);
	}
}

static void a_rule_with_a_blind_device_is_never_true_even_by_its_alternative(void **state)
{
	(void)state;
	const struct core_device home[] = {{"bench", "inversion", strange, 1, NULL, 0}, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("r", "all inversion.tilt <= 10 deg or all traction.force < 20 N");
	struct rig rig;
	rig_start(&rig, home, 3, &rule, 1);
	play(rig.core, home, 3);
	assert_false(rig_permission(&rig, 2, PAD_HEAT).permitted);
	assert_string_equal(rig_permission(&rig, 2, PAD_HEAT).why,
			    "bench cannot tell what this rule asks of it (rule r)");
	rig_stop(&rig);
}

static void a_metric_of_hard_alone_does_not_let_only_while_see(void **state)
{
	(void)state;
	/* The rule asks for force and, in hard, for pressure. A device that tells pressure alone leaves only_while
	 * blind. */
	static const struct core_metric pressure_only[] = {
	    {.key = "pressure", .unit = THERAPY_UNIT_KILOPASCAL, .stale_ms = 1000}};
	const struct core_device home[] = {{"cuff", "traction", pressure_only, 1, NULL, 0}, rig_pad};
	struct core_rule rule = rig_rule("r", "all traction.force < 20 N");
	rule.hard = (struct core_text){"all traction.pressure < 1 kPa", 3};
	struct rig rig;
	rig_start(&rig, home, 2, &rule, 1);
	play(rig.core, home, 2);
	char text[CORE_WHY_MAX];
	assert_int_equal(core_coverage(rig.core, 0, text), CORE_NOT_COVERED);
	assert_false(rig_permission(&rig, 1, PAD_HEAT).permitted);
	rig_stop(&rig);
}

static void where_measured_leaves_out_a_device_that_cannot_tell_and_says_so(void **state)
{
	(void)state;
	const struct core_device home[] = {rig_pad}, both[] = {{"warm", "heat", strange, 1, NULL, 0}, rig_pad};
	struct core_rule rule = rig_rule("r", "all heat.skin_temp <= 42 degC");
	struct rig rig;
	char text[CORE_WHY_MAX];
	for (int where = 0; where <= 1; where++) {
		rule.where_measured = where;
		rig_start(&rig, home, 1, &rule, 1);
		play(rig.core, home, 1);
		assert_int_equal(core_coverage(rig.core, 0, text), CORE_NOT_COVERED);
		assert_string_equal(text, where ? "not covered, missing: a skin temp sensor (kind heat)"
						: "not covered and therefore refused: pad cannot tell; missing: a skin "
						  "temp sensor (kind heat)");
		assert_int_equal(rig_permission(&rig, 0, PAD_HEAT).permitted, where);
		rig_stop(&rig);
	}
	/* What measures it is asked, whatever the others are. */
	rule.only_while.text = "all heat.power < 3 W and all heat.x < 1";
	rig_start(&rig, both, 2, &rule, 1);
	assert_false(rig_permission(&rig, 1, PAD_HEAT).permitted);
	rig_present(&rig, 1, true);
	rig_phase(&rig, 1, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_read(&rig, 1, PAD_POWER, 4);
	assert_false(rig_permission(&rig, 1, PAD_HEAT).permitted);
	rig_read(&rig, 1, PAD_POWER, 0);
	assert_true(rig_permission(&rig, 1, PAD_HEAT).permitted);
	rig_stop(&rig);
}

/* Nobody can buy a sensor of what the core computes. */
static void a_derived_metric_is_missing_for_want_of_its_sensor(void **state)
{
	(void)state;
	static const struct core_derived derived[] = {
	    {.id = "hung", .kind = "inversion", .type = CORE_DERIVE_TIME, .of = {"self.tilt > 10 deg", 1}, .gap_ms = 1},
	    {.id = "hung_often",
	     .kind = "inversion",
	     .type = CORE_DERIVE_COUNT,
	     .of = {"self.hung > 1 min", 2},
	     .gap_ms = 1,
	     .within_ms = 1000},
	    {.id = "pulled", .kind = "traction", .type = CORE_DERIVE_TIME, .of = {"on(self)", 3}, .gap_ms = 1}};
	const struct core_rule rule = rig_rule("r", "all inversion.hung_often < 2 and all traction.pulled < 1 min");
	const struct core_spec spec = {.devices = &rig_pad,
				       .n_devices = 1,
				       .rules = &rule,
				       .n_rules = 1,
				       .derived = derived,
				       .n_derived = 3,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	char text[CORE_WHY_MAX];
	assert_int_equal(core_new(&spec, 1000000, &core, &faults), 0);
	assert_int_equal(core_coverage(core, 0, text), CORE_NOT_COVERED);
	assert_string_equal(text, "not covered, missing: a tilt sensor (kind inversion), a device that can be switched "
				  "(kind traction)");
	core_free(core);
	faults_release(&faults);
}

static void many_devices_are_listed_as_far_as_fits(void **state)
{
	(void)state;
	enum { N = 50 };
	struct core_device home[N + 1];
	char ids[N][24];
	for (int i = 0; i < N; i++) {
		snprintf(ids[i], sizeof ids[i], "table%d", i);
		home[i] = rig_table;
		home[i].id = ids[i];
	}
	home[N] = rig_pad;
	struct core *core = start(&(struct row){.devices = home, .n_devices = N + 1});
	char text[CORE_WHY_MAX];
	assert_int_equal(core_coverage(core, 0, text), CORE_COVERED);
	assert_contains(text, "covered by table0.tilt, table1.tilt, ");
	assert_string_equal(text + strlen(text) - 3, "...");
	core_free(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_home_is_told_what_a_rule_sees_and_what_is_missing),
	    cmocka_unit_test(a_device_that_cannot_tell_and_one_that_is_owned_without_a_sensor_deny_for_ever),
	    cmocka_unit_test(a_rule_with_a_blind_device_is_never_true_even_by_its_alternative),
	    cmocka_unit_test(a_metric_of_hard_alone_does_not_let_only_while_see),
	    cmocka_unit_test(where_measured_leaves_out_a_device_that_cannot_tell_and_says_so),
	    cmocka_unit_test(a_derived_metric_is_missing_for_want_of_its_sensor),
	    cmocka_unit_test(many_devices_are_listed_as_far_as_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
