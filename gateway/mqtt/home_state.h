/* SPDX-License-Identifier: Apache-2.0
 *
 * home_state - what the gateway shows of itself and of the home as a whole: is anything latched, which alarm, why, and
 * how it is doing. As with a device's state no member is ever missing. Pure. */
#ifndef MQTT_HOME_STATE_H
#define MQTT_HOME_STATE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/language.h"
#include "therapy/v1/status.pb-c.h"

struct home_facts {
	struct json_object *safety; /* an object with "latches" and "alarms" as tell.h tells them, and "sounding" */
	const Therapy__V1__GatewayStatus *status;
	const char *started; /* ISO 8601, or NULL: not known */
	bool clock_trusted;
	bool contested;         /* another gateway has our id */
	int64_t round_trip_ms;  /* to the broker and back; negative: not known */
	enum language language; /* of "why", where the core says nothing */
};

/* {"latched","latches","stopped","sounding","alarm","why","started","clock_problem","version",...}. Allocated, or NULL:
 * out of memory. */
char *home_state_payload(const struct home_facts *facts);

#endif
