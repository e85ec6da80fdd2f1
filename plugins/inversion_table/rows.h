/* SPDX-License-Identifier: Apache-2.0
 *
 * rows - what the tables of the inclinometers share. Those of the angle are said as the sensor says it, before sign and
 * zero, for calibration.
 */
#ifndef INVERSION_TABLE_ROWS_H
#define INVERSION_TABLE_ROWS_H

#include "therapy/plugin.h"

#define ORIENTATION_OPTIONS                                                                                            \
	{.key = "sign",                                                                                                \
	 .type = THERAPY_OPTION_WORD,                                                                                  \
	 .words = "normal|reversed",                                                                                   \
	 .help = "normal: the sensor counts up as the head goes down. Until it is given, tilt is the absolute angle"}, \
	{                                                                                                              \
		.key = "zero_deg", .type = THERAPY_OPTION_NUMBER, .min = -180, .max = 180,                             \
		.help = "what the sensor says, in degrees, when the table is level"                                    \
	}

/* The whole circle is plausible: a table can lock beyond 90 deg, and an uncalibrated sensor may be mounted anyhow. Its
 * rate of change is not limited here: 179 and -179 deg are neighbours, and a fast return must be seen, not refused. */
#define TILT_ROW(interval, stale)                                                                                      \
	{                                                                                                              \
		.key = "tilt", .name = "Tilt", .unit = THERAPY_UNIT_DEG, .min = -180, .max = 180,                      \
		.interval_ms = (interval), .stale_ms = (stale), .deadband = 0.5, .precision = 1                        \
	}
/* What the sensor says, before sign and zero: for calibration. */
#define ANGLE_ROW(interval, key_, ...)                                                                                 \
	{                                                                                                              \
		.key = key_, .min = -180, .max = 180, .interval_ms = (interval), .deadband = 0.5, .precision = 1,      \
		.diagnostic = true, __VA_ARGS__                                                                        \
	}
/* 2000 deg/s is the full scale of the gyroscopes used here. */
#define RATE_ROW(interval)                                                                                             \
	{                                                                                                              \
		.key = "rate", .name = "Rate", .unit = THERAPY_UNIT_DEG_PER_S, .min = -2000, .max = 2000,              \
		.interval_ms = (interval), .deadband = 1, .precision = 1                                               \
	}

#endif
