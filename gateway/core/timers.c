/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timers.h"

#include <assert.h>
#include <stdlib.h>

int timers_init(struct timers *timers, size_t cap)
{
	*timers = (struct timers){0};
	if (cap >= UINT32_MAX)
		return -1;
	timers->heap = calloc(cap + 1, sizeof(struct timer *));
	if (!timers->heap)
		return -1;
	timers->cap = (uint32_t)cap;
	return 0;
}

void timers_release(struct timers *timers)
{
	free(timers->heap);
	*timers = (struct timers){0};
}

static void place(struct timers *timers, uint32_t slot, struct timer *timer)
{
	timers->heap[slot] = timer;
	timer->slot = slot;
}

static void rise(struct timers *timers, struct timer *timer)
{
	uint32_t slot = timer->slot;
	while (slot > 1 && timers->heap[slot / 2]->at > timer->at) {
		place(timers, slot, timers->heap[slot / 2]);
		slot /= 2;
	}
	place(timers, slot, timer);
}

static void sink(struct timers *timers, struct timer *timer)
{
	uint32_t slot = timer->slot;
	for (;;) {
		uint32_t child = slot * 2;
		if (child > timers->n)
			break;
		if (child < timers->n && timers->heap[child + 1]->at < timers->heap[child]->at)
			child++;
		if (timers->heap[child]->at >= timer->at)
			break;
		place(timers, slot, timers->heap[child]);
		slot = child;
	}
	place(timers, slot, timer);
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t at)
{
	timer->at = at;
	if (timer->slot == 0) {
		assert(timers->n < timers->cap);
		place(timers, ++timers->n, timer);
	}
	rise(timers, timer);
	sink(timers, timer);
}

void timers_stop(struct timers *timers, struct timer *timer)
{
	uint32_t slot = timer->slot;
	if (slot == 0)
		return;
	timer->slot = 0;
	struct timer *last = timers->heap[timers->n--];
	if (last == timer)
		return;
	place(timers, slot, last);
	rise(timers, last);
	sink(timers, last);
}

struct timer *timers_first(const struct timers *timers)
{
	return timers->n ? timers->heap[1] : NULL;
}
