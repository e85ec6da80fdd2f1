/* SPDX-License-Identifier: Apache-2.0
 * What verify says of the rules of a small home (core/testing_rig.h), and how. */
#include "verify/verify.h"

#include <stdlib.h>
#include <string.h>

#include "core/testing_rig.h"

#define TEXT_MAX 8192

struct fixture {
	struct verify_report report;
	struct faults faults;
	int bad;
	char faults_text[TEXT_MAX];
};

static struct core_spec spec_of(const struct core_device *devices, const struct core_rule *rules, size_t n_rules)
{
	return (struct core_spec){
	    .devices = devices, .n_devices = 3, .rules = rules, .n_rules = n_rules, .lease_ms = 1000, .renew_ms = 250};
}

/* The full home with these rules; `texts` ends with NULL. */
static void run(struct fixture *f, const struct core_rule *rules, size_t n_rules, const char *const *texts)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	struct verify_invariant invariants[8];
	size_t n = 0;
	for (; texts[n]; n++)
		invariants[n] = (struct verify_invariant){"inv.cfg", (unsigned)n + 1, texts[n]};
	struct core_spec spec = spec_of(devices, rules, n_rules);
	*f = (struct fixture){0};
	f->bad = verify_run(&spec, invariants, n, &f->report, &f->faults);
	FILE *to = fmemopen(f->faults_text, sizeof f->faults_text, "w");
	assert_non_null(to);
	faults_print(&f->faults, to);
	fclose(to);
	faults_release(&f->faults);
}

static void stop(struct fixture *f)
{
	verify_release(&f->report);
}

static const char *remark(const struct fixture *f, const char *part)
{
	for (size_t i = 0; i < f->report.n_remarks; i++)
		if (strstr(f->report.remarks[i], part))
			return f->report.remarks[i];
	return NULL;
}

/* The answer to one invariant about one control. */
static enum verify_answer ask(const struct core_rule *rules, size_t n_rules, const char *text, char out[TEXT_MAX])
{
	struct fixture f;
	run(&f, rules, n_rules, (const char *const[]){text, NULL});
	assert_string_equal(f.faults_text, "");
	assert_int_equal(f.bad, 0);
	assert_int_equal(f.report.n_findings, 1);
	enum verify_answer answer = f.report.findings[0].answer;
	if (out)
		snprintf(out, TEXT_MAX, "%s", f.report.findings[0].text);
	stop(&f);
	return answer;
}

static void what_the_hard_limit_bounds_holds_through_grace(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	assert_int_equal(
	    ask(rig_rules, rig_n_rules, "whenever permitted(kind:heat): all inversion.tilt <= 20 deg", text),
	    VERIFY_PROVED);
	assert_string_equal(text, "pad.heat, by no-heat-during-inversion\n");
}

static void grace_refutes_what_only_while_alone_says(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	assert_int_equal(
	    ask(rig_rules, rig_n_rules, "whenever permitted(kind:heat): all inversion.tilt <= 10 deg", text),
	    VERIFY_REFUTED);
	assert_contains(text, "at 0.0 s: table.tilt 0 deg, belt.force 0 N, belt.pressure 0 kPa\n");
	assert_contains(text, "pad.heat is asked for and granted\n");
	assert_contains(text, ": table.tilt 15 deg\n");
	assert_contains(
	    text, "pad.heat still runs (rule no-heat-during-inversion gives a grace of 1.0 s), and what must hold "
		  "is FALSE\n");
}

static void without_its_rule_it_is_refuted(void **state)
{
	(void)state;
	assert_int_equal(ask(&rig_rules[1], 1, "whenever permitted(kind:heat): all inversion.tilt <= 20 deg", NULL),
			 VERIFY_REFUTED);
}

static void what_is_not_known_counts_as_violated(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	/* No rule of heat looks at the pad's power, whatever it is. */
	assert_int_equal(ask(rig_rules, rig_n_rules,
			     "whenever permitted(kind:heat): pad.power < 1000 W or pad.power >= 1000 W", text),
			 VERIFY_REFUTED);
	assert_true(strstr(text, "pad.power unknown") || strstr(text, "pad.power implausible"));
	assert_contains(text, "what must hold is ");
}

