/* SPDX-License-Identifier: Apache-2.0
 * A reading as a line for people: "tilt 12.3 deg", "relay on", "skin_temp ERROR". */
#ifndef THERAPY_PLUGIN_SPOKEN_H
#define THERAPY_PLUGIN_SPOKEN_H

#include "base/str.h"
#include "therapy/plugin.h"

struct spoken {
	const char *key, *words; /* words: NULL or "" if there are none */
	enum therapy_unit unit;
	unsigned precision;
};

void spoken_reading(struct str *out, const struct spoken *metric, enum therapy_quality quality, double value);

#endif
