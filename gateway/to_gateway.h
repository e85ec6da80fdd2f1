/* SPDX-License-Identifier: Apache-2.0
 * What a device process says to the gateway, one function per member of therapy.v1.FromDevice; docs/wire.md says when.
 * On the loop's thread; nothing allocated. A gateway that does not read is told in the log. */
#ifndef TO_GATEWAY_H
#define TO_GATEWAY_H

#include <stdbool.h>

#include "device/device.h"
#include "link/mqtt_link.h"
#include "therapy/v1/wire.pb-c.h"
#include "wire/wire.h"

#define TO_GATEWAY_BATCH 256u /* readings in one message; a 4096-byte read of 11-byte frames makes at most 1,117 */

/* Where readings become messages, one at a time: all devices of a process share it. */
struct to_gateway_batch {
	Therapy__V1__Reading readings[TO_GATEWAY_BATCH];
	Therapy__V1__Reading *pointers[TO_GATEWAY_BATCH];
};

struct to_gateway {
	struct wire *wire; /* NULL: the gateway is gone, and nothing is said */
	const char *name;  /* of the device, for the log */
	struct to_gateway_batch *batch;
	struct device_counters counters; /* as they were said last */
};

void to_gateway_batch_init(struct to_gateway_batch *batch);
void to_gateway_description(struct to_gateway *to, Therapy__V1__DeviceDescription *description);
void to_gateway_failure(struct to_gateway *to, char *text);
void to_gateway_readings(struct to_gateway *to, const struct device_outputs *out);
void to_gateway_control(struct to_gateway *to, const struct device_control_state *state);
void to_gateway_kept(struct to_gateway *to, const struct mqtt_link_kept *kept);
/* What went over the link, as the tap has it (tap.h). False: there was no room, and others come first. */
struct tap_piece;
bool to_gateway_traffic(struct to_gateway *to, const struct tap_piece *piece);
/* `why`: when down, for people. */
void to_gateway_link(struct to_gateway *to, bool up, const char *why);
/* News of settings, and what came of letting go. */
void to_gateway_settings(struct to_gateway *to, const struct device_outputs *out);
void to_gateway_pong(struct to_gateway *to, uint64_t nonce);
/* Only if they changed since they were said last. */
void to_gateway_counters(struct to_gateway *to, const struct device_counters *counters);

#endif
