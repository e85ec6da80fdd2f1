/* SPDX-License-Identifier: Apache-2.0
 *
 * bus - one private connection to the system bus, on the loop. Nothing waits: the socket is looked at before libdbus
 * connects to it, "Hello" is a message like others, and what arrives is handed on in turns of the loop. A bus lives for
 * one connection: when it is lost the owner closes it and makes another. On the loop's thread.
 */
#ifndef BLUEZ_BUS_H
#define BLUEZ_BUS_H

#include <uv.h>

#include "bluez/library.h"

#define BUS_PER_TURN     32u          /* messages handed on in a turn of the loop */
#define BUS_OUTGOING_MAX 65536        /* bytes that may wait to be sent: the bus does not read */
#define BUS_RECEIVED_MAX (512 * 1024) /* bytes that may wait to be handed on; the rest waits in the bus */
#define BUS_HELLO_MS     5000u

struct bus_callbacks {
	void *user;
	void (*up)(void *user);
	void (*signal)(void *user, DBusMessage *message);
	/* Once, also instead of `up`. One sentence with what to do. Never from inside another call. */
	void (*lost)(void *user, const char *why);
};

/* `reply` is a method's return or an error; NULL: none came in time, or the bus was lost. The callee does not keep it.
 */
typedef void (*bus_reply)(void *user, DBusMessage *reply);

struct bus;

/* Begins to connect, to $DBUS_SYSTEM_BUS_ADDRESS or the well-known socket. 0 or a negative UV_E* code. */
int bus_new(uv_loop_t *loop, const struct library *library, const struct bus_callbacks *callbacks, struct bus **out);
/* Sends `message`, which is given up, and calls `reply` once, unless the call is forgotten; NULL: no answer is wanted.
 * UV_ENOBUFS: too much waits to be sent already. UV_ENOTCONN: it is not connected. In both cases nothing is called. */
int bus_call(struct bus *bus, DBusMessage *message, uint32_t timeout_ms, bus_reply reply, void *user);
/* No reply to `user` any more. */
void bus_forget(struct bus *bus, const void *user);
/* Closes and frees; then `closed` is called once. No other callback from now on. */
void bus_close(struct bus *bus, void (*closed)(void *user), void *user);

#endif
