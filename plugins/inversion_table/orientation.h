/* SPDX-License-Identifier: Apache-2.0
 *
 * orientation - from the angle a sensor says to the tilt that rules use: 0 level, positive head down. How the sensor is
 * mounted is known only after calibration, which gives `sign`. Until then tilt and rate are absolute, so that a sensor
 * mounted the wrong way round can never make an inverted table look upright. Pure.
 */
#ifndef INVERSION_TABLE_ORIENTATION_H
#define INVERSION_TABLE_ORIENTATION_H

#include "therapy/plugin.h"

struct orientation {
	bool calibrated;
	double sign;     /* 1 or -1 */
	double zero_deg; /* what the sensor says when the table is level */
};

/* From the options `sign` ("normal" or "reversed") and `zero_deg`. 0, or -1 for a word that is neither. */
static inline int orientation_init(struct orientation *o, const struct therapy_value *sign,
				   const struct therapy_value *zero_deg)
{
	bool reversed = sign->set && strcmp(sign->word, "reversed") == 0;
	if (sign->set && !reversed && strcmp(sign->word, "normal") != 0)
		return -1;
	*o = (struct orientation){
	    .calibrated = sign->set, .sign = reversed ? -1 : 1, .zero_deg = zero_deg->set ? zero_deg->number : 0};
	return 0;
}

/* Tilt in -180..180 deg. The zero is subtracted round the circle: 170 deg with zero -20 deg is -170. */
static inline double orientation_tilt(const struct orientation *o, double angle_deg)
{
	double tilt = o->sign * remainder(angle_deg - o->zero_deg, 360.0);
	return o->calibrated ? tilt : fabs(tilt);
}

static inline double orientation_rate(const struct orientation *o, double rate_deg_s)
{
	return o->calibrated ? o->sign * rate_deg_s : fabs(rate_deg_s);
}

#endif
