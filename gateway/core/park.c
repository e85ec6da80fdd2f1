/* SPDX-License-Identifier: Apache-2.0
 *
 * A device that sleeps in the basement, with its radio off, would forbid everything for ever: a person may park it, and
 * rules do without it (logic_park). Only what has no control and stops nothing can be parked, and only while nothing
 * runs that looks at it. It ends by itself as soon as anything says that it is used: somebody is on it, or it moved by
 * 5 deg since, or after 12 h. What is parked is always shown.
 */
#include "core/gate.h"

#define MOVED_DEG 5.0

static const struct home_device *device_of(const struct core *core, uint32_t device)
{
	return &core->home.devices[device];
}

static bool is_occupied(const struct core *core, uint32_t metric)
{
	const struct home_metric *m = &core->home.metrics[metric];
	const struct value *v = &core->values[metric];
	return strcmp(m->key, "occupied") == 0 && v->seen && v->value > 0 &&
	       value_quality(v, core->now_ms, m->stale_ms) == THERAPY_GOOD;
}

/* A control that runs, or waits to go on, and whose rules look at the device; NONE: there is none. */
static uint32_t session_on(const struct core *core, uint32_t device)
{
	const struct home_device *d = device_of(core, device);
	const struct logic *logic = &core->logic;
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++)
		for (uint32_t i = logic->metric_at[m]; i < logic->metric_at[m + 1]; i++) {
			uint32_t owner = logic->texts[logic->nodes[logic->metric_nodes[i]].text].owner;
			for (uint32_t k = 0; owner < core->n_rules && k < core->rules[owner].n_controls; k++) {
				uint32_t control = core->rules[owner].controls[k];
				if (core->switches[control].granted || core->controls[control].suspended)
					return control;
			}
		}
	return NONE;
}

/* Whatever was seen last, it was in use: a sensor that died in the middle of a session must not make it look empty. */
static uint32_t session_open(const struct core *core, uint32_t device)
{
	for (uint32_t i = 0; i < core->n_derived; i++) {
		const struct derived *d = &core->derived[i];
		if (d->type == CORE_DERIVE_TIME && core->home.metrics[d->metric].device == device &&
		    d->session.state == DERIVED_RUNNING)
			return d->metric;
	}
	return NONE;
}

/* Nobody puts themselves away: presence and clearance are asked of whoever is there. */
static bool is_person(const struct core *core, uint32_t device)
{
	return strcmp(core->home.kinds[core->home.devices[device].kind], "person") == 0;
}

static int check(const struct core *core, struct decision *d)
{
	const struct home_device *device = device_of(core, d->device);
	if (is_person(core, d->device))
		return gate_conclude(d, CORE_NOT_PERMITTED, SAY(core, "%s is no device: nobody can be parked"),
				     device->id);
	if (device->n_controls > 0)
		return gate_conclude(d, CORE_NOT_PERMITTED,
				     SAY(core, "%s has a control of its own: only what just measures can be parked"),
				     device->id);
	for (uint32_t m = device->first_metric; m < device->first_metric + device->n_metrics; m++) {
		if (core->home.metrics[m].stops)
			return gate_conclude(d, CORE_NOT_PERMITTED,
					     SAY(core, "%s stops everything when pressed: it cannot be parked"),
					     device->id);
		if (is_occupied(core, m))
			return gate_conclude(d, CORE_NOT_PERMITTED, SAY(core, "somebody is on %s: it cannot be parked"),
					     device->id);
	}
	uint32_t control = session_on(core, d->device), open = session_open(core, d->device);
	if (control != NONE)
		return gate_conclude(d, CORE_NOT_PERMITTED,
				     SAY(core, "%s.%s is in use, and its rules look at %s: ask for rest first"),
				     control_device(core, control), control_key(core, control), device->id);
	if (open != NONE)
		return gate_conclude(
		    d, CORE_NOT_PERMITTED,
		    SAY(core, "%s was in use when it was seen last (%s runs): it cannot be parked before that is over"),
		    device->id, core->home.metrics[open].key);
	return 0;
}

