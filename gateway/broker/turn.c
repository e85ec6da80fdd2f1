/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/turn.h"

#include <stddef.h>

static struct {
	struct turn *holder, *first;
} turns;

bool turn_take(struct turn *t)
{
	if (t->has || t->waits)
		return t->has;
	if (!turns.holder) {
		turns.holder = t;
		t->has = true;
		return true;
	}
	struct turn **end = &turns.first;
	while (*end)
		end = &(*end)->next;
	*end = t;
	t->next = NULL;
	t->waits = true;
	return false;
}

static void remove_waiting(const struct turn *t)
{
	for (struct turn **at = &turns.first; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			return;
		}
}

void turn_give(struct turn *t)
{
	if (t->waits) {
		remove_waiting(t);
		t->waits = false;
	}
	if (!t->has)
		return;
	t->has = false;
	struct turn *next = turns.holder = turns.first;
	if (!next)
		return;
	turns.first = next->next;
	next->waits = false;
	next->has = true;
	next->granted(next->user);
}
