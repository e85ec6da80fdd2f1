/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conditions.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define CIRCLES_MAX 20u /* told; then it is clear */

/* A caller's comparison for qsort has no place for the items. */
struct entry {
	const char *id;
	uint32_t index;
};

static int by_id(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->id, y->id);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static bool is_word(const char *id)
{
	static const char *const words[] = {"and", "or",    "not", "all",   "any",  "on",
					    "for", "since", "is",  "limit", "kind", "self"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], id) == 0)
			return true;
	return false;
}

static const char *id_of(const struct conditions *c, uint32_t i)
{
	return c->items[i].id ? c->items[i].id : "";
}

void conditions_tell(const struct conditions *c, uint32_t i, const struct expr_fault *fault, struct faults *faults)
{
	char what[ID_MAX + 32];
	struct str s;
	str_init(&s, what, sizeof what);
	str_add(&s, "condition '%s'", id_of(c, i));
	expr_tell(faults, c->items[i].file, c->items[i].when.line, what, c->items[i].when.text, fault);
}

uint32_t conditions_find(const struct conditions *c, const char *id, size_t size)
{
	uint32_t low = 0, high = c->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *name = id_of(c, c->by_id[middle]);
		int order = strncmp(name, id, size);
		if (order == 0 && name[size] == '\0')
			return c->by_id[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return CONDITIONS_NONE;
}

static int check_ids(struct conditions *c, struct faults *faults)
{
	struct entry *entries = calloc((size_t)c->n + 1, sizeof *entries);
	int bad = 0;
	if (!entries)
		return -1;
	for (uint32_t i = 0; i < c->n; i++)
		entries[i] = (struct entry){id_of(c, i), i};
	qsort(entries, c->n, sizeof *entries, by_id);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct core_condition *item = &c->items[entries[i].index];
		c->by_id[i] = entries[i].index;
		if (!id_valid(entries[i].id) || is_word(entries[i].id)) {
			faults_add(
			    faults, item->file, item->line,
			    "condition id '%.40s': a name of a-z, 0-9, _ and - that is no word of the language was "
			    "expected",
			    entries[i].id);
			bad = -1;
		} else if (i > 0 && strcmp(entries[i].id, entries[i - 1].id) == 0) {
			faults_add(faults, item->file, item->line, "condition '%s' is there twice, first at %s:%u",
				   entries[i].id, c->items[entries[i - 1].index].file,
				   c->items[entries[i - 1].index].line);
			bad = -1;
		}
	}
	free(entries);
	return bad;
}

static int parse(struct conditions *c, uint32_t i, struct faults *faults)
{
	struct expr_fault fault;
	if (!c->items[i].when.text) {
		faults_add(faults, c->items[i].file, c->items[i].line,
			   "condition '%.40s' has no `when`: a condition was expected", id_of(c, i));
		return -1;
	}
	if (!expr_parse(c->items[i].when.text, &c->exprs[i], &fault))
		return 0;
	conditions_tell(c, i, &fault, faults);
	return -1;
}

/* ---- circles ---- */

/* The condition that node `n` of condition `i` names. */
static uint32_t target(const struct conditions *c, uint32_t i, uint32_t n)
{
	const struct expr *expr = &c->exprs[i];
	const struct expr_node *e = &expr->nodes[n];
	return e->op == EXPR_NAME ? conditions_find(c, expr->text + e->name.at, e->name.size) : CONDITIONS_NONE;
}

static int check_names(const struct conditions *c, struct faults *faults)
{
	int bad = 0;
	for (uint32_t i = 0; i < c->n; i++)
		for (uint32_t n = 0; n < c->exprs[i].n; n++) {
			const struct expr_node *e = &c->exprs[i].nodes[n];
			if (e->op != EXPR_NAME || target(c, i, n) != CONDITIONS_NONE)
				continue;
			struct expr_fault fault;
			expr_fault_set(&fault, e->name.at, "there is no condition '%.*s'",
				       (int)(e->name.size < 60 ? e->name.size : 60), c->exprs[i].text + e->name.at);
			conditions_tell(c, i, &fault, faults);
			bad = -1;
		}
	return bad;
}

