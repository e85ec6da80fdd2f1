/* SPDX-License-Identifier: Apache-2.0
 *
 * imu - the codec of an ESPHome board with an accelerometer or an IMU, over MQTT. The model without a gyroscope has all
 * but the last metric and the last channel. Pure; state is the caller's.
 */
#ifndef INVERSION_TABLE_IMU_H
#define INVERSION_TABLE_IMU_H

#include "esphome/esphome.h"
#include "inversion_table/orientation.h"

enum { IMU_TILT, IMU_ANGLE, IMU_RATE, IMU_METRICS };
enum { IMU_IN_TILT, IMU_IN_HEARTBEAT, IMU_IN_STATUS, IMU_IN_RATE, IMU_CHANNELS };
enum { IMU_SIGN, IMU_ZERO, IMU_OPTIONS };

struct imu {
	struct esphome esphome;
	struct orientation orientation;
};

extern const struct therapy_metric imu_metrics[IMU_METRICS];
extern const struct therapy_channel imu_channels[IMU_CHANNELS];
extern const struct therapy_option imu_options[IMU_OPTIONS];

int imu_init(void *state, const struct therapy_value *values, uint32_t seed);
enum therapy_refusal imu_decode(void *state, const struct therapy_message *message, struct therapy_out *out);

#endif
