/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/belt_port.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/json.h"

#define TICK_MS 10u

struct belt_client {
	uv_tcp_t tcp;
	struct belt_port *port;
	uint8_t frame[FIRMWARE_FRAME_MAX];
	size_t n;      /* bytes of a frame so far */
	bool too_long; /* skip to the next 00 */
	char buffer[1024];
};

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop_client(struct belt_port *port)
{
	if (!port->client)
		return;
	uv_close((uv_handle_t *)&port->client->tcp, free_handle);
	port->client = NULL;
}

/* ---- out ---- */

static void send_packet(void *user, uint8_t type, const uint8_t *body, size_t size)
{
	struct belt_port *port = user;
	struct firmware_packet packet = {.type = type, .seq = port->seq++, .size = (uint8_t)size};
	uint8_t frame[FIRMWARE_FRAME_MAX];
	memcpy(packet.body, body, size);
	size_t n = firmware_encode(&packet, frame);
	if (!mischief_frame(&port->mischief, clock_boot_ms(), frame, n))
		return;
	if (!port->client) {
		port->mischief.unheard++;
		return;
	}
	uv_buf_t buffer = uv_buf_init((char *)frame, (unsigned)n);
	if (uv_try_write((uv_stream_t *)&port->client->tcp, &buffer, 1) == (int)n)
		port->mischief.sent++;
	else
		port->mischief.overrun++;
}

static void changed(void *user, const char *what)
{
	struct belt_port *port = user;
	world_tell(port->world, "{\"event\":\"belt\",\"what\":\"%s\",\"setpoint\":%.3f,\"force\":%.3f,\"us\":%llu}",
		   what, belt_setpoint(&port->board), port->board.force_n, (unsigned long long)clock_boot_us());
}

/* ---- in ---- */

static void take_frame(struct belt_client *client)
{
	struct belt_port *port = client->port;
	struct firmware_packet packet;
	if (client->n == 0 && !client->too_long)
		return; /* two 00 in a row are no frame and no fault */
	if (client->too_long || firmware_decode(client->frame, client->n, &packet)) {
		port->refused++;
	} else {
		port->received++;
		belt_packet(&port->board, clock_boot_ms(), packet.type, packet.seq, packet.body, packet.size);
	}
	client->n = 0;
	client->too_long = false;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct belt_client *client = stream->data;
	struct belt_port *port = client->port;
	if (n < 0) {
		if (port->client == client)
			drop_client(port);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		uint8_t byte = (uint8_t)buffer->base[i];
		if (byte == 0)
			take_frame(client);
		else if (client->n < sizeof client->frame)
			client->frame[client->n++] = byte;
		else
			client->too_long = true;
	}
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct belt_client *client = handle->data;
	(void)suggested;
	*out = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct belt_port *port = listener->data;
	struct belt_client *client = status < 0 ? NULL : calloc(1, sizeof *client);
	if (!client)
		return;
	uv_tcp_init(port->world->loop, &client->tcp);
	client->tcp.data = client;
	client->port = port;
	if (uv_accept(listener, (uv_stream_t *)&client->tcp)) {
		uv_close((uv_handle_t *)&client->tcp, free_handle);
		return;
	}
	drop_client(port);
	port->client = client;
	port->connections++;
	uv_tcp_nodelay(&client->tcp, 1);
	uv_read_start((uv_stream_t *)&client->tcp, give_buffer, on_read);
}

/* ---- life ---- */

static void on_tick(uv_timer_t *timer)
{
	struct belt_port *port = timer->data;
	port->board.frozen = port->mischief.frozen;
	port->board.drift_n = drift_at(&port->drift, clock_boot_us());
	if (port->listener) /* without power nothing happens */
		belt_step(&port->board, clock_boot_ms());
}

int belt_port_plug(struct belt_port *port)
{
	struct sockaddr_in address;
	if (port->listener)
		return 0;
	uv_tcp_t *listener = calloc(1, sizeof *listener);
	if (!listener)
		return UV_ENOMEM;
	uv_ip4_addr("127.0.0.1", port->port, &address);
	uv_tcp_init(port->world->loop, listener);
	listener->data = listener; /* for free_handle on the way out */
	int code = uv_tcp_bind(listener, (const struct sockaddr *)&address, 0);
	if (code == 0)
		code = uv_listen((uv_stream_t *)listener, 4, on_connection);
	int size = sizeof address;
	if (code == 0)
		code = uv_tcp_getsockname(listener, (struct sockaddr *)&address, &size);
	if (code) {
		uv_close((uv_handle_t *)listener, free_handle);
		return code;
	}
	listener->data = port;
	port->listener = listener;
	port->port = ntohs(address.sin_port);
	belt_reboot(&port->board, clock_boot_ms());
	return 0;
}

void belt_port_unplug(struct belt_port *port)
{
	if (!port->listener)
		return;
	drop_client(port);
	port->listener->data = port->listener;
	uv_close((uv_handle_t *)port->listener, free_handle);
	port->listener = NULL;
	belt_reboot(&port->board, clock_boot_ms());
}

int belt_port_open(struct belt_port *port, struct world *world, int tcp_port)
{
	*port = (struct belt_port){.world = world, .port = tcp_port};
	port->mischief.rng = &world->rng;
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
	const struct mischief *m = &port->mischief;
	str_add(s,
		"{\"plugged\":%s,\"port\":%d,\"connected\":%s,\"connections\":%llu,\"force\":%.3f,\"setpoint\":%.3f,"
		"\"drive\":%.3f,",
		port->listener ? "true" : "false", port->port, port->client ? "true" : "false",
		(unsigned long long)port->connections, board->force_n, belt_setpoint(board), board->drive_n);
	str_add(s, "\"pressure\":%.3f,\"energised\":%s,\"pain\":%s,\"obeys\":%s,\"timeouts\":%llu,",
		belt_pressure_kpa(board), board->energised ? "true" : "false", board->pain ? "true" : "false",
		board->obeys ? "true" : "false", (unsigned long long)board->timeouts);
	str_add(s,
		"\"made\":%llu,\"sent\":%llu,\"corrupted\":%llu,\"dropped\":%llu,\"silenced\":%llu,\"overrun\":%llu,"
		"\"unheard\":%llu,",
		(unsigned long long)m->made, (unsigned long long)m->sent, (unsigned long long)m->corrupted,
		(unsigned long long)m->dropped, (unsigned long long)m->silenced, (unsigned long long)m->overrun,
		(unsigned long long)m->unheard);
	str_add(s, "\"received\":%llu,\"refused\":%llu,\"commands\":%llu,\"last_command\":",
		(unsigned long long)port->received, (unsigned long long)port->refused,
		(unsigned long long)board->commands);
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
