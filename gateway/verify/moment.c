/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/moment.h"

#include <math.h>
#include <stdlib.h>

void moment_init(struct encoder *e, struct moment *m)
{
	const struct formulas *f = e->formulas;
	m->metrics = calloc((size_t)f->n_metrics + 1, sizeof *m->metrics);
	m->controls = calloc((size_t)f->n_controls + 1, sizeof *m->controls);
	m->rails = calloc(f->n, sizeof *m->rails);
	if (!m->metrics || !m->controls || !m->rails)
		e->failed = true;
}

void moment_release(struct moment *m)
{
	free(m->metrics);
	free(m->controls);
	free(m->rails);
	*m = (struct moment){0};
}

/* Thresholds, then ages, then the error bit: consecutive variables. */
static int bits(struct encoder *e, struct moment *m, uint32_t metric)
{
	if (m->metrics[metric])
		return m->metrics[metric];
	const struct seen_metric *s = &e->formulas->metrics[metric];
	int first = sat_new(e->sat);
	for (uint32_t i = 0; i < s->n_thresholds + s->n_ages; i++) {
		int next = sat_new(e->sat);
		/* Below a threshold is below the next one; fresh for an age is fresh for a longer one. */
		if (i + 1 != s->n_thresholds && i + 1 != s->n_thresholds + s->n_ages)
			sat_2(e->sat, -(next - 1), next);
	}
	m->metrics[metric] = first;
	return first;
}

int moment_below(struct encoder *e, struct moment *m, uint32_t metric, uint32_t threshold)
{
	return bits(e, m, metric) + (int)threshold;
}

int moment_fresh(struct encoder *e, struct moment *m, uint32_t metric, uint32_t age)
{
	return bits(e, m, metric) + (int)(e->formulas->metrics[metric].n_thresholds + age);
}

int moment_error(struct encoder *e, struct moment *m, uint32_t metric)
{
	const struct seen_metric *s = &e->formulas->metrics[metric];
	return bits(e, m, metric) + (int)(s->n_thresholds + s->n_ages);
}

int moment_on(struct encoder *e, struct moment *m, uint32_t control)
{
	if (!m->controls[control])
		m->controls[control] = sat_new(e->sat);
	return m->controls[control];
}

static struct rails leaf(struct encoder *e, struct moment *m, const struct formula *item)
{
	struct sat *sat = e->sat;
	int below = moment_below(e, m, item->seen_metric, item->order);
	int known =
	    sat_and2(sat, moment_fresh(e, m, item->seen_metric, item->age), -moment_error(e, m, item->seen_metric));
	if (item->op == FORMULA_BELOW)
		return (struct rails){sat_and2(sat, known, below), sat_and2(sat, known, -below)};
	int on = moment_on(e, m, item->seen_control);
	return (struct rails){sat_or2(sat, on, sat_and2(sat, known, -below)),
			      sat_and(sat, (const int[]){-on, known, below}, 3)};
}

static struct rails all(struct encoder *e, struct moment *m, const struct formula *item)
{
	int *literals = malloc(item->n * 2 * sizeof *literals);
	if (!literals) {
		e->failed = true;
		return (struct rails){e->sat->yes, -e->sat->yes};
	}
	for (uint32_t i = 0; i < item->n; i++) {
		struct rails r = moment_rails(e, m, e->formulas->children[item->first + i]);
		literals[i] = r.is_true;
		literals[item->n + i] = r.is_false;
	}
	struct rails out = {sat_and(e->sat, literals, item->n), sat_or(e->sat, literals + item->n, item->n)};
	free(literals);
	return out;
}

/* Formulas nest as deep as conditions do: EXPR_NESTING_MAX. */
struct rails moment_rails(struct encoder *e, struct moment *m, int reference)
{
	int index = reference < 0 ? -reference : reference;
	struct rails out = {-e->sat->yes, -e->sat->yes};
	if (e->failed || index == FORMULA_UNKNOWN)
		return out;
	if (m->rails[index].is_true) {
		out = m->rails[index];
	} else {
		const struct formula *item = &e->formulas->items[index];
		switch ((enum formula_op)item->op) {
		case FORMULA_CONSTANT:
			out.is_true = e->sat->yes;
			break;
		case FORMULA_BELOW:
		case FORMULA_ON:
			out = leaf(e, m, item);
			break;
		case FORMULA_AND:
			out = all(e, m, item);
			break;
		case FORMULA_FOR:
			out = e->window(e, m, index);
			break;
		}
		m->rails[index] = out;
	}
	return reference > 0 ? out : (struct rails){out.is_false, out.is_true};
}

/* ---- reading an assignment ---- */

/* A whole number strictly between, zero if it may be; else the middle. */
static double between(double low, double high)
{
	if (low < 0 && high > 0)
		return 0;
	if (isinf(low) || isinf(high))
		return isinf(low) ? ceil(high) - 1 : floor(low) + 1;
	double middle = low / 2 + high / 2, whole = round(middle);
	return whole > low && whole < high ? whole : middle;
}

double moment_value(const struct encoder *e, const struct moment *m, uint32_t metric)
{
	const struct seen_metric *s = &e->formulas->metrics[metric];
	uint32_t i = 0;
	while (i < s->n_thresholds && !sat_value(e->sat, m->metrics[metric] + (int)i))
		i++;
	/* Below threshold i, not below i - 1. */
	const struct threshold *high = i < s->n_thresholds ? &s->thresholds[i] : NULL;
	const struct threshold *low = i > 0 ? &s->thresholds[i - 1] : NULL;
	if (high && high->inclusive && low && !low->inclusive && low->at >= high->at)
		return high->at; /* neither below it nor above it */
	double from = low ? low->at : -HUGE_VAL, to = high ? high->at : HUGE_VAL;
	return between(from, to);
}

uint32_t moment_age(const struct encoder *e, const struct moment *m, uint32_t metric)
{
	const struct seen_metric *s = &e->formulas->metrics[metric];
	uint32_t i = 0;
	while (i < s->n_ages && !sat_value(e->sat, m->metrics[metric] + (int)(s->n_thresholds + i)))
		i++;
	return i;
}
