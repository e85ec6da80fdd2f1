/* SPDX-License-Identifier: Apache-2.0
 *
 * opener - the gateway's side of byte links: opens a serial port, connects a TCP stream or opens a recording, gives the
 * descriptor away, and tries again with back-off and jitter while asked to. On the loop's thread; never blocks it (TCP
 * names are resolved by uv_getaddrinfo).
 *
 * Serial: raw termios, 8N1, exclusive (TIOCEXCL and flock), O_NONBLOCK | O_NOCTTY | O_CLOEXEC. TCP: numeric connect,
 * TCP_NODELAY, keep-alive. Back-off: 100 ms doubling to 10 s, each plus 0 to 25 % jitter, so that many devices do not
 * come at once.
 */
#ifndef LINK_OPENER_H
#define LINK_OPENER_H

#include <uv.h>

#include "link/address.h"

struct opener_callbacks {
	void *user;
	/* The link is open; the callee owns `fd` (non-blocking, close-on-exec). */
	void (*opened)(void *user, int fd);
	/* An attempt failed; another follows in `retry_ms`. `why` is one sentence with what to do. */
	void (*failed)(void *user, const char *why, uint64_t retry_ms);
};

struct opener;

/* `baud` is used where the address has none. Not for LINK_MQTT and LINK_BLE (UV_EINVAL). 0 or a negative UV_E* code. */
int opener_new(uv_loop_t *loop, const struct link_address *address, uint32_t baud,
	       const struct opener_callbacks *callbacks, struct opener **out);
/* Begins an attempt now (first call) or after the back-off that is due (called again after the link was lost). A link
 * that held for 10 s resets the back-off. Does nothing while an attempt is under way. */
void opener_start(struct opener *opener);
/* Stops and frees; `closed` is called once when the last handle is closed. */
void opener_close(struct opener *opener, void (*closed)(void *user), void *user);

#endif
