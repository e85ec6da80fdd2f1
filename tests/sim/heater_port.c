/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/heater_port.h"

#include "base/clock.h"
#include "sim/json.h"

#define TICK_MS 10u

static void send_packet(void *user, uint8_t type, const uint8_t *body, size_t size)
{
	struct heater_port *port = user;
	board_link_send(&port->link, type, body, size);
}

static void changed(void *user, const char *what)
{
	struct heater_port *port = user;
	world_tell(port->link.world, "{\"event\":\"heater\",\"what\":\"%s\",\"asked\":%.3f,\"us\":%llu}", what,
		   port->board.asked, (unsigned long long)clock_boot_us());
}

static void on_packet(void *user, const struct firmware_packet *p)
{
	struct heater_port *port = user;
	heater_packet(&port->board, clock_boot_ms(), p->type, p->seq, p->body, p->size);
}

static void on_tick(uv_timer_t *timer)
{
	struct heater_port *port = timer->data;
	if (port->link.listener) /* without power nothing happens */
		heater_step(&port->board, clock_boot_ms());
}

int heater_port_plug(struct heater_port *port)
{
	if (port->link.listener)
		return 0;
	int code = board_link_plug(&port->link);
	if (code == 0)
		heater_reboot(&port->board, clock_boot_ms());
	return code;
}

void heater_port_unplug(struct heater_port *port)
{
	if (!port->link.listener)
		return;
	board_link_unplug(&port->link);
	heater_reboot(&port->board, clock_boot_ms());
}

int heater_port_open(struct heater_port *port, struct world *world, enum heater_kind kind)
{
	*port = (struct heater_port){.link = {.world = world, .user = port, .packet = on_packet}};
	port->link.mischief.rng = &world->rng;
	struct heater_ops ops = {.user = port, .send = send_packet, .changed = changed};
	heater_init(&port->board, clock_boot_ms(), kind, &ops);
	int code = heater_port_plug(port);
	if (code)
		return code;
	uv_timer_init(world->loop, &port->tick);
	port->tick.data = port;
	uv_timer_start(&port->tick, on_tick, TICK_MS, TICK_MS);
	port->open = true;
	return 0;
}

void heater_port_state(const struct heater_port *port, struct str *s)
{
	const struct heater_board *board = &port->board;
	str_add(s, "{");
	board_link_state(&port->link, s);
	str_add(s, ",\"asked\":%.3f,\"skin\":%.3f,\"watt\":%.3f,\"timeouts\":%llu,", board->asked, board->skin_c,
		board->watt, (unsigned long long)board->timeouts);
	board_link_counts(&port->link, s);
	str_add(s, ",\"commands\":%llu,\"last_command\":", (unsigned long long)board->commands);
	json_text(s, board->last_command);
	str_add(s, "}");
}

void heater_port_close(struct heater_port *port)
{
	if (!port->open)
		return;
	port->open = false;
	heater_port_unplug(port);
	uv_close((uv_handle_t *)&port->tick, NULL);
}
