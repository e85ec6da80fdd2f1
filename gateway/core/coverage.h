/* SPDX-License-Identifier: Apache-2.0
 * What a rule can see in this home: known before anything runs, from the rule's expressions and the devices alone. */
#ifndef CORE_COVERAGE_H
#define CORE_COVERAGE_H

#include "core/conditions.h"
#include "core/expr.h"
#include "core/home.h"

struct coverage {
	enum core_coverage level;
	uint32_t blind; /* the first device that the rule asks about and that cannot tell; HOME_NONE: none */
	char text[CORE_WHY_MAX];
};

/* What a rule asks: only_while first and, where given, hard and rearms, each followed by the conditions that it names.
 */
struct coverage_asks {
	const struct expr *const *exprs;
	size_t n, n_first; /* n_first: of only_while */
};

/* `n_scope`: how many controls of this home the rule governs, or devices it watches; `names` is what it names.
 * Fills `blind` (one per device): devices of a kind that only_while (or else the whole rule) asks about, which measure
 * none of what it asks; none with `where_measured`. */
struct coverage_scope {
	size_t n;
	const char *names;
	bool watches, where_measured;
	const struct core_derived *derived; /* of which a missing one is told by what it would be computed from */
	size_t n_derived;
};
void coverage_find(const struct home *home, const struct coverage_asks *asks, const struct coverage_scope *scope,
		   bool *blind, struct coverage *out);

/* Adds the expression and the conditions that it names, each once, to `list`, which has room for one and as many as
 * there are conditions. `seen` (by condition) is the caller's, cleared. */
void coverage_gather(const struct expr *expr, const struct conditions *conditions, bool *seen, const struct expr **list,
		     size_t *n);

#endif
