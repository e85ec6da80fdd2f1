/* SPDX-License-Identifier: Apache-2.0
 * What settings' texts are checked with. Start-up only, one thread. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/arena.h"

/* Has it a control character (below 0x20, or 0x7f)? */
bool text_has_control(const char *text);
/* The one of `words` that `found` was probably meant to be: at most a third of its letters differ. NULL if none is
 * near. */
const char *text_nearest(const char *found, const char *const *words, size_t n);
/* `text` with every ${NAME} replaced from the environment, once (what was put in is not looked at again). NULL, with
 * the reason in `why` (256 bytes), if a variable is unset or empty, or a ${ is not closed. */
char *text_expand(struct arena *arena, const char *text, char why[256]);
/* `path` as seen from the directory of `file`: unchanged if absolute. */
char *text_path(struct arena *arena, const char *file, const char *path);

#endif
