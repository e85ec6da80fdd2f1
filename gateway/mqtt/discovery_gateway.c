/* SPDX-License-Identifier: Apache-2.0
 * The gateway itself as a device: stop and reset, what is latched, alarms and events, and how it is doing.
 */
#include <string.h>

#include "mqtt/discovery_parts.h"
#include "tell/tell.h"

/* Home Assistant's own default, and what the gateway takes for a press. */
#define PRESS "PRESS"

static void add_button(const struct discovery_parts *parts, const char *key, const char *name, const char *icon)
{
	struct json_object *o = discovery_component(parts, "button", key, name);
	discovery_put_topic(parts, o, "command_topic", key);
	discovery_put(o, "payload_press", PRESS);
	discovery_put(o, "icon", icon);
}

static struct json_object *add_flag(const struct discovery_parts *parts, const char *key, const char *name,
				    const char *device_class)
{
	struct json_object *o = discovery_component(parts, "binary_sensor", key, name);
	discovery_shows(parts, o, key);
	discovery_put(o, "device_class", device_class);
	return o;
}

static void put_attributes(const struct discovery_parts *parts, struct json_object *o, const char *member)
{
	discovery_put_topic(parts, o, "json_attributes_topic", "safety");
	discovery_put_format(o, "json_attributes_template", "{{ {'%s': value_json.%s} | tojson }}", member, member);
}

static void add_safety(const struct discovery_parts *parts)
{
	static const char *const priorities[] = {"none", "low", "medium", "high"};
	put_attributes(parts, add_flag(parts, "latched", LANGUAGE_MARK("Latched"), "problem"), "latches");
	struct json_object *o = discovery_component(parts, "sensor", "alarm", LANGUAGE_MARK("Alarm"));
	struct json_object *options = json_object_new_array();
	discovery_shows(parts, o, "alarm");
	discovery_put(o, "device_class", "enum");
	for (size_t i = 0; i < sizeof priorities / sizeof *priorities; i++)
		json_object_array_add(options, json_object_new_string(priorities[i]));
	json_object_object_add(o, "options", options);
	discovery_put(o, "icon", "mdi:alert");
	put_attributes(parts, o, "alarms");
	discovery_put(add_flag(parts, "sounding", LANGUAGE_MARK("Alarm sounds"), "sound"), "icon", "mdi:bell-ring");
	o = discovery_component(parts, "sensor", "why", LANGUAGE_MARK("Reason"));
	discovery_shows(parts, o, "why");
	discovery_put(o, "icon", "mdi:message-alert");
}

static void add_coverage(const struct discovery_parts *parts)
{
	struct json_object *o = discovery_component(parts, "sensor", "uncovered", LANGUAGE_MARK("Hazards not covered"));
	discovery_put_topic(parts, o, "state_topic", "hazards");
	discovery_put(o, "value_template",
		      "{{ value_json | selectattr('level', 'eq', 'not_covered') | list | count }}");
	discovery_put(o, "state_class", "measurement");
	discovery_put(o, "entity_category", "diagnostic");
	discovery_put(o, "icon", "mdi:shield-search");
	discovery_put_topic(parts, o, "json_attributes_topic", "hazards");
	discovery_put(o, "json_attributes_template", "{{ {'hazards': value_json} | tojson }}");
}

/* Counts since the gateway started; nobody needs them in the database until something is wrong. */
static void add_diagnostics(const struct discovery_parts *parts)
{
	static const struct {
		const char *key, *name;
	} counts[] = {
	    {"broker_connects", LANGUAGE_MARK("Broker connections")},
	    {"readings_queued", LANGUAGE_MARK("Readings waiting")},
	    {"events_queued", LANGUAGE_MARK("Events waiting")},
	    {"readings_dropped", LANGUAGE_MARK("Readings dropped")},
	    {"events_dropped", LANGUAGE_MARK("Events dropped")},
	    {"requests_refused", LANGUAGE_MARK("Requests refused")},
	    {"process_respawns", LANGUAGE_MARK("Device processes started anew")},
	};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct json_object *o = discovery_component(parts, "sensor", counts[i].key, counts[i].name);
		discovery_shows(parts, o, counts[i].key);
		discovery_put(o, "state_class", strstr(counts[i].key, "_queued") ? "measurement" : "total_increasing");
		discovery_put(o, "entity_category", "diagnostic");
		json_object_object_add(o, "enabled_by_default", json_object_new_boolean(false));
	}
	struct json_object *o = discovery_component(parts, "sensor", "started", LANGUAGE_MARK("Started"));
	discovery_shows(parts, o, "started");
	discovery_put(o, "device_class", "timestamp");
	discovery_put(o, "entity_category", "diagnostic");
	o = discovery_component(parts, "sensor", "version", LANGUAGE_MARK("Version"));
	discovery_shows(parts, o, "version");
	discovery_put(o, "entity_category", "diagnostic");
	o = discovery_component(parts, "sensor", "round_trip", LANGUAGE_MARK("Way to the broker and back"));
	discovery_shows(parts, o, "round_trip_ms");
	discovery_put(o, "device_class", "duration");
	discovery_put(o, "unit_of_measurement", "ms");
	discovery_put(o, "state_class", "measurement");
	discovery_put(o, "entity_category", "diagnostic");
	json_object_object_add(o, "enabled_by_default", json_object_new_boolean(false));
	o = add_flag(parts, "clock_problem", LANGUAGE_MARK("Clock"), "problem");
	discovery_put(o, "entity_category", "diagnostic");
	o = add_flag(parts, "second_gateway", LANGUAGE_MARK("Second gateway with this id"), "problem");
	discovery_put(o, "entity_category", "diagnostic");
}

static struct json_object *device_object(const struct discovery_config *config)
{
	struct json_object *o = json_object_new_object(), *ids = json_object_new_array();
	char id[DISCOVERY_ID_BYTES];
	struct str s;
	str_init(&s, id, sizeof id);
	discovery_id(&s, config, NULL);
	json_object_array_add(ids, json_object_new_string(id));
	json_object_object_add(o, "identifiers", ids);
	discovery_put(o, "name", config->name);
	discovery_put(o, "model", "Therapy Gateway");
	discovery_put(o, "sw_version", config->version);
	return o;
}

char *discovery_gateway_payload(const struct discovery_config *config, bool asks_presence)
{
	struct discovery_parts parts;
	if (!discovery_begin(&parts, config, NULL))
		return NULL;
	json_object_object_add(parts.root, "device", device_object(config));
	discovery_put_format(parts.root, "availability_topic", "%s/availability", config->base);
	add_button(&parts, "stop", LANGUAGE_MARK("Stop"), "mdi:alert-octagon");
	add_button(&parts, "reset", LANGUAGE_MARK("Reset"), "mdi:lock-reset");
	add_button(&parts, "silence", LANGUAGE_MARK("Silence for 2 minutes"), "mdi:bell-sleep");
	if (asks_presence)
		add_button(&parts, "present", LANGUAGE_MARK("I am here"), "mdi:account-check");
	else
		discovery_remove(&parts, "button", "present");
	add_safety(&parts);
	discovery_add_events(&parts);
	discovery_add_course(&parts);
	add_coverage(&parts);
	add_diagnostics(&parts);
	return discovery_end(&parts);
}
