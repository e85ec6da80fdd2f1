/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps things off until a person has looked and resets it: the stop, a memory that was lost, rules (rule.c), and
 * what is wrong with one control. Beside a rule none of it asks for readings to come back: it stays, also across a
 * restart.
 *
 * A reset is an edge. It clears what is healthy at that moment and is then forgotten; one that comes too early does
 * nothing later. Who sends one again and again holds a button down: only the first of them is one, and before the first
 * there has to be silence, also after a start, so a signal that is stuck never resets anything. A reset starts nothing.
 */
#include "core/gate.h"

static const char *const fault_names[FAULT_COUNT_] = {"did not come to rest", "has a relay that may be welded",
						      "was switched on by somebody else again and again"};

static bool cuts(const struct control *c)
{
	return c->faults[FAULT_NOT_OBEYED].set || c->faults[FAULT_WELDED].set;
}

/* What is upstream is kept off for as long as the control did not obey. */
static void cut_off(struct core *core, uint32_t control, bool before)
{
	uint32_t cutoff = core->home.controls[control].cutoff;
	bool now = cuts(&core->controls[control]);
	if (cutoff == HOME_NONE || now == before)
		return;
	core->controls[cutoff].cuts += now ? 1u : UINT32_MAX; /* one less */
	out_changed(core, cutoff);
}

static void set_fault(struct core *core, uint32_t control, enum fault_kind kind, uint64_t since_ms)
{
	struct control *c = &core->controls[control];
	bool before = cuts(c);
	c->faults[kind].set = true;
	c->faults[kind].since_ms = since_ms;
	cut_off(core, control, before);
	out_changed(core, control);
}

void latch_recall_fault(struct core *core, uint32_t control, enum fault_kind kind, uint64_t since_ms)
{
	set_fault(core, control, kind, since_ms);
}

