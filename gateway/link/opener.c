/* SPDX-License-Identifier: Apache-2.0
 *
 * One timer serves both waits, since an attempt and a back-off exclude each other. A name look-up cannot be taken back
 * once a thread works on it: when it takes too long the attempt fails, and the look-up is left to end by itself; until
 * it does, a new attempt fails at once.
 */
#include "link/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "link/backoff.h"
#include "link/baud.h"
#include "link/serial.h"

#define CONNECT_MS 5000u /* of one address, and of one look-up */
/* A dead peer is noticed after 10 + 3 * 5 s without traffic, and after 10 s with. The leases do not wait for it. */
#define KEEP_IDLE_S     10
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3
#define UNACKED_MS      10000

enum state { IDLE, WAITING, RESOLVING, CONNECTING, LEAVING_POLL };

struct opener {
	uv_loop_t *loop;
	struct link_address address;
	uint32_t baud;
	struct opener_callbacks callbacks;
	struct backoff backoff;
	enum state state;
	uv_timer_t timer;
	uv_getaddrinfo_t lookup;
	uv_poll_t poll;
	bool timer_open, poll_open, looking_up;
	int fd;            /* being connected; -1: none */
	int connect_error; /* of that, once known */
	struct addrinfo *found;
	const struct addrinfo *next;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

static void connect_next(struct opener *o, int error);
static void finish_connect(struct opener *o, int error);

/* ---- ends of an attempt ---- */

static void forget_addresses(struct opener *o)
{
	uv_freeaddrinfo(o->found);
	o->found = NULL;
	o->next = NULL;
}

static void on_timer(uv_timer_t *timer);

static void fail(struct opener *o, const char *why)
{
	forget_addresses(o);
	uint64_t wait = backoff_wait(&o->backoff, clock_boot_ms());
	o->state = WAITING;
	uv_update_time(o->loop);
	uv_timer_start(&o->timer, on_timer, wait, 0);
	o->callbacks.failed(o->callbacks.user, why, wait);
}

static void hand_over(struct opener *o, int fd)
{
	forget_addresses(o);
	uv_timer_stop(&o->timer);
	backoff_opened(&o->backoff, clock_boot_ms());
	o->state = IDLE;
	o->callbacks.opened(o->callbacks.user, fd);
}

/* As the user wrote it: an IPv6 address stands in brackets. */
static void add_tcp(struct str *s, const struct link_address *a)
{
	bool v6 = strchr(a->place, ':') != NULL;
	str_add(s, "tcp://%s%s%s:%u: ", v6 ? "[" : "", a->place, v6 ? "]" : "", a->port);
}

static void fail_connect(struct opener *o, int error)
{
	char text[512];
	struct str why;
	str_init(&why, text, sizeof text);
	add_tcp(&why, &o->address);
	switch (error) {
	case ECONNREFUSED:
		str_add(&why, "connection refused: is the device ready, and is this its port?");
		break;
	case ETIMEDOUT:
		str_add(&why, "no answer within 5 s: is the device on, and in this network?");
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		str_add(&why, "no way to it: is this machine connected to the device's network?");
		break;
	default:
		str_add(&why, "cannot connect: %s", strerror(error));
	}
	fail(o, text);
}

static void fail_lookup(struct opener *o, const char *what)
{
	char text[512];
	struct str why;
	str_init(&why, text, sizeof text);
	add_tcp(&why, &o->address);
	str_add(&why, "the name is not resolved (%s): check its spelling, or give the address in numbers", what);
	fail(o, text);
}

/* ---- TCP ---- */

/* Connecting to a free port of this machine can meet itself (simultaneous open): that is nobody. */
static bool is_own_echo(int fd)
{
	struct sockaddr_storage here, there;
	memset(&here, 0, sizeof here);
	memset(&there, 0, sizeof there);
	socklen_t size_here = sizeof here, size_there = sizeof there;
	if (getsockname(fd, (struct sockaddr *)&here, &size_here) != 0 ||
	    getpeername(fd, (struct sockaddr *)&there, &size_there) != 0)
		return false;
	return size_here == size_there && memcmp(&here, &there, size_here) == 0;
}

static void set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
	    {IPPROTO_TCP, TCP_NODELAY, 1},
	    {SOL_SOCKET, SO_KEEPALIVE, 1},
	    {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
	    {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
	    {IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT},
	    {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS},
	};
	/* A kernel without one of them still carries bytes; leases and staleness do not depend on them. */
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct opener *o = poll->data;
	int error = 0;
	socklen_t size = sizeof error;
	if (getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0 && status < 0)
		error = ECONNABORTED;
	if (error == 0 && is_own_echo(o->fd))
		error = ECONNREFUSED;
	finish_connect(o, error);
}

/* Begins one connection. 0, or an errno. */
static int connect_to(struct opener *o, const struct sockaddr *to, socklen_t size)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	set_options(fd);
	int error = connect(fd, to, size) == 0 || errno == EINPROGRESS ? 0 : errno;
	if (error == 0 && uv_poll_init(o->loop, &o->poll, fd) != 0)
		error = ENOMEM;
	if (error != 0) {
		close(fd);
		return error;
	}
	o->fd = fd;
	o->poll.data = o;
	o->poll_open = true;
	o->state = CONNECTING;
	uv_poll_start(&o->poll, UV_WRITABLE, on_connected);
	uv_update_time(o->loop);
	uv_timer_start(&o->timer, on_timer, CONNECT_MS, 0);
	return 0;
}

