/* SPDX-License-Identifier: Apache-2.0
 *
 * place - the file and the ones that SQLite keeps beside it, as files: made for the service alone, and set aside
 * without writing over anything. Blocks: the worker's thread.
 */
#ifndef HISTORY_PLACE_H
#define HISTORY_PLACE_H

#include <stddef.h>

/* Makes an empty file that its owner alone can read, or takes from one that is there, and what stands beside it, what
 * others may. 0 or a negative UV_E* code. */
int place_make(const char *path);
/* Removes the empty WAL that SQLite leaves of a file that it was only to look at. */
void place_tidy(const char *path);
/* Renames it to `path`.damaged-<UTC> (and -2, -3 ... where that is taken), its WAL and journal with it. `name`: the new
 * one. 0 or a negative UV_E* code: what was not renamed is where it was. */
int place_set_aside(const char *path, char *name, size_t cap);

#endif