static void tell(struct core *core, enum core_event_type type, uint32_t control, enum core_priority priority,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

static void tell(struct core *core, enum core_event_type type, uint32_t control, enum core_priority priority,
		 const char *format, ...)
{
	char why[CORE_WHY_MAX];
	struct str s;
	str_init(&s, why, sizeof why);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	out_event(core, type, control, NONE, NULL, priority, why);
}

static void use_cutoff(struct core *core, uint32_t control)
{
	uint32_t cutoff = core->home.controls[control].cutoff;
	bool ran = core->switches[cutoff].granted || core->controls[cutoff].suspended;
	if (!core->switches[cutoff].granted)
		grant_rest(core, cutoff, REACT_REST);
	grant_end(core, cutoff, REACT_REST);
	if (ran)
		tell(core, CORE_EVENT_ENDED, cutoff, CORE_PRIORITY_HIGH, "%s.%s was ended: it cuts off %s.%s, which %s",
		     control_device(core, cutoff), control_key(core, cutoff), control_device(core, control),
		     control_key(core, control),
		     fault_names[core->controls[control].faults[FAULT_WELDED].set ? FAULT_WELDED : FAULT_NOT_OBEYED]);
}

void latch_fault(struct core *core, uint32_t control, enum fault_kind kind, enum core_event_type event,
		 const char *what)
{
	if (core->controls[control].faults[kind].set)
		return;
	const char *device = control_device(core, control), *key = control_key(core, control);
	uint32_t cutoff = core->home.controls[control].cutoff;
	bool cut = kind != FAULT_BYPASSED && cutoff != HOME_NONE;
	if (kind != FAULT_BYPASSED)
		tell(core, event, control, CORE_PRIORITY_HIGH, "%s: %s%s%s%s", what,
		     cut ? "it is cut off at " : "unplug it", cut ? control_device(core, cutoff) : "", cut ? "." : "",
		     cut ? control_key(core, cutoff) : "");
	grant_end(core, control, REACT_REST);
	set_fault(core, control, kind, core->now_ms);
	if (cut)
		use_cutoff(core, control);
	tell(core, CORE_EVENT_LATCHED, control, CORE_PRIORITY_HIGH, "%s.%s %s; latched until a person resets it",
	     device, key, fault_names[kind]);
	memory_changed(core, true);
}

bool latch_fault_resettable(const struct core *core, uint32_t control, enum fault_kind kind)
{
	const struct home_control *c = &core->home.controls[control];
	if (core->switches[control].phase != CORE_PHASE_AT_REST)
		return false;
	if (kind != FAULT_WELDED || c->load == HOME_NONE)
		return true;
	const struct value *v = &core->values[c->load];
	return v->seen && value_quality(v, core->now_ms, core->home.metrics[c->load].stale_ms) == THERAPY_GOOD &&
	       v->value <= c->load_max;
}

/* ---- why, for people ---- */

static void add_reset(struct str *s, bool resettable, const char *when)
{
	if (resettable)
		str_add(s, "; look at it, then reset it");
	else
		str_add(s, "; it can be reset %s", when);
}

static void describe_stop(const struct core *core, struct str *s)
{
	stop_describe(core, s);
	add_reset(s, stop_resettable(core), "when every stop button is released");
}

static void describe_fault(const struct core *core, uint32_t control, enum fault_kind kind, struct str *s)
{
	str_add(s, "%s.%s %s, ", control_device(core, control), control_key(core, control), fault_names[kind]);
	explain_time(s, core->now_ms - core->controls[control].faults[kind].since_ms);
	str_add(s, " ago");
	add_reset(s, latch_fault_resettable(core, control, kind),
		  kind == FAULT_WELDED ? "when it is at rest and draws no power"
				       : "when a reading says that it is at rest");
}

static uint32_t cut_by(const struct core *core, uint32_t cutoff)
{
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		if (core->home.controls[i].cutoff == cutoff && cuts(&core->controls[i]))
			return i;
	return NONE;
}

static bool any_fault(const struct control *c, enum fault_kind *out)
{
	for (unsigned kind = 0; kind < FAULT_COUNT_; kind++)
		if (c->faults[kind].set) {
			*out = (enum fault_kind)kind;
			return true;
		}
	return false;
}

bool latch_forbids(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const struct control *c = &core->controls[control];
	enum fault_kind kind = FAULT_COUNT_;
	bool faulty = any_fault(c, &kind);
	if (!core->stop.latched && !faulty && c->cuts == 0)
		return false;
	if (!why)
		return true;
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (core->stop.latched) {
		describe_stop(core, &s);
	} else if (faulty) {
		describe_fault(core, control, kind, &s);
	} else {
		uint32_t by = cut_by(core, control);
		str_add(&s, "it cuts off %s.%s: ", control_device(core, by), control_key(core, by));
		any_fault(&core->controls[by], &kind);
		describe_fault(core, by, kind, &s);
	}
	return true;
}

/* ---- shown ---- */

static void show_rule(const struct core *core, uint32_t index, struct core_latch *out)
{
	struct core_cause cause;
	out->type = CORE_LATCH_RULE;
	out->rule = core->rules[index].id;
	out->hazard = core->rules[index].hazard;
	out->since_ms = core->rules[index].latched_ms;
	out->resettable = rule_resettable(core, index);
	explain_rule(core, index, &cause, out->why);
}

static void show_fault(const struct core *core, uint32_t control, enum fault_kind kind, struct core_latch *out)
{
	static const enum core_latch_type types[FAULT_COUNT_] = {CORE_LATCH_NOT_OBEYED, CORE_LATCH_WELDED,
								 CORE_LATCH_BYPASSED};
	static const unsigned hazards[FAULT_COUNT_] = {24, 25, 27};
	struct str s;
	str_init(&s, out->why, sizeof out->why);
	out->type = types[kind];
	out->hazard = hazards[kind];
	out->device = core->home.controls[control].device;
	out->control = (uint16_t)(control - core->home.devices[out->device].first_control);
	out->since_ms = core->controls[control].faults[kind].since_ms;
	out->resettable = latch_fault_resettable(core, control, kind);
	describe_fault(core, control, kind, &s);
}

bool core_latch(const struct core *core, size_t n, struct core_latch *out)
{
	struct core_latch latch = {.device = CORE_NO_DEVICE, .control = CORE_NO_CONTROL};
	if (core->stop.latched && n-- == 0) {
		struct str s;
		str_init(&s, latch.why, sizeof latch.why);
		latch.type = CORE_LATCH_STOP;
		latch.hazard = 28;
		latch.since_ms = core->stop.since_ms;
		latch.resettable = stop_resettable(core);
		describe_stop(core, &s);
		*out = latch;
		return true;
	}
	if (core->memory.lost && n-- == 0) {
		latch.type = CORE_LATCH_MEMORY;
		latch.since_ms = core->memory.lost_ms;
		latch.resettable = true;
		memory_refuses(core, latch.why);
		*out = latch;
		return true;
	}
	for (uint32_t i = 0; i < core->n_rules; i++)
		if (core->rules[i].latched && n-- == 0) {
			show_rule(core, i, &latch);
			*out = latch;
			return true;
		}
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		for (unsigned kind = 0; kind < FAULT_COUNT_; kind++)
			if (core->controls[i].faults[kind].set && n-- == 0) {
				show_fault(core, i, (enum fault_kind)kind, &latch);
				*out = latch;
				return true;
			}
	return false;
}

/* ---- reset ---- */

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
	struct str s;
	str_init(&s, why, sizeof why);
	str_add(&s, "%s was reset by %s: what it ended needs a new request", what, gate_shown(r->request->by, text));
	out_event(r->core, CORE_EVENT_RESET, control, rule, NULL, CORE_PRIORITY_LOW, why);
	r->cleared++;
	memory_changed(r->core, true);
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
			str_add(&s, "rule %s", core->rules[i].id);
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
			describe_fault(core, control, (enum fault_kind)kind, &s);
			continue;
		}
		bool before = cuts(c);
		char what[ID_MAX * 2 + 2];
		str_init(&s, what, sizeof what);
		str_add(&s, "%s.%s", control_device(core, control), control_key(core, control));
		c->faults[kind].set = false;
		c->repeats = c->loaded = c->n_bypasses = 0;
		cut_off(core, control, before);
		out_changed(core, control);
		tell_reset(r, control, NONE, what);
	}
}