static void maybe_closed(struct opener *o)
{
	if (o->timer_open || o->poll_open || o->looking_up)
		return;
	if (o->fd >= 0)
		close(o->fd);
	forget_addresses(o);
	void (*closed)(void *) = o->closed;
	void *user = o->closed_user;
	free(o);
	if (closed)
		closed(user);
}

/* The poll handle lets go of the descriptor before anybody else may have it, or it may be closed. */
static void on_poll_closed(uv_handle_t *handle)
{
	struct opener *o = handle->data;
	o->poll_open = false;
	if (o->closing) {
		maybe_closed(o);
		return;
	}
	int fd = o->fd;
	o->fd = -1;
	if (o->connect_error == 0) {
		hand_over(o, fd);
		return;
	}
	close(fd);
	connect_next(o, o->connect_error);
}

static void finish_connect(struct opener *o, int error)
{
	uv_timer_stop(&o->timer);
	o->connect_error = error;
	o->state = LEAVING_POLL;
	uv_close((uv_handle_t *)&o->poll, on_poll_closed);
}

/* Tries the addresses that are left; `error` is why the last one failed. */
static void connect_next(struct opener *o, int error)
{
	while (o->next) {
		const struct addrinfo *a = o->next;
		o->next = a->ai_next;
		error = connect_to(o, a->ai_addr, a->ai_addrlen);
		if (error == 0)
			return;
	}
	fail_connect(o, error);
}

static void on_lookup(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct opener *o = lookup->data;
	o->looking_up = false;
	if (o->closing || o->state != RESOLVING) { /* given up meanwhile */
		uv_freeaddrinfo(found);
		if (o->closing)
			maybe_closed(o);
		return;
	}
	uv_timer_stop(&o->timer);
	if (status != 0) {
		uv_freeaddrinfo(found);
		fail_lookup(o, uv_strerror(status));
		return;
	}
	o->found = found;
	o->next = found;
	connect_next(o, EADDRNOTAVAIL);
}

static void look_up(struct opener *o)
{
	if (o->looking_up) {
		fail_lookup(o, "the name server still does not answer");
		return;
	}
	char port[8];
	struct str s;
	str_init(&s, port, sizeof port);
	str_add(&s, "%u", o->address.port);
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	o->lookup.data = o;
	int rc = uv_getaddrinfo(o->loop, &o->lookup, on_lookup, o->address.place, port, &hints);
	if (rc != 0) {
		fail_lookup(o, uv_strerror(rc));
		return;
	}
	o->looking_up = true;
	o->state = RESOLVING;
	uv_update_time(o->loop);
	uv_timer_start(&o->timer, on_timer, CONNECT_MS, 0);
}

