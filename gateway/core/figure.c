/* SPDX-License-Identifier: Apache-2.0
 * Figures of limits that change while things run, and what they cap. */
#include "core/inside.h"

static bool runs(const struct core *core, uint32_t control)
{
	return core->switches[control].granted || core->controls[control].suspended;
}

static bool capped_by(const struct core *core, uint32_t control, uint32_t slot)
{
	for (uint32_t i = 0; i < core->controls[control].n_caps; i++)
		if (core->controls[control].caps[i] == slot)
			return true;
	return false;
}

/* Does anything run that the slot bears on: a control that it caps, or one whose rules look at it? */
static bool bears(const struct core *core, uint32_t slot)
{
	const struct logic *logic = &core->logic;
	const struct home_device *device = &core->home.devices[core->limits.slots[slot].device];
	for (uint32_t c = device->first_control; c < device->first_control + device->n_controls; c++)
		if (runs(core, c) && capped_by(core, c, slot))
			return true;
	for (uint32_t i = logic->slot_at[slot]; i < logic->slot_at[slot + 1]; i++) {
		uint32_t owner = logic->texts[logic->nodes[logic->slot_nodes[i]].text].owner;
		for (uint32_t k = 0; owner < core->n_rules && k < core->rules[owner].n_controls; k++)
			if (runs(core, core->rules[owner].controls[k]))
				return true;
	}
	return false;
}

static const char *figure_text(const struct core *core, uint32_t slot, double value, char buffer[EXPLAIN_AMOUNT_MAX])
{
	return explain_amount(core, value, core->limits.items[core->limits.slots[slot].limit].unit, 3, buffer);
}

void figure_describe(const struct core *core, uint32_t control, uint32_t slot, double value, char why[CORE_WHY_MAX])
{
	const struct limit_slot *at = &core->limits.slots[slot];
	const char *id = core->limits.items[at->limit].id;
	char asked[EXPLAIN_AMOUNT_MAX], most[EXPLAIN_AMOUNT_MAX];
	if (!at->now.given) {
		explain_say(why, SAY(core, "limit.%s is not given for %s: set it in `limits` of the configuration"), id,
			    core->home.devices[at->device].id);
		return;
	}
	explain_say(why, SAY(core, "%s.%s at %s is beyond limit.%s (%s)"), control_device(core, control),
		    control_key(core, control), figure_text(core, slot, value, asked), id,
		    figure_text(core, slot, at->now.value, most));
}

bool core_limit(const struct core *core, const char *id, uint16_t device, double *value)
{
	uint32_t at = limits_find(&core->limits, id, strlen(id));
	if (at == LIMITS_NONE || device >= core->home.n_devices)
		return false;
	const struct limit *limit = &core->limits.items[at];
	bool asked = limit->slot_of && limit->slot_of[device] != LIMITS_NONE; /* else no rule compares with it there */
	if (!asked || !core->limits.slots[limit->slot_of[device]].now.given)
		return false;
	*value = core->limits.slots[limit->slot_of[device]].now.value;
	return true;
}

uint32_t figure_forbidding(const struct core *core, uint32_t control, double value)
{
	const struct control *c = &core->controls[control];
	for (uint32_t i = 0; i < c->n_caps; i++) {
		const struct limit_slot *slot = &core->limits.slots[c->caps[i]];
		if (limits_beyond(&core->limits.items[slot->limit], slot->now, value))
			return c->caps[i];
	}
	return NONE;
}

/* Beside the first cap that forbids, two that contradict each other (a maximum below a minimum) leave nothing: requests
 * are refused by one of them, only the summary says "permitted". */
uint32_t figure_blocking(const struct core *core, uint32_t control)
{
	const struct control *c = &core->controls[control];
	const struct home_control *home = &core->home.controls[control];
	for (uint32_t i = 0; i < c->n_caps; i++) {
		const struct limit_slot *slot = &core->limits.slots[c->caps[i]];
		const struct limit *limit = &core->limits.items[slot->limit];
		if (limits_beyond(limit, slot->now, limit->minimum ? home->max : home->min))
			return c->caps[i];
	}
	return NONE;
}

