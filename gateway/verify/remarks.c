/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/remarks.h"

#include <stdlib.h>

#include "verify/report.h"

#define ALL_MAX                                                                                                        \
	60u /* rules of a control up to which each is compared with all others together; else with those near it */
#define NEAR_MAX 60u

int remarks_init(struct remarks *r, struct verify_report *report, struct near *near, uint32_t n_written,
		 uint32_t n_rules)
{
	*r = (struct remarks){.report = report, .near = near, .n_written = n_written, .alike = NONE};
	r->around = calloc(NEAR_MAX + 1, sizeof *r->around);
	r->examined = calloc((size_t)n_rules + 1, sizeof *r->examined);
	r->never = calloc((size_t)n_rules + 1, sizeof *r->never);
	r->matters = calloc((size_t)n_rules + 1, sizeof *r->matters);
	r->by = malloc(((size_t)n_rules + 1) * sizeof *r->by);
	if (!r->around || !r->examined || !r->never || !r->matters || !r->by)
		return -1;
	for (uint32_t i = 0; i < n_rules; i++)
		r->by[i] = NONE;
	return 0;
}

void remarks_release(struct remarks *r)
{
	free(r->around);
	free(r->examined);
	free(r->never);
	free(r->matters);
	free(r->by);
	*r = (struct remarks){0};
}

/* A rule by itself, the first time it is met. */
static void examine(struct remarks *r, const struct core *core, uint32_t control, uint32_t rule)
{
	const struct rule *it = &core->rules[rule];
	struct proof alone;
	if (r->examined[rule])
		return;
	r->examined[rule] = true;
	if (it->blind != NONE) {
		r->never[rule] = true;
		report_remark(r->report, "rule %s can never permit: %s cannot tell what it asks", it->id,
			      core->home.devices[it->blind].id);
		return;
	}
	if (proof_init(&alone, &(struct proof_about){.core = core, .control = control, .rules = &rule, .n_rules = 1})) {
		r->failed = true;
	} else if (!proof_arms(&alone, false)) {
		r->never[rule] = true;
		report_remark(r->report, "rule %s can never permit: no reading makes its only_while%s TRUE", it->id,
			      it->texts[TEXT_HARD] == NONE ? "" : " and its hard");
	} else if (!proof_arms(&alone, true)) {
		report_remark(r->report,
			      "rule %s can never be armed again after a trip: its rearms contradicts its only_while",
			      it->id);
	}
	proof_release(&alone);
}

static void tell_contradiction(struct remarks *r, const struct core *core, const struct proof *p)
{
	char names[512];
	struct str s;
	uint32_t n = 0;
	str_init(&s, names, sizeof names);
	for (uint32_t i = 0; i < p->n_rules; i++) {
		if (!proof_used(p, i))
			continue;
		if (r->never[p->rules[i].rule])
			return; /* said already */
		str_add(&s, "%s%s", n++ ? ", " : "", core->rules[p->rules[i].rule].id);
	}
	report_remark(r->report, "%s.%s can never be permitted: its rules contradict each other: %s",
		      control_device(core, p->control), control_key(core, p->control), names);
}

/* Does it make no difference here? Then r->by is one that makes it superfluous. */
static bool idle(struct remarks *r, struct proof *p, uint32_t i, uint32_t rule)
{
	if (!proof_idle(p, i))
		return false;
	for (uint32_t k = 0; k < p->n_rules; k++)
		if (k != i && proof_used(p, k))
			r->by[rule] = p->rules[k].rule;
	return true;
}

static bool idle_among_near(struct remarks *r, const struct core *core, uint32_t control, uint32_t rule)
{
	struct proof p;
	uint32_t n = near_rules(r->near, control, rule, 1, r->around, NEAR_MAX);
	bool found = false;
	if (proof_init(&p, &(struct proof_about){.core = core, .control = control, .rules = r->around, .n_rules = n}))
		r->failed = true;
	else
		found = idle(r, &p, 0, rule);
	proof_release(&p);
	return found;
}

/* Then what is found about the one is so for the other. */
static bool alike(const struct core *core, uint32_t a, uint32_t b)
{
	const struct control *x = &core->controls[a], *y = &core->controls[b];
	return x->n_rules == y->n_rules && memcmp(x->rules, y->rules, x->n_rules * sizeof *x->rules) == 0;
}

static void find_idle(struct remarks *r, const struct core *core, struct proof *p)
{
	if (p->formulas.n_controls == 0) {
		if (r->alike != NONE && alike(core, r->alike, p->control))
			return;
		r->alike = p->control;
	}
	for (uint32_t i = 0; i < p->n_rules; i++) {
		uint32_t rule = p->rules[i].rule;
		if (!r->matters[rule])
			r->matters[rule] =
			    p->n_rules <= ALL_MAX ? !idle(r, p, i, rule) : !idle_among_near(r, core, p->control, rule);
	}
}

void remarks_control(struct remarks *r, const struct core *core, uint32_t control, struct proof *p)
{
	if (!p) {
		report_remark(r->report, "%s.%s is never permitted: no rule governs it", control_device(core, control),
			      control_key(core, control));
		return;
	}
	bool fine = proof_arms(p, true); /* then each of them can */
	for (uint32_t i = 0; i < p->n_rules; i++)
		if (!fine)
			examine(r, core, control, p->rules[i].rule);
	if (proof_permits(p)) {
		find_idle(r, core, p);
		return;
	}
	tell_contradiction(r, core, p);
	for (uint32_t i = 0; i < p->n_rules; i++)
		r->matters[p->rules[i].rule] = true; /* where nothing is permitted nothing can be said of one of them */
}

/* It asks for nothing that this home has: `check` says so, as what is not covered. */
static bool dormant(const struct core *core, const struct rule *rule)
{
	uint32_t root = core->logic.texts[rule->texts[TEXT_ONLY_WHILE]].root;
	return core->logic.nodes[root].op == NODE_CONSTANT;
}

void remarks_rules(struct remarks *r, const struct core *core)
{
	for (uint32_t i = 0; i < r->n_written; i++) {
		const struct rule *rule = &core->rules[i];
		if (rule->n_controls == 0 || r->matters[i] || rule->latch || rule->stop ||
		    dormant(core, rule)) /* a latch and a stop do more than forbid */
			continue;
		if (r->by[i] == NONE)
			report_remark(r->report, "rule %s never matters: it is always TRUE in this home",
				      core->rules[i].id);
		else
			report_remark(r->report, "rule %s never matters: what it asks is asked already, by rule %s",
				      core->rules[i].id, core->rules[r->by[i]].id);
	}
}
