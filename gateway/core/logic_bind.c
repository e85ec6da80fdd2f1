/* SPDX-License-Identifier: Apache-2.0
 * From a parsed text to nodes over this home's devices.
 *
 * A term over a kind of which there is no device is satisfied: TRUE, or FALSE under a not. It is folded away here, with
 * the windows over it, so a home without a table need not wait for "30 min since" a table was tilted.
 *
 * A quantifier looks at those devices of the kind that measure the metric. Within an `or` (or what amounts to one under
 * a not, or in a quantifier that is one) a device that does not measure it is UNKNOWN instead: an alternative must be
 * seen to be true, or a belt without a pressure sensor would satisfy "all traction.force < 20 N or all
 * traction.pressure < 1 kPa".
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "core/logic.h"

/* Not nodes: what was folded away. */
#define FOLDED_TRUE  (LOGIC_NONE - 1)
#define FOLDED_FALSE (LOGIC_NONE - 2)

struct binder {
	struct logic *logic;
	const struct expr *expr;
	const struct logic_binding *binding;
	struct expr_fault *fault;
};

/* Children of a node being built: the nodes are linked as they come. */
struct children {
	uint32_t first, last, n;
};

void logic_init(struct logic *logic, const struct home *home, const struct value *values,
		const struct logic_switch *switches, struct timers *timers)
{
	*logic = (struct logic){.home = home, .values = values, .switches = switches, .timers = timers};
	for (size_t i = 0; i < LOGIC_DEPTH; i++)
		logic->pending[i] = LOGIC_NONE;
}

void logic_release(struct logic *logic)
{
	for (uint32_t i = 0; i < logic->n_texts; i++)
		free(logic->texts[i].text);
	free(logic->texts);
	free(logic->nodes);
	free(logic->windows);
	free(logic->metric_at);
	free(logic->metric_nodes);
	free(logic->control_at);
	free(logic->control_nodes);
	free(logic->dirty);
	free(logic->is_dirty);
	*logic = (struct logic){0};
}

/* Makes room for one more. */
static int room(void **items, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return 0;
	if (*cap > UINT32_MAX / 4)
		return -1;
	uint32_t more = *cap ? *cap * 2 : 32;
	void *grown = realloc(*items, more * size);
	if (!grown)
		return -1;
	*items = grown;
	*cap = more;
	return 0;
}

static int add(struct binder *b, enum node_op op, struct expr_slice written, uint32_t *out)
{
	struct logic *l = b->logic;
	if (room((void **)&l->nodes, l->n_nodes, &l->cap_nodes, sizeof *l->nodes))
		return expr_refuse(b->fault, written.at, "not enough memory for this expression");
	l->nodes[l->n_nodes] = (struct node){
	    .op = (uint8_t)op,
	    .value = TRUTH_UNKNOWN,
	    .parent = LOGIC_NONE,
	    .first = LOGIC_NONE,
	    .next = LOGIC_NONE,
	    .text = l->n_texts,
	    .written = written,
	    .timer = {.index = l->n_nodes, .kind = TIMER_NODE},
	};
	*out = l->n_nodes++;
	return 0;
}

static void adopt(struct logic *logic, struct children *children, uint32_t node)
{
	if (children->n++ == 0)
		children->first = node;
	else
		logic->nodes[children->last].next = node;
	children->last = node;
}

/* Makes one node of the children. */
static int combine(struct binder *b, enum node_op op, const struct children *children, struct expr_slice where,
		   uint32_t *out)
{
	if (children->n == 1) {
		*out = children->first;
		return 0;
	}
	if (add(b, op, where, out))
		return -1;
	struct logic *l = b->logic;
	l->nodes[*out].first = children->first;
	for (uint32_t child = children->first; child != LOGIC_NONE; child = l->nodes[child].next)
		l->nodes[child].parent = *out;
	return 0;
}

