/* SPDX-License-Identifier: Apache-2.0
 * Calendar weeks, from Monday; day 0, 1970-01-01, was a Thursday. Days from 0 on. Pure. */
#ifndef PLAN_WEEK_H
#define PLAN_WEEK_H

#include <stdint.h>

static inline int64_t week_of(int64_t day)
{
	return (day + 3) / 7;
}

/* Its Monday. */
static inline int64_t week_begins(int64_t day)
{
	return week_of(day) * 7 - 3;
}

#endif
