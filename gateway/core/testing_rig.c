/* SPDX-License-Identifier: Apache-2.0 */
#include "core/testing_rig.h"

#include <stdlib.h>
#include <string.h>

static const struct core_metric table_metrics[] = {{.key = "tilt", .unit = THERAPY_UNIT_DEG, .stale_ms = 1000}};
static const struct core_metric belt_metrics[] = {
    {.key = "force", .unit = THERAPY_UNIT_NEWTON, .stale_ms = 1000},
    {.key = "pressure", .unit = THERAPY_UNIT_KILOPASCAL, .stale_ms = 1000}};
static const struct core_control belt_controls[] = {{.key = "tension",
						     .min = 20,
						     .max = 400,
						     .step = 5,
						     .confirm = BELT_FORCE,
						     .rest_max = 10,
						     .resumes = false,
						     .unit = THERAPY_UNIT_NEWTON}};
static const struct core_metric pad_metrics[] = {{.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 10000}};
static const struct core_control pad_controls[] = {
    {.key = "heat", .min = 0, .max = 1, .step = 1, .confirm = PAD_POWER, .rest_max = 3, .resumes = true}};

const struct core_device rig_table = {"table", "inversion", table_metrics, 1, NULL, 0};
const struct core_device rig_belt = {"belt", "traction", belt_metrics, 2, belt_controls, 1};
const struct core_device rig_pad = {"pad", "heat", pad_metrics, 1, pad_controls, 1};

static const struct core_text heat[] = {{"kind:heat", 3}};
static const struct core_text traction[] = {{"kind:traction", 3}};

const struct core_rule rig_rules[] = {
    {.file = "rules.cfg",
     .line = 10,
     .id = "no-heat-during-inversion",
     .hazard = 11,
     .permits = heat,
     .n_permits = 1,
     .only_while = {"all inversion.tilt <= 10 deg", 12},
     .hard = {"all inversion.tilt <= 20 deg", 13},
     .rearms = {"all inversion.tilt <= 8 deg for 10 s", 14},
     .max_age_ms = 5000,
     .grace_ms = 1000,
     .priority = CORE_PRIORITY_HIGH,
     .because = "A hanging person cannot move away from it."},
    {.file = "rules.cfg",
     .line = 20,
     .id = "no-heat-under-load",
     .hazard = 12,
     .permits = heat,
     .n_permits = 1,
     .only_while = {"all traction.force < 20 N and all traction.pressure < 1 kPa", 22},
     .priority = CORE_PRIORITY_HIGH,
     .because = "Pressure stops blood carrying the heat away."},
    {.file = "rules.cfg",
     .line = 30,
     .id = "no-traction-after-inversion",
     .hazard = 14,
     .permits = traction,
     .n_permits = 1,
     .only_while = {"30 min since any inversion.tilt > 10 deg", 32},
     .priority = CORE_PRIORITY_MEDIUM,
     .because = "Two loads on the spine."},
};
const size_t rig_n_rules = sizeof rig_rules / sizeof *rig_rules;

struct core_rule rig_rule(const char *id, const char *only_while)
{
	return (struct core_rule){.file = "my.cfg",
				  .line = 1,
				  .id = id,
				  .permits = heat,
				  .n_permits = 1,
				  .only_while = {only_while, 2},
				  .priority = CORE_PRIORITY_MEDIUM,
				  .because = "A test."};
}

static const struct core_metric guarded_belt_metrics[] = {
    {.key = "force", .unit = THERAPY_UNIT_NEWTON, .stale_ms = 1000},
    {.key = "pressure", .unit = THERAPY_UNIT_KILOPASCAL, .stale_ms = 1000},
    {.key = "pain_button", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000, .words = "released|pressed", .stops = true}};
static const struct core_metric guarded_pad_metrics[] = {
    {.key = "relay", .unit = THERAPY_UNIT_BOOL, .stale_ms = 10000},
    {.key = "power", .unit = THERAPY_UNIT_WATT, .stale_ms = 10000}};
static const struct core_metric plug_metrics[] = {{.key = "relay", .unit = THERAPY_UNIT_BOOL, .stale_ms = 10000}};
static const struct core_metric remote_metrics[] = {
    {.key = "button", .unit = THERAPY_UNIT_BOOL, .stale_ms = 10000, .words = "released|pressed", .stops = true}};
static const struct core_control guarded_belt_controls[] = {{.key = "tension",
							     .min = 20,
							     .max = 400,
							     .step = 5,
							     .confirm = BELT_FORCE,
							     .rest_max = 10,
							     .unit = THERAPY_UNIT_NEWTON,
							     .confirm_ms = 1000,
							     .device_timer_ms = 2000}};
static const struct core_control guarded_pad_controls[] = {{.key = "heat",
							    .max = 1,
							    .step = 1,
							    .confirm = PAD_RELAY,
							    .rest_max = 0.5,
							    .resumes = true,
							    .load = PAD_LOAD,
							    .load_max = 3,
							    .load_ms = 15000,
							    .confirm_ms = 1000,
							    .rest_bound_ms = 2000,
							    .device_timer_ms = 10000,
							    .test_ms = 5000,
							    .has_cutoff = true,
							    .cutoff_device = PLUG,
							    .cutoff_control = PLUG_POWER}};
