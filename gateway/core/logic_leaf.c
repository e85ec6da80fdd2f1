/* SPDX-License-Identifier: Apache-2.0
 * Leaves over this home's devices.
 *
 * A term over a kind of which there is no device is satisfied: TRUE, or FALSE under a not. It is folded away, with
 * the windows over it, so a home without a table need not wait for "30 min since" a table was tilted.
 *
 * A quantifier looks at those devices of the kind that measure the metric. Within an `or` (or what amounts to one under
 * a not, or in a quantifier that is one) a device that does not measure it is UNKNOWN instead: an alternative must be
 * seen to be true, or a belt without a pressure sensor would satisfy "all traction.force < 20 N or all
 * traction.pressure < 1 kPa".
 *
 * A figure of a limit is looked up for the device that is compared. A stricter figure must never permit more, so which
 * way a limit may be compared is checked here.
 */
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "base/words.h"
#include "core/binder.h"

static int add_unseen(struct binder *b, struct children *children, struct expr_slice where, uint32_t device,
		      uint32_t kind, enum truth parked)
{
	uint32_t node;
	if (binder_add(b, NODE_UNSEEN, where, &node))
		return -1;
	b->logic->nodes[node].unseen = device;
	b->logic->nodes[node].kind = kind;
	b->logic->nodes[node].parked_value = (uint8_t)parked;
	binder_adopt(b->logic, children, node);
	return 0;
}

static bool fits(enum therapy_unit limit, enum therapy_unit metric)
{
	return limit == metric || (limit == THERAPY_UNIT_ONE && metric == THERAPY_UNIT_BOOL);
}

