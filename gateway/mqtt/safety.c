/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/safety.h"

#include <json-c/json.h>

#include "mqtt/quantity.h"
#include "tell/tell.h"

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
	tell_put(o, "device", config->devices[cause->device]->device_id);
	tell_put(o, "metric", metric->key);
	if (cause->quality == THERAPY_UNKNOWN)
		json_object_object_add(o, "value", NULL);
	else
		tell_put_number(o, "value", cause->value);
	tell_put(o, "quality", tell_quality(cause->quality));
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
	tell_put_number(o, "value", p->value);
	tell_put(o, "phase", tell_phase(p->phase));
	tell_put(o, "why", p->why);
	tell_put(o, "rule", p->rule);
	json_object_object_add(o, "hazard", p->hazard ? json_object_new_int((int)p->hazard) : NULL);
	json_object_object_add(o, "cause", cause_object(config, &p->cause, now_ms));
	return o;
}

char *safety_payload(const struct safety_config *config, uint64_t now_ms,
		     void (*permission)(void *, uint16_t, uint16_t, struct core_permission *),
		     void (*more)(void *, struct json_object *), void *user)
{
	struct json_object *root = json_object_new_object(), *devices = json_object_new_object();
	if (!root || !devices) {
		json_object_put(root);
		json_object_put(devices);
		return NULL;
	}
	tell_put(root, "gateway", config->gateway_id);
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
	if (more)
		more(user, root);
	return tell_text(root);
}

/* As the control's state shows it. */
static double result_value(const struct safety_config *config, const struct core_output *result)
{
	struct quantity_scale scale;
	if (result->device >= config->n_devices || result->control >= config->devices[result->device]->n_controls)
		return result->value;
	quantity_scale(config->units, config->devices[result->device]->controls[result->control], &scale);
	return quantity_shown(&scale, result->value);
}

char *safety_result(const struct safety_config *config, const struct core_output *result, const char *control)
{
	struct json_object *root = json_object_new_object();
	if (!root)
		return NULL;
	tell_put(root, "id", result->request_id);
	tell_put(root, "control", control);
	tell_put(root, "outcome", tell_outcome(result->outcome));
	tell_put(root, "reason", result->why);
	tell_put(root, "rule", result->rule);
	tell_put_number(root, "value", result_value(config, result));
	return tell_text(root);
}
