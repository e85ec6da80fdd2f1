/* SPDX-License-Identifier: Apache-2.0
 *
 * External device monitoring: a command is done when a reading says so.
 *
 * NOT OBEYED: told to rest, and no reading proves it. The device process sends rest again every confirm_ms and counts;
 * when the third repetition was not answered either, it is not obeyed. Should the process itself be at a loss, the
 * core's own clock says the same after rest_bound_ms and three more intervals. A device of which nothing says that it
 * is on, and that was never told to act, disobeys nothing: it may be switched off at the wall.
 *
 * WELDED: a reading says off, and it draws power: twice in a row, later than it can be the last of what it did. Little
 * power while it is on is no fault, a hand set may be off.
 *
 * Switched on by SOMEBODY ELSE: adopted, as if it had been asked for, if it were permitted now; else switched off. Only
 * what goes on by itself after a pause (heat) may be adopted: a force that nobody asked for here is never kept up. Off
 * is off, by whomever (grant.c).
 */
#include "core/gate.h"

#define REPETITIONS 3u

static bool says_on(const struct core *core, uint32_t control)
{
	const struct home_control *c = &core->home.controls[control];
	const struct value *v = &core->values[c->confirm];
	return v->seen && v->value > c->rest_max &&
	       value_quality(v, core->now_ms, core->home.metrics[c->confirm].stale_ms) == THERAPY_GOOD;
}

static void judge(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	if (core->switches[control].phase != CORE_PHASE_COMING_TO_REST || !(c->owes_rest || says_on(core, control)))
		return;
	char what[CORE_WHY_MAX];
	explain_say(what, SAY(core, "%s.%s was told to rest %u times and no reading proves that it obeyed"),
		    control_device(core, control), control_key(core, control),
		    1 + (c->repeats < REPETITIONS ? REPETITIONS : c->repeats));
	latch_fault(core, control, FAULT_NOT_OBEYED, CORE_EVENT_NOT_OBEYED, what);
}

void obey_phase(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	const struct home_control *home = &core->home.controls[control];
	timers_stop(&core->timers, &c->obey);
	if (core->switches[control].phase != CORE_PHASE_AT_REST) {
		c->loaded = 0;
		c->rested_ms = 0;
	}
	switch ((enum core_phase)core->switches[control].phase) {
	case CORE_PHASE_UNKNOWN:
		c->repeats = 0;
		break;
	case CORE_PHASE_AT_REST:
		if (c->rested_ms == 0) /* else it has been, since before this core */
			c->rested_ms = core->now_ms;
		c->owes_rest = false;
		c->repeats = 0;
		c->resting = REACT_NOTHING;
		break;
	case CORE_PHASE_COMING_TO_REST:
		c->repeats = 0;
		if (home->rest_bound_ms)
			timers_set(&core->timers, &c->obey,
				   timers_after(core->now_ms, (uint64_t)home->rest_bound_ms +
								  (uint64_t)home->confirm_ms * REPETITIONS));
		break;
	case CORE_PHASE_ENERGISED:
	case CORE_PHASE_CONFIRMED_ON:
		c->owes_rest = true;
		break;
	}
}

void obey_go_on_from(struct core *core, const struct core *old, uint32_t control)
{
	struct control *c = &core->controls[control];
	const struct control *o = &old->controls[control];
	c->resting = o->resting > c->resting ? o->resting : c->resting;
	c->owes_rest = o->owes_rest;
	c->rested_ms = o->rested_ms;
	c->loaded = o->loaded;
	c->n_bypasses = o->n_bypasses;
	memcpy(c->bypasses, o->bypasses, sizeof c->bypasses);
}

void obey_timer(struct core *core, uint32_t control)
{
	judge(core, control);
}

void obey_reading(struct core *core, uint32_t metric)
{
	const struct value *v = &core->values[metric];
	const struct home_device *device = &core->home.devices[core->home.metrics[metric].device];
	for (uint32_t i = device->first_control; i < device->first_control + device->n_controls; i++) {
		const struct home_control *home = &core->home.controls[i];
		struct control *c = &core->controls[i];
		if (home->load != metric || core->switches[i].phase != CORE_PHASE_AT_REST ||
		    v->quality != THERAPY_GOOD || v->stamp_ms < timers_after(c->rested_ms, home->load_ms))
			continue;
		c->loaded = v->value > home->load_max ? c->loaded + 1 : 0;
		if (c->loaded < 2)
			continue;
		char what[CORE_WHY_MAX], amount[EXPLAIN_AMOUNT_MAX];
		explain_say(what, SAY(core, "%s.%s reported off and draws %s all the same"), control_device(core, i),
			    control_key(core, i),
			    explain_amount(core, v->value, core->home.metrics[metric].unit, 1, amount));
		latch_fault(core, i, FAULT_WELDED, CORE_EVENT_WELDED, what);
	}
}

