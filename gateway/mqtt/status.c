/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/status.h"

#include <stdlib.h>

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

void status_fill(const struct status_facts *f, Therapy__V1__GatewayStatus *s)
{
	therapy__v1__gateway_status__init(s);
	s->gateway_id = (union text){.from = f->gateway_id}.to;
	s->boot_id = (union text){.from = f->boot_id}.to;
	s->version = (union text){.from = f->version}.to;
	s->uptime_ms = f->now_ms - f->started_ms;
	s->readings_produced = f->telemetry.produced;
	s->readings_delivered = f->telemetry.delivered;
	s->readings_queued = f->queued;
	s->readings_dropped_oldest = f->telemetry.dropped;
	s->readings_historical = f->telemetry.historical;
	s->readings_lost_in_process = f->telemetry.lost_in_process;
	s->requests = f->requests;
	s->requests_refused = f->requests_refused;
	s->broker_connects = f->broker->connects;
	s->messages_too_large = f->broker->too_large;
	s->mqtt_version = f->protocol == BROKER_AUTO ? 0 : f->protocol == BROKER_MQTT_5 ? 5 : 4;
}

uint8_t *status_pack(const Therapy__V1__GatewayStatus *status, size_t *size)
{
	*size = therapy__v1__gateway_status__get_packed_size(status);
	uint8_t *buffer = malloc(*size ? *size : 1);
	if (buffer)
		therapy__v1__gateway_status__pack(status, buffer);
	return buffer;
}
