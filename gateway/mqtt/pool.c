/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/pool.h"

#include <stdlib.h>
#include <uv.h>

struct node {
	struct pool_reading reading;
	uint32_t next;         /* of its lane, or free */
	uint32_t older, newer; /* of all */
	uint32_t lane;
};

struct pool {
	struct node *nodes;
	size_t size;
	uint32_t n_taken; /* nodes that were ever taken; the others are as calloc left them */
	uint32_t free, oldest, newest;
	size_t used;
	struct pool_lane *lanes;
};

int pool_new(size_t readings, size_t lanes, struct pool **out)
{
	if (readings == 0 || readings >= POOL_NONE)
		return UV_ENOMEM;
	struct pool *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	/* calloc leaves pages untouched until used: nodes are taken from the start, and given back last in, first out,
	 * so that a pool that never fills costs next to nothing */
	p->nodes = calloc(readings, sizeof *p->nodes);
	p->lanes = calloc(lanes + 1, sizeof *p->lanes);
	if (!p->nodes || !p->lanes) {
		pool_free(p);
		return UV_ENOMEM;
	}
	p->size = readings;
	p->free = p->oldest = p->newest = POOL_NONE;
	for (size_t i = 0; i < lanes; i++)
		p->lanes[i] = (struct pool_lane){POOL_NONE, POOL_NONE, POOL_NONE, 0, 0};
	*out = p;
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	free(p->nodes);
	free(p->lanes);
	free(p);
}

const struct pool_lane *pool_lane(const struct pool *p, size_t lane)
{
	return &p->lanes[lane];
}

size_t pool_used(const struct pool *p)
{
	return p->used;
}

size_t pool_room(const struct pool *p)
{
	return p->size - p->used;
}

size_t pool_oldest(const struct pool *p)
{
	return p->nodes[p->oldest].lane;
}

const struct pool_reading *pool_get(const struct pool *p, uint32_t at)
{
	return &p->nodes[at].reading;
}

uint32_t pool_next(const struct pool *p, uint32_t at)
{
	return p->nodes[at].next;
}

void pool_push(struct pool *p, size_t index, const struct pool_reading *reading)
{
	struct pool_lane *lane = &p->lanes[index];
	uint32_t at = p->free == POOL_NONE ? p->n_taken++ : p->free;
	struct node *node = &p->nodes[at];
	if (at == p->free)
		p->free = node->next;
	*node = (struct node){*reading, POOL_NONE, p->newest, POOL_NONE, (uint32_t)index};
	*(lane->last == POOL_NONE ? &lane->first : &p->nodes[lane->last].next) = at;
	lane->last = at;
	if (lane->at == POOL_NONE)
		lane->at = at;
	*(p->newest == POOL_NONE ? &p->oldest : &p->nodes[p->newest].newer) = at;
	p->newest = at;
	lane->n++;
	p->used++;
}

void pool_pop(struct pool *p, size_t index)
{
	struct pool_lane *lane = &p->lanes[index];
	uint32_t at = lane->first;
	struct node *node = &p->nodes[at];
	if (lane->sent > 0)
		lane->sent--;
	else
		lane->at = node->next;
	lane->first = node->next;
	if (lane->first == POOL_NONE)
		lane->last = POOL_NONE;
	lane->n--;
	*(node->older == POOL_NONE ? &p->oldest : &p->nodes[node->older].newer) = node->newer;
	*(node->newer == POOL_NONE ? &p->newest : &p->nodes[node->newer].older) = node->older;
	node->next = p->free;
	p->free = at;
	p->used--;
}

void pool_sent(struct pool *p, size_t index, size_t n)
{
	struct pool_lane *lane = &p->lanes[index];
	for (; n > 0 && lane->at != POOL_NONE; n--) {
		lane->at = p->nodes[lane->at].next;
		lane->sent++;
	}
}

void pool_take_back(struct pool *p, size_t index)
{
	p->lanes[index].at = p->lanes[index].first;
	p->lanes[index].sent = 0;
}

void pool_move(struct pool *p, size_t from_index, size_t to_index)
{
	struct pool_lane *from = &p->lanes[from_index], *to = &p->lanes[to_index];
	if (from->n == 0)
		return;
	for (uint32_t at = from->first; at != POOL_NONE; at = p->nodes[at].next)
		p->nodes[at].lane = (uint32_t)to_index;
	*(to->last == POOL_NONE ? &to->first : &p->nodes[to->last].next) = from->first;
	to->last = from->last;
	if (to->at == POOL_NONE)
		to->at = from->first;
	to->n += from->n;
	*from = (struct pool_lane){POOL_NONE, POOL_NONE, POOL_NONE, 0, 0};
}
