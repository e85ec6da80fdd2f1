/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/timeliness.h"

void timeliness_up(struct timeliness *t)
{
	*t = (struct timeliness){.up = true};
}

void timeliness_down(struct timeliness *t)
{
	*t = (struct timeliness){0};
}

bool timeliness_due(const struct timeliness *t, uint64_t now_ms)
{
	if (!t->up || t->outstanding)
		return false;
	return t->sent_ms == 0 || now_ms - t->sent_ms >= TIMELINESS_PING_MS;
}

void timeliness_sent(struct timeliness *t, uint64_t now_ms, uint64_t nonce)
{
	t->outstanding = true;
	t->sent_ms = now_ms;
	t->nonce = nonce;
}

void timeliness_returned(struct timeliness *t, uint64_t now_ms, uint64_t nonce)
{
	if (!t->outstanding || nonce != t->nonce)
		return;
	t->outstanding = false;
	t->proved = true;
	t->round_trip_ms = (int64_t)(now_ms - t->sent_ms);
}

int64_t timeliness_round_trip(const struct timeliness *t)
{
	return t->proved ? t->round_trip_ms : -1;
}

bool timeliness_holds(const struct timeliness *t, uint64_t arrived_ms, uint64_t now_ms)
{
	if (!t->up || !t->proved)
		return false;
	if (now_ms > arrived_ms && now_ms - arrived_ms > TIMELINESS_PING_MS)
		return false; /* it waited in this process: we are the late ones */
	/* The next ping may be overdue because this process stood still; that counts like one that does not return. */
	uint64_t allowed = t->outstanding ? TIMELINESS_PING_MS : 2 * TIMELINESS_PING_MS;
	return arrived_ms <= t->sent_ms || arrived_ms - t->sent_ms <= allowed;
}
