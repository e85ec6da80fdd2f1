/* SPDX-License-Identifier: Apache-2.0
 * Recursive descent, one function per line of the grammar in docs/rules.md. */
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/str.h"
#include "base/unit.h"
#include "core/expr_lex.h"

struct parser {
	struct lexer lexer;
	struct expr *expr;
	struct expr_fault *fault;
	unsigned nesting;
};

static int parse_expr(struct parser *p, uint32_t *out);

void expr_fault_set(struct expr_fault *fault, uint32_t at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct str s;
	str_init(&s, fault->text, sizeof fault->text);
	str_addv(&s, format, args);
	va_end(args);
	if (s.len == 0)
		str_copy(fault->text, sizeof fault->text, "this is not understood");
	fault->at = at;
}

/* Refuses what comes next. */
static int expected(struct parser *p, const char *what)
{
	char found[48];
	uint32_t at = lex_skip(&p->lexer);
	return expr_refuse(p->fault, at, "%s was expected, found %s", what, lex_found(&p->lexer, found));
}

/* A new node that starts at byte `at`. Nodes move when the array grows: only indexes are kept. */
static int add_node(struct parser *p, enum expr_op op, uint32_t at, uint32_t first, uint32_t *out)
{
	struct expr *e = p->expr;
	if (e->n == e->cap) {
		uint32_t cap = e->cap ? e->cap * 2 : 16;
		struct expr_node *nodes = realloc(e->nodes, cap * sizeof *nodes);
		if (!nodes)
			return expr_refuse(p->fault, at, "not enough memory for this expression");
		e->nodes = nodes;
		e->cap = cap;
	}
	e->nodes[e->n] = (struct expr_node){
	    .op = op,
	    .where = {at, p->lexer.at - at},
	    .first = first,
	    .next = EXPR_NONE,
	    .windows = first == EXPR_NONE ? 0 : e->nodes[first].windows,
	};
	*out = e->n++;
	return 0;
}

static int add_window(struct parser *p, uint32_t at, uint32_t child, uint64_t duration_ms, uint32_t *out)
{
	if (duration_ms == 0)
		return expr_refuse(p->fault, at, "a duration above 0 was expected");
	if (add_node(p, EXPR_FOR, at, child, out))
		return -1;
	struct expr_node *node = &p->expr->nodes[*out];
	node->duration_ms = duration_ms;
	if (++node->windows > 2)
		return expr_refuse(p->fault, at, "'for' and 'since' may stand within one other, not deeper");
	return 0;
}

/* Does the word stand alone, as the name of a condition does? Then it is taken. */
static bool take_alone(struct parser *p, struct expr_slice *out)
{
	struct lexer ahead = p->lexer;
	*out = lex_peek_word(&ahead);
	ahead.at = out->at + out->size;
	if (out->size == 0 || out->size >= ID_MAX || (ahead.at < ahead.size && ahead.text[ahead.at] == '.') ||
	    lex_is(&ahead, *out, "and") || lex_is(&ahead, *out, "or") || lex_is(&ahead, *out, "for") ||
	    lex_is(&ahead, *out, "since"))
		return false;
	struct expr_slice next = lex_peek_word(&ahead);
	if (ahead.at < ahead.size && ahead.text[ahead.at] != ')' && !lex_is(&ahead, next, "and") &&
	    !lex_is(&ahead, next, "or") && !lex_is(&ahead, next, "for"))
		return false;
	p->lexer.at = out->at + out->size;
	return true;
}

/* name "." key, as devices and metrics may be called. */
static int parse_name(struct parser *p, const char *what, struct expr_slice *name, struct expr_slice *key)
{
	struct lexer *l = &p->lexer;
	*name = lex_peek_word(l);
	if (name->size == 0)
		return expected(p, what);
	l->at = name->at + name->size;
	if (l->at == l->size || l->text[l->at] != '.')
		return expr_refuse(p->fault, name->at, "%s was expected, found '%.*s'", what,
				   (int)(name->size < 40 ? name->size : 40), l->text + name->at);
	l->at++;
	*key = lex_peek_word(l);
	if (key->size == 0 || key->at != name->at + name->size + 1)
		return expected(p, "the name of what it measures, right after the '.',");
	l->at = key->at + key->size;
	return 0;
}

