/* SPDX-License-Identifier: Apache-2.0
 * Conditions with a name. Each is parsed once; where a rule writes its name, it is bound again for that rule (with its
 * max_age), as if it stood there in parentheses. Exists while core_new runs, no longer. */
#ifndef CORE_CONDITIONS_H
#define CORE_CONDITIONS_H

#include "core/core.h"
#include "core/expr.h"

#define CONDITIONS_NONE UINT32_MAX

struct conditions {
	const struct core_condition *items; /* the spec's */
	struct expr *exprs;                 /* parallel; text NULL where it could not be parsed */
	uint32_t *sources;                  /* parallel; index of the text in the network, CONDITIONS_NONE: not yet */
	uint32_t *by_id;
	uint32_t n;
};

/* Parses them all. Ids that are no names, or are there twice, names of conditions that do not exist and conditions that
 * refer to each other in a circle are added to `faults`, with file, line and character; then -1. Release in both cases.
 */
int conditions_init(struct conditions *conditions, const struct core_spec *spec, struct faults *faults);
void conditions_release(struct conditions *conditions);
/* CONDITIONS_NONE if there is none of that name. */
uint32_t conditions_find(const struct conditions *conditions, const char *id, size_t size);
/* Tells a fault in condition `i`: where it is, the text and a caret. */
void conditions_tell(const struct conditions *conditions, uint32_t i, const struct expr_fault *fault,
		     struct faults *faults);

#endif
