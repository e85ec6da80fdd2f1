/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/discovery.h"

#include <string.h>

#include "base/words.h"
#include "mqtt/climate.h"
#include "mqtt/discovery_parts.h"
#include "mqtt/keys.h"
#include "mqtt/quantity.h"

#define INVERTED_DEG   10.0 /* head down: that of the shipped rules of hazards 11 and 14 */
#define NAME_MAX_BYTES 128u

/* Numeric classes and the units our metrics can have in them (Home Assistant's sensor and number platforms). */
static const struct {
	const char *device_class, *unit;
} classes[] = {
    {"temperature", "°C"}, {"power", "W"},   {"energy", "Wh"},  {"duration", "s"},     {"pressure", "kPa"},
    {"weight", "kg"},      {"voltage", "V"}, {"current", "A"},  {"temperature", "°F"}, {"pressure", "psi"},
    {"weight", "lb"},      {"battery", "%"}, {"humidity", "%"}, {"moisture", "%"},     {"power_factor", "%"},
};

static const char *const binary_classes[] = {
    "safety", "problem", "heat",     "occupancy", "running",  "connectivity", "battery", "power",
    "moving", "motion",  "presence", "vibration", "moisture", "plug",         "tamper",  "battery_charging"};

bool discovery_class_fits(const char *device_class, const char *unit)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strcmp(classes[i].device_class, device_class) == 0 && strcmp(classes[i].unit, unit) == 0)
			return true;
	return false;
}

bool discovery_binary_class(const char *device_class)
{
	for (size_t i = 0; i < sizeof binary_classes / sizeof *binary_classes; i++)
		if (strcmp(binary_classes[i], device_class) == 0)
			return true;
	return false;
}

/* ---- components ---- */

static void put_unit(struct json_object *to, const struct unit_view *view)
{
	if (view->symbol[0] != '\0' && strcmp(view->symbol, "?") != 0)
		discovery_put(to, "unit_of_measurement", view->symbol);
}

static void add_metric(const struct discovery_parts *parts, const Therapy__V1__MetricDescription *m)
{
	bool binary = m->unit == THERAPY__V1__UNIT__UNIT_BOOL;
	struct json_object *o = discovery_component(parts, binary ? "binary_sensor" : "sensor", m->key, m->name);
	discovery_shows(parts, o, m->key);
	if (m->diagnostic)
		discovery_put(o, "entity_category", "diagnostic");
	if (binary) {
		if (discovery_binary_class(m->device_class))
			discovery_put(o, "device_class", m->device_class);
		return;
	}
	struct unit_view view = quantity_view(parts->config->units, m->unit);
	put_unit(o, &view);
	if (discovery_class_fits(m->device_class, view.symbol))
		discovery_put(o, "device_class", m->device_class);
	discovery_put(o, "state_class",
		      m->unit == THERAPY__V1__UNIT__UNIT_WATT_HOUR ? "total_increasing" : "measurement");
	json_object_object_add(o, "suggested_display_precision", json_object_new_int((int)(m->precision + view.finer)));
}

/* Rules ask for an angle; people ask whether somebody hangs head down. Unknown stays unknown. */
static void add_inverted(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device)
{
	bool tilts = false;
	for (size_t i = 0; i < device->n_metrics; i++) {
		if (strcmp(device->metrics[i]->key, "inverted") == 0)
			return; /* it says so itself */
		tilts |= strcmp(device->metrics[i]->key, "tilt") == 0 &&
			 device->metrics[i]->unit == THERAPY__V1__UNIT__UNIT_DEG;
	}
	if (strcmp(device->kind, "inversion") != 0 || !tilts)
		return;
	struct json_object *o = discovery_component(parts, "binary_sensor", "inverted", LANGUAGE_MARK("Inverted"));
	discovery_put_topic(parts, o, "state_topic", "state");
	discovery_put_format(o, "value_template",
			     "{{ 'None' if value_json.tilt is none else 'ON' if value_json.tilt > %g else 'OFF' }}",
			     INVERTED_DEG);
	discovery_put(o, "icon", "mdi:rotate-3d-variant");
}

static void put_options(struct json_object *to, const char *words)
{
	struct json_object *options = json_object_new_array();
	const char *word;
	size_t size;
	for (size_t i = 0; (word = words_of(words, (double)i, &size)); i++)
		json_object_array_add(options, json_object_new_string_len(word, (int)size));
	json_object_object_add(to, "options", options);
}

