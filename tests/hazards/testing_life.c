/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_life.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 500u
#define RAMP    10.0 /* N/s, up; down twice as fast */
#define TEST_MS 5000u

static const struct core_metric table_metrics[] = {
    [TILT] = {.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 1000, .deadband = 0.5},
    [RATE] = {.key = "rate", .unit = THERAPY_UNIT_DEG_PER_S, .stale_ms = 1000},
    [ON_TABLE] = {.key = "occupied", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000}};
static const struct core_metric belt_metrics[] = {
    [FORCE] = {.key = "force", .unit = THERAPY_UNIT_NEWTON, .stale_ms = 1000},
    [PRESSURE] = {.key = "pressure", .unit = THERAPY_UNIT_KILOPASCAL, .stale_ms = 1000}};
static const struct core_metric warm_metrics[] = {
    [RELAY] = {.key = "relay", .unit = THERAPY_UNIT_BOOL, .stale_ms = 10000},
    [SKIN] = {.key = "skin_temp", .unit = THERAPY_UNIT_CELSIUS, .stale_ms = 5000}};
static const struct core_metric scale_metrics[] = {
    [WEIGHT] = {.key = "weight", .unit = THERAPY_UNIT_KILOGRAM, .stale_ms = 60000}};
static const struct core_metric mat_metrics[] = {
    [LAIN_ON] = {.key = "occupied", .unit = THERAPY_UNIT_BOOL, .stale_ms = 60000}};
static const struct core_metric button_metrics[] = {
    [PRESSED] = {.key = "button", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000, .stops = true}};
static const struct core_metric person_metrics[] = {
    [BODY_WEIGHT] = {.key = "weight", .unit = THERAPY_UNIT_KILOGRAM, .stale_ms = UINT32_MAX},
    [CLEARED] = {.key = "cleared", .unit = THERAPY_UNIT_SECOND, .stale_ms = UINT32_MAX},
    [ACKNOWLEDGED] = {.key = "heat_acknowledged", .unit = THERAPY_UNIT_BOOL, .stale_ms = UINT32_MAX},
    [DENIES_HEAT] = {.key = "denies_heat", .unit = THERAPY_UNIT_BOOL, .stale_ms = UINT32_MAX},
    [DENIES_COLD] = {.key = "denies_cold", .unit = THERAPY_UNIT_BOOL, .stale_ms = UINT32_MAX},
    [DENIES_TRACTION] = {.key = "denies_traction", .unit = THERAPY_UNIT_BOOL, .stale_ms = UINT32_MAX},
    [DENIES_INVERSION] = {.key = "denies_inversion", .unit = THERAPY_UNIT_BOOL, .stale_ms = UINT32_MAX},
    [THERE] = {.key = "present", .unit = THERAPY_UNIT_BOOL, .stale_ms = 120000}};

static const struct core_control tension[] = {{.key = "tension",
					       .min = 20,
					       .max = 400,
					       .step = 1,
					       .confirm = FORCE,
					       .rest_max = 10,
					       .unit = THERAPY_UNIT_NEWTON,
					       .accept_no_device_timer = true}};
static const struct core_control heat[] = {{.key = "heat",
					    .max = 1,
					    .step = 1,
					    .confirm = RELAY,
					    .rest_max = 0.5,
					    .resumes = true,
					    .unit = THERAPY_UNIT_BOOL,
					    .device_timer_ms = 30000,
					    .test_ms = TEST_MS}};
static const struct core_control chill[] = {{.key = "chill",
					     .max = 1,
					     .step = 1,
					     .confirm = RELAY,
					     .rest_max = 0.5,
					     .unit = THERAPY_UNIT_BOOL,
					     .accept_no_device_timer = true}};

static const struct core_device home[LIFE_DEVICES] = {
    [TABLE] = {"table", "inversion", table_metrics, 3, NULL, 0},
    [BELT] = {"belt", "traction", belt_metrics, 2, tension, 1},
    [PAD] = {"pad", "heat", warm_metrics, 2, heat, 1},
    [WRAP] = {"wrap", "cold", warm_metrics, 2, chill, 1},
    [SCALE] = {"scale", "scale", scale_metrics, 1, NULL, 0},
    [BUTTON] = {"button", "stop_button", button_metrics, 1, NULL, 0},
    [PERSON] = {"person", "person", person_metrics, LIFE_METRICS, NULL, 0},
    [MAT] = {"mat", "occupancy", mat_metrics, 1, NULL, 0},
};

static const char *const figures = "force = \"150 N\"; force_ceiling = \"300 N\"; pressure = \"30 kPa\"; weight_min = "
				   "\"65 kg\"; weight_max = \"75 kg\";";

