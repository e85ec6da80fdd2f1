/* SPDX-License-Identifier: Apache-2.0 */
#include "core/inside.h"

static void ring(struct core *core, struct timer *timer)
{
	timers_stop(&core->timers, timer);
	switch (timer->kind) {
	case TIMER_NODE:
		logic_touch_node(&core->logic, timer->index);
		break;
	case TIMER_RULE:
		logic_mark_dirty(&core->logic, timer->index);
		break;
	case TIMER_CONTROL:
		grant_timer(core, timer->index);
		break;
	case TIMER_DERIVED:
		derived_timer(core, timer->index);
		break;
	case TIMER_OBEY:
		obey_timer(core, timer->index);
		break;
	case TIMER_PARKED:
		park_timer(core, (uint16_t)timer->index);
		break;
	case TIMER_AUDIO:
		audio_timer(core);
		break;
	}
}

/* What ends a grant touches the conditions that look at its control, so this goes round until nothing follows any more;
 * it ends because nothing in it starts a grant. */
void core_settle(struct core *core)
{
	bool again;
	do {
		again = false;
		logic_settle(&core->logic, core->now_ms);
		for (uint32_t owner; logic_next_dirty(&core->logic, &owner); again = true)
			if (owner < core->n_rules)
				rule_update(core, owner);
			else
				derived_update(core, owner - core->n_rules);
	} while (again);
}

/* Goes through every moment at which time alone changed something, in order: what a late step missed happened all the
 * same. Readings that went stale between steps were unknown from then on. What happens at one moment is one change. */
static void pass_time(struct core *core, uint64_t now_ms)
{
	for (struct timer *timer; (timer = timers_first(&core->timers)) && timer->at <= now_ms;) {
		if (timer->at > core->now_ms)
			core->now_ms = timer->at;
		while ((timer = timers_first(&core->timers)) && timer->at <= core->now_ms)
			ring(core, timer);
		core_settle(core);
	}
	if (now_ms > core->now_ms)
		core->now_ms = now_ms;
}

static void take_reading(struct core *core, const struct home_device *device, const struct core_reading *reading)
{
	const struct presence *p = &core->presence[device - core->home.devices];
	uint32_t metric = device->first_metric + reading->metric;
	if (p->lost && reading->stamp_ms <= p->lost_ms)
		return; /* it was on its way when the device went */
	if (core->group[metric] == core->last_group) {
		core_settle(core); /* the second of a metric: the first one was a moment of its own */
		core->last_group++;
	}
	core->group[metric] = core->last_group;
	if (!value_put(&core->values[metric], reading, core->now_ms))
		return;
	logic_touch_metric(&core->logic, metric);
	derived_source(core, metric);
	obey_reading(core, metric);
	park_reading(core, metric);
}

static void take_readings(struct core *core, const struct core_input *input)
{
	const struct home_device *device = &core->home.devices[input->device];
	core->last_group++;
	for (size_t i = 0; i < input->readings.n; i++)
		if (input->readings.items[i].metric < device->n_own)
			take_reading(core, device, &input->readings.items[i]);
}

static void lose_device(struct core *core, uint16_t index)
{
	const struct home_device *device = &core->home.devices[index];
	char why[CORE_WHY_MAX];
	explain_say(why, SAY(core, "%s is gone: its link or its process ended"), device->id);
	out_device_event(core, CORE_EVENT_DEVICE_LOST, index, why);
	for (uint32_t i = device->first_control; i < device->first_control + device->n_controls; i++) {
		grant_lose(core, i, why);
		proof_doubt(core, i);
		grant_set_phase(core, i, CORE_PHASE_UNKNOWN);
	}
	for (uint32_t i = device->first_metric; i < device->first_metric + device->n_own; i++) {
		value_lose(&core->values[i]);
		logic_touch_metric(&core->logic, i);
		derived_source(core, i);
	}
}