/* Where a walk along the names stands: at `node` of `condition`. */
struct visit {
	uint32_t condition, node;
};

/* The last of `path` names `first`, which is on the path: a -> b -> a. */
static void tell_circle(const struct conditions *c, const struct visit *path, size_t n, uint32_t first,
			struct faults *faults)
{
	char chain[200];
	struct str s;
	size_t from = n - 1;
	while (path[from].condition != first)
		from--;
	str_init(&s, chain, sizeof chain);
	for (size_t i = from; i < n; i++)
		if (s.len + 2 * (ID_MAX + 8) < sizeof chain)
			str_add(&s, "%s -> ", id_of(c, path[i].condition));
		else if (i + 1 == n)
			str_add(&s, "... -> ");
	str_add(&s, "%s", id_of(c, first));
	const struct visit *last = &path[n - 1];
	struct expr_fault fault;
	expr_fault_set(&fault, c->exprs[last->condition].nodes[last->node - 1].name.at,
		       "conditions refer to each other in a circle: %s", chain);
	conditions_tell(c, last->condition, &fault, faults);
}

/* Depth first along the names, without recursion: a chain may be as long as there are conditions. */
static int check_circles(const struct conditions *c, struct faults *faults)
{
	enum { NEW, OPEN, DONE };
	uint8_t *state = calloc((size_t)c->n + 1, 1);
	struct visit *path = calloc((size_t)c->n + 1, sizeof *path);
	size_t n = 0, told = 0;
	for (uint32_t start = 0; state && path && start < c->n && told < CIRCLES_MAX; start++) {
		if (state[start] == NEW) {
			state[start] = OPEN;
			path[n++] = (struct visit){start, 0};
		}
		while (n > 0 && told < CIRCLES_MAX) {
			struct visit *v = &path[n - 1];
			if (v->node == c->exprs[v->condition].n) {
				state[v->condition] = DONE;
				n--;
				continue;
			}
			uint32_t to = target(c, v->condition, v->node++);
			if (to == CONDITIONS_NONE || state[to] == DONE)
				continue;
			if (state[to] == OPEN) {
				tell_circle(c, path, n, to, faults);
				told++;
				continue;
			}
			state[to] = OPEN;
			path[n++] = (struct visit){to, 0};
		}
	}
	int bad = state && path && told == 0 ? 0 : -1;
	free(state);
	free(path);
	return bad;
}

int conditions_init(struct conditions *c, const struct core_spec *spec, struct faults *faults)
{
	size_t before = faults->n;
	*c = (struct conditions){.items = spec->conditions};
	c->exprs = calloc(spec->n_conditions + 1, sizeof *c->exprs);
	c->sources = malloc((spec->n_conditions + 1) * sizeof *c->sources);
	c->by_id = calloc(spec->n_conditions + 1, sizeof *c->by_id);
	int bad = c->exprs && c->sources && c->by_id && spec->n_conditions < UINT32_MAX / 4 ? 0 : -1;
	if (!bad) {
		c->n = (uint32_t)spec->n_conditions;
		memset(c->sources, 0xff, (spec->n_conditions + 1) * sizeof *c->sources);
		bad = check_ids(c, faults);
		for (uint32_t i = 0; i < c->n; i++)
			bad |= parse(c, i, faults);
		bad |= check_names(c, faults);
		bad |= check_circles(c, faults);
	}
	if (bad && faults->n == before)
		faults_add(faults, NULL, 0, "not enough memory for the conditions");
	return bad;
}

void conditions_release(struct conditions *c)
{
	for (uint32_t i = 0; c->exprs && i < c->n; i++)
		expr_release(&c->exprs[i]);
	free(c->exprs);
	free(c->sources);
	free(c->by_id);
	*c = (struct conditions){0};
}
