/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <math.h>
#include <string.h>

#define G           9.80665 /* N per kg, standard gravity */
#define FIRST_SHARE 0.25    /* of the body weight: 1/5 to 1/2 is in use, 10.1155/2021/2561502 */
#define LARGEST     0.5
#define WEIGHT_NEAR 5.0 /* kg; hazard 15 */

static const struct core_limit *find_limit(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->n_limits; i++)
		if (strcmp(config->limits[i].id, id) == 0)
			return &config->limits[i];
	return NULL;
}

/* Has anybody given a figure for it? */
static bool is_given(const struct config *config, const char *limit)
{
	for (size_t i = 0; i < config->n_figures; i++)
		if (strcmp(config->figures[i].limit, limit) == 0)
			return true;
	return false;
}

/* The home's figure becomes this one, or stays what it is if that is stricter. */
static size_t tighten(const struct config *config, const char *id, enum therapy_unit unit, double value,
		      struct core_figure *figures, size_t n)
{
	const struct core_limit *limit = find_limit(config, id);
	if (!limit || limit->unit != unit)
		return n;
	for (size_t i = 0; i < n; i++)
		if (!figures[i].device && strcmp(figures[i].limit, id) == 0) {
			double given = figures[i].value;
			figures[i].value = limit->minimum ? fmax(given, value) : fmin(given, value);
			return n;
		}
	figures[n++] = (struct core_figure){
	    .file = config->file, .line = config->profile.line, .limit = limit->id, .unit = unit, .value = value};
	return n;
}

void figures_of_weight(const struct config *config, double weight_kg, bool force_given,
		       struct figures_weight out[FIGURES_OF_WEIGHT])
{
	double newton = weight_kg * G, share = force_given || is_given(config, "force") ? LARGEST : FIRST_SHARE;
	out[0] = (struct figures_weight){"force", THERAPY_UNIT_NEWTON, newton * share};
	out[1] = (struct figures_weight){"force_ceiling", THERAPY_UNIT_NEWTON, newton * LARGEST};
	out[2] = (struct figures_weight){"weight_min", THERAPY_UNIT_KILOGRAM, weight_kg - WEIGHT_NEAR};
	out[3] = (struct figures_weight){"weight_max", THERAPY_UNIT_KILOGRAM, weight_kg + WEIGHT_NEAR};
}

size_t figures_of_profile(const struct config *config, struct core_figure *figures, size_t n)
{
	struct figures_weight of[FIGURES_OF_WEIGHT];
	if (!config->profile.has_weight)
		return n;
	figures_of_weight(config, config->profile.weight_kg, false, of);
	for (size_t i = 0; i < FIGURES_OF_WEIGHT; i++)
		n = tighten(config, of[i].limit, of[i].unit, of[i].value, figures, n);
	return n;
}
