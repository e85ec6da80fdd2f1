/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "core/expr.h"

/* The tree as text, with parentheses everywhere, so that what binds first can be read. */
static void print(const struct expr *expr, uint32_t index, FILE *to)
{
	const struct expr_node *e = &expr->nodes[index];
	const char *text = expr->text;
	switch (e->op) {
	case EXPR_AND:
	case EXPR_OR:
		fprintf(to, "(%s", e->op == EXPR_AND ? "and" : "or");
		for (uint32_t i = e->first; i != EXPR_NONE; i = expr->nodes[i].next) {
			fputc(' ', to);
			print(expr, i, to);
		}
		fputc(')', to);
		break;
	case EXPR_NOT:
		fprintf(to, "(not ");
		print(expr, e->first, to);
		fputc(')', to);
		break;
	case EXPR_FOR:
		fprintf(to, "(for %llu ", (unsigned long long)e->duration_ms);
		print(expr, e->first, to);
		fputc(')', to);
		break;
	case EXPR_ON:
		fprintf(to, "on(%s%.*s%s%.*s)", e->of_kind ? "kind:" : "", (int)e->name.size, text + e->name.at,
			e->of_kind ? "" : ".", (int)e->key.size, text + e->key.at);
		break;
	case EXPR_NAME:
		fprintf(to, "<%.*s>", (int)e->name.size, text + e->name.at);
		break;
	case EXPR_COMPARE:
		if (e->right != EXPR_NUMBER) {
			fprintf(to, "%.*s.%.*s[%.*s]", (int)e->name.size, text + e->name.at, (int)e->key.size,
				text + e->key.at, (int)e->written.size, text + e->written.at);
			break;
		}
		fprintf(to, "%s%.*s.%.*s%d%g",
			e->quantifier == EXPR_ALL   ? "all "
			: e->quantifier == EXPR_ANY ? "any "
						    : "",
			(int)e->name.size, text + e->name.at, (int)e->key.size, text + e->key.at, (int)e->compare,
			e->limit);
		break;
	}
}

static void texts_become_the_trees_that_the_grammar_says(void **state)
{
	(void)state;
	const struct {
		const char *text, *tree;
	} rows[] = {
	    {"all inversion.tilt <= 10 deg", "all inversion.tilt110"},
	    {"any inversion.tilt>10deg", "any inversion.tilt210"},
	    {"pad.power < 3 W", "pad.power03"},
	    {"a.x >= 1 and b.y > 2 and c.z < 3", "(and a.x31 b.y22 c.z03)"},
	    {"a.x >= 1 or (b.y > 2 and c.z < 3)", "(or a.x31 (and b.y22 c.z03))"},
	    {"not a.x < 1 for 10 s", "(not (for 10000 a.x01))"},
	    {"(not a.x < 1) for 10 s", "(for 10000 (not a.x01))"},
	    {"30 min since any inversion.tilt > 10 deg", "(for 1800000 (not any inversion.tilt210))"},
	    {"not 5 s since a.x < 1", "(not (for 5000 (not a.x01)))"},
	    {"5s since (a.x < 1 or b.y < 2)", "(for 5000 (not (or a.x01 b.y02)))"},
	    {"1.5 h since on(pad.heat)", "(for 5400000 (not on(pad.heat)))"},
	    {"not on(kind:heat)", "(not on(kind:heat))"},
	    {"on ( pad.heat )", "on(pad.heat)"},
	    {"(a.x < 1 for 1 s and b.y < 1) for 2 s", "(for 2000 (and (for 1000 a.x01) b.y01))"},
	    {"a.x == 1 for 2 s", "(for 2000 a.x41)"},
	    {"a.x != -1.5e1", "a.x5-15"},
	    {"\ta.x\n<\r1 ", "a.x01"},
	    {"all belt.force <= limit.force", "belt.force[<= limit.force]"},
	    {"a.x<limit.a-b for 2 s", "(for 2000 a.x[<limit.a-b])"},
	    {"stop.state is released and not a.x is on", "(and stop.state[is released] (not a.x[is on]))"},
	    {"level", "<level>"},
	    {"not level for 2 s or (warm and 5 s since calm)",
	     "(or (not (for 2000 <level>)) (and <warm> (for 5000 (not "
	     "<calm>))))"},
	    {"all.x < 1", "all.x01"}, /* devices may be called like the words */
	    {"all all.x < 1", "all all.x01"},
	    {"not.x < 1 and on.y < 1 and or.z < 1", "(and not.x01 on.y01 or.z01)"},
	    {"10-pad.power < 3 W", "10-pad.power03"},
	    {"2.power < 3 W", "2.power03"},
	    {"30min.power < 3 W", "30min.power03"},
	    {"a.temp < 50 degF", "a.temp010"},
	    {"a.level > 50 %", "a.level250"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr expr;
		struct expr_fault fault;
		if (expr_parse(rows[i].text, &expr, &fault))
			fail_msg("'%s' at %u: %s", rows[i].text, fault.at, fault.text);
		char *tree = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&tree, &size);
		print(&expr, expr.root, to);
		fclose(to);
		assert_string_equal(tree, rows[i].tree);
		free(tree);
		expr_release(&expr);
	}
}