/* Numbers need no look-up, and so no thread. */
static void attempt_tcp(struct opener *o)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	int error = 0;
	if (uv_ip4_addr(o->address.place, o->address.port, &v4) == 0)
		error = connect_to(o, (const struct sockaddr *)&v4, sizeof v4);
	else if (uv_ip6_addr(o->address.place, o->address.port, &v6) == 0)
		error = connect_to(o, (const struct sockaddr *)&v6, sizeof v6);
	else
		look_up(o);
	if (error != 0)
		fail_connect(o, error);
}

/* ---- files ---- */

static int open_recording(const char *path, int *fd, struct str *why)
{
	struct stat st;
	int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (opened < 0) {
		str_add(why, "%s: the recording cannot be opened: %s", path, strerror(errno));
		return uv_translate_sys_error(errno);
	}
	if (fstat(opened, &st) != 0 || !S_ISREG(st.st_mode)) {
		str_add(why, "%s: is no file, expected a recording", path);
		close(opened);
		return UV_EINVAL;
	}
	*fd = opened;
	return 0;
}

static void attempt_file(struct opener *o)
{
	char text[512];
	struct str why;
	str_init(&why, text, sizeof text);
	int fd = -1, rc = 0;
	if (o->address.kind == LINK_SERIAL)
		rc = serial_open(o->address.place, o->baud, &fd, &why);
	else
		rc = open_recording(o->address.place, &fd, &why);
	if (rc == 0)
		hand_over(o, fd);
	else
		fail(o, text);
}

static void attempt(struct opener *o)
{
	if (o->address.kind == LINK_TCP)
		attempt_tcp(o);
	else
		attempt_file(o);
}

/* ---- the object ---- */

static void on_timer(uv_timer_t *timer)
{
	struct opener *o = timer->data;
	if (o->state == WAITING) {
		attempt(o);
	} else if (o->state == CONNECTING) {
		finish_connect(o, ETIMEDOUT);
	} else if (o->state == RESOLVING) {
		uv_cancel((uv_req_t *)&o->lookup);
		fail_lookup(o, "the name server does not answer");
	}
}

int opener_new(uv_loop_t *loop, const struct link_address *address, uint32_t baud,
	       const struct opener_callbacks *callbacks, struct opener **out)
{
	uint32_t rate = address->baud != 0 ? address->baud : baud;
	if (address->kind == LINK_MQTT || address->kind == LINK_BLE ||
	    (address->kind == LINK_SERIAL && !baud_known(rate)))
		return UV_EINVAL;
	struct opener *o = calloc(1, sizeof *o);
	if (!o)
		return UV_ENOMEM;
	o->loop = loop;
	o->address = *address;
	o->baud = rate;
	o->callbacks = *callbacks;
	o->fd = -1;
	backoff_init(&o->backoff, clock_boot_us() ^ (uint64_t)(uintptr_t)o);
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	o->timer_open = true;
	*out = o;
	return 0;
}

void opener_start(struct opener *o)
{
	if (o->state != IDLE || o->closing)
		return;
	o->state = WAITING;
	uv_update_time(o->loop);
	uv_timer_start(&o->timer, on_timer, backoff_wait(&o->backoff, clock_boot_ms()), 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct opener *o = handle->data;
	o->timer_open = false;
	maybe_closed(o);
}

void opener_close(struct opener *o, void (*closed)(void *user), void *user)
{
	o->closing = true;
	o->closed = closed;
	o->closed_user = user;
	uv_close((uv_handle_t *)&o->timer, on_timer_closed);
	if (o->poll_open && !uv_is_closing((uv_handle_t *)&o->poll))
		uv_close((uv_handle_t *)&o->poll, on_poll_closed);
	if (o->looking_up)
		uv_cancel((uv_req_t *)&o->lookup); /* if a thread has begun it, on_lookup comes when it ends */
}
