/* SPDX-License-Identifier: Apache-2.0
 *
 * device_process - what a device process does for one device: joins the pure device machine to its wire, its plugin and
 * its link, and decides nothing itself. The process around it, which may have several of these, is device_host.h. On
 * the loop's thread; only device_process_open is called on the one that loads plugins, which the loop waits for.
 */
#ifndef DEVICE_PROCESS_H
#define DEVICE_PROCESS_H

#include <stdbool.h>
#include <uv.h>

#include "confinement.h"
#include "to_gateway.h"

struct device_process;

struct device_process_callbacks {
	void *user;
	/* Its set-up is there, or will never come: called once. */
	void (*set_up)(void *user);
	/* It is over with this device, and all that it had open is closing; `failed`: other than as it was asked to.
	 * Called once, never from within device_process_new. */
	void (*left)(void *user, bool failed);
	/* It waits for a program, within bounds. */
	void (*waiting)(void *user);
};

/* `fd` is its end of the wire, its own from now on; `batch` outlives it. 0 or a negative UV_E* code. */
int device_process_new(uv_loop_t *loop, int fd, struct to_gateway_batch *batch,
		       const struct device_process_callbacks *callbacks, struct device_process **out);

/* Once every device of the process is set up, for each: what it needs of the sandbox that is to come. Starts its
 * program, if it has one. False: there is nothing to load (any more). */
bool device_process_begin(struct device_process *process, struct confinement_device *out);
/* Within the sandbox: reads the plugin's table, and calls none of its functions. */
void device_process_open(struct device_process *process);
/* Makes the machine and describes the device. `why` NULL, or why the sandbox is not whole: then it fails. */
void device_process_start(struct device_process *process, const char *why);

/* Every second or so. */
void device_process_tick(struct device_process *process);
/* After the loop has ended. */
void device_process_free(struct device_process *process);

#endif
