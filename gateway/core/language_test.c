/* SPDX-License-Identifier: Apache-2.0
 * What the core says to people is in their language and their units; what it decides and tells as data is not. */
#include <stdio.h>
#include <string.h>

#include "core/explanation.h"
#include "core/testing_rig.h"

static void start(struct rig *rig, enum language language, enum unit_system units)
{
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	rig_start_for(rig, home, 3, rig_rules, rig_n_rules, language, units);
}

static const char *why(const struct rig *rig)
{
	return rig_output(rig, CORE_OUT_RESULT, 0)->why;
}

/* What people are told of an evening on which much goes wrong, and what comes of it. */
static void live(struct rig *rig, char told[8][CORE_WHY_MAX], enum core_outcome outcomes[8])
{
	size_t n = 0;
	rig_calm(rig);
	outcomes[n] = rig_ask(rig, "pad", "heat", 7);
	strcpy(told[n++], why(rig));
	outcomes[n] = rig_ask(rig, "pad", "heat", 1);
	strcpy(told[n++], why(rig));
	rig_read(rig, TABLE, TABLE_TILT, 60);
	strcpy(told[n++], rig_event(rig, CORE_EVENT_TRIPPED)->why);
	outcomes[n] = rig_ask(rig, "pad", "heat", 1);
	strcpy(told[n++], why(rig));
	rig_read(rig, BELT, BELT_FORCE, 30);
	strcpy(told[n++], rig_permission(rig, PAD, PAD_HEAT).why);
	rig_present(rig, TABLE, false);
	strcpy(told[n++], rig_event(rig, CORE_EVENT_DEVICE_LOST)->why);
	outcomes[n] = rig_verb(rig, CORE_STOP, "", "");
	strcpy(told[n++], why(rig));
	strcpy(told[n++], rig_permission(rig, PAD, PAD_HEAT).why);
}

static void in_german_the_same_happens_for_the_same_reasons(void **state)
{
	(void)state;
	static const char *const parts[8] = {
	    "7 liegt außerhalb: pad.heat nimmt 0 (Ruhe) und 0 bis 1 an",
	    "pad.heat ist zugelassen mit 1",
	    "table.tilt war 60 deg, muss <= 20 deg sein (Regel no-heat-during-inversion)",
	    "pad.heat kommt gerade zur Ruhe",
	    "wieder frei, sobald all inversion.tilt <= 8 deg for 10 s, frühestens in 10 s",
	    "table ist weg: die Verbindung oder der Prozess ist zu Ende",
	    "alles soll sofort zur Ruhe kommen und bleibt dort, bis es quittiert wird",
	    "alles wurde von therapyctl gestoppt, vor 0 ms; nachsehen, dann quittieren",
	};
	static char english[8][CORE_WHY_MAX], german[8][CORE_WHY_MAX];
	enum core_outcome a[8] = {CORE_ACCEPTED}, b[8] = {CORE_ACCEPTED};
	struct rig rig;
	start(&rig, LANGUAGE_EN, UNIT_METRIC);
	live(&rig, english, a);
	rig_stop(&rig);
	start(&rig, LANGUAGE_DE, UNIT_METRIC);
	live(&rig, german, b);
	rig_stop(&rig);
	assert_memory_equal(a, b, sizeof a);
	for (size_t i = 0; i < 8; i++) {
		if (!strstr(german[i], parts[i]))
			fail_msg("'%s' is not in '%s'", parts[i], german[i]);
		assert_string_not_equal(german[i], english[i]);
	}
}

static void figures_are_in_the_units_that_people_chose(void **state)
{
	(void)state;
	struct rig rig;
	struct core_rule_explanation rule;
	start(&rig, LANGUAGE_EN, UNIT_IMPERIAL);
	rig_calm(&rig);
	rig_read(&rig, BELT, BELT_FORCE, 30);
	assert_contains(rig_permission(&rig, PAD, PAD_HEAT).why,
			"belt.force is 6.74 lbf (0 ms old), must be < 4.5 lbf (rule no-heat-under-load)");
	assert_true(core_explain_rule(rig.core, PAD, PAD_HEAT, 0, &rule)); /* data stays as it is */
	assert_near(rule.seen[0].value, 30, 0);
	assert_string_equal(rule.seen[0].must, "< 20 N");
	rig_read(&rig, BELT, BELT_FORCE, 0);
	struct core_request request = {.device = "belt", .control = "tension", .value = 1000, .age_ms = -1};
	assert_int_equal(rig_request(&rig, &request), CORE_OUT_OF_RANGE);
	assert_string_equal(why(&rig),
			    "224.81 lbf is out of range: belt.tension takes 0 (rest) and 4.5 lbf to 89.92 lbf");
	request.value = 22; /* asked in N, where there are steps */
	assert_int_equal(rig_request(&rig, &request), CORE_OUT_OF_RANGE);
	assert_contains(why(&rig), "in steps of 1.12 lbf");
	rig_stop(&rig);
}

static void what_is_too_long_is_cut_between_two_characters(void **state)
{
	(void)state;
	static const char id[] = "ein_sehr_langer_name_von_einem_geraet_im_keller";
	static const struct core_metric metrics[] = {{.key = id, .unit = THERAPY_UNIT_WATT, .stale_ms = 1000}};
	static const struct core_control controls[] = {{.key = id, .max = 1, .step = 1, .device_timer_ms = 1000}};
	const struct core_device device = {id, "heat", metrics, 1, controls, 1};
	const struct core_rule rule =
	    rig_rule("always", "all heat.ein_sehr_langer_name_von_einem_geraet_im_keller < 5 W");
	const struct core_spec spec = {.devices = &device,
				       .n_devices = 1,
				       .rules = &rule,
				       .n_rules = 1,
				       .needs_timer_proof = true,
				       .language = LANGUAGE_DE,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	struct rig rig = {.now = 1000000, .n_devices = 1};
	assert_int_equal(core_new(&spec, rig.now, &rig.core, &faults), 0);
	rig_present(&rig, 0, true);
	rig_read(&rig, 0, 0, 0);
	rig_phase(&rig, 0, 0, CORE_PHASE_AT_REST);
	const struct core_permission p = rig_permission(&rig, 0, 0);
	assert_contains(p.why, "hat nicht bewiesen, dass es von selbst ausgeht");
	assert_int_equal(strlen(p.why), CORE_WHY_MAX - 1);
	assert_string_equal(p.why + strlen(p.why) - 3, "...");
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_german_the_same_happens_for_the_same_reasons),
	    cmocka_unit_test(figures_are_in_the_units_that_people_chose),
	    cmocka_unit_test(what_is_too_long_is_cut_between_two_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
