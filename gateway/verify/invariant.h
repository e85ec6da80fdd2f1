/* SPDX-License-Identifier: Apache-2.0
 * The text of an invariant: which controls it is about, and its condition. */
#ifndef VERIFY_INVARIANT_H
#define VERIFY_INVARIANT_H

#include "verify/monitor.h"
#include "verify/verify.h"

struct invariant {
	char target[ID_MAX * 2 + 8]; /* "kind:heat", "pad.heat" */
	uint32_t target_at;          /* where it stands in the text */
	uint32_t expression_at;
};

/* 0, or -1 with the fault added. */
int invariant_parse(const struct verify_invariant *text, struct invariant *out, struct faults *faults);
/* Which controls it is about, as flags by control. -1 with a fault: there is no such kind or control. */
int invariant_target(const struct verify_invariant *text, const struct invariant *invariant, const struct core *core,
		     const struct core_spec *spec, bool *controls, struct faults *faults);
/* Turns the faults that core_new found in a monitor's rules into faults of the invariants' own texts. */
void invariant_faults(const struct verify_invariant *texts, const struct invariant *invariants, size_t n,
		      const struct faults *found, struct faults *faults);

#endif
