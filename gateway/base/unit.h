/* SPDX-License-Identifier: Apache-2.0
 * Units as people write them in rules and options, and as they are kept inside. Pure. */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include "therapy/plugin.h"

/* How a written unit becomes the inner one: inner = written * scale + offset. */
struct unit_conversion {
	enum therapy_unit unit;
	double scale, offset;
};

/* Finds a written unit: deg, deg/s, N, kgf, lbf, degC, degF, kPa, mmHg, psi, W, Wh, V, A, kg, lb, %, s, min, h, g, N/s,
 * or
 * "" for a count. False if there is none of that name. */
bool unit_parse(const char *text, size_t size, struct unit_conversion *out);
/* As rules write it: "deg", "N", "degC"; "" for counts and switches. */
const char *unit_text(enum therapy_unit unit);
/* As Home Assistant shows it: "°", "N", "°C"; "" for counts and switches. */
const char *unit_symbol(enum therapy_unit unit);
/* The written units that measure the same, for fault texts: "N, kgf or lbf". */
const char *unit_choices(enum therapy_unit unit);
/* A number and its unit, "150 N" or "20 lbf", in the inner unit; a count is a number alone. False if it is none, not
 * finite, or the unit is not known. */
bool unit_amount(const char *text, double *out, enum therapy_unit *unit);
/* A duration "5 s", "250 ms", "10 min", "2 h" in milliseconds. False if it is none, negative or over 31 days. */
bool unit_duration(const char *text, uint64_t *out_ms);

#endif