static void what_is_not_understood_is_refused_where_it_stands_and_says_what_was_expected(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint32_t at;
		const char *says;
	} rows[] = {
	    {"", 0, "empty"},
	    {"  \n", 0, "empty"},
	    {"all", 3, "a measurement like"},
	    {"all inversion", 4,
	     "a measurement like 'all inversion.tilt' or 'pad.power' was expected, found 'inversion'"},
	    {"all inversion.", 14, "right after the '.'"},
	    {"all inversion. tilt < 1", 15, "right after the '.'"},
	    {"a.x", 3, "one of < <= > >= == != is was expected, found the end"},
	    {"a.x =< 1", 4, "one of"},
	    {"a.x = 1", 4, "one of"},
	    {"a.x <", 5, "a number with its unit, or a limit like limit.force, was expected, found the end"},
	    {"a.x < deg", 6, "a number with its unit, or a limit like limit.force, was expected, found 'deg'"},
	    {"a.x < nan", 6, "a number"},
	    {"a.x < inf", 6, "a number"},
	    {"a.x < -inf deg", 6, "a number"},
	    {"a.x < 0x10", 7, "'x' is no unit"},
	    {"a.x < 1e999", 6, "not too large"},
	    {"a.x < 1e308 h", 6, "not too large"},
	    {"a.x < limit", 6, "a number with its unit, or a limit like limit.force, was expected, found 'limit'"},
	    {"a.x < limit.", 12, "the name of a limit, right after 'limit.', was expected, found the end"},
	    {"a.x < limit. force", 13, "the name of a limit"},
	    {"a.x == limit.force", 4, "one of < <= > >= was expected"},
	    {"a.x < 10 degrees", 9, "'degrees' is no unit that is known"},
	    {"a.x < 10 deg/", 9, "no unit"},
	    {"a.x == 10 deg", 4, "counts only"},
	    {"a.x != 10 N", 4, "counts only"},
	    {"a.state is", 10, "a word like 'on', after 'is', was expected, found the end"},
	    {"a.state is (on)", 11, "a word like 'on', after 'is', was expected"},
	    {"calm x", 0, "a measurement like 'all inversion.tilt' or 'pad.power' was expected, found 'calm'"},
	    {"all calm", 4, "a measurement like"},
	    {"a.x < 1 and and", 12, "a measurement like"},
	    {"a.x < 1 and", 11, "found the end"},
	    {"a.x < 1 W b.y < 2", 10, "'and', 'or', 'for' or the end was expected, found 'b'"},
	    {"a.x < 1 and b.y < 2 or c.z < 3", 20, "mixed"},
	    {"a.x < 1 or b.y < 2 and c.z < 3", 19, "mixed"},
	    {"(a.x < 1", 8, "')', 'and' or 'or'"},
	    {"(a.x < 1))", 9, "found ')'"},
	    {"()", 1, "a measurement"},
	    {"not not a.x < 1", 4, "parentheses around it"},
	    {"a.x < 1 for", 11, "a duration like '10 s'"},
	    {"a.x < 1 for ever", 12, "a duration like '10 s'"},
	    {"a.x < 1 for 0 s", 0, "a duration above 0"},
	    {"0 s since a.x < 1", 0, "a duration above 0"},
	    {"a.x < 1 for 32 d", 12, "a duration"},
	    {"a.x < 1 for -5 s", 12, "a duration"},
	    {"a.x < 1 for 1 s for 2 s", 16, "parentheses"},
	    {"5 s since a.x < 1 for 2 s", 18, "parentheses"},
	    {"5 s a.x < 1", 4, "'since' after the duration"},
	    {"((a.x < 1 for 1 s) for 1 s) for 1 s", 0, "not deeper"},
	    {"1 s since (1 s since (1 s since a.x < 1))", 0, "not deeper"},
	    {"on pad.heat", 3, "'(' and a control"},
	    {"on(pad)", 3, "a control like 'pad.heat'"},
	    {"on(kind:)", 8, "a kind of device"},
	    {"on(pad.heat", 11, "')'"},
	    {"a.x < 1 \xc3\xa4", 8, "byte 0xc3"},
	    {"fresh(a.x)", 0, "a measurement"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr expr;
		struct expr_fault fault;
		if (!expr_parse(rows[i].text, &expr, &fault))
			fail_msg("'%s' was taken", rows[i].text);
		if (fault.at != rows[i].at || !strstr(fault.text, rows[i].says))
			fail_msg("'%s': expected '%s' at %u, found '%s' at %u", rows[i].text, rows[i].says, rows[i].at,
				 fault.text, fault.at);
	}
}

