/* SPDX-License-Identifier: Apache-2.0
 *
 * state - what one device shows: a JSON object with one member per metric and, per control, its state ("ON", "OFF", a
 * number or a word), "<control>_permitted" and "<control>_why"; of a set-point also
 * "<control>_mode", "<control>_target" and "<control>_action". What is not known is null; no member is ever missing,
 * because Home Assistant logs an error for each one that is.
 *
 * It is published when a value moved by its deadband, at most once a second; what controls do and may do goes out at
 * once. Pure; time is CLOCK_BOOTTIME in ms.
 */
#ifndef MQTT_STATE_H
#define MQTT_STATE_H

#include "base/unit.h"
#include "core/core.h"
#include "mqtt/climate.h"
#include "therapy/v1/device.pb-c.h"

#define STATE_EVERY_MS 1000u

struct state;

/* 0 or UV_ENOMEM. The description outlives it. Numbers are shown in `units`. */
int state_new(const Therapy__V1__DeviceDescription *device, enum unit_system units, struct state **out);
void state_free(struct state *state);
void state_readings(struct state *state, const struct core_reading *readings, size_t n);
/* The device is gone: nothing of it is known. */
void state_forget(struct state *state);
/* What is wanted of its control `control`; owned by the state, which shows it where it is a set-point. */
struct climate *state_climate(struct state *state, size_t control);
/* Publish at the next chance, whatever the rate. */
void state_touch(struct state *state);
/* Is it time to publish? Lets readings grow stale first. */
bool state_due(struct state *state, uint64_t now_ms);
/* The JSON, and from here on it counts as published. `permissions`: one per control; `parked` is shown of a device
 * without controls, as others cannot be. An allocated string, or NULL. */
char *state_payload(struct state *state, uint64_t now_ms, const struct core_permission *permissions, bool parked);

#endif
