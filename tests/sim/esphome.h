/* SPDX-License-Identifier: Apache-2.0
 *
 * esphome - the boards of etc/esphome: table-tilt, belt-force and heat-pad, as they look from the broker. A pure
 * machine: MQTT messages and time in, MQTT messages out. N is the node's name.
 *
 *   N/status                        online | offline (its last will), retained
 *   esphome/discover/N              what it is, retained
 *   table, belt, five times a second, in this order:
 *   N/sensor/counts/state           belt alone: what its chip says
 *   N/sensor/heartbeat/state        raised with each sample that it took
 *   N/sensor/tilt/state, N/sensor/force/state      nan, and no heartbeat, once the chip has said the same five times
 *   pad:
 *   N/switch/heater/command ON|OFF  N/switch/heater/state follows, retained. On starts its own 30 s, and again 30 min
 *   N/button/keep_on/command PRESS  the 30 s anew, if it is on; switches nothing
 *   N/relay ON|OFF                  every second
 *   N/sensor/power/state            every two
 *
 * tests/esphome holds the files to the same times and topics; tests/e2e/test_esphome.py this machine to the files.
 */
#ifndef SIM_ESPHOME_H
#define SIM_ESPHOME_H

#include <stdbool.h>
#include <stdint.h>

#define ESPHOME_TOPIC_MAX 128

enum esphome_kind { ESPHOME_TABLE, ESPHOME_BELT, ESPHOME_PAD, ESPHOME_KINDS_ };

struct esphome_ops {
	void *user;
	/* `topic` is whole. Lost when there is no connection. */
	void (*publish)(void *user, const char *topic, const char *payload, bool retained);
	/* What the chip would measure now: deg or N. Not asked of a pad. */
	double (*measure)(void *user);
	/* The pad's contacts opened or closed: the truth, whatever it says. */
	void (*relay)(void *user, bool closed);
};

struct esphome {
	struct esphome_ops ops;
	enum esphome_kind kind;
	const char *name;
	bool powered;

	/* table, belt */
	bool hung; /* the chip says its last value for ever */
	double value;
	unsigned repeated, heartbeat;
	uint64_t sample_at_ms;

	/* pad */
	bool on;       /* what it believes */
	bool contacts; /* what is */
	bool welds;    /* contacts that close now never open again */
	bool no_timer; /* it never goes off by itself: a firmware without the dead-man */
	uint64_t dead_man_at_ms, longest_at_ms, relay_at_ms, power_at_ms;
	uint64_t renewals;
};

void esphome_init(struct esphome *board, uint64_t now_ms, enum esphome_kind kind, const char *name,
		  const struct esphome_ops *ops);
/* The connection is there: what it says first. */
void esphome_connected(struct esphome *board);
void esphome_message(struct esphome *board, uint64_t now_ms, const char *topic, const char *payload);
/* Lets time pass; call every 50 ms or so. */
void esphome_step(struct esphome *board, uint64_t now_ms);
/* Its supply is pulled, or back: it starts anew, off. */
void esphome_power(struct esphome *board, uint64_t now_ms, bool powered);
void esphome_weld(struct esphome *board, bool welds);

#endif
