/* SPDX-License-Identifier: Apache-2.0
 * What adds up over a day or a week, looked back at from now: a sum in buckets of at most an hour, and moments one by
 * one. Both are conservative: what may still be within the window counts. Memory is given once; times are milliseconds
 * and may lie before 0 (before the machine was started). Pure. */
#ifndef CORE_ROLLING_H
#define CORE_ROLLING_H

#include <stdbool.h>
#include <stdint.h>

/* A sum over the last `within_ms`. A bucket counts until all of it has left the window: an amount is never forgotten
 * early, and at most one bucket late. */
struct rolling {
	double *buckets; /* [0] is the newest */
	uint32_t n;
	uint64_t bucket_ms;
	uint64_t head; /* which bucket since 0 is the newest */
};

/* 0, or -1 without memory. */
int rolling_init(struct rolling *r, uint64_t within_ms, uint64_t now_ms);
void rolling_release(struct rolling *r);
/* An amount that has come about until now. */
void rolling_add(struct rolling *r, uint64_t now_ms, double amount);
/* Puts back what is known from before: an amount whose bucket began `age_ms` ago. */
void rolling_put(struct rolling *r, uint64_t now_ms, uint64_t age_ms, double amount);
double rolling_sum(struct rolling *r, uint64_t now_ms);
/* When the sum next falls by itself; UINT64_MAX: never. */
uint64_t rolling_next(const struct rolling *r);

#define MOMENTS 32u

/* How many moments lie within the last `within_ms`. When there is no room, the two oldest become one at the later of
 * their times, counted as both. */
struct moments {
	int64_t at_ms[MOMENTS]; /* oldest first */
	uint32_t count[MOMENTS];
	uint32_t n;
	uint64_t within_ms;
};

void moments_add(struct moments *m, int64_t at_ms, uint32_t count);
/* Forgets what has left the window, and counts the rest. */
uint32_t moments_count(struct moments *m, uint64_t now_ms);
/* When the count next falls; UINT64_MAX: never. */
uint64_t moments_next(const struct moments *m);

#endif