/* After the rules: a button that is still pressed keeps it. */
static void reset_stop(struct reset *r)
{
	struct str s;
	if (!r->core->stop.latched)
		return;
	str_init(&s, r->left, sizeof r->left);
	if (!r->all) {
		stop_describe(r->core, &s);
		str_add(&s, ": reset everything, not one thing");
	} else if (stop_resettable(r->core)) {
		r->left[0] = '\0';
		stop_reset(r->core);
		tell_reset(r, NONE, NONE, "the stop");
	} else {
		describe_stop(r->core, &s);
	}
}

/* Last: nothing else may speak against it. */
static void reset_memory(struct reset *r)
{
	if (!r->core->memory.lost)
		return;
	if (r->all && r->left[0] == '\0') {
		memory_reset(r->core);
		tell_reset(r, NONE, NONE, "the memory");
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
				       : gate_conclude(d, CORE_UNKNOWN_CONTROL, "there is no rule '%s'",
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
	return gate_conclude(d, CORE_DUPLICATE,
			     "a reset is pressed once, not held: the last one (or the start) was %.1f s ago, wait %u s",
			     (double)quiet_ms / 1e3, RESET_QUIET_MS / 1000u);
}

int latch_reset_request(struct core *core, struct decision *d, const struct core_request *request)
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
		gate_conclude(d, CORE_ACCEPTED, "%u latch%s reset: nothing starts by itself", r.cleared,
			      r.cleared == 1 ? " is" : "es are");
	else
		gate_conclude(d, CORE_ACCEPTED, "nothing is latched here");
	return 0;
}
