/* SPDX-License-Identifier: Apache-2.0
 * SOCK_SEQPACKET keeps the bounds of messages and tells when the other end is gone; datagrams would not. */
#include "link/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "link/stream_inside.h"
#include "therapy/plugin.h"

#define WHY_MAX 256u
/* No channel has this number: the packet is the reason why the link ends. */
#define REASON THERAPY_NONE

struct packets {
	struct stream base;
	int fd;
	uv_poll_t poll;
	char why[WHY_MAX];
	uint8_t in[1 + PACKETS_DATA_MAX + 1];
};

int packets_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
		return uv_translate_sys_error(errno);
	return 0;
}

static void lose(struct packets *p, int error)
{
	uv_poll_stop(&p->poll);
	if (!p->why[0]) {
		struct str s;
		str_init(&s, p->why, sizeof p->why);
		str_add(&s, error ? "the link failed: %s" : "the other end closed the link", strerror(error));
	}
	stream_lose(&p->base, p->why);
}

/* One packet. False: there is none, or none any more. */
static bool read_one(struct packets *p)
{
	ssize_t n = recv(p->fd, p->in, sizeof p->in - 1, 0);
	uint64_t now_ms = clock_boot_ms();
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (n <= 0) { /* nobody sends an empty packet: it is the end */
		lose(p, n < 0 ? errno : 0);
		return false;
	}
	p->in[n] = '\0';
	if (p->in[0] == REASON)
		str_copy(p->why, sizeof p->why, (const char *)p->in + 1);
	else if (n > 1)
		p->base.callbacks.packet(p->base.callbacks.user, now_ms, p->in[0], p->in + 1, (size_t)n - 1);
	return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct packets *p = poll->data;
	(void)events;
	if (status < 0) {
		lose(p, -status);
		return;
	}
	for (unsigned i = 0; i < PACKETS_PER_TURN && !p->base.closing; i++)
		if (!read_one(p))
			return;
}

static int no_bytes(struct stream *s, const uint8_t *data, size_t size)
{
	(void)s;
	(void)data;
	(void)size;
	return UV_ENOTSUP;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct packets *p = handle->data;
	close(p->fd);
	stream_closed(&p->base);
}

static void packets_close(struct stream *s)
{
	struct packets *p = (struct packets *)s;
	uv_close((uv_handle_t *)&p->poll, on_handle_closed);
}

int packets_new(uv_loop_t *loop, int fd, const struct stream_callbacks *callbacks, struct stream **out)
{
	static const struct stream_ops ops = {.write = no_bytes, .close = packets_close};
	struct packets *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->base.ops = &ops;
	p->base.callbacks = *callbacks;
	p->fd = fd;
	int rc = uv_poll_init(loop, &p->poll, fd);
	if (rc != 0) {
		free(p);
		return rc;
	}
	p->poll.data = p;
	uv_poll_start(&p->poll, UV_READABLE, on_poll);
	*out = &p->base;
	return 0;
}

static int send_packet(const struct packets *p, uint8_t channel, const void *data, size_t size)
{
	uint8_t packet[1 + PACKETS_DATA_MAX];
	packet[0] = channel;
	memcpy(packet + 1, data, size);
	ssize_t n;
	do {
		n = send(p->fd, packet, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK ? UV_ENOBUFS : uv_translate_sys_error(errno);
}

int packets_send(struct stream *s, uint8_t channel, const uint8_t *data, size_t size)
{
	if (size == 0 || size > PACKETS_DATA_MAX || channel == REASON)
		return UV_EINVAL;
	if (s->lost || s->closing)
		return UV_EPIPE;
	return send_packet((struct packets *)s, channel, data, size);
}

void packets_say_why(struct stream *s, const char *why)
{
	size_t size = strnlen(why, WHY_MAX - 1);
	if (size > 0 && !s->lost && !s->closing)
		(void)send_packet((struct packets *)s, REASON, why, size); /* it is lost either way */
}