/* `n` times `open`, then `middle`, then `n` times `close`. */
static char *nested(size_t n, const char *open, const char *middle, const char *close)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	for (size_t i = 0; i < n; i++)
		fputs(open, to);
	fputs(middle, to);
	for (size_t i = 0; i < n; i++)
		fputs(close, to);
	fclose(to);
	return text;
}

static void huge_and_deep_texts_are_refused_and_never_overflow(void **state)
{
	(void)state;
	const struct {
		size_t n;
		const char *open, *middle, *close, *says;
	} rows[] = {
	    {EXPR_NESTING_MAX, "(", "a.x < 1", ")", NULL},
	    {EXPR_NESTING_MAX + 1, "(", "a.x < 1", ")", "deep within each other"},
	    {EXPR_NESTING_MAX, "not (", "a.x < 1", ")", NULL},
	    {2000, "(", "", "", "deep within each other"},
	    {1 << 20, "(", "a.x < 1", "", "at most 4096"},
	    {1 << 18, "not ", "a.x < 1", "", "at most 4096"},
	    {1 << 20, "a", "", "", "at most 4096"},
	    {4000, "a", "", "", "a measurement like"},
	    {4000, "1", "", "", "a measurement like"},
	    {300, "a.x < 1 or ", "b.y < 2", "", NULL},
	    {4000, " ", "", "", "empty"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = nested(rows[i].n, rows[i].open, rows[i].middle, rows[i].close);
		struct expr expr;
		struct expr_fault fault;
		int bad = expr_parse(text, &expr, &fault);
		if (rows[i].says) {
			assert_int_equal(bad, -1);
			if (!strstr(fault.text, rows[i].says))
				fail_msg("row %zu: %s", i, fault.text);
			struct faults faults = {0};
			expr_tell(&faults, "f", 1, "x", text, &fault);
			assert_true(strlen(faults.items[0].text) < 600);
			faults_release(&faults);
		} else {
			assert_int_equal(bad, 0);
			expr_release(&expr);
		}
		free(text);
	}
}

static void random_bytes_are_taken_or_refused_but_do_no_harm(void **state)
{
	(void)state;
	static const char *const words[] = {
	    "all ", "any ", "not ",  "(", ")",  " and ", " or ", " for ", "10 s",  " since ", "a.x", " < ", "1",
	    " N",   "on(",  "kind:", ".", "e9", "-",     "\xff", "\n",    "a.x<1", " deg",    "%",   "="};
	unsigned seed = 7;
	size_t taken = 0;
	for (int round = 0; round < 20000; round++) {
		char text[256] = "";
		size_t n = 1 + (size_t)rand_r(&seed) % 12;
		for (size_t i = 0; i < n; i++)
			strcat(text, words[(size_t)rand_r(&seed) % (sizeof words / sizeof *words)]);
		struct expr expr;
		struct expr_fault fault;
		if (expr_parse(text, &expr, &fault) == 0) {
			taken++;
			expr_release(&expr);
		} else {
			assert_true(fault.at <= strlen(text));
			assert_true(fault.text[0] != '\0');
		}
	}
	assert_true(taken > 50);
}

static void a_fault_shows_the_character_and_a_caret_below_the_text(void **state)
{
	(void)state;
	struct faults faults = {0};
	struct expr_fault fault;
	struct expr expr;
	assert_int_equal(expr_parse("all inversion.tilt <= 10 foo", &expr, &fault), -1);
	expr_tell(&faults, "rules.cfg", 12, "only_while of rule 'x'", "all inversion.tilt <= 10 foo", &fault);
	assert_string_equal(faults.items[0].file, "rules.cfg");
	assert_int_equal(faults.items[0].line, 12);
	assert_string_equal(
	    faults.items[0].text,
	    "only_while of rule 'x', character 26: 'foo' is no unit that is known: one like deg, N, degC or "
	    "kPa was expected\n"
	    "    all inversion.tilt <= 10 foo\n"
	    "                             ^");
	faults_release(&faults);
}

static void a_long_text_is_cut_around_the_caret(void **state)
{
	(void)state;
	char text[1024];
	memset(text, ' ', sizeof text);
	memcpy(text + 500, "foo", 3);
	text[sizeof text - 1] = '\0';
	struct faults faults = {0};
	expr_tell(&faults, "f", 1, "x", text, &(struct expr_fault){.at = 500, .text = "wrong"});
	char *line = strchr(faults.items[0].text, '\n') + 1, *caret = strchr(line, '\n') + 1;
	assert_true(caret - line < 120);
	assert_memory_equal(line + (strchr(caret, '^') - caret), "foo", 3);
	faults_release(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_become_the_trees_that_the_grammar_says),
	    cmocka_unit_test(what_is_not_understood_is_refused_where_it_stands_and_says_what_was_expected),
	    cmocka_unit_test(huge_and_deep_texts_are_refused_and_never_overflow),
	    cmocka_unit_test(random_bytes_are_taken_or_refused_but_do_no_harm),
	    cmocka_unit_test(a_fault_shows_the_character_and_a_caret_below_the_text),
	    cmocka_unit_test(a_long_text_is_cut_around_the_caret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
