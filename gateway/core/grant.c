/* SPDX-License-Identifier: Apache-2.0 */
#include "core/inside.h"

static bool present(const struct core *core, uint32_t control)
{
	return core->presence[core->home.controls[control].device].present;
}

bool grant_possible(const struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	const struct logic_switch *s = &core->switches[control];
	return control_governed(core, control) && c->n_forbidding == 0 && present(core, control) && !s->granted &&
	       s->phase == CORE_PHASE_AT_REST && figure_blocking(core, control) == NONE &&
	       !memory_refuses(core, NULL) && !latch_forbids(core, control, NULL) &&
	       !proof_missing(core, control, NULL);
}

/* The one place that makes leases: the expiry is absolute and counts from the step's own time. */
static void lease(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	c->expires_ms = timers_after(core->now_ms, core->lease_ms);
	struct core_output *out = out_add(core, CORE_OUT_LEASE, control);
	out->grant = c->grant;
	out->value = c->value;
	out->expires_ms = c->expires_ms;
	out->adopt = c->unleased && c->kind == GRANT_ADOPTED;
	out->test = c->kind == GRANT_TEST;
	c->unleased = false;
	timers_set(&core->timers, &c->timer, timers_after(core->now_ms, core->renew_ms));
}

static void unsuspend(struct core *core, uint32_t control)
{
	if (!core->controls[control].suspended)
		return;
	core->controls[control].suspended = false;
	timers_stop(&core->timers, &core->controls[control].timer);
	for (uint32_t i = 0; i < core->n_suspended; i++)
		if (core->suspended[i] == control) {
			core->suspended[i] = core->suspended[--core->n_suspended];
			return;
		}
}

void grant_set_phase(struct core *core, uint32_t control, enum core_phase phase)
{
	struct logic_switch *s = &core->switches[control];
	if (s->phase == (uint8_t)phase)
		return;
	s->phase = (uint8_t)phase;
	obey_phase(core, control);
	logic_touch_control(&core->logic, control);
	out_changed(core, control);
}

/* Nobody is told to act before it is written down that somebody was: a gateway that dies now knows of it later. */
static void hold(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	core->memory.n_held += !c->held;
	c->held = true;
	memory_changed(core, CORE_URGENT);
	c->needed = core->memory.revision + 1; /* what this step's changes will be */
	timers_set(&core->timers, &c->timer, timers_after(core->now_ms, HELD_MS));
}

static void unhold(struct core *core, uint32_t control)
{
	core->memory.n_held -= core->controls[control].held;
	core->controls[control].held = false;
}

void grant_start(struct core *core, uint32_t control, double value, enum grant_kind kind)
{
	struct control *c = &core->controls[control];
	unsuspend(core, control);
	c->grant = ++core->last_grant;
	c->value = value;
	c->kind = kind;
	c->unleased = true;
	c->resting = REACT_NOTHING;
	if (kind == GRANT_TEST)
		c->test_ms = core->now_ms;
	bool fresh = !core->switches[control].granted;
	core->switches[control].granted = true;
	if (core->memory.enabled && (fresh || c->held)) {
		hold(core, control);
	} else {
		if (fresh) /* told to act, until the device says more */
			grant_set_phase(core, control, CORE_PHASE_ENERGISED);
		lease(core, control);
	}
	logic_touch_control(&core->logic, control);
	out_changed(core, control);
}

/* What is already driven to rest the fast way goes on that way. */
void grant_rest(struct core *core, uint32_t control, enum reaction how)
{
	struct control *c = &core->controls[control];
	enum reaction strongest = how > c->resting ? how : c->resting;
	if (core->switches[control].phase != CORE_PHASE_AT_REST)
		c->resting = strongest;
	out_add(core, CORE_OUT_REST, control)->stop = strongest == REACT_STOP;
}

void grant_end(struct core *core, uint32_t control, enum reaction how)
{
	struct control *c = &core->controls[control];
	unsuspend(core, control);
	c->value = c->then = 0;
	out_changed(core, control);
	if (!core->switches[control].granted)
		return;
	bool held = c->held; /* then it was never told to act */
	unhold(core, control);
	core->switches[control].granted = false;
	timers_stop(&core->timers, &c->timer);
	logic_touch_control(&core->logic, control);
	if (how == REACT_NOTHING)
		return;
	grant_rest(core, control, how);
	if (!held && core->switches[control].phase !=
			 CORE_PHASE_UNKNOWN) /* nothing starts before the device says it is at rest */
		grant_set_phase(core, control, CORE_PHASE_COMING_TO_REST);
}

