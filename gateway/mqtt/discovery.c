/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/discovery.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "mqtt/keys.h"

#define NAME_MAX_BYTES 128u
#define ID_BYTES       256u
#define SMALLEST_STEP  0.001 /* Home Assistant's own */

/* Numeric classes and the units our metrics can have in them (Home Assistant's sensor and number platforms). */
static const struct {
	const char *device_class, *unit;
} classes[] = {
    {"temperature", "°C"}, {"power", "W"},    {"energy", "Wh"},  {"duration", "s"},
    {"pressure", "kPa"},   {"weight", "kg"},  {"voltage", "V"},  {"current", "A"},
    {"battery", "%"},      {"humidity", "%"}, {"moisture", "%"}, {"power_factor", "%"},
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

static bool binary_class(const char *device_class)
{
	for (size_t i = 0; i < sizeof binary_classes / sizeof *binary_classes; i++)
		if (strcmp(binary_classes[i], device_class) == 0)
			return true;
	return false;
}

/* ---- small helpers: json-c's add takes the object over, also NULL (JSON null) ---- */

static void put(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

static void put_format(struct json_object *to, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_format(struct json_object *to, const char *key, const char *format, ...)
{
	char text[512];
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	put(to, key, text);
}

/* 17 digits would make 0.1 a 0.10000000000000001 on the screen. */
static void put_number(struct json_object *to, const char *key, double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add_number(&s, value, 6);
	json_object_object_add(to, key, json_object_new_double_s(value, text));
}

/* A component's name is shown behind the device's, so it must not repeat it; the same name is the main entity's: null.
 */
static void put_name(struct json_object *to, const char *device_name, const char *name)
{
	size_t n = strlen(device_name);
	if (strcmp(name, device_name) == 0)
		json_object_object_add(to, "name", NULL);
	else if (n > 0 && strncmp(name, device_name, n) == 0 && name[n] == ' ')
		put(to, "name", name + n + 1);
	else
		put(to, "name", name);
}

static enum therapy_unit unit_of(Therapy__V1__Unit unit)
{
	return (enum therapy_unit)((int)unit - 1); /* the order is the plugin's, after the zero */
}

/* ---- components ---- */

struct component {
	const struct discovery_config *config;
	const Therapy__V1__DeviceDescription *device;
	struct json_object *components;
};

static struct json_object *component(const struct component *c, const char *platform, const char *key)
{
	struct json_object *o = json_object_new_object();
	put(o, "platform", platform);
	put_format(o, "unique_id", "therapy_%s_%s_%s", c->config->gateway_id, c->device->device_id, key);
	put_format(o, "state_topic", "%s/%s/state", c->config->base, c->device->device_id);
	put_format(o, "value_template", "{{ value_json.%s }}", key);
	/* QoS 0, also for commands: with QoS 1 a client repeats what it could not deliver, an ON minutes late. In every
	 * component, because older versions do not inherit it. */
	json_object_object_add(o, "qos", json_object_new_int(0));
	json_object_object_add(c->components, key, o);
	return o;
}

static void add_metric(const struct component *c, const Therapy__V1__MetricDescription *m)
{
	bool binary = m->unit == THERAPY__V1__UNIT__UNIT_BOOL;
	struct json_object *o = component(c, binary ? "binary_sensor" : "sensor", m->key);
	put_name(o, c->config->name, m->name);
	if (m->diagnostic)
		put(o, "entity_category", "diagnostic");
	if (binary) {
		if (binary_class(m->device_class))
			put(o, "device_class", m->device_class);
		return;
	}
	const char *unit = unit_symbol(unit_of(m->unit));
	if (unit[0] != '\0' && strcmp(unit, "?") != 0)
		put(o, "unit_of_measurement", unit);
	if (discovery_class_fits(m->device_class, unit))
		put(o, "device_class", m->device_class);
	put(o, "state_class", m->unit == THERAPY__V1__UNIT__UNIT_WATT_HOUR ? "total_increasing" : "measurement");
	json_object_object_add(o, "suggested_display_precision", json_object_new_int((int)m->precision));
}

static void add_control(const struct component *c, size_t index)
{
	const Therapy__V1__ControlDescription *control = c->device->controls[index];
	char key[ID_BYTES], name[NAME_MAX_BYTES];
	struct str s;
	str_init(&s, key, sizeof key);
	keys_control(&s, c->device, index);
	bool number = control->type == THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_NUMBER;
	struct json_object *o = component(c, number ? "number" : "switch", key);
	put_name(o, c->config->name, control->name);
	put_format(o, "command_topic", "%s/%s/set/%s", c->config->base, c->device->device_id, control->key);
	if (number) {
		const char *unit = unit_symbol(unit_of(control->unit));
		put_number(o, "min", 0); /* 0 is rest, below what may be asked for: it must be showable */
		put_number(o, "max", control->max);
		put_number(o, "step", control->step >= SMALLEST_STEP ? control->step : SMALLEST_STEP);
		put(o, "mode", "box");
		if (unit[0] != '\0' && strcmp(unit, "?") != 0)
			put(o, "unit_of_measurement", unit);
		if (control->unit == THERAPY__V1__UNIT__UNIT_CELSIUS)
			put(o, "device_class", "temperature");
	} else {
		put(o, "payload_on", "ON");
		put(o, "payload_off", "OFF");
	}
	str_init(&s, key, sizeof key);
	keys_why(&s, c->device, index);
	o = component(c, "sensor", key);
	str_init(&s, name, sizeof name);
	str_add(&s, "%.80s permission", control->name);
	put_name(o, c->config->name, name);
	put(o, "icon", "mdi:shield-check");
	put(o, "entity_category", "diagnostic");
}

/* ---- the whole ---- */

static struct json_object *availability(const struct discovery_config *config,
					const Therapy__V1__DeviceDescription *device)
{
	struct json_object *list = json_object_new_array();
	struct json_object *gateway = json_object_new_object(), *own = json_object_new_object();
	put_format(gateway, "topic", "%s/availability", config->base);
	put_format(own, "topic", "%s/%s/availability", config->base, device->device_id);
	json_object_array_add(list, gateway);
	json_object_array_add(list, own);
	return list;
}

static struct json_object *device_object(const struct discovery_config *config,
					 const Therapy__V1__DeviceDescription *device)
{
	struct json_object *o = json_object_new_object(), *ids = json_object_new_array();
	char id[ID_BYTES];
	snprintf(id, sizeof id, "therapy_%s_%s", config->gateway_id, device->device_id);
	json_object_array_add(ids, json_object_new_string(id));
	json_object_object_add(o, "identifiers", ids);
	put(o, "name", config->name);
	if (device->manufacturer[0])
		put(o, "manufacturer", device->manufacturer);
	if (device->model_name[0])
		put(o, "model", device->model_name);
	if (device->model[0])
		put(o, "model_id", device->model);
	return o;
}

char *discovery_payload(const struct discovery_config *config, const Therapy__V1__DeviceDescription *device)
{
	struct json_object *root = json_object_new_object(), *origin = json_object_new_object();
	struct json_object *components = json_object_new_object();
	if (!root || !origin || !components) {
		json_object_put(root);
		json_object_put(origin);
		json_object_put(components);
		return NULL;
	}
	json_object_object_add(root, "device", device_object(config, device));
	put(origin, "name", "Therapy Gateway");
	put(origin, "sw_version", config->version);
	json_object_object_add(root, "origin", origin);
	json_object_object_add(root, "availability", availability(config, device));
	put(root, "availability_mode", "all");
	json_object_object_add(root, "components", components);
	const struct component c = {config, device, components};
	for (size_t i = 0; i < device->n_metrics; i++)
		add_metric(&c, device->metrics[i]);
	for (size_t i = 0; i < device->n_controls; i++)
		add_control(&c, i);
	const char *text =
	    json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}

void discovery_topic(struct str *out, const struct discovery_config *config,
		     const Therapy__V1__DeviceDescription *device)
{
	str_add(out, "%s/device/therapy_%s_%s/config", config->prefix, config->gateway_id, device->device_id);
}
