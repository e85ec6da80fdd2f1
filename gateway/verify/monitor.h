/* SPDX-License-Identifier: Apache-2.0
 * Invariants inside a real core. Each becomes a rule of its own about a control that nobody has, so the runtime binds
 * and evaluates it like any rule, and it changes nothing: the rules it stands beside do not see it. */
#ifndef VERIFY_MONITOR_H
#define VERIFY_MONITOR_H

#include "core/core.h"
#include "core/inside.h"

struct monitor {
	struct core_spec spec; /* the user's, and one device and `n` rules at the end */
	struct core_device *devices;
	struct core_rule *rules;
	char (*ids)[24];
	size_t n, first_rule;
};

/* Expressions of `n` invariants; they and `spec` must outlive it. -1: no memory. Release in both cases. */
int monitor_init(struct monitor *monitor, const struct core_spec *spec, const struct core_text *expressions,
		 const char *const *files, size_t n);
void monitor_release(struct monitor *monitor);

/* How old a reading of each metric may be for an invariant about this control: as old as the rules that govern it let
 * it be; where they do not look at it, its own staleness. `by_metric` has room for every metric of the core. */
void monitor_ages(const struct core *core, uint32_t control, uint64_t *by_metric);
/* Lets the invariant's leaves use these ages. For a core that has taken no input so far. */
void monitor_tune(struct core *core, size_t rule, const uint64_t *by_metric);
/* Now: would a request for the control be granted, or is it granted? */
bool monitor_permitted(const struct core *core, uint32_t control);
/* Is the invariant not known to be TRUE? */
bool monitor_violated(const struct core *core, size_t rule);

#endif