/* A control that was told to come to rest slowly is told again; one that is at rest was not stopped by this. */
void grant_stop(struct core *core, uint32_t control)
{
	bool granted = core->switches[control].granted;
	grant_end(core, control, REACT_STOP);
	if (!granted && core->switches[control].phase != CORE_PHASE_AT_REST &&
	    core->controls[control].resting != REACT_STOP)
		grant_rest(core, control, REACT_STOP);
}

static void tell(struct core *core, enum core_event_type type, uint32_t control, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tell(struct core *core, enum core_event_type type, uint32_t control, const char *format, ...)
{
	char why[CORE_WHY_MAX];
	va_list args;
	va_start(args, format);
	explain_sayv(why, format, args);
	va_end(args);
	out_event(core, type, control, NONE, NULL, CORE_PRIORITY_LOW, why);
}

void grant_suspend(struct core *core, uint32_t control, double value)
{
	struct control *c = &core->controls[control];
	c->suspended = true;
	c->value = value;
	c->pause_end_ms = timers_after(core->now_ms, PAUSE_MS);
	core->suspended[core->n_suspended++] = control;
	timers_set(&core->timers, &c->timer, c->pause_end_ms);
}

void grant_pause(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why)
{
	struct control *c = &core->controls[control];
	if (!core->switches[control].granted)
		return;
	double value = c->value;
	bool resumes = core->home.controls[control].resumes && c->kind == GRANT_ASKED; /* nobody asked for the others */
	grant_end(core, control, REACT_REST);
	if (resumes)
		grant_suspend(core, control, value);
	char text[CORE_WHY_MAX];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "%s", why);
	str_add(&s, "%s",
		resumes ? SAY(core, "; goes on by itself if that is over within 60 s")
			: SAY(core, "; ended, a new request is needed"));
	out_event(core, CORE_EVENT_PAUSED, control, rule, cause, CORE_PRIORITY_MEDIUM, text);
}

/* Paused or running, it is over: a device that was gone itself may have been pulled out of the wall, and must not come
 * on because somebody put it back. */
void grant_lose(struct core *core, uint32_t control, const char *why)
{
	bool granted = core->switches[control].granted;
	if (!granted && !core->controls[control].suspended)
		return;
	grant_end(core, control, granted ? REACT_REST : REACT_NOTHING);
	tell(core, CORE_EVENT_ENDED, control, SAY(core, "%s: %s.%s is over, a new request is needed"), why,
	     control_device(core, control), control_key(core, control));
}

void grant_trip(struct core *core, uint32_t control, uint32_t rule, const struct core_cause *cause, const char *why)
{
	if (core->rules[rule].stop)
		grant_stop(core, control);
	else
		grant_end(core, control, REACT_REST);
	out_event(core, CORE_EVENT_TRIPPED, control, rule, cause, core->rules[rule].priority, why);
}

void grant_timer(struct core *core, uint32_t control)
{
	struct control *c = &core->controls[control];
	if (c->held) {
		grant_end(core, control, REACT_REST);
		tell(core, CORE_EVENT_ENDED, control,
		     SAY(core, "%s.%s was ended before it began: the memory was not written within %u s; a new request "
			       "is needed"),
		     control_device(core, control), control_key(core, control), HELD_MS / 1000u);
	} else if (core->switches[control].granted) {
		if (!c->due)
			core->due[core->n_due++] = control;
		c->due = true;
	} else if (c->suspended) {
		bool tested = c->kind == GRANT_TEST;
		grant_end(core, control, REACT_NOTHING);
		tell(core, CORE_EVENT_ENDED, control,
		     tested ? SAY(core, "%s.%s was not at rest within 60 s of its off-test: a new request is needed")
			    : SAY(core, "%s.%s was paused for 60 s: a new request is needed"),
		     control_device(core, control), control_key(core, control));
	}
}

/* The device process has ended what it did when its lease ran out; renewing it now would energise again. */
void grant_lapse(struct core *core)
{
	for (uint32_t i = 0; i < core->n_due; i++) {
		uint32_t control = core->due[i];
		uint64_t expired_ms = core->controls[control].expires_ms;
		if (!core->switches[control].granted || core->now_ms < expired_ms)
			continue;
		grant_end(core, control, REACT_REST);
		tell(core, CORE_EVENT_ENDED, control,
		     SAY(core,
			 "%s.%s was ended: the gateway was held up and its lease ran out %.1f s ago; a new request is "
			 "needed"),
		     control_device(core, control), control_key(core, control),
		     (double)(core->now_ms - expired_ms) / 1e3);
	}
}

