/* SPDX-License-Identifier: Apache-2.0
 * The network's own making: nodes, the texts they are cut from, and who looks at what. */
#include <stdlib.h>
#include <string.h>

#include "core/binder.h"

void logic_init(struct logic *logic, const struct home *home, const struct value *values,
		const struct logic_switch *switches, struct timers *timers)
{
	*logic = (struct logic){.home = home, .values = values, .switches = switches, .timers = timers};
	for (size_t i = 0; i < LOGIC_DEPTH; i++)
		logic->pending[i] = LOGIC_NONE;
}

void logic_release(struct logic *logic)
{
	for (uint32_t i = 0; i < logic->n_sources; i++)
		free(logic->sources[i]);
	free(logic->sources);
	free(logic->texts);
	free(logic->nodes);
	free(logic->windows);
	free(logic->metric_at);
	free(logic->metric_nodes);
	free(logic->control_at);
	free(logic->control_nodes);
	free(logic->slot_at);
	free(logic->slot_nodes);
	free(logic->dirty);
	free(logic->is_dirty);
	*logic = (struct logic){0};
}

/* Makes room for one more. */
int logic_room(void **items, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return 0;
	if (*cap > UINT32_MAX / 4)
		return -1;
	uint32_t more = *cap ? *cap * 2 : 32;
	void *grown = realloc(*items, more * size);
	if (!grown)
		return -1;
	*items = grown;
	*cap = more;
	return 0;
}

int binder_add(struct binder *b, enum node_op op, struct expr_slice written, uint32_t *out)
{
	struct logic *l = b->logic;
	if (++b->steps > LOGIC_STEPS_MAX)
		return expr_refuse(
		    b->fault, written.at,
		    "with all devices and conditions that it names, the expression has more than %u parts",
		    LOGIC_STEPS_MAX);
	if (l->n_nodes >= LOGIC_NODES_MAX)
		return expr_refuse(b->fault, written.at, "all rules together have more than %u parts", LOGIC_NODES_MAX);
	if (logic_room((void **)&l->nodes, l->n_nodes, &l->cap_nodes, sizeof *l->nodes))
		return expr_refuse(b->fault, written.at, "not enough memory for this expression");
	l->nodes[l->n_nodes] = (struct node){
	    .op = (uint8_t)op,
	    .value = TRUTH_UNKNOWN,
	    .parent = LOGIC_NONE,
	    .first = LOGIC_NONE,
	    .next = LOGIC_NONE,
	    .text = l->n_texts,
	    .source = b->source,
	    .written = written,
	    .timer = {.index = l->n_nodes, .kind = TIMER_NODE},
	};
	*out = l->n_nodes++;
	return 0;
}

void binder_adopt(struct logic *logic, struct children *children, uint32_t node)
{
	if (children->n++ == 0)
		children->first = node;
	else
		logic->nodes[children->last].next = node;
	children->last = node;
}

/* Makes one node of the children. */
int binder_combine(struct binder *b, enum node_op op, const struct children *children, struct expr_slice where,
		   uint32_t *out)
{
	if (children->n == 1) {
		*out = children->first;
		return 0;
	}
	if (binder_add(b, op, where, out))
		return -1;
	struct logic *l = b->logic;
	l->nodes[*out].first = children->first;
	for (uint32_t child = children->first; child != LOGIC_NONE; child = l->nodes[child].next)
		l->nodes[child].parent = *out;
	return 0;
}

int logic_add_source(struct logic *logic, const char *text, uint32_t *out)
{
	if (logic_room((void **)&logic->sources, logic->n_sources, &logic->cap_sources, sizeof *logic->sources))
		return -1;
	logic->sources[logic->n_sources] = strdup(text);
	if (!logic->sources[logic->n_sources])
		return -1;
	*out = logic->n_sources++;
	return 0;
}

enum looks_at { LOOKS_AT_METRIC, LOOKS_AT_CONTROL, LOOKS_AT_SLOT };

/* The number of what the leaf looks at; LOGIC_NONE: nothing of that sort. */
static uint32_t item_of(const struct node *node, enum looks_at what)
{
	if (node->op == NODE_ON)
		return what == LOOKS_AT_METRIC ? node->metric : what == LOOKS_AT_CONTROL ? node->control : LOGIC_NONE;
	if (node->op == NODE_COMPARE)
		return what == LOOKS_AT_METRIC ? node->metric : what == LOOKS_AT_SLOT ? node->slot : LOGIC_NONE;
	return LOGIC_NONE;
}

/* Counts, then fills: which nodes look at which item. */
static int build_index(struct logic *logic, uint32_t n_items, enum looks_at what, uint32_t **out_at,
		       uint32_t **out_nodes)
{
	uint32_t *at = calloc((size_t)n_items + 2, sizeof *at), *nodes = NULL;
	if (!at)
		return -1;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < logic->n_nodes; i++) {
			uint32_t item = item_of(&logic->nodes[i], what);
			if (item == LOGIC_NONE)
				continue;
			if (pass == 0)
				at[item + 2]++; /* two on: after the second pass at[item + 1] is where item ends */
			else
				nodes[at[item + 1]++] = i;
		}
		if (pass == 1)
			break;
		for (uint32_t i = 2; i < n_items + 2; i++)
			at[i] += at[i - 1];
		nodes = calloc((size_t)at[n_items + 1] + 1, sizeof *nodes);
		if (!nodes) {
			free(at);
			return -1;
		}
	}
	*out_at = at;
	*out_nodes = nodes;
	return 0;
}

int logic_seal(struct logic *logic, uint32_t n_owners)
{
	for (uint32_t i = logic->n_nodes; i-- > 0;) { /* parents have higher indexes than their children */
		struct node *node = &logic->nodes[i];
		node->depth = node->parent == LOGIC_NONE ? 0 : (uint8_t)(logic->nodes[node->parent].depth + 1);
	}
	if (build_index(logic, logic->home->n_metrics, LOOKS_AT_METRIC, &logic->metric_at, &logic->metric_nodes) ||
	    build_index(logic, logic->home->n_controls, LOOKS_AT_CONTROL, &logic->control_at, &logic->control_nodes) ||
	    build_index(logic, logic->limits ? logic->limits->n_slots : 0, LOOKS_AT_SLOT, &logic->slot_at,
			&logic->slot_nodes))
		return -1;
	logic->n_owners = n_owners;
	logic->dirty = calloc((size_t)n_owners + 1, sizeof *logic->dirty);
	logic->is_dirty = calloc((size_t)n_owners + 1, sizeof *logic->is_dirty);
	return logic->dirty && logic->is_dirty ? 0 : -1;
}
