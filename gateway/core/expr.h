/* SPDX-License-Identifier: Apache-2.0
 * The text of a condition as a tree; docs/rules.md is its grammar. Nothing here knows a device: whether names exist and
 * units fit is checked when the tree is bound to a home (logic.h). Start-up only.
 *
 * Whatever the text is, parsing ends: texts over EXPR_TEXT_MAX bytes and nesting over EXPR_NESTING_MAX are faults. */
#ifndef CORE_EXPR_H
#define CORE_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "therapy/plugin.h"

#define EXPR_TEXT_MAX    4096u /* bytes; the longest shipped rule has about 100 */
#define EXPR_NESTING_MAX 32u   /* parentheses within parentheses; it bounds every recursion over the tree */
#define EXPR_NONE        UINT32_MAX

enum expr_op { EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_FOR, EXPR_COMPARE, EXPR_ON, EXPR_NAME };
enum expr_compare { EXPR_LESS, EXPR_LESS_EQUAL, EXPR_MORE, EXPR_MORE_EQUAL, EXPR_EQUAL, EXPR_NOT_EQUAL };
enum expr_quantifier { EXPR_ONE, EXPR_ALL, EXPR_ANY };
/* What a metric is compared with: 10 deg, limit.force, or a word after "is". */
enum expr_right { EXPR_NUMBER, EXPR_LIMIT, EXPR_WORD };

/* Part of the text. */
struct expr_slice {
	uint32_t at, size;
};

struct expr_node {
	enum expr_op op;
	struct expr_slice where;
	uint32_t first, next; /* first child, next sibling; EXPR_NONE: none */
	unsigned windows;     /* how many for/since stand within each other here */
	uint64_t duration_ms; /* FOR */

	/* COMPARE: quantifier name.key compare limit. ON: on(name.key), on(self) without a key, or on(kind:name) with
	 * `of_kind`. NAME: the condition `name`. */
	enum expr_quantifier quantifier;
	struct expr_slice name, key;
	bool of_kind;
	enum expr_compare compare;
	enum expr_right right;
	double limit;              /* NUMBER: in the inner unit */
	enum therapy_unit unit;    /* NUMBER: of the limit */
	struct expr_slice written; /* "<= 10 deg", "is pressed" */
	struct expr_slice number;  /* "10 deg", "limit.force", "pressed" */
	struct expr_slice id;      /* LIMIT: "force" */
};

struct expr {
	const char *text; /* the caller's */
	struct expr_node *nodes;
	uint32_t n, cap, root;
};

/* What is wrong, and at which byte. */
struct expr_fault {
	uint32_t at;
	char text[256];
};

/* Parses `text`, which must outlive *out. 0, or -1 with *fault filled and nothing to release. */
int expr_parse(const char *text, struct expr *out, struct expr_fault *fault);
void expr_release(struct expr *expr);
/* Fills the fault; always -1. A macro, so that whoever reads one file alone, a compiler too, sees that it never is 0.
 */
#define expr_refuse(fault, at, ...) (expr_fault_set(fault, at, __VA_ARGS__), -1)
void expr_fault_set(struct expr_fault *fault, uint32_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds the fault for people: what it is of ("only_while of rule 'x'"), the character, the text, or as much of it as
 * fits a line, and a caret. */
void expr_tell(struct faults *faults, const char *file, unsigned line, const char *what, const char *text,
	       const struct expr_fault *fault);

#endif
