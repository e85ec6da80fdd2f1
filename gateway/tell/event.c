/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unit.h"
#include "tell/tell.h"

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

static char *text(const char *from)
{
	return (union text){.from = from ? from : ""}.to;
}

struct inputs {
	Therapy__V1__SafetyInput items[CORE_SEEN_MAX], *pointers[CORE_SEEN_MAX];
	Therapy__V1__Reading readings[CORE_SEEN_MAX];
};

static void fill_reading(Therapy__V1__Reading *to, const char *key, uint8_t quality, double value, uint64_t stamp_ms)
{
	*to = (Therapy__V1__Reading)THERAPY__V1__READING__INIT;
	to->key = text(key);
	to->quality = (Therapy__V1__Quality)(quality + 1);
	to->monotonic_ms = stamp_ms;
	if (quality != THERAPY_UNKNOWN) {
		to->presence_case = THERAPY__V1__READING__PRESENCE_VALUE;
		to->value = value;
	}
}

static void fill_inputs(const struct core_rule_explanation *rule, uint64_t now_ms, struct inputs *in,
			Therapy__V1__SafetyEvent *event)
{
	for (size_t i = 0; i < rule->n_seen; i++) {
		const struct core_seen *seen = &rule->seen[i];
		Therapy__V1__SafetyInput *to = &in->items[i];
		*to = (Therapy__V1__SafetyInput)THERAPY__V1__SAFETY_INPUT__INIT;
		fill_reading(&in->readings[i], seen->key, seen->quality, seen->value,
			     seen->read && now_ms > seen->age_ms ? now_ms - seen->age_ms : 0);
		to->device_id = text(seen->device);
		to->reading = &in->readings[i];
		to->is_control = seen->is_control;
		to->unit = (Therapy__V1__Unit)(seen->unit + 1);
		to->max_age_ms = seen->max_age_ms;
		to->must = text(seen->must);
		to->must_not = seen->negated;
		if (seen->has_figure && !seen->is_control) {
			to->figure_case = THERAPY__V1__SAFETY_INPUT__FIGURE_BOUND;
			to->bound = seen->figure;
		}
		in->pointers[i] = to;
	}
	event->n_inputs = rule->n_seen;
	event->inputs = in->pointers;
	event->inputs_left_out = (uint32_t)rule->n_more;
}

size_t tell_event_pack(const struct core *core, const struct core_output *o, const struct tell_stamp *stamp,
		       uint8_t *buffer, size_t size)
{
	Therapy__V1__SafetyEvent event = THERAPY__V1__SAFETY_EVENT__INIT;
	Therapy__V1__Reading cause;
	struct core_explanation control;
	struct core_rule_explanation rule;
	struct inputs inputs;
	event.gateway_id = text(stamp->gateway_id);
	event.boot_id = text(stamp->boot_id);
	event.sequence = stamp->sequence;
	event.type = (Therapy__V1__SafetyEventType)(o->event + 1); /* the orders agree, after the zeros */
	event.priority = (Therapy__V1__AlarmPriority)(o->priority + 1);
	event.hazard = o->hazard;
	event.text = text(o->why);
	event.monotonic_ms = stamp->now_ms;
	event.wall_unix_ms = stamp->wall_ms;
	event.wall_clock_trusted = stamp->wall_trusted;
	event.rule_id = text(o->rule);
	event.device_id = text(core_device_id(core, o->device));
	if (core_explain(core, o->device, o->control, &control))
		event.control = text(control.control);
	if (o->cause.device != CORE_NO_DEVICE) {
		enum therapy_unit unit;
		fill_reading(&cause, core_metric_key(core, o->cause.device, o->cause.metric, &unit), o->cause.quality,
			     o->cause.value, o->cause.stamp_ms);
		cause.metric = o->cause.metric;
		event.cause = &cause;
		event.cause_device_id = text(core_device_id(core, o->cause.device));
	}
	if (o->rule && core_explain_rule_named(core, o->rule, &rule))
		fill_inputs(&rule, stamp->now_ms, &inputs, &event);
	if (therapy__v1__safety_event__get_packed_size(&event) > size)
		return 0;
	return therapy__v1__safety_event__pack(&event, buffer);
}

/* ---- JSON ---- */

static const char *unless_empty(const char *t)
{
	return t && t[0] ? t : NULL;
}

static struct json_object *reading_object(const char *device, const Therapy__V1__Reading *r, bool is_control)
{
	struct json_object *o = json_object_new_object();
	tell_put(o, "device", device);
	tell_put(o, is_control ? "control" : "metric", r->key);
	if (r->presence_case == THERAPY__V1__READING__PRESENCE_VALUE)
		tell_put_number(o, "value", r->value);
	else
		tell_put(o, "value", NULL);
	tell_put(o, "quality", tell_quality((uint8_t)(r->quality - 1)));
	return o;
}

static struct json_object *inputs_array(const Therapy__V1__SafetyEvent *e)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < e->n_inputs; i++) {
		const Therapy__V1__SafetyInput *in = e->inputs[i];
		if (!in->reading)
			continue;
		struct json_object *o = reading_object(in->device_id, in->reading, in->is_control);
		tell_put(o, "unit", unit_text((enum therapy_unit)(in->unit - 1)));
		tell_put(o, "must", unless_empty(in->must));
		tell_put_bool(o, "must_not", in->must_not);
		tell_put_count(o, "age_ms",
			       e->monotonic_ms > in->reading->monotonic_ms && in->reading->monotonic_ms
				   ? e->monotonic_ms - in->reading->monotonic_ms
				   : 0);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *tell_event(const uint8_t *bytes, size_t size)
{
	Therapy__V1__SafetyEvent *e = therapy__v1__safety_event__unpack(NULL, size, bytes);
	if (!e)
		return NULL;
	char name[40];
	struct json_object *o = json_object_new_object();
	tell_event_name(e->type, name, sizeof name);
	tell_put_count(o, "sequence", e->sequence);
	tell_put(o, "event", name);
	tell_put(o, "device", unless_empty(e->device_id));
	tell_put(o, "control", unless_empty(e->control));
	tell_put(o, "rule", unless_empty(e->rule_id));
	tell_put_count(o, "hazard", e->hazard);
	tell_put(o, "priority", tell_priority((enum core_priority)(e->priority - 1)));
	tell_put(o, "text", e->text);
	tell_put(o, "boot_id", e->boot_id);
	tell_put_count(o, "monotonic_ms", e->monotonic_ms);
	json_object_object_add(o, "wall_unix_ms", json_object_new_int64(e->wall_unix_ms));
	tell_put_bool(o, "wall_clock_trusted", e->wall_clock_trusted);
	json_object_object_add(o, "cause", e->cause ? reading_object(e->cause_device_id, e->cause, false) : NULL);
	json_object_object_add(o, "inputs", inputs_array(e));
	therapy__v1__safety_event__free_unpacked(e, NULL);
	return o;
}
