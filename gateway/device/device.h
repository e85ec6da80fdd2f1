/* SPDX-License-Identifier: Apache-2.0
 *
 * device - the second pure machine: what happens inside one device process. It cuts frames, runs the plugin's codec,
 * checks readings against the plugin's table, sends polls, holds leases, drives controls to rest and confirms it.
 *
 * Pure: no loop, descriptor, clock or thread; nothing allocated after device_new. Time is CLOCK_BOOTTIME in ms. One
 * thread.
 *
 * Invariants: every step first lets time pass, so an expired lease is acted on before any input is looked at. A renewal
 * (a LEASE whose grant is the one already running) never encodes the control's set verb. Whatever ends a lease starts
 * the rest sequence at once. When the link comes up every control is told to rest before anything else may be asked.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "therapy/plugin.h"

enum device_phase { /* the order is that of therapy.v1.ControlPhase without its zero */
		    DEVICE_PHASE_UNKNOWN,
		    DEVICE_PHASE_AT_REST,
		    DEVICE_PHASE_COMING_TO_REST,
		    DEVICE_PHASE_ENERGISED,
		    DEVICE_PHASE_CONFIRMED_ON,
};

enum device_input_type {
	DEVICE_IN_TICK,
	DEVICE_IN_LINK_UP,
	DEVICE_IN_LINK_DOWN,
	DEVICE_IN_BYTES,        /* data, size: from a byte link */
	DEVICE_IN_MESSAGE,      /* data, size, channel, retained: from a message link; data[size] is a NUL */
	DEVICE_IN_LEASE,        /* control, grant, value, expires_ms, adopt */
	DEVICE_IN_REST,         /* control, stop */
	DEVICE_IN_ORPHANED,     /* the gateway is gone: rest at once, see device_idle() */
	DEVICE_IN_ASK,          /* what it is asked at each connect is asked once more, by verbs that only ask */
	DEVICE_IN_OFF_TEST,     /* control, grant, expires_ms: does it go off by itself? */
	DEVICE_IN_SETTING_KEPT, /* setting: what it was is remembered, so it may be changed */
	DEVICE_IN_RELEASE,      /* was, n_was: to rest, then what was changed on it is given back */
};

#define DEVICE_SETTINGS_MAX 16u /* of a model; a plug has three */

/* What a setting was before it was changed here. */
struct device_setting_was {
	uint8_t setting;
	double value;
};

struct device_input {
	enum device_input_type type;
	const uint8_t *data;
	size_t size;
	uint8_t channel;
	bool retained;
	uint8_t control;
	uint64_t grant;
	double value;
	uint64_t expires_ms;
	bool stop;
	bool adopt; /* keep what somebody else switched on: renew its timer, switch nothing */
	uint8_t setting;
	const struct device_setting_was *was; /* those that are known */
	size_t n_was;
};

/* A reading as it goes to the gateway. Sequence numbers run from 1 without gaps over the life of the machine. */
struct device_reading {
	uint16_t metric;
	uint8_t quality; /* enum therapy_quality */
	double value;
	uint64_t stamp_ms;
};

/* What came of an off-test; the order is that of therapy.v1.OffTestResult. */
enum device_test { DEVICE_TEST_NONE, DEVICE_TEST_PASSED, DEVICE_TEST_FAILED };

struct device_control_state {
	uint8_t control;
	enum device_phase phase;
	uint64_t grant; /* 0: none */
	bool ended_by_device, lease_expired;
	bool never_on;    /* told to act, and its reading went on saying that it is at rest */
	bool foreign;     /* somebody else switched it on, to `value` */
	double value;     /* only with `foreign` */
	uint32_t repeats; /* rest was sent again so often because nothing proved it */
	enum device_test test;
};

/* News of a setting. The order is that of therapy.v1.SettingNews without its zero. */
enum device_setting_news {
	DEVICE_SETTING_FOUND,      /* it is `value`, and not changed on this connection: who remembers it says KEPT */
	DEVICE_SETTING_BLIND,      /* it was set, and the device has not said what it was */
	DEVICE_SETTING_UNSET,      /* the device does not say what it is, and it was left as it is */
	DEVICE_SETTING_HELD,       /* the device confirms that it is as wanted */
	DEVICE_SETTING_REFUSED,    /* it was told, and is `value` all the same */
	DEVICE_SETTING_GIVEN_BACK, /* the device confirms that it is `value`, as it was */
};

struct device_setting_state {
	uint8_t setting;
	enum device_setting_news news;
	double value;
};

/* What came of DEVICE_IN_RELEASE; the order is that of therapy.v1.ReleaseResult. */
enum device_release { DEVICE_RELEASE_NONE, DEVICE_RELEASED, DEVICE_RELEASE_NOT_AT_REST, DEVICE_RELEASE_NOT_TAKEN };

struct device_send {
	uint8_t channel;
	uint8_t
	    effect; /* enum therapy_effect of the verb that made it: message links send ACT with QoS 0, STOP with 1 */
	uint16_t size;
	const uint8_t *data;
};

/* What a step wants done, in this order: sends, readings, states. Valid until the next step. */
struct device_outputs {
	const struct device_send *sends;
	size_t n_sends;
	const struct device_reading *readings;
	size_t n_readings;
	uint64_t first_sequence; /* of readings[0] */
	const struct device_control_state *states;
	size_t n_states;
	enum therapy_presence presence; /* the device itself said that it came or went */
	const struct device_setting_state *settings;
	size_t n_settings;
	enum device_release release; /* RELEASED: nothing more is granted on this connection. Else it is ours again */
};

struct device_counters {
	uint64_t frames, refused[THERAPY_REFUSED_COUNT_], skipped_bytes, frames_lost;
	uint64_t readings, out_of_range, thinned, overflows, polls_unanswered, leases_expired, link_ups;
};

struct device_config {
	const struct therapy_model *model;   /* outlives the machine */
	const struct therapy_value *options; /* n_options of them; outlive the machine */
	uint32_t seed;                       /* for the plugin's sequence numbers and for jitter */
	uint32_t rest_forward_ms; /* readings of a resting device go on at most this often (500), unless they changed
				     by the row's deadband or their quality changed; 0: always */
	bool only_cuts;           /* a lease adopts what a hand has switched on, and never switches on */
	bool leave_settings;      /* they are told and never changed: nobody is there who remembers them */
};

struct device;

/* 0, or a negative UV_E* code: UV_ENOMEM, UV_EINVAL when the plugin's init refuses the options. */
int device_new(const struct device_config *config, uint64_t now_ms, struct device **out);
void device_free(struct device *device);

/* Lets time pass to `now_ms`, then takes the input. A BYTES input may hold any number of frames; sends, readings and
 * states beyond the outputs' room are counted as overflows, and the room is sized so that bounded input of 4096 bytes
 * always fits. */
struct device_outputs device_step(struct device *device, uint64_t now_ms, const struct device_input *input);

/* When device_step must be called with TICK at the latest; UINT64_MAX: never. */
uint64_t device_deadline(const struct device *device);

/* True when no control is energised or coming to rest: an orphaned process may exit. */
bool device_idle(const struct device *device);

/* True when every rest sequence was sent to its end, proved or not: an orphaned process that can read no more readings,
 * because its plugin is dead, may exit a moment later. */
bool device_told(const struct device *device);

const struct device_counters *device_counters(const struct device *device);

/* The frame that puts every control to rest first: what a last will carries. False if the model has no control. */
bool device_will(struct device *device, struct therapy_frame *out);

#endif
