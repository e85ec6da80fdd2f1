/* SPDX-License-Identifier: Apache-2.0
 * Conditions as verify reasons about them: those of the bound network (core/logic.h) in one normal form, each different
 * one once. A reference is a number; its negative is the negation. What is left of the operators:
 *
 *   BELOW  metric v is below a threshold (or at it, if inclusive), read with a certain age at most. Of a limit the
 *          threshold is not known, as the step of a plan may set it: only that it is at least as strict as what the
 *          configuration gives. A default bounds nothing: any figure that is given takes its place
 *   UNSEEN what a device cannot tell: not known, unless it is parked
 *   ON     on(control)
 *   AND    all of them; an `or` is the negation of an AND of negations
 *   FOR    a condition that is no AND, throughout a duration
 *
 * Two rewritings make windows comparable, and both are exact, for all four values: (a and b) for D is a for D and b for
 * D; (a for D) for E is a for D + E. So "30 min since any inversion.tilt > 10 deg" of two tables and of one are made of
 * the same windows. */
#ifndef VERIFY_FORMULA_H
#define VERIFY_FORMULA_H

#include "core/inside.h"

#define FORMULA_TRUE    1 /* -1: FALSE */
#define FORMULA_UNKNOWN 2 /* so is -2 */

enum formula_op { FORMULA_CONSTANT, FORMULA_BELOW, FORMULA_ON, FORMULA_UNSEEN, FORMULA_AND, FORMULA_FOR };

/* Where the threshold really is. */
enum formula_bound {
	BOUND_EXACT,
	BOUND_AT_MOST,
	BOUND_AT_LEAST,
	BOUND_FREE,
	BOUND_UNSET /* free; now there is none */
};

#define FORMULA_NEVER_PARKED 255u

struct formula {
	uint8_t op, bound; /* bound: BELOW */
	uint8_t parked;    /* BELOW, UNSEEN: what it is while its device is parked (enum truth), or NEVER_PARKED */
	bool inclusive;    /* BELOW */
	uint32_t metric;   /* BELOW, ON: of the home; UNSEEN: the device */
	uint32_t control;  /* ON: of the home; BELOW: the limit's slot, or LOGIC_NONE */
	uint64_t age_ms;   /* BELOW, ON: what is older is unknown; FOR: the duration */
	double at;         /* BELOW: the threshold; ON: above it the control is read on */
	uint32_t first, n; /* children, in formulas.children */
	uint32_t seen_metric, seen_control; /* index of formulas.metrics, formulas.controls */
	uint32_t order, age;                /* which of the metric's thresholds (ON: of `at`, inclusive) and ages */
	uint32_t limit; /* BELOW with a slot: which of formulas.limits; its bits are shared by all ages */
	int shorter;    /* FOR: the next shorter window over the same condition; 0: none */
};

/* A metric that the formulas look at, with everything it is compared with, in order. */
struct seen_metric {
	uint32_t metric;
	struct threshold {
		double at;
		bool inclusive; /* "v <= at"; else "v < at", which comes first */
	} * thresholds;
	uint64_t *ages_ms;
	uint32_t n_thresholds, n_ages;
};

struct formulas {
	const struct core *core;
	struct formula *items; /* [0] is not used */
	uint32_t n, cap;
	int *children;
	uint32_t n_children, cap_children;
	uint32_t *table; /* by hash */
	uint32_t table_size;
	struct seen_metric *metrics;
	uint32_t n_metrics;
	uint32_t *controls; /* of the home */
	uint32_t n_controls;
	uint32_t *limits; /* an item for each metric, slot and inclusiveness that occur */
	uint32_t n_limits;
	uint32_t *metric_at, *control_at; /* where a metric (control) of the home is in them, plus 1; 0: not seen */
	uint32_t n_home_metrics, n_home_controls;
	bool failed; /* no memory: sticky, asked once at the end */
};

/* At most how old a reading of the metric may be for a condition; NULL: each leaf's own. */
struct formula_ages {
	const uint64_t *by_metric;
};

void formulas_init(struct formulas *f, const struct core *core);
void formulas_release(struct formulas *f);
/* The formula of a node of the network and all below it. */
int formulas_add(struct formulas *f, uint32_t node, const struct formula_ages *ages);
int formulas_and(struct formulas *f, const int *parts, uint32_t n);
/* After the last add: numbers metrics, thresholds and ages. -1: no memory was left at some time. */
int formulas_seal(struct formulas *f);

/* Can a person park the device? */
bool formulas_parkable(const struct core *core, uint32_t device);

static inline const struct formula *formula_at(const struct formulas *f, int reference)
{
	return &f->items[reference < 0 ? -reference : reference];
}

#endif
