/* SPDX-License-Identifier: Apache-2.0 */
#include "link/backoff.h"

void backoff_init(struct backoff *b, uint64_t seed)
{
	*b = (struct backoff){.random = seed * 0x9E3779B97F4A7C15u | 1u};
}

void backoff_opened(struct backoff *b, uint64_t now_ms)
{
	b->open = true;
	b->opened_ms = now_ms;
}

static uint64_t jitter(struct backoff *b, uint32_t most)
{
	b->random ^= b->random << 13; /* xorshift64, Marsaglia 2003 */
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return (b->random >> 32) % (most + 1u);
}

uint64_t backoff_wait(struct backoff *b, uint64_t now_ms)
{
	if (b->open && now_ms >= b->opened_ms + BACKOFF_HELD_MS)
		b->next_ms = 0;
	b->open = false;
	uint32_t base = b->next_ms;
	if (base == 0)
		b->next_ms = BACKOFF_FIRST_MS;
	else
		b->next_ms = base < BACKOFF_LAST_MS / 2 ? base * 2 : BACKOFF_LAST_MS;
	return base == 0 ? 0 : base + jitter(b, base / 4);
}
