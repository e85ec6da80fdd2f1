/* SPDX-License-Identifier: Apache-2.0
 *
 * stream - the device process's side of a byte link: reads and writes a descriptor it was given. It stamps bytes when
 * they arrive and never blocks; what cannot be written at once waits in a bounded buffer. On the loop's thread.
 */
#ifndef LINK_STREAM_H
#define LINK_STREAM_H

#include <stdbool.h>
#include <uv.h>

#define STREAM_READ_MAX  4096u /* bytes handed on at a time */
#define STREAM_WRITE_MAX 8192u

struct stream_callbacks {
	void *user;
	/* Bytes that arrived, at most STREAM_READ_MAX; `now_ms` CLOCK_BOOTTIME, read right after read(2). */
	void (*bytes)(void *user, uint64_t now_ms, const uint8_t *data, size_t size);
	/* The other end is gone or failed; called once, not from inside another call. `why` is one sentence. */
	void (*lost)(void *user, const char *why);
	/* Of a recording only: a message from `address`; data[size] is a NUL. NULL: its lines are taken for bytes. */
	void (*message)(void *user, uint64_t now_ms, const char *address, const uint8_t *data, size_t size,
			bool retained);
	/* Of packets (link/packets.h) only: a message on a channel; data[size] is a NUL. */
	void (*packet)(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size);
};

struct stream;

/* Takes `fd` (owned from now on). 0 or a negative UV_E* code (the caller keeps fd). */
int stream_new(uv_loop_t *loop, int fd, const struct stream_callbacks *callbacks, struct stream **out);
/* A recording instead of a live link: `fd` is a file as docs/recording-format.md describes; `speed` as in link_address.
 */
int stream_new_replay(uv_loop_t *loop, int fd, double speed, const struct stream_callbacks *callbacks,
		      struct stream **out);
/* From now on at most `size` bytes, 1 to STREAM_READ_MAX, are handed on in a turn of the loop: for whoever needs long
 * for each. Recordings have a pace of their own. */
void stream_hand_on(struct stream *stream, size_t size);
/* Writes all of it, now or when the descriptor can take it. UV_ENOBUFS: it does not fit, and nothing of it was taken.
 */
int stream_write(struct stream *stream, const uint8_t *data, size_t size);
/* Closes and frees; `closed` is called once. */
void stream_close(struct stream *stream, void (*closed)(void *user), void *user);

#endif
