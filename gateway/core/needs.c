/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules need in this home, asked at start-up for `check` and for what is published; recursion is bounded by
 * LOGIC_DEPTH.
 *
 * How long a sensor may be silent before a control goes to rest is the bound of the dead-man layer that is called
 * "stale reading".
 *
 * A rule needs a reading when no other one can make the rule TRUE without it: then the rule stops to permit when that
 * reading is older than the rule's age for it. Of several such rules the strictest acts. A reading that only appears
 * beside an alternative ("a or b") need not stop anything; the longest age is the bound for it.
 */
#include "core/inside.h"

struct search {
	const struct core *core;
	uint32_t metric;
	bool needed;
	uint64_t needed_ms, other_ms; /* shortest where it is needed, longest where it stands beside an alternative */
};

/* `negated`: below an odd number of "not", where "and" offers the alternatives. */
static void walk(struct search *s, uint32_t index, bool alternative, bool negated)
{
	const struct node *n = &s->core->logic.nodes[index];
	if (n->op == NODE_COMPARE || n->op == NODE_ON) {
		if (n->metric != s->metric)
			return;
		if (alternative) {
			s->other_ms = n->max_age_ms > s->other_ms ? n->max_age_ms : s->other_ms;
		} else if (!s->needed || n->max_age_ms < s->needed_ms) {
			s->needed = true;
			s->needed_ms = n->max_age_ms;
		}
		return;
	}
	if (n->op != NODE_AND && n->op != NODE_OR && n->op != NODE_NOT && n->op != NODE_FOR)
		return;
	bool offers = n->op == (negated ? NODE_AND : NODE_OR) && n->first != LOGIC_NONE &&
		      s->core->logic.nodes[n->first].next != LOGIC_NONE;
	for (uint32_t child = n->first; child != LOGIC_NONE; child = s->core->logic.nodes[child].next)
		walk(s, child, alternative || offers, negated != (n->op == NODE_NOT));
}

static uint64_t silence_of(const struct core *core, uint32_t control, uint32_t metric)
{
	struct search s = {.core = core, .metric = metric};
	for (uint32_t i = 0; i < core->controls[control].n_rules; i++) {
		const struct rule *rule = &core->rules[core->controls[control].rules[i]];
		for (int t = TEXT_ONLY_WHILE; t <= TEXT_HARD; t++)
			if (rule->texts[t] != NONE)
				walk(&s, core->logic.texts[rule->texts[t]].root, false, false);
	}
	return s.needed ? s.needed_ms : s.other_ms;
}

uint64_t core_silence_ms(const struct core *core, uint16_t device, uint16_t control)
{
	const struct home *home = &core->home;
	if (device >= home->n_devices || control >= home->devices[device].n_controls)
		return 0;
	uint64_t longest = 0;
	for (uint32_t m = 0; m < home->n_metrics; m++) {
		uint16_t of = home->metrics[m].device;
		/* What is computed or told here has no sensor that could be silent. */
		if (home->metrics[m].derived != HOME_NONE || of == device ||
		    strcmp(home->kinds[home->devices[of].kind], "person") == 0)
			continue;
		uint64_t ms = silence_of(core, home->devices[device].first_control + control, m);
		longest = ms > longest ? ms : longest;
	}
	return longest;
}

/* ---- figures ---- */

static const struct node *without_figure(const struct core *core, uint32_t index)
{
	const struct node *n = &core->logic.nodes[index];
	if (n->op == NODE_COMPARE)
		return n->slot != LOGIC_NONE && !core->limits.slots[n->slot].now.given ? n : NULL;
	if (n->op != NODE_AND && n->op != NODE_OR && n->op != NODE_NOT && n->op != NODE_FOR)
		return NULL;
	for (uint32_t child = n->first; child != LOGIC_NONE; child = core->logic.nodes[child].next) {
		const struct node *found = without_figure(core, child);
		if (found)
			return found;
	}
	return NULL;
}

bool core_lacks_figure(const struct core *core, size_t i, char text[CORE_WHY_MAX])
{
	const struct node *found = NULL;
	for (int t = TEXT_ONLY_WHILE; i < core->n_rules && t <= TEXT_HARD && !found; t++)
		if (core->rules[i].texts[t] != NONE)
			found = without_figure(core, core->logic.texts[core->rules[i].texts[t]].root);
	if (!found)
		return false;
	const struct limit_slot *slot = &core->limits.slots[found->slot];
	struct str s;
	str_init(&s, text, CORE_WHY_MAX);
	str_add(&s, "limit.%s for %s", core->limits.items[slot->limit].id, core->home.devices[slot->device].id);
	return true;
}

size_t core_governs(const struct core *core, size_t i)
{
	return i < core->n_rules ? core->rules[i].n_controls + core->rules[i].n_watched : 0;
}
