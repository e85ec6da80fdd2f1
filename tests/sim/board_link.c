/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/board_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct board_client {
	uv_tcp_t tcp;
	struct board_link *link;
	uint8_t frame[FIRMWARE_FRAME_MAX];
	size_t n;      /* bytes of a frame so far */
	bool too_long; /* skip to the next 00 */
	char buffer[1024];
};

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop_client(struct board_link *link)
{
	if (!link->client)
		return;
	uv_close((uv_handle_t *)&link->client->tcp, free_handle);
	link->client = NULL;
}

/* ---- out ---- */

void board_link_send(struct board_link *link, uint8_t type, const uint8_t *body, size_t size)
{
	struct firmware_packet packet = {.type = type, .seq = link->seq++, .size = (uint8_t)size};
	uint8_t frame[FIRMWARE_FRAME_MAX];
	memcpy(packet.body, body, size);
	size_t n = firmware_encode(&packet, frame);
	if (!mischief_frame(&link->mischief, clock_boot_ms(), frame, n))
		return;
	if (!link->client) {
		link->mischief.unheard++;
		return;
	}
	uv_buf_t buffer = uv_buf_init((char *)frame, (unsigned)n);
	if (uv_try_write((uv_stream_t *)&link->client->tcp, &buffer, 1) == (int)n)
		link->mischief.sent++;
	else
		link->mischief.overrun++;
}

/* ---- in ---- */

static void take_frame(struct board_client *client)
{
	struct board_link *link = client->link;
	struct firmware_packet packet;
	if (client->n == 0 && !client->too_long)
		return; /* two 00 in a row are no frame and no fault */
	if (client->too_long || firmware_decode(client->frame, client->n, &packet)) {
		link->refused++;
	} else {
		link->received++;
		link->packet(link->user, &packet);
	}
	client->n = 0;
	client->too_long = false;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct board_client *client = stream->data;
	struct board_link *link = client->link;
	if (n < 0) {
		if (link->client == client)
			drop_client(link);
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
	struct board_client *client = handle->data;
	(void)suggested;
	*out = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct board_link *link = listener->data;
	struct board_client *client = status < 0 ? NULL : calloc(1, sizeof *client);
	if (!client)
		return;
	uv_tcp_init(link->world->loop, &client->tcp);
	client->tcp.data = client;
	client->link = link;
	if (uv_accept(listener, (uv_stream_t *)&client->tcp)) {
		uv_close((uv_handle_t *)&client->tcp, free_handle);
		return;
	}
	drop_client(link);
	link->client = client;
	link->connections++;
	uv_tcp_nodelay(&client->tcp, 1);
	uv_read_start((uv_stream_t *)&client->tcp, give_buffer, on_read);
}

/* ---- life ---- */

int board_link_plug(struct board_link *link)
{
	struct sockaddr_in address;
	if (link->listener)
		return 0;
	uv_tcp_t *listener = calloc(1, sizeof *listener);
	if (!listener)
		return UV_ENOMEM;
	uv_ip4_addr("127.0.0.1", link->port, &address);
	uv_tcp_init(link->world->loop, listener);
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
	listener->data = link;
	link->listener = listener;
	link->port = ntohs(address.sin_port);
	return 0;
}

void board_link_unplug(struct board_link *link)
{
	if (!link->listener)
		return;
	drop_client(link);
	link->listener->data = link->listener;
	uv_close((uv_handle_t *)link->listener, free_handle);
	link->listener = NULL;
}

/* ---- what is told ---- */

void board_link_state(const struct board_link *link, struct str *s)
{
	str_add(s, "\"plugged\":%s,\"port\":%d,\"connected\":%s,\"connections\":%llu",
		link->listener ? "true" : "false", link->port, link->client ? "true" : "false",
		(unsigned long long)link->connections);
}

void board_link_counts(const struct board_link *link, struct str *s)
{
	const struct mischief *m = &link->mischief;
	str_add(s,
		"\"made\":%llu,\"sent\":%llu,\"corrupted\":%llu,\"dropped\":%llu,\"silenced\":%llu,\"overrun\":%llu,"
		"\"unheard\":%llu,\"received\":%llu,\"refused\":%llu",
		(unsigned long long)m->made, (unsigned long long)m->sent, (unsigned long long)m->corrupted,
		(unsigned long long)m->dropped, (unsigned long long)m->silenced, (unsigned long long)m->overrun,
		(unsigned long long)m->unheard, (unsigned long long)link->received, (unsigned long long)link->refused);
}
