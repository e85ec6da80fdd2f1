/* SPDX-License-Identifier: Apache-2.0
 *
 * fake_model - for the tests of this folder: a device that can say and be told everything the contract allows, and a
 * fixture that talks to the machine in its words.
 *
 * A frame is A5, length of the whole, payload, sum of all before. The payload is a string of items:
 *   'R' metric value(i16)   a reading          'Q' metric quality       a reading of that quality
 *   'G' age(u16)            age of what follows 'N' metric               a GOOD reading that is NaN
 *   'L' n                   n frames lost      'P' presence
 *   'S' setting value       what a setting is
 *   'Y'                     a reply            'A' byte                 an answer: a frame of that byte (messages: on
 * channel byte & 1) 'X' refusal             refuse             'O'                      overflow Messages carry the
 * payload alone. What is told is the frame {verb, value}.
 */
#ifndef DEVICE_FAKE_MODEL_H
#define DEVICE_FAKE_MODEL_H

#include "device/device.h"

enum { FAKE_POWER, FAKE_TILT, FAKE_SWITCH, FAKE_FORCE }; /* metrics */
enum {
	FAKE_ASK,
	FAKE_OFF,
	FAKE_STOP,
	FAKE_ON,
	FAKE_RENEW,
	FAKE_HELLO,
	FAKE_RAMP,
	FAKE_PULL,
	FAKE_ASK_SETTING,
	FAKE_SET_SETTING
};                                /* verbs */
enum { FAKE_HEAT, FAKE_TENSION }; /* controls */

/* Rows a test may change before device_new; every test has its own copy. */
struct fake {
	struct therapy_metric metrics[4];
	struct therapy_verb verbs[10];
	struct therapy_setting settings[2]; /* the model has none of them until n_settings says so */
	struct therapy_step rest[1], ramp[3], stop[1];
	struct therapy_control controls[2];
	struct therapy_channel channels[2];
	struct therapy_poll polls[2];
	uint8_t on_connect[1];
	struct therapy_model model;
	struct device *device;
	struct device_outputs out;
	uint64_t now_ms;
	uint32_t rest_forward_ms;
};

struct fake_state {
	uint32_t seed;
	bool broken_frame; /* frame() returns nonsense */
	long nonsense;
	unsigned bad_nul;  /* decode calls whose data[size] was not 0 */
	uint64_t last_ms;  /* what the last call was given as the time */
	unsigned backward; /* calls that were given an earlier one */
	int encode_rc;
};
/* The state of the device made last, to look into or break. */
extern struct fake_state *fake_state;

/* A byte device with one control (heat), no polls, no on_connect. */
void fake_init(struct fake *f);
/* The same on messages: channel 0 in, channel 1 out. */
void fake_init_messages(struct fake *f);
/* Makes the machine at 1,000,000 ms. */
void fake_start(struct fake *f);
void fake_end(struct fake *f);

/* Each steps the machine `after_ms` later and keeps what came out in f->out. */
void fake_tick(struct fake *f, uint64_t after_ms);
void fake_link(struct fake *f, bool up);
void fake_lease(struct fake *f, uint8_t control, uint64_t grant, double value, uint64_t lasts_ms);
void fake_adopt(struct fake *f, uint8_t control, uint64_t grant, uint64_t lasts_ms);
void fake_off_test(struct fake *f, uint8_t control, uint64_t grant, uint64_t lasts_ms);
void fake_rest(struct fake *f, uint8_t control, bool stop);
void fake_input(struct fake *f, enum device_input_type type);
/* Frames `payload` and hands it over; on a message device as a message. */
void fake_say(struct fake *f, const void *payload, size_t size);
void fake_say_retained(struct fake *f, const void *payload, size_t size);
void fake_reading(struct fake *f, uint8_t metric, int value);
size_t fake_pack(uint8_t *to, const void *payload, size_t size);
size_t fake_pack_reading(uint8_t *to, uint8_t metric, int value);
/* Link up and every control confirmed at rest. */
void fake_at_rest(struct fake *f);

size_t fake_sent(const struct fake *f, uint8_t verb); /* in this step */
/* The last state of the control in this step; fails the test if there is none. */
struct device_control_state fake_state_of(const struct fake *f, uint8_t control);

/* Starts; heat is on and confirmed by grant 1, which lasts 1 s from now. */
struct fake *fake_heating(void **state);
/* Starts with both controls; tension is on and confirmed by grant 1, which lasts 1 s from now. */
struct fake *fake_pulling(void **state);
/* This step said that heat is coming to rest, about `grant`. */
void fake_assert_coming_to_rest(const struct fake *f, uint64_t grant, bool by_device, bool expired);

#endif
