/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/proof.h"

#include <stdlib.h>

/* Copies of all windows' conditions, at most: beyond this what needs them is "possible", not proved. */
#define WITNESS_CELLS_MAX 2000000u

static struct rails free_window(struct encoder *e, struct moment *m, int item)
{
	const struct formula *f = &e->formulas->items[item];
	struct sat *sat = e->sat;
	struct rails child = moment_rails(e, m, e->formulas->children[f->first]);
	struct rails out = {sat_new(sat), sat_new(sat)};
	sat_2(sat, -out.is_true, -out.is_false);
	sat_2(sat, -out.is_true, child.is_true);
	sat_2(sat, -child.is_false, out.is_false);
	if (f->shorter) {
		struct rails shorter = moment_rails(e, m, f->shorter);
		sat_2(sat, -out.is_true, shorter.is_true);
		sat_2(sat, -shorter.is_false, out.is_false);
	}
	return out;
}

/* ---- building ---- */

static int text_formula(struct proof *p, uint32_t text, const struct formula_ages *ages)
{
	if (text == NONE)
		return FORMULA_TRUE;
	return formulas_add(&p->formulas, p->core->logic.texts[text].root, ages);
}

static void add_rule(struct proof *p, uint32_t index)
{
	const struct rule *rule = &p->core->rules[index];
	struct proof_rule *r = &p->rules[p->n_rules++];
	*r = (struct proof_rule){.rule = index,
				 .only_while = text_formula(p, rule->texts[TEXT_ONLY_WHILE], NULL),
				 .hard = text_formula(p, rule->texts[TEXT_HARD], NULL),
				 .rearms = text_formula(p, rule->texts[TEXT_REARMS], NULL),
				 .has_grace = rule->grace_ms > 0 && rule->blind == NONE};
	if (rule->blind != NONE) /* it cannot tell what it is asked: never TRUE */
		r->only_while = formulas_and(&p->formulas, (const int[]){r->only_while, FORMULA_UNKNOWN}, 2);
}

static void encode_rule(struct proof *p, struct proof_rule *r)
{
	struct sat *sat = &p->sat;
	struct rails only_while = moment_rails(&p->encoder, &p->now, r->only_while);
	struct rails hard = moment_rails(&p->encoder, &p->now, r->hard);
	r->armed = sat_and2(sat, only_while.is_true, hard.is_true);
	r->runs = r->armed;
	if (r->has_grace)
		r->runs = sat_or2(sat, r->armed,
				  sat_and(sat, (const int[]){p->granted, only_while.is_false, hard.is_true}, 3));
	r->chosen = sat_new(sat);
	sat_2(sat, -r->chosen, r->runs);
}

/* Granted: then on(c) is TRUE. Permitted without that: then it is at rest, and no rule is in its grace. */
static void encode_grant(struct proof *p)
{
	p->granted = sat_new(&p->sat);
	uint32_t seen = p->formulas.control_at[p->control];
	if (!seen)
		return;
	int on = moment_on(&p->encoder, &p->now, seen - 1);
	sat_2(&p->sat, -p->granted, on);
	sat_2(&p->sat, p->granted, -on);
}

int proof_init(struct proof *p, const struct proof_about *about)
{
	const struct core *core = about->core;
	size_t n = about->n_invariants;
	*p = (struct proof){.core = core, .control = about->control, .n_invariants = n};
	formulas_init(&p->formulas, core);
	p->ages = calloc((size_t)core->home.n_metrics + 1, sizeof *p->ages);
	p->rules = calloc((size_t)about->n_rules + 1, sizeof *p->rules);
	p->invariants = calloc(n + 1, sizeof *p->invariants);
	if (!p->ages || !p->rules || !p->invariants || p->formulas.failed)
		return -1;
	monitor_ages(core, about->control, p->ages);
	for (uint32_t i = 0; i < about->n_rules; i++)
		add_rule(p, about->rules[i]);
	for (size_t i = 0; i < n; i++) {
		const struct rule *invariant = &core->rules[about->first_invariant + i];
		p->invariants[i] = text_formula(p, invariant->texts[TEXT_ONLY_WHILE], &(struct formula_ages){p->ages});
		if (invariant->blind != NONE)
			p->invariants[i] =
			    formulas_and(&p->formulas, (const int[]){p->invariants[i], FORMULA_UNKNOWN}, 2);
	}
	if (formulas_seal(&p->formulas))
		return -1;
	p->witnessed = calloc(p->formulas.n, sizeof *p->witnessed);
	if (!p->witnessed)
		return -1;
	sat_init(&p->sat);
	p->encoder = (struct encoder){.sat = &p->sat, .formulas = &p->formulas, .window = free_window};
	moment_init(&p->encoder, &p->now);
	if (p->encoder.failed)
		return -1;
	encode_grant(p);
	for (uint32_t i = 0; i < p->n_rules; i++)
		encode_rule(p, &p->rules[i]);
	return p->encoder.failed ? -1 : 0;
}

void proof_release(struct proof *p)
{
	for (uint32_t i = 0; i < p->n_witnesses; i++)
		moment_release(&p->witnesses[i]);
	free(p->witnesses);
	free(p->witnessed);
	moment_release(&p->now);
	sat_release(&p->sat);
	formulas_release(&p->formulas);
	free(p->ages);
	free(p->rules);
	free(p->invariants);
	*p = (struct proof){0};
}

/* ---- witnesses ---- */

