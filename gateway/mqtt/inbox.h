/* SPDX-License-Identifier: Apache-2.0
 *
 * inbox - turns one MQTT message into a request for the core. It judges only the message; whether it may be done is the
 * core's to say. Pure.
 *
 * A request is plain (`ON`, `OFF`, `41.0`: what Home Assistant sends) or JSON: {"value": 41.0 or true or "ON", "id":
 * "text", "time": Unix seconds, Unix milliseconds or ISO 8601 with a zone}. Only `value` is needed, and that only where
 * something is set:
 *
 *   <device>/set/<control>       a value, in the unit that the control is shown in; one of its words, if its values
 *                                have words, or in JSON a number
 *   <device>/park                ON or OFF
 *   <device>/set/<control>/mode  off or heat, of a set-point (climate.h); .../temperature: a number, likewise
 *   <device>/off_test/<control>  nothing, PRESS or ON, likewise for `reset`
 *   stop                         anything at all: who wants a stop must not have to spell it
 */
#ifndef MQTT_INBOX_H
#define MQTT_INBOX_H

#include "base/id.h"
#include "base/unit.h"
#include "broker/broker.h"
#include "core/core.h"
#include "mqtt/climate.h"
#include "therapy/v1/device.pb-c.h"

#define INBOX_SIZE_MAX     4096u /* bytes of a request */
#define INBOX_FUTURE_MS    5000  /* a time stamp may be ahead of our clock by this much */
#define INBOX_EXPECTED_MAX 192

struct inbox_context {
	const char *base;       /* "therapy/<gateway>" */
	int64_t wall_ms;        /* now */
	bool wall_trusted;      /* else time stamps say nothing */
	bool timely;            /* what arrives is recent */
	enum unit_system units; /* that numbers come in */
	/* What there is: a control whose values have words takes those. NULL: nothing is known. */
	const Therapy__V1__DeviceDescription *const *devices;
	size_t n_devices;
};

struct inbox_request {
	char device[ID_MAX], control[ID_MAX]; /* longer ones are cut, and then unknown to the core */
	char id[CORE_REQUEST_ID_MAX];
	char flaw_text[CORE_WHY_MAX];
	char expected[INBOX_EXPECTED_MAX];          /* what it takes, for reasons */
	const Therapy__V1__ControlDescription *row; /* of the control; NULL: there is none, or it sets nothing */
	uint16_t device_index, control_index;       /* of that row */
	enum climate_part part;
	struct core_request core; /* points into the above */
};

/* False: not a request (another topic, or the empty retained message that clears one); nothing is to be answered. */
bool inbox_parse(const struct inbox_context *context, const struct broker_message *message, struct inbox_request *out);

#endif
