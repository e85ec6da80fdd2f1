/* SPDX-License-Identifier: Apache-2.0
 * One moment as clauses: what the metrics are and how fresh, which controls are on, and from that for each formula two
 * rails, "is known to be TRUE" and "is known to be FALSE". Neither is UNKNOWN or ERROR: rules treat these alike.
 *
 * A metric's value is one bit per threshold it is compared with ("is below it"), in order; its freshness one bit per
 * age that conditions allow it ("is at most that old, and there"); one bit says it is an ERROR. So the cost is what the
 * conditions mention, whatever the numbers are. */
#ifndef VERIFY_MOMENT_H
#define VERIFY_MOMENT_H

#include "verify/formula.h"
#include "verify/sat.h"

struct rails {
	int is_true, is_false; /* literals */
};

struct moment {
	int *metrics;        /* by seen metric: its first bit; 0: not needed so far */
	int *controls;       /* by seen control: granted, or its device says that it acts */
	int *limits;         /* by formulas.limits: below the limit, wherever that is */
	int *parked;         /* by device of the home */
	struct rails *rails; /* by formula */
};

struct encoder {
	struct sat *sat;
	const struct formulas *formulas;
	/* What a window is worth at a moment; `item` is its formula. */
	struct rails (*window)(struct encoder *e, struct moment *m, int item);
	bool exact_limits; /* limits are what they are at the start */
	void *user;
	bool failed; /* no memory: sticky */
};

void moment_init(struct encoder *e, struct moment *m);
void moment_release(struct moment *m);
struct rails moment_rails(struct encoder *e, struct moment *m, int reference);
/* The bits, made when first asked for. */
int moment_below(struct encoder *e, struct moment *m, uint32_t metric, uint32_t threshold);
int moment_fresh(struct encoder *e, struct moment *m, uint32_t metric, uint32_t age);
int moment_error(struct encoder *e, struct moment *m, uint32_t metric);
int moment_parked(struct encoder *e, struct moment *m, uint32_t device);
int moment_on(struct encoder *e, struct moment *m, uint32_t control);

/* Of the solver's assignment: a number that lies where it says, as round as there is; how fresh: the index of the
 * smallest age that still holds, n_ages: none. */
double moment_value(const struct encoder *e, const struct moment *m, uint32_t metric);
uint32_t moment_age(const struct encoder *e, const struct moment *m, uint32_t metric);

#endif
