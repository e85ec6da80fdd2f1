/* SPDX-License-Identifier: Apache-2.0 */
#include "adjust/calibration.h"

#include <math.h>

static double turned(const struct calibration_axis *a, enum calibration_position to)
{
	return remainder(a->deg[to] - a->deg[CALIBRATION_LEVEL], 360);
}

static void add_name(struct str *why, const struct calibration_axis *a)
{
	if (why->len > 0)
		str_add(why, "; ");
	if (a->name)
		str_add(why, "%s: ", a->name);
}

static bool upright_fits(const struct calibration_axis *a, struct str *why)
{
	double up = fabs(turned(a, CALIBRATION_UPRIGHT));
	if (up >= CALIBRATION_UPRIGHT_MIN && up <= CALIBRATION_UPRIGHT_MAX)
		return true;
	add_name(why, a);
	str_add(why, "between upright and level the sensor turned by %.1f deg, expected %g to %g", up,
		CALIBRATION_UPRIGHT_MIN, CALIBRATION_UPRIGHT_MAX);
	return false;
}

static bool down_fits(const struct calibration_axis *a, struct str *why)
{
	double up = turned(a, CALIBRATION_UPRIGHT), down = turned(a, CALIBRATION_HEAD_DOWN);
	if ((up > 0) == (down < 0) && fabs(down) >= CALIBRATION_DOWN_MIN && fabs(down) <= CALIBRATION_DOWN_MAX)
		return true;
	add_name(why, a);
	str_add(why, "from level to head down the sensor turned by %.1f deg %s upright, expected %g to %g away from it",
		fabs(down), (up > 0) == (down < 0) ? "away from" : "towards", CALIBRATION_DOWN_MIN,
		CALIBRATION_DOWN_MAX);
	return false;
}

static bool zero_fits(const struct calibration_axis *a, struct str *why)
{
	if (!a->quarter || fabs(a->deg[CALIBRATION_LEVEL]) <= CALIBRATION_PITCH_ZERO)
		return true;
	add_name(why, a);
	str_add(
	    why,
	    "the sensor says %.1f deg when the table is level, expected at most %g: this axis ends at 90 deg, and a "
	    "table head down could look level. Mount it flat, or turned by 90 deg so that the other axis turns",
	    a->deg[CALIBRATION_LEVEL], CALIBRATION_PITCH_ZERO);
	return false;
}

static bool fits(const struct calibration_axis *a, size_t n, struct str *why)
{
	for (size_t i = 0; i < n; i++)
		if (!a->still[i])
			return false;
	return (n <= CALIBRATION_LEVEL || upright_fits(a, why)) && (n <= CALIBRATION_HEAD_DOWN || down_fits(a, why)) &&
	       (n <= CALIBRATION_LEVEL || zero_fits(a, why));
}

bool calibration_look(const struct calibration_axis *axes, size_t n_axes, size_t n, struct calibration *out,
		      struct str *why)
{
	size_t found = 0;
	struct calibration c = {0};
	for (size_t i = 0; i < n_axes; i++)
		if (fits(&axes[i], n, why)) {
			c.axis = i;
			found++;
		}
	if (n < CALIBRATION_POSITIONS)
		return found > 0;
	if (found > 1)
		str_add(why, "%sboth axes turned: mount the sensor so that one of them lies along the table's",
			why->len > 0 ? "; " : "");
	if (found != 1)
		return false;
	const struct calibration_axis *a = &axes[c.axis];
	c.reversed = turned(a, CALIBRATION_HEAD_DOWN) < 0;
	c.zero_deg = round(a->deg[CALIBRATION_LEVEL] * 100) / 100;
	*out = c;
	return true;
}