static void take_presence(struct core *core, const struct core_input *input)
{
	const struct home_device *device = &core->home.devices[input->device];
	struct presence *p = &core->presence[input->device];
	if (p->present == input->present)
		return;
	p->present = input->present;
	if (!p->present) {
		p->lost = true;
		p->lost_ms = core->now_ms;
		lose_device(core, input->device);
	} else if (p->lost) {
		char why[CORE_WHY_MAX];
		explain_say(why, SAY(core, "%s is back"), device->id);
		out_device_event(core, CORE_EVENT_DEVICE_BACK, input->device, why);
	}
	for (uint32_t i = device->first_control; i < device->first_control + device->n_controls; i++)
		out_changed(core, i);
}

static void take_held(struct core *core, const struct core_input *input)
{
	const struct home_device *device = &core->home.devices[input->device];
	core->presence[input->device].held = input->held;
	for (uint32_t i = device->first_control; i < device->first_control + device->n_controls; i++)
		out_changed(core, i);
}

static void take_kept(struct core *core, const struct core_input *input)
{
	out_device_event(core, input->kept.cleared ? CORE_EVENT_COMMAND_CLEARED : CORE_EVENT_COMMAND_KEPT,
			 input->device, input->kept.text);
}

static void take_setting(struct core *core, const struct core_input *input)
{
	static const enum core_event_type events[] = {
	    [CORE_SETTING_CHANGED] = CORE_EVENT_SETTING_CHANGED,
	    [CORE_SETTING_TROUBLE] = CORE_EVENT_SETTING_CHANGED,
	    [CORE_RELEASED] = CORE_EVENT_RELEASED,
	    [CORE_RELEASE_FAILED] = CORE_EVENT_RELEASE_FAILED,
	    [CORE_TAKEN] = CORE_EVENT_TAKEN,
	};
	size_t news = input->setting.news;
	if (news < sizeof events / sizeof *events)
		out_device_event(core, events[news], input->device, input->setting.text);
}

static void take(struct core *core, const struct core_input *input)
{
	if (input->type == CORE_IN_TICK)
		return;
	if (input->type == CORE_IN_FIGURE) {
		figure_take(core, input);
		return;
	}
	if (input->type == CORE_IN_REQUEST) {
		gate_request(core, &input->request);
		return;
	}
	if (input->type == CORE_IN_REMEMBERED) {
		memory_remembered(core, input->remembered.revision, input->remembered.ok);
		return;
	}
	if (input->type == CORE_IN_CLOSING) {
		core->let_go |= input->let_go;
		memory_closing(core);
		return;
	}
	if (input->device >= core->home.n_devices)
		return;
	const struct home_device *device = &core->home.devices[input->device];
	if (input->type == CORE_IN_READINGS)
		take_readings(core, input);
	else if (input->type == CORE_IN_PRESENCE)
		take_presence(core, input);
	else if (input->type == CORE_IN_HELD)
		take_held(core, input);
	else if (input->type == CORE_IN_KEPT)
		take_kept(core, input);
	else if (input->type == CORE_IN_ADJUSTED)
		out_device_event(core, input->adjusted.tared ? CORE_EVENT_TARED : CORE_EVENT_CALIBRATED, input->device,
				 input->adjusted.text);
	else if (input->type == CORE_IN_SETTING)
		take_setting(core, input);
	else if (input->type == CORE_IN_CONTROL && input->control < device->n_controls)
		grant_phase(core, device->first_control + input->control, input);
}

struct core_outputs core_step(struct core *core, uint64_t now_ms, const struct core_input *input)
{
	if (core->begun) { /* what was ordered before the first step leaves with it */
		core->n_outputs = 0;
		core->n_events = 0;
	}
	core->begun = true;
	pass_time(core, now_ms < UINT64_MAX ? now_ms : UINT64_MAX - 1); /* the last millisecond means never */
	grant_lapse(core);
	core_settle(core);
	take(core, input);
	core_settle(core);
	if (core->limits.n_put_off > 0) {
		figure_settle(core);
		core_settle(core);
	}
	while (grant_resume_one(core))
		core_settle(core);
	grant_renew(core);
	out_flush_changed(core);
	memory_flush(core);
	return (struct core_outputs){core->outputs, core->n_outputs};
}

