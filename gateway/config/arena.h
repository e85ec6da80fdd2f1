/* SPDX-License-Identifier: Apache-2.0
 * Memory that is freed all at once: everything a configuration consists of. Start-up only, one thread. Out of memory
 * ends the program: nothing is energised yet, and half a configuration must not be taken for a whole one. */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stddef.h>

struct arena_piece;
struct arena {
	struct arena_piece *pieces;
};

/* `n` zeroed items of `size` bytes, aligned for anything. n 0 gives a valid pointer to nothing. */
void *arena_new(struct arena *arena, size_t n, size_t size);
/* A copy of `size` bytes of `text`, with a NUL behind. */
char *arena_copy(struct arena *arena, const char *text, size_t size);
/* A new string as printf makes it. */
char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees everything that came from it; the arena is empty and usable again. */
void arena_release(struct arena *arena);

#endif
