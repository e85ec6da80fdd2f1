/* SPDX-License-Identifier: Apache-2.0 */
#include "link/stream_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

struct live {
	struct stream base;
	int fd;
	bool is_socket;
	uv_poll_t poll;
	uv_timer_t later; /* tells of a loss that was found inside stream_write */
	unsigned open_handles;
	char why[128];
	size_t n_out;
	uint8_t out[STREAM_WRITE_MAX];
	uint8_t in[STREAM_READ_MAX];
};

void stream_lose(struct stream *s, const char *why)
{
	if (s->lost || s->closing)
		return;
	s->lost = true;
	s->callbacks.lost(s->callbacks.user, why);
}

void stream_closed(struct stream *s)
{
	void (*closed)(void *) = s->closed;
	void *user = s->closed_user;
	free(s);
	if (closed)
		closed(user);
}

static void set_why(struct live *l, int error)
{
	struct str s;
	str_init(&s, l->why, sizeof l->why);
	if (error == 0 && l->is_socket)
		str_add(&s, "the other end closed the link");
	else if (error == 0)
		str_add(&s, "the device is gone: was it unplugged?");
	else if (error == EIO || error == ENXIO || error == ENODEV)
		str_add(&s, "the device is gone (%s): was it unplugged?", strerror(error));
	else
		str_add(&s, "the link failed: %s", strerror(error));
}

static void lose(struct live *l, int error)
{
	uv_poll_stop(&l->poll);
	l->n_out = 0;
	set_why(l, error);
	stream_lose(&l->base, l->why);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct live *l)
{
	uv_poll_start(&l->poll, UV_READABLE | (l->n_out > 0 ? UV_WRITABLE : 0), on_poll);
}

/* Writes what it can of `size` bytes. Number written, or a negative errno that is not "later". */
static ssize_t write_some(struct live *l, const uint8_t *data, size_t size)
{
	ssize_t n;
	do {
		n = l->is_socket ? send(l->fd, data, size, MSG_NOSIGNAL) : write(l->fd, data, size);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

static int flush(struct live *l)
{
	ssize_t n = write_some(l, l->out, l->n_out);
	if (n < 0)
		return (int)-n;
	l->n_out -= (size_t)n;
	if (n > 0 && l->n_out > 0)
		memmove(l->out, l->out + n, l->n_out);
	if (l->n_out == 0)
		watch(l);
	return 0;
}

/* One read per turn of the loop, so that a flood on one link does not keep the others waiting. */
static void read_some(struct live *l)
{
	ssize_t n = read(l->fd, l->in, l->base.most > 0 ? l->base.most : sizeof l->in);
	uint64_t now_ms = clock_boot_ms();
	if (n > 0)
		l->base.callbacks.bytes(l->base.callbacks.user, now_ms, l->in, (size_t)n);
	else if (n == 0)
		lose(l, 0);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		lose(l, errno);
}

static int socket_error(const struct live *l)
{
	int error = 0;
	socklen_t size = sizeof error;
	if (l->is_socket && getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
		return error;
	return EIO;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct live *l = poll->data;
	if (status < 0) {
		lose(l, socket_error(l));
		return;
	}
	if ((events & UV_WRITABLE) && l->n_out > 0) {
		int error = flush(l);
		if (error != 0) {
			lose(l, error);
			return;
		}
	}
	if (events & UV_READABLE)
		read_some(l);
}

static void on_later(uv_timer_t *timer)
{
	struct live *l = timer->data;
	if (!l->base.closing)
		l->base.callbacks.lost(l->base.callbacks.user, l->why);
}

/* Never from inside stream_write: the owner is in the middle of something. */
static void lose_later(struct live *l, int error)
{
	uv_poll_stop(&l->poll);
	l->n_out = 0;
	set_why(l, error);
	l->base.lost = true;
	uv_timer_start(&l->later, on_later, 0, 0);
}

static int live_write(struct stream *s, const uint8_t *data, size_t size)
{
	struct live *l = (struct live *)s;
	if (size > sizeof l->out - l->n_out)
		return UV_ENOBUFS;
	size_t written = 0;
	if (l->n_out == 0) {
		ssize_t n = write_some(l, data, size);
		if (n < 0) {
			lose_later(l, (int)-n);
			return (int)n;
		}
		written = (size_t)n;
	}
	if (written == size)
		return 0;
	memcpy(l->out + l->n_out, data + written, size - written);
	l->n_out += size - written;
	watch(l);
	return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct live *l = handle->data;
	if (--l->open_handles > 0)
		return;
	close(l->fd);
	stream_closed(&l->base);
}

static void live_close(struct stream *s)
{
	struct live *l = (struct live *)s;
	uv_close((uv_handle_t *)&l->poll, on_handle_closed);
	uv_close((uv_handle_t *)&l->later, on_handle_closed);
}

int stream_new(uv_loop_t *loop, int fd, const struct stream_callbacks *callbacks, struct stream **out)
{
	static const struct stream_ops ops = {.write = live_write, .close = live_close};
	struct stat st;
	if (fstat(fd, &st) != 0)
		return UV_EBADF;
	struct live *l = calloc(1, sizeof *l);
	if (!l)
		return UV_ENOMEM;
	l->base.ops = &ops;
	l->base.callbacks = *callbacks;
	l->fd = fd;
	l->is_socket = S_ISSOCK(st.st_mode);
	int rc = uv_poll_init(loop, &l->poll, fd); /* makes it non-blocking; refuses plain files */
	if (rc != 0) {
		free(l);
		return rc;
	}
	uv_timer_init(loop, &l->later);
	l->poll.data = l->later.data = l;
	l->open_handles = 2;
	watch(l);
	*out = &l->base;
	return 0;
}

void stream_hand_on(struct stream *s, size_t size)
{
	s->most = size < STREAM_READ_MAX ? size : STREAM_READ_MAX;
}

int stream_write(struct stream *s, const uint8_t *data, size_t size)
{
	if (s->lost || s->closing)
		return UV_EPIPE;
	return s->ops->write(s, data, size);
}

void stream_close(struct stream *s, void (*closed)(void *user), void *user)
{
	s->closing = true;
	s->closed = closed;
	s->closed_user = user;
	s->ops->close(s);
}
