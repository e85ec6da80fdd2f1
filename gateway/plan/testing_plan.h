/* SPDX-License-Identifier: Apache-2.0
 * Plans that tests begin with, in memory of their own that they may spoil. Test files only. */
#ifndef PLAN_TESTING_PLAN_H
#define PLAN_TESTING_PLAN_H

#include "plan/plan.h"

#define TEST_STEPS 10

struct test_plan {
	struct plan plan;
	struct plan_step steps[TEST_STEPS];
	struct plan_item items[TEST_STEPS][PLAN_ITEMS_MAX];
};

/* Both are of plan.cfg, step s in line 10 s with its items behind it. */

/* Ten weeks from 20 deg to 65 deg, 2 min each, twice a day. */
void test_plan_inversion(struct test_plan *t);
/* Three steps: stretching, heat, a gap of 10 min, traction of 20, 25 and 30 % three times a week; three sessions each.
 */
void test_plan_heat_first(struct test_plan *t);

#endif
