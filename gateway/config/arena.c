/* SPDX-License-Identifier: Apache-2.0 */
#include "config/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_piece {
	struct arena_piece *next;
	_Alignas(max_align_t) unsigned char bytes[];
};

void *arena_new(struct arena *arena, size_t n, size_t size)
{
	if (size && n > (SIZE_MAX - sizeof(struct arena_piece)) / size)
		abort();
	struct arena_piece *piece = calloc(1, sizeof *piece + n * size);
	if (!piece)
		abort();
	piece->next = arena->pieces;
	arena->pieces = piece;
	return piece->bytes;
}

char *arena_copy(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_new(arena, size + 1, 1);
	memcpy(copy, text, size);
	return copy;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		abort();
	char *text = arena_new(arena, (size_t)size + 1, 1);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

void arena_release(struct arena *arena)
{
	while (arena->pieces) {
		struct arena_piece *piece = arena->pieces;
		arena->pieces = piece->next;
		free(piece);
	}
}
