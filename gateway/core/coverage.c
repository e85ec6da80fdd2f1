/* SPDX-License-Identifier: Apache-2.0 */
#include "core/coverage.h"

#include <string.h>

#include "base/str.h"

/* A list for people, cut with "..." before it would not fit. */
struct list {
	char at[128];
	struct str s;
	size_t n;
};

struct finder {
	const struct home *home;
	const struct expr *const *exprs;
	size_t n_exprs;
	const struct coverage_scope *scope;
	struct list seen, missing;
	bool denies; /* a kind is owned without any sensor */
	size_t n_seen;
};

static bool over_kind(const struct expr_node *e)
{
	return e->op == EXPR_COMPARE ? e->quantifier != EXPR_ONE : e->op == EXPR_ON && e->of_kind;
}

static void list_init(struct list *list)
{
	list->n = 0;
	str_init(&list->s, list->at, sizeof list->at - 4);
}

__attribute__((format(printf, 2, 3))) static void list_add(struct list *list, const char *format, ...)
{
	list->n++;
	if (list->s.overflow)
		return;
	char item[96];
	struct str s;
	str_init(&s, item, sizeof item);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	if (s.overflow)
		str_copy(item, sizeof item, "...");
	size_t size = strlen(item);
	for (char *at = list->at; (at = strstr(at, item)); at += size) /* the same in two expressions */
		if ((at == list->at || at[-1] == ' ') && (at[size] == '\0' || at[size] == ','))
			return;
	str_add(&list->s, "%s%s", list->s.len ? ", " : "", item);
	if (list->s.overflow)
		memcpy(list->at + list->s.len, "...", 4); /* there is room: list_init kept it back */
}

/* Does the device tell what this term asks of its kind? */
static bool tells(const struct home *home, const struct expr *expr, const struct expr_node *e, uint32_t device)
{
	if (e->op == EXPR_ON)
		return home->devices[device].n_controls > 0;
	return home_find_metric(home, device, expr->text + e->key.at, e->key.size) != HOME_NONE;
}

/* Is any of the first `n` expressions about the device's kind, and does it measure nothing of what they ask? */
static bool is_blind(const struct finder *f, uint32_t device, size_t n)
{
	bool asked = false;
	for (size_t x = 0; x < n; x++)
		for (uint32_t i = 0; i < f->exprs[x]->n; i++) {
			const struct expr *expr = f->exprs[x];
			const struct expr_node *e = &expr->nodes[i];
			if (!over_kind(e) || home_find_kind(f->home, expr->text + e->name.at, e->name.size) !=
						 f->home->devices[device].kind)
				continue;
			asked = true;
			if (tells(f->home, expr, e, device))
				return false;
		}
	return asked;
}

static const struct core_derived *find_derived(const struct finder *f, struct expr_slice kind, const char *name,
					       const char *key, size_t size)
{
	for (size_t i = 0; i < f->scope->n_derived; i++) {
		const struct core_derived *d = &f->scope->derived[i];
		if (d->id && d->kind && strlen(d->id) == size && memcmp(d->id, key, size) == 0 &&
		    strlen(d->kind) == kind.size && memcmp(d->kind, name, kind.size) == 0)
			return d;
	}
	return NULL;
}

/* Nobody can buy a "chilled lately" sensor: a derived metric is missing for want of what it is computed from, which may
 * be derived in its turn. *size 0: of a control. */
static const char *sensor_of(const struct finder *f, struct expr_slice kind, const char *name, const char *key,
			     size_t *size)
{
	for (int deep = 0; deep < 8; deep++) {
		const struct core_derived *d = find_derived(f, kind, name, key, *size);
		const char *self = d && d->of.text ? strstr(d->of.text, "self.") : NULL;
		if (!d)
			break;
		*size = 0;
		if (!self)
			break;
		key = self + strlen("self.");
		while ((key[*size] >= 'a' && key[*size] <= 'z') || (key[*size] >= '0' && key[*size] <= '9') ||
		       key[*size] == '_')
			++*size;
	}
	return key;
}

static void note_missing(struct finder *f, const struct expr *expr, const struct expr_node *e)
{
	int kind = (int)e->name.size;
	const char *name = expr->text + e->name.at;
	char metric[ID_MAX] = "";
	size_t size = e->key.size;
	const char *key = e->op == EXPR_ON ? "" : sensor_of(f, e->name, name, expr->text + e->key.at, &size);
	if (e->op == EXPR_ON || size == 0) {
		list_add(&f->missing, "a device that can be switched (kind %.*s)", kind, name);
		return;
	}
	if (e->name.size == strlen("person") && memcmp(name, "person", e->name.size) == 0) {
		list_add(&f->missing, "somebody to say so (profile.presence)"); /* the one row it may lack */
		return;
	}
	for (size_t i = 0; i < size && i + 1 < sizeof metric; i++)
		metric[i] = (char)(key[i] == '_' ? ' ' : key[i]);
	list_add(&f->missing, "%s %s sensor (kind %.*s)", strchr("aeiou", metric[0]) ? "an" : "a", metric, kind, name);
}

