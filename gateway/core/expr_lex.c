/* SPDX-License-Identifier: Apache-2.0 */
#include "core/expr_lex.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"

#define NUMBER_MAX 64u /* characters of a number or duration; longer ones are no numbers that people write */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

/* The character `ahead` of where the lexer stands; NUL past the end. */
static char look(const struct lexer *lexer, uint32_t at)
{
	return at < lexer->size ? lexer->text[at] : '\0';
}

uint32_t lex_skip(struct lexer *lexer)
{
	while (lexer->at < lexer->size && strchr(" \t\r\n", lexer->text[lexer->at]))
		lexer->at++;
	return lexer->at;
}

struct expr_slice lex_peek_word(struct lexer *lexer)
{
	struct expr_slice word = {lex_skip(lexer), 0};
	while (is_word(look(lexer, word.at + word.size)))
		word.size++;
	return word;
}

bool lex_is(const struct lexer *lexer, struct expr_slice slice, const char *word)
{
	return strlen(word) == slice.size && memcmp(lexer->text + slice.at, word, slice.size) == 0;
}

bool lex_take_word(struct lexer *lexer, const char *word)
{
	struct expr_slice next = lex_peek_word(lexer);
	if (!lex_is(lexer, next, word) || look(lexer, next.at + next.size) == '.')
		return false;
	lexer->at = next.at + next.size;
	return true;
}

bool lex_take(struct lexer *lexer, const char *text)
{
	uint32_t at = lex_skip(lexer);
	size_t size = strlen(text);
	if (size > lexer->size - at || memcmp(lexer->text + at, text, size) != 0)
		return false;
	lexer->at = at + (uint32_t)size;
	return true;
}

bool lex_take_duration(struct lexer *lexer, uint64_t *out_ms)
{
	uint32_t at = lex_skip(lexer), end = at;
	while (is_digit(look(lexer, end)))
		end++;
	if (end == at)
		return false;
	if (look(lexer, end) == '.' && is_digit(look(lexer, end + 1)))
		for (end++; is_digit(look(lexer, end));)
			end++;
	while (look(lexer, end) == ' ')
		end++;
	uint32_t unit = end;
	while (is_word(look(lexer, end)))
		end++;
	char text[NUMBER_MAX];
	if (end == unit || end - at >= sizeof text)
		return false;
	memcpy(text, lexer->text + at, end - at);
	text[end - at] = '\0';
	if (look(lexer, end) == '.' || !unit_duration(text, out_ms))
		return false;
	lexer->at = end;
	return true;
}

bool lex_take_number(struct lexer *lexer, double *out)
{
	uint32_t at = lex_skip(lexer), end = at, digits = 0;
	if (look(lexer, end) == '+' || look(lexer, end) == '-')
		end++;
	for (; is_digit(look(lexer, end)); end++)
		digits++;
	if (look(lexer, end) == '.')
		for (end++; is_digit(look(lexer, end)); end++)
			digits++;
	if (digits == 0)
		return false;
	if (look(lexer, end) == 'e' || look(lexer, end) == 'E') {
		uint32_t exponent = end + 1;
		if (look(lexer, exponent) == '+' || look(lexer, exponent) == '-')
			exponent++;
		if (is_digit(look(lexer, exponent)))
			for (end = exponent; is_digit(look(lexer, end));)
				end++;
	}
	char text[NUMBER_MAX];
	if (end - at >= sizeof text)
		return false;
	memcpy(text, lexer->text + at, end - at);
	text[end - at] = '\0';
	*out = strtod(text, NULL);
	lexer->at = end;
	return true;
}

struct expr_slice lex_take_unit(struct lexer *lexer)
{
	struct expr_slice unit = {lex_skip(lexer), 0};
	for (char c; c = look(lexer, unit.at + unit.size), is_letter(c) || c == '/' || c == '%';)
		unit.size++;
	lexer->at = unit.at + unit.size;
	return unit;
}

const char *lex_found(struct lexer *lexer, char buffer[48])
{
	uint32_t at = lex_skip(lexer);
	if (at == lexer->size)
		return "the end";
	struct expr_slice word = lex_peek_word(lexer);
	unsigned char first = (unsigned char)lexer->text[at];
	struct str s;
	str_init(&s, buffer, 48);
	if (word.size > 0)
		str_add(&s, "'%.*s%s'", (int)(word.size < 32 ? word.size : 32), lexer->text + at,
			word.size > 32 ? "..." : "");
	else if (first > ' ' && first < 0x7f)
		str_add(&s, "'%c'", first);
	else
		str_add(&s, "byte 0x%02x", first);
	return buffer;
}
