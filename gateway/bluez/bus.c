/* SPDX-License-Identifier: Apache-2.0
 *
 * libdbus has two watches (reading, writing) on one socket, libuv takes one handle for it. A call's time is kept here,
 * in one timer for all of them, so that libdbus needs no timers.
 */
#include "bluez/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define WELL_KNOWN  "unix:path=/run/dbus/system_bus_socket;unix:path=/var/run/dbus/system_bus_socket"
#define WATCHES_MAX 4u
#define LOOK_MS     250u /* how exactly calls are timed */

struct call {
	struct bus *bus;
	struct call *next;
	DBusPendingCall *pending;
	uint64_t by_ms;
	bus_reply reply; /* NULL: forgotten */
	void *user;
};

struct bus {
	uv_loop_t *loop;
	const struct library *d;
	struct bus_callbacks callbacks;
	DBusConnection *connection;
	DBusWatch *watches[WATCHES_MAX];
	uv_poll_t poll;
	uv_timer_t look, later; /* for late calls; to go on dispatching, or to tell a loss */
	struct call *calls;
	unsigned open_handles;
	bool polling, up, lost, closing;
	char why[300];
	void (*closed)(void *user);
	void *closed_user;
};

static void on_later(uv_timer_t *timer);

static void lose(struct bus *b, const char *why)
{
	if (b->lost)
		return;
	b->lost = true;
	str_copy(b->why, sizeof b->why, why);
	if (!b->closing)
		uv_timer_start(&b->later, on_later, 0, 0);
}

/* ---- watching the socket ---- */

static void maybe_closed(struct bus *b)
{
	if (--b->open_handles > 0)
		return;
	void (*closed)(void *) = b->closed;
	void *user = b->closed_user;
	free(b);
	if (closed)
		closed(user);
}

static void on_handle_closed(uv_handle_t *handle)
{
	maybe_closed(handle->data);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void update_poll(struct bus *b)
{
	int events = 0;
	bool any = false;
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (!b->watches[i])
			continue;
		any = true;
		unsigned flags = b->d->watch_get_enabled(b->watches[i]) ? b->d->watch_get_flags(b->watches[i]) : 0;
		events |=
		    (flags & DBUS_WATCH_READABLE ? UV_READABLE : 0) | (flags & DBUS_WATCH_WRITABLE ? UV_WRITABLE : 0);
	}
	if (!b->polling)
		return;
	if (!any) { /* libdbus is about to close the socket: libuv must have let go of it before */
		b->polling = false;
		uv_close((uv_handle_t *)&b->poll, on_handle_closed);
	} else if (events) {
		uv_poll_start(&b->poll, events, on_poll);
	} else {
		uv_poll_stop(&b->poll);
	}
}

static dbus_bool_t add_watch(DBusWatch *watch, void *user)
{
	struct bus *b = user;
	size_t i = 0;
	while (i < WATCHES_MAX && b->watches[i])
		i++;
	if (i == WATCHES_MAX)
		return FALSE;
	if (!b->polling) {
		if (b->open_handles > 2 || uv_poll_init(b->loop, &b->poll, b->d->watch_get_unix_fd(watch)) != 0)
			return FALSE;
		b->poll.data = b;
		b->polling = true;
		b->open_handles++;
	}
	b->watches[i] = watch;
	update_poll(b);
	return TRUE;
}

static void remove_watch(DBusWatch *watch, void *user)
{
	struct bus *b = user;
	for (size_t i = 0; i < WATCHES_MAX; i++)
		if (b->watches[i] == watch)
			b->watches[i] = NULL;
	update_poll(b);
}

static void toggled(DBusWatch *watch, void *user)
{
	(void)watch;
	update_poll(user);
}

/* At most BUS_PER_TURN messages, then the loop looks at everything else before it goes on. */
static void dispatch(struct bus *b)
{
	for (unsigned i = 0; i < BUS_PER_TURN && !b->closing && !b->lost; i++)
		if (b->d->connection_dispatch(b->connection) != DBUS_DISPATCH_DATA_REMAINS)
			break;
	if (b->closing)
		return;
	if (!b->d->connection_get_is_connected(b->connection))
		lose(b, b->up ? "the system bus (D-Bus) closed the connection: is it being started anew?"
			      : "the system bus (D-Bus) does not take this program: is it run as another user than the "
				"bus expects?");
	else if (b->d->connection_get_dispatch_status(b->connection) == DBUS_DISPATCH_DATA_REMAINS)
		uv_timer_start(&b->later, on_later, 0, 0);
}

static void on_dispatch_status(DBusConnection *connection, DBusDispatchStatus status, void *user)
{
	struct bus *b = user;
	(void)connection;
	if (status == DBUS_DISPATCH_DATA_REMAINS && !b->closing && !b->lost)
		uv_timer_start(&b->later, on_later, 0, 0);
}

