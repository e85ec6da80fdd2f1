/* SPDX-License-Identifier: Apache-2.0
 *
 * belt_port - the traction board on its link; it lives on while nobody is connected. On the loop's thread.
 */
#ifndef SIM_BELT_PORT_H
#define SIM_BELT_PORT_H

#include "sim/belt_board.h"
#include "sim/board_link.h"

struct belt_port {
	struct board_link link;
	struct belt_board board;
	struct drift drift; /* N/s, of the force cell */
	uv_timer_t tick;
	bool open;
};

/* Listens on 127.0.0.1:`port`, 0: a free one, found in port->link.port. 0 or a negative UV_E* code. */
int belt_port_open(struct belt_port *port, struct world *world, int tcp_port);
/* Power is cut: the connection breaks, nobody can connect, everything rests. */
void belt_port_unplug(struct belt_port *port);
int belt_port_plug(struct belt_port *port);
void belt_port_state(const struct belt_port *port, struct str *s);
void belt_port_close(struct belt_port *port);

#endif
