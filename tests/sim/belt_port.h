/* SPDX-License-Identifier: Apache-2.0
 *
 * belt_port - the traction board's network end: listens on loopback, talks to one gateway at a time (the newest wins,
 * so that a connection nobody closed locks nobody out), and lets the board live on while nobody is connected. On the
 * loop's thread.
 */
#ifndef SIM_BELT_PORT_H
#define SIM_BELT_PORT_H

#include "base/str.h"
#include "sim/belt_board.h"
#include "sim/firmware.h"
#include "sim/mischief.h"
#include "sim/world.h"

struct belt_client;

struct belt_port {
	struct world *world;
	struct belt_board board;
	struct mischief mischief;
	struct drift drift; /* N/s, of the force cell */
	int port;
	uv_tcp_t *listener;         /* NULL: unplugged */
	struct belt_client *client; /* NULL: nobody */
	uv_timer_t tick;
	bool open;
	uint8_t seq;
	uint64_t received, refused; /* frames from the gateway: good; COBS or CRC wrong, or too long */
	uint64_t connections;
};

/* Listens on 127.0.0.1:`port`, 0: a free one, found in port->port. 0 or a negative UV_E* code. */
int belt_port_open(struct belt_port *port, struct world *world, int tcp_port);
/* Power is cut: the connection breaks, nobody can connect, everything rests. */
void belt_port_unplug(struct belt_port *port);
int belt_port_plug(struct belt_port *port);
void belt_port_state(const struct belt_port *port, struct str *s);
void belt_port_close(struct belt_port *port);

#endif
