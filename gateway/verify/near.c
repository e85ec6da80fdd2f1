/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/near.h"

#include <stdlib.h>

/* Every leaf of a rule's texts: its owner is the rule. */
static uint32_t leaf_rule(const struct near *near, const struct node *node)
{
	uint32_t owner = near->core->logic.texts[node->text].owner;
	bool leaf = node->op == NODE_COMPARE || node->op == NODE_ON;
	return leaf && owner < near->core->n_rules ? owner : NONE;
}

/* Two on: after the second pass at[i + 1] is where item i ends. */
static void sum_up(uint32_t *at, uint32_t n)
{
	for (uint32_t i = 2; i < n + 2; i++)
		at[i] += at[i - 1];
}

int near_init(struct near *near, const struct core *core)
{
	uint32_t n_metrics = core->home.n_metrics, n = core->logic.n_nodes;
	*near = (struct near){.core = core};
	near->at = calloc((size_t)core->n_rules + 2, sizeof *near->at);
	near->seen_at = calloc((size_t)n_metrics + 2, sizeof *near->seen_at);
	near->metrics = calloc((size_t)n + 1, sizeof *near->metrics);
	near->rules = calloc((size_t)n + 1, sizeof *near->rules);
	near->taken = calloc((size_t)core->n_rules + 1, sizeof *near->taken);
	if (!near->at || !near->seen_at || !near->metrics || !near->rules || !near->taken)
		return -1;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < n; i++) {
			const struct node *node = &core->logic.nodes[i];
			uint32_t rule = leaf_rule(near, node);
			if (rule == NONE)
				continue;
			if (pass == 0) {
				near->at[rule + 2]++;
				near->seen_at[node->metric + 2]++;
			} else {
				near->metrics[near->at[rule + 1]++] = node->metric;
				near->rules[near->seen_at[node->metric + 1]++] = rule;
			}
		}
		if (pass == 0) {
			sum_up(near->at, core->n_rules);
			sum_up(near->seen_at, n_metrics);
		}
	}
	return 0;
}

void near_release(struct near *near)
{
	free(near->at);
	free(near->metrics);
	free(near->seen_at);
	free(near->rules);
	free(near->taken);
	*near = (struct near){0};
}

static bool governs(const struct core *core, uint32_t rule, uint32_t control)
{
	for (uint32_t i = 0; i < core->rules[rule].n_controls; i++)
		if (core->rules[rule].controls[i] == control)
			return true;
	return false;
}

uint32_t near_rules(struct near *near, uint32_t control, uint32_t rule, unsigned hops, uint32_t *out, uint32_t max)
{
	uint32_t n = 0, from = 0;
	bool itself = governs(near->core, rule, control);
	out[n++] = rule; /* to begin with; taken out again if it does not govern the control */
	near->taken[rule] = true;
	for (unsigned hop = 0; hop < hops; hop++) {
		uint32_t end = n;
		for (; from < end; from++)
			for (uint32_t m = near->at[out[from]]; m < near->at[out[from] + 1]; m++) {
				uint32_t metric = near->metrics[m];
				for (uint32_t k = near->seen_at[metric]; k < near->seen_at[metric + 1] && n < max;
				     k++) {
					uint32_t other = near->rules[k];
					if (near->taken[other] || !governs(near->core, other, control))
						continue;
					near->taken[other] = true;
					out[n++] = other;
				}
			}
	}
	for (uint32_t i = 0; i < n; i++)
		near->taken[out[i]] = false;
	if (itself)
		return n;
	n--;
	memmove(out, out + 1, n * sizeof *out);
	return n;
}
