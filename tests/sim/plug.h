/* SPDX-License-Identifier: Apache-2.0
 *
 * plug - a smart plug with Tasmota on it, its energy meter, and the heat pad plugged into it. A pure machine: MQTT
 * messages and time in, MQTT messages out. It behaves as the real firmware does where a gateway could notice:
 *
 *   cmnd/T/POWER ON|OFF|TOGGLE|1|0|2|(empty asks)   -> stat/T/RESULT {"POWER":"ON"}, then stat/T/POWER ON
 *   cmnd/T/PulseTime1 n   1..111: tenths of a second, 112..64900: n - 100 seconds, 0: none. Setting it restarts the
 * timer whether or not the relay is on, and switches nothing; POWER ON starts it anew; it is looked at every 100 ms,
 * and when it is over the relay goes off cmnd/T/Backlog a;b    200 ms between commands; Backlog0: none cmnd/T/STATUS n
 * -> stat/T/STATUSn, not on RESULT cmnd/T/TelePeriod s   0 off, 1 the default of 300, else 10 to 3600
 *   cmnd/T/PowerOnState   0 off, 1 on, 2 toggled, 3 as it was (the default)
 *   cmnd/T/SetOption21    1: measure while the relay is off too. With 0, the default, a welded relay reads 0 W
 *   anything else         -> stat/T/RESULT {"Command":"Unknown"}
 *   tele/T/LWT Online|Offline is retained, nothing else is
 *
 * The meter takes a value once a second, and 0 W at once when the relay opens. Retained commands are executed like any.
 */
#ifndef SIM_PLUG_H
#define SIM_PLUG_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/rng.h"

#define PLUG_TOPIC_MAX   128
#define PLUG_PAYLOAD_MAX 1024
#define PLUG_BACKLOG     16

enum plug_obedience {
	PLUG_OBEYS,
	PLUG_PRETENDS, /* acknowledges, the relay does not move */
	PLUG_REFUSES,  /* answers with what it is, and stays that */
	PLUG_DEAF,     /* neither */
};

struct plug_ops {
	void *user;
	/* `topic` is whole. Lost when there is no connection. */
	void (*publish)(void *user, const char *topic, const char *payload, bool retained);
	/* The contacts opened or closed: the truth, whatever the plug says. */
	void (*relay)(void *user, bool closed);
};

struct plug {
	struct plug_ops ops;
	char name[48];
	struct rng *rng;
	int64_t wall_offset_ms; /* wall clock minus CLOCK_BOOTTIME */

	bool plugged;  /* in the wall */
	bool power;    /* what the firmware believes */
	bool contacts; /* what is */
	bool welds;    /* contacts that close now never open again */
	bool load_on;  /* the pad's own handset is on */
	bool no_timer; /* PulseTime is taken and confirmed, and nothing ever goes off */
	enum plug_obedience obedience;

	uint32_t pulse_set;
	uint64_t pulse_at_ms; /* 0: not running */
	unsigned power_on_state;
	bool saved_power;
	bool measures_when_off;
	unsigned tele_period_s;
	uint64_t tele_at_ms, measure_at_ms;
	uint64_t born_ms, stepped_ms;

	double load_w;     /* what flows */
	double measured_w; /* what the meter last said */
	double energy_wh;
	double skin_c; /* of the pad, on the side of the person */
	double tau_s;  /* how slowly it follows */

	char backlog[PLUG_BACKLOG][64];
	unsigned n_backlog;
	uint64_t backlog_at_ms;

	char last_command[96];
	uint64_t last_command_us, commands, published;
};

/* `name` becomes the topic; it is shorter than 48 bytes. Plugged in, off, at room temperature. */
void plug_init(struct plug *plug, uint64_t now_ms, const char *name, int64_t wall_offset_ms, struct rng *rng,
	       const struct plug_ops *ops);
/* The connection to the broker is there: what the firmware says first. */
void plug_connected(struct plug *plug, uint64_t now_ms);
/* What it says once it is subscribed. */
void plug_subscribed(struct plug *plug, uint64_t now_ms);
/* A message on cmnd/<name>/<command>; `command` is the last part of the topic. */
void plug_command(struct plug *plug, uint64_t now_us, const char *command, const char *payload);
/* Lets time pass; call every 100 ms, as the firmware looks at its timers. */
void plug_step(struct plug *plug, uint64_t now_ms);
/* The button on the plug. */
void plug_press(struct plug *plug, uint64_t now_ms, bool on);
/* Out of the wall, or back in. */
void plug_mains(struct plug *plug, uint64_t now_ms, bool plugged);
void plug_weld(struct plug *plug, bool welds);
void plug_handset(struct plug *plug, bool on);
void plug_timer(struct plug *plug, bool works);

#endif