void grant_renew(struct core *core)
{
	for (uint32_t i = 0; i < core->n_due; i++) {
		struct control *c = &core->controls[core->due[i]];
		c->due = false;
		if (core->switches[core->due[i]].granted &&
		    c->timer.slot == 0 && /* else it was granted anew just now */
		    !proof_overdue(core, core->due[i]))
			lease(core, core->due[i]);
	}
	core->n_due = 0;
}

void grant_release(struct core *core, bool failed)
{
	for (uint32_t i = 0; core->memory.n_held && i < core->home.n_controls; i++) {
		struct control *c = &core->controls[i];
		if (!c->held || (!failed && c->needed > core->memory.stored))
			continue;
		if (failed) {
			grant_end(core, i, REACT_REST);
			tell(core, CORE_EVENT_ENDED, i,
			     SAY(core, "%s.%s was ended before it began: the memory cannot be written; a new request "
				       "is needed"),
			     control_device(core, i), control_key(core, i));
			continue;
		}
		unhold(core, i);
		grant_set_phase(core, i, CORE_PHASE_ENERGISED);
		lease(core, i);
		out_changed(core, i);
	}
}

bool grant_resume_one(struct core *core)
{
	for (uint32_t i = 0; i < core->n_suspended; i++) {
		uint32_t control = core->suspended[i];
		if (proof_first(core, control)) {
			if (core->switches[control].phase != CORE_PHASE_AT_REST)
				continue;
			proof_resume(core, control);
			return true;
		}
		if (!grant_possible(core, control))
			continue;
		grant_start(core, control, core->controls[control].value, GRANT_ASKED);
		tell(core, CORE_EVENT_RESUMED, control, SAY(core, "%s.%s goes on: what paused it is over"),
		     control_device(core, control), control_key(core, control));
		return true;
	}
	return false;
}

/* Whoever asked believes that it is on, and may wait for warmth, or for the end of what never began. */
static void never_on(struct core *core, uint32_t control)
{
	char why[CORE_WHY_MAX];
	explain_say(why,
		    SAY(core,
			"%s.%s was told to go on and its readings go on saying that it is off: ended. Look at the "
			"device; a new request tries it again"),
		    control_device(core, control), control_key(core, control));
	out_event(core, CORE_EVENT_ENDED, control, NONE, NULL, CORE_PRIORITY_MEDIUM, why);
}

void grant_phase(struct core *core, uint32_t control, const struct core_input *input)
{
	struct control *c = &core->controls[control];
	enum core_phase phase =
	    (unsigned)input->state.phase > CORE_PHASE_CONFIRMED_ON ? CORE_PHASE_UNKNOWN : input->state.phase;
	bool granted = core->switches[control].granted;
	bool appears = core->switches[control].phase == CORE_PHASE_UNKNOWN && phase != CORE_PHASE_UNKNOWN;
	bool ours = input->state.grant != 0 && input->state.grant == c->grant;
	const char *device = control_device(core, control), *key = control_key(core, control);
	if (ours && granted && c->kind == GRANT_TEST && input->state.test != CORE_TEST_NONE) {
		proof_ended(core, control, input->state.test, input->state.ended_by_device);
	} else if (ours && input->state.ended_by_device && (granted || c->suspended)) {
		grant_end(core, control, REACT_NOTHING);
		tell(core, CORE_EVENT_ENDED, control, SAY(core, "%s.%s was switched off at the device"), device, key);
	} else if (ours && input->state.never_on && granted) {
		grant_end(core, control, REACT_NOTHING);
		never_on(core, control);
	} else if (ours && input->state.lease_expired && granted) {
		grant_end(core, control, REACT_NOTHING);
		tell(core, CORE_EVENT_ENDED, control,
		     SAY(core, "%s.%s was ended by its device process: its lease ran out"), device, key);
	} else if (ours && granted && (phase == CORE_PHASE_COMING_TO_REST || phase == CORE_PHASE_AT_REST)) {
		/* It knew this grant, and a number that is over there is over for ever: renewals would go unheard. */
		grant_end(core, control, REACT_NOTHING);
		tell(core, CORE_EVENT_ENDED, control,
		     SAY(core, "%s.%s was ended by its device process and goes to rest"), device, key);
	}
	grant_set_phase(core, control, phase);
	if (phase == CORE_PHASE_UNKNOWN)
		grant_lose(core, control, SAY(core, "nothing confirms what it does"));
	if (appears && phase != CORE_PHASE_AT_REST && (c->resting == REACT_STOP || core->stop.latched))
		grant_rest(core, control, REACT_STOP); /* who heard it before may be a process that is gone */
	obey_told(core, control, input);
}