static void a_longer_window_proves_a_shorter_one_and_a_wider_one(void **state)
{
	(void)state;
	static const char *const proved[] = {
	    "whenever permitted(kind:traction): 30 min since any inversion.tilt > 10 deg",
	    "whenever permitted(kind:traction): 20 min since any inversion.tilt > 10 deg",
	    "whenever permitted(kind:traction): 20 min since any inversion.tilt > 15 deg",
	    "whenever permitted(belt.tension): all inversion.tilt < 11 deg for 2 min",
	    "whenever permitted(belt.tension): all inversion.tilt < 11 deg",
	};
	static const char *const refuted[] = {
	    "whenever permitted(kind:traction): 31 min since any inversion.tilt > 10 deg",
	    "whenever permitted(kind:traction): 20 min since any inversion.tilt > 9 deg",
	};
	for (size_t i = 0; i < sizeof proved / sizeof *proved; i++)
		assert_int_equal(ask(rig_rules, rig_n_rules, proved[i], NULL), VERIFY_PROVED);
	for (size_t i = 0; i < sizeof refuted / sizeof *refuted; i++)
		assert_int_equal(ask(rig_rules, rig_n_rules, refuted[i], NULL), VERIFY_REFUTED);
}

static void several_windows_together_prove_what_none_does_alone(void **state)
{
	(void)state;
	struct core_rule rules[] = {
	    rig_rule("a", "all inversion.tilt <= 10 deg for 5 s"),
	    rig_rule("b", "(all inversion.tilt > 10 deg or all traction.force < 20 N) for 8 s")};
	assert_int_equal(ask(rules, 2, "whenever permitted(pad.heat): all traction.force < 20 N for 5 s", NULL),
			 VERIFY_PROVED);
	assert_int_equal(ask(rules, 2, "whenever permitted(pad.heat): all traction.force < 20 N for 6 s", NULL),
			 VERIFY_REFUTED);
}

static void a_grace_bounds_how_long_it_may_last(void **state)
{
	(void)state;
	struct core_rule rule = rig_rule("a", "all inversion.tilt <= 10 deg");
	rule.grace_ms = 2000;
	assert_int_equal(ask(&rule, 1, "whenever permitted(pad.heat): not any inversion.tilt > 10 deg for 2 s", NULL),
			 VERIFY_PROVED);
	assert_int_equal(ask(&rule, 1, "whenever permitted(pad.heat): not any inversion.tilt > 10 deg for 1 s", NULL),
			 VERIFY_REFUTED);
}

static void a_reading_is_as_old_as_the_rules_let_it_be(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	struct core_rule rules[] = {rig_rule("a", "all inversion.tilt <= 10 deg or pad.power < 3 W"),
				    rig_rule("b", "all inversion.tilt <= 30 deg")};
	rules[0].max_age_ms = 20000;
	rules[1].max_age_ms = 20000;
	assert_int_equal(ask(rules, 2, "whenever permitted(pad.heat): all inversion.tilt <= 30 deg", NULL),
			 VERIFY_PROVED);
	/* Of the belt's force nothing is asked: it may be silent. */
	assert_int_equal(ask(rules, 2, "whenever permitted(pad.heat): belt.force < 9000 N", text), VERIFY_REFUTED);
}

static void a_device_that_is_named_may_be_parked(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	assert_int_equal(ask(rig_rules, rig_n_rules, "whenever permitted(kind:heat): table.tilt <= 20 deg", text),
			 VERIFY_REFUTED);
	assert_contains(text, "at 0.0 s: table is parked");
	assert_contains(text, "what must hold is UNKNOWN\n");
}

