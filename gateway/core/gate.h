/* SPDX-License-Identifier: Apache-2.0
 * What the files that answer requests share: gate.c checks the message and finds what it is about, and each verb has
 * its own function. */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/inside.h"

struct decision {
	enum core_outcome outcome;
	uint32_t device, control, rule; /* NONE: not about one */
	struct core_cause cause;
	char why[CORE_WHY_MAX];
};

/* Notes the answer. Always -1, so that a refusal is one line; what was accepted ignores it. */
int gate_conclude(struct decision *d, enum core_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int gate_find_device(const struct core *core, struct decision *d, const struct core_request *request);
int gate_find_control(const struct core *core, struct decision *d, const struct core_request *request);
/* May d->control be told to act now, the proof of its timer aside? */
int gate_check_ready(const struct core *core, struct decision *d, double value);
/* Do the rules let d->control be granted now, which is ready? */
int gate_check_rules(const struct core *core, struct decision *d);
/* Grants it, with the answer and the event: every check is passed. */
void gate_grant(struct core *core, struct decision *d, double value);
/* What strangers wrote, fit for a sentence: at most 40 characters, nothing unprintable. */
const char *gate_shown(const char *text, char buffer[44]);
/* "medium" where the control has words, else "41". */
const char *gate_value(const struct core *core, uint32_t control, double value, char buffer[44]);

/* 0: obeyed; -1: refused, with the reason in *d. */
int stop_request(struct core *core, struct decision *d, const struct core_request *request);
int reset_request(struct core *core, struct decision *d, const struct core_request *request);
int park_request(struct core *core, struct decision *d, const struct core_request *request);
int audio_request(struct core *core, struct decision *d, const struct core_request *request);
int confirm_request(struct core *core, struct decision *d, const struct core_request *request);
int proof_request(struct core *core, struct decision *d, const struct core_request *request);
/* A session that begins with an off-test: it is made, and `value` is granted when it has passed. */
void proof_begin(struct core *core, struct decision *d, double value);
/* Another value while an off-test runs, or has just passed. */
int proof_replace(struct core *core, struct decision *d, double value);

#endif
