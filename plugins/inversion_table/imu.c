/* SPDX-License-Identifier: Apache-2.0
 *
 * An ESPHome board with an IMU on the table; N is the node's name.
 *
 *   N/sensor/heartbeat/state   417        raised by the board with each sample that it took, said before the sample
 *   N/sensor/tilt/state        12.5       five times a second, in degrees, any zero and sign; nan: not known
 *   N/sensor/rate/state        -3.0       likewise, degrees a second about the same axis; model esphome_rate only
 *   N/status                   online | offline
 *
 * Two models, because a rule about a rate that no board says would be UNKNOWN for ever, and refuse.
 */
#include "inversion_table/imu.h"

#include "inversion_table/rows.h"

const struct therapy_metric imu_metrics[IMU_METRICS] = {
    [IMU_TILT] = TILT_ROW(200, 0),
    [IMU_ANGLE] = ANGLE_ROW(200, "angle", .name = "Sensor angle", .unit = THERAPY_UNIT_DEG),
    [IMU_RATE] = RATE_ROW(200),
};
const struct therapy_channel imu_channels[IMU_CHANNELS] = {
    [IMU_IN_TILT] = {"{name}/sensor/tilt/state", THERAPY_IN},
    [IMU_IN_HEARTBEAT] = {"{name}/sensor/heartbeat/state", THERAPY_IN},
    [IMU_IN_STATUS] = {"{name}/status", THERAPY_IN},
    [IMU_IN_RATE] = {"{name}/sensor/rate/state", THERAPY_IN},
};
const struct therapy_option imu_options[IMU_OPTIONS] = {ORIENTATION_OPTIONS};

int imu_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct imu *imu = state;
	(void)seed;
	imu->esphome = (struct esphome){0};
	return orientation_init(&imu->orientation, &values[IMU_SIGN], &values[IMU_ZERO]);
}

static void emit_tilt(const struct imu *imu, double angle, struct therapy_out *out)
{
	bool circle = fabs(angle) <= 180; /* what is no angle must not become one round the circle */
	therapy_emit(out, IMU_TILT, circle ? orientation_tilt(&imu->orientation, angle) : (double)NAN);
	therapy_emit(out, IMU_ANGLE, angle);
}

static enum therapy_refusal decode_value(const struct imu *imu, const struct therapy_message *message,
					 struct therapy_out *out)
{
	double said = 0;
	enum therapy_refusal refusal = esphome_number(message, &said);
	if (refusal != THERAPY_OK)
		return refusal;
	bool known = !isnan(said) && esphome_alive(&imu->esphome, message->now_ms);
	if (message->channel == IMU_IN_RATE && known)
		therapy_emit(out, IMU_RATE, orientation_rate(&imu->orientation, said));
	else if (message->channel == IMU_IN_RATE)
		esphome_emit_unknown(out, IMU_RATE);
	else if (known)
		emit_tilt(imu, said, out);
	else {
		esphome_emit_unknown(out, IMU_TILT);
		esphome_emit_unknown(out, IMU_ANGLE);
	}
	return THERAPY_OK;
}

enum therapy_refusal imu_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct imu *imu = state;
	if (message->channel >= IMU_CHANNELS)
		return THERAPY_REFUSED_TYPE;
	if (message->channel == IMU_IN_STATUS)
		return esphome_status(&imu->esphome, message, out);
	if (message->retained)
		return THERAPY_OK; /* ESPHome retains states: how it was at some time */
	if (message->channel == IMU_IN_HEARTBEAT)
		return esphome_heartbeat(&imu->esphome, message);
	return decode_value(imu, message, out);
}