/* A limit of the configuration bounds what a step may give; a default does not. */
static void a_limit_is_as_strict_as_what_is_given_for_it(void **state)
{
	(void)state;
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	struct core_rule rule = rig_rule("force", "all traction.force <= limit.force");
	struct core_limit limit = {
	    .file = "l.cfg", .line = 1, .id = "force", .unit = THERAPY_UNIT_NEWTON, .has_default = true, .value = 50};
	const struct core_figure figure = {
	    .file = "l.cfg", .line = 2, .limit = "force", .unit = THERAPY_UNIT_NEWTON, .value = 80};
	struct core_spec spec = spec_of(devices, &rule, 1);
	spec.limits = &limit;
	spec.n_limits = 1;
	const struct verify_invariant invariants[] = {
	    {"inv.cfg", 1, "whenever permitted(pad.heat): all traction.force <= limit.force"},
	    {"inv.cfg", 2, "whenever permitted(pad.heat): all traction.force <= 80 N"},
	    {"inv.cfg", 3, "whenever permitted(pad.heat): all traction.force <= 70 N"},
	};
	static const enum verify_answer by_default[] = {VERIFY_PROVED, VERIFY_POSSIBLE, VERIFY_POSSIBLE},
					given[] = {VERIFY_PROVED, VERIFY_PROVED, VERIFY_REFUTED};
	for (size_t k = 0; k < 2; k++) {
		struct verify_report report;
		struct faults faults = {0};
		spec.figures = &figure;
		spec.n_figures = k;
		assert_int_equal(verify_run(&spec, invariants, 3, &report, &faults), 0);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(report.findings[i].answer, k ? given[i] : by_default[i]);
		verify_release(&report);
	}
}

static void what_excludes_each_other_never_runs_together(void **state)
{
	(void)state;
	static const struct core_text heat[] = {{"kind:heat", 1}}, traction[] = {{"kind:traction", 1}};
	struct core_rule rules[] = {rig_rule("a", "not on(kind:traction)"), rig_rule("b", "not on(kind:heat)")};
	rules[0].permits = heat;
	rules[1].permits = traction;
	assert_int_equal(ask(rules, 2, "whenever permitted(kind:heat): not on(belt.tension)", NULL), VERIFY_PROVED);
	assert_int_equal(ask(rules, 1, "whenever permitted(kind:heat): not on(belt.tension)", NULL), VERIFY_PROVED);
	assert_int_equal(ask(&rules[1], 1, "whenever permitted(kind:traction): not on(belt.tension)", NULL),
			 VERIFY_REFUTED);
}

static void a_time_limit_of_the_control_itself_is_refuted_after_that_time(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	struct core_rule rule = rig_rule("session", "not on(pad.heat) for 20 min");
	assert_int_equal(ask(&rule, 1, "whenever permitted(pad.heat): not on(pad.heat) for 20 min", NULL),
			 VERIFY_PROVED);
	assert_int_equal(ask(&rule, 1, "whenever permitted(pad.heat): not on(pad.heat) for 10 min", text),
			 VERIFY_REFUTED);
}

static void a_kind_that_the_home_lacks_leaves_nothing_to_prove(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	assert_int_equal(ask(rig_rules, rig_n_rules, "whenever permitted(kind:cold): pad.power < 3 W", text),
			 VERIFY_PROVED);
	assert_string_equal(text, "this home has no such control\n");
}

/* "Proved" must not read as "safe" where nobody looks. */
static void what_nothing_measures_is_said_to_hold_for_want_of_a_sensor(void **state)
{
	(void)state;
	char text[TEXT_MAX];
	assert_int_equal(ask(rig_rules, rig_n_rules, "whenever permitted(kind:heat): all scale.weight <= 90 kg", text),
			 VERIFY_PROVED);
	assert_string_equal(text, "pad.heat, but only because nothing in this home measures what it is about: nobody "
				  "would see it\n");
	assert_int_equal(
	    ask(rig_rules, rig_n_rules, "whenever permitted(kind:heat): all inversion.tilt <= 20 deg", text),
	    VERIFY_PROVED);
	assert_null(strstr(text, "nobody"));
}

