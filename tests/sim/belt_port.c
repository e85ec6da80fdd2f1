/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/belt_port.h"

#include "base/clock.h"
#include "sim/json.h"

#define TICK_MS 10u

static void send_packet(void *user, uint8_t type, const uint8_t *body, size_t size)
{
	struct belt_port *port = user;
	board_link_send(&port->link, type, body, size);
}

static void changed(void *user, const char *what)
{
	struct belt_port *port = user;
	world_tell(port->link.world,
		   "{\"event\":\"belt\",\"what\":\"%s\",\"setpoint\":%.3f,\"force\":%.3f,\"us\":%llu}", what,
		   belt_setpoint(&port->board), port->board.force_n, (unsigned long long)clock_boot_us());
}

static void on_packet(void *user, const struct firmware_packet *p)
{
	struct belt_port *port = user;
	belt_packet(&port->board, clock_boot_ms(), p->type, p->seq, p->body, p->size);
}

static void on_tick(uv_timer_t *timer)
{
	struct belt_port *port = timer->data;
	port->board.frozen = port->link.mischief.frozen;
	port->board.drift_n = drift_at(&port->drift, clock_boot_us());
	if (port->link.listener) /* without power nothing happens */
		belt_step(&port->board, clock_boot_ms());
}

int belt_port_plug(struct belt_port *port)
{
	if (port->link.listener)
		return 0;
	int code = board_link_plug(&port->link);
	if (code == 0)
		belt_reboot(&port->board, clock_boot_ms());
	return code;
}

void belt_port_unplug(struct belt_port *port)
{
	if (!port->link.listener)
		return;
	board_link_unplug(&port->link);
	belt_reboot(&port->board, clock_boot_ms());
}

int belt_port_open(struct belt_port *port, struct world *world, int tcp_port)
{
	*port = (struct belt_port){.link = {.world = world, .port = tcp_port, .user = port, .packet = on_packet}};
	port->link.mischief.rng = &world->rng;
	struct belt_ops ops = {.user = port, .send = send_packet, .changed = changed};
	belt_init(&port->board, clock_boot_ms(), &ops);
	int code = belt_port_plug(port);
	if (code)
		return code;
	uv_timer_init(world->loop, &port->tick);
	port->tick.data = port;
	uv_timer_start(&port->tick, on_tick, TICK_MS, TICK_MS);
	port->open = true;
	return 0;
}

void belt_port_state(const struct belt_port *port, struct str *s)
{
	const struct belt_board *board = &port->board;
	str_add(s, "{");
	board_link_state(&port->link, s);
	str_add(s, ",\"force\":%.3f,\"setpoint\":%.3f,\"drive\":%.3f,", board->force_n, belt_setpoint(board),
		board->drive_n);
	str_add(s, "\"pressure\":%.3f,\"energised\":%s,\"pain\":%s,\"obeys\":%s,\"timeouts\":%llu,",
		belt_pressure_kpa(board), board->energised ? "true" : "false", board->pain ? "true" : "false",
		board->obeys ? "true" : "false", (unsigned long long)board->timeouts);
	board_link_counts(&port->link, s);
	str_add(s, ",\"commands\":%llu,\"last_command\":", (unsigned long long)board->commands);
	json_text(s, board->last_command);
	str_add(s, ",\"last_command_ms\":%llu}", (unsigned long long)board->last_command_ms);
}

void belt_port_close(struct belt_port *port)
{
	if (!port->open)
		return;
	port->open = false;
	belt_port_unplug(port);
	uv_close((uv_handle_t *)&port->tick, NULL);
}
