/* SPDX-License-Identifier: Apache-2.0
 *
 * pool - readings that wait, in bounded memory that is taken at start. Each is in one lane, in order, and remembers its
 * place among all, so that the oldest of all can give way. Of each lane the first `sent` were handed on and wait to be
 * let go or taken back. Pure.
 */
#ifndef MQTT_POOL_H
#define MQTT_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_NONE UINT32_MAX

struct pool_reading {
	uint64_t sequence, stamp_ms;
	double value;
	uint32_t generation;
	uint16_t metric;
	uint8_t quality;
};

struct pool_lane {
	uint32_t first, last;
	uint32_t at; /* the first that was not sent; POOL_NONE: all were */
	size_t n, sent;
};

struct pool;

/* Room for so many readings. 0 or UV_ENOMEM. */
int pool_new(size_t readings, size_t lanes, struct pool **out);
void pool_free(struct pool *pool);
const struct pool_lane *pool_lane(const struct pool *pool, size_t lane);
size_t pool_used(const struct pool *pool);
/* There must be room. */
void pool_push(struct pool *pool, size_t lane, const struct pool_reading *reading);
size_t pool_room(const struct pool *pool);
/* The lane whose first reading is the oldest of all; the pool is not empty. */
size_t pool_oldest(const struct pool *pool);
/* The lane's first reading is let go. There is one. */
void pool_pop(struct pool *pool, size_t lane);
/* `at`: of pool_lane or of pool_next. */
const struct pool_reading *pool_get(const struct pool *pool, uint32_t at);
uint32_t pool_next(const struct pool *pool, uint32_t at);
/* The next `n` that were not sent are sent. */
void pool_sent(struct pool *pool, size_t lane, size_t n);
/* What was sent was not. */
void pool_take_back(struct pool *pool, size_t lane);
/* All of `from` goes to the end of `to`. Of neither anything is sent. */
void pool_move(struct pool *pool, size_t from, size_t to);

#endif
