/* SPDX-License-Identifier: Apache-2.0
 * Limits: which figure is in force, what it permits, and what a change of it does to what runs. */
#include <stdlib.h>

#include "core/limits.h"
#include "core/testing_rig.h"

static const struct core_text cap_belts[] = {{"kind:traction", 4}};
static const struct core_text traction[] = {{"kind:traction", 3}}, heat[] = {{"kind:heat", 3}};
static const struct core_limit force = {.file = "l.cfg",
					.line = 4,
					.id = "force",
					.unit = THERAPY_UNIT_NEWTON,
					.has_default = true,
					.value = 100,
					.caps = cap_belts,
					.n_caps = 1};
static const struct core_limit no_default = {
    .file = "l.cfg", .line = 4, .id = "force", .unit = THERAPY_UNIT_NEWTON, .caps = cap_belts, .n_caps = 1};

static struct core_rule rule_of(const struct core_text *permits, const char *only_while)
{
	struct core_rule rule = rig_rule("r", only_while);
	rule.permits = permits;
	return rule;
}

static struct core_figure figure(const char *device, double value)
{
	return (struct core_figure){.file = "home.cfg",
				    .line = 9,
				    .limit = "force",
				    .device = device,
				    .unit = THERAPY_UNIT_NEWTON,
				    .value = value};
}

/* A home with one limit, these figures and this rule, calm. */
static void start(struct rig *rig, const struct core_limit *limit, const struct core_figure *figures, size_t n_figures,
		  const struct core_rule *rule)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .rules = rule,
				       .n_rules = 1,
				       .limits = limit,
				       .n_limits = 1,
				       .figures = figures,
				       .n_figures = n_figures,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	*rig = (struct rig){.now = 1000000, .n_devices = 3};
	int bad = core_new(&spec, rig->now, &rig->core, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	assert_int_equal(bad, 0);
	rig_calm(rig);
}

static void give(struct rig *rig, uint16_t device, bool given, double value)
{
	const struct core_input input = {
	    .type = CORE_IN_FIGURE, .device = device, .figure = {.limit = "force", .given = given, .value = value}};
	rig->last = core_step(rig->core, rig->now, &input);
}

/* The largest tension that is granted, in steps of 5 from 20; 0: none. */
static double most(struct rig *rig)
{
	double best = 0;
	for (double value = 20; value <= 400; value += 5) {
		if (rig_ask(rig, "belt", "tension", value) != CORE_ACCEPTED)
			continue;
		best = value;
		rig_ask(rig, "belt", "tension", 0);
		rig_phase(rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	}
	return best;
}

static void strictest_figure_that_anybody_gave_is_in_force_and_the_default_only_without_any(void **state)
{
	(void)state;
	const struct core_figure all[] = {figure(NULL, 200), figure("belt", 150), figure("table", 30)};
	const struct core_rule rule = rule_of(traction, "all traction.force <= limit.force");
	const struct {
		const struct core_limit *limit;
		size_t from, n;
		bool step_home, step_belt;
		double most;
	} rows[] = {{&force, 0, 0, false, false, 100},
		    {&force, 0, 1, false, false, 200}, /* given beats the default */
		    {&force, 0, 2, false, false, 150},
		    {&force, 0, 3, false, false, 150}, /* the table's is not the belt's */
		    {&force, 0, 3, true, false, 120},
		    {&force, 0, 3, true, true, 60},
		    {&no_default, 0, 0, false, false, 0},
		    {&no_default, 2, 1, false, false, 0},
		    {&no_default, 1, 1, false, false, 150}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig rig;
		start(&rig, rows[i].limit, &all[rows[i].from], rows[i].n, &rule);
		if (rows[i].step_home)
			give(&rig, CORE_NO_DEVICE, true, 120);
		if (rows[i].step_belt)
			give(&rig, BELT, true, 60);
		double told = 0;
		assert_int_equal(core_limit(rig.core, "force", BELT, &told), rows[i].most > 0);
		assert_near(told, rows[i].most, 0);
		assert_false(core_limit(rig.core, "pressure", BELT, &told));
		assert_false(core_limit(rig.core, "force", 99, &told));
		double found = most(&rig);
		if (found < rows[i].most || found > rows[i].most)
			fail_msg("row %zu: %g, expected %g", i, found, rows[i].most);
		rig_stop(&rig);
	}
}

static void limit_without_a_figure_refuses_and_says_how_to_give_it(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(heat, "all traction.force <= limit.force");
	start(&rig, &no_default, NULL, 0, &rule);
	const char *says = "limit.force is not given for belt: set it in `limits` of the configuration";
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_NOT_PERMITTED); /* by the rule: UNKNOWN is not TRUE */
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, says);
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).permitted);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 20), CORE_NOT_PERMITTED); /* by the cap */
	assert_contains(rig_output(&rig, CORE_OUT_RESULT, 0)->why, says);
	char text[CORE_WHY_MAX];
	assert_int_equal(core_coverage(rig.core, 0, text), CORE_NOT_COVERED);
	assert_string_equal(text, "not covered and therefore refused: limit.force is not given for belt");
	give(&rig, BELT, true, 50);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_stop(&rig);
}

