/* SPDX-License-Identifier: Apache-2.0
 * The core's deadlines: a binary heap of timers that live inside what they belong to. Its room is fixed at start. */
#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timer_kind { TIMER_NODE, TIMER_RULE, TIMER_CONTROL, TIMER_DERIVED, TIMER_OBEY, TIMER_PARKED, TIMER_AUDIO };

struct timer {
	uint64_t at;    /* ms */
	uint32_t slot;  /* place in the heap from 1; 0: not running */
	uint32_t index; /* which node, rule, control, derived metric, control or device; AUDIO: 0 */
	enum timer_kind kind;
};

struct timers {
	struct timer **heap; /* heap[0] is not used */
	uint32_t n, cap;
};

/* Room for `cap` timers. 0, or -1 without memory. */
int timers_init(struct timers *timers, size_t cap);
void timers_release(struct timers *timers);
/* Starts the timer or moves it. There is room for every timer of the core, so this cannot fail. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t at);
void timers_stop(struct timers *timers, struct timer *timer);
/* The earliest, or NULL. */
struct timer *timers_first(const struct timers *timers);

/* a + b, or the last millisecond there is. */
static inline uint64_t timers_after(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* A moment that may lie before 0, as one that the memory of an earlier boot tells does, plus a time. */
static inline uint64_t timers_since(int64_t moment, uint64_t ms)
{
	int64_t at = moment + (int64_t)ms;
	return at > 0 ? (uint64_t)at : 0;
}

#endif
