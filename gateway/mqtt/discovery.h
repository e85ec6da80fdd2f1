/* SPDX-License-Identifier: Apache-2.0
 *
 * discovery - a device as Home Assistant's MQTT device discovery wants it (2024.12 and later). Its root and device
 * objects are closed there: one unknown key loses the whole device; a unit that does not fit its class loses the
 * entity. Pure.
 */
#ifndef MQTT_DISCOVERY_H
#define MQTT_DISCOVERY_H

#include "base/str.h"
#include "base/unit.h"
#include "base/language.h"
#include "therapy/v1/device.pb-c.h"

struct discovery_config {
	const char *prefix; /* "homeassistant" */
	const char *base;   /* "therapy/<gateway>" */
	const char *gateway_id;
	const char *version;
	const char *name; /* what people call the device */
	enum unit_system units;
	enum language language; /* of names */
	/* Of the gateway's devices; which of them sessions are had with. */
	const Therapy__V1__DeviceDescription *const *kinds;
	size_t n_kinds;
};

/* "<prefix>/device/therapy-<gateway>[-<device>]/config", to be retained. `device`: its id; NULL: the gateway's own. */
void discovery_topic(struct str *out, const struct discovery_config *config, const char *device);
/* The payload. An allocated string that the caller frees, or NULL: out of memory. */
char *discovery_payload(const struct discovery_config *config, const Therapy__V1__DeviceDescription *device);
/* The gateway itself. `asks_presence`: somebody has to say now and then that they are there. */
char *discovery_gateway_payload(const struct discovery_config *config, bool asks_presence);
/* Who may be chosen, as a message that is not to be retained: `names`, an array of texts. As above. */
struct json_object;
void discovery_person_topic(struct str *out, const struct discovery_config *config);
char *discovery_person_payload(const struct discovery_config *config, struct json_object *names);
/* Is `device_class` one of Home Assistant's for numeric sensors, in this unit? */
bool discovery_class_fits(const char *device_class, const char *unit);
/* Is it one of those for binary sensors? */
bool discovery_binary_class(const char *device_class);

#endif
