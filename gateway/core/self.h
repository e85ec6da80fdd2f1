/* SPDX-License-Identifier: Apache-2.0
 * `self` in the texts of derived metrics: the device that the metric is computed for. "self.tilt" is its metric,
 * "on(self)" any of its controls, "on(self.heat)" one of them. Pure; start-up only. */
#ifndef CORE_SELF_H
#define CORE_SELF_H

#include "core/home.h"

/* Has the device everything that the text asks of `self`? */
bool self_fits(const struct home *home, uint32_t device, const char *text);
/* The metric that "self.skin_temp" names; HOME_NONE: the text is no metric of this device and nothing else. */
uint32_t self_metric(const struct home *home, uint32_t device, const char *text);

/* Offset of the first metric of `self` in the text that is not known of the kind (home_knows_metric; `choices` lists
 * what is), with its size; HOME_NONE: there is none. */
uint32_t self_unknown(const struct home *home, const struct core_derived *row, const char *text, size_t n_derived,
		      size_t *size, struct str *choices);

#endif