static int add_unseen(struct binder *b, struct children *children, struct expr_slice where, uint32_t device,
		      uint32_t kind)
{
	uint32_t node;
	if (add(b, NODE_UNSEEN, where, &node))
		return -1;
	b->logic->nodes[node].unseen = device;
	b->logic->nodes[node].kind = kind;
	adopt(b->logic, children, node);
	return 0;
}

static bool fits(enum therapy_unit limit, enum therapy_unit metric)
{
	return limit == metric || (limit == THERAPY_UNIT_ONE && metric == THERAPY_UNIT_BOOL);
}

static int add_compare(struct binder *b, const struct expr_node *e, uint32_t metric, uint32_t *out)
{
	const struct home_metric *m = &b->logic->home->metrics[metric];
	const char *text = b->expr->text;
	if (!fits(e->unit, m->unit))
		return expr_refuse(b->fault, e->number.at, "%s.%s needs %s%s, found '%.*s'",
				   b->logic->home->devices[m->device].id, m->key,
				   unit_text(m->unit)[0] ? "a number in " : "", unit_choices(m->unit),
				   (int)e->number.size, text + e->number.at);
	if (m->unit == THERAPY_UNIT_BOOL && !(e->limit <= 0 && e->limit >= 0) && !(e->limit <= 1 && e->limit >= 1))
		return expr_refuse(b->fault, e->number.at, "%s.%s is a switch: 0 or 1 was expected, found '%.*s'",
				   b->logic->home->devices[m->device].id, m->key, (int)e->number.size,
				   text + e->number.at);
	if (add(b, NODE_COMPARE, e->written, out))
		return -1;
	struct node *node = &b->logic->nodes[*out];
	node->metric = metric;
	node->control = LOGIC_NONE;
	node->compare = (uint8_t)e->compare;
	node->limit = e->limit;
	node->max_age_ms = b->binding->max_age_ms ? b->binding->max_age_ms : m->stale_ms;
	return 0;
}

