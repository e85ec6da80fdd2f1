/* SPDX-License-Identifier: Apache-2.0
 *
 * tasmota - the codec of a heat pad behind a smart plug that runs Tasmota. Pure but for json-c's allocations; state is
 * the caller's.
 */
#ifndef HEAT_PAD_TASMOTA_H
#define HEAT_PAD_TASMOTA_H

#include "therapy/plugin.h"

enum { TASMOTA_RELAY, TASMOTA_POWER, TASMOTA_VOLTAGE, TASMOTA_CURRENT, TASMOTA_ENERGY, TASMOTA_METRICS };

enum {
	TASMOTA_ASK_RELAY,
	TASMOTA_ASK_POWER,
	TASMOTA_ASK_TIMER,
	TASMOTA_STAY_OFF, /* after a power cut, and measure then too */
	TASMOTA_SET,
	TASMOTA_RENEW,
	TASMOTA_OFF,
	TASMOTA_TEST, /* on with a short timer */
	TASMOTA_VERBS,
};

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

/* The plug's own timer. Long enough that a router may restart its radio, short enough that a pad forgotten by
 * everything else stays at the temperature it had. */
enum { TASMOTA_TIMER_S = 30 };
/* The same timer, short: an off-test should not heat anybody, and take no longer than somebody watches. Two polls of an
 * energised plug fit in. */
enum { TASMOTA_TEST_MS = 5000 };

struct tasmota {
	/* When ON was wanted of a plug that had not confirmed its timer yet; 0: it is not wanted. OFF takes it back, so
	 * it is only ever wanted while the lease runs. */
	uint64_t wanted_ms;
	bool wanted_test;  /* ... for an off-test */
	bool testing;      /* its PulseTime is the short one, until OFF sets it back */
	bool timer_proved; /* the plug has said that its PulseTime is ours, and was not away since */
	bool
	    timer_told; /* it was told unasked since it came; never twice, else two who disagree would go on for ever */
};

int tasmota_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal tasmota_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int tasmota_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

#endif
