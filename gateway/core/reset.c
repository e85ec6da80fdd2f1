/* SPDX-License-Identifier: Apache-2.0
 *
 * A reset is an edge. It clears what is healthy at that moment and is then forgotten; one that comes too early does
 * nothing later. Who sends one again and again holds a button down: only the first of them is one, and before the first
 * there has to be silence, also after a start, so a signal that is stuck never resets anything. A reset starts nothing.
 */
#include "core/gate.h"

/* What a reset is about, and what comes of it. */
struct reset {
	struct core *core;
	const struct core_request *request;
	uint32_t rule, device, control; /* NONE: of all */
	bool all;
	unsigned cleared;
	uint32_t left_rule;
	char left[CORE_WHY_MAX]; /* what is still wrong, the first of it; "" */
};

static bool in_scope(const struct reset *r, uint32_t control)
{
	return r->all ||
	       (r->control != NONE ? r->control == control
				   : r->device != NONE && r->core->home.controls[control].device == r->device);
}

static bool rule_in_scope(const struct reset *r, uint32_t rule)
{
	if (r->rule != NONE)
		return r->rule == rule;
	for (uint32_t i = 0; i < r->core->rules[rule].n_controls; i++)
		if (in_scope(r, r->core->rules[rule].controls[i]))
			return true;
	return false;
}

static void tell_reset(struct reset *r, uint32_t control, uint32_t rule, const char *what)
{
	char why[CORE_WHY_MAX], text[44];
	explain_say(why, SAY(r->core, "%s was reset by %s: what it ended needs a new request"), what,
		    gate_shown(r->request->by, text));
	out_event(r->core, CORE_EVENT_RESET, control, rule, NULL, CORE_PRIORITY_LOW, why);
	r->cleared++;
	memory_changed(r->core, CORE_GRAVE);
}

static void reset_rules(struct reset *r)
{
	struct core *core = r->core;
	for (uint32_t i = 0; i < core->n_rules; i++) {
		if (!core->rules[i].latched || !rule_in_scope(r, i))
			continue;
		if (rule_resettable(core, i)) {
			char what[ID_MAX * 2 + 32];
			struct str s;
			str_init(&s, what, sizeof what);
			str_add(&s, SAY(core, "rule %s"), core->rules[i].id);
			rule_reset(core, i);
			tell_reset(r, NONE, i, what);
		} else if (r->left[0] == '\0') {
			struct core_cause cause;
			explain_rule(core, i, &cause, r->left);
			r->left_rule = i;
		}
	}
}

static void reset_faults(struct reset *r, uint32_t control)
{
	struct core *core = r->core;
	struct control *c = &core->controls[control];
	for (unsigned kind = 0; kind < FAULT_COUNT_; kind++) {
		struct str s;
		if (!c->faults[kind].set)
			continue;
		if (!latch_fault_resettable(core, control, (enum fault_kind)kind)) {
			str_init(&s, r->left, sizeof r->left);
			latch_describe_fault(core, control, (enum fault_kind)kind, &s);
			continue;
		}
		char what[ID_MAX * 2 + 2];
		str_init(&s, what, sizeof what);
		str_add(&s, "%s.%s", control_device(core, control), control_key(core, control));
		latch_clear_fault(core, control, (enum fault_kind)kind);
		tell_reset(r, control, NONE, what);
	}
}

/* After the rules: a button that is still pressed keeps it. */
static void reset_stop(struct reset *r)
{
	struct str s;
	if (!r->core->stop.latched)
		return;
	if (r->all && stop_resettable(r->core)) { /* what else is left stays told */
		stop_reset(r->core);
		tell_reset(r, NONE, NONE, SAY(r->core, "the stop"));
		return;
	}
	str_init(&s, r->left, sizeof r->left);
	r->left_rule = NONE;
	if (r->all) {
		latch_describe_stop(r->core, &s);
		return;
	}
	stop_describe(r->core, &s);
	str_add(&s, "%s", SAY(r->core, ": reset everything, not one thing"));
}

/* Last: nothing else may speak against it. */
static void reset_memory(struct reset *r)
{
	if (!r->core->memory.lost)
		return;
	if (r->all && r->left[0] == '\0') {
		memory_reset(r->core);
		tell_reset(r, NONE, NONE, SAY(r->core, "the memory"));
	} else if (r->left[0] == '\0') {
		memory_refuses(r->core, r->left);
	}
}

static int find_scope(struct reset *r, struct decision *d)
{
	const struct core_request *request = r->request;
	char text[44];
	r->all = request->device[0] == '\0' && request->control[0] == '\0';
	if (r->all)
		return 0;
	if (request->device[0] == '\0') {
		for (uint32_t i = 0; i < r->core->n_rules; i++)
			if (strcmp(r->core->rules[i].id, request->control) == 0)
				r->rule = i;
		return r->rule != NONE ? 0
				       : gate_conclude(d, CORE_UNKNOWN_CONTROL, SAY(r->core, "there is no rule '%s'"),
						       gate_shown(request->control, text));
	}
	int bad = request->control[0] ? gate_find_control(r->core, d, request) : gate_find_device(r->core, d, request);
	r->device = d->device;
	r->control = d->control;
	return bad;
}

static int check_edge(struct core *core, struct decision *d)
{
	uint64_t quiet_ms = core->now_ms - core->reset_ms;
	core->reset_ms = core->now_ms;
	if (quiet_ms >= RESET_QUIET_MS)
		return 0;
	return gate_conclude(
	    d, CORE_DUPLICATE,
	    SAY(core, "a reset is pressed once, not held: the last one (or the start) was %.1f s ago, wait %u s"),
	    (double)quiet_ms / 1e3, RESET_QUIET_MS / 1000u);
}

int reset_request(struct core *core, struct decision *d, const struct core_request *request)
{
	struct reset r = {
	    .core = core, .request = request, .rule = NONE, .device = NONE, .control = NONE, .left_rule = NONE};
	if (check_edge(core, d) || find_scope(&r, d))
		return -1;
	reset_rules(&r);
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		if (in_scope(&r, i))
			reset_faults(&r, i);
	reset_stop(&r);
	reset_memory(&r);
	if (r.left[0]) {
		d->rule = r.left_rule;
		return gate_conclude(d, CORE_NOT_PERMITTED, "%s", r.left);
	}
	if (r.cleared)
		gate_conclude(d, CORE_ACCEPTED,
			      r.cleared == 1 ? SAY(core, "%u latch is reset: nothing starts by itself")
					     : SAY(core, "%u latches are reset: nothing starts by itself"),
			      r.cleared);
	else
		gate_conclude(d, CORE_ACCEPTED, SAY(core, "nothing is latched here"));
	return 0;
}
