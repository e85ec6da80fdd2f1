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
 * lbf/s, or "" for a count. False if there is none of that name. */
bool unit_parse(const char *text, size_t size, struct unit_conversion *out);
/* As rules write it: "deg", "N", "degC"; "" for counts and switches. */
const char *unit_text(enum therapy_unit unit);
/* As Home Assistant shows it: "°", "N", "°C"; "" for counts and switches. */
const char *unit_symbol(enum therapy_unit unit);
/* The written units that measure the same, for fault texts: "N, kgf or lbf". */
const char *unit_choices(enum therapy_unit unit);

/* Which units people are shown; inside, and in protobuf, everything stays as it is. */
enum unit_system { UNIT_METRIC, UNIT_IMPERIAL };

/* What stands for an inner unit in a system; `text` and `symbol` are static. */
struct unit_view {
	const char *text, *symbol; /* as rules write it, "degF"; as Home Assistant shows it, "°F" */
	double scale, offset;      /* inner = shown * scale + offset */
	unsigned finer;            /* as many decimals more say as much */
};
/* In metric every unit as it is; in imperial °F, lbf, lb, psi and lbf/s, and the rest as it is. */
struct unit_view unit_view(enum unit_system system, enum therapy_unit unit);
double unit_view_shown(const struct unit_view *view, double inner);
double unit_view_inner(const struct unit_view *view, double seen);

/* A number and its unit, "150 N" or "20 lbf", in the inner unit; a count is a number alone. False if it is none, not
 * finite, or the unit is not known. */
bool unit_amount(const char *text, double *out, enum therapy_unit *unit);
/* A duration "5 s", "250 ms", "10 min", "2 h" in milliseconds. False if it is none, negative or over 31 days. */
bool unit_duration(const char *text, uint64_t *out_ms);

#endif
