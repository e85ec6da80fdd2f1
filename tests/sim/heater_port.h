/* SPDX-License-Identifier: Apache-2.0
 *
 * heater_port - the heat pad with a board of its own, on its link; it lives on while nobody is connected. On the loop's
 * thread.
 */
#ifndef SIM_HEATER_PORT_H
#define SIM_HEATER_PORT_H

#include "sim/board_link.h"
#include "sim/heater_board.h"

struct heater_port {
	struct board_link link;
	struct heater_board board;
	uv_timer_t tick;
	bool open;
};

/* Listens on a free port of 127.0.0.1, found in port->link.port. 0 or a negative UV_E* code. */
int heater_port_open(struct heater_port *port, struct world *world, enum heater_kind kind);
/* Power is cut: the connection breaks, nobody can connect, it rests. */
void heater_port_unplug(struct heater_port *port);
int heater_port_plug(struct heater_port *port);
void heater_port_state(const struct heater_port *port, struct str *s);
void heater_port_close(struct heater_port *port);

#endif
