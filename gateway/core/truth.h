/* SPDX-License-Identifier: Apache-2.0
 * What is known of a condition. Kleene's logic with two ways of not knowing: UNKNOWN (absent, stale) and ERROR
 * (implausible). Only TRUE permits. Pure. */
#ifndef CORE_TRUTH_H
#define CORE_TRUTH_H

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_ERROR };
enum { TRUTH_COUNT_ = TRUTH_ERROR + 1 };

static inline enum truth truth_not(enum truth a)
{
	return a == TRUTH_FALSE ? TRUTH_TRUE : a == TRUTH_TRUE ? TRUTH_FALSE : a;
}

/* A known FALSE wins, then ERROR over UNKNOWN. */
static inline enum truth truth_and(enum truth a, enum truth b)
{
	if (a == TRUTH_FALSE || b == TRUTH_FALSE)
		return TRUTH_FALSE;
	return a == TRUTH_TRUE ? b : b == TRUTH_TRUE ? a : a > b ? a : b;
}

/* A known TRUE wins, then ERROR over UNKNOWN. */
static inline enum truth truth_or(enum truth a, enum truth b)
{
	return truth_not(truth_and(truth_not(a), truth_not(b)));
}

#endif
