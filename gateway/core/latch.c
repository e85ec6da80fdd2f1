/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps things off until a person has looked and resets it: the stop, a memory that was lost, rules (rule.c), and
 * what is wrong with one control. Beside a rule none of it asks for readings to come back: it stays, also across a
 * restart. How it is reset: reset.c.
 */
#include "core/inside.h"

/* Behind the control's name. */
static const char *fault_name(const struct core *core, enum fault_kind kind)
{
	static const char *const names[FAULT_COUNT_] = {
	    LANGUAGE_MARK("did not come to rest"), LANGUAGE_MARK("has a relay that may be welded"),
	    LANGUAGE_MARK("was switched on by somebody else again and again")};
	return SAY(core, names[kind]);
}

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
	va_list args;
	va_start(args, format);
	explain_sayv(why, format, args);
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
		tell(core, CORE_EVENT_ENDED, cutoff, CORE_PRIORITY_HIGH,
		     SAY(core, "%s.%s was ended: it cuts off %s.%s, which %s"), control_device(core, cutoff),
		     control_key(core, cutoff), control_device(core, control), control_key(core, control),
		     fault_name(core,
				core->controls[control].faults[FAULT_WELDED].set ? FAULT_WELDED : FAULT_NOT_OBEYED));
}

void latch_fault(struct core *core, uint32_t control, enum fault_kind kind, enum core_event_type event,
		 const char *what)
{
	if (core->controls[control].faults[kind].set)
		return;
	const char *device = control_device(core, control), *key = control_key(core, control);
	uint32_t cutoff = core->home.controls[control].cutoff;
	bool cut = kind != FAULT_BYPASSED && cutoff != HOME_NONE;
	if (cut)
		tell(core, event, control, CORE_PRIORITY_HIGH, SAY(core, "%s: it is cut off at %s.%s"), what,
		     control_device(core, cutoff), control_key(core, cutoff));
	else if (kind != FAULT_BYPASSED)
		tell(core, event, control, CORE_PRIORITY_HIGH, SAY(core, "%s: unplug it"), what);
	grant_end(core, control, REACT_REST);
	set_fault(core, control, kind, core->now_ms);
	if (cut)
		use_cutoff(core, control);
	tell(core, CORE_EVENT_LATCHED, control, CORE_PRIORITY_HIGH,
	     SAY(core, "%s.%s %s; latched until a person resets it"), device, key, fault_name(core, kind));
	memory_changed(core, CORE_GRAVE);
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

static void add_reset(struct str *s, const struct core *core, bool resettable, const char *otherwise)
{
	str_add(s, "%s", resettable ? SAY(core, "; look at it, then reset it") : otherwise);
}

void latch_describe_stop(const struct core *core, struct str *s)
{
	stop_describe(core, s);
	add_reset(s, core, stop_resettable(core), SAY(core, "; it can be reset when every stop button is released"));
}

void latch_describe_fault(const struct core *core, uint32_t control, enum fault_kind kind, struct str *s)
{
	if (kind == FAULT_COUNT_)
		return; /* nothing is wrong with it */
	char time[EXPLAIN_TIME_MAX];
	str_add(s, SAY(core, "%s.%s %s, %s ago"), control_device(core, control), control_key(core, control),
		fault_name(core, kind),
		explain_time_text(core->now_ms - core->controls[control].faults[kind].since_ms, time));
	add_reset(s, core, latch_fault_resettable(core, control, kind),
		  kind == FAULT_WELDED ? SAY(core, "; it can be reset when it is at rest and draws no power")
				       : SAY(core, "; it can be reset when a reading says that it is at rest"));
}

static uint32_t cut_by(const struct core *core, uint32_t cutoff)
{
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		if (core->home.controls[i].cutoff == cutoff && cuts(&core->controls[i]))
			return i;
	return NONE;
}

/* The gravest comes first; FAULT_COUNT_: there is none. */
static enum fault_kind first_fault(const struct control *c)
{
	unsigned kind = 0;
	while (kind < FAULT_COUNT_ && !c->faults[kind].set)
		kind++;
	return (enum fault_kind)kind;
}

bool latch_forbids(const struct core *core, uint32_t control, char why[CORE_WHY_MAX])
{
	const struct control *c = &core->controls[control];
	enum fault_kind kind = first_fault(c);
	if (!core->stop.latched && kind == FAULT_COUNT_ && c->cuts == 0)
		return false;
	if (!why)
		return true;
	struct str s;
	str_init(&s, why, CORE_WHY_MAX);
	if (core->stop.latched) {
		latch_describe_stop(core, &s);
	} else if (kind != FAULT_COUNT_) {
		latch_describe_fault(core, control, kind, &s);
	} else {
		uint32_t by = cut_by(core, control);
		str_add(&s, SAY(core, "it cuts off %s.%s: "), control_device(core, by), control_key(core, by));
		latch_describe_fault(core, by, first_fault(&core->controls[by]), &s);
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
	out->silenced = audio_latch_paused(core, out->since_ms);
	latch_describe_fault(core, control, kind, &s);
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
		latch_describe_stop(core, &s);
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

void latch_clear_fault(struct core *core, uint32_t control, enum fault_kind kind)
{
	struct control *c = &core->controls[control];
	bool before = cuts(c);
	c->faults[kind].set = false;
	c->repeats = c->loaded = c->n_bypasses = 0;
	if (kind != FAULT_BYPASSED) /* contacts that welded, or a plug in the place of that one */
		proof_doubt(core, control);
	cut_off(core, control, before);
	out_changed(core, control);
}