static const struct core_control plug_controls[] = {{.key = "power",
						     .max = 1,
						     .step = 1,
						     .confirm = PLUG_RELAY,
						     .rest_max = 0.5,
						     .resumes = true,
						     .accept_no_device_timer = true}};

const struct core_device rig_guarded[] = {
    [TABLE] = {"table", "inversion", table_metrics, 1, NULL, 0},
    [BELT] = {"belt", "traction", guarded_belt_metrics, 3, guarded_belt_controls, 1},
    [PAD] = {"pad", "heat", guarded_pad_metrics, 2, guarded_pad_controls, 1},
    [PLUG] = {"plug", "outlet", plug_metrics, 1, plug_controls, 1},
    [REMOTE] = {"remote", "stop_button", remote_metrics, 1, NULL, 0},
};

static const struct core_text outlet[] = {{"plug.power", 3}};
static const struct core_text inversion[] = {{"kind:inversion", 3}};

const struct core_rule rig_guarded_rules[] = {
    [RULE_FORCE] = {.file = "rules.cfg",
		    .line = 40,
		    .id = "over-force",
		    .hazard = 4,
		    .permits = traction,
		    .n_permits = 1,
		    .only_while = {"all traction.force <= 150 N", 42},
		    .priority = CORE_PRIORITY_HIGH,
		    .because = "Too much pull.",
		    .latch = true,
		    .stop = true},
    [RULE_PLUG] = {.file = "rules.cfg",
		   .line = 50,
		   .id = "plug",
		   .permits = outlet,
		   .n_permits = 1,
		   .only_while = {"all inversion.tilt <= 180 deg", 52},
		   .max_age_ms = 60000,
		   .priority = CORE_PRIORITY_LOW,
		   .because = "A test."},
    [RULE_ANGLE] = {.file = "rules.cfg",
		    .line = 60,
		    .id = "over-angle",
		    .hazard = 1,
		    .watches = inversion,
		    .n_watches = 1,
		    .only_while = {"all inversion.tilt <= 60 deg", 62},
		    .hard = {"all inversion.tilt <= 80 deg", 63},
		    .rearms = {"all inversion.tilt <= 50 deg", 64},
		    .grace_ms = 2000,
		    .priority = CORE_PRIORITY_MEDIUM,
		    .because = "Pressure rises."},
};

static void start_spec(struct rig *rig, const struct core_spec *spec)
{
	struct faults faults = {0};
	*rig = (struct rig){.now = 1000000, .n_devices = (uint32_t)spec->n_devices};
	int bad = core_new(spec, rig->now, &rig->core, &faults);
	faults_print(&faults, stderr);
	faults_release(&faults);
	assert_int_equal(bad, 0);
}

void rig_start_for(struct rig *rig, const struct core_device *devices, size_t n_devices, const struct core_rule *rules,
		   size_t n_rules, enum language language, enum unit_system units)
{
	start_spec(rig, &(struct core_spec){
			    .devices = devices,
			    .n_devices = n_devices,
			    .rules = rules,
			    .n_rules = n_rules,
			    .language = language,
			    .units = units,
			    .lease_ms = 1000,
			    .renew_ms = 250,
			});
}

void rig_start(struct rig *rig, const struct core_device *devices, size_t n_devices, const struct core_rule *rules,
	       size_t n_rules)
{
	rig_start_for(rig, devices, n_devices, rules, n_rules, LANGUAGE_EN, UNIT_METRIC);
}

void rig_start_guarded(struct rig *rig, bool needs_timer_proof)
{
	struct core_rule rules[3 + RIG_GUARDED_RULES];
	memcpy(rules, rig_rules, sizeof rig_rules);
	memcpy(rules + rig_n_rules, rig_guarded_rules, sizeof rig_guarded_rules);
	rules[2].only_while.text = "10 s since any inversion.tilt > 10 deg"; /* so that tests need not wait */
	start_spec(rig, &(struct core_spec){
			    .devices = rig_guarded,
			    .n_devices = RIG_GUARDED,
			    .rules = rules,
			    .n_rules = sizeof rules / sizeof *rules,
			    .needs_timer_proof = needs_timer_proof,
			    .lease_ms = 1000,
			    .renew_ms = 250,
			});
}

void rig_start_full(struct rig *rig)
{
	const struct core_device home[] = {rig_table, rig_belt, rig_pad};
	rig_start(rig, home, 3, rig_rules, rig_n_rules);
}

void rig_stop(struct rig *rig)
{
	core_free(rig->core);
	rig->core = NULL;
}

static void step(struct rig *rig, const struct core_input *input)
{
	rig->last = core_step(rig->core, rig->now, input);
}

void rig_tick(struct rig *rig)
{
	step(rig, &(struct core_input){.type = CORE_IN_TICK});
}

