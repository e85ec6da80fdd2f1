/* SPDX-License-Identifier: Apache-2.0
 * status - how the gateway is doing, as protobuf GatewayStatus. Pure. */
#ifndef MQTT_STATUS_H
#define MQTT_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "mqtt/telemetry.h"
#include "therapy/v1/status.pb-c.h"

#define STATUS_EVERY_MS 10000u

struct status_facts {
	const char *gateway_id, *boot_id, *version;
	uint64_t started_ms, now_ms;
	struct telemetry_counters telemetry;
	size_t queued;
	uint64_t requests, requests_refused;
	const struct broker_counters *broker;
	enum broker_protocol protocol;
};

/* Fills what `facts` knows; it points into the facts. */
void status_fill(const struct status_facts *facts, Therapy__V1__GatewayStatus *status);
/* An allocated buffer that the caller frees, or NULL: out of memory. */
uint8_t *status_pack(const Therapy__V1__GatewayStatus *status, size_t *size);

#endif