static void on_later(uv_timer_t *timer)
{
	struct bus *b = timer->data;
	if (b->lost)
		b->callbacks.lost(b->callbacks.user, b->why);
	else
		dispatch(b);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct bus *b = poll->data;
	unsigned flags = status < 0 ? DBUS_WATCH_ERROR
				    : (unsigned)(events & UV_READABLE ? DBUS_WATCH_READABLE : 0) |
					  (unsigned)(events & UV_WRITABLE ? DBUS_WATCH_WRITABLE : 0);
	for (size_t i = 0; i < WATCHES_MAX && b->polling; i++) {
		DBusWatch *w = b->watches[i];
		unsigned of =
		    w && b->d->watch_get_enabled(w) ? flags & (b->d->watch_get_flags(w) | DBUS_WATCH_ERROR) : 0;
		if (of)
			b->d->watch_handle(w, of);
	}
	dispatch(b);
}

static DBusHandlerResult on_message(DBusConnection *connection, DBusMessage *message, void *user)
{
	struct bus *b = user;
	(void)connection;
	if (b->d->message_get_type(message) != DBUS_MESSAGE_TYPE_SIGNAL)
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	if (b->up && !b->closing && !b->d->message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
		b->callbacks.signal(b->callbacks.user, message);
	return DBUS_HANDLER_RESULT_HANDLED;
}

/* ---- calls ---- */

static void end_call(struct call *c, DBusMessage *reply)
{
	struct bus *b = c->bus;
	struct call **at = &b->calls;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (!reply)
		b->d->pending_call_cancel(c->pending);
	b->d->pending_call_unref(c->pending);
	bus_reply said = c->reply;
	void *user = c->user;
	free(c);
	if (said && !b->closing)
		said(user, reply);
}

static void on_reply(DBusPendingCall *pending, void *user)
{
	struct call *c = user;
	const struct library *d = c->bus->d;
	DBusMessage *reply = d->pending_call_steal_reply(pending);
	end_call(c, reply);
	if (reply)
		d->message_unref(reply);
}

static struct call *late(const struct bus *b, uint64_t now_ms)
{
	struct call *c = b->calls;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): end_call takes what it frees out of the list */
	while (c && now_ms < c->by_ms)
		c = c->next;
	return c;
}

static void on_look(uv_timer_t *timer)
{
	struct bus *b = timer->data;
	uint64_t now_ms = clock_boot_ms();
	/* From the first again: whoever is told may have calls forgotten, or made. */
	for (struct call *c = late(b, now_ms); c; c = late(b, now_ms))
		end_call(c, NULL);
	if (!b->calls)
		uv_timer_stop(&b->look);
}

static int takes(const struct bus *b)
{
	if (b->lost || b->closing)
		return UV_ENOTCONN;
	return b->d->connection_get_outgoing_size(b->connection) > BUS_OUTGOING_MAX ? UV_ENOBUFS : 0;
}

static bool post(const struct bus *b, DBusMessage *message, struct call *c)
{
	if (!c)
		return b->d->connection_send(b->connection, message, NULL);
	return b->d->connection_send_with_reply(b->connection, message, &c->pending, DBUS_TIMEOUT_INFINITE);
}

int bus_call(struct bus *b, DBusMessage *message, uint32_t timeout_ms, bus_reply reply, void *user)
{
	struct call *c = reply ? calloc(1, sizeof *c) : NULL;
	int rc = takes(b);
	if (!rc && (!message || (reply && !c) || !post(b, message, c)))
		rc = UV_ENOMEM;
	if (!rc && c && !c->pending) /* it was lost, and dispatch() did not see it yet */
		rc = UV_ENOTCONN;
	if (message)
		b->d->message_unref(message);
	if (!c || rc) {
		free(c);
		return rc;
	}
	c->bus = b;
	c->reply = reply;
	c->user = user;
	c->by_ms = clock_boot_ms() + timeout_ms;
	c->next = b->calls;
	b->calls = c;
	b->d->pending_call_set_notify(c->pending, on_reply, c, NULL);
	if (!uv_is_active((uv_handle_t *)&b->look))
		uv_timer_start(&b->look, on_look, LOOK_MS, LOOK_MS);
	return 0;
}

void bus_forget(struct bus *b, const void *user)
{
	for (struct call *c = b->calls; c; c = c->next)
		if (c->user == user)
			c->reply = NULL;
}

/* ---- connecting ---- */

/* Would connecting wait? A bus that hangs has a full queue of clients. `abstract` names begin with a NUL. */
static int look_at(const char *path, bool abstract, struct str *why)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t size = strlen(path);
	if (size + 1 > sizeof to.sun_path) {
		str_add(why, "the address of the system bus is longer than a socket's can be");
		return UV_EINVAL;
	}
	memcpy(to.sun_path + abstract, path, size);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
	int rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to, length);
	int error = rc == 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	if (error == ENOENT)
		str_add(why, "there is no system bus (D-Bus) at %s: install dbus and bluez and start them", path);
	else if (error == EACCES || error == EPERM)
		str_add(why, "this user may not use the system bus (D-Bus) at %s: expected read and write access",
			path);
	else if (error == EAGAIN)
		str_add(why, "the system bus (D-Bus) at %s takes no connection: it hangs", path);
	else if (error)
		str_add(why, "the system bus (D-Bus) at %s cannot be reached: %s; is dbus running?", path,
			strerror(error));
	return error ? uv_translate_sys_error(error) : 0;
}

