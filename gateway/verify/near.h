/* SPDX-License-Identifier: Apache-2.0
 * Which rules of a control look at the same metrics. A proof from a few rules is a proof from all of them, so where a
 * control has many, questions that need many steps are asked of those near the matter. */
#ifndef VERIFY_NEAR_H
#define VERIFY_NEAR_H

#include "verify/monitor.h"

struct near {
	const struct core *core;
	uint32_t *at, *metrics;    /* of rule r: metrics[at[r]] to metrics[at[r + 1]] */
	uint32_t *seen_at, *rules; /* of metric m: the rules that look at it */
	bool *taken;               /* by rule, while gathering */
};

/* -1: no memory. Release in both cases. */
int near_init(struct near *near, const struct core *core);
void near_release(struct near *near);
/* Writes rules that govern the control to `out`, `max` at most: `rule` itself if it does, then those that look at one
 * of its metrics, then those that look at one of theirs, and so on for `hops`. Returns how many. */
uint32_t near_rules(struct near *near, uint32_t control, uint32_t rule, unsigned hops, uint32_t *out, uint32_t max);

#endif
