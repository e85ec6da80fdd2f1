/* SPDX-License-Identifier: Apache-2.0
 *
 * inside - what history.c (the queue) and calls.c (what is put into it) share, and what the tests turn.
 */
#ifndef HISTORY_INSIDE_H
#define HISTORY_INSIDE_H

#include "history/history.h"
#include "history/job.h"

struct history_options {
	uint64_t retry_ms;
	struct schema_ladder ladder;
	struct shim_hook hook;
};

/* As history_open, with other than the usual options. */
int history_open_with(uv_loop_t *loop, const char *path, const struct history_callbacks *callbacks,
		      const struct history_options *options, struct history **out);
/* Takes the job, in any case. 0, UV_ENOBUFS or UV_ECANCELED (it is being closed); a NULL job is UV_ENOMEM. */
int history_enqueue(struct history *history, struct job *job);
/* The last that waits; NULL: none does. */
struct job *history_newest(const struct history *history);

#endif
