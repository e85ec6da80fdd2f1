/* SPDX-License-Identifier: Apache-2.0
 * Descriptions of a table and a pad, as the outlet's tests use them. Test files only. */
#ifndef MQTT_TESTING_DEVICES_H
#define MQTT_TESTING_DEVICES_H

#include "therapy/v1/device.pb-c.h"

enum { TABLE, PAD, N_DEVICES };
enum { TILT, OCCUPIED };             /* metrics of the table */
enum { TEMPERATURE, POWER, ENERGY }; /* of the pad */
enum { HEAT, SETPOINT };             /* controls of the pad */

/* Static, the same at each call. */
const Therapy__V1__DeviceDescription *const *testing_devices(void);

#endif
