/* SPDX-License-Identifier: Apache-2.0
 *
 * inversion_table - the tilt of an inversion table. It is moved by hand: there is nothing to control, only to know.
 *
 *   wt901     55 type d0..d7 sum, see wt901.c
 *   firmware  kind 3 of docs/firmware-protocol.md:
 *             REPORT 90 seq | uptime(4) n | { 1 tilt | 2 rate | 3 occupied } value(4) ...
 *   esphome   an ESPHome board with an IMU, see imu.c
 *   bthome    a rotation sensor on Bluetooth LE, and
 *   theengs   the same, heard by a Theengs gateway or OpenMQTTGateway, see rotation.c
 */
#include "firmware/firmware.h"
#include "inversion_table/imu.h"
#include "inversion_table/rotation.h"
#include "inversion_table/rows.h"
#include "inversion_table/wt901.h"

/* +-16 g is the full scale. A step on the floor is some hundredths of a g. */
#define ACCELERATION_ROW(key_, ...)                                                                                    \
	{                                                                                                              \
		.key = key_, .min = -16, .max = 16, .interval_ms = 100, .deadband = 0.05, .precision = 2,              \
		.diagnostic = true, __VA_ARGS__                                                                        \
	}

static const struct therapy_metric wt901_metrics[WT901_METRICS] = {
    [WT901_TILT] = TILT_ROW(100, 0),
    [WT901_RATE] = RATE_ROW(100),
    [WT901_TEMPERATURE] = {.key = "temperature",
			   .name = "Sensor temperature",
			   .unit = THERAPY_UNIT_CELSIUS,
			   .min = -40, /* -40..85 degC is where the sensor is specified to work */
			   .max = 85,
			   .interval_ms = 100,
			   .deadband = 0.5,
			   .precision = 1,
			   .diagnostic = true,
			   .device_class = "temperature"},
    [WT901_ANGLE] = ANGLE_ROW(100, "angle", .name = "Sensor angle", .unit = THERAPY_UNIT_DEG),
    [WT901_ANGLE_PITCH] = ANGLE_ROW(100, "angle_pitch", .name = "Sensor angle, pitch", .unit = THERAPY_UNIT_DEG),
    [WT901_ACCELERATION_X] =
	ACCELERATION_ROW("acceleration_x", .name = "Acceleration x", .unit = THERAPY_UNIT_STANDARD_G),
    [WT901_ACCELERATION_Y] =
	ACCELERATION_ROW("acceleration_y", .name = "Acceleration y", .unit = THERAPY_UNIT_STANDARD_G),
    [WT901_ACCELERATION_Z] =
	ACCELERATION_ROW("acceleration_z", .name = "Acceleration z", .unit = THERAPY_UNIT_STANDARD_G),
};

static const struct therapy_option wt901_options[WT901_OPTIONS] = {
    {.key = "axis",
     .type = THERAPY_OPTION_WORD,
     .words = "roll|pitch",
     .help = "the sensor's axis that the table turns about (roll unless given; pitch covers only +-90 deg)"},
    ORIENTATION_OPTIONS,
};

/* The board says the first three. */
enum { BOARD_TILT, BOARD_RATE, BOARD_OCCUPIED, BOARD_ANGLE, BOARD_METRICS };
enum { BOARD_SIGN, BOARD_ZERO, BOARD_OPTIONS };

static const struct therapy_metric board_metrics[BOARD_METRICS] = {
    [BOARD_TILT] = TILT_ROW(100, 0),
    [BOARD_RATE] = RATE_ROW(100),
    [BOARD_OCCUPIED] = {.key = "occupied",
			.name = "Occupied",
			.unit = THERAPY_UNIT_BOOL,
			.min = 0,
			.max = 1,
			.interval_ms = 100,
			.deadband = 0.5,
			.device_class = "occupancy",
			.words = "free|occupied"},
    [BOARD_ANGLE] = ANGLE_ROW(100, "angle", .name = "Sensor angle", .unit = THERAPY_UNIT_DEG),
};

static const struct therapy_option board_options[BOARD_OPTIONS] = {ORIENTATION_OPTIONS};

static const struct therapy_verb board_verbs[] = FIRMWARE_VERBS;
static const uint8_t board_on_connect[] = {FIRMWARE_HELLO};
/* HELLO again and again, because what answers may have become another board; QUERY, because a report may be lost. */
static const struct therapy_poll board_polls[] = {{.verb = FIRMWARE_HELLO, .every_ms = 10000},
						  {.verb = FIRMWARE_QUERY, .every_ms = 1000}};

static const struct firmware_board board = {.kind = FIRMWARE_INVERSION, .n_metrics = BOARD_ANGLE};

struct board {
	struct firmware firmware; /* first: firmware_decode gets the same pointer */
	struct orientation orientation;
};

static int board_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct board *b = state;
	firmware_init(&b->firmware, &board, seed);
	return orientation_init(&b->orientation, &values[BOARD_SIGN], &values[BOARD_ZERO]);
}

