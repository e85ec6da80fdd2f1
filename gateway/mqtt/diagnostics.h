/* SPDX-License-Identifier: Apache-2.0
 * diagnostics - how a device's link and process are doing, for people who look for a fault. Pure. */
#ifndef MQTT_DIAGNOSTICS_H
#define MQTT_DIAGNOSTICS_H

#include "therapy/v1/status.pb-c.h"

/* {"link_errors","link_ups","respawns"}, counted since the gateway started. Allocated, or NULL: out of memory. */
char *diagnostics_payload(const Therapy__V1__DeviceCounters *counters);

#endif
