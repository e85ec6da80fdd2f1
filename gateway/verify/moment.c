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
	m->limits = calloc((size_t)f->n_limits + 1, sizeof *m->limits);
	m->parked = calloc((size_t)f->core->home.n_devices + 1, sizeof *m->parked);
	if (!m->limits || !m->parked || !m->metrics || !m->controls || !m->rails)
		e->failed = true;
}

void moment_release(struct moment *m)
{
	free(m->metrics);
	free(m->controls);
	free(m->limits);
	free(m->parked);
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

int moment_parked(struct encoder *e, struct moment *m, uint32_t device)
{
	if (!m->parked[device])
		m->parked[device] = sat_new(e->sat);
	return m->parked[device];
}

/* Below a limit that is not known exactly: on the strict side of the figure, whatever the step says. */
static int below_limit(struct encoder *e, struct moment *m, const struct formula *item)
{
	const struct formulas *f = e->formulas;
	if (m->limits[item->limit])
		return m->limits[item->limit];
	int below = sat_new(e->sat);
	sat_new(e->sat); /* the next one: whether there is a figure */
	int figure = moment_below(e, m, item->seen_metric, item->order);
	m->limits[item->limit] = below;
	if (item->bound == BOUND_AT_MOST)
		sat_2(e->sat, -below, figure);
	else if (item->bound == BOUND_AT_LEAST)
		sat_2(e->sat, below, -figure);
	for (uint32_t k = 0; k < f->n_limits; k++) { /* "< limit" is "<= limit" */
		const struct formula *other = &f->items[f->limits[k]];
		if (other->metric != item->metric || other->control != item->control || !m->limits[k])
			continue;
		if (other->inclusive && !item->inclusive)
			sat_2(e->sat, -below, m->limits[k]);
		else if (item->inclusive && !other->inclusive)
			sat_2(e->sat, -m->limits[k], below);
	}
	return below;
}

static struct rails unless_parked(struct encoder *e, struct moment *m, uint32_t device, enum truth parked,
				  struct rails otherwise)
{
	int bit = moment_parked(e, m, device);
	struct rails out = {sat_and2(e->sat, -bit, otherwise.is_true), sat_and2(e->sat, -bit, otherwise.is_false)};
	if (parked == TRUTH_TRUE)
		out.is_true = sat_or2(e->sat, bit, otherwise.is_true);
	else if (parked == TRUTH_FALSE)
		out.is_false = sat_or2(e->sat, bit, otherwise.is_false);
	return out;
}

static struct rails below(struct encoder *e, struct moment *m, const struct formula *item)
{
	struct sat *sat = e->sat;
	struct rails out = {-sat->yes, -sat->yes};
	bool exact = item->bound == BOUND_EXACT || e->exact_limits;
	int known =
	    sat_and2(sat, moment_fresh(e, m, item->seen_metric, item->age), -moment_error(e, m, item->seen_metric));
	if (!exact || item->bound != BOUND_UNSET) {
		int bit = exact ? moment_below(e, m, item->seen_metric, item->order) : below_limit(e, m, item);
		out = (struct rails){sat_and2(sat, known, bit), sat_and2(sat, known, -bit)};
	}
	/* A figure may be missing as long as none is in the configuration: then it is not known. */
	if (!exact && item->bound == BOUND_UNSET) {
		int given = below_limit(e, m, item) + 1;
		out = (struct rails){sat_and2(sat, given, out.is_true), sat_and2(sat, given, out.is_false)};
	}
	if (item->parked == FORMULA_NEVER_PARKED)
		return out;
	return unless_parked(e, m, e->formulas->core->home.metrics[item->metric].device, (enum truth)item->parked, out);
}

static struct rails on(struct encoder *e, struct moment *m, const struct formula *item)
{
	struct sat *sat = e->sat;
	int low = moment_below(e, m, item->seen_metric, item->order);
	int known =
	    sat_and2(sat, moment_fresh(e, m, item->seen_metric, item->age), -moment_error(e, m, item->seen_metric));
	int acts = moment_on(e, m, item->seen_control);
	return (struct rails){sat_or2(sat, acts, sat_and2(sat, known, -low)),
			      sat_and(sat, (const int[]){-acts, known, low}, 3)};
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
			out = below(e, m, item);
			break;
		case FORMULA_ON:
			out = on(e, m, item);
			break;
		case FORMULA_UNSEEN:
			out = unless_parked(e, m, item->metric, (enum truth)item->parked, out);
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
