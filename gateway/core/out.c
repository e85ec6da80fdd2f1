/* SPDX-License-Identifier: Apache-2.0 */
#include "core/inside.h"

#include <string.h>

/* The room (build.c) is for the most that one step can say; should that ever be wrong, the last slot is spare. */
struct core_output *out_add(struct core *core, enum core_output_type type, uint32_t control)
{
	struct core_output *out = &core->outputs[core->n_outputs];
	if (core->n_outputs < core->cap_outputs)
		core->n_outputs++;
	memset(out, 0, sizeof *out);
	out->type = type;
	out->device = CORE_NO_DEVICE;
	out->control = CORE_NO_CONTROL;
	out->cause.device = CORE_NO_DEVICE;
	if (control != NONE) {
		const struct home_control *c = &core->home.controls[control];
		out->device = c->device;
		out->control = (uint16_t)(control - core->home.devices[c->device].first_control);
	}
	return out;
}

static struct core_output *add_event(struct core *core, enum core_event_type type, uint32_t control, const char *why)
{
	if (core->n_events == core->room_for_events) {
		core->events_dropped++;
		return NULL;
	}
	core->n_events++;
	struct core_output *out = out_add(core, CORE_OUT_EVENT, control);
	out->event = type;
	struct str s;
	str_init(&s, out->why, sizeof out->why);
	str_add(&s, "%s", why);
	return out;
}

void out_event(struct core *core, enum core_event_type type, uint32_t control, uint32_t rule,
	       const struct core_cause *cause, enum core_priority priority, const char *why)
{
	struct core_output *out = add_event(core, type, control, why);
	if (!out)
		return;
	out->priority = priority;
	if (cause)
		out->cause = *cause;
	if (rule != NONE) {
		out->rule = core->rules[rule].id;
		out->hazard = core->rules[rule].hazard;
	}
}

void out_device_event(struct core *core, enum core_event_type type, uint16_t device, const char *why)
{
	struct core_output *out = add_event(core, type, NONE, why);
	if (!out)
		return;
	out->device = device;
	bool soon = type == CORE_EVENT_DEVICE_LOST || type == CORE_EVENT_COMMAND_KEPT ||
		    type == CORE_EVENT_SETTING_CHANGED || type == CORE_EVENT_RELEASE_FAILED;
	out->priority = soon ? CORE_PRIORITY_MEDIUM : CORE_PRIORITY_LOW;
	if (type == CORE_EVENT_COMMAND_KEPT || type == CORE_EVENT_COMMAND_CLEARED)
		out->hazard = 27; /* switched on by somebody else, again and again */
}

void out_changed(struct core *core, uint32_t control)
{
	if (core->controls[control].changed)
		return;
	core->controls[control].changed = true;
	core->changed[core->n_changed++] = control;
}

void out_flush_changed(struct core *core)
{
	for (uint32_t i = 0; i < core->n_changed; i++) {
		core->controls[core->changed[i]].changed = false;
		out_add(core, CORE_OUT_CHANGED, core->changed[i]);
	}
	core->n_changed = 0;
	if (core->audio.over)
		out_add(core, CORE_OUT_CHANGED, NONE);
	core->audio.over = false;
}
