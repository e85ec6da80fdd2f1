/* SPDX-License-Identifier: Apache-2.0
 *
 * bluez - Bluetooth LE links over BlueZ's D-Bus API: the gateway's side, one for all devices. What is received goes
 * to the device's process over a pair of sockets (link/packets.h), and what that sends goes to the device. Nothing is
 * opened, and libdbus not loaded, before the first link is started. On the loop's thread; never blocks it.
 *
 * A link whose channels are characteristics connects, and follows them; one whose channels are service data listens
 * while its adapter scans, and never connects. It never pairs, and never switches an adapter on.
 */
#ifndef BLUEZ_BLUEZ_H
#define BLUEZ_BLUEZ_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "link/address.h"
#include "link/opener.h"

struct bluez;
struct bluez_link;

struct bluez_channel {
	const char *address; /* bluez/channel.h */
	bool incoming, outgoing;
};

struct bluez_link_config {
	const char *name; /* the device's, for the log; outlives the link */
	struct link_address address;
	const struct bluez_channel *channels; /* copied */
	size_t n_channels;
	const uint8_t *bind_key; /* 16 bytes, copied; NULL: none */
};

/* 0 or a negative UV_E* code. */
int bluez_new(uv_loop_t *loop, struct bluez **out);
/* When its links are closed. Frees; `closed` is called once. */
void bluez_close(struct bluez *bluez, void (*closed)(void *user), void *user);

/* UV_EINVAL: channels of both kinds, none, or one that is neither. */
int bluez_link_new(struct bluez *bluez, const struct bluez_link_config *config,
		   const struct opener_callbacks *callbacks, struct bluez_link **out);
/* As opener_start, with its back-off: `opened` is given the device process's end. Called while that is still open, as
 * when the process was started anew, it begins anew. */
void bluez_link_start(struct bluez_link *link);
/* Since it was made: messages that the device process did not read in time; advertisements that were refused. */
void bluez_link_counts(const struct bluez_link *link, uint64_t *dropped, uint64_t *refused);
/* Lets the device go and frees; `closed` is called once. */
void bluez_link_close(struct bluez_link *link, void (*closed)(void *user), void *user);

#endif
