/* SPDX-License-Identifier: Apache-2.0 */
#include "link/kept.h"

#include <string.h>

static bool same(const struct kept_payload *a, const struct kept_payload *b)
{
	size_t size = a->size < KEPT_SIZE ? a->size : KEPT_SIZE;
	return a->size == b->size && (size == 0 || memcmp(a->bytes, b->bytes, size) == 0);
}

void kept_up(struct kept *k, uint64_t now_ms)
{
	k->fresh = false;
	k->settling = true;
	k->settle_ms = now_ms + KEPT_SETTLE_MS;
}

void kept_down(struct kept *k)
{
	k->fresh = k->settling = k->clearing = false;
}

void kept_came(struct kept *k, const void *bytes, size_t size)
{
	k->now = (struct kept_payload){.size = size};
	if (size > 0)
		memcpy(k->now.bytes, bytes, size < KEPT_SIZE ? size : KEPT_SIZE);
	k->known = k->fresh = true;
	k->settling = k->cleared = false;
}

void kept_cleared(struct kept *k, bool ok)
{
	if (!k->clearing)
		return; /* of an earlier connection */
	k->clearing = false;
	if (!ok)
		return;
	k->now.size = 0;
	k->cleared = true;
}

static bool untold(const struct kept *k)
{
	return k->known && k->now.size > 0 && !(k->said && same(&k->now, &k->told));
}

static bool unwanted(const struct kept *k, bool may_clear)
{
	return may_clear && k->fresh && k->now.size > 0 && !k->clearing;
}

struct kept_step kept_step(struct kept *k, uint64_t now_ms, bool may_clear)
{
	struct kept_step out = {.tell = KEPT_NO_NEWS};
	if (k->settling && now_ms >= k->settle_ms) {
		k->settling = false;
		k->known = true;
		k->now.size = 0;
	}
	if (k->known && k->now.size == 0 && !(k->said && k->told.size == 0)) {
		out.tell = k->cleared ? KEPT_CLEARED : KEPT_NONE;
		k->said = true;
		k->told.size = 0;
	} else if (untold(k) && (!k->has_told || now_ms >= k->told_ms + KEPT_PAUSE_MS)) {
		out.tell = KEPT_APPEARED;
		k->said = k->has_told = true;
		k->told = k->now;
		k->told_ms = now_ms;
	}
	if (unwanted(k, may_clear) && (!k->has_cleared || now_ms >= k->cleared_ms + KEPT_PAUSE_MS)) {
		out.clear = k->clearing = k->has_cleared = true;
		k->cleared_ms = now_ms;
	}
	return out;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t kept_deadline(const struct kept *k, bool may_clear)
{
	uint64_t at = UINT64_MAX;
	if (k->settling)
		at = earlier(at, k->settle_ms);
	if (untold(k))
		at = earlier(at, k->has_told ? k->told_ms + KEPT_PAUSE_MS : 0);
	if (unwanted(k, may_clear))
		at = earlier(at, k->has_cleared ? k->cleared_ms + KEPT_PAUSE_MS : 0);
	return at;
}
