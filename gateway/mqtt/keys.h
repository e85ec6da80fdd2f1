/* SPDX-License-Identifier: Apache-2.0
 * What the rows of a device are called in its state, in discovery and in ids: all three must agree. Pure. */
#ifndef MQTT_KEYS_H
#define MQTT_KEYS_H

#include <stddef.h>

#include "base/str.h"
#include "therapy/v1/device.pb-c.h"

/* Nothing in a plugin may be called so. */
#define KEYS_CONNECTED   "connected"
#define KEYS_PARKED      "parked"
#define KEYS_HAPPENED    "happened"
#define KEYS_LINK_ERRORS "link_errors"
#define KEYS_LINK_UPS    "link_ups"
#define KEYS_RESPAWNS    "respawns"

/* A control's key in the state: its own, with "_control" behind it where a metric has the same. */
void keys_control(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);
/* Its entity's id in discovery: the same, but for "<key>_select" and "<key>_climate", so that no id ever changes its
 * platform. */
void keys_component(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);
/* "<key>_off_test": the id of the button. */
void keys_off_test(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);
/* "<key>_cut": the id of the button that switches off what is only cut from here. */
void keys_cut(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);
/* Of a set-point: "<key>_mode", "<key>_target", "<key>_action". */
void keys_climate(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control, const char *what);
/* "<key>_permitted", "<key>_why". */
void keys_permitted(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);
void keys_why(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control);

#endif
