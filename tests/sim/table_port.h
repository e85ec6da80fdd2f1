/* SPDX-License-Identifier: Apache-2.0
 *
 * table_port - the inclinometer's cable: a pseudo-terminal whose reading end is `<dir>/table`. The sensor talks at its
 * rate whether anybody listens or not; what nobody has open is lost, as on a real port, not kept for later. On the
 * loop's thread.
 */
#ifndef SIM_TABLE_PORT_H
#define SIM_TABLE_PORT_H

#include <stdbool.h>

#include "base/str.h"
#include "sim/mischief.h"
#include "sim/world.h"
#include "sim/wt901.h"

struct table_port {
	struct world *world;
	struct tilt tilt;
	struct wt901_pose frozen_pose;
	struct mischief mischief;
	struct drift drift; /* deg/s, of what the sensor says */
	double rate_hz;
	char path[200];
	int master;   /* -1: unplugged */
	int timer_fd; /* libuv's timers have 1 ms; a sensor at 1,000 Hz and more needs better */
	uv_poll_t timer;
	uint64_t base_us, samples; /* samples since base_us, so that the mean rate is exact */
	double watch_deg;          /* tell when a frame that left is beyond this; NAN: no */
	bool beyond;
	uint64_t beyond_us;      /* when the last frame that went beyond had left */
	uint64_t received_bytes; /* from the gateway */
};

/* 0 or a negative UV_E* code. `rate_hz` 0.1 to 20000. */
int table_port_open(struct table_port *port, struct world *world, double rate_hz);
/* The cable is pulled: the reader gets EIO, the name goes away. */
void table_port_unplug(struct table_port *port);
/* A new pseudo-terminal under the same name. */
int table_port_plug(struct table_port *port);
void table_port_rate(struct table_port *port, double rate_hz);
void table_port_freeze(struct table_port *port, bool frozen);
void table_port_state(const struct table_port *port, struct str *s);
void table_port_close(struct table_port *port);

#endif