/* ---- somebody else ---- */

/* What a request for the same would have to say: a switch is on, whatever its reading is (it may be watts). */
static bool value_of(const struct home_control *c, double reading, double *out)
{
	bool is_switch = c->max <= 1 && c->max > 0;
	*out = is_switch ? c->max : reading;
	return is_switch || (reading >= c->min && reading <= c->max);
}

static bool may_adopt(const struct core *core, uint32_t control, double value)
{
	const struct control *c = &core->controls[control];
	return core->home.controls[control].resumes && control_governed(core, control) && c->n_forbidding == 0 &&
	       core->presence[core->home.controls[control].device].present && !latch_forbids(core, control, NULL) &&
	       !memory_refuses(core, NULL) && !proof_missing(core, control, NULL) &&
	       figure_forbidding(core, control, value) == NONE;
}

static void explain_bypass(const struct core *core, uint32_t control, double value, uint32_t *rule,
			   struct core_cause *cause, char why[CORE_WHY_MAX])
{
	uint32_t cap = figure_forbidding(core, control, value);
	if (latch_forbids(core, control, why) || memory_refuses(core, why))
		return;
	if (core->controls[control].n_forbidding == 0 && cap != NONE)
		figure_describe(core, control, cap, value, why);
	else if (core->controls[control].n_forbidding == 0 && control_governed(core, control) &&
		 !proof_missing(core, control, why)) {
		explain_say(why, "%s", SAY(core, "what is switched on here must be asked for here"));
	} else if (core->controls[control].n_forbidding > 0 || !control_governed(core, control)) {
		*rule = explain_refusal(core, control, cause, why);
	}
}

static void note_bypass(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	memmove(&c->bypasses[1], &c->bypasses[0], (BYPASSES - 1) * sizeof c->bypasses[0]);
	c->bypasses[0] = core->now_ms;
	c->n_bypasses += c->n_bypasses < BYPASSES;
	if (c->n_bypasses == BYPASSES && core->now_ms - c->bypasses[BYPASSES - 1] < BYPASS_MS)
		latch_fault(core, control, FAULT_BYPASSED, CORE_EVENT_BYPASSED, "");
}

static void bypassed(struct core *core, uint32_t control, double value)
{
	struct core_cause cause = {.device = CORE_NO_DEVICE};
	uint32_t rule = NONE;
	char reason[CORE_WHY_MAX] = "", why[CORE_WHY_MAX];
	explain_bypass(core, control, value, &rule, &cause, reason);
	grant_rest(core, control, REACT_REST);
	grant_set_phase(core, control, CORE_PHASE_COMING_TO_REST);
	explain_say(why, SAY(core, "%s.%s was switched on by somebody else and is switched off: %s"),
		    control_device(core, control), control_key(core, control), reason);
	out_event(core, CORE_EVENT_BYPASSED, control, rule, &cause, CORE_PRIORITY_MEDIUM, why);
	note_bypass(core, control);
}

static void adopt(struct core *core, uint32_t control, double value)
{
	char why[CORE_WHY_MAX];
	explain_say(
	    why,
	    SAY(core, "%s.%s was switched on by somebody else, and is watched from now on as if it had been asked for"),
	    control_device(core, control), control_key(core, control));
	grant_start(core, control, value, GRANT_ADOPTED);
	out_event(core, CORE_EVENT_ADOPTED, control, NONE, NULL, CORE_PRIORITY_LOW, why);
}

void obey_told(struct core *core, uint32_t control, const struct core_input *input)
{
	struct control *c = &core->controls[control];
	enum core_phase phase = (enum core_phase)core->switches[control].phase;
	if (phase == CORE_PHASE_COMING_TO_REST) {
		c->repeats = input->state.repeats;
		if (c->repeats > REPETITIONS)
			judge(core, control);
	}
	if (!input->state.foreign || core->switches[control].granted)
		return;
	double value = input->state.value;
	bool on = phase == CORE_PHASE_ENERGISED || phase == CORE_PHASE_CONFIRMED_ON;
	bool fits = value_of(&core->home.controls[control], input->state.value, &value);
	c->owes_rest = true;
	if (on && fits && may_adopt(core, control, value))
		adopt(core, control, value);
	else
		bypassed(core, control, value);
}