/* Ends what runs beyond the figure, or waits to go on beyond it. */
static void end_beyond(struct core *core, uint32_t control)
{
	uint32_t slot;
	if (!runs(core, control) || (slot = figure_forbidding(core, control, core->controls[control].value)) == NONE)
		return;
	char why[CORE_WHY_MAX], text[CORE_WHY_MAX];
	figure_describe(core, control, slot, core->controls[control].value, why);
	explain_say(text, SAY(core, "%s; ended, a new request is needed"), why);
	grant_end(core, control, REACT_REST);
	out_event(core, CORE_EVENT_ENDED, control, NONE, NULL, CORE_PRIORITY_MEDIUM, text);
}

static void tell_changed(struct core *core, uint32_t index, struct limit_figure figure)
{
	const struct limit_slot *slot = &core->limits.slots[index];
	const char *limit = core->limits.items[slot->limit].id, *device = core->home.devices[slot->device].id;
	char why[CORE_WHY_MAX], amount[EXPLAIN_AMOUNT_MAX];
	if (figure.given)
		explain_say(why, SAY(core, "limit.%s of %s is %s"), limit, device,
			    figure_text(core, index, figure.value, amount));
	else
		explain_say(why, SAY(core, "limit.%s of %s is not given any more"), limit, device);
	out_device_event(core, CORE_EVENT_LIMIT_CHANGED, (uint16_t)slot->device, why);
}

static void apply(struct core *core, uint32_t index, struct limit_figure figure)
{
	struct limit_slot *slot = &core->limits.slots[index];
	const struct home_device *device = &core->home.devices[slot->device];
	slot->now = figure;
	tell_changed(core, index, figure);
	logic_set_limit(&core->logic, index, figure.given ? figure.value : (double)NAN);
	for (uint32_t c = device->first_control; c < device->first_control + device->n_controls; c++)
		if (capped_by(core, c, index)) {
			end_beyond(core, c);
			out_changed(core, c);
		}
}

static void reconsider(struct core *core, uint32_t index)
{
	struct limit_slot *slot = &core->limits.slots[index];
	struct limit_figure next = limits_resolve(&core->limits, index);
	bool wait = limits_looser(&core->limits.items[slot->limit], next, slot->now) && bears(core, index);
	if (slot->put_off != wait) {
		slot->put_off = wait;
		core->limits.n_put_off += wait ? 1u : UINT32_MAX; /* one less */
	}
	bool same = next.given == slot->now.given && next.value >= slot->now.value && next.value <= slot->now.value;
	if (!wait && !same)
		apply(core, index, next);
}

void figure_take(struct core *core, const struct core_input *input)
{
	const char *id = input->figure.limit;
	uint32_t at = id ? limits_find(&core->limits, id, strlen(id)) : LIMITS_NONE;
	if (at == LIMITS_NONE || (input->figure.given && !isfinite(input->figure.value)))
		return;
	struct limit *limit = &core->limits.items[at];
	struct limit_figure figure = {input->figure.given, input->figure.given ? input->figure.value : 0};
	if (input->device == CORE_NO_DEVICE) {
		limit->step = figure;
		for (uint32_t i = 0; i < core->limits.n_slots; i++)
			if (core->limits.slots[i].limit == at)
				reconsider(core, i);
	} else if (input->device < core->home.n_devices && limit->slot_of &&
		   limit->slot_of[input->device] != LIMITS_NONE) {
		uint32_t slot = limit->slot_of[input->device];
		core->limits.slots[slot].step = figure;
		reconsider(core, slot);
	}
}

void figure_settle(struct core *core)
{
	for (uint32_t i = 0; core->limits.n_put_off > 0 && i < core->limits.n_slots; i++)
		if (core->limits.slots[i].put_off)
			reconsider(core, i);
}
