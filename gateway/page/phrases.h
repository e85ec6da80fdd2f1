/* SPDX-License-Identifier: Apache-2.0
 *
 * phrases - what the page itself says, in the language that was chosen, and the page with it in its places. Pure but
 * for memory; start-up only.
 */
#ifndef PAGE_PHRASES_H
#define PAGE_PHRASES_H

#include <stddef.h>

#include "base/language.h"

/* `text` of `size` bytes with each {{KEY}} replaced by its word for HTML, {{language}} by the language's code, and
 * {{words}} by all words that the script says, as JSON for an attribute in double quotes. The caller frees; NULL: no
 * memory, or a key that there is not. */
char *phrases_fill(enum language language, const char *text, size_t size, size_t *out_size);

#endif
