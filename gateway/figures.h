/* SPDX-License-Identifier: Apache-2.0
 * The figures for limits that follow from who uses the home: from a body weight. Pure. */
#ifndef THERAPY_FIGURES_H
#define THERAPY_FIGURES_H

#include "config/config.h"
#include "core/core.h"

#define FIGURES_OF_PROFILE 4u

/* What a body weight comes to, as below; `force_given`: somebody gave a figure for the force elsewhere. */
#define FIGURES_OF_WEIGHT 4u
struct figures_weight {
	const char *limit;
	enum therapy_unit unit;
	double value;
};
void figures_of_weight(const struct config *config, double weight_kg, bool force_given,
		       struct figures_weight out[FIGURES_OF_WEIGHT]);

/* In place of those given or beside them: `figures` has room for FIGURES_OF_PROFILE more than the `n` it holds. Returns
 * how many it holds then.
 *   force          25 % of the body weight; or what was given, and that at most 50 %
 *   force_ceiling  50 %
 *   weight_min     5 kg less, weight_max 5 kg more, or what is nearer
 * Only those that the rules declare. */
size_t figures_of_profile(const struct config *config, struct core_figure *figures, size_t n);

#endif