void rig_read_quality(struct rig *rig, uint16_t device, uint16_t metric, double value, uint8_t quality, uint64_t stamp)
{
	const struct core_reading reading = {metric, quality, value, stamp};
	step(rig, &(struct core_input){.type = CORE_IN_READINGS, .device = device, .readings = {&reading, 1}});
}

void rig_read(struct rig *rig, uint16_t device, uint16_t metric, double value)
{
	rig_read_quality(rig, device, metric, value, THERAPY_GOOD, rig->now);
}

void rig_present(struct rig *rig, uint16_t device, bool present)
{
	step(rig, &(struct core_input){.type = CORE_IN_PRESENCE, .device = device, .present = present});
}

void rig_phase(struct rig *rig, uint16_t device, uint16_t control, enum core_phase phase)
{
	step(rig, &(struct core_input){
		      .type = CORE_IN_CONTROL, .device = device, .control = control, .state = {.phase = phase}});
}

enum core_outcome rig_request(struct rig *rig, const struct core_request *request)
{
	step(rig, &(struct core_input){.type = CORE_IN_REQUEST, .request = *request});
	assert_int_equal(rig_count(rig, CORE_OUT_RESULT), 1);
	return rig_output(rig, CORE_OUT_RESULT, 0)->outcome;
}

enum core_outcome rig_ask(struct rig *rig, const char *device, const char *control, double value)
{
	return rig_request(
	    rig, &(struct core_request){.device = device, .control = control, .id = "", .value = value, .age_ms = -1});
}

enum core_outcome rig_verb(struct rig *rig, enum core_verb verb, const char *device, const char *control)
{
	return rig_request(
	    rig, &(struct core_request){
		     .verb = verb, .by = "therapyctl", .device = device, .control = control, .id = "", .age_ms = -1});
}

void rig_tell(struct rig *rig, uint16_t device, uint16_t control, const struct core_input *how)
{
	struct core_input input = *how;
	input.type = CORE_IN_CONTROL;
	input.device = device;
	input.control = control;
	step(rig, &input);
}

void rig_jump(struct rig *rig, uint64_t ms)
{
	rig->now += ms;
	rig_tick(rig);
}

void rig_wait(struct rig *rig, uint64_t ms)
{
	uint64_t end = rig->now + ms;
	while (core_deadline(rig->core) < end) {
		rig->now = core_deadline(rig->core);
		rig_tick(rig);
	}
	rig->now = end;
	rig_tick(rig);
}

void rig_refresh(struct rig *rig)
{
	rig_read(rig, TABLE, TABLE_TILT, 0);
	rig_read(rig, BELT, BELT_FORCE, 0);
	rig_read(rig, BELT, BELT_PRESSURE, 0);
	rig_read(rig, PAD, PAD_POWER, 0);
}

void rig_calm(struct rig *rig)
{
	for (unsigned d = TABLE; d <= PAD; d++)
		rig_present(rig, (uint16_t)d, true);
	rig_refresh(rig);
	rig_phase(rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

void rig_refresh_guarded(struct rig *rig)
{
	rig_read(rig, TABLE, TABLE_TILT, 0);
	rig_read(rig, BELT, BELT_FORCE, 0);
	rig_read(rig, BELT, BELT_PRESSURE, 0);
	rig_read(rig, BELT, BELT_PAIN, 0);
	rig_read(rig, REMOTE, REMOTE_BUTTON, 0);
}

void rig_live_guarded(struct rig *rig, uint64_t ms)
{
	uint64_t end = rig->now + ms;
	while (rig->now + 500 < end) {
		rig_wait(rig, 500);
		rig_refresh_guarded(rig);
	}
	rig_wait(rig, end - rig->now);
	rig_refresh_guarded(rig);
}

void rig_calm_guarded(struct rig *rig)
{
	for (int d = TABLE; d < RIG_GUARDED; d++)
		rig_present(rig, (uint16_t)d, true);
	rig_refresh_guarded(rig);
	rig_phase(rig, BELT, BELT_TENSION, CORE_PHASE_AT_REST);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
	rig_phase(rig, PLUG, PLUG_POWER, CORE_PHASE_AT_REST);
	rig_live_guarded(rig, 10000);
}

const struct core_output *rig_output(const struct rig *rig, enum core_output_type type, size_t nth)
{
	for (size_t i = 0; i < rig->last.n; i++)
		if (rig->last.items[i].type == type && nth-- == 0)
			return &rig->last.items[i];
	return NULL;
}

const struct core_output *rig_event(const struct rig *rig, enum core_event_type type)
{
	for (size_t i = 0; i < rig->last.n; i++)
		if (rig->last.items[i].type == CORE_OUT_EVENT && rig->last.items[i].event == type)
			return &rig->last.items[i];
	return NULL;
}

size_t rig_count(const struct rig *rig, enum core_output_type type)
{
	size_t n = 0;
	for (size_t i = 0; i < rig->last.n; i++)
		n += rig->last.items[i].type == type;
	return n;
}

struct core_permission rig_permission(const struct rig *rig, uint16_t device, uint16_t control)
{
	struct core_permission p;
	core_permission(rig->core, device, control, &p);
	return p;
}
