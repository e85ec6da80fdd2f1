/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/framing.h"

#include <stdlib.h>
#include <uv.h>

/* What protobuf-c makes of one message: a pointer and a struct of 64 bytes per reading of at least 12 packed bytes. */
#define ARENA_SIZE (WIRE_MESSAGE_MAX * 8u)

static void *arena_alloc(void *data, size_t size)
{
	struct wire_arena *arena = data;
	size_t aligned = (size + 15u) & ~(size_t)15u;
	if (aligned < size || aligned > ARENA_SIZE - arena->used)
		return NULL;
	void *at = arena->memory + arena->used;
	arena->used += aligned;
	return at;
}

static void arena_free(void *data, void *pointer)
{
	(void)data;
	(void)pointer; /* all of it goes at the next message */
}

int wire_arena_init(struct wire_arena *arena)
{
	arena->memory = malloc(ARENA_SIZE); /* pages that are never touched cost nothing */
	arena->used = 0;
	arena->allocator = (ProtobufCAllocator){.alloc = arena_alloc, .free = arena_free, .allocator_data = arena};
	return arena->memory ? 0 : UV_ENOMEM;
}

void wire_arena_release(struct wire_arena *arena)
{
	free(arena->memory);
	arena->memory = NULL;
}

void wire_arena_reset(struct wire_arena *arena)
{
	arena->used = 0;
}