static void request_beyond_a_cap_is_refused_with_limit_and_figure(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_figure own = figure("belt", 150);
	const struct core_rule rule = rule_of(traction, "all traction.force <= 1000 N");
	start(&rig, &force, &own, 1, &rule);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 155), CORE_NOT_PERMITTED);
	assert_string_equal(rig_output(&rig, CORE_OUT_RESULT, 0)->why,
			    "belt.tension at 155 N is beyond limit.force (150 N)");
	assert_int_equal(rig_ask(&rig, "belt", "tension", 150), CORE_ACCEPTED);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 155), CORE_NOT_PERMITTED); /* nor while it runs */
	assert_float_equal(rig_output(&rig, CORE_OUT_RESULT, 0)->value, 150, 0);
	rig_stop(&rig);
}

static void figure_below_all_that_a_control_takes_permits_nothing(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_figure own = figure("belt", 19);
	const struct core_rule rule = rule_of(traction, "all traction.force <= 1000 N");
	start(&rig, &force, &own, 1, &rule);
	struct core_permission p = rig_permission(&rig, BELT, BELT_TENSION);
	assert_false(p.permitted);
	assert_contains(p.why, "beyond limit.force (19 N)");
	rig_stop(&rig);
}

static void tightened_figure_ends_at_once_what_is_beyond_it_and_only_that(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(traction, "all traction.force <= 1000 N");
	start(&rig, &force, NULL, 0, &rule);
	assert_int_equal(rig_ask(&rig, "belt", "tension", 80), CORE_ACCEPTED);
	give(&rig, CORE_NO_DEVICE, true, 80);
	assert_string_equal(rig_event(&rig, CORE_EVENT_LIMIT_CHANGED)->why, "limit.force of belt is 80 N");
	assert_null(rig_output(&rig, CORE_OUT_REST, 0));
	give(&rig, CORE_NO_DEVICE, true, 79);
	assert_non_null(rig_output(&rig, CORE_OUT_REST, 0));
	assert_string_equal(rig_event(&rig, CORE_EVENT_ENDED)->why,
			    "belt.tension at 80 N is beyond limit.force (79 N); ended, a new request is needed");
	assert_false(rig_permission(&rig, BELT, BELT_TENSION).granted);
	rig_stop(&rig);
}

static void tightened_figure_trips_the_rule_that_looks_at_it(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(heat, "all traction.force <= limit.force");
	start(&rig, &force, NULL, 0, &rule);
	rig_read(&rig, BELT, BELT_FORCE, 40);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	give(&rig, BELT, true, 30);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
	assert_contains(rig_event(&rig, CORE_EVENT_TRIPPED)->why, "belt.force was 40 N, must be <= limit.force (30 N)");
	rig_stop(&rig);
}

static void loosened_figure_waits_until_nothing_runs_that_it_bears_on(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(heat, "all traction.force <= limit.force");
	start(&rig, &force, NULL, 0, &rule);
	give(&rig, CORE_NO_DEVICE, true, 50);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	give(&rig, CORE_NO_DEVICE, false, 0); /* the step ends: 100 N again, but not while the pad heats */
	assert_null(rig_event(&rig, CORE_EVENT_LIMIT_CHANGED));
	rig_read(&rig, BELT, BELT_FORCE, 60);
	assert_non_null(rig_event(&rig, CORE_EVENT_TRIPPED));
	assert_string_equal(rig_event(&rig, CORE_EVENT_LIMIT_CHANGED)->why, "limit.force of belt is 100 N");
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED); /* nothing ran: 60 N is below 100 */
	rig_stop(&rig);
}