void core_go_on_from(struct core *core, const struct core *old)
{
	core->last_grant = old->last_grant;
	memcpy(core->remembered, old->remembered, REMEMBERED_REQUESTS * sizeof *core->remembered);
	for (uint32_t i = 0; i < core->home.n_controls && i < old->home.n_controls; i++) {
		obey_go_on_from(core, old, i);
		proof_go_on_from(core, old, i);
	}
}

uint64_t core_events_dropped(const struct core *core)
{
	return core->events_dropped;
}

uint64_t core_deadline(const struct core *core)
{
	const struct timer *first = timers_first(&core->timers);
	return first ? first->at : UINT64_MAX;
}

static double asked(const struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	bool granted = core->switches[control].granted;
	if (granted && c->kind == GRANT_TEST)
		return c->then;
	return granted || c->suspended ? c->value : 0;
}

void core_permission(const struct core *core, uint16_t device, uint16_t control, struct core_permission *out)
{
	*out = (struct core_permission){.cause = {.device = CORE_NO_DEVICE}};
	if (device >= core->home.n_devices || control >= core->home.devices[device].n_controls) {
		explain_say(out->why, "%s", SAY(core, "there is no such control"));
		return;
	}
	uint32_t index = core->home.devices[device].first_control + control;
	const struct control *c = &core->controls[index];
	out->granted = core->switches[index].granted;
	out->suspended = c->suspended;
	out->value = out->granted ? c->value : 0;
	out->asked = asked(core, index);
	out->phase = (enum core_phase)core->switches[index].phase;
	out->permitted =
	    out->granted ? control_governed(core, index) && c->n_forbidding == 0 : grant_possible(core, index);
	if (out->permitted) {
		explain_say(out->why, "%s",
			    c->held ? SAY(core, "permitted; waiting for the memory to be written")
				    : SAY(core, "permitted"));
		return;
	}
	uint32_t rule = explain_refusal(core, index, &out->cause, out->why);
	if (rule != NONE) {
		out->rule = core->rules[rule].id;
		out->hazard = core->rules[rule].hazard;
	}
}

struct core_reading core_value(const struct core *core, uint16_t device, uint16_t metric)
{
	struct core_reading out = {.metric = metric, .quality = THERAPY_UNKNOWN};
	if (device >= core->home.n_devices || metric >= core->home.devices[device].n_metrics)
		return out;
	uint32_t index = core->home.devices[device].first_metric + metric;
	const struct value *v = &core->values[index];
	if (!v->seen)
		return out;
	out.quality = value_quality(v, core->now_ms, core->home.metrics[index].stale_ms);
	out.value = v->value;
	out.stamp_ms = v->stamp_ms;
	return out;
}

enum core_coverage core_coverage(const struct core *core, size_t i, char text[CORE_WHY_MAX])
{
	if (i >= core->n_rules) {
		str_copy(text, CORE_WHY_MAX, "there is no such rule");
		return CORE_NOT_COVERED;
	}
	str_copy(text, CORE_WHY_MAX, core->rules[i].coverage_text);
	return core->rules[i].coverage;
}

bool core_alarm(const struct core *core, size_t i, struct core_alarm *out)
{
	static const enum core_alarm_state states[] = {
	    [RULE_GRACE] = CORE_ALARM_GRACE, [RULE_PAUSED] = CORE_ALARM_UNKNOWN, [RULE_TRIPPED] = CORE_ALARM_RAISED};
	if (i >= core->n_rules || !core->rules[i].watches || core->rules[i].state == RULE_ARMED)
		return false;
	const struct rule *rule = &core->rules[i];
	*out = (struct core_alarm){.state = states[rule->state],
				   .priority = rule->priority,
				   .rule = rule->id,
				   .hazard = rule->hazard,
				   .since_ms = rule->cause_ms};
	out->silenced = rule->state == RULE_TRIPPED && audio_alarm_paused(core, (uint32_t)i);
	explain_rule(core, (uint32_t)i, &out->cause, out->why);
	return true;
}