/* The same reading once more, as the board said it. */
static void emit_angle(const struct therapy_reading *tilt, struct therapy_out *out)
{
	struct therapy_reading angle = *tilt;
	angle.metric = BOARD_ANGLE;
	if (out->n_readings == out->max_readings)
		out->overflow = true;
	else
		out->readings[out->n_readings++] = angle;
}

/* The board's own sign is believed as little as any other until somebody has calibrated the table. */
static enum therapy_refusal board_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct board *b = state;
	enum therapy_refusal refusal = firmware_decode(state, message, out);
	if (refusal != THERAPY_OK)
		return refusal;
	for (size_t i = 0, n = out->n_readings; i < n; i++) {
		struct therapy_reading *r = &out->readings[i];
		if (r->metric == BOARD_TILT) {
			if (r->quality == THERAPY_GOOD &&
			    fabs(r->value) > 180) /* the circle must not make an angle of it */
				r->quality = THERAPY_ERROR;
			emit_angle(r, out);
			if (r->quality == THERAPY_GOOD)
				r->value = orientation_tilt(&b->orientation, r->value);
		} else if (r->quality == THERAPY_GOOD && r->metric == BOARD_RATE) {
			r->value = orientation_rate(&b->orientation, r->value);
		}
	}
	return THERAPY_OK;
}

enum { WT901, BOARD, ESPHOME, ESPHOME_RATE, BTHOME, THEENGS, MODELS };

static const struct therapy_model models[MODELS] = {
    [WT901] = {.key = "wt901",
	       .name = "WT901",
	       .manufacturer = "WitMotion",
	       .links = THERAPY_LINK_SERIAL,
	       .baud = 9600,
	       .metrics = wt901_metrics,
	       .options = wt901_options,
	       .n_metrics = WT901_METRICS,
	       .n_options = WT901_OPTIONS,
	       .state_size = sizeof(struct wt901),
	       .init = wt901_init,
	       .frame = wt901_frame,
	       .decode = wt901_decode},
    [BOARD] = {.key = "firmware",
	       .name = "Inversion sensor",
	       .manufacturer = "Self-built",
	       .links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP,
	       .baud = 115200,
	       .metrics = board_metrics,
	       .verbs = board_verbs,
	       .polls = board_polls,
	       .options = board_options,
	       .on_connect = board_on_connect,
	       .n_metrics = BOARD_METRICS,
	       .n_verbs = FIRMWARE_QUERIES,
	       .n_polls = sizeof board_polls / sizeof *board_polls,
	       .n_options = BOARD_OPTIONS,
	       .n_on_connect = sizeof board_on_connect,
	       .state_size = sizeof(struct board),
	       .init = board_init,
	       .frame = firmware_frame,
	       .decode = board_decode,
	       .encode = firmware_encode},
    [ESPHOME] = {.key = "esphome",
		 .name = "Tilt sensor",
		 .manufacturer = "ESPHome",
		 .links = THERAPY_LINK_MQTT,
		 .metrics = imu_metrics,
		 .channels = imu_channels,
		 .options = imu_options,
		 .n_metrics = IMU_RATE,
		 .n_channels = IMU_IN_RATE,
		 .n_options = IMU_OPTIONS,
		 .state_size = sizeof(struct imu),
		 .init = imu_init,
		 .decode = imu_decode},
    [ESPHOME_RATE] = {.key = "esphome_rate",
		      .name = "Tilt sensor with a gyroscope",
		      .manufacturer = "ESPHome",
		      .links = THERAPY_LINK_MQTT,
		      .metrics = imu_metrics,
		      .channels = imu_channels,
		      .options = imu_options,
		      .n_metrics = IMU_METRICS,
		      .n_channels = IMU_CHANNELS,
		      .n_options = IMU_OPTIONS,
		      .state_size = sizeof(struct imu),
		      .init = imu_init,
		      .decode = imu_decode},
    [BTHOME] = {.key = "bthome",
		.name = "Rotation sensor",
		.manufacturer = "BTHome",
		.links = THERAPY_LINK_BLE,
		.metrics = rotation_metrics,
		.channels = rotation_bthome_channels,
		.options = rotation_options,
		.n_metrics = ROTATION_METRICS,
		.n_channels = 1,
		.n_options = ROTATION_OPTIONS,
		.state_size = sizeof(struct orientation),
		.init = rotation_init,
		.decode = rotation_bthome_decode},
    [THEENGS] = {.key = "theengs",
		 .name = "Rotation sensor",
		 .manufacturer = "BTHome, heard by Theengs",
		 .links = THERAPY_LINK_MQTT,
		 .metrics = rotation_metrics,
		 .channels = rotation_theengs_channels,
		 .options = rotation_options,
		 .n_metrics = ROTATION_METRICS,
		 .n_channels = 1,
		 .n_options = ROTATION_OPTIONS,
		 .state_size = sizeof(struct orientation),
		 .init = rotation_init,
		 .decode = rotation_theengs_decode},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "inversion_table",
    .kind = "inversion",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
