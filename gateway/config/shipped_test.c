/* SPDX-License-Identifier: Apache-2.0
 * Every file of etc/ loads, and the shipped rules say what the hazard table says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "config/config.h"
#include "config/test_home.h"

#define ETC THERAPY_ETC_DIR "/"

static struct config *load(const struct test_home *home, const char *path)
{
	const struct config_places places = {
	    .plugin_dir = home->plugin_dir, .default_rules = ETC "rules.d", .default_plans = ETC "plans.d"};
	struct config *config = NULL;
	struct faults faults = {0};
	int result = config_load(path, &places, &config, &faults);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "");
	assert_int_equal(result, 0);
	free(told);
	faults_release(&faults);
	return config;
}

static const struct core_rule *rule(const struct config *c, const char *id)
{
	for (size_t i = 0; i < c->n_rules; i++)
		if (strcmp(c->rules[i].id, id) == 0)
			return &c->rules[i];
	fail_msg("there is no rule %s", id);
	return NULL;
}

static void assert_rule(const struct core_rule *r, unsigned hazard, const char *permits, const char *only_while,
			const char *hard, const char *rearms)
{
	assert_int_equal(r->hazard, hazard);
	assert_int_equal(r->n_permits, 1);
	assert_string_equal(r->permits[0].text, permits);
	assert_string_equal(r->only_while.text, only_while);
	assert_string_equal(r->hard.text ? r->hard.text : "", hard);
	assert_string_equal(r->rearms.text ? r->rearms.text : "", rearms);
	assert_true(r->max_age_ms > 0); /* hazard 17 bites in each */
	assert_true(strlen(r->because) > 20);
}

static int make_home(void **state)
{
	struct test_home *home = malloc(sizeof *home);
	test_home_make(home);
	*state = home;
	return 0;
}

static int remove_home(void **state)
{
	test_home_remove(*state);
	free(*state);
	return 0;
}

static void example_loads_with_the_shipped_rules(void **state)
{
	struct config *c = load(*state, ETC "therapy-gateway.cfg");
	assert_string_equal(c->gateway_id, "home");
	assert_true(c->mqtt.enabled);
	assert_int_equal(c->n_devices, 2);
	assert_string_equal(c->devices[0].plugin, "inversion_table");
	assert_int_equal(c->devices[0].n_options, 1); /* not calibrated: the absolute angle */
	assert_string_equal(c->devices[1].plugin, "heat_pad");
	assert_true(c->n_rules > 30);
	config_free(c);
}

static void shipped_rules_are_those_of_the_hazard_table(void **state)
{
	struct config *c = load(*state, ETC "therapy-gateway.cfg");
	const struct core_rule *r = rule(c, "no-heat-during-inversion");
	assert_rule(r, 11, "kind:heat", "all inversion.tilt <= 10 deg", "all inversion.tilt <= 20 deg",
		    "all inversion.tilt <= 8 deg for 10 s");
	assert_int_equal(r->max_age_ms, 5000);
	assert_int_equal(r->grace_ms, 1000);
	assert_int_equal(r->priority, CORE_PRIORITY_HIGH);
	r = rule(c, "no-heat-under-load");
	assert_rule(r, 12, "kind:heat", "all traction.force < 20 N and all traction.pressure < 1 kPa", "",
		    "(all traction.force < 15 N and all traction.pressure < 0.8 kPa) for 10 s");
	assert_int_equal(r->grace_ms, 0);
	r = rule(c, "no-traction-during-inversion");
	assert_rule(r, 14, "kind:traction", "all inversion.tilt <= 10 deg", "all inversion.tilt <= 20 deg",
		    "all inversion.tilt <= 8 deg for 10 s");
	assert_int_equal(r->max_age_ms, 5000);
	r = rule(c, "no-traction-after-inversion");
	assert_rule(r, 14, "kind:traction", "30 min since any inversion.tilt > 10 deg", "", "");
	assert_int_equal(r->grace_ms, 0);
	config_free(c);
}

static void demo_has_the_shipped_rules_with_its_own_short_times(void **state)
{
	struct config *shipped = load(*state, ETC "therapy-gateway.cfg");
	struct config *demo = load(*state, ETC "demo.cfg");
	for (size_t i = 0; i < demo->n_rules; i++) {
		const struct core_rule *home = rule(shipped, demo->rules[i].id);
		assert_int_equal(demo->rules[i].hazard, home->hazard);
		assert_int_equal(demo->rules[i].grace_ms, home->grace_ms);
		assert_true(demo->rules[i].max_age_ms <= home->max_age_ms);
	}
	assert_string_equal(rule(demo, "no-heat-during-inversion")->rearms.text, "all inversion.tilt <= 8 deg for 3 s");
	assert_string_equal(rule(demo, "no-traction-after-inversion")->only_while.text,
			    "4 s since any inversion.tilt > 10 deg");
	assert_string_equal(rule(demo, "no-heat-under-load")->only_while.text,
			    rule(shipped, "no-heat-under-load")->only_while.text);
	config_free(demo);
	config_free(shipped);
}

static void demo_reaches_its_devices_where_the_environment_says(void **state)
{
	struct config *c = load(*state, ETC "demo.cfg");
	assert_string_equal(c->gateway_id, "demo");
	assert_string_equal(c->mqtt.url, "mqtt://127.0.0.1:18830");
	assert_int_equal(c->n_devices, 3);
	assert_string_equal(c->devices[0].id, "table");
	assert_string_equal(c->devices[0].link, "serial:/tmp/sim/table");
	assert_string_equal(c->devices[0].options[1].word, "normal");
	assert_string_equal(c->devices[1].id, "belt");
	assert_string_equal(c->devices[1].link, "tcp://127.0.0.1:4711");
	assert_string_equal(c->devices[2].id, "pad");
	assert_string_equal(c->devices[2].link, "mqtt:pad_plug");
	config_free(c);
}

