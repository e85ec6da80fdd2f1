/* SPDX-License-Identifier: Apache-2.0
 * The names of the values 0, 1, 2, ... in one text: "off|low|medium|high". NULL or "" has none. Pure. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* What they may be made of: rules write them, and shells need not quote them. */
#define WORDS_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

size_t words_count(const char *words);
/* The word of `value`, `size` bytes and no NUL behind it; NULL: that value has none. */
const char *words_of(const char *words, double value, size_t *size);
/* Which value is `word`, `size` bytes, the name of? False, and *out untouched: of none. */
bool words_value(const char *words, const char *word, size_t size, double *out);
/* "off, low, medium, high" */
void words_list(struct str *out, const char *words);

#endif