static int add_on(struct binder *b, const struct expr_node *e, uint32_t control, uint32_t *out)
{
	const struct home_control *c = &b->logic->home->controls[control];
	if (add(b, NODE_ON, e->where, out))
		return -1;
	struct node *node = &b->logic->nodes[*out];
	node->metric = c->confirm;
	node->control = control;
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

static int bind_one(struct binder *b, const struct expr_node *e, uint32_t *out)
{
	uint32_t device;
	if (find_device(b, e, &device))
		return -1;
	const char *key = b->expr->text + e->key.at;
	bool on = e->op == EXPR_ON;
	uint32_t part = on ? home_find_control(b->logic->home, device, key, e->key.size)
			   : home_find_metric(b->logic->home, device, key, e->key.size);
	if (part == HOME_NONE) {
		refuse_part(b, e->key, device, on ? "has" : "measures", on);
		return -1;
	}
	return on ? add_on(b, e, part, out) : add_compare(b, e, part, out);
}

/* The leaves of one device for a term over its kind. */
static int bind_device(struct binder *b, const struct expr_node *e, uint32_t device, bool alternative,
		       struct children *children)
{
	const struct home *home = b->logic->home;
	const struct home_device *d = &home->devices[device];
	uint32_t node, n = children->n;
	if (e->op == EXPR_ON) {
		for (uint32_t i = 0; i < d->n_controls; i++) {
			if (add_on(b, e, d->first_control + i, &node))
				return -1;
			adopt(b->logic, children, node);
		}
	} else {
		uint32_t metric = home_find_metric(home, device, b->expr->text + e->key.at, e->key.size);
		if (metric != HOME_NONE) {
			if (add_compare(b, e, metric, &node))
				return -1;
			adopt(b->logic, children, node);
		}
	}
	if (children->n == n && (alternative || b->binding->blind[device]))
		return add_unseen(b, children, e->where, device, LOGIC_NONE);
	return 0;
}

/* A term over a kind: one leaf for each device that is asked. */
static int bind_kind(struct binder *b, const struct expr_node *e, bool negated, bool alternative, uint32_t *out)
{
	const struct home *home = b->logic->home;
	const char *name = b->expr->text + e->name.at;
	uint32_t kind = home_find_kind(home, name, e->name.size);
	uint32_t unmonitored = home_find_unmonitored(home, name, e->name.size);
	struct children children = {LOGIC_NONE, LOGIC_NONE, 0};
	bool all = e->op == EXPR_COMPARE && e->quantifier == EXPR_ALL;
	if (all == negated)
		alternative = true; /* "any", "on" or "not all": true by one of them */
	if (kind == HOME_NONE && unmonitored == HOME_NONE && home_find_device(home, name, e->name.size) != HOME_NONE)
		return expr_refuse(b->fault, e->name.at, "'%.*s' is a device: write it without %s", (int)e->name.size,
				   name, e->op == EXPR_ON ? "'kind:' and with its control" : "'all' or 'any'");
	char text[256];
	struct str choices;
	str_init(&choices, text, sizeof text);
	if (!home_knows_kind(home, name, e->name.size, &choices))
		return expr_refuse(b->fault, e->name.at, "there is no kind of device '%.*s': one of %s was expected",
				   (int)e->name.size, name, text);
	for (uint32_t i = 0; kind != HOME_NONE && i < home->n_devices; i++)
		if (home->devices[i].kind == kind && bind_device(b, e, i, alternative, &children))
			return -1;
	if (unmonitored != HOME_NONE && add_unseen(b, &children, e->where, LOGIC_NONE, unmonitored))
		return -1;
	if (children.n == 0) {
		*out = negated ? FOLDED_FALSE : FOLDED_TRUE;
		return 0;
	}
	return combine(b, all ? NODE_AND : NODE_OR, &children, e->where, out);
}

static int bind(struct binder *b, uint32_t index, bool negated, bool alternative, uint32_t *out);

static int bind_group(struct binder *b, const struct expr_node *e, bool negated, bool alternative, uint32_t *out)
{
	bool and = e->op == EXPR_AND;
	uint32_t neutral = and? FOLDED_TRUE : FOLDED_FALSE, decisive = and? FOLDED_FALSE : FOLDED_TRUE;
	uint32_t before = b->logic->n_nodes, windows = b->logic->n_windows, node;
	struct children children = {LOGIC_NONE, LOGIC_NONE, 0};
	bool decided = false;
	for (uint32_t i = e->first; i != EXPR_NONE; i = b->expr->nodes[i].next) {
		if (bind(b, i, negated, alternative || and == negated, &node))
			return -1;
		decided |= node == decisive;
		if (node != neutral && node != decisive)
			adopt(b->logic, &children, node);
	}
	if (decided) { /* nothing else in the group matters: forget its nodes */
		b->logic->n_nodes = before;
		b->logic->n_windows = windows;
		*out = decisive;
		return 0;
	}
	if (children.n == 0) {
		*out = neutral;
		return 0;
	}
	return combine(b, and? NODE_AND : NODE_OR, &children, e->where, out);
}

/* NOT and FOR. What was folded stays folded. */
static int bind_unary(struct binder *b, const struct expr_node *e, bool negated, bool alternative, uint32_t *out)
{
	struct logic *l = b->logic;
	uint32_t child;
	bool inverts = e->op == EXPR_NOT;
	if (bind(b, e->first, negated != inverts, alternative, &child))
		return -1;
	if (child == FOLDED_TRUE || child == FOLDED_FALSE) {
		*out = !inverts ? child : child == FOLDED_TRUE ? FOLDED_FALSE : FOLDED_TRUE;
		return 0;
	}
	if (add(b, inverts ? NODE_NOT : NODE_FOR, e->where, out))
		return -1;
	l->nodes[*out].first = child;
	l->nodes[child].parent = *out;
	if (inverts)
		return 0;
	if (room((void **)&l->windows, l->n_windows, &l->cap_windows, sizeof *l->windows))
		return expr_refuse(b->fault, e->where.at, "not enough memory for this expression");
	l->windows[l->n_windows] = (struct window){.duration_ms = e->duration_ms};
	l->nodes[*out].window = l->n_windows++;
	return 0;
}

/* Recursion is bounded by EXPR_NESTING_MAX. */
static int bind(struct binder *b, uint32_t index, bool negated, bool alternative, uint32_t *out)
{
	const struct expr_node *e = &b->expr->nodes[index];
	switch (e->op) {
	case EXPR_AND:
	case EXPR_OR:
		return bind_group(b, e, negated, alternative, out);
	case EXPR_NOT:
	case EXPR_FOR:
		return bind_unary(b, e, negated, alternative, out);
	case EXPR_COMPARE:
		if (e->quantifier != EXPR_ONE)
			return bind_kind(b, e, negated, alternative, out);
		break;
	case EXPR_ON:
		if (e->of_kind)
			return bind_kind(b, e, negated, alternative, out);
		break;
	}
	return bind_one(b, e, out);
}

int logic_bind(struct logic *logic, const struct expr *expr, const struct logic_binding *binding, uint32_t *out,
	       struct expr_fault *fault)
{
	struct binder b = {logic, expr, binding, fault};
	uint32_t root;
	if (room((void **)&logic->texts, logic->n_texts, &logic->cap_texts, sizeof *logic->texts))
		return expr_refuse(fault, 0, "not enough memory for this expression");
	if (bind(&b, expr->root, false, false, &root))
		return -1;
	if (root == FOLDED_TRUE || root == FOLDED_FALSE) {
		bool holds = root == FOLDED_TRUE;
		if (add(&b, NODE_CONSTANT, (struct expr_slice){0, 0}, &root))
			return -1;
		logic->nodes[root].value = holds ? TRUTH_TRUE : TRUTH_FALSE;
	}
	struct logic_text bound = {strdup(expr->text), root, binding->owner};
	if (!bound.text)
		return expr_refuse(fault, 0, "not enough memory for this expression");
	logic->texts[logic->n_texts] = bound;
	*out = logic->n_texts++;
	return 0;
}

/* Counts, then fills: which nodes look at which item. `item_of` is the metric or the control of a leaf. */
static int build_index(struct logic *logic, uint32_t n_items, bool controls, uint32_t **out_at, uint32_t **out_nodes)
{
	uint32_t *at = calloc((size_t)n_items + 2, sizeof *at), *nodes = NULL;
	if (!at)
		return -1;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < logic->n_nodes; i++) {
			const struct node *node = &logic->nodes[i];
			if (node->op != NODE_ON && (node->op != NODE_COMPARE || controls))
				continue;
			uint32_t item = controls ? node->control : node->metric;
			if (pass == 0)
				at[item + 2]++; /* two on: after the second pass at[item + 1] is where item ends */
			else
				nodes[at[item + 1]++] = i;
		}
		if (pass == 1)
			break;
		for (uint32_t i = 2; i < n_items + 2; i++)
			at[i] += at[i - 1];
		nodes = calloc((size_t)at[n_items + 1] + 1, sizeof *nodes);
		if (!nodes) {
			free(at);
			return -1;
		}
	}
	*out_at = at;
	*out_nodes = nodes;
	return 0;
}

int logic_seal(struct logic *logic, uint32_t n_owners)
{
	for (uint32_t i = logic->n_nodes; i-- > 0;) { /* parents have higher indexes than their children */
		struct node *node = &logic->nodes[i];
		node->depth = node->parent == LOGIC_NONE ? 0 : (uint8_t)(logic->nodes[node->parent].depth + 1);
	}
	if (build_index(logic, logic->home->n_metrics, false, &logic->metric_at, &logic->metric_nodes) ||
	    build_index(logic, logic->home->n_controls, true, &logic->control_at, &logic->control_nodes))
		return -1;
	logic->n_owners = n_owners;
	logic->dirty = calloc((size_t)n_owners + 1, sizeof *logic->dirty);
	logic->is_dirty = calloc((size_t)n_owners + 1, sizeof *logic->is_dirty);
	return logic->dirty && logic->is_dirty ? 0 : -1;
}
