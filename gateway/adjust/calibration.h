/* SPDX-License-Identifier: Apache-2.0
 * calibration - how an inclinometer is mounted on an inversion table, from what it says upright, level and head down.
 * Tilt is 0 level and positive head down (docs/calibration.md). Pure.
 *
 * A sensor with two axes is measured on both: the one that the table turns about is the one that turned. */
#ifndef ADJUST_CALIBRATION_H
#define ADJUST_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* People mount a table at some 60 to 90 deg head up; beyond 120 it would stand the other way round. */
#define CALIBRATION_UPRIGHT_MIN 60.0
#define CALIBRATION_UPRIGHT_MAX 120.0
/* Less is what a floor or a hand makes; more is no longer slightly head down, and nobody need go there. */
#define CALIBRATION_DOWN_MIN 5.0
#define CALIBRATION_DOWN_MAX 60.0
/* Pitch ends at +-90 deg and comes back: with a zero of more than this an inverted table could look level. */
#define CALIBRATION_PITCH_ZERO 20.0

enum calibration_position { CALIBRATION_UPRIGHT, CALIBRATION_LEVEL, CALIBRATION_HEAD_DOWN, CALIBRATION_POSITIONS };

struct calibration_axis {
	const char *name; /* "roll"; NULL: the only one */
	bool quarter;     /* it covers only +-90 deg */
	bool still[CALIBRATION_POSITIONS];
	double deg[CALIBRATION_POSITIONS]; /* where it was still */
};

struct calibration {
	size_t axis;
	bool reversed;
	double zero_deg; /* in hundredths */
};

/* What the axes say of the first `n` positions. True: they make sense so far, and with all three *out is set. False:
 * `why` says what was found and what was expected. */
bool calibration_look(const struct calibration_axis *axes, size_t n_axes, size_t n, struct calibration *out,
		      struct str *why);

#endif