static const struct plan *plan(const struct config *c, const char *id)
{
	const struct plan *p = plan_find(c->plans, c->n_plans, id);
	if (!p)
		fail_msg("there is no plan %s", id);
	return p;
}

static void shipped_plans_can_be_followed(void **state)
{
	struct config *c = load(*state, ETC "therapy-gateway.cfg");
	struct faults faults = {0};
	assert_int_equal(c->n_plans, 3);
	for (size_t i = 0; i < c->n_plans; i++) {
		assert_true(plan_check(&c->plans[i], &faults));
		assert_true(strlen(c->plans[i].because) > 20);
		assert_true(strlen(c->plans[i].source) > 20);
	}
	faults_release(&faults);
	config_free(c);
}

/* As etc/README.md and docs/plans.md say. */
static void shipped_plans_are_what_their_names_say(void **state)
{
	struct config *c = load(*state, ETC "therapy-gateway.cfg");
	const struct plan *p = plan(c, "beginner-inversion");
	const struct plan_item *item = p->steps[0].items;
	assert_near(item->angle_deg, 20, 0);
	assert_near(item->minutes, 2, 0);
	assert_int_equal(item->per_day, 2);
	for (size_t s = 0; s < p->n_steps; s++) {
		assert_true(p->steps[s].items[0].angle_deg <=
			    PLAN_ANGLE_USUAL_DEG); /* beyond is nobody else's choice */
		assert_true(p->steps[s].items[0].minutes <= 5);
	}
	assert_near(p->steps[p->n_steps - 1].items[0].angle_deg, 60, 0);
	p = plan(c, "lumbar-traction");
	for (size_t s = 0; s < p->n_steps; s++)
		assert_true(p->steps[s].items[0].has_share && p->steps[s].items[0].force_share < 0.5);
	p = plan(c, "heat-first");
	for (size_t s = 0; s < p->n_steps; s++) {
		assert_int_equal(p->steps[s].n_items, 2);
		assert_int_equal(p->steps[s].items[0].what, PLAN_HEAT);
		assert_true(p->steps[s].items[0].gap_minutes >= 10);
		assert_int_equal(p->steps[s].items[1].what, PLAN_TRACTION);
	}
	config_free(c);
}

/* Takes `gone` out of `text`, where it must be, and puts `put` there. */
static void change(char *text, size_t max, const char *gone, const char *put)
{
	char *at = strstr(text, gone), rest[4096];
	assert_non_null(at);
	snprintf(rest, sizeof rest, "%s", at + strlen(gone));
	assert_true((size_t)snprintf(at, max - (size_t)(at - text), "%s%s", put, rest) < max - (size_t)(at - text));
}

/* docs/generic.md promises it of another actuator on the same plug. */
static void definitions_of_plugs_are_those_of_a_pump_with_three_changes(void **state)
{
	static const char *const plugs[] = {"zigbee2mqtt_plug", "esphome_switch"};
	static const char home_cfg[] = "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://broker\"; };\n"
				       "devices = ( { id = \"pump\"; plugin = \"generic\"; link = \"mqtt:ice\"; "
				       "definition = \"./pump.cfg\"; } );\n";
	const struct test_home *home = *state;
	for (size_t i = 0; i < sizeof plugs / sizeof *plugs; i++) {
		char path[256], text[4096] = "";
		snprintf(path, sizeof path, ETC "devices.d/%s.cfg", plugs[i]);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		assert_true(fread(text, 1, sizeof text - 1, f) < sizeof text - 1);
		fclose(f);
		change(text, sizeof text, "kind = \"heat\"", "kind = \"cold\"");
		change(text, sizeof text, "id = \"heat\"", "id = \"cold\"");
		change(text, sizeof text, "resumes = true;", "");
		test_home_write(home, "pump.cfg", text, strlen(text), 0644);
		test_home_write(home, "home.cfg", home_cfg, sizeof home_cfg - 1, 0640);
		snprintf(path, sizeof path, "%s/home.cfg", home->dir);
		struct config *c = load(home, path);
		const Therapy__V1__Definition *d = c->devices[0].definition;
		assert_string_equal(d->kind, "cold");
		assert_int_equal(d->n_controls, 1);
		assert_string_equal(d->controls[0]->key, "cold");
		assert_false(d->controls[0]->resumes);
		assert_true(d->controls[0]->device_timer_ms > 0);
		config_free(c);
	}
}

int main(void)
{
	setenv("MQTT_URL", "mqtt://127.0.0.1:18830", 1);
	setenv("THERAPY_SIM", "/tmp/sim", 1);
	setenv("THERAPY_BELT_PORT", "4711", 1);
#define T(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
	const struct CMUnitTest tests[] = {
	    T(example_loads_with_the_shipped_rules),
	    T(shipped_rules_are_those_of_the_hazard_table),
	    T(demo_has_the_shipped_rules_with_its_own_short_times),
	    T(demo_reaches_its_devices_where_the_environment_says),
	    T(shipped_plans_can_be_followed),
	    T(shipped_plans_are_what_their_names_say),
	    T(definitions_of_plugs_are_those_of_a_pump_with_three_changes),
	};
	return cmocka_run_group_tests_name("shipped configurations", tests, NULL, NULL);
}