static void faults_point_into_the_invariant(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, rig_rules, rig_n_rules,
	    (const char *const[]){"always: all inversion.tilt <= 10 deg",
				  "whenever permitted(kind:heat) all inversion.tilt",
				  "whenever permitted(kind:heat): all inversion.tilt <= ", NULL});
	assert_int_equal(f.bad, -1);
	assert_contains(f.faults_text, "inv.cfg:1: invariant, character 1: 'whenever' was expected");
	assert_contains(f.faults_text, "inv.cfg:2: invariant, character 31: '):' and a condition were expected");
	assert_contains(f.faults_text, "inv.cfg:3: invariant, character 54: ");
	stop(&f);
	run(&f, rig_rules, rig_n_rules,
	    (const char *const[]){"whenever permitted(kind:heat): all inversion.tilt <= 10 N",
				  "whenever permitted(pad.cold): table.tilt <= 10 deg",
				  "whenever permitted(pad.heat): chair.tilt <= 10 deg", NULL});
	assert_int_equal(f.bad, -1);
	assert_contains(f.faults_text,
			"inv.cfg:1: invariant, character 54: table.tilt needs a number in deg, found '10 N'\n"
			"    whenever permitted(kind:heat): all inversion.tilt <= 10 N\n"
			"                                                         ^\n");
	assert_contains(f.faults_text, "inv.cfg:2: invariant, character 20: there is no control 'pad.cold'");
	assert_contains(f.faults_text, "inv.cfg:3: invariant, character 31: there is no device 'chair'");
	stop(&f);
}

static void rules_that_can_never_permit_are_told(void **state)
{
	(void)state;
	struct fixture f;
	struct core_rule rules[] = {rig_rule("never", "table.tilt < 5 deg and table.tilt > 10 deg"),
				    rig_rule("stuck", "table.tilt < 5 deg"), rig_rule("fine", "belt.force < 20 N")};
	rules[1].rearms = (struct core_text){"table.tilt > 6 deg", 1};
	run(&f, rules, 3, (const char *const[]){NULL});
	assert_non_null(remark(&f, "rule never can never permit"));
	assert_non_null(remark(&f, "rule stuck can never be armed again after a trip"));
	assert_null(remark(&f, "fine"));
	assert_null(remark(&f, "contradict each other"));
	stop(&f);
}

static void rules_that_contradict_each_other_are_told(void **state)
{
	(void)state;
	struct fixture f;
	struct core_rule rules[] = {rig_rule("low", "table.tilt < 5 deg"), rig_rule("high", "table.tilt > 10 deg"),
				    rig_rule("other", "belt.force < 20 N")};
	run(&f, rules, 3, (const char *const[]){NULL});
	assert_string_equal(remark(&f, "pad.heat"),
			    "pad.heat can never be permitted: its rules contradict each other: low, high");
	stop(&f);
}

static void rules_that_never_matter_are_told(void **state)
{
	(void)state;
	struct fixture f;
	struct core_rule rules[] = {rig_rule("strict", "table.tilt < 5 deg"), rig_rule("loose", "table.tilt < 10 deg"),
				    rig_rule("rearmed", "table.tilt < 9 deg")};
	rules[2].rearms =
	    (struct core_text){"table.tilt < 4 deg", 1}; /* after a trip it asks for more than the others */
	run(&f, rules, 3, (const char *const[]){NULL});
	assert_string_equal(remark(&f, "rule loose"),
			    "rule loose never matters: what it asks is asked already, by rule strict");
	assert_null(remark(&f, "rule strict never"));
	assert_null(remark(&f, "rule rearmed"));
	stop(&f);
}

static void controls_that_nothing_governs_are_told(void **state)
{
	(void)state;
	struct fixture f;
	run(&f, rig_rules, 2, (const char *const[]){"whenever permitted(kind:traction): table.tilt < 1 deg", NULL});
	assert_string_equal(remark(&f, "belt.tension"), "belt.tension is never permitted: no rule governs it");
	assert_int_equal(f.report.findings[0].answer, VERIFY_PROVED);
	assert_null(remark(&f, "pad.heat"));
	stop(&f);
}