static void set(struct core *core, uint16_t device, bool parked, uint64_t until_ms)
{
	struct parking *p = &core->parking[device];
	const struct home_device *d = device_of(core, device);
	p->parked = parked;
	p->until_ms = until_ms;
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++) {
		const struct value *v = &core->values[m];
		bool known = v->seen && value_quality(v, core->now_ms, core->home.metrics[m].stale_ms) == THERAPY_GOOD;
		core->anchors[m] = (struct anchor){known, v->value};
	}
	if (parked)
		timers_set(&core->timers, &p->timer, until_ms);
	else
		timers_stop(&core->timers, &p->timer);
	logic_park(&core->logic, device, parked);
}

void park_recall(struct core *core, uint16_t device, uint64_t until_ms)
{
	const struct home_device *d = device_of(core, device);
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++)
		if (core->home.metrics[m].stops)
			return;
	if (d->n_controls == 0 && !is_person(core, device))
		set(core, device, true, until_ms);
}

void park_set(struct core *core, uint16_t device, bool parked, const char *why)
{
	if (core->parking[device].parked == parked)
		return;
	set(core, device, parked, timers_after(core->now_ms, PARKED_MS));
	memory_changed(core, CORE_GRAVE);
	out_device_event(core, parked ? CORE_EVENT_PARKED : CORE_EVENT_UNPARKED, device, why);
}

void park_reading(struct core *core, uint32_t metric)
{
	const struct home_metric *m = &core->home.metrics[metric];
	const struct value *v = &core->values[metric];
	struct anchor *anchor = &core->anchors[metric];
	if (!core->parking[m->device].parked || v->quality != THERAPY_GOOD)
		return;
	const char *device = device_of(core, m->device)->id;
	char why[CORE_WHY_MAX], from[EXPLAIN_AMOUNT_MAX], to[EXPLAIN_AMOUNT_MAX];
	if (is_occupied(core, metric)) {
		explain_say(why, SAY(core, "%s is not parked any more: somebody is on it"), device);
		park_set(core, m->device, false, why);
	} else if (m->unit == THERAPY_UNIT_DEG && !anchor->set) {
		*anchor = (struct anchor){true, v->value};
	} else if (m->unit == THERAPY_UNIT_DEG && fabs(v->value - anchor->value) >= MOVED_DEG) {
		explain_say(why, SAY(core, "%s is not parked any more: %s.%s moved from %s to %s"), device, device,
			    m->key, explain_amount(core, anchor->value, m->unit, 1, from),
			    explain_amount(core, v->value, m->unit, 1, to));
		park_set(core, m->device, false, why);
	}
}

void park_timer(struct core *core, uint16_t device)
{
	char why[CORE_WHY_MAX];
	explain_say(why, SAY(core, "%s is not parked any more: that lasts 12 h at most"), device_of(core, device)->id);
	park_set(core, device, false, why);
}

int park_request(struct core *core, struct decision *d, const struct core_request *request)
{
	char why[CORE_WHY_MAX], text[44];
	bool park = request->verb == CORE_PARK;
	if (gate_find_device(core, d, request))
		return -1;
	const char *device = device_of(core, d->device)->id;
	if (core->parking[d->device].parked == park) {
		gate_conclude(d, CORE_ACCEPTED,
			      park ? SAY(core, "%s is parked as it was") : SAY(core, "%s is not parked as it was"),
			      device);
		return 0;
	}
	if (park && check(core, d))
		return -1;
	explain_say(why,
		    park ? SAY(core, "%s was parked by %s: rules do without it until it is used, for 12 h at most")
			 : SAY(core, "%s was unparked by %s"),
		    device, gate_shown(request->by, text));
	park_set(core, (uint16_t)d->device, park, why);
	gate_conclude(d, CORE_ACCEPTED, "%s", why);
	return 0;
}

bool core_parked(const struct core *core, uint16_t device, uint64_t *until_ms)
{
	if (device >= core->home.n_devices || !core->parking[device].parked)
		return false;
	*until_ms = core->parking[device].until_ms;
	return true;
}
