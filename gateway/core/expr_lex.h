/* SPDX-License-Identifier: Apache-2.0
 * Cuts the text of a condition into pieces. Where a word ends depends on what is expected there ("10-pad" is a device,
 * "10 min" a duration), so the parser asks for what it wants. */
#ifndef CORE_EXPR_LEX_H
#define CORE_EXPR_LEX_H

#include "core/expr.h"

struct lexer {
	const char *text;
	uint32_t size, at;
};

/* Skips white space and returns where the next piece starts. */
uint32_t lex_skip(struct lexer *lexer);
/* The run of letters, digits, '_' and '-' that comes next; size 0 if none does. Not taken. */
struct expr_slice lex_peek_word(struct lexer *lexer);
bool lex_is(const struct lexer *lexer, struct expr_slice slice, const char *word);
/* Takes the word if it is the next one and no '.' follows (then it would be a name). */
bool lex_take_word(struct lexer *lexer, const char *word);
/* Takes the text if it comes next. */
bool lex_take(struct lexer *lexer, const char *text);
/* Is a duration next? Then it is taken. A word that is a name, because a '.' and a letter follow, is none. */
bool lex_take_duration(struct lexer *lexer, uint64_t *out_ms);
/* Takes a decimal number, perhaps with sign and exponent. False, and nothing taken, if there is none; one that is too
 * large for a double comes back as infinite. */
bool lex_take_number(struct lexer *lexer, double *out);
/* Takes what may be a unit: letters, '/' and '%'. */
struct expr_slice lex_take_unit(struct lexer *lexer);
/* What comes next, for fault texts: "'foo'" or "the end". */
const char *lex_found(struct lexer *lexer, char buffer[48]);

#endif
