/* SPDX-License-Identifier: Apache-2.0
 * From a parsed text to nodes over this home's devices: the walk along the tree. What the leaves see is logic_leaf.c's.
 *
 * The cost of a text is bounded whatever conditions name each other how often: by the steps of the walk, not by the
 * nodes that are left of it, because folding would hide the work. */
#include <string.h>

#include "base/str.h"
#include "core/binder.h"

static int bind(struct binder *b, uint32_t index, struct place place, uint32_t *out);

static int bind_group(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	bool and = e->op == EXPR_AND;
	uint32_t neutral = and? FOLDED_TRUE : FOLDED_FALSE, decisive = and? FOLDED_FALSE : FOLDED_TRUE;
	uint32_t before = b->logic->n_nodes, windows = b->logic->n_windows, node;
	struct children children = {LOGIC_NONE, LOGIC_NONE, 0};
	bool decided = false;
	place.alternative |= and == place.negated;
	for (uint32_t i = e->first; i != EXPR_NONE; i = b->expr->nodes[i].next) {
		if (bind(b, i, place, &node))
			return -1;
		decided |= node == decisive;
		if (node != neutral && node != decisive)
			binder_adopt(b->logic, &children, node);
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
	return binder_combine(b, and? NODE_AND : NODE_OR, &children, e->where, out);
}

/* NOT and FOR. What was folded stays folded. */
static int bind_unary(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	struct logic *l = b->logic;
	uint32_t child;
	bool inverts = e->op == EXPR_NOT;
	if (!inverts && ++b->windows > 2)
		return expr_refuse(b->fault, e->where.at, "'for' and 'since' may stand within one other, not deeper");
	place.negated ^= inverts;
	if (bind(b, e->first, place, &child))
		return -1;
	b->windows -= !inverts;
	if (child == FOLDED_TRUE || child == FOLDED_FALSE) {
		*out = !inverts ? child : child == FOLDED_TRUE ? FOLDED_FALSE : FOLDED_TRUE;
		return 0;
	}
	if (binder_add(b, inverts ? NODE_NOT : NODE_FOR, e->where, out))
		return -1;
	l->nodes[*out].first = child;
	l->nodes[child].parent = *out;
	if (inverts)
		return 0;
	if (logic_room((void **)&l->windows, l->n_windows, &l->cap_windows, sizeof *l->windows))
		return expr_refuse(b->fault, e->where.at, "not enough memory for this expression");
	l->windows[l->n_windows] = (struct window){.duration_ms = e->duration_ms};
	l->nodes[*out].window = l->n_windows++;
	return 0;
}

/* A named condition stands where its name does, as if in parentheses. */
static int bind_name(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	struct conditions *all = b->binding->conditions;
	const char *name = b->expr->text + e->name.at;
	int shown = (int)(e->name.size < 60 ? e->name.size : 60);
	uint32_t at = all ? conditions_find(all, name, e->name.size) : CONDITIONS_NONE;
	if (at == CONDITIONS_NONE)
		return expr_refuse(
		    b->fault, e->name.at,
		    "there is no condition '%.*s'; a measurement like 'all inversion.tilt' or 'pad.power', "
		    "or the id of a condition, was expected",
		    shown, name);
	if (b->shallow) {
		*out = FOLDED_TRUE; /* what comes of it is thrown away */
		return 0;
	}
	if (all->sources[at] == CONDITIONS_NONE && logic_add_source(b->logic, all->exprs[at].text, &all->sources[at]))
		return expr_refuse(b->fault, e->name.at, "not enough memory for this expression");
	const struct expr *outer = b->expr;
	uint32_t outer_source = b->source;
	b->expr = &all->exprs[at];
	b->source = all->sources[at];
	int bad = bind(b, b->expr->root, place, out);
	b->expr = outer;
	b->source = outer_source;
	if (!bad)
		return 0;
	/* The caret goes to the name, the text says where within. Of a long chain the innermost ones. */
	struct expr_fault inner = *b->fault;
	char text[sizeof inner.text];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "in condition '%.*s' (%s:%u), character %u: %s", shown, name,
		all->items[at].file ? all->items[at].file : "", all->items[at].when.line, inner.at + 1, inner.text);
	return expr_refuse(b->fault, e->name.at, "%s", s.overflow ? inner.text : text);
}

/* Recursion is bounded by the depth that the network has room for. */
static int bind_deeper(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out)
{
	switch (e->op) {
	case EXPR_AND:
	case EXPR_OR:
		return bind_group(b, e, place, out);
	case EXPR_NOT:
	case EXPR_FOR:
		return bind_unary(b, e, place, out);
	case EXPR_NAME:
		return bind_name(b, e, place, out);
	case EXPR_COMPARE:
	case EXPR_ON:
		break;
	}
	return binder_leaf(b, e, place, out);
}

static int bind(struct binder *b, uint32_t index, struct place place, uint32_t *out)
{
	const struct expr_node *e = &b->expr->nodes[index];
	if (b->depth >= LOGIC_DEPTH - 4) /* a quantifier and its leaf, and room to spare */
		return expr_refuse(b->fault, e->where.at, "conditions stand more than %u deep within each other",
				   LOGIC_DEPTH - 4);
	if (++b->steps > LOGIC_STEPS_MAX)
		return expr_refuse(
		    b->fault, e->where.at,
		    "with all devices and conditions that it names, the expression has more than %u parts",
		    LOGIC_STEPS_MAX);
	b->depth++;
	int bad = bind_deeper(b, e, place, out);
	b->depth--;
	return bad;
}

int logic_bind(struct logic *logic, const struct expr *expr, const struct logic_binding *binding, uint32_t *out,
	       struct expr_fault *fault)
{
	struct binder b = {.logic = logic, .expr = expr, .binding = binding, .fault = fault};
	uint32_t root;
	if (logic_room((void **)&logic->texts, logic->n_texts, &logic->cap_texts, sizeof *logic->texts) ||
	    logic_add_source(logic, expr->text, &b.source))
		return expr_refuse(fault, 0, "not enough memory for this expression");
	if (bind(&b, expr->root, (struct place){false, false}, &root))
		return -1;
	if (root == FOLDED_TRUE || root == FOLDED_FALSE) {
		bool holds = root == FOLDED_TRUE;
		if (binder_add(&b, NODE_CONSTANT, (struct expr_slice){0, 0}, &root))
			return -1;
		logic->nodes[root].value = holds ? TRUTH_TRUE : TRUTH_FALSE;
	}
	logic->texts[logic->n_texts] = (struct logic_text){logic->sources[b.source], root, binding->owner};
	*out = logic->n_texts++;
	return 0;
}

int logic_check(struct logic *logic, const struct expr *expr, const struct logic_binding *binding,
		struct expr_fault *fault)
{
	struct binder b = {.logic = logic, .expr = expr, .binding = binding, .fault = fault, .shallow = true};
	uint32_t nodes = logic->n_nodes, windows = logic->n_windows, root;
	int bad = bind(&b, expr->root, (struct place){false, false}, &root);
	logic->n_nodes = nodes;
	logic->n_windows = windows;
	return bad;
}