/* Words of "released|pressed" are 0, 1, ...; every switch knows on, off, yes and no. */
static bool find_word(const struct home_metric *m, const char *word, size_t size, double *out)
{
	if (words_value(m->words, word, size, out))
		return true;
	static const struct {
		const char *word;
		double value;
	} words[] = {{"on", 1}, {"yes", 1}, {"off", 0}, {"no", 0}};
	for (size_t i = 0; m->unit == THERAPY_UNIT_BOOL && i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == size && memcmp(words[i].word, word, size) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

/* What the leaf compares with: a figure of its own, or the slot of a limit. */
struct right {
	double value;
	uint32_t slot;
};

static int bind_word(struct binder *b, const struct expr_node *e, const struct home_metric *m, struct right *out)
{
	const char *device = b->logic->home->devices[m->device].id, *word = b->expr->text + e->number.at;
	int shown = (int)(e->number.size < 40 ? e->number.size : 40);
	if (find_word(m, word, e->number.size, &out->value))
		return 0;
	bool is_switch = m->unit == THERAPY_UNIT_BOOL;
	if (!m->words && !is_switch)
		return expr_refuse(b->fault, e->number.at, "%s.%s has no words: one of < <= > >= and %s was expected",
				   device, m->key, unit_text(m->unit)[0] ? "a number with its unit" : "a number");
	char choices[128];
	struct str s;
	str_init(&s, choices, sizeof choices);
	words_list(&s, m->words);
	if (is_switch)
		str_add(&s, "%son, off, yes, no", s.len ? ", " : "");
	return expr_refuse(b->fault, e->number.at, "%s.%s is never '%.*s': one of %s was expected", device, m->key,
			   shown, word, choices);
}

static int bind_number(struct binder *b, const struct expr_node *e, const struct home_metric *m, struct right *out)
{
	const char *text = b->expr->text, *device = b->logic->home->devices[m->device].id;
	if (!fits(e->unit, m->unit))
		return expr_refuse(b->fault, e->number.at, "%s.%s needs %s%s, found '%.*s'", device, m->key,
				   unit_text(m->unit)[0] ? "a number in " : "", unit_choices(m->unit),
				   (int)e->number.size, text + e->number.at);
	if (m->unit == THERAPY_UNIT_BOOL && !(e->limit <= 0 && e->limit >= 0) && !(e->limit <= 1 && e->limit >= 1))
		return expr_refuse(b->fault, e->number.at, "%s.%s is a switch: 0 or 1 was expected, found '%.*s'",
				   device, m->key, (int)e->number.size, text + e->number.at);
	out->value = e->limit;
	return 0;
}

/* Does the limit exist, and does a stricter figure of it permit less here? Asked also where the home has no device. */
static int check_limit(struct binder *b, const struct expr_node *e, bool negated)
{
	const struct limits *limits = b->logic->limits;
	const char *id = b->expr->text + e->id.at;
	int shown = (int)(e->id.size < 40 ? e->id.size : 40);
	uint32_t limit = limits ? limits_find(limits, id, e->id.size) : LIMITS_NONE;
	if (limit == LIMITS_NONE) {
		char choices[160];
		struct str s;
		str_init(&s, choices, sizeof choices);
		if (limits)
			limits_list(limits, &s);
		return expr_refuse(b->fault, e->id.at,
				   "there is no limit '%.*s': one that the rules declare was expected (%s)", shown, id,
				   choices);
	}
	if (b->binding->has_self)
		return expr_refuse(
		    b->fault, e->number.at,
		    "a derived metric is compared with a limit where it is used: a number was expected here");
	bool less = e->compare == EXPR_LESS || e->compare == EXPR_LESS_EQUAL, minimum = limits->items[limit].minimum;
	if (b->shallow || less != (minimum != negated)) /* a named condition is looked at where it is used */
		return 0;
	return expr_refuse(b->fault, e->written.at,
			   "a stricter figure would permit more: limit.%.*s is a %s, so '%s' was expected%s", shown, id,
			   minimum ? "minimum" : "maximum",
			   less ? ">=" : "<=", negated ? " under this 'not' or 'since'" : "");
}

static int bind_limit(struct binder *b, const struct expr_node *e, const struct home_metric *m, struct right *out)
{
	struct limits *limits = b->logic->limits;
	uint32_t limit = limits_find(limits, b->expr->text + e->id.at, e->id.size);
	if (!fits(limits->items[limit].unit, m->unit))
		return expr_refuse(b->fault, e->number.at, "%s.%s needs a limit in %s; limit.%s is in %s",
				   b->logic->home->devices[m->device].id, m->key, unit_choices(m->unit),
				   limits->items[limit].id, unit_choices(limits->items[limit].unit));
	if (limits_slot(limits, limit, m->device, &out->slot))
		return expr_refuse(b->fault, e->number.at, "not enough memory for this expression");
	struct limit_figure figure = limits->slots[out->slot].now;
	out->value = figure.given ? figure.value : (double)NAN;
	return 0;
}

static int add_compare(struct binder *b, const struct expr_node *e, uint32_t metric, enum truth parked, uint32_t *out)
{
	const struct home_metric *m = &b->logic->home->metrics[metric];
	struct right right = {0, LOGIC_NONE};
	int bad = e->right == EXPR_WORD    ? bind_word(b, e, m, &right)
		  : e->right == EXPR_LIMIT ? bind_limit(b, e, m, &right)
					   : bind_number(b, e, m, &right);
	if (bad || binder_add(b, NODE_COMPARE, e->written, out))
		return -1;
	struct node *node = &b->logic->nodes[*out];
	node->metric = metric;
	node->slot = right.slot;
	node->compare = (uint8_t)e->compare;
	node->parked_value = (uint8_t)parked;
	node->limit = right.value;
	node->max_age_ms = b->binding->max_age_ms ? b->binding->max_age_ms : m->stale_ms;
	return 0;
}

static int add_on(struct binder *b, const struct expr_node *e, uint32_t control, enum truth parked, uint32_t *out)
{
	const struct home_control *c = &b->logic->home->controls[control];
	if (binder_add(b, NODE_ON, e->where, out))
		return -1;
	struct node *node = &b->logic->nodes[*out];
	node->metric = c->confirm;
	node->control = control;
	node->parked_value = (uint8_t)parked;
	node->limit = c->rest_max;
	node->max_age_ms =
	    b->binding->max_age_ms ? b->binding->max_age_ms : b->logic->home->metrics[c->confirm].stale_ms;
	return 0;
}

static void refuse_part(struct binder *b, struct expr_slice part, uint32_t device, const char *verb, bool controls)
{
	const struct home *home = b->logic->home;
	const struct home_device *d = &home->devices[device];
	uint32_t n = controls ? d->n_controls : d->n_metrics;
	char list[160];
	struct str s;
	str_init(&s, list, sizeof list);
	for (uint32_t i = 0; i < n; i++)
		str_add(&s, "%s%s", i ? ", " : "",
			controls ? home->controls[d->first_control + i].key : home->metrics[d->first_metric + i].key);
	expr_fault_set(b->fault, part.at, "%.48s %s no '%.*s'; it has: %s", d->id, verb,
		       (int)(part.size < 40 ? part.size : 40), b->expr->text + part.at, n ? list : "none");
}

static int find_device(struct binder *b, const struct expr_node *e, uint32_t *out)
{
	const struct home *home = b->logic->home;
	const char *name = b->expr->text + e->name.at;
	int shown = (int)(e->name.size < 40 ? e->name.size : 40);
	if (e->name.size == 4 && memcmp(name, "self", 4) == 0) {
		*out = b->binding->self;
		return b->binding->has_self
			   ? 0
			   : expr_refuse(
				 b->fault, e->name.at,
				 "'self' means a device in derived metrics only: the id of a device was expected");
	}
	*out = home_find_device(home, name, e->name.size);
	if (*out != HOME_NONE)
		return 0;
	bool kind = home_find_kind(home, name, e->name.size) != HOME_NONE ||
		    home_find_unmonitored(home, name, e->name.size) != HOME_NONE;
	if (kind && e->op == EXPR_ON)
		return expr_refuse(b->fault, e->name.at, "'%.*s' is a kind of device: write 'kind:%.*s'", shown, name,
				   shown, name);
	if (kind)
		return expr_refuse(b->fault, e->name.at, "'%.*s' is a kind of device: write 'all' or 'any' before it",
				   shown, name);
	return expr_refuse(b->fault, e->name.at,
			   "there is no device '%.*s': the id of a configured device, or a kind with 'all' or 'any' "
			   "before it, was expected",
			   shown, name);
}

/* on(self): any control of the device. */
static int bind_on_self(struct binder *b, const struct expr_node *e, uint32_t device, uint32_t *out)
{
	const struct home_device *d = &b->logic->home->devices[device];
	struct children children = {LOGIC_NONE, LOGIC_NONE, 0};
	for (uint32_t i = 0; i < d->n_controls; i++) {
		uint32_t node;
		if (add_on(b, e, d->first_control + i, TRUTH_UNKNOWN, &node))
			return -1;
		binder_adopt(b->logic, &children, node);
	}
	if (children.n == 0)
		return expr_refuse(b->fault, e->name.at, "%s has no control that could be on", d->id);
	return binder_combine(b, NODE_OR, &children, e->where, out);
}

/* One that is named by its id is meant, parked or not: then it is UNKNOWN. */
static int bind_one(struct binder *b, const struct expr_node *e, uint32_t *out)
{
	uint32_t device;
	if (find_device(b, e, &device))
		return -1;
	const char *key = b->expr->text + e->key.at;
	bool on = e->op == EXPR_ON;
	if (on && e->key.size == 0)
		return bind_on_self(b, e, device, out);
	uint32_t part = on ? home_find_control(b->logic->home, device, key, e->key.size)
			   : home_find_metric(b->logic->home, device, key, e->key.size);
	if (part == HOME_NONE) {
		refuse_part(b, e->key, device, on ? "has" : "measures", on);
		return -1;
	}
	return on ? add_on(b, e, part, TRUTH_UNKNOWN, out) : add_compare(b, e, part, TRUTH_UNKNOWN, out);
}

/* The leaves of one device for a term over its kind. */
static int bind_device(struct binder *b, const struct expr_node *e, uint32_t device, struct place place,
		       struct children *children)
{
	/* Parked is like not there: satisfied, but where it must be seen. */
	enum truth parked = place.alternative ? TRUTH_UNKNOWN : place.negated ? TRUTH_FALSE : TRUTH_TRUE;
	const struct home *home = b->logic->home;
	const struct home_device *d = &home->devices[device];
	uint32_t node, n = children->n;
	if (e->op == EXPR_ON) {
		for (uint32_t i = 0; i < d->n_controls; i++) {
			if (add_on(b, e, d->first_control + i, parked, &node))
				return -1;
			binder_adopt(b->logic, children, node);
		}
	} else {
		uint32_t metric = home_find_metric(home, device, b->expr->text + e->key.at, e->key.size);
		if (metric != HOME_NONE) {
			if (add_compare(b, e, metric, parked, &node))
				return -1;
			binder_adopt(b->logic, children, node);
		}
	}
	if (children->n == n && (place.alternative || (b->binding->blind && b->binding->blind[device])))
		return add_unseen(b, children, e->where, device, LOGIC_NONE, parked);
	return 0;
}

/* A term over a kind: one leaf for each device that is asked. */
static int bind_kind(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	const struct home *home = b->logic->home;
	const char *name = b->expr->text + e->name.at;
	uint32_t kind = home_find_kind(home, name, e->name.size);
	uint32_t unmonitored = home_find_unmonitored(home, name, e->name.size);
	struct children children = {LOGIC_NONE, LOGIC_NONE, 0};
	bool all = e->op == EXPR_COMPARE && e->quantifier == EXPR_ALL;
	if (all == place.negated)
		place.alternative = true; /* "any", "on" or "not all": true by one of them */
	if (kind == HOME_NONE && unmonitored == HOME_NONE && home_find_device(home, name, e->name.size) != HOME_NONE)
		return expr_refuse(b->fault, e->name.at, "'%.*s' is a device: write it without %s", (int)e->name.size,
				   name, e->op == EXPR_ON ? "'kind:' and with its control" : "'all' or 'any'");
	char text[256];
	struct str choices;
	str_init(&choices, text, sizeof text);
	if (!home_knows_kind(home, name, e->name.size, &choices))
		return expr_refuse(b->fault, e->name.at, "there is no kind of device '%.*s': one of %s was expected",
				   (int)e->name.size, name, text);
	const struct home_name kind_name = {name, e->name.size}, key = {b->expr->text + e->key.at, e->key.size};
	str_init(&choices, text, sizeof text);
	if (e->op == EXPR_COMPARE && !home_knows_metric(home, kind_name, key, home->n_known_derived, &choices))
		return expr_refuse(b->fault, e->key.at,
				   "nothing of kind %.*s measures '%.*s': one of %.150s was expected",
				   (int)(e->name.size < 24 ? e->name.size : 24), name,
				   (int)(key.size < 40 ? key.size : 40), key.at, choices.len ? text : "none");
	for (uint32_t i = 0; kind != HOME_NONE && i < home->n_devices; i++)
		if (home->devices[i].kind == kind && bind_device(b, e, i, place, &children))
			return -1;
	if (unmonitored != HOME_NONE && add_unseen(b, &children, e->where, LOGIC_NONE, unmonitored, TRUTH_UNKNOWN))
		return -1;
	if (children.n == 0) {
		*out = place.negated ? FOLDED_FALSE : FOLDED_TRUE;
		return 0;
	}
	return binder_combine(b, all ? NODE_AND : NODE_OR, &children, e->where, out);
}

int binder_leaf(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	if (e->op == EXPR_COMPARE && e->right == EXPR_LIMIT && check_limit(b, e, place.negated))
		return -1;
	bool of_kind = e->op == EXPR_COMPARE ? e->quantifier != EXPR_ONE : e->of_kind;
	return of_kind ? bind_kind(b, e, place, out) : bind_one(b, e, out);
}
