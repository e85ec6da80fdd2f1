/* SPDX-License-Identifier: Apache-2.0
 * What discovery.c and discovery_gateway.c share; nobody else includes it. json-c's add takes the object over, also
 * NULL (JSON null). */
#ifndef MQTT_DISCOVERY_PARTS_H
#define MQTT_DISCOVERY_PARTS_H

#include <json-c/json.h>

#include "mqtt/discovery.h"

#define DISCOVERY_ID_BYTES 256u

struct discovery_parts {
	const struct discovery_config *config;
	const char *device; /* its id; NULL: the gateway itself */
	struct json_object *root, *components;
};

void discovery_put(struct json_object *to, const char *key, const char *value);
void discovery_put_format(struct json_object *to, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void discovery_put_number(struct json_object *to, const char *key, double value);

/* The root with `origin` and what is to fill; false: out of memory. */
bool discovery_begin(struct discovery_parts *parts, const struct discovery_config *config, const char *device);
/* The text, allocated, or NULL; frees the parts. */
char *discovery_end(struct discovery_parts *parts);

/* "therapy-<gateway>" or "therapy-<gateway>-<device>". Keys of components have no '-', so that no two ids of one
 * gateway are the same. */
void discovery_id(struct str *out, const struct discovery_config *config, const char *device);
/* What something is called in the language of this home, for names that are made of others. */
const char *discovery_name(const struct discovery_parts *parts, const char *english);
/* Adds a component without a topic. `name`: in English, or made of words that are said already; NULL: the device's main
 * entity. */
struct json_object *discovery_component(const struct discovery_parts *parts, const char *platform, const char *key,
					const char *name);
/* A component that there may have been is not there any more: left out, it would stay as an orphan. */
void discovery_remove(const struct discovery_parts *parts, const char *platform, const char *key);
/* It shows the member `key` of the device's (the gateway's) state. */
void discovery_shows(const struct discovery_parts *parts, struct json_object *component, const char *key);
/* "<base>/[<device>/]<what>" as the topic under `key`. */
void discovery_put_topic(const struct discovery_parts *parts, struct json_object *to, const char *key,
			 const char *what);
/* The component of what happened: its topic is "happened". */
void discovery_add_events(const struct discovery_parts *parts);
/* What runs, what was, and what a person says of it. */
void discovery_add_course(const struct discovery_parts *parts);
/* A set-point as a thermostat. */
void discovery_add_climate(const struct discovery_parts *parts, const Therapy__V1__DeviceDescription *device,
			   size_t control);
/* It is there as long as the gateway is, whether the device is or not. */
void discovery_outlives_device(const struct discovery_parts *parts, struct json_object *component);

#endif
