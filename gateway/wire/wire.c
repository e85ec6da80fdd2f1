/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_MAX 4u

struct wire {
	uv_poll_t poll;
	int fd;
	int watching;
	bool lost, closing;
	struct wire_callbacks callbacks;
	void (*closed)(void *user);
	void *closed_user;
	int fds[FDS_MAX]; /* arrived, not yet taken */
	size_t n_fds;
	size_t in_size, out_size;
	uint8_t *in, *out; /* WIRE_MESSAGE_MAX + WIRE_PREFIX each */
	int out_fd;        /* rides on the first byte of out_fd_at */
	size_t out_fd_at;
	struct wire_arena arena;
};

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct wire *wire, int events)
{
	if (events == wire->watching || wire->closing)
		return;
	wire->watching = events;
	if (events)
		uv_poll_start(&wire->poll, events, on_ready);
	else
		uv_poll_stop(&wire->poll);
}

int wire_new(uv_loop_t *loop, int fd, const struct wire_callbacks *callbacks, struct wire **out)
{
	int error = UV_ENOMEM;
	struct wire *wire = calloc(1, sizeof *wire);
	if (!wire)
		return error;
	wire->in = malloc(WIRE_MESSAGE_MAX + WIRE_PREFIX);
	wire->out = malloc(WIRE_MESSAGE_MAX + WIRE_PREFIX);
	if (wire_arena_init(&wire->arena) != 0 || !wire->in || !wire->out)
		goto free_wire;
	wire->fd = fd;
	wire->out_fd = -1;
	wire->callbacks = *callbacks;
	error = uv_poll_init(loop, &wire->poll, fd);
	if (error)
		goto free_wire;
	wire->poll.data = wire;
	watch(wire, UV_READABLE);
	*out = wire;
	return 0;

free_wire:
	free(wire->in);
	free(wire->out);
	wire_arena_release(&wire->arena);
	free(wire);
	return error;
}

static void lose(struct wire *wire, const char *why)
{
	if (wire->lost)
		return;
	wire->lost = true;
	watch(wire, 0);
	wire->callbacks.lost(wire->callbacks.user, why);
}

/* Writes what waits; a descriptor goes with the first byte of its message. 0 or a negative code. */
static int flush(struct wire *wire)
{
	size_t sent = 0;
	while (sent < wire->out_size) {
		struct iovec piece = {.iov_base = wire->out + sent, .iov_len = wire->out_size - sent};
		struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
		if (wire->out_fd >= 0 && sent < wire->out_fd_at) {
			piece.iov_len = wire->out_fd_at - sent;
		} else if (wire->out_fd >= 0) {
			header.msg_control = control;
			header.msg_controllen = sizeof control;
			struct cmsghdr *c = CMSG_FIRSTHDR(&header);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(c), &wire->out_fd, sizeof(int));
		}
		ssize_t n = sendmsg(wire->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return uv_translate_sys_error(errno);
		if (header.msg_control) {
			close(wire->out_fd);
			wire->out_fd = -1;
		}
		sent += (size_t)n;
	}
	if (sent) {
		memmove(wire->out, wire->out + sent, wire->out_size - sent);
		wire->out_size -= sent;
		wire->out_fd_at -= wire->out_fd >= 0 ? sent : 0;
	}
	watch(wire, wire->out_size ? UV_READABLE | UV_WRITABLE : UV_READABLE);
	return 0;
}

int wire_send(struct wire *wire, const ProtobufCMessage *message, int fd)
{
	if (wire->lost || wire->closing)
		return UV_EPIPE;
	size_t size = protobuf_c_message_get_packed_size(message);
	if (size + wire->out_size > WIRE_MESSAGE_MAX || (fd >= 0 && wire->out_fd >= 0))
		return UV_ENOBUFS;
	if (fd >= 0) {
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return uv_translate_sys_error(errno);
		wire->out_fd = copy;
		wire->out_fd_at = wire->out_size;
	}
	uint8_t *at = wire->out + wire->out_size;
	wire_put_size(at, size);
	protobuf_c_message_pack(message, at + WIRE_PREFIX);
	wire->out_size += size + WIRE_PREFIX;
	/* A broken pipe is told by the reading side, from the loop and once: the caller need not unwind here. */
	int error = flush(wire);
	return error == 0 ? 0 : UV_EPIPE;
}

