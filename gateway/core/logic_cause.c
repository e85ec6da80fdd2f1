/* SPDX-License-Identifier: Apache-2.0
 * Why a condition has the value it has, and how soon it could be TRUE. */
#include "core/logic.h"

/* In Kleene's logic a combination has the value of one of its parts (or its inverse), so following a part that has it
 * leads to a leaf that explains it. */
struct logic_cause logic_node_cause(const struct logic *logic, uint32_t index, uint64_t now_ms)
{
	bool negated = false;
	for (;;) {
		const struct node *node = &logic->nodes[index];
		uint32_t child = node->first;
		switch ((enum node_op)node->op) {
		case NODE_AND:
		case NODE_OR:
			while (logic->nodes[child].value != node->value && logic->nodes[child].next != LOGIC_NONE)
				child = logic->nodes[child].next;
			index = child;
			break;
		case NODE_NOT:
			negated = !negated;
			index = child;
			break;
		case NODE_FOR:
			if (logic->nodes[child].value != node->value) {
				const struct window *w = &logic->windows[node->window];
				struct logic_cause cause = w->causes[node->value];
				cause.negated ^= negated;
				cause.until_ms = w->ended[node->value];
				cause.window = index;
				return cause;
			}
			index = child;
			break;
		case NODE_COMPARE:
		case NODE_ON:
			return (struct logic_cause){.node = index,
						    .window = LOGIC_NONE,
						    .negated = negated,
						    .reading = logic->values[node->metric],
						    .at_ms = now_ms,
						    .until_ms = (int64_t)now_ms};
		case NODE_UNSEEN:
		case NODE_CONSTANT:
			return (struct logic_cause){.node = index,
						    .window = LOGIC_NONE,
						    .negated = negated,
						    .at_ms = now_ms,
						    .until_ms = (int64_t)now_ms};
		}
	}
}

struct logic_cause logic_cause(const struct logic *logic, uint32_t text, uint64_t now_ms)
{
	return logic_node_cause(logic, logic->texts[text].root, now_ms);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When the window could be all TRUE. */
static uint64_t window_earliest(const struct logic *logic, const struct node *node, uint64_t child_at, uint64_t now_ms)
{
	const struct window *w = &logic->windows[node->window];
	if (w->child != TRUTH_TRUE)
		return timers_after(later(child_at, now_ms), w->duration_ms);
	uint64_t at = now_ms;
	for (int v = 0; v < TRUTH_COUNT_; v++)
		if (v != TRUTH_TRUE && w->was[v])
			at = later(at, timers_since(w->ended[v], w->duration_ms));
	return at;
}

/* Recursion is bounded by LOGIC_DEPTH. Under a not this is now: a lower bound all the same. */
static uint64_t node_earliest(const struct logic *logic, uint32_t index, uint64_t now_ms)
{
	const struct node *node = &logic->nodes[index];
	if (node->op == NODE_FOR)
		return window_earliest(logic, node, node_earliest(logic, node->first, now_ms), now_ms);
	if (node->op != NODE_AND && node->op != NODE_OR)
		return now_ms;
	uint64_t at = node->op == NODE_AND ? now_ms : UINT64_MAX;
	for (uint32_t child = node->first; child != LOGIC_NONE; child = logic->nodes[child].next) {
		uint64_t child_at = node_earliest(logic, child, now_ms);
		if ((node->op == NODE_AND) == (child_at > at))
			at = child_at;
	}
	return at;
}

uint64_t logic_earliest(const struct logic *logic, uint32_t text, uint64_t now_ms)
{
	return node_earliest(logic, logic->texts[text].root, now_ms);
}
