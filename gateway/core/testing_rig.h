/* SPDX-License-Identifier: Apache-2.0
 * A home to test the core in: table (kind inversion), belt (traction), pad (heat), and the rules that are shipped. The
 * test plays the devices and the clock. Test programs only. */
#ifndef CORE_TESTING_RIG_H
#define CORE_TESTING_RIG_H

#include "base/testing.h"
#include "core/core.h"

enum { TABLE, BELT, PAD };               /* devices of the full home */
enum { TABLE_TILT };                     /* stale after 1 s */
enum { BELT_FORCE, BELT_PRESSURE };      /* stale after 1 s */
enum { PAD_POWER };                      /* stale after 10 s */
enum { BELT_TENSION = 0, PAD_HEAT = 0 }; /* controls: 20 to 400 N in steps of 5; a switch */

extern const struct core_device rig_table, rig_belt, rig_pad;
/* Hazard 11, 12, 14 (both directions). */
extern const struct core_rule rig_rules[];
extern const size_t rig_n_rules;

/* One rule for kind:heat with this only_while, no grace. */
struct core_rule rig_rule(const char *id, const char *only_while);

struct rig {
	struct core *core;
	uint64_t now;
	struct core_outputs last; /* of the last step */
	uint32_t n_devices;
};

/* A core for these devices and rules, at 1,000,000 ms; fails the test and prints the faults if it is refused. */
void rig_start(struct rig *rig, const struct core_device *devices, size_t n_devices, const struct core_rule *rules,
	       size_t n_rules);
/* The full home with the shipped rules. */
void rig_start_full(struct rig *rig);
/* These devices and rules, for people who chose this language and these units. */
void rig_start_for(struct rig *rig, const struct core_device *devices, size_t n_devices, const struct core_rule *rules,
		   size_t n_rules, enum language language, enum unit_system units);
/* A home whose devices are watched and can stop everything: table, belt with a pain button, pad behind a plug that cuts
 * it off, a stop button. The rules are the shipped ones and rig_guarded_rules. */
enum { PLUG = PAD + 1, REMOTE, RIG_GUARDED };
enum { BELT_PAIN = 2, PAD_RELAY = 0, PAD_LOAD = 1, PLUG_RELAY = 0, PLUG_POWER = 0, REMOTE_BUTTON = 0 };
extern const struct core_device rig_guarded[RIG_GUARDED];
/* Force over 150 N: released fast, latched. Any tilt over 60 deg: an alarm. The plug: always. */
extern const struct core_rule rig_guarded_rules[];
enum { RULE_FORCE, RULE_PLUG, RULE_ANGLE, RIG_GUARDED_RULES };
void rig_start_guarded(struct rig *rig, bool needs_timer_proof);
void rig_stop(struct rig *rig);

/* Each is one step at rig->now. */
void rig_tick(struct rig *rig);
void rig_read(struct rig *rig, uint16_t device, uint16_t metric, double value);
void rig_read_quality(struct rig *rig, uint16_t device, uint16_t metric, double value, uint8_t quality, uint64_t stamp);
void rig_present(struct rig *rig, uint16_t device, bool present);
void rig_phase(struct rig *rig, uint16_t device, uint16_t control, enum core_phase phase);
enum core_outcome rig_ask(struct rig *rig, const char *device, const char *control, double value);
enum core_outcome rig_request(struct rig *rig, const struct core_request *request);
enum core_outcome rig_verb(struct rig *rig, enum core_verb verb, const char *device, const char *control);
/* A device process tells of its control; of `how` only the state is looked at. */
void rig_tell(struct rig *rig, uint16_t device, uint16_t control, const struct core_input *how);
/* Lets time pass in one step; or with a tick at every deadline, as the gateway does. */
void rig_jump(struct rig *rig, uint64_t ms);
void rig_wait(struct rig *rig, uint64_t ms);

/* All devices present, at rest, table level, belt slack, pad cold. */
void rig_calm(struct rig *rig);
/* The same readings again, so that nothing is stale. */
void rig_refresh(struct rig *rig);

/* The guarded home: everything present, at rest and released; and the same again, so that nothing is stale. */
void rig_calm_guarded(struct rig *rig);
void rig_refresh_guarded(struct rig *rig);
/* Time with readings every 500 ms, as the guarded home's devices send them. */
void rig_live_guarded(struct rig *rig, uint64_t ms);

/* Of the last step: the nth output of the type; NULL if there are fewer. */
const struct core_output *rig_output(const struct rig *rig, enum core_output_type type, size_t nth);
const struct core_output *rig_event(const struct rig *rig, enum core_event_type type);
size_t rig_count(const struct rig *rig, enum core_output_type type);
struct core_permission rig_permission(const struct rig *rig, uint16_t device, uint16_t control);

#endif
