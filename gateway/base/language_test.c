/* SPDX-License-Identifier: Apache-2.0 */
#include "base/language.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"

#define ARGUMENTS 8u

/* What a format takes, argument by argument: "s", "lu", "*s" of "%.*s" is two: "*" and "s". */
struct arguments {
	char types[ARGUMENTS][8];
	size_t n;
	bool numbered, bad;
};

static void put(struct arguments *to, size_t at, const char *type)
{
	if (at >= ARGUMENTS || (to->types[at][0] && strcmp(to->types[at], type) != 0)) {
		to->bad = true;
		return;
	}
	snprintf(to->types[at], sizeof to->types[at], "%s", type);
	to->n = at + 1 > to->n ? at + 1 : to->n;
}

/* The number before '$', from 1; 0: none. Moves *at behind it. */
static size_t numbered(const char **at)
{
	char *end;
	unsigned long n = strtoul(*at, &end, 10);
	if (end == *at || *end != '$')
		return 0;
	*at = end + 1;
	return n;
}

static void take_star(const char **at, size_t *next, struct arguments *to)
{
	++*at;
	size_t n = numbered(at);
	put(to, n ? n - 1 : (*next)++, "*");
}

static struct arguments arguments_of(const char *format)
{
	struct arguments out = {.n = 0};
	size_t next = 0;
	for (const char *at = format; (at = strchr(at, '%'));) {
		char type[8];
		size_t n, size;
		if (*++at == '%') {
			at++;
			continue;
		}
		n = numbered(&at);
		out.numbered |= n > 0;
		at += strspn(at, "-+ #0123456789");
		if (*at == '*')
			take_star(&at, &next, &out);
		if (*at == '.' && *++at == '*')
			take_star(&at, &next, &out);
		at += strspn(at, "0123456789");
		size = strspn(at, "hljzt");
		snprintf(type, sizeof type, "%.*s", (int)size + 1, at);
		if (!strchr("sduxgfc", at[size]))
			out.bad = true;
		put(&out, n ? n - 1 : next++, type);
		at += size + (at[size] != '\0');
	}
	for (size_t i = 0; i < out.n; i++)
		out.bad |= out.types[i][0] == '\0'; /* one left out: printf would not know its size */
	return out;
}

static bool takes_the_same(const char *a, const char *b)
{
	struct arguments x = arguments_of(a), y = arguments_of(b);
	bool same = !x.bad && !y.bad && x.n == y.n && !x.numbered;
	for (size_t i = 0; same && i < x.n; i++)
		same = strcmp(x.types[i], y.types[i]) == 0;
	return same;
}

static bool is_utf8(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : 9;
		for (at++; more > 0 && more < 9; more--, at++)
			if (*at >> 6 != 2)
				return false;
		if (more == 9)
			return false;
	}
	return true;
}

static void each_entry(void (*check)(const struct language_entry *))
{
	for (int language = LANGUAGE_EN + 1; language < LANGUAGE_COUNT_; language++)
		for (size_t t = 0; t < LANGUAGE_TABLES; t++) {
			struct language_table table = language_table((enum language)language, t);
			assert_true(table.n > 0);
			for (size_t i = 0; i < table.n; i++)
				check(&table.entries[i]);
		}
}

static void check_arguments(const struct language_entry *e)
{
	if (!takes_the_same(e->english, e->other))
		fail_msg("these do not take the same arguments:\n  %s\n  %s", e->english, e->other);
}

static void every_translation_takes_the_same_arguments(void **state)
{
	(void)state;
	each_entry(check_arguments);
	assert_true(takes_the_same("%s of %u", "%2$u von %1$s"));
	assert_true(takes_the_same("%.*s is %.1f s", "%3$.1f s ist %2$.*1$s"));
	assert_false(takes_the_same("%s of %u", "%u von %s"));
	assert_false(takes_the_same("%s of %u", "%s"));
	assert_false(takes_the_same("%s", "%s%s"));
	assert_false(takes_the_same("%s of %s", "%2$s")); /* the first would have no type */
	assert_false(takes_the_same("%d", "%ld"));
	assert_false(takes_the_same("50 %", "50 %%"));
}

static void check_text(const struct language_entry *e)
{
	assert_true(e->english[0] != '\0' && e->other[0] != '\0');
	assert_true(is_utf8(e->other));
	assert_true(strlen(e->other) <= 255); /* what Home Assistant shows of a state */
	/* Sentences go on after them, or begin with them. */
	assert_int_equal(e->english[0] == ' ' || e->english[0] == ',' || e->english[0] == ';',
			 e->other[0] == ' ' || e->other[0] == ',' || e->other[0] == ';');
	assert_int_equal(e->english[strlen(e->english) - 1] == ' ', e->other[strlen(e->other) - 1] == ' ');
}

static void every_translation_is_text_that_can_be_shown(void **state)
{
	(void)state;
	each_entry(check_text);
	assert_true(is_utf8("Wärme"));
	assert_false(is_utf8("W\xe4rme"));
	assert_false(is_utf8("W\xc3"));
}

static void tables_are_in_order_and_have_nothing_twice(void **state)
{
	(void)state;
	for (int language = LANGUAGE_EN + 1; language < LANGUAGE_COUNT_; language++)
		for (size_t t = 0; t < LANGUAGE_TABLES; t++) {
			struct language_table table = language_table((enum language)language, t);
			for (size_t i = 1; i < table.n; i++)
				if (strcmp(table.entries[i - 1].english, table.entries[i].english) >= 0)
					fail_msg("'%s' must stand before '%s'", table.entries[i].english,
						 table.entries[i - 1].english);
		}
}

static void each_text_is_found_and_what_is_unknown_stays_english(void **state)
{
	(void)state;
	for (size_t t = 0; t < LANGUAGE_TABLES; t++) {
		struct language_table table = language_table(LANGUAGE_DE, t);
		for (size_t i = 0; i < table.n; i++)
			assert_string_equal(language_say(LANGUAGE_DE, table.entries[i].english),
					    table.entries[i].other);
	}
	assert_string_equal(language_say(LANGUAGE_EN, "Stop"), "Stop");
	assert_string_equal(language_say(LANGUAGE_DE, "Stop"), "Stopp");
	assert_string_equal(language_say(LANGUAGE_DE, "Flux capacitor"), "Flux capacitor");
	assert_string_equal(language_say(LANGUAGE_COUNT_, "Stop"), "Stop");
}

/* Discovery may say a name again that is said already, and puts names into others. */
static void names_may_be_said_twice_and_fit_into_others(void **state)
{
	(void)state;
	for (int language = LANGUAGE_EN + 1; language < LANGUAGE_COUNT_; language++) {
		struct language_table names = language_table((enum language)language, 1);
		for (size_t i = 0; i < names.n; i++) {
			const char *said = names.entries[i].other;
			assert_string_equal(language_say((enum language)language, said), said);
			assert_true(strlen(said) < 80);
		}
	}
}

static void every_language_has_a_name_for_the_configuration(void **state)
{
	(void)state;
	for (int language = 0; language < LANGUAGE_COUNT_; language++)
		assert_int_equal(strlen(language_codes[language]), 2);
	assert_null(language_codes[LANGUAGE_COUNT_]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_translation_takes_the_same_arguments),
	    cmocka_unit_test(every_translation_is_text_that_can_be_shown),
	    cmocka_unit_test(tables_are_in_order_and_have_nothing_twice),
	    cmocka_unit_test(each_text_is_found_and_what_is_unknown_stays_english),
	    cmocka_unit_test(names_may_be_said_twice_and_fit_into_others),
	    cmocka_unit_test(every_language_has_a_name_for_the_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