static void paused_request_keeps_a_looser_figure_waiting(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(heat, "all traction.force <= limit.force");
	start(&rig, &force, NULL, 0, &rule);
	give(&rig, CORE_NO_DEVICE, true, 50);
	assert_int_equal(rig_ask(&rig, "pad", "heat", 1), CORE_ACCEPTED);
	rig_read_quality(&rig, BELT, BELT_FORCE, 0, THERAPY_UNKNOWN, rig.now);
	assert_true(rig_permission(&rig, PAD, PAD_HEAT).suspended);
	give(&rig, CORE_NO_DEVICE, true, 90);
	rig_phase(&rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_read(&rig, BELT, BELT_FORCE, 60); /* between the two figures: it must not go on by the looser one */
	assert_false(rig_permission(&rig, PAD, PAD_HEAT).granted);
	rig_stop(&rig);
}

static void figures_that_are_none_change_nothing(void **state)
{
	(void)state;
	struct rig rig;
	const struct core_rule rule = rule_of(traction, "all traction.force <= limit.force");
	start(&rig, &force, NULL, 0, &rule);
	give(&rig, CORE_NO_DEVICE, true, (double)NAN);
	give(&rig, CORE_NO_DEVICE, true, (double)INFINITY);
	give(&rig, 77, true, 20);
	const struct core_input strange = {
	    .type = CORE_IN_FIGURE, .device = BELT, .figure = {.limit = "nothing", .given = true, .value = 20}};
	rig.last = core_step(rig.core, rig.now, &strange);
	assert_float_equal(most(&rig), 100, 0);
	rig_stop(&rig);
}

static void minimum_is_stricter_when_larger(void **state)
{
	(void)state;
	const struct limit least = {.minimum = true}, greatest = {.minimum = false};
	const struct limit_figure none = {0}, five = {true, 5}, six = {true, 6};
	assert_true(limits_looser(&greatest, six, five));
	assert_false(limits_looser(&greatest, five, six));
	assert_true(limits_looser(&least, five, six));
	assert_false(limits_looser(&least, six, five));
	assert_false(limits_looser(&least, six, six));
	assert_true(limits_looser(&least, five, none));
	assert_false(limits_looser(&least, none, five));
	assert_true(limits_beyond(&least, five, 4.9));
	assert_false(limits_beyond(&least, five, 5));
	assert_true(limits_beyond(&greatest, five, 5.1));
	assert_false(limits_beyond(&greatest, five, 5));
	assert_true(limits_beyond(&greatest, none, -1e9));
}

/* ---- whatever the rule says, a stricter figure permits no more ---- */

static unsigned pick(unsigned n)
{
	return (unsigned)rand() % n;
}

/* A random condition with limits in it, of which many are faults. */
static void write_random(FILE *to, unsigned depth)
{
	static const char *const ops[] = {"<", "<=", ">", ">="};
	if (depth > 0 && pick(3)) {
		const char *op = pick(2) ? "and" : "or";
		fprintf(to, "%s(", pick(3) ? "" : "not ");
		write_random(to, depth - 1);
		fprintf(to, " %s ", op);
		write_random(to, depth - 1);
		fprintf(to, ")");
	} else if (pick(5) == 0) {
		fprintf(to, "%sany traction.pressure > %u kPa", pick(2) ? "" : "not ", pick(9) * 10);
	} else {
		fprintf(to, "%s%s traction.force %s limit.force", pick(4) ? "" : "not ", pick(2) ? "all" : "any",
			ops[pick(4)]);
	}
}

static void stricter_figure_never_permits_more_whatever_the_rule_says(void **state)
{
	(void)state;
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	unsigned taken = 0, permitted = 0;
	srand(7);
	for (int i = 0; i < 4000; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&text, &size);
		write_random(to, 3);
		fclose(to);
		struct core_limit limit = no_default;
		limit.minimum = pick(2);
		limit.caps = NULL;
		limit.n_caps = 0;
		const struct core_rule rule = rule_of(heat, text);
		const struct core_spec spec = {.devices = devices,
					       .n_devices = 3,
					       .rules = &rule,
					       .n_rules = 1,
					       .limits = &limit,
					       .n_limits = 1,
					       .lease_ms = 1000,
					       .renew_ms = 250};
		struct faults faults = {0};
		struct rig rig = {.now = 1000000, .n_devices = 3};
		if (core_new(&spec, rig.now, &rig.core, &faults) == 0) {
			taken++;
			rig_calm(&rig);
			rig_read(&rig, BELT, BELT_FORCE, pick(9) * 10);
			rig_read(&rig, BELT, BELT_PRESSURE, pick(9) * 10);
			bool before = rig_permission(&rig, PAD, PAD_HEAT).permitted; /* without a figure */
			for (unsigned step = 0; step <= 10; step++) {
				give(&rig, BELT, true, limit.minimum ? 100 - 10 * step : 10 * step); /* ever looser */
				bool now = rig_permission(&rig, PAD, PAD_HEAT).permitted;
				if (before && !now)
					fail_msg("%s: looser step %u", text, step);
				before = now;
				permitted += now;
			}
			rig_stop(&rig);
		}
		faults_release(&faults);
		free(text);
	}
	assert_true(taken > 200 && permitted > 500); /* else it proves nothing */
}

/* ---- what is wrong with them ---- */

static char *faults_of(const struct core_limit *limits, size_t n, const struct core_figure *f, const char *only_while)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_rule rule = rule_of(heat, only_while);
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .rules = &rule,
				       .n_rules = 1,
				       .limits = limits,
				       .n_limits = n,
				       .figures = f,
				       .n_figures = f != NULL,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct core *core = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	assert_int_equal(core_new(&spec, 0, &core, &faults), -1);
	faults_print(&faults, to);
	fclose(to);
	faults_release(&faults);
	return text;
}

