/* SPDX-License-Identifier: Apache-2.0
 *
 * tasmota - the codec of a smart plug that runs Tasmota, whatever hangs on it. Pure but for json-c's allocations; state
 * is the caller's.
 */
#ifndef PLUG_TASMOTA_H
#define PLUG_TASMOTA_H

#include "plug/plug.h"

enum {
	TASMOTA_ASK_RELAY,
	TASMOTA_ASK_POWER,
	TASMOTA_ASK_TIMER,
	TASMOTA_ASK_POWER_ON,
	TASMOTA_SET_POWER_ON,
	TASMOTA_ASK_MEASURE_OFF,
	TASMOTA_SET_MEASURE_OFF,
	TASMOTA_SET_TIMER,
	TASMOTA_SET,
	TASMOTA_RENEW,
	TASMOTA_OFF,
	TASMOTA_TEST, /* on with a short timer */
	TASMOTA_VERBS,
};

enum { TASMOTA_HAS_POWER_ON, TASMOTA_HAS_MEASURE_OFF, TASMOTA_HAS_TIMER, TASMOTA_SETTINGS };

enum {
	TASMOTA_STAT_RESULT,
	TASMOTA_STAT_POWER,
	TASMOTA_STAT_STATUS10,
	TASMOTA_STAT_STATUS11,
	TASMOTA_TELE_LWT,
	TASMOTA_TELE_SENSOR,
	TASMOTA_TELE_STATE,
	TASMOTA_CMND_POWER,
	TASMOTA_CMND_PULSE_TIME,
	TASMOTA_CMND_STATUS,
	TASMOTA_CMND_POWER_ON_STATE,
	TASMOTA_CMND_MEASURE_OFF,
	TASMOTA_CHANNELS,
};

/* The plug's own timer as PulseTime counts it: tenths of a second up to 111, above that seconds + 100. */
enum { TASMOTA_PULSE_TIME = PLUG_TIMER_S + 100 };
enum { TASMOTA_ON_CONNECT = 2, TASMOTA_POLLS = 3 };

struct tasmota {
	/* When ON was wanted of a plug that had not confirmed its timer yet; 0: it is not wanted. OFF takes it back, so
	 * it is only ever wanted while the lease runs. */
	uint64_t wanted_ms;
	bool wanted_test;  /* ... for an off-test */
	bool testing;      /* its PulseTime is the short one, until OFF sets it back */
	bool timer_proved; /* the plug has said that its PulseTime is ours, and was not away since */
};

int tasmota_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal tasmota_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int tasmota_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

extern const struct therapy_metric tasmota_metrics[PLUG_METRICS];
extern const struct therapy_verb tasmota_verbs[TASMOTA_VERBS];
extern const struct therapy_channel tasmota_channels[TASMOTA_CHANNELS];
extern const struct therapy_setting tasmota_settings[TASMOTA_SETTINGS];
extern const uint8_t tasmota_on_connect[TASMOTA_ON_CONNECT];
extern const struct therapy_poll tasmota_polls[TASMOTA_POLLS];
extern const struct therapy_step tasmota_off[1];

#define TASMOTA_SWITCH                                                                                                 \
	.set = TASMOTA_SET, .renew = TASMOTA_RENEW, .test = TASMOTA_TEST, .rest = tasmota_off, .stop = tasmota_off
/* The row but for its one control. */
#define TASMOTA_MODEL                                                                                                  \
	.key = "tasmota", .name = "Tasmota plug", .manufacturer = "Tasmota", .links = THERAPY_LINK_MQTT,               \
	.metrics = tasmota_metrics, .verbs = tasmota_verbs, .channels = tasmota_channels, .polls = tasmota_polls,      \
	.on_connect = tasmota_on_connect, .n_metrics = PLUG_METRICS, .n_verbs = TASMOTA_VERBS, .n_controls = 1,        \
	.n_channels = TASMOTA_CHANNELS, .n_polls = TASMOTA_POLLS, .n_on_connect = TASMOTA_ON_CONNECT,                  \
	.state_size = sizeof(struct tasmota), .init = tasmota_init, .decode = tasmota_decode,                          \
	.encode = tasmota_encode, .settings = tasmota_settings, .setting_size = sizeof *tasmota_settings,              \
	.n_settings = TASMOTA_SETTINGS

#endif
