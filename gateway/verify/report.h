/* SPDX-License-Identifier: Apache-2.0
 * Gathers what verify has to say. */
#ifndef VERIFY_REPORT_H
#define VERIFY_REPORT_H

#include "verify/history.h"
#include "verify/verify.h"

/* All: 0, or -1 without memory. `asks`: this home has something that it is about. */
int report_proved(struct verify_report *report, size_t invariant, const struct proof *p, bool asks);
int report_refuted(struct verify_report *report, size_t invariant, const struct proof *p, const struct story *story,
		   const struct story_end *end);
int report_possible(struct verify_report *report, size_t invariant, const struct proof *p);
/* Proved because there is nothing that could be permitted; control NONE: the home has none. */
int report_nothing(struct verify_report *report, size_t invariant, const struct core *core, uint32_t control);
/* Dropped without memory. */
void report_remark(struct verify_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
