/* SPDX-License-Identifier: Apache-2.0
 *
 * force - what the models of force gauges share: the row of a force, its zero, and what the gauge said before it.
 *
 * `zero_n` is what the gauge says while nothing hangs on it: its own drift, and the weight of hooks and straps. `tare`
 * finds it. A gauge's own tare is never used: one press on it under a load would hide that load from every rule, and
 * nothing would show that it had happened.
 */
#ifndef TRACTION_BELT_FORCE_H
#define TRACTION_BELT_FORCE_H

#include "therapy/plugin.h"

#define FORCE_N_PER_KGF 9.80665         /* by definition (3rd CGPM, 1901) */
#define FORCE_N_PER_LBF 4.4482216152605 /* by definition: 0.45359237 kg times the above */

/* A slack belt with its hooks weighs up to some 2 kg, and a cell drifts by less: 50 N is more than both, and a tare
 * that would hide more of a load is no tare. */
#define FORCE_ZERO_MAX_N 50

/* Zero drift and a belt pushed by hand read a little below 0. 700 N is above anything that traction uses (60 kgf = 588
 * N, doi:10.1186/1471-2474-8-118): more is a broken cell. A fast release drops 300 N within some 0.1 s: 3000 N/s is
 * real. */
#define FORCE_ROW(interval)                                                                                            \
	{                                                                                                              \
		.key = "force", .name = "Force", .unit = THERAPY_UNIT_NEWTON, .min = -50, .max = 700,                  \
		.max_rate = 10000, .interval_ms = (interval), .deadband = 1, .precision = 1                            \
	}
/* The range of force, and the most that a zero may be. */
#define FORCE_RAW_ROW(interval)                                                                                        \
	{                                                                                                              \
		.key = "force_raw", .name = "Sensor force", .unit = THERAPY_UNIT_NEWTON, .min = -100, .max = 750,      \
		.max_rate = 10000, .interval_ms = (interval), .deadband = 1, .precision = 1, .diagnostic = true        \
	}
#define FORCE_ZERO_OPTION                                                                                              \
	{                                                                                                              \
		.key = "zero_n", .type = THERAPY_OPTION_NUMBER, .min = -FORCE_ZERO_MAX_N, .max = FORCE_ZERO_MAX_N,     \
		.help = "what the gauge says, in newtons, while nothing hangs on it"                                   \
	}
/* What the gauge counts in cannot be guessed: kilograms taken for newtons would hide nine tenths of a load. */
#define FORCE_SHOWS_OPTION                                                                                             \
	{                                                                                                              \
		.key = "shows", .type = THERAPY_OPTION_WORD, .words = "n|kg|lb",                                       \
		.help = "the unit it says its numbers in; required"                                                    \
	}

static inline double force_zero(const struct therapy_value *value)
{
	return value->set ? value->number : 0;
}

/* Newtons of one unit of what it shows; 0 for a word that is none, or none. */
static inline double force_unit(const struct therapy_value *shows)
{
	if (!shows->set)
		return 0;
	if (strcmp(shows->word, "kg") == 0)
		return FORCE_N_PER_KGF;
	if (strcmp(shows->word, "lb") == 0)
		return FORCE_N_PER_LBF;
	return strcmp(shows->word, "n") == 0 ? 1 : 0;
}

/* Of what a codec has emitted as `force`: keeps it as `raw`, and takes the zero off it. Always THERAPY_OK. */
static inline enum therapy_refusal force_less_zero(struct therapy_out *out, uint16_t force, uint16_t raw, double zero_n)
{
	size_t n = out->n_readings;
	for (size_t i = 0; i < n; i++) {
		struct therapy_reading *r = &out->readings[i];
		if (r->metric != force)
			continue;
		size_t before = out->n_readings;
		therapy_emit(out, raw, r->value);
		if (out->n_readings > before)
			out->readings[before].quality = r->quality;
		if (r->quality == THERAPY_GOOD)
			r->value -= zero_n;
	}
	return THERAPY_OK;
}

#endif