static void fault_in_a_limit_says_where_it_stands_and_what_was_expected(void **state)
{
	(void)state;
	static const struct core_text strange[] = {{"kind:traction", 5}, {"belt.heat", 6}, {"pad.heat", 7}};
	const struct core_limit bad_default = {
	    .file = "l.cfg", .line = 4, .id = "force", .has_default = true, .value = (double)NAN};
	const struct core_limit twice[] = {force, force};
	const struct core_limit unnamed = {.file = "l.cfg", .line = 4, .id = "No Name"};
	struct core_limit caps = force;
	caps.caps = strange;
	caps.n_caps = 3;
	struct core_limit least = force;
	least.minimum = true;
	struct core_figure f = figure("belt", 5), in_kpa = f, of_none = f, of_nobody = f;
	in_kpa.unit = THERAPY_UNIT_KILOPASCAL;
	of_none.limit = "farce";
	of_nobody.device = "bolt";
	const char *good = "all traction.force <= limit.force";
	const struct {
		const struct core_limit *limits;
		size_t n;
		const struct core_figure *figure;
		const char *only_while, *says;
	} rows[] = {
	    {&bad_default, 1, NULL, good,
	     "l.cfg:4: limit 'force': a unit that is known and a default that is a finite"},
	    {twice, 2, NULL, good, "l.cfg:4: limit 'force' is there twice"},
	    {&unnamed, 1, NULL, good, "l.cfg:4: limit id 'No Name'"},
	    {&caps, 1, NULL, good, "l.cfg:6: caps 'belt.heat': \"kind:traction\", or a control of a configured device"},
	    {&caps, 1, NULL, good, "l.cfg:7: caps 'pad.heat': it takes a plain number, the limit 'force' is in N"},
	    {&force, 1, &in_kpa, good, "home.cfg:9: limit 'force' needs a number in N, kgf or lbf"},
	    {&force, 1, &of_none, good,
	     "home.cfg:9: there is no limit 'farce': one that the rules declare was expected (force)"},
	    {&force, 1, &of_nobody, good, "home.cfg:9: there is no device 'bolt' to have the limit 'force'"},
	    {&force, 1, NULL, "all traction.force <= limit.farce",
	     "my.cfg:2: only_while of rule 'r', character 29: there is no limit 'farce': one that the rules declare "
	     "was "
	     "expected (force)\n"
	     "    all traction.force <= limit.farce\n"
	     "                                ^\n"},
	    {&force, 1, NULL, "all scale.weight <= limit.farce",
	     "there is no limit 'farce'"}, /* of what is not there, too */
	    {&force, 1, NULL, "all inversion.tilt <= limit.force",
	     "character 23: table.tilt needs a limit in deg; limit.force is in N, kgf or lbf"},
	    {&force, 1, NULL, "all traction.force >= limit.force",
	     "character 20: a stricter figure would permit more: limit.force is a maximum, so '<=' was expected"},
	    {&force, 1, NULL, "not any traction.force < limit.force", "so '>=' was expected under this 'not'"},
	    {&force, 1, NULL, "10 s since any traction.force <= limit.force", "so '>=' was expected under this"},
	    {&least, 1, NULL, "all traction.force <= limit.force", "limit.force is a minimum, so '>=' was expected"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = faults_of(rows[i].limits, rows[i].n, rows[i].figure, rows[i].only_while);
		if (!strstr(text, rows[i].says))
			fail_msg("row %zu: expected '%s' in '%s'", i, rows[i].says, text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strictest_figure_that_anybody_gave_is_in_force_and_the_default_only_without_any),
	    cmocka_unit_test(limit_without_a_figure_refuses_and_says_how_to_give_it),
	    cmocka_unit_test(request_beyond_a_cap_is_refused_with_limit_and_figure),
	    cmocka_unit_test(figure_below_all_that_a_control_takes_permits_nothing),
	    cmocka_unit_test(tightened_figure_ends_at_once_what_is_beyond_it_and_only_that),
	    cmocka_unit_test(tightened_figure_trips_the_rule_that_looks_at_it),
	    cmocka_unit_test(loosened_figure_waits_until_nothing_runs_that_it_bears_on),
	    cmocka_unit_test(paused_request_keeps_a_looser_figure_waiting),
	    cmocka_unit_test(figures_that_are_none_change_nothing),
	    cmocka_unit_test(minimum_is_stricter_when_larger),
	    cmocka_unit_test(stricter_figure_never_permits_more_whatever_the_rule_says),
	    cmocka_unit_test(fault_in_a_limit_says_where_it_stands_and_what_was_expected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
