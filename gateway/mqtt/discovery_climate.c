/* SPDX-License-Identifier: Apache-2.0
 * A set-point as Home Assistant's thermostat: a mode, a temperature, what is measured and what it does. Its platform
 * has a topic and a template for each of these instead of one state. */
#include "mqtt/climate.h"
#include "mqtt/discovery_parts.h"
#include "mqtt/keys.h"
#include "mqtt/quantity.h"

#define PRECISION 0.1 /* Home Assistant shows both temperatures in it: what is measured has tenths */

/* `<what>_topic` and `<what>_template` of the member `key` of the state. */
static void put_member(const struct discovery_parts *parts, struct json_object *o, const char *what, const char *key)
{
	char name[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, name, sizeof name);
	str_add(&s, "%s_topic", what);
	discovery_put_topic(parts, o, name, "state");
	str_init(&s, name, sizeof name);
	str_add(&s, "%s_template", what);
	discovery_put_format(o, name, "{{ value_json.%s }}", key);
}

static void put_own(const struct discovery_parts *parts, struct json_object *o,
		    const Therapy__V1__DeviceDescription *device, size_t control, const char *what, const char *member)
{
	char key[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, key, sizeof key);
	keys_climate(&s, device, control, member);
	put_member(parts, o, what, key);
}

static void put_modes(struct json_object *o)
{
	struct json_object *modes = json_object_new_array();
	json_object_array_add(modes, json_object_new_string("off"));
	json_object_array_add(modes, json_object_new_string("heat"));
	json_object_object_add(o, "modes", modes);
}

void discovery_add_climate(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device,
			   size_t control)
{
	const Therapy__V1__ControlDescription *row = device->controls[control];
	const char *base = parts->config->base;
	char id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, id, sizeof id);
	keys_component(&s, device, control);
	struct json_object *o = discovery_component(parts, "climate", id, row->name);
	put_modes(o);
	put_own(parts, o, device, control, "mode_state", "mode");
	discovery_put_format(o, "mode_command_topic", "%s/%s/set/%s/mode", base, parts->device, row->key);
	put_own(parts, o, device, control, "temperature_state", "target");
	discovery_put_format(o, "temperature_command_topic", "%s/%s/set/%s/temperature", base, parts->device, row->key);
	put_own(parts, o, device, control, "action", "action");
	if (row->measured > 0 && row->measured <= device->n_metrics)
		put_member(parts, o, "current_temperature", device->metrics[row->measured - 1]->key);
	struct quantity_scale scale;
	quantity_scale(parts->config->units, row, &scale);
	discovery_put(o, "temperature_unit", scale.converted ? "F" : "C");
	discovery_put_number(o, "min_temp", quantity_shown(&scale, row->min));
	discovery_put_number(o, "max_temp", scale.max);
	discovery_put_number(o, "temp_step", scale.step);
	discovery_put_number(o, "precision", PRECISION);
}