size_t wire_waiting(const struct wire *wire)
{
	return wire->out_size;
}

/* Hands on every whole message in the buffer. False: the stream is no use any more. */
static bool deliver(struct wire *wire)
{
	size_t at = 0;
	while (!wire->lost && !wire->closing && wire->in_size - at >= WIRE_PREFIX) {
		const uint8_t *p = wire->in + at;
		size_t size = wire_get_size(p);
		if (size > WIRE_MESSAGE_MAX) {
			lose(wire, "a message longer than the wire allows");
			return false;
		}
		if (wire->in_size - at - WIRE_PREFIX < size)
			break;
		wire_arena_reset(&wire->arena);
		wire->callbacks.message(wire->callbacks.user, p + WIRE_PREFIX, size);
		at += WIRE_PREFIX + size;
	}
	memmove(wire->in, wire->in + at, wire->in_size - at);
	wire->in_size -= at;
	return !wire->lost && !wire->closing;
}

static void keep_fds(struct wire *wire, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
			if (wire->n_fds < FDS_MAX)
				wire->fds[wire->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

/* Takes what there is into the buffer: so many bytes, 0 at the end, or -1 with errno. */
static ssize_t receive(struct wire *wire)
{
	struct iovec piece = {.iov_base = wire->in + wire->in_size,
			      .iov_len = WIRE_MESSAGE_MAX + WIRE_PREFIX - wire->in_size};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	struct msghdr header = {
	    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t n = recvmsg(wire->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n > 0) {
		keep_fds(wire, &header);
		wire->in_size += (size_t)n;
	}
	return n;
}

static void read_some(struct wire *wire)
{
	ssize_t n = receive(wire);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		lose(wire, n == 0 ? "closed by the other side" : strerror(errno));
		return;
	}
	deliver(wire);
}

void wire_drain(struct wire *wire)
{
	while (!wire->lost && !wire->closing && receive(wire) > 0 && deliver(wire))
		;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct wire *wire = poll->data;
	if (status < 0) {
		lose(wire, uv_strerror(status));
		return;
	}
	if (events & UV_WRITABLE)
		flush(wire); /* an error shows on the reading side too */
	if (events & (UV_READABLE | UV_DISCONNECT) && !wire->lost && !wire->closing)
		read_some(wire);
}

int wire_take_fd(struct wire *wire)
{
	if (wire->n_fds == 0)
		return -1;
	int fd = wire->fds[0];
	memmove(wire->fds, wire->fds + 1, --wire->n_fds * sizeof *wire->fds);
	return fd;
}

ProtobufCAllocator *wire_allocator(struct wire *wire)
{
	return &wire->arena.allocator;
}

static void on_closed(uv_handle_t *handle)
{
	struct wire *wire = handle->data;
	void (*closed)(void *) = wire->closed;
	void *user = wire->closed_user;
	for (size_t i = 0; i < wire->n_fds; i++)
		close(wire->fds[i]);
	if (wire->out_fd >= 0)
		close(wire->out_fd);
	close(wire->fd);
	free(wire->in);
	free(wire->out);
	wire_arena_release(&wire->arena);
	free(wire);
	if (closed)
		closed(user);
}

void wire_close(struct wire *wire, void (*closed)(void *user), void *user)
{
	wire->closing = true;
	wire->closed = closed;
	wire->closed_user = user;
	uv_close((uv_handle_t *)&wire->poll, on_closed);
}
