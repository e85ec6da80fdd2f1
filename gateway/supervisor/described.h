/* SPDX-License-Identifier: Apache-2.0
 * Descriptions of a device, as whole messages. Allocates; any thread. */
#ifndef SUPERVISOR_DESCRIBED_H
#define SUPERVISOR_DESCRIBED_H

#include <stdbool.h>

#include "therapy/v1/device.pb-c.h"

/* False also when there is no memory to compare them. */
bool described_same(const Therapy__V1__DeviceDescription *a, const Therapy__V1__DeviceDescription *b);
/* One that outlives the wire's memory; the caller frees it as an unpacked message. NULL: out of memory. */
Therapy__V1__DeviceDescription *described_copy(const Therapy__V1__DeviceDescription *said);

#endif
