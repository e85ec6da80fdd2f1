/* SPDX-License-Identifier: Apache-2.0
 * Everything that may be the case while one control is permitted, as clauses: at least what the core can reach, so what
 * does not occur here never occurs (a proof), while what occurs here may still be unreachable (then history.h looks for
 * a way there).
 *
 * permitted(c): c is granted, or a request for it would be granted. Then every rule that governs it is armed
 * (only_while and hard TRUE) or, if c is granted, in grace (only_while FALSE, hard TRUE, and only_while was TRUE less
 * than its grace ago). Rearming, latches, requests, phases and leases are left out: they only take permission away.
 *
 * A window is free but for its axioms: TRUE only if its condition is TRUE now, FALSE if it is FALSE now, and in order
 * with the other windows over the same condition. Where that is not enough, WITNESSES are added: a window that is not
 * TRUE has a past moment, within its duration, at which its condition was not TRUE; at that moment the conditions of
 * all windows at least as long were what those windows say. */
#ifndef VERIFY_PROOF_H
#define VERIFY_PROOF_H

#include "verify/moment.h"
#include "verify/monitor.h"

struct proof_rule {
	uint32_t rule;                /* of the core */
	int only_while, hard, rearms; /* formulas */
	int armed, runs, chosen;      /* literals; chosen -> runs: assumed for the rules that take part */
	bool has_grace;
};

struct proof {
	const struct core *core;
	uint32_t control;
	uint64_t *ages; /* for invariants, by metric */
	struct formulas formulas;
	struct sat sat;
	struct encoder encoder;
	struct moment now;
	int granted;
	struct proof_rule *rules;
	uint32_t n_rules;
	int *invariants; /* formulas */
	size_t n_invariants;
	struct moment *witnesses;
	uint32_t n_witnesses, cap_witnesses;
	bool *witnessed; /* by formula */
	bool graces_witnessed;
};

/* What a proof is about: a control that some rule governs, those of its rules that take part, and `n` invariants, which
 * are rules of the monitor's core too. */
struct proof_about {
	const struct core *core;
	uint32_t control;
	const uint32_t *rules;
	uint32_t n_rules;
	size_t first_invariant, n_invariants;
};

/* -1: no memory. Release in both cases. */
int proof_init(struct proof *p, const struct proof_about *about);
void proof_release(struct proof *p);

/* Does the invariant hold whenever the control is permitted? With `witnesses`, which cost much where there are many
 * windows, more can be proved. False: the solver's assignment is a counterexample. */
bool proof_holds(struct proof *p, size_t invariant, bool witnesses);
/* After true: did the proof need this rule? */
bool proof_used(const struct proof *p, uint32_t rule);

/* Can the control be permitted at all? After false, proof_used says which rules contradict each other. */
bool proof_permits(struct proof *p);
/* Can all its rules be armed at once, and armed again after a trip? */
bool proof_arms(struct proof *p, bool again);
/* Is the rule armed whenever all others permit, so that it makes no difference? */
bool proof_idle(struct proof *p, uint32_t rule);

#endif