static void a_control_that_only_stop_buttons_govern_is_told_as_one_that_nothing_governs(void **state)
{
	(void)state;
	struct fixture f = {0};
	const struct verify_invariant invariant = {"inv.cfg", 1,
						   "whenever permitted(kind:traction): table.tilt < 1 deg"};
	struct core_spec spec = spec_of(rig_guarded, rig_rules, 2); /* the heat rules only */
	spec.n_devices = RIG_GUARDED;
	assert_int_equal(verify_run(&spec, &invariant, 1, &f.report, &f.faults), 0);
	assert_string_equal(remark(&f, "belt.tension"), "belt.tension is never permitted: no rule governs it");
	assert_string_equal(remark(&f, "plug.power"), "plug.power is never permitted: no rule governs it");
	assert_int_equal(f.report.n_findings, 1);
	assert_int_equal(f.report.findings[0].answer, VERIFY_PROVED);
	assert_contains(f.report.findings[0].text, "no rule governs it");
	assert_null(remark(&f, "pad.heat"));
	stop(&f);
}

static void what_is_printed_names_each_invariant_once(void **state)
{
	(void)state;
	struct fixture f;
	const char *text = "whenever permitted(kind:heat): all inversion.tilt <= 20 deg";
	run(&f, rig_rules, rig_n_rules, (const char *const[]){text, NULL});
	char out[TEXT_MAX] = "";
	FILE *to = fmemopen(out, sizeof out, "w");
	assert_non_null(to);
	verify_print(&f.report, &(struct verify_invariant){"inv.cfg", 7, text}, 1, to);
	fclose(to);
	assert_string_equal(out, "whenever permitted(kind:heat): all inversion.tilt <= 20 deg\n"
				 "  (inv.cfg:7)\n"
				 "  PROVED pad.heat, by no-heat-during-inversion\n"
				 "\n1 invariant: 1 proved, 0 refuted, 0 possible\n");
	assert_int_equal(verify_worst(&f.report), VERIFY_PROVED);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_hard_limit_bounds_holds_through_grace),
	    cmocka_unit_test(grace_refutes_what_only_while_alone_says),
	    cmocka_unit_test(without_its_rule_it_is_refuted),
	    cmocka_unit_test(what_is_not_known_counts_as_violated),
	    cmocka_unit_test(a_longer_window_proves_a_shorter_one_and_a_wider_one),
	    cmocka_unit_test(several_windows_together_prove_what_none_does_alone),
	    cmocka_unit_test(a_grace_bounds_how_long_it_may_last),
	    cmocka_unit_test(a_reading_is_as_old_as_the_rules_let_it_be),
	    cmocka_unit_test(a_device_that_is_named_may_be_parked),
	    cmocka_unit_test(a_limit_is_as_strict_as_what_is_given_for_it),
	    cmocka_unit_test(what_excludes_each_other_never_runs_together),
	    cmocka_unit_test(a_time_limit_of_the_control_itself_is_refuted_after_that_time),
	    cmocka_unit_test(a_kind_that_the_home_lacks_leaves_nothing_to_prove),
	    cmocka_unit_test(what_nothing_measures_is_said_to_hold_for_want_of_a_sensor),
	    cmocka_unit_test(faults_point_into_the_invariant),
	    cmocka_unit_test(rules_that_can_never_permit_are_told),
	    cmocka_unit_test(rules_that_contradict_each_other_are_told),
	    cmocka_unit_test(rules_that_never_matter_are_told),
	    cmocka_unit_test(controls_that_nothing_governs_are_told),
	    cmocka_unit_test(a_control_that_only_stop_buttons_govern_is_told_as_one_that_nothing_governs),
	    cmocka_unit_test(what_is_printed_names_each_invariant_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
