/* SPDX-License-Identifier: Apache-2.0
 * verify - proves or refutes, for the rules of a home, sentences like "whenever permitted(kind:heat): all
 * inversion.tilt
 * <= 20 deg", and looks for rules that cannot be meant as they stand. docs/verify.md says what the words mean.
 *
 * It may look at the core's insides (the network that its conditions become); nothing else may. It is a command for
 * people: it allocates as it needs, runs once, and no running gateway calls it. One thread. */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <stdio.h>

#include "core/core.h"

/* "whenever permitted(kind:heat): EXPR" or "whenever permitted(pad.heat): EXPR", and where it stands, for faults. */
struct verify_invariant {
	const char *file; /* NULL: the command line */
	unsigned line;
	const char *text;
};

enum verify_answer {
	VERIFY_PROVED,   /* no sequence of inputs can violate it */
	VERIFY_POSSIBLE, /* neither proved nor refuted: the state in which it would fail was not reached by any try */
	VERIFY_REFUTED,  /* a sequence of inputs violates it; the real core did so when it was played to it */
};

struct verify_finding { /* one invariant about one control */
	size_t invariant;
	uint16_t device, control; /* CORE_NO_...: the home has none that it is about */
	enum verify_answer answer;
	char *text; /* lines for people: by which rules, or how it fails */
};

struct verify_report {
	struct verify_finding *findings; /* in the order of the invariants */
	size_t n_findings, cap_findings;
	char **remarks; /* on rules and controls, one sentence each */
	size_t n_remarks, cap_remarks;
};

/* Faults in rules or invariants are added to `faults`; then, or without memory, -1. Release the report in both cases.
 */
int verify_run(const struct core_spec *spec, const struct verify_invariant *invariants, size_t n,
	       struct verify_report *report, struct faults *faults);
void verify_release(struct verify_report *report);
void verify_print(const struct verify_report *report, const struct verify_invariant *invariants, size_t n, FILE *to);
/* The worst: REFUTED over POSSIBLE over PROVED. */
enum verify_answer verify_worst(const struct verify_report *report);

#endif
