/* SPDX-License-Identifier: Apache-2.0
 * Between the core and the state file: reads at start and tells the core how long the gateway was off, writes when the
 * core says that something changed, and tells it when that is on the disk. How often is bounded, for flash (README.md
 * of store/). Used by gateway.c alone; on the loop's thread. */
#ifndef MEMORY_KEEPER_H
#define MEMORY_KEEPER_H

#include <uv.h>

#include "config/config.h"
#include "core/core.h"
#include "therapy/v1/memory.pb-c.h"

struct memory_keeper;

struct memory_keeper_callbacks {
	void *user;
	void (*remembered)(void *user, uint64_t revision, bool ok); /* to be fed as CORE_IN_REMEMBERED */
	void (*closed)(void *user);
	/* What else is remembered, that is none of the core's; may be NULL. */
	void (*found)(void *user, const Therapy__V1__Memory *memory, bool lost); /* at the start; NULL: nothing */
	void (*put)(void *user, Therapy__V1__Memory *head); /* what it puts there stays valid until the next call */
	void (*written)(void *user);                        /* all that was put so far is on disk */
};

/* Where this gateway's state is: `state_dir` of the configuration, else $STATE_DIRECTORY, else for root
 * /var/lib/therapy-gateway, else $XDG_STATE_HOME or ~/.local/state with /therapy-gateway; in it a directory of the
 * gateway's id. False: it does not fit, or there is no home. */
bool memory_keeper_place(const struct config *config, char *out, size_t cap);

/* Takes the directory, reads the file and hands it to the core, which has just been made. 0 or a negative UV_E* code.
 * UV_EBUSY: another gateway has the directory, which was logged. */
int memory_keeper_new(uv_loop_t *loop, const struct config *config, struct core *core,
		      const struct memory_keeper_callbacks *callbacks, struct memory_keeper **out);
/* CORE_OUT_REMEMBER. Call it after the step whose output it is. */
void memory_keeper_changed(struct memory_keeper *keeper, const struct core_output *output);
/* What is not the core's has changed: written at once. */
void memory_keeper_write(struct memory_keeper *keeper);
/* Another core takes the place of the one before, and knows what that one did. Written at once; what comes back of
 * writes for the old one is not told to the new one. */
void memory_keeper_core(struct memory_keeper *keeper, struct core *core);
/* Writes a last time, marked as clean, then calls `closed` and frees. */
void memory_keeper_close(struct memory_keeper *keeper);

#endif