static void put_range(const struct discovery_parts *parts, struct json_object *o,
		      const Therapy__V1__ControlDescription *control)
{
	discovery_put_number(o, "min", 0); /* 0 is rest, below what may be asked for: it must be showable */
	struct quantity_scale scale;
	quantity_scale(parts->config->units, control, &scale);
	discovery_put_number(o, "max", scale.max);
	discovery_put_number(o, "step", scale.step);
	discovery_put(o, "mode", "box");
	put_unit(o, &scale.view);
	if (control->unit == THERAPY__V1__UNIT__UNIT_CELSIUS)
		discovery_put(o, "device_class", "temperature");
}

static void add_command(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device, size_t index)
{
	const Therapy__V1__ControlDescription *control = device->controls[index];
	bool number = control->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER, select = control->words[0];
	char key[DISCOVERY_ID_BYTES], id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, key, sizeof key);
	keys_control(&s, device, index);
	str_init(&s, id, sizeof id);
	keys_component(&s, device, index);
	struct json_object *o = discovery_component(parts,
						    select   ? "select"
						    : number ? "number"
							     : "switch",
						    id, control->name);
	discovery_shows(parts, o, key);
	discovery_put_format(o, "command_topic", "%s/%s/set/%s", parts->config->base, parts->device, control->key);
	if (select) {
		put_options(o, control->words);
	} else if (number) {
		put_range(parts, o, control);
	} else {
		discovery_put(o, "payload_on", "ON");
		discovery_put(o, "payload_off", "OFF");
	}
}

/* What begins by a hand of its own is switched off here and nowhere on: a switch would promise more. That it is on, its
 * own reading says. */
static void add_cut(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device, size_t index)
{
	const Therapy__V1__ControlDescription *control = device->controls[index];
	char key[DISCOVERY_ID_BYTES], name[NAME_MAX_BYTES];
	struct str s;
	str_init(&s, key, sizeof key);
	keys_cut(&s, device, index);
	str_init(&s, name, sizeof name);
	str_add(&s, language_say(parts->config->language, "%.80s off"), discovery_name(parts, control->name));
	struct json_object *o = discovery_component(parts, "button", key, name);
	discovery_put_format(o, "command_topic", "%s/%s/set/%s", parts->config->base, parts->device, control->key);
	discovery_put(o, "payload_press", "OFF");
	discovery_put(o, "icon", "mdi:power-plug-off");
}

/* Only what has a timer of its own can prove it. */
static void add_off_test(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device,
			 size_t index)
{
	const Therapy__V1__ControlDescription *control = device->controls[index];
	char key[DISCOVERY_ID_BYTES], name[NAME_MAX_BYTES];
	struct str s;
	if (control->device_timer_ms == 0)
		return;
	str_init(&s, key, sizeof key);
	keys_off_test(&s, device, index);
	str_init(&s, name, sizeof name);
	str_add(&s, language_say(parts->config->language, "%.80s off-test"), discovery_name(parts, control->name));
	struct json_object *o = discovery_component(parts, "button", key, name);
	discovery_put_format(o, "command_topic", "%s/%s/off_test/%s", parts->config->base, parts->device, control->key);
	discovery_put(o, "payload_press", "PRESS");
	discovery_put(o, "icon", "mdi:timer-off");
	discovery_put(o, "entity_category", "config");
}

/* Is it barred, and why: also of a device that is not there. */
static void add_interlock(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device,
			  size_t index)
{
	const Therapy__V1__ControlDescription *control = device->controls[index];
	char key[DISCOVERY_ID_BYTES], name[NAME_MAX_BYTES];
	struct str s;
	str_init(&s, key, sizeof key);
	keys_permitted(&s, device, index);
	str_init(&s, name, sizeof name);
	str_add(&s, language_say(parts->config->language, "%.80s interlock"), discovery_name(parts, control->name));
	struct json_object *o = discovery_component(parts, "binary_sensor", key, name);
	discovery_put_topic(parts, o, "state_topic", "state");
	/* Home Assistant's class: on is unsafe */
	discovery_put_format(o, "value_template", "{{ 'OFF' if value_json.%s == 'ON' else 'ON' }}", key);
	discovery_put(o, "device_class", "safety");
	discovery_outlives_device(parts, o);

	str_init(&s, key, sizeof key);
	keys_why(&s, device, index);
	str_init(&s, name, sizeof name);
	str_add(&s, language_say(parts->config->language, "%.80s permission"), discovery_name(parts, control->name));
	o = discovery_component(parts, "sensor", key, name);
	discovery_shows(parts, o, key);
	discovery_put(o, "icon", "mdi:shield-check");
	discovery_put(o, "entity_category", "diagnostic");
	discovery_put_format(o, "json_attributes_topic", "%s/%s/explain/%s", parts->config->base, parts->device,
			     control->key);
	discovery_outlives_device(parts, o);
}

