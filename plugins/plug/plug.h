/* SPDX-License-Identifier: Apache-2.0
 *
 * plug - what is the same for every plug with a meter between the wall and what it heats, cools or pumps: what it
 * measures, and within what its OFF must show. A plugin for what is plugged in is a row of tasmota.h and one of
 * shelly.h, each with a control of its own: PLUG_SWITCH, its key and name, and the model's verbs.
 */
#ifndef PLUG_PLUG_H
#define PLUG_PLUG_H

#include "therapy/plugin.h"

enum {
	PLUG_CONFIRM_MS = 2000, /* OFF must be acknowledged within 2 s (hazard 24) */
	PLUG_LOAD_MS = 15000,   /* and nothing flow any more within 15 s */
	/* Its own timer, short: an off-test should neither heat nor cool anybody, and take no longer than somebody
	 * watches. Two polls of an energised plug fit in. */
	PLUG_TEST_MS = 5000,
	/* Its own timer. Long enough that a router may restart its radio, short enough that a pad or a wrap forgotten
	 * by everything else stays at the temperature it had. */
	PLUG_TIMER_S = 30,
	PLUG_RENEW_MS = 5000, /* five may be lost */
};

/* A plug's own electronics and the noise of its meter stay below this, a pad that heats is far above (hazard 24). What
 * draws less, a pump of a few volts, is not seen through a relay that welded. */
#define PLUG_LOAD_MAX_W 3.0

enum { PLUG_RELAY, PLUG_POWER, PLUG_VOLTAGE, PLUG_CURRENT, PLUG_ENERGY, PLUG_METRICS };

/* The plug counts what its socket can carry: 16 A at 230 V and 10 % more is 4048 W. What hangs on it should draw is for
 * the rules. A reading below 0 by noise of the meter is no fault. Two answers may be lost at rest before one is stale.
 * Voltage is 0 where a plug measures behind its relay. 20 A is what a 16 A socket stands for a short time; 1e9 W.h are
 * 4 kW for 28 years. */
#define PLUG_MEASURES                                                                                                  \
	[PLUG_RELAY] = {.key = "relay",                                                                                \
			.name = "Relay",                                                                               \
			.unit = THERAPY_UNIT_BOOL,                                                                     \
			.min = 0,                                                                                      \
			.max = 1,                                                                                      \
			.interval_ms = 5000,                                                                           \
			.stale_ms = 12000,                                                                             \
			.deadband = 0.5,                                                                               \
			.device_class = "power",                                                                       \
			.words = "off|on"},                                                                            \
	[PLUG_POWER] = {.key = "power",                                                                                \
			.name = "Power",                                                                               \
			.unit = THERAPY_UNIT_WATT,                                                                     \
			.min = -5,                                                                                     \
			.max = 4048,                                                                                   \
			.interval_ms = 10000,                                                                          \
			.stale_ms = 25000,                                                                             \
			.deadband = 1,                                                                                 \
			.precision = 1,                                                                                \
			.device_class = "power"},                                                                      \
	[PLUG_VOLTAGE] = {.key = "voltage",                                                                            \
			  .name = "Voltage",                                                                           \
			  .unit = THERAPY_UNIT_VOLT,                                                                   \
			  .min = 0,                                                                                    \
			  .max = 280,                                                                                  \
			  .interval_ms = 10000,                                                                        \
			  .stale_ms = 25000,                                                                           \
			  .deadband = 2,                                                                               \
			  .precision = 0,                                                                              \
			  .diagnostic = true,                                                                          \
			  .device_class = "voltage"},                                                                  \
	[PLUG_CURRENT] = {.key = "current",                                                                            \
			  .name = "Current",                                                                           \
			  .unit = THERAPY_UNIT_AMPERE,                                                                 \
			  .min = -0.1,                                                                                 \
			  .max = 20,                                                                                   \
			  .interval_ms = 10000,                                                                        \
			  .stale_ms = 25000,                                                                           \
			  .deadband = 0.02,                                                                            \
			  .precision = 2,                                                                              \
			  .diagnostic = true,                                                                          \
			  .device_class = "current"},                                                                  \
	[PLUG_ENERGY] = {.key = "energy",                                                                              \
			 .name = "Energy",                                                                             \
			 .unit = THERAPY_UNIT_WATT_HOUR,                                                               \
			 .min = 0,                                                                                     \
			 .max = 1e9,                                                                                   \
			 .interval_ms = 10000,                                                                         \
			 .stale_ms = 25000,                                                                            \
			 .deadband = 1,                                                                                \
			 .precision = 0,                                                                               \
			 .diagnostic = true,                                                                           \
			 .device_class = "energy"}

/* What is the same for every plug's control but its key, its name, its verbs and the way to rest. */
#define PLUG_SWITCH                                                                                                    \
	.type = THERAPY_SWITCH, .unit = THERAPY_UNIT_BOOL, .min = 0, .max = 1, .step = 1, .renew_ms = PLUG_RENEW_MS,   \
	.device_timer_ms = PLUG_TIMER_S * 1000, .confirm = PLUG_RELAY, .rest_max = 0.5, .confirm_ms = PLUG_CONFIRM_MS, \
	.n_rest = 1, .n_stop = 1, .load = PLUG_POWER, .load_max = PLUG_LOAD_MAX_W, .load_ms = PLUG_LOAD_MS,            \
	.test_ms = PLUG_TEST_MS

#endif
