/* SPDX-License-Identifier: Apache-2.0
 * What a live stream and a replayed one have in common. For stream.c and replay.c only. */
#ifndef LINK_STREAM_INSIDE_H
#define LINK_STREAM_INSIDE_H

#include <stdbool.h>

#include "link/stream.h"

struct stream_ops {
	int (*write)(struct stream *stream, const uint8_t *data, size_t size);
	/* Begins to close the handles; the last of them calls stream_closed. */
	void (*close)(struct stream *stream);
};

struct stream {
	const struct stream_ops *ops;
	struct stream_callbacks callbacks;
	size_t most;  /* bytes to hand on in a turn; 0: STREAM_READ_MAX */
	bool lost;    /* told, or about to be */
	bool closing; /* no callback but `closed` from now on */
	void (*closed)(void *user);
	void *closed_user;
};

/* Calls `lost` unless that was done, or the stream is being closed. */
void stream_lose(struct stream *stream, const char *why);
/* All handles are closed: frees the stream, then calls `closed`. */
void stream_closed(struct stream *stream);

#endif
