/* SPDX-License-Identifier: Apache-2.0
 * The tables of language.c; nobody else includes it. Each file is one table, its entries in the order of strcmp. */
#ifndef BASE_LANGUAGE_TABLES_H
#define BASE_LANGUAGE_TABLES_H

#include "base/language.h"

struct language_table language_de_sentences(void);
struct language_table language_de_names(void);
struct language_table language_de_page(void);

#endif
