/* SPDX-License-Identifier: Apache-2.0
 *
 * wire - one end of the stream between the gateway and a device process: length-prefixed protobuf (docs/wire.md) with
 * descriptors beside it. Never blocks: what the peer does not take waits in a bounded buffer, and a peer that takes
 * nothing at all is told to the caller as UV_ENOBUFS. On the loop's thread; memory is taken once, at wire_new.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>
#include <uv.h>

#include "wire/framing.h"

struct wire_callbacks {
	void *user;
	/* One message; the bytes are valid in the callback only. */
	void (*message)(void *user, const uint8_t *data, size_t size);
	/* The peer is gone, or sent what cannot be a message; called once, then nothing more comes. */
	void (*lost)(void *user, const char *why);
};

struct wire;

/* Takes `fd`, a connected Unix stream socket (owned from now on). 0 or a negative UV_E* code (the caller keeps fd). */
int wire_new(uv_loop_t *loop, int fd, const struct wire_callbacks *callbacks, struct wire **out);
/* Sends a message, with descriptor `fd` attached unless it is -1 (the caller may close it afterwards). 0, UV_ENOBUFS
 * when the peer does not read (nothing of it was taken), UV_EPIPE when it is gone. */
int wire_send(struct wire *wire, const ProtobufCMessage *message, int fd);
/* Bytes that the peer has not taken yet. */
size_t wire_waiting(const struct wire *wire);
/* The oldest descriptor that arrived, now the caller's; -1 if there is none. */
int wire_take_fd(struct wire *wire);
/* Hands on every whole message that has arrived by now; the peer's end is not told. For a peer that is known to be
 * gone: what it said last may still lie in the socket. */
void wire_drain(struct wire *wire);
/* An allocator whose memory is the wire's own and is given back all at once before each message callback: for unpacking
 * what that callback got. */
ProtobufCAllocator *wire_allocator(struct wire *wire);
/* Closes and frees; `closed` (may be NULL) is called once. */
void wire_close(struct wire *wire, void (*closed)(void *user), void *user);

#endif
