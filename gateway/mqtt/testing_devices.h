/* SPDX-License-Identifier: Apache-2.0
 * Descriptions of a table, a pad and a blanket, as the outlet's tests use them. Test files only. */
#ifndef MQTT_TESTING_DEVICES_H
#define MQTT_TESTING_DEVICES_H

#include "therapy/v1/device.pb-c.h"

enum { TABLE, PAD, N_DEVICES };
enum { TILT, OCCUPIED };             /* metrics of the table */
enum { TEMPERATURE, POWER, ENERGY }; /* of the pad */
enum { HEAT, SETPOINT };             /* controls of the pad */

/* Static, the same at each call. */
const Therapy__V1__DeviceDescription *const *testing_devices(void);

/* A device of its own, not among those: a control with words, which has a timer, and a plain number. */
enum { WARMTH, VIBRATION }; /* its controls */
const Therapy__V1__DeviceDescription *testing_blanket(void);

#endif
