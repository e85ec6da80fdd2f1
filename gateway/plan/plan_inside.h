/* SPDX-License-Identifier: Apache-2.0
 * The parts of plan_check. Only plan.c and its parts include this. */
#ifndef PLAN_PLAN_INSIDE_H
#define PLAN_PLAN_INSIDE_H

#include "plan/plan.h"

#define PLAN_NEAR 1e-9 /* 0.25 + 0.05 is not 0.3 */

/* A fault at `line` of the plan: plan "x": step 2: ... */
#define plan_fault(plan, s, line, faults, format, ...)                                                                 \
	faults_add(faults, (plan)->file, line, "plan \"%s\": step %zu: " format, (plan)->id, (s) + 1, __VA_ARGS__)

/* One item by itself: what it needs, what means nothing to it, and its bounds. */
void plan_check_item(const struct plan *plan, size_t step, const struct plan_item *item, struct faults *faults);
/* How it begins, and how it rises from step to step. */
void plan_check_rise(const struct plan *plan, struct faults *faults);

#endif
