/* SPDX-License-Identifier: Apache-2.0
 * What every part of the simulator shares: the loop, chance, where files go, and where events are told. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <uv.h>

#include "sim/rng.h"

struct world {
	uv_loop_t *loop;
	const char *dir;
	struct rng rng;
	/* Tells one JSON object without newline to whoever subscribed. */
	void (*tell)(void *user, const char *json);
	void *tell_user;
};

/* printf for tell. */
void world_tell(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
