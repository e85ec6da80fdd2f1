/* SPDX-License-Identifier: Apache-2.0
 * Opens a device's link in the gateway's process, again and again until it could, and says what fails: each cause once,
 * for a device that is off for a week must fill no disk. Caller's memory; on the loop's thread. */
#ifndef SUPERVISOR_LINK_KEEPER_H
#define SUPERVISOR_LINK_KEEPER_H

#include <stdbool.h>
#include <uv.h>

#include "link/address.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/status.pb-c.h"

struct opener;
struct bluez;
struct bluez_link;

struct link_keeper {
	uv_loop_t *loop;
	const char *name; /* of the device, for the log */
	const struct link_address *address;
	struct bluez *bluez;     /* of ble: links; else not used */
	const uint8_t *bind_key; /* of ble: links; NULL: none */
	void *user;
	void (*opened)(void *user, int fd); /* the descriptor is the callee's */
	/* its own */
	struct opener *opener;
	struct bluez_link *radio;
	char why[256];   /* why it could not be opened the last time, */
	unsigned failed; /* and how often since it last could */
};

/* `opened` will be called once for it. What the device says of itself has what the address does not: baud, channels. */
void link_keeper_start(struct link_keeper *keeper, const Therapy__V1__DeviceDescription *said);
/* Adds what it knows of a link that this process keeps. */
void link_keeper_count(const struct link_keeper *keeper, Therapy__V1__DeviceCounters *out);
/* True: `closed` will be called once. False: there is nothing to close. */
bool link_keeper_close(struct link_keeper *keeper, void (*closed)(void *user), void *user);

#endif
