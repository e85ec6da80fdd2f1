/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/safety.h"

#include <json-c/json.h>
#include <string.h>

#include "base/str.h"

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

static const char *const outcomes[] = {
    [CORE_ACCEPTED] = "accepted",
    [CORE_NOT_PERMITTED] = "not_permitted",
    [CORE_RETAINED] = "retained",
    [CORE_DUPLICATE] = "duplicate",
    [CORE_LATE] = "late",
    [CORE_MALFORMED] = "malformed",
    [CORE_OUT_OF_RANGE] = "out_of_range",
    [CORE_UNKNOWN_CONTROL] = "unknown_control",
    [CORE_TOO_LARGE] = "too_large",
    [CORE_DEVICE_NOT_READY] = "device_not_ready",
};

static const char *const phases[] = {
    [CORE_PHASE_UNKNOWN] = "unknown",
    [CORE_PHASE_AT_REST] = "at_rest",
    [CORE_PHASE_COMING_TO_REST] = "coming_to_rest",
    [CORE_PHASE_ENERGISED] = "energised",
    [CORE_PHASE_CONFIRMED_ON] = "confirmed_on",
};

static const char *const qualities[] = {
    [THERAPY_UNKNOWN] = "unknown",
    [THERAPY_GOOD] = "good",
    [THERAPY_ERROR] = "error",
};

#define NAME_OF(names, i) ((size_t)(i) < sizeof(names) / sizeof *(names) ? (names)[i] : "unknown")

const char *safety_outcome(enum core_outcome outcome)
{
	return NAME_OF(outcomes, outcome);
}

/* ---- JSON ---- */

static void put(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, value ? json_object_new_string(value) : NULL);
}

static void put_number(struct json_object *to, const char *key, double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add_number(&s, value, 6);
	json_object_object_add(to, key, json_object_new_double_s(value, text));
}

static char *finish(struct json_object *root)
{
	const char *text =
	    json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}

static const Therapy__V1__MetricDescription *metric_of(const struct safety_config *config,
						       const struct core_cause *cause)
{
	if (cause->device >= config->n_devices || cause->metric >= config->devices[cause->device]->n_metrics)
		return NULL;
	return config->devices[cause->device]->metrics[cause->metric];
}

static struct json_object *cause_object(const struct safety_config *config, const struct core_cause *cause,
					uint64_t now_ms)
{
	const Therapy__V1__MetricDescription *metric = metric_of(config, cause);
	if (!metric)
		return NULL;
	struct json_object *o = json_object_new_object();
	put(o, "device", config->devices[cause->device]->device_id);
	put(o, "metric", metric->key);
	if (cause->quality == THERAPY_UNKNOWN)
		json_object_object_add(o, "value", NULL);
	else
		put_number(o, "value", cause->value);
	put(o, "quality", NAME_OF(qualities, cause->quality));
	uint64_t age_ms = now_ms > cause->stamp_ms ? now_ms - cause->stamp_ms : 0;
	json_object_object_add(o, "age_ms",
			       cause->stamp_ms ? json_object_new_uint64(age_ms) : NULL); /* 0: never read */
	return o;
}

static struct json_object *control_object(const struct safety_config *config, const struct core_permission *p,
					  uint64_t now_ms)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "permitted", json_object_new_boolean(p->permitted));
	json_object_object_add(o, "granted", json_object_new_boolean(p->granted));
	json_object_object_add(o, "suspended", json_object_new_boolean(p->suspended));
	put_number(o, "value", p->value);
	put(o, "phase", NAME_OF(phases, p->phase));
	put(o, "why", p->why);
	put(o, "rule", p->rule);
	json_object_object_add(o, "hazard", p->hazard ? json_object_new_int((int)p->hazard) : NULL);
	json_object_object_add(o, "cause", cause_object(config, &p->cause, now_ms));
	return o;
}

char *safety_payload(const struct safety_config *config, uint64_t now_ms,
		     void (*permission)(void *, uint16_t, uint16_t, struct core_permission *), void *user)
{
	struct json_object *root = json_object_new_object(), *devices = json_object_new_object();
	if (!root || !devices) {
		json_object_put(root);
		json_object_put(devices);
		return NULL;
	}
	put(root, "gateway", config->gateway_id);
	json_object_object_add(root, "devices", devices);
	for (size_t d = 0; d < config->n_devices; d++) {
		if (config->devices[d]->n_controls == 0)
			continue;
		struct json_object *controls = json_object_new_object();
		json_object_object_add(devices, config->devices[d]->device_id, controls);
		for (size_t c = 0; c < config->devices[d]->n_controls; c++) {
			struct core_permission p = {.cause.device = CORE_NO_DEVICE};
			permission(user, (uint16_t)d, (uint16_t)c, &p);
			json_object_object_add(controls, config->devices[d]->controls[c]->key,
					       control_object(config, &p, now_ms));
		}
	}
	return finish(root);
}

char *safety_result(const struct core_output *result, const char *control)
{
	struct json_object *root = json_object_new_object();
	if (!root)
		return NULL;
	put(root, "id", result->request_id);
	put(root, "control", control);
	put(root, "outcome", safety_outcome(result->outcome));
	put(root, "reason", result->why);
	put(root, "rule", result->rule);
	put_number(root, "value", result->value);
	return finish(root);
}

/* ---- protobuf ---- */

static void fill_cause(const struct safety_config *config, const struct core_cause *cause,
		       Therapy__V1__Reading *reading, Therapy__V1__SafetyEvent *event)
{
	const Therapy__V1__MetricDescription *metric = metric_of(config, cause);
	if (!metric)
		return;
	reading->metric = cause->metric;
	reading->key = metric->key;
	reading->quality = (Therapy__V1__Quality)(cause->quality + 1);
	reading->monotonic_ms = cause->stamp_ms;
	if (cause->quality != THERAPY_UNKNOWN) {
		reading->presence_case = THERAPY__V1__READING__PRESENCE_VALUE;
		reading->value = cause->value;
	}
	event->cause = reading;
	event->cause_device_id = config->devices[cause->device]->device_id;
}

size_t safety_event(const struct safety_config *config, const struct core_output *output,
		    const struct safety_stamp *stamp, uint8_t *buffer, size_t size)
{
	Therapy__V1__SafetyEvent event = THERAPY__V1__SAFETY_EVENT__INIT;
	Therapy__V1__Reading cause = THERAPY__V1__READING__INIT;
	event.gateway_id = (union text){.from = config->gateway_id}.to;
	event.boot_id = (union text){.from = config->boot_id}.to;
	event.sequence = stamp->sequence;
	event.type = (Therapy__V1__SafetyEventType)(output->event + 1); /* the orders agree, after the zeros */
	event.priority = (Therapy__V1__AlarmPriority)(output->priority + 1);
	event.hazard = output->hazard;
	event.text = (union text){.from = output->why}.to;
	event.monotonic_ms = stamp->now_ms;
	event.wall_unix_ms = stamp->wall_ms;
	event.wall_clock_trusted = stamp->wall_trusted;
	if (output->rule)
		event.rule_id = (union text){.from = output->rule}.to;
	if (output->device < config->n_devices) {
		const Therapy__V1__DeviceDescription *device = config->devices[output->device];
		event.device_id = device->device_id;
		if (output->control < device->n_controls)
			event.control = device->controls[output->control]->key;
	}
	fill_cause(config, &output->cause, &cause, &event);
	if (therapy__v1__safety_event__get_packed_size(&event) > size)
		return 0;
	return therapy__v1__safety_event__pack(&event, buffer);
}
