/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/discovery_parts.h"

#include <string.h>

#define ORIGIN "Therapy Gateway"

void discovery_put(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

void discovery_put_format(struct json_object *to, const char *key, const char *format, ...)
{
	char text[512];
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	discovery_put(to, key, text);
}

/* 17 digits would make 0.1 a 0.10000000000000001 on the screen. */
void discovery_put_number(struct json_object *to, const char *key, double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add_number(&s, value, 6);
	json_object_object_add(to, key, json_object_new_double_s(value, text));
}

bool discovery_begin(struct discovery_parts *parts, const struct discovery_config *config, const char *device)
{
	struct json_object *origin = json_object_new_object();
	*parts = (struct discovery_parts){config, device, json_object_new_object(), json_object_new_object()};
	if (!origin || !parts->root || !parts->components) {
		json_object_put(origin);
		json_object_put(parts->root);
		json_object_put(parts->components);
		return false;
	}
	discovery_put(origin, "name", ORIGIN);
	discovery_put(origin, "sw_version", config->version);
	json_object_object_add(parts->root, "origin", origin);
	json_object_object_add(parts->root, "components", parts->components);
	return true;
}

char *discovery_end(struct discovery_parts *parts)
{
	const char *text =
	    json_object_to_json_string_ext(parts->root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;
	json_object_put(parts->root);
	return copy;
}

void discovery_id(struct str *out, const struct discovery_config *config, const char *device)
{
	str_add(out, "therapy-%s%s%s", config->gateway_id, device ? "-" : "", device ? device : "");
}

/* A component's name is shown behind the device's, so it must not repeat it; the same name is the main entity's: null.
 */
static void put_name(struct json_object *to, const char *device_name, const char *name)
{
	size_t n = strlen(device_name);
	if (!name || strcmp(name, device_name) == 0)
		json_object_object_add(to, "name", NULL);
	else if (n > 0 && strncmp(name, device_name, n) == 0 && name[n] == ' ')
		discovery_put(to, "name", name + n + 1);
	else
		discovery_put(to, "name", name);
}

const char *discovery_name(const struct discovery_parts *parts, const char *english)
{
	return language_say(parts->config->language, english);
}

struct json_object *discovery_component(const struct discovery_parts *parts, const char *platform, const char *key,
					const char *name)
{
	struct json_object *o = json_object_new_object();
	char id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, id, sizeof id);
	discovery_id(&s, parts->config, parts->device);
	str_add(&s, "-%s", key);
	discovery_put(o, "platform", platform);
	discovery_put(o, "unique_id", id);
	put_name(o, parts->config->name, name ? discovery_name(parts, name) : NULL);
	/* QoS 0, also for commands: with QoS 1 a client repeats what it could not deliver, an ON minutes late. In every
	 * component, because older versions do not inherit it. */
	json_object_object_add(o, "qos", json_object_new_int(0));
	json_object_object_add(parts->components, key, o);
	return o;
}

void discovery_remove(const struct discovery_parts *parts, const char *platform, const char *key)
{
	struct json_object *o = json_object_new_object();
	discovery_put(o, "platform", platform);
	json_object_object_add(parts->components, key, o);
}

void discovery_put_topic(const struct discovery_parts *parts, struct json_object *to, const char *key, const char *what)
{
	discovery_put_format(to, key, "%s/%s%s%s", parts->config->base, parts->device ? parts->device : "",
			     parts->device ? "/" : "", what);
}

void discovery_shows(const struct discovery_parts *parts, struct json_object *component, const char *key)
{
	discovery_put_topic(parts, component, "state_topic", "state");
	discovery_put_format(component, "value_template", "{{ value_json.%s }}", key);
}

void discovery_outlives_device(const struct discovery_parts *parts, struct json_object *component)
{
	discovery_put_format(component, "availability_topic", "%s/availability", parts->config->base);
}
