/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/formula.h"

#include <stdlib.h>
#include <string.h>

static bool room(void **items, uint32_t *cap, size_t size, uint32_t wanted)
{
	if (wanted <= *cap)
		return true;
	uint32_t more = *cap ? *cap : 64;
	while (more < wanted && more < UINT32_MAX / 4)
		more *= 2;
	void *grown = more >= wanted ? realloc(*items, more * size) : NULL;
	if (!grown)
		return false;
	*items = grown;
	*cap = more;
	return true;
}

void formulas_init(struct formulas *f, const struct core *core)
{
	const struct home *home = &core->home;
	*f = (struct formulas){.core = core, .n_home_metrics = home->n_metrics, .n_home_controls = home->n_controls};
	f->metric_at = calloc((size_t)home->n_metrics + 1, sizeof *f->metric_at);
	f->control_at = calloc((size_t)home->n_controls + 1, sizeof *f->control_at);
	f->failed = !f->metric_at || !f->control_at || !room((void **)&f->items, &f->cap, sizeof *f->items, 3);
	if (f->failed)
		return;
	memset(f->items, 0, 3 * sizeof *f->items);
	f->n = 3;
}

void formulas_release(struct formulas *f)
{
	for (uint32_t i = 0; i < f->n_metrics; i++) {
		free(f->metrics[i].thresholds);
		free(f->metrics[i].ages_ms);
	}
	free(f->metrics);
	free(f->controls);
	free(f->limits);
	free(f->metric_at);
	free(f->control_at);
	free(f->items);
	free(f->children);
	free(f->table);
	*f = (struct formulas){0};
}

/* ---- each once ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

static uint64_t hash_of(const struct formula *item, const int *children)
{
	uint64_t bits;
	double at = item->at + 0.0; /* -0 and 0 are one threshold */
	memcpy(&bits, &at, sizeof bits);
	uint64_t hash = mix(item->op, item->inclusive);
	hash = mix(mix(hash, item->bound), item->parked);
	hash = mix(mix(hash, item->metric), item->control);
	hash = mix(mix(hash, item->age_ms), bits);
	for (uint32_t i = 0; i < item->n; i++)
		hash = mix(hash, (uint64_t)(int64_t)children[i]);
	return hash;
}

static bool same(const struct formulas *f, const struct formula *a, const struct formula *b, const int *children)
{
	return a->op == b->op && a->bound == b->bound && a->parked == b->parked && a->inclusive == b->inclusive &&
	       a->metric == b->metric && a->control == b->control && a->age_ms == b->age_ms && a->at <= b->at &&
	       a->at >= b->at && a->n == b->n &&
	       (a->n == 0 || memcmp(&f->children[a->first], children, a->n * sizeof *children) == 0);
}

static bool grow_table(struct formulas *f)
{
	uint32_t size = f->table_size ? f->table_size * 2 : 256;
	uint32_t *table = calloc(size, sizeof *table);
	if (!table)
		return false;
	for (uint32_t i = 3; i < f->n; i++) {
		const struct formula *item = &f->items[i];
		const int *children = item->n ? &f->children[item->first] : NULL;
		uint32_t at = (uint32_t)hash_of(item, children) & (size - 1);
		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = i;
	}
	free(f->table);
	f->table = table;
	f->table_size = size;
	return true;
}

/* Finds it or adds it; `children` are copied. */
static int intern(struct formulas *f, struct formula item, const int *children)
{
	if (f->failed || ((f->n + 1) * 2 > f->table_size && !grow_table(f))) {
		f->failed = true;
		return FORMULA_UNKNOWN;
	}
	uint32_t at = (uint32_t)hash_of(&item, children) & (f->table_size - 1);
	for (; f->table[at]; at = (at + 1) & (f->table_size - 1))
		if (same(f, &f->items[f->table[at]], &item, children))
			return (int)f->table[at];
	if (!room((void **)&f->items, &f->cap, sizeof *f->items, f->n + 1) ||
	    !room((void **)&f->children, &f->cap_children, sizeof *f->children, f->n_children + item.n)) {
		f->failed = true;
		return FORMULA_UNKNOWN;
	}
	item.first = f->n_children;
	if (item.n)
		memcpy(&f->children[item.first], children, item.n * sizeof *children);
	f->n_children += item.n;
	f->items[f->n] = item;
	f->table[at] = f->n;
	return (int)f->n++;
}

/* ---- the operators ---- */

