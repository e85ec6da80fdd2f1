/* SPDX-License-Identifier: Apache-2.0
 *
 * esphome_port - one board of etc/esphome at the broker, under the name that its file gives it. On the loop's thread.
 */
#ifndef SIM_ESPHOME_PORT_H
#define SIM_ESPHOME_PORT_H

#include "base/str.h"
#include "sim/broker_port.h"
#include "sim/esphome.h"
#include "sim/world.h"
#include "sim/wt901.h"

struct esphome_port {
	struct world *world;
	struct esphome board;
	struct broker_port broker;
	struct tilt tilt; /* of the table that it is screwed to */
	double pull_n;    /* on the belt's load cell */
	uint64_t relay_us;
	void (*up)(void *user); /* first time online */
	void *up_user;
};

/* "table", "belt" or "pad". */
const char *esphome_port_key(enum esphome_kind kind);
/* `url` as broker_port has it. `up` is called once. 0 or a negative UV_E* code. */
int esphome_port_open(struct esphome_port *port, struct world *world, const char *url, enum esphome_kind kind,
		      void (*up)(void *user), void *up_user);
/* The Wi-Fi is gone, or back; what the board does by itself goes on. */
void esphome_port_network(struct esphome_port *port, bool there);
/* Its supply is pulled, or back. */
void esphome_port_power(struct esphome_port *port, bool powered);
void esphome_port_state(const struct esphome_port *port, struct str *s);
void esphome_port_close(struct esphome_port *port);

#endif
