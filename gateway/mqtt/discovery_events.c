/* SPDX-License-Identifier: Apache-2.0
 * What happened, as Home Assistant's `event` entity: its type must be one that was declared. */
#include "mqtt/discovery_parts.h"
#include "mqtt/keys.h"
#include "tell/tell.h"

void discovery_add_events(const struct discovery_parts *parts)
{
	const ProtobufCEnumDescriptor *types = &therapy__v1__safety_event_type__descriptor;
	struct json_object *o = discovery_component(parts, "event", KEYS_HAPPENED, LANGUAGE_MARK("Events"));
	struct json_object *names = json_object_new_array();
	discovery_put_topic(parts, o, "state_topic", KEYS_HAPPENED);
	for (unsigned i = 0; i < types->n_values; i++) {
		char name[40];
		if (types->values[i].value == THERAPY__V1__SAFETY_EVENT_TYPE__SAFETY_EVENT_TYPE_UNSPECIFIED)
			continue;
		tell_event_name((Therapy__V1__SafetyEventType)types->values[i].value, name, sizeof name);
		json_object_array_add(names, json_object_new_string(name));
	}
	json_object_object_add(o, "event_types", names);
	discovery_put(o, "icon", "mdi:history");
}
