/* SPDX-License-Identifier: Apache-2.0
 *
 * climate - a set-point as Home Assistant's thermostats are used: a mode (`off`, `heat`) and a temperature, which come
 * as two messages in either order. Each becomes one request for the core, which judges it like any other:
 *
 *   off                      rest, at once
 *   a temperature, while on  that temperature
 *   a temperature, while off starts nothing: it is wanted, for CLIMATE_WANTED_MS
 *   heat                     what runs goes on; else what is wanted, else the lowest: who begins, begins low
 *
 * So both orders of one action end the same: what is said of the temperature shortly before `off` is wanted as well as
 * what is said after it. Degrees Celsius, as the controls are; what people see may be others (quantity.h). Pure; time
 * is CLOCK_BOOTTIME in ms.
 */
#ifndef MQTT_CLIMATE_H
#define MQTT_CLIMATE_H

#include "core/core.h"
#include "therapy/v1/device.pb-c.h"

#define CLIMATE_WANTED_MS 60000u
#define CLIMATE_ACTION_MS 2000u /* messages of one action are no further apart */

enum climate_part { CLIMATE_NONE, CLIMATE_MODE, CLIMATE_TEMPERATURE };
#define CLIMATE_MODES "off|heat" /* what a mode's values 0 and 1 are called */

/* Of one control; zeroed: nothing is wanted. */
struct climate {
	double wanted;
	uint64_t until_ms; /* it counts until then; 0: nothing is wanted */
};

/* A number in degrees Celsius of what heats is a set-point. */
bool climate_is(const Therapy__V1__DeviceDescription *device, size_t control);
/* Makes the request of a message: `r` has what the message says, `now` is the control as it is. */
void climate_request(const struct climate *climate, const Therapy__V1__ControlDescription *row, enum climate_part part,
		     const struct core_permission *now, uint64_t now_ms, struct core_request *r);
/* What the core made of it. */
void climate_answered(struct climate *climate, enum climate_part part, const struct core_request *r,
		      enum core_outcome outcome, uint64_t now_ms);
/* Is it wanted no more since the last call? */
bool climate_expired(struct climate *climate, uint64_t now_ms);

/* What it shows: "heat", "off" or NULL, not known; the temperature that runs, or that `heat` would begin with. */
const char *climate_mode(const struct core_permission *now);
double climate_target(const struct climate *climate, const Therapy__V1__ControlDescription *row,
		      const struct core_permission *now, uint64_t now_ms);

#endif
