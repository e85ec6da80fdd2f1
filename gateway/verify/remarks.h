/* SPDX-License-Identifier: Apache-2.0
 * What is odd about the rules, whatever the invariants: rules that can never permit, rules that never matter, rules
 * that contradict each other, controls that nothing governs. */
#ifndef VERIFY_REMARKS_H
#define VERIFY_REMARKS_H

#include "verify/near.h"
#include "verify/proof.h"

struct verify_report;

struct remarks {
	struct verify_report *report;
	struct near *near;
	uint32_t n_written; /* of the rules, those that the user wrote; monitors and stop sources follow */
	bool failed;        /* no memory: sticky */
	uint32_t alike;     /* the last control whose rules do not ask what is on; NONE: none */
	uint32_t *around;   /* room for rules */
	/* By rule. */
	bool *examined; /* by itself */
	bool *never;    /* it can never be TRUE */
	bool *matters;  /* it makes a difference to some control */
	uint32_t *by;   /* one of those that make it superfluous; NONE so far */
};

int remarks_init(struct remarks *r, struct verify_report *report, struct near *near, uint32_t n_written,
		 uint32_t n_rules);
void remarks_release(struct remarks *r);
/* About one control, while its proof is at hand; `p` NULL: no rule governs it. */
void remarks_control(struct remarks *r, const struct core *core, uint32_t control, struct proof *p);
/* After all controls: rules that made no difference to any. */
void remarks_rules(struct remarks *r, const struct core *core);

#endif