static struct config *load(const struct life_setup *setup)
{
	const char *rules = getenv("THERAPY_RULES");
	char path[] = "/tmp/therapy-hazards-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	fprintf(f, "gateway = { id = \"hazards\"; };\ndevices = ();\nrule_files = [ \"%s\" ];\nlimits = { %s };\n",
		rules ? rules : THERAPY_ETC_DIR "/rules.d", setup->figures ? setup->figures : figures);
	assert_int_equal(fclose(f), 0);
	struct config *config = NULL;
	struct faults faults = {0};
	int bad = config_load(path, &(struct config_places){.plugin_dir = "/"}, &config, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	unlink(path);
	assert_int_equal(bad, 0);
	return config;
}

static void compile(struct life *l, const struct life_setup *setup)
{
	struct core_device devices[LIFE_DEVICES];
	size_t n = 0;
	for (unsigned d = 0; d < LIFE_DEVICES; d++) {
		l->index[d] = CORE_NO_DEVICE;
		if (setup->without >> d & 1u || (d == MAT && !setup->mat))
			continue;
		devices[n] = home[d];
		if (d == PERSON && !setup->presence)
			devices[n].n_metrics = THERE;
		else if (setup->no_sensor >> d & 1u)
			devices[n].n_metrics = 1;
		else if (d == TABLE && !setup->says_who)
			devices[n].n_metrics = ON_TABLE;
		if (setup->no_control >> d & 1u)
			devices[n].n_controls = 0;
		l->index[d] = (uint16_t)n++;
	}
	const struct core_spec spec = {.devices = devices,
				       .n_devices = n,
				       .rules = l->config->rules,
				       .n_rules = l->config->n_rules,
				       .limits = l->config->limits,
				       .n_limits = l->config->n_limits,
				       .figures = l->config->figures,
				       .n_figures = l->config->n_figures,
				       .conditions = l->config->conditions,
				       .n_conditions = l->config->n_conditions,
				       .derived = l->config->derived,
				       .n_derived = l->config->n_derived,
				       .owned_unmonitored = &setup->unseen,
				       .n_owned_unmonitored = setup->unseen != NULL,
				       .needs_timer_proof = setup->proofs,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	struct faults faults = {0};
	int bad = core_new(&spec, l->now, &l->core, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	assert_int_equal(bad, 0);
}

/* ---- steps ---- */

static enum life_device device_of(const struct life *l, uint16_t index)
{
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		if (l->index[d] == index)
			return (enum life_device)d;
	fail_msg("there is no device %u", index);
	abort(); /* which the compiler cannot know */
}

static void note(struct life *l, const struct core_output *out)
{
	assert_true(out->why[0] != '\0');
	if (l->n_events == LIFE_EVENTS)
		return;
	struct life_event *e = &l->events[l->n_events++];
	*e = (struct life_event){.type = out->event, .priority = out->priority, .at = l->now};
	snprintf(e->rule, sizeof e->rule, "%s", out->rule ? out->rule : "");
}

static void step(struct life *l, const struct core_input *input)
{
	struct core_outputs outputs = core_step(l->core, l->now, input);
	if (l->watch)
		l->watch(l->user, NULL);
	for (size_t i = 0; i < outputs.n; i++) {
		const struct core_output *out = &outputs.items[i];
		if (l->watch)
			l->watch(l->user, out);
		if (out->type == CORE_OUT_LEASE) {
			enum life_device d = device_of(l, out->device);
			l->asked[d] = out->value;
			l->stopped[d] = false;
			if (d == PAD && (out->test ? out->grant : 0) != l->testing) {
				l->testing = out->test ? out->grant : 0;
				l->test_at = l->now;
			}
		} else if (out->type == CORE_OUT_REST) {
			enum life_device d = device_of(l, out->device);
			l->asked[d] = 0;
			l->testing = d == PAD ? 0 : l->testing;
			l->stopped[d] = out->stop;
			l->rested_at[d] = l->now;
		} else if (out->type == CORE_OUT_RESULT) {
			l->outcome = out->outcome;
			snprintf(l->why, sizeof l->why, "%s", out->why);
		} else if (out->type == CORE_OUT_EVENT) {
			note(l, out);
		}
	}
}

static void read_device(struct life *l, enum life_device d)
{
	struct core_reading readings[LIFE_METRICS];
	size_t n = home[d].n_metrics;
	if (l->index[d] == CORE_NO_DEVICE || l->silent[d])
		return;
	for (size_t m = 0; m < n; m++)
		readings[m] = (struct core_reading){(uint16_t)m, THERAPY_GOOD, l->sees[d][m], l->now};
	if (d == PERSON && l->no_presence)
		n = THERE;
	step(l, &(struct core_input){.type = CORE_IN_READINGS, .device = l->index[d], .readings = {readings, n}});
}

/* Its own timer has switched it off. */
static void tell_tested(struct life *l)
{
	uint64_t grant = l->testing;
	l->testing = 0;
	l->asked[PAD] = 0;
	step(l, &(struct core_input){
		    .type = CORE_IN_CONTROL,
		    .device = l->index[PAD],
		    .state = {.phase = CORE_PHASE_COMING_TO_REST, .grant = grant, .test = CORE_TEST_PASSED}});
}

static void tell_phase(struct life *l, enum life_device d)
{
	if (l->index[d] == CORE_NO_DEVICE || !home[d].n_controls || l->silent[d] || l->no_control >> d & 1u)
		return;
	if (d == PAD && l->testing && l->sees[PAD][RELAY] < 1)
		tell_tested(l);
	bool on = l->sees[d][home[d].controls[0].confirm] > home[d].controls[0].rest_max;
	enum core_phase phase = l->asked[d] > 0 ? on ? CORE_PHASE_CONFIRMED_ON : CORE_PHASE_ENERGISED
				: on            ? CORE_PHASE_COMING_TO_REST
						: CORE_PHASE_AT_REST;
	step(l, &(struct core_input){.type = CORE_IN_CONTROL, .device = l->index[d], .state = {.phase = phase}});
}

/* The actuators do as they were told. */
static void act(struct life *l, uint64_t ms)
{
	double *force = &l->sees[BELT][FORCE], up = RAMP * (double)ms / 1e3;
	if (!l->manual_force && *force < l->asked[BELT])
		*force = fmin(*force + up, l->asked[BELT]);
	else if (!l->manual_force)
		*force = l->stopped[BELT] ? l->asked[BELT] : fmax(*force - 2 * up, l->asked[BELT]);
	l->sees[PAD][RELAY] = l->testing && l->now - l->test_at >= TEST_MS ? 0 : l->asked[PAD];
	l->sees[WRAP][RELAY] = l->asked[WRAP];
}

static void all_say(struct life *l)
{
	for (unsigned d = 0; d < LIFE_DEVICES; d++) {
		read_device(l, (enum life_device)d);
		tell_phase(l, (enum life_device)d);
	}
}

static void pass_until(struct life *l, uint64_t end)
{
	while (core_deadline(l->core) <= end) {
		l->now = core_deadline(l->core) > l->now ? core_deadline(l->core) : l->now;
		step(l, &(struct core_input){.type = CORE_IN_TICK});
	}
	l->now = end;
	step(l, &(struct core_input){.type = CORE_IN_TICK});
}

void life_pass(struct life *l, uint64_t ms)
{
	for (uint64_t end = l->now + ms; l->now < end;) {
		uint64_t part = end - l->now < l->step_ms ? end - l->now : l->step_ms;
		pass_until(l, l->now + part);
		act(l, part);
		all_say(l);
	}
}

void life_move(struct life *l, uint64_t ms)
{
	pass_until(l, l->now + ms);
	act(l, ms);
}

void life_say(struct life *l, enum life_device d)
{
	read_device(l, d);
	tell_phase(l, d);
}

void life_wait(struct life *l, uint64_t ms)
{
	uint64_t step_ms = l->step_ms;
	l->step_ms = 20 * SECOND;
	life_pass(l, ms);
	l->step_ms = step_ms;
}

void life_see_quality(struct life *l, enum life_device d, int metric, double value, uint8_t quality)
{
	const struct core_reading reading = {(uint16_t)metric, quality, value, l->now};
	step(l, &(struct core_input){.type = CORE_IN_READINGS, .device = l->index[d], .readings = {&reading, 1}});
}

void life_see(struct life *l, enum life_device d, int metric, double value)
{
	l->sees[d][metric] = value;
	life_see_quality(l, d, metric, value, THERAPY_GOOD);
}

void life_ask(struct life *l, enum life_device d, double value)
{
	step(
	    l,
	    &(struct core_input){
		.type = CORE_IN_REQUEST,
		.request = {
		    .device = home[d].id, .control = home[d].controls[0].key, .id = "", .value = value, .age_ms = -1}});
}

void life_blink(struct life *l, enum life_device d)
{
	step(l, &(struct core_input){.type = CORE_IN_PRESENCE, .device = l->index[d], .present = false});
	life_move(l, 1); /* what it says from now on is new */
	step(l, &(struct core_input){.type = CORE_IN_PRESENCE, .device = l->index[d], .present = true});
}

void life_park(struct life *l, enum life_device d, bool away)
{
	step(l, &(struct core_input){.type = CORE_IN_REQUEST,
				     .request = {.verb = away ? CORE_PARK : CORE_UNPARK,
						 .device = home[d].id,
						 .control = "",
						 .id = "",
						 .age_ms = -1}});
	assert_int_equal(l->outcome, CORE_ACCEPTED);
}

static void prove(struct life *l)
{
	step(l,
	     &(struct core_input){
		 .type = CORE_IN_REQUEST,
		 .request = {
		     .verb = CORE_OFF_TEST, .device = home[PAD].id, .control = heat[0].key, .id = "", .age_ms = -1}});
	assert_int_equal(l->outcome, CORE_ACCEPTED);
	life_pass(l, TEST_MS + SECOND);
	assert_true(core_timer_proved(l->core, l->index[PAD], 0));
}

/* ---- start ---- */

void life_start(struct life *l, const struct life_setup *setup)
{
	*l = (struct life){.now = 1000 * SECOND, .step_ms = STEP_MS, .no_control = setup->no_control};
	l->config = load(setup);
	compile(l, setup);
	l->sees[PAD][SKIN] = l->sees[WRAP][SKIN] = 31;
	l->sees[SCALE][WEIGHT] = l->sees[PERSON][BODY_WEIGHT] = 70;
	l->sees[PERSON][CLEARED] = 100.0 * 86400;
	l->sees[PERSON][ACKNOWLEDGED] = l->sees[PERSON][THERE] = 1;
	for (unsigned d = 0; d < LIFE_DEVICES; d++)
		if (l->index[d] != CORE_NO_DEVICE)
			step(l, &(struct core_input){.type = CORE_IN_PRESENCE, .device = l->index[d], .present = true});
	all_say(l);
	life_wait(l, 31 * MINUTE);
	life_pass(l, MINUTE); /* what a slow step paused is armed again */
	if (setup->proofs) {
		prove(l);
		life_pass(l, HOUR); /* so that its 5 s are no part of what a test counts */
	}
	life_forget(l);
}

void life_stop(struct life *l)
{
	core_free(l->core);
	config_free(l->config);
	l->core = NULL;
	l->config = NULL;
}

/* ---- what is the case ---- */

static struct core_permission permission(const struct life *l, enum life_device d)
{
	struct core_permission p;
	core_permission(l->core, l->index[d], 0, &p);
	return p;
}

bool life_runs(const struct life *l, enum life_device d)
{
	return permission(l, d).granted;
}

bool life_permits(const struct life *l, enum life_device d)
{
	return permission(l, d).permitted;
}

enum core_rule_state life_state(const struct life *l, enum life_device d, const char *rule)
{
	struct core_rule_explanation e;
	for (size_t i = 0; core_explain_rule(l->core, l->index[d], 0, i, &e); i++)
		if (strcmp(e.id, rule) == 0)
			return e.state;
	fail_msg("no rule '%s' governs %s", rule, home[d].id);
	return CORE_RULE_ARMED;
}

double life_value(const struct life *l, enum life_device d, const char *key)
{
	enum therapy_unit unit;
	for (size_t m = 0; m < core_n_metrics(l->core, l->index[d]); m++)
		if (strcmp(core_metric_key(l->core, l->index[d], (uint16_t)m, &unit), key) == 0) {
			struct core_reading r = core_value(l->core, l->index[d], (uint16_t)m);
			assert_int_equal(r.quality, THERAPY_GOOD);
			return r.value;
		}
	fail_msg("%s has no '%s'", home[d].id, key);
	return 0;
}

void life_forget(struct life *l)
{
	l->n_events = 0;
}

bool life_told(const struct life *l, enum core_event_type type, const char *rule)
{
	for (size_t i = 0; i < l->n_events; i++)
		if (l->events[i].type == type && strcmp(l->events[i].rule, rule) == 0)
			return true;
	return false;
}

bool life_ended_by(const struct life *l, const char *rule)
{
	return life_told(l, CORE_EVENT_TRIPPED, rule) || life_told(l, CORE_EVENT_PAUSED, rule);
}

void life_grants(struct life *l, enum life_device d, double value)
{
	life_ask(l, d, value);
	if (l->outcome != CORE_ACCEPTED)
		fail_msg("%s was refused: %s", home[d].id, l->why);
}

void life_refuses(struct life *l, enum life_device d, double value, const char *rule)
{
	life_ask(l, d, value);
	if (l->outcome == CORE_ACCEPTED)
		fail_msg("%s was granted %g", home[d].id, value);
	if (!strstr(l->why, rule))
		fail_msg("%s was refused, and not by '%s': %s", home[d].id, rule, l->why);
}

void life_reset(struct life *l)
{
	step(l, &(struct core_input){
		    .type = CORE_IN_REQUEST,
		    .request = {.device = "", .control = "", .id = "", .age_ms = -1, .verb = CORE_RESET}});
}

bool life_alarmed(const struct life *l, const char *rule)
{
	return life_told(l, CORE_EVENT_ALARM, rule);
}
