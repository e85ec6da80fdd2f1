/* SPDX-License-Identifier: Apache-2.0 */
#include "page/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "page/http_inside.h"

#define BACKLOG 64

/* ---- on the loop ---- */

/* What the library wants next, or a connection's bound; nothing: no timer runs. */
static void on_due(uv_timer_t *timer);

static void schedule(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	uint64_t now_ms = uv_now(h->loop), next_ms = connections_expire(h, now_ms);
	uint64_t left_ms = next_ms == UINT64_MAX ? UINT64_MAX : next_ms - now_ms;
	if (h->library->get_timeout(h->daemon, &wait_ms) == MHD_YES && wait_ms < left_ms)
		left_ms = wait_ms;
	if (left_ms == UINT64_MAX)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_due, left_ms, 0);
}

static void turn(struct http *h)
{
	h->library->run(h->daemon);
	schedule(h);
}

static void on_due(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(poll->data);
}

void http_changed(struct http *h)
{
	if (h->viewers == 0)
		return;
	connections_go_on(h);
	turn(h);
}

unsigned http_viewers(const struct http *h)
{
	return h->viewers;
}

bool http_is_told(const struct http *h)
{
	for (const struct connection *c = h->first; c; c = c->next)
		if (c->stage == VIEWING && (!c->waits || board_has(h->board, c->seen)))
			return false;
	return true;
}

/* ---- listening ---- */

static int listen_at(const char *address, unsigned port, struct str *why)
{
	struct sockaddr_storage at = {0};
	bool six = strchr(address, ':') != NULL;
	int rc = six ? uv_ip6_addr(address, (int)port, (struct sockaddr_in6 *)&at)
		     : uv_ip4_addr(address, (int)port, (struct sockaddr_in *)&at);
	if (rc != 0) {
		str_add(why, "%.60s is no numeric address", address);
		return rc;
	}
	int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	socklen_t size = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (fd < 0 || (six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, BACKLOG) != 0) {
		rc = -errno;
		str_add(why, "cannot listen at %s%.60s%s:%u (%s): %s", six ? "[" : "", address, six ? "]" : "", port,
			strerror(-rc),
			rc == -EADDRINUSE ? "another program does already; choose another port in page.listen"
					  : "expected an address of this machine in page.listen, and a port from 1024");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

__attribute__((format(printf, 2, 0))) static void on_told(void *user, const char *format, va_list args)
{
	char text[256];
	struct str s;
	(void)user;
	str_init(&s, text, sizeof text);
	str_addv(&s, format, args);
	s.len -= s.len > 0 && text[s.len - 1] == '\n';
	log_debug("page", "libmicrohttpd: %.*s", (int)s.len, text);
}

static bool start(struct http *h, int fd)
{
	h->daemon = h->library->start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, connection_asks, h,
	    MHD_OPTION_EXTERNAL_LOGGER, on_told, h, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    HTTP_ASKING_MAX * 2 + HTTP_VIEWERS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, HTTP_STALLED_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_comes_or_goes, h, MHD_OPTION_END);
	return h->daemon != NULL;
}

/* ---- life ---- */

static void release(struct http *h)
{
	if (h->daemon)
		h->library->stop_daemon(h->daemon);
	free(h);
}

static int watch(struct http *h)
{
	const union MHD_DaemonInfo *info = h->library->get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int rc = info ? uv_poll_init(h->loop, &h->poll, info->epoll_fd) : UV_ENOTSUP;
	if (rc != 0)
		return rc;
	uv_timer_init(h->loop, &h->timer); /* cannot fail */
	h->poll.data = h->timer.data = h;
	h->open_handles = 2;
	(void)uv_poll_start(&h->poll, UV_READABLE, on_ready); /* likewise */
	return 0;
}

int http_new(uv_loop_t *loop, const char *address, unsigned port, struct board *board,
	     const struct http_callbacks *callbacks, struct http **out, char *why, size_t why_size)
{
	struct str s;
	const struct http_library *library = http_library_load(why, why_size);
	if (!library)
		return UV_ENOENT;
	str_init(&s, why, why_size);
	int fd = listen_at(address, port, &s);
	if (fd < 0)
		return fd;
	struct http *h = calloc(1, sizeof *h);
	if (h) {
		h->callbacks = *callbacks;
		h->library = library;
		h->board = board;
		h->loop = loop;
	}
	if (!h || !start(h, fd)) {
		str_add(&s, "libmicrohttpd does not start: log = \"debug\" tells why");
		close(fd);
		free(h);
		return UV_EIO;
	}
	int rc = watch(h);
	if (rc != 0) {
		str_add(&s, "libmicrohttpd does not run on the loop (%s)", uv_strerror(rc));
		release(h);
		return rc;
	}
	*out = h;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct http *h = handle->data;
	if (--h->open_handles > 0)
		return;
	void (*closed)(void *) = h->closed;
	void *user = h->closed_user;
	free(h);
	if (closed)
		closed(user);
}

void http_close(struct http *h, void (*closed)(void *user), void *user)
{
	h->closing = true;
	h->closed = closed;
	h->closed_user = user;
	uv_poll_stop(&h->poll);
	connections_go_on(h); /* the library does not end while one is suspended */
	h->library->stop_daemon(h->daemon);
	uv_close((uv_handle_t *)&h->poll, on_closed);
	uv_close((uv_handle_t *)&h->timer, on_closed);
}
