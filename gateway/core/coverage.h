/* SPDX-License-Identifier: Apache-2.0
 * What a rule can see in this home: known before anything runs, from the rule's expressions and the devices alone. */
#ifndef CORE_COVERAGE_H
#define CORE_COVERAGE_H

#include "core/expr.h"
#include "core/home.h"

struct coverage {
	enum core_coverage level;
	uint32_t blind; /* the first device that the rule asks about and that cannot tell; HOME_NONE: none */
	char text[CORE_WHY_MAX];
};

/* `exprs`: only_while and, where given, hard and rearms. `governs`: how many controls of this home the rule governs;
 * `permits` is what it names. Fills `blind` (one per device): devices of a kind that only_while (or else the whole
 * rule) asks about, which measure none of what it asks; none with `where_measured`. */
void coverage_find(const struct home *home, const struct expr *const *exprs, size_t n_exprs, size_t governs,
		   const char *permits, bool where_measured, bool *blind, struct coverage *out);

#endif