/* Sockets of this machine only: names of others would be resolved, and that waits. */
static int look_before(struct bus *b, const char *address, char *chosen, size_t chosen_size, struct str *why)
{
	DBusAddressEntry **entries = NULL;
	int n = 0, rc = UV_EINVAL;
	DBusError error;
	b->d->error_init(&error);
	if (!b->d->parse_address(address, &entries, &n, &error)) {
		str_add(why,
			"DBUS_SYSTEM_BUS_ADDRESS: found \"%.100s\", expected one such as "
			"unix:path=/run/dbus/system_bus_socket",
			address);
		b->d->error_free(&error);
		return UV_EINVAL;
	}
	for (int i = 0; i < n && rc != 0; i++) {
		const char *path = b->d->address_entry_get_value(entries[i], "path");
		const char *abstract = b->d->address_entry_get_value(entries[i], "abstract");
		struct str to;
		str_init(why, why->at, why->cap); /* of the last one */
		if (strcmp(b->d->address_entry_get_method(entries[i]), "unix") != 0 || (!path && !abstract)) {
			str_add(why,
				"DBUS_SYSTEM_BUS_ADDRESS: found \"%.100s\", expected a socket of this machine, "
				"unix:path=...",
				address);
			continue;
		}
		rc = look_at(path ? path : abstract, !path, why);
		char *escaped = b->d->address_escape_value(path ? path : abstract);
		str_init(&to, chosen, chosen_size);
		str_add(&to, "unix:%s=%s", path ? "path" : "abstract", escaped ? escaped : "");
		b->d->free(escaped);
	}
	b->d->address_entries_free(entries);
	return rc;
}

static void on_hello(void *user, DBusMessage *reply)
{
	struct bus *b = user;
	if (!b->d->connection_get_is_connected(b->connection))
		return; /* dispatch() says so */
	if (!reply || b->d->message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN) {
		lose(b, "the system bus (D-Bus) does not answer: is it hanging?");
		return;
	}
	b->up = true;
	b->callbacks.up(b->callbacks.user);
}

static void connect_bus(struct bus *b)
{
	const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	char text[256], chosen[512];
	struct str why;
	DBusError error;
	str_init(&why, text, sizeof text);
	if (look_before(b, address && *address ? address : WELL_KNOWN, chosen, sizeof chosen, &why) != 0) {
		lose(b, text);
		return;
	}
	b->d->error_init(&error);
	b->connection = b->d->connection_open_private(chosen, &error);
	if (!b->connection) {
		str_init(&why, text, sizeof text);
		str_add(&why, "the system bus (D-Bus) at %s cannot be reached: %s", chosen, error.message);
		b->d->error_free(&error);
		lose(b, text);
		return;
	}
	b->d->connection_set_max_received_size(b->connection, BUS_RECEIVED_MAX);
	b->d->connection_set_dispatch_status_function(b->connection, on_dispatch_status, b, NULL);
	if (!b->d->connection_set_watch_functions(b->connection, add_watch, remove_watch, toggled, b, NULL) ||
	    !b->d->connection_add_filter(b->connection, on_message, b, NULL) ||
	    bus_call(b, b->d->message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "Hello"),
		     BUS_HELLO_MS, on_hello, b) != 0)
		lose(b, "there is no memory for a connection to the system bus");
}

int bus_new(uv_loop_t *loop, const struct library *library, const struct bus_callbacks *callbacks, struct bus **out)
{
	struct bus *b = calloc(1, sizeof *b);
	if (!b)
		return UV_ENOMEM;
	b->loop = loop;
	b->d = library;
	b->callbacks = *callbacks;
	uv_timer_init(loop, &b->look);
	uv_timer_init(loop, &b->later);
	b->look.data = b->later.data = b;
	b->open_handles = 2;
	connect_bus(b);
	*out = b;
	return 0;
}

void bus_close(struct bus *b, void (*closed)(void *user), void *user)
{
	b->closing = true;
	b->closed = closed;
	b->closed_user = user;
	for (struct call *c = b->calls, *next; c; c = next) {
		next = c->next;
		b->d->pending_call_cancel(c->pending);
		b->d->pending_call_unref(c->pending);
		free(c);
	}
	b->calls = NULL;
	if (b->connection) {
		b->d->connection_close(b->connection); /* takes the watches away */
		b->d->connection_unref(b->connection);
		b->connection = NULL;
	}
	uv_close((uv_handle_t *)&b->look, on_handle_closed);
	uv_close((uv_handle_t *)&b->later, on_handle_closed);
}
