/* SPDX-License-Identifier: Apache-2.0
 * The one place where a device process gives up what sandbox.h says, for the links that its set-ups name. Part of the
 * wiring of a device process; on its loop's thread, while that is the only one. */
#ifndef CONFINEMENT_H
#define CONFINEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"
#include "link/address.h"
#include "therapy/v1/wire.pb-c.h"

/* One of the devices of the process. */
struct confinement_device {
	const Therapy__V1__Setup *setup;
	enum link_kind link;
	pid_t program; /* the process that is its plugin, which may still be ended; 0: none. Only of a device that is
			  alone in its process */
};

/* Gives up what loading does not need for any of the `n` devices, calls `load` once, which makes the plugins' tables
 * known and runs none of their functions, and gives up the rest. With a device of MQTT among them `load` is called on a
 * thread of its own, and waited for. All of MQTT have one account. False, and sentences in `why`: then no function of a
 * plugin may be called. Once per process. */
bool confinement_load(const struct confinement_device *devices, size_t n, void (*load)(void *user), void *user,
		      struct str *why);

#endif
