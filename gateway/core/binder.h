/* SPDX-License-Identifier: Apache-2.0
 * What the two halves of binding share: logic_bind.c walks the tree, logic_leaf.c makes the leaves over this home's
 * devices, logic_node.c keeps the nodes. Start-up only. */
#ifndef CORE_BINDER_H
#define CORE_BINDER_H

#include "core/logic.h"

/* Not nodes: what was folded away. */
#define FOLDED_TRUE  (LOGIC_NONE - 1)
#define FOLDED_FALSE (LOGIC_NONE - 2)

struct binder {
	struct logic *logic;
	const struct expr *expr; /* being bound: the text's, or a condition's that it names */
	uint32_t source;         /* its text in the network */
	const struct logic_binding *binding;
	struct expr_fault *fault;
	uint32_t steps;          /* taken so far: what bounds the cost, also of what is folded away */
	unsigned depth, windows; /* how deep the walk stands, and in how many for/since */
	bool shallow;            /* only look: names are not followed */
};

/* Where a term stands. */
struct place {
	bool negated;     /* under an odd number of not/since */
	bool alternative; /* it must be seen to be true: without it another term decides */
};

/* Children of a node being built: the nodes are linked as they come. */
struct children {
	uint32_t first, last, n;
};

/* ---- logic_node.c ---- */
/* Makes room for one more item. -1 without memory. */
int logic_room(void **items, uint32_t n, uint32_t *cap, size_t size);
int binder_add(struct binder *b, enum node_op op, struct expr_slice written, uint32_t *out);
void binder_adopt(struct logic *logic, struct children *children, uint32_t node);
/* Makes one node of the children. */
int binder_combine(struct binder *b, enum node_op op, const struct children *children, struct expr_slice where,
		   uint32_t *out);
/* Keeps a copy of a text that nodes are cut from. */
int logic_add_source(struct logic *logic, const char *text, uint32_t *out);

/* ---- logic_leaf.c ---- */
/* COMPARE and ON: a leaf, or one for each device that is asked, or what that is folded to. */
int binder_leaf(struct binder *b, const struct expr_node *e, struct place place, uint32_t *out);

#endif