static int by_value(const void *a, const void *b)
{
	const int *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

int formulas_and(struct formulas *f, const int *parts, uint32_t n)
{
	int few[16] = {0}, *list = few;
	uint32_t total = 0, kept = 0;
	for (uint32_t i = 0; i < n; i++) /* an AND in an AND is one */
		total += parts[i] > 0 && f->items[parts[i]].op == FORMULA_AND ? f->items[parts[i]].n : 1;
	if (total > sizeof few / sizeof *few)
		list = calloc(total, sizeof *list);
	if (!list) {
		f->failed = true;
		return FORMULA_UNKNOWN;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct formula *part = formula_at(f, parts[i]);
		if (parts[i] > 0 && part->op == FORMULA_AND) {
			memcpy(&list[kept], &f->children[part->first], part->n * sizeof *list);
			kept += part->n;
		} else {
			list[kept++] = parts[i] == -FORMULA_UNKNOWN ? FORMULA_UNKNOWN : parts[i];
		}
	}
	qsort(list, kept, sizeof *list, by_value);
	uint32_t unique = 0;
	bool decided = false;
	for (uint32_t i = 0; i < kept; i++) {
		decided |= list[i] == -FORMULA_TRUE;
		if (list[i] != FORMULA_TRUE && (unique == 0 || list[unique - 1] != list[i]))
			list[unique++] = list[i];
	}
	int out = decided       ? -FORMULA_TRUE
		  : unique == 0 ? FORMULA_TRUE
		  : unique == 1 ? list[0]
				: intern(f, (struct formula){.op = FORMULA_AND, .n = unique}, list);
	if (list != few)
		free(list);
	return out;
}

static int during(struct formulas *f, int child, uint64_t duration_ms)
{
	struct formula c = *formula_at(f, child);
	if (c.op == FORMULA_CONSTANT || duration_ms == 0)
		return child;
	if (child > 0 && c.op == FORMULA_FOR) {
		int inner = f->children[c.first];
		uint64_t both_ms = timers_after(c.age_ms, duration_ms);
		return intern(f, (struct formula){.op = FORMULA_FOR, .age_ms = both_ms, .n = 1}, &inner);
	}
	if (child < 0 || c.op != FORMULA_AND)
		return intern(f, (struct formula){.op = FORMULA_FOR, .age_ms = duration_ms, .n = 1}, &child);
	int *parts = calloc((size_t)c.n + 1, sizeof *parts);
	if (!parts) {
		f->failed = true;
		return FORMULA_UNKNOWN;
	}
	for (uint32_t i = 0; i < c.n; i++)
		parts[i] = during(f, f->children[c.first + i], duration_ms);
	int out = formulas_and(f, parts, c.n);
	free(parts);
	return out;
}

bool formulas_parkable(const struct core *core, uint32_t device)
{
	const struct home_device *d = &core->home.devices[device];
	for (uint32_t m = d->first_metric; m < d->first_metric + d->n_metrics; m++)
		if (core->home.metrics[m].stops)
			return false;
	return d->n_controls == 0;
}

/* The figure of the configuration, which nothing ever loosens. */
static enum formula_bound bound_of(const struct core *core, uint32_t index, double *at)
{
	const struct limit_slot *slot = &core->limits.slots[index];
	const struct limit *limit = &core->limits.items[slot->limit];
	if (!slot->own.given && !limit->home.given)
		return isnan(*at) ? BOUND_UNSET : BOUND_FREE;
	*at = slot->now.value;
	return limit->minimum ? BOUND_AT_LEAST : BOUND_AT_MOST;
}

static int below(struct formulas *f, const struct node *node, uint64_t age_ms, bool inclusive, enum truth parked)
{
	struct formula item = {.op = FORMULA_BELOW,
			       .parked = FORMULA_NEVER_PARKED,
			       .metric = node->metric,
			       .control = node->slot,
			       .age_ms = age_ms,
			       .at = node->limit,
			       .inclusive = inclusive};
	if (node->slot != LOGIC_NONE)
		item.bound = (uint8_t)bound_of(f->core, node->slot, &item.at);
	if (isnan(item.at))
		item.at = 0;
	if (formulas_parkable(f->core, f->core->home.metrics[node->metric].device))
		item.parked = (uint8_t)parked;
	return intern(f, item, NULL);
}

/* What the whole is while its device is parked, its parts have to come to. */
static int compare(struct formulas *f, const struct node *node, const struct formula_ages *ages)
{
	uint64_t age_ms = ages ? ages->by_metric[node->metric] : node->max_age_ms;
	enum truth parked = (enum truth)node->parked_value;
	switch ((enum expr_compare)node->compare) {
	case EXPR_LESS:
		return below(f, node, age_ms, false, parked);
	case EXPR_LESS_EQUAL:
		return below(f, node, age_ms, true, parked);
	case EXPR_MORE:
		return -below(f, node, age_ms, true, truth_not(parked));
	case EXPR_MORE_EQUAL:
		return -below(f, node, age_ms, false, truth_not(parked));
	case EXPR_EQUAL:
		return formulas_and(f,
				    (const int[]){below(f, node, age_ms, true, parked),
						  -below(f, node, age_ms, false, truth_not(parked))},
				    2);
	case EXPR_NOT_EQUAL:
		break;
	}
	return -formulas_and(
	    f, (const int[]){below(f, node, age_ms, true, truth_not(parked)), -below(f, node, age_ms, false, parked)},
	    2);
}

static int unseen(struct formulas *f, const struct node *node)
{
	if (node->unseen == LOGIC_NONE || !formulas_parkable(f->core, node->unseen))
		return FORMULA_UNKNOWN;
	return intern(f, (struct formula){.op = FORMULA_UNSEEN, .metric = node->unseen, .parked = node->parked_value},
		      NULL);
}

static int group(struct formulas *f, const struct node *node, const struct formula_ages *ages)
{
	const struct logic *logic = &f->core->logic;
	int sign = node->op == NODE_AND ? 1 : -1;
	uint32_t n = 0, i = 0;
	for (uint32_t child = node->first; child != LOGIC_NONE; child = logic->nodes[child].next)
		n++;
	int *parts = calloc((size_t)n + 1, sizeof *parts);
	if (!parts) {
		f->failed = true;
		return FORMULA_UNKNOWN;
	}
	for (uint32_t child = node->first; child != LOGIC_NONE; child = logic->nodes[child].next)
		parts[i++] = sign * formulas_add(f, child, ages);
	int out = sign * formulas_and(f, parts, n);
	free(parts);
	return out;
}

/* As deep as the network is: LOGIC_DEPTH. */
int formulas_add(struct formulas *f, uint32_t index, const struct formula_ages *ages)
{
	const struct logic *logic = &f->core->logic;
	const struct node *node = &logic->nodes[index];
	switch ((enum node_op)node->op) {
	case NODE_COMPARE:
		return compare(f, node, ages);
	case NODE_ON:
		return intern(f,
			      (struct formula){.op = FORMULA_ON,
					       .metric = node->metric,
					       .control = node->control,
					       .age_ms = ages ? ages->by_metric[node->metric] : node->max_age_ms,
					       .at = node->limit},
			      NULL);
	case NODE_AND:
	case NODE_OR:
		return group(f, node, ages);
	case NODE_NOT:
		return -formulas_add(f, node->first, ages);
	case NODE_FOR:
		return during(f, formulas_add(f, node->first, ages), logic->windows[node->window].duration_ms);
	case NODE_CONSTANT:
		return node->value == TRUTH_TRUE ? FORMULA_TRUE : -FORMULA_TRUE;
	case NODE_UNSEEN:
		break;
	}
	return unseen(f, node);
}

/* ---- numbering ---- */

static int compare_thresholds(const void *a, const void *b)
{
	const struct threshold *x = a, *y = b;
	if (x->at < y->at || x->at > y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->inclusive - (int)y->inclusive;
}

static int compare_ages(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool is_leaf(const struct formula *item)
{
	return item->op == FORMULA_BELOW || item->op == FORMULA_ON;
}

/* Room for what is gathered with repetitions first. */
static bool number_metric(struct seen_metric *m, uint32_t n_leaves)
{
	m->thresholds = calloc((size_t)n_leaves + 1, sizeof *m->thresholds);
	m->ages_ms = calloc((size_t)n_leaves + 1, sizeof *m->ages_ms);
	return m->thresholds && m->ages_ms;
}

static void drop_repetitions(struct seen_metric *m)
{
	uint32_t n = 0;
	if (!m->thresholds || !m->ages_ms)
		return;
	qsort(m->thresholds, m->n_thresholds, sizeof *m->thresholds, compare_thresholds);
	for (uint32_t i = 0; i < m->n_thresholds; i++)
		if (n == 0 || compare_thresholds(&m->thresholds[n - 1], &m->thresholds[i]) != 0)
			m->thresholds[n++] = m->thresholds[i];
	m->n_thresholds = n;
	n = 0;
	qsort(m->ages_ms, m->n_ages, sizeof *m->ages_ms, compare_ages);
	for (uint32_t i = 0; i < m->n_ages; i++)
		if (n == 0 || m->ages_ms[n - 1] != m->ages_ms[i])
			m->ages_ms[n++] = m->ages_ms[i];
	m->n_ages = n;
}

static bool find_seen(struct formulas *f)
{
	uint32_t *count = calloc((size_t)f->n_home_metrics + 1, sizeof *count);
	if (!count)
		return false;
	for (uint32_t i = 3; i < f->n; i++) {
		struct formula *item = &f->items[i];
		if (!is_leaf(item))
			continue;
		count[item->metric]++;
		if (!f->metric_at[item->metric])
			f->metric_at[item->metric] = ++f->n_metrics;
		if (item->op == FORMULA_ON && !f->control_at[item->control])
			f->control_at[item->control] = ++f->n_controls;
	}
	f->metrics = calloc((size_t)f->n_metrics + 1, sizeof *f->metrics);
	f->controls = calloc((size_t)f->n_controls + 1, sizeof *f->controls);
	bool good = f->metrics && f->controls;
	if (!f->metrics)
		f->n_metrics = 0;
	for (uint32_t m = 0; good && m < f->n_home_metrics; m++)
		if (f->metric_at[m]) {
			f->metrics[f->metric_at[m] - 1].metric = m;
			good = number_metric(&f->metrics[f->metric_at[m] - 1], count[m]);
		}
	for (uint32_t c = 0; good && c < f->n_home_controls; c++)
		if (f->control_at[c])
			f->controls[f->control_at[c] - 1] = c;
	free(count);
	return good;
}

static void number_leaf(struct formulas *f, struct formula *item)
{
	const struct seen_metric *m = &f->metrics[item->seen_metric];
	struct threshold t = {item->at, item->op == FORMULA_ON || item->inclusive};
	const struct threshold *found = bsearch(&t, m->thresholds, m->n_thresholds, sizeof t, compare_thresholds);
	const uint64_t *age = bsearch(&item->age_ms, m->ages_ms, m->n_ages, sizeof *m->ages_ms, compare_ages);
	item->order = found ? (uint32_t)(found - m->thresholds) : 0; /* both are there: they were gathered from it */
	item->age = age ? (uint32_t)(age - m->ages_ms) : 0;
}

/* Windows over one condition, by duration. */
static int compare_windows(const void *a, const void *b)
{
	const struct formula *const *x = a, *const *y = b;
	if ((*x)->metric != (*y)->metric)
		return (*x)->metric < (*y)->metric ? -1 : 1;
	return ((*x)->age_ms > (*y)->age_ms) - ((*x)->age_ms < (*y)->age_ms);
}

static bool chain_windows(struct formulas *f)
{
	struct formula **list = malloc((f->n + 1) * sizeof(struct formula *));
	uint32_t n = 0;
	if (!list)
		return false;
	for (uint32_t i = 3; i < f->n; i++)
		if (f->items[i].op == FORMULA_FOR) {
			f->items[i].metric = (uint32_t)f->children[f->items[i].first]; /* for the sort only */
			list[n++] = &f->items[i];
		}
	qsort(list, n, sizeof(struct formula *), compare_windows);
	for (uint32_t i = 1; i < n; i++)
		if (list[i]->metric == list[i - 1]->metric)
			list[i]->shorter = (int)(list[i - 1] - f->items);
	free(list);
	return true;
}

static bool number_limits(struct formulas *f)
{
	f->limits = calloc((size_t)f->n + 1, sizeof *f->limits);
	if (!f->limits)
		return false;
	for (uint32_t i = 3; i < f->n; i++) {
		struct formula *item = &f->items[i];
		if (item->op != FORMULA_BELOW || item->bound == BOUND_EXACT)
			continue;
		uint32_t k = 0;
		for (; k < f->n_limits; k++) { /* few: one for each metric with a limit */
			const struct formula *other = &f->items[f->limits[k]];
			if (other->metric == item->metric && other->control == item->control &&
			    other->inclusive == item->inclusive)
				break;
		}
		if (k == f->n_limits)
			f->limits[f->n_limits++] = i;
		item->limit = k;
	}
	return true;
}

int formulas_seal(struct formulas *f)
{
	if (f->failed || !find_seen(f) || !chain_windows(f) || !number_limits(f))
		return -1;
	for (uint32_t i = 3; i < f->n; i++) {
		struct formula *item = &f->items[i];
		if (!is_leaf(item))
			continue;
		item->seen_metric = f->metric_at[item->metric] - 1;
		if (item->op == FORMULA_ON)
			item->seen_control = f->control_at[item->control] - 1;
		struct seen_metric *m = &f->metrics[item->seen_metric];
		m->thresholds[m->n_thresholds++] =
		    (struct threshold){item->at, item->op == FORMULA_ON || item->inclusive};
		m->ages_ms[m->n_ages++] = item->age_ms;
	}
	for (uint32_t m = 0; m < f->n_metrics; m++)
		drop_repetitions(&f->metrics[m]);
	for (uint32_t i = 3; i < f->n; i++)
		if (is_leaf(&f->items[i]))
			number_leaf(f, &f->items[i]);
	return 0;
}
