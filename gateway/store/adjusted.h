/* SPDX-License-Identifier: Apache-2.0
 *
 * adjusted - option values that calibrations and tares found, in the file `adjusted` of the state directory: read once
 * at start, written as a whole by a worker thread, and known here only once that is done. They belong to a plugin, a
 * model and a link, as the configuration names them. A file that is damaged, of another gateway or from a later
 * version is no calibration; unlike the state file it has no copy before it, which could be that of another mounting.
 * On the loop's thread. */
#ifndef STORE_ADJUSTED_H
#define STORE_ADJUSTED_H

#include <uv.h>

#include "therapy/v1/memory.pb-c.h"

#define ADJUSTED_OPTIONS_MAX 4u /* of one device */

struct adjusted_key {
	const char *plugin, *model, *link;
};

enum adjusted_found { ADJUSTED_NONE, ADJUSTED_READ, ADJUSTED_DAMAGED };

struct adjusted;

/* Reads. Blocks: start-up only. `directory` NULL: nothing is kept, and nothing can be. 0, or UV_ENOMEM. */
int adjusted_new(uv_loop_t *loop, const char *directory, const char *gateway_id, struct adjusted **out,
		 enum adjusted_found *found);
/* After the loop has ended. */
void adjusted_free(struct adjusted *adjusted);

/* What is on the disk for it; NULL: nothing. Valid until the next `done`. */
const Therapy__V1__AdjustedDevice *adjusted_find(const struct adjusted *adjusted, const struct adjusted_key *key);

/* Writes `options` for it in place of what was, or with none of them forgets it. All is copied. `done` is called from
 * the loop, once: 0, and adjusted_find has it, or the disk's error, and all is as it was. Returns 0; UV_EBUSY: another
 * is being written; UV_ENOENT: there is no directory; UV_ENOMEM. */
int adjusted_put(struct adjusted *adjusted, const struct adjusted_key *key, Therapy__V1__OptionValue *const *options,
		 size_t n_options, int64_t wall_unix_ms, void *user, void (*done)(void *user, int error));

#endif