static int parse_compare(struct parser *p, enum expr_compare *out)
{
	static const struct {
		const char *text;
		enum expr_compare compare;
	} all[] = {{"<=", EXPR_LESS_EQUAL}, {">=", EXPR_MORE_EQUAL}, {"==", EXPR_EQUAL},
		   {"!=", EXPR_NOT_EQUAL},  {"<", EXPR_LESS},        {">", EXPR_MORE}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (lex_take(&p->lexer, all[i].text)) {
			*out = all[i].compare;
			return 0;
		}
	return expected(p, "one of < <= > >= == != is");
}

/* After "limit.". */
static int parse_limit_id(struct parser *p, struct expr_node *node)
{
	struct lexer *l = &p->lexer;
	uint32_t at = l->at;
	node->id = lex_peek_word(l);
	if (node->id.size == 0 || node->id.at != at)
		return expected(p, "the name of a limit, right after 'limit.',");
	l->at = at + node->id.size;
	node->right = EXPR_LIMIT;
	node->number.size = l->at - node->number.at;
	return 0;
}

/* After "is". Which words there are is only known with the device. */
static int parse_word(struct parser *p, struct expr_node *node)
{
	struct lexer *l = &p->lexer;
	node->number = lex_peek_word(l);
	if (node->number.size == 0)
		return expected(p, "a word like 'on', after 'is',");
	l->at = node->number.at + node->number.size;
	node->right = EXPR_WORD;
	node->compare = EXPR_EQUAL;
	return 0;
}

/* The number and its unit. Which unit fits is only known with the device. */
static int parse_limit(struct parser *p, struct expr_node *node)
{
	struct lexer *l = &p->lexer;
	node->number.at = lex_skip(l);
	double number;
	if (lex_take(l, "limit."))
		return parse_limit_id(p, node);
	if (!lex_take_number(l, &number))
		return expected(p, "a number with its unit, or a limit like limit.force,");
	struct expr_slice unit = lex_take_unit(l);
	if (lex_is(l, unit, "and") || lex_is(l, unit, "or") || lex_is(l, unit, "for")) {
		l->at = unit.at; /* a count has no unit */
		unit.size = 0;
	}
	node->number.size = (unit.size ? l->at : unit.at) - node->number.at;
	while (node->number.size && strchr(" \t\r\n", l->text[node->number.at + node->number.size - 1]))
		node->number.size--;
	struct unit_conversion to;
	if (!unit_parse(l->text + unit.at, unit.size, &to))
		return expr_refuse(p->fault, unit.at,
				   "'%.*s' is no unit that is known: one like deg, N, degC or kPa was expected",
				   (int)(unit.size < 40 ? unit.size : 40), l->text + unit.at);
	node->unit = to.unit;
	node->limit = number * to.scale + to.offset;
	if (!isfinite(number) || !isfinite(node->limit))
		return expr_refuse(p->fault, node->number.at, "a number that is not too large was expected");
	return 0;
}

static int parse_comparison(struct parser *p, uint32_t at, enum expr_quantifier quantifier, uint32_t *out)
{
	struct expr_node node = {.quantifier = quantifier};
	if (parse_name(p, "a measurement like 'all inversion.tilt' or 'pad.power'", &node.name, &node.key))
		return -1;
	uint32_t written = lex_skip(&p->lexer);
	if (lex_take_word(&p->lexer, "is")) {
		if (parse_word(p, &node))
			return -1;
	} else if (parse_compare(p, &node.compare) || parse_limit(p, &node)) {
		return -1;
	}
	bool equal = node.compare == EXPR_EQUAL || node.compare == EXPR_NOT_EQUAL;
	if (equal && (node.right == EXPR_LIMIT || (node.right == EXPR_NUMBER && node.unit != THERAPY_UNIT_ONE)))
		return expr_refuse(p->fault, written, "one of < <= > >= was expected: == and != compare counts only");
	node.written = (struct expr_slice){written, node.number.at + node.number.size - written};
	if (add_node(p, EXPR_COMPARE, at, EXPR_NONE, out))
		return -1;
	struct expr_node *to = &p->expr->nodes[*out];
	node.op = EXPR_COMPARE;
	node.where = (struct expr_slice){at, node.number.at + node.number.size - at};
	node.first = node.next = EXPR_NONE;
	*to = node;
	return 0;
}

/* After "on(". */
static int parse_on(struct parser *p, uint32_t at, uint32_t *out)
{
	static const char what[] = "a control like 'pad.heat', or 'kind:heat',";
	struct lexer *l = &p->lexer;
	struct expr_slice name, key = {0, 0}, word = lex_peek_word(l);
	bool of_kind = lex_is(l, word, "kind") && word.at + word.size < l->size && l->text[word.at + word.size] == ':';
	if (of_kind) {
		l->at = word.at + word.size + 1;
		name = lex_peek_word(l);
		if (name.size == 0)
			return expected(p, "a kind of device");
		l->at = name.at + name.size;
	} else if (lex_is(l, word, "self") && lex_take_word(l, "self")) {
		name = word;
	} else if (parse_name(p, what, &name, &key)) {
		return -1;
	}
	if (!lex_take(l, ")"))
		return expected(p, "')'");
	if (add_node(p, EXPR_ON, at, EXPR_NONE, out))
		return -1;
	struct expr_node *node = &p->expr->nodes[*out];
	node->name = name;
	node->key = key;
	node->of_kind = of_kind;
	return 0;
}

static int parse_parentheses(struct parser *p, uint32_t at, uint32_t *out)
{
	if (++p->nesting > EXPR_NESTING_MAX)
		return expr_refuse(p->fault, at, "parentheses stand more than %u deep within each other",
				   EXPR_NESTING_MAX);
	if (parse_expr(p, out))
		return -1;
	if (!lex_take(&p->lexer, ")"))
		return expected(p, "')', 'and' or 'or'");
	p->nesting--;
	return 0;
}

static int parse_prim(struct parser *p, uint32_t *out)
{
	struct lexer *l = &p->lexer;
	uint32_t at = lex_skip(l);
	if (lex_take(l, "("))
		return parse_parentheses(p, at, out);
	if (lex_take_word(l, "all"))
		return parse_comparison(p, at, EXPR_ALL, out);
	if (lex_take_word(l, "any"))
		return parse_comparison(p, at, EXPR_ANY, out);
	if (lex_take_word(l, "on")) {
		if (!lex_take(l, "("))
			return expected(p, "'(' and a control");
		return parse_on(p, at, out);
	}
	if (lex_take_word(l, "not")) {
		l->at = at;
		return expected(p, "a condition, or parentheses around it,");
	}
	struct expr_slice name;
	if (!take_alone(p, &name))
		return parse_comparison(p, at, EXPR_ONE, out);
	if (add_node(p, EXPR_NAME, at, EXPR_NONE, out))
		return -1;
	p->expr->nodes[*out].name = name;
	return 0;
}

/* After the duration: "since" prim. */
static int parse_since(struct parser *p, uint32_t at, uint64_t duration_ms, uint32_t *out)
{
	uint32_t child, negated;
	if (!lex_take_word(&p->lexer, "since"))
		return expected(p, "'since' after the duration");
	if (parse_prim(p, &child) || add_node(p, EXPR_NOT, at, child, &negated))
		return -1;
	if (lex_take_word(&p->lexer, "for"))
		return expr_refuse(p->fault, p->lexer.at - 3,
				   "'for' after 'since' needs parentheses to say which comes first");
	return add_window(p, at, negated, duration_ms, out);
}

static int parse_term(struct parser *p, uint32_t *out)
{
	struct lexer *l = &p->lexer;
	uint32_t at = lex_skip(l), child;
	bool negated = lex_take_word(l, "not");
	uint32_t start = lex_skip(l);
	uint64_t duration_ms;
	if (lex_take_duration(l, &duration_ms)) {
		if (parse_since(p, start, duration_ms, &child))
			return -1;
	} else if (parse_prim(p, &child)) {
		return -1;
	} else if (lex_take_word(l, "for")) {
		if (!lex_take_duration(l, &duration_ms))
			return expected(p, "a duration like '10 s' or '5 min'");
		if (add_window(p, start, child, duration_ms, &child))
			return -1;
		if (lex_take_word(l, "for"))
			return expr_refuse(p->fault, l->at - 3, "a second 'for' needs parentheses around the first");
	}
	*out = child;
	return negated ? add_node(p, EXPR_NOT, at, child, out) : 0;
}

static int parse_expr(struct parser *p, uint32_t *out)
{
	struct lexer *l = &p->lexer;
	uint32_t at = lex_skip(l), child, group = EXPR_NONE, last;
	if (parse_term(p, &child))
		return -1;
	for (last = child;; last = child) {
		uint32_t where = lex_skip(l);
		bool and = lex_take_word(l, "and"), or = !and&&lex_take_word(l, "or");
		if (!and&&! or)
			break;
		enum expr_op op = and? EXPR_AND : EXPR_OR;
		if (group == EXPR_NONE && add_node(p, op, at, last, &group))
			return -1;
		if (p->expr->nodes[group].op != op)
			return expr_refuse(p->fault, where,
					   "'and' and 'or' are mixed: parentheses must say which comes first");
		if (parse_term(p, &child))
			return -1;
		p->expr->nodes[last].next = child;
		if (p->expr->nodes[child].windows > p->expr->nodes[group].windows)
			p->expr->nodes[group].windows = p->expr->nodes[child].windows;
	}
	*out = group == EXPR_NONE ? child : group;
	p->expr->nodes[*out].where.size = l->at - p->expr->nodes[*out].where.at;
	return 0;
}

int expr_parse(const char *text, struct expr *out, struct expr_fault *fault)
{
	size_t size = strlen(text);
	if (size > EXPR_TEXT_MAX)
		return expr_refuse(fault, EXPR_TEXT_MAX, "the expression has %zu characters, at most %u are allowed",
				   size, EXPR_TEXT_MAX);
	struct expr expr = {.text = text};
	struct parser p = {.lexer = {text, (uint32_t)size, 0}, .expr = &expr, .fault = fault};
	int bad;
	if (lex_skip(&p.lexer) == size)
		bad = expr_refuse(
		    fault, 0, "the expression is empty: a condition like 'all inversion.tilt <= 10 deg' was expected");
	else
		bad = parse_expr(&p, &expr.root);
	if (!bad && lex_skip(&p.lexer) != size)
		bad = expected(&p, "'and', 'or', 'for' or the end");
	if (bad) {
		expr_release(&expr);
		return -1;
	}
	*out = expr;
	return 0;
}

void expr_release(struct expr *expr)
{
	free(expr->nodes);
	*expr = (struct expr){0};
}

void expr_tell(struct faults *faults, const char *file, unsigned line, const char *what, const char *text,
	       const struct expr_fault *fault)
{
	enum { BEFORE = 48, WIDTH = 96 };
	size_t size = strlen(text), from = fault->at > BEFORE ? fault->at - BEFORE : 0;
	if (size <= WIDTH)
		from = 0;
	char window[WIDTH + 1];
	size_t n = size - from < WIDTH ? size - from : WIDTH;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[from + i];
		window[i] = (char)(c < ' '     ? ' '
				   : c >= 0x7f ? '?'
					       : c); /* one column each, or the caret would be off */
	}
	window[n] = '\0';
	const char *left = from > 0 ? "..." : "", *right = from + n < size ? "..." : "";
	faults_add(faults, file, line, "%s, character %u: %s\n    %s%s%s\n    %*s^", what, fault->at + 1, fault->text,
		   left, window, right, (int)(fault->at - from + strlen(left)), "");
}