static void look_at_kind(struct finder *f, const struct expr *expr, const struct expr_node *e)
{
	const struct home *home = f->home;
	const char *name = expr->text + e->name.at;
	uint32_t kind = home_find_kind(home, name, e->name.size);
	size_t without = 0, with = 0;
	for (uint32_t d = 0; kind != HOME_NONE && d < home->n_devices; d++) {
		if (home->devices[d].kind != kind)
			continue;
		if (tells(home, expr, e, d)) {
			with++;
			if (e->op == EXPR_ON)
				list_add(&f->seen, "%s", home->devices[d].id);
			else
				list_add(&f->seen, "%s.%.*s", home->devices[d].id, (int)e->key.size,
					 expr->text + e->key.at);
		} else {
			without++;
		}
	}
	if (home_find_unmonitored(home, name, e->name.size) != HOME_NONE) {
		f->denies = true;
		without++;
	}
	if (without || with == 0)
		note_missing(f, expr, e);
}

static void look(struct finder *f)
{
	for (size_t x = 0; x < f->n_exprs; x++)
		for (uint32_t i = 0; i < f->exprs[x]->n; i++) {
			const struct expr *expr = f->exprs[x];
			const struct expr_node *e = &expr->nodes[i];
			if (over_kind(e))
				look_at_kind(f, expr, e);
			else if (e->op == EXPR_COMPARE || e->op == EXPR_ON)
				list_add(&f->seen, "%.*s.%.*s", (int)e->name.size, expr->text + e->name.at,
					 (int)e->key.size, expr->text + e->key.at);
		}
}

static void write_text(const struct finder *f, const struct coverage_scope *scope, struct coverage *out)
{
	struct str s;
	str_init(&s, out->text, sizeof out->text);
	const char *seen = f->seen.at, *missing = f->missing.at;
	const char *therefore = scope->watches ? "not covered" : "not covered and therefore refused";
	if (scope->n == 0) {
		out->level = CORE_COVERED;
		str_add(&s, "nothing to %s: this home has nothing that %.100s names",
			scope->watches ? "watch" : "guard", scope->names);
	} else if (out->blind != HOME_NONE) {
		out->level = CORE_NOT_COVERED;
		str_add(&s, "%s: %s cannot tell; missing: %s", therefore, f->home->devices[out->blind].id, missing);
	} else if (f->denies) {
		out->level = CORE_NOT_COVERED;
		str_add(&s, "%s (owned_unmonitored), missing: %s", therefore, missing);
	} else if (f->missing.n == 0) {
		out->level = CORE_COVERED;
		str_add(&s, "covered by %s", seen);
	} else if (f->seen.n == 0) {
		out->level = CORE_NOT_COVERED;
		str_add(&s, "not covered, missing: %s", missing);
	} else {
		out->level = CORE_PARTLY;
		str_add(&s, "partly covered by %.100s; missing: %s", seen, missing);
	}
}

void coverage_find(const struct home *home, const struct coverage_asks *asks, const struct coverage_scope *scope,
		   bool *blind, struct coverage *out)
{
	struct finder f = {.home = home, .exprs = asks->exprs, .n_exprs = asks->n, .scope = scope};
	list_init(&f.seen);
	list_init(&f.missing);
	out->blind = HOME_NONE;
	for (uint32_t d = 0; d < home->n_devices; d++) {
		blind[d] = !scope->where_measured && (is_blind(&f, d, asks->n_first) || is_blind(&f, d, asks->n));
		if (blind[d] && out->blind == HOME_NONE)
			out->blind = d;
	}
	look(&f);
	write_text(&f, scope, out);
}

/* Breadth first along the list itself: no recursion, however long the chain. */
void coverage_gather(const struct expr *expr, const struct conditions *conditions, bool *seen, const struct expr **list,
		     size_t *n)
{
	size_t from = *n;
	list[(*n)++] = expr;
	for (; from < *n; from++)
		for (uint32_t i = 0; i < list[from]->n; i++) {
			const struct expr_node *e = &list[from]->nodes[i];
			if (e->op != EXPR_NAME)
				continue;
			uint32_t at = conditions_find(conditions, list[from]->text + e->name.at, e->name.size);
			if (at == CONDITIONS_NONE || seen[at])
				continue;
			seen[at] = true;
			list[(*n)++] = &conditions->exprs[at];
		}
}