static void add_control(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device, size_t index)
{
	if (device->controls[index]->only_cuts)
		add_cut(parts, device, index);
	else if (climate_is(device, index))
		discovery_add_climate(parts, device, index);
	else
		add_command(parts, device, index);
	add_off_test(parts, device, index);
	add_interlock(parts, device, index);
}

static void add_presence(const struct discovery_parts *parts)
{
	struct json_object *o =
	    discovery_component(parts, "binary_sensor", KEYS_CONNECTED, LANGUAGE_MARK("Connection"));
	discovery_put_topic(parts, o, "state_topic", "availability");
	discovery_put(o, "payload_on", "online");
	discovery_put(o, "payload_off", "offline");
	discovery_put(o, "device_class", "connectivity");
	discovery_put(o, "entity_category", "diagnostic");
	discovery_outlives_device(parts, o);
}

/* Nobody needs them in the database until something is wrong. */
static void add_diagnostics(const struct discovery_parts *parts)
{
	static const struct {
		const char *key, *name;
	} counts[] = {{KEYS_LINK_ERRORS, LANGUAGE_MARK("Link errors")},
		      {KEYS_LINK_UPS, LANGUAGE_MARK("Link connections")},
		      {KEYS_RESPAWNS, LANGUAGE_MARK("Process started anew")}};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct json_object *o = discovery_component(parts, "sensor", counts[i].key, counts[i].name);
		discovery_put_topic(parts, o, "state_topic", "diagnostics");
		discovery_put_format(o, "value_template", "{{ value_json.%s }}", counts[i].key);
		discovery_put(o, "state_class", "total_increasing");
		discovery_put(o, "entity_category", "diagnostic");
		json_object_object_add(o, "enabled_by_default", json_object_new_boolean(false));
		discovery_outlives_device(parts, o);
	}
}

/* Only what has no control can be put away. */
static void add_parking(const struct discovery_parts *parts)
{
	struct json_object *o = discovery_component(parts, "switch", KEYS_PARKED, LANGUAGE_MARK("Parked"));
	discovery_shows(parts, o, KEYS_PARKED);
	discovery_put_topic(parts, o, "command_topic", "park");
	discovery_put(o, "payload_on", "ON");
	discovery_put(o, "payload_off", "OFF");
	discovery_put(o, "icon", "mdi:archive-arrow-down");
	discovery_put(o, "entity_category", "config");
	discovery_outlives_device(parts, o);
}

/* ---- the whole ---- */

static struct json_object *availability(const struct discovery_parts *parts)
{
	struct json_object *list = json_object_new_array();
	struct json_object *gateway = json_object_new_object(), *own = json_object_new_object();
	discovery_put_format(gateway, "topic", "%s/availability", parts->config->base);
	discovery_put_topic(parts, own, "topic", "availability");
	json_object_array_add(list, gateway);
	json_object_array_add(list, own);
	return list;
}

static struct json_object *device_object(const struct discovery_parts *parts,
					 const Therapy__V1__DeviceDescription *device)
{
	struct json_object *o = json_object_new_object(), *ids = json_object_new_array();
	char id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, id, sizeof id);
	discovery_id(&s, parts->config, device->device_id);
	json_object_array_add(ids, json_object_new_string(id));
	json_object_object_add(o, "identifiers", ids);
	discovery_put(o, "name", parts->config->name);
	if (device->manufacturer[0])
		discovery_put(o, "manufacturer", device->manufacturer);
	if (device->model_name[0])
		discovery_put(o, "model", device->model_name);
	if (device->model[0])
		discovery_put(o, "model_id", device->model);
	discovery_put_format(o, "via_device", "therapy-%s", parts->config->gateway_id);
	return o;
}

char *discovery_payload(const struct discovery_config *config, const Therapy__V1__DeviceDescription *device)
{
	struct discovery_parts parts;
	if (!discovery_begin(&parts, config, device->device_id))
		return NULL;
	json_object_object_add(parts.root, "device", device_object(&parts, device));
	json_object_object_add(parts.root, "availability", availability(&parts));
	discovery_put(parts.root, "availability_mode", "all");
	for (size_t i = 0; i < device->n_metrics; i++)
		add_metric(&parts, device->metrics[i]);
	add_inverted(&parts, device);
	for (size_t i = 0; i < device->n_controls; i++)
		add_control(&parts, device, i);
	add_presence(&parts);
	add_diagnostics(&parts);
	discovery_add_events(&parts);
	if (device->n_controls == 0)
		add_parking(&parts);
	return discovery_end(&parts);
}

void discovery_topic(struct str *out, const struct discovery_config *config, const char *device)
{
	str_add(out, "%s/device/", config->prefix);
	discovery_id(out, config, device);
	str_add(out, "/config");
}
