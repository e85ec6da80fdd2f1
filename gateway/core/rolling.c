/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rolling.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS   3600000u
#define MINUTE_MS 60000u

int rolling_init(struct rolling *r, uint64_t within_ms, uint64_t now_ms)
{
	*r = (struct rolling){0};
	/* a 24th of the window, so that a short one is not blurred by more than that */
	r->bucket_ms = within_ms / 24 > HOUR_MS ? HOUR_MS : within_ms / 24 < MINUTE_MS ? MINUTE_MS : within_ms / 24;
	uint64_t n = (within_ms + r->bucket_ms - 1) / r->bucket_ms + 1;
	if (n > 24 * 366)
		return -1;
	r->buckets = calloc((size_t)n, sizeof *r->buckets);
	if (!r->buckets)
		return -1;
	r->n = (uint32_t)n;
	r->head = now_ms / r->bucket_ms;
	return 0;
}

void rolling_release(struct rolling *r)
{
	free(r->buckets);
	*r = (struct rolling){0};
}

static void advance(struct rolling *r, uint64_t now_ms)
{
	uint64_t head = now_ms / r->bucket_ms;
	if (head <= r->head)
		return;
	uint64_t by = head - r->head;
	uint32_t gone = by < r->n ? (uint32_t)by : r->n;
	memmove(r->buckets + gone, r->buckets, (size_t)(r->n - gone) * sizeof *r->buckets);
	for (uint32_t i = 0; i < gone; i++)
		r->buckets[i] = 0;
	r->head = head;
}

void rolling_add(struct rolling *r, uint64_t now_ms, double amount)
{
	advance(r, now_ms);
	r->buckets[0] += amount;
}

void rolling_put(struct rolling *r, uint64_t now_ms, uint64_t age_ms, double amount)
{
	advance(r, now_ms);
	uint64_t into = now_ms % r->bucket_ms; /* the newest bucket began so long ago */
	/* a bucket that began within one of ours may end in the next: the later one forgets it later */
	uint64_t at = age_ms <= into ? 0 : (age_ms - into) / r->bucket_ms;
	if (at < r->n)
		r->buckets[at] += amount;
}

double rolling_sum(struct rolling *r, uint64_t now_ms)
{
	advance(r, now_ms);
	double sum = 0;
	for (uint32_t i = 0; i < r->n; i++)
		sum += r->buckets[i];
	return sum;
}

uint64_t rolling_next(const struct rolling *r)
{
	for (uint32_t i = r->n; i-- > 0;)
		if (r->buckets[i] > 0)
			return (r->head + r->n - i) * r->bucket_ms;
	return UINT64_MAX;
}

void moments_add(struct moments *m, int64_t at_ms, uint32_t count)
{
	if (m->n == MOMENTS) {
		m->count[1] += m->count[0];
		m->n--;
		memmove(m->at_ms, m->at_ms + 1, m->n * sizeof *m->at_ms);
		memmove(m->count, m->count + 1, m->n * sizeof *m->count);
	}
	uint32_t at = m->n++;
	for (; at > 0 && m->at_ms[at - 1] > at_ms; at--) {
		m->at_ms[at] = m->at_ms[at - 1];
		m->count[at] = m->count[at - 1];
	}
	m->at_ms[at] = at_ms;
	m->count[at] = count;
}

uint32_t moments_count(struct moments *m, uint64_t now_ms)
{
	uint32_t gone = 0, count = 0;
	while (gone < m->n && m->at_ms[gone] + (int64_t)m->within_ms <= (int64_t)now_ms)
		gone++;
	m->n -= gone;
	memmove(m->at_ms, m->at_ms + gone, m->n * sizeof *m->at_ms);
	memmove(m->count, m->count + gone, m->n * sizeof *m->count);
	for (uint32_t i = 0; i < m->n; i++)
		count += m->count[i];
	return count;
}

uint64_t moments_next(const struct moments *m)
{
	if (m->n == 0)
		return UINT64_MAX;
	int64_t at = m->at_ms[0] + (int64_t)m->within_ms;
	return at > 0 ? (uint64_t)at : 0;
}
