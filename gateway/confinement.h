/* SPDX-License-Identifier: Apache-2.0
 * The one place where a device process gives up what sandbox.h says, for the link that its set-up names. Part of the
 * wiring of a device process; on its loop's thread, while that is the only one. */
#ifndef CONFINEMENT_H
#define CONFINEMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"
#include "link/address.h"
#include "therapy/v1/wire.pb-c.h"

/* Gives up what loading does not need, calls `load`, which makes the plugin's table known and runs none of its
 * functions, and gives up the rest. For a device of MQTT `load` is called on a thread of its own, and waited for.
 * `program`: the process that is its plugin, which it may still end; 0: none. False, and sentences in `why`: then no
 * function of the plugin may be called. Once per process. */
bool confinement_load(const Therapy__V1__Setup *setup, enum link_kind link, pid_t program,
		      bool (*load)(void *user, struct str *why), void *user, struct str *why);

#endif
