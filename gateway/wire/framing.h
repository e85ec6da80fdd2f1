/* SPDX-License-Identifier: Apache-2.0
 *
 * framing - what every stream of messages here has in common: the length before each, and memory to unpack one in that
 * a peer cannot make grow. wire.c uses it on the loop, gateway/program in calls that wait. One thread.
 */
#ifndef WIRE_FRAMING_H
#define WIRE_FRAMING_H

#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

#define WIRE_MESSAGE_MAX 262144u /* bytes of one message: 4096 readings of 24 bytes, with room */
#define WIRE_PREFIX      4u      /* bytes of its length, little endian */

static inline void wire_put_size(uint8_t at[WIRE_PREFIX], size_t size)
{
	for (unsigned i = 0; i < WIRE_PREFIX; i++)
		at[i] = (uint8_t)(size >> (8 * i));
}

static inline size_t wire_get_size(const uint8_t at[WIRE_PREFIX])
{
	return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

/* What one message is unpacked into. */
struct wire_arena {
	ProtobufCAllocator allocator;
	uint8_t *memory;
	size_t used;
};

/* 0 or UV_ENOMEM. The arena must not move afterwards. */
int wire_arena_init(struct wire_arena *arena);
void wire_arena_release(struct wire_arena *arena);
/* Takes back all of it at once. */
void wire_arena_reset(struct wire_arena *arena);

#endif