static struct moment *new_witness(struct proof *p)
{
	if (p->n_witnesses == p->cap_witnesses) {
		uint32_t more = p->cap_witnesses ? p->cap_witnesses * 2 : 8;
		struct moment *grown = realloc(p->witnesses, more * sizeof *grown);
		if (!grown) {
			p->encoder.failed = true;
			return NULL;
		}
		p->witnesses = grown;
		p->cap_witnesses = more;
	}
	struct moment *m = &p->witnesses[p->n_witnesses++];
	moment_init(&p->encoder, m);
	return p->encoder.failed ? NULL : m;
}

/* At a moment less than `within_ms` ago, if `guard`: what the windows that reach back as far say of it. */
static void bind_past(struct proof *p, struct moment *m, int guard, uint64_t within_ms)
{
	struct sat *sat = &p->sat;
	for (uint32_t i = 3; i < p->formulas.n; i++) {
		const struct formula *f = &p->formulas.items[i];
		if (f->op != FORMULA_FOR || f->age_ms < within_ms)
			continue;
		struct rails window = moment_rails(&p->encoder, &p->now, (int)i);
		struct rails child = moment_rails(&p->encoder, m, p->formulas.children[f->first]);
		sat_3(sat, -guard, -window.is_true, child.is_true);
		sat_3(sat, -guard, window.is_false, -child.is_false);
	}
}

static bool affordable(const struct proof *p)
{
	return (uint64_t)(p->n_witnesses + 2) * p->formulas.n <= WITNESS_CELLS_MAX;
}

/* The window is not TRUE: once within it its condition was not TRUE. It is FALSE: once it was FALSE. */
static void witness_window(struct proof *p, int item)
{
	const struct formula *f = &p->formulas.items[item];
	int child = p->formulas.children[f->first];
	if (p->witnessed[item] || !affordable(p))
		return;
	p->witnessed[item] = true;
	struct rails window = moment_rails(&p->encoder, &p->now, item);
	struct moment *m = new_witness(p);
	if (!m)
		return;
	bind_past(p, m, -window.is_true, f->age_ms);
	sat_2(&p->sat, window.is_true, -moment_rails(&p->encoder, m, child).is_true);
	m = new_witness(p);
	if (!m)
		return;
	bind_past(p, m, window.is_false, f->age_ms);
	sat_2(&p->sat, -window.is_false, moment_rails(&p->encoder, m, child).is_false);
}

static void witness_windows_of(struct proof *p, int reference)
{
	int index = reference < 0 ? -reference : reference;
	const struct formula *f = &p->formulas.items[index];
	if (f->op == FORMULA_FOR)
		witness_window(p, index);
	else if (f->op == FORMULA_AND)
		for (uint32_t i = 0; i < f->n; i++)
			witness_windows_of(p, p->formulas.children[f->first + i]);
}

/* In grace: just before it began the rule was armed, less than the grace ago. */
static void witness_graces(struct proof *p)
{
	if (p->graces_witnessed)
		return;
	p->graces_witnessed = true;
	for (uint32_t i = 0; i < p->n_rules && affordable(p); i++) {
		const struct proof_rule *r = &p->rules[i];
		if (!r->has_grace)
			continue;
		struct moment *m = new_witness(p);
		if (!m)
			return;
		int guard = sat_and2(&p->sat, r->chosen, -r->armed);
		bind_past(p, m, guard, p->core->rules[r->rule].grace_ms);
		sat_2(&p->sat, -guard, moment_rails(&p->encoder, m, r->only_while).is_true);
		sat_2(&p->sat, -guard, moment_rails(&p->encoder, m, r->hard).is_true);
	}
}

/* ---- questions ---- */

static void assume_rules(struct proof *p, uint32_t but)
{
	for (uint32_t i = 0; i < p->n_rules; i++)
		if (i != but)
			sat_assume(&p->sat, p->rules[i].chosen);
}

static bool fails(struct proof *p, int violated)
{
	assume_rules(p, NONE);
	sat_assume(&p->sat, violated);
	return sat_solve(&p->sat);
}

bool proof_holds(struct proof *p, size_t invariant, bool witnesses)
{
	int violated = -moment_rails(&p->encoder, &p->now, p->invariants[invariant]).is_true;
	if (!fails(p, violated))
		return true;
	if (!witnesses)
		return false;
	witness_windows_of(p, p->invariants[invariant]);
	if (!fails(p, violated))
		return true;
	witness_graces(p);
	for (uint32_t i = 0; i < p->n_rules; i++)
		witness_windows_of(p, p->rules[i].only_while);
	return !fails(p, violated);
}

bool proof_used(const struct proof *p, uint32_t rule)
{
	return sat_needed(&p->sat, p->rules[rule].chosen);
}

bool proof_permits(struct proof *p)
{
	assume_rules(p, NONE);
	return sat_solve(&p->sat);
}

bool proof_arms(struct proof *p, bool again)
{
	for (uint32_t i = 0; i < p->n_rules; i++) {
		if (again)
			sat_assume(&p->sat, moment_rails(&p->encoder, &p->now, p->rules[i].rearms).is_true);
		sat_assume(&p->sat, p->rules[i].armed);
	}
	return sat_solve(&p->sat);
}

bool proof_idle(struct proof *p, uint32_t rule)
{
	int rearms = moment_rails(&p->encoder, &p->now, p->rules[rule].rearms).is_true;
	int armed = sat_and2(&p->sat, p->rules[rule].armed, rearms);
	assume_rules(p, rule);
	sat_assume(&p->sat, -armed);
	return !sat_solve(&p->sat);
}
