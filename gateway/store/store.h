/* SPDX-License-Identifier: Apache-2.0
 * The directory in which the state file is kept: read once at start, written by a worker thread so that the loop never
 * waits for a disk. A write is whole or did not happen: temporary file, fsync, rename, fsync of the directory; the copy
 * before it is kept beside, and so is the space for the next one: a disk that others have filled still takes it. At
 * most one write runs; of what is handed over meanwhile only the latest is written.
 *
 * The directory is made at the first start ever and so tells it from one whose file is missing. All calls on the loop's
 * thread. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <sys/types.h>
#include <uv.h>

#include "store/state_file.h"

enum store_found {
	STORE_FIRST, /* there was no directory: the first start ever */
	STORE_GOOD,
	STORE_PREVIOUS, /* the file is missing or damaged, the copy before it is not */
	STORE_LOST,     /* both are */
};

struct store;

struct store_callbacks {
	void *user;
	/* Everything up to this revision is on the disk, or (error < 0) could not be written. */
	void (*written)(void *user, uint64_t revision, int error);
	void (*closed)(void *user);
};

int store_new(uv_loop_t *loop, const char *directory, const struct store_callbacks *callbacks, struct store **out);
/* Makes the directory if there is none, and takes it for this process: two that write one file would erase each other's
 * latches. Blocks: start-up only. 0; UV_EBUSY: another process has it, *holder is its id (0: unknown), do not read or
 * write; another negative UV_E* code: it cannot be taken now, and each write tries again before it writes. */
int store_take(struct store *store, pid_t *holder);

/* Makes the directory if there is none, and reads. Blocks: start-up only. *out is released by the caller, and empty if
 * nothing was read. 0, or a negative UV_E* code when the directory cannot be made or looked at; *found is set in any
 * case. */
int store_read(struct store *store, const char *gateway_id, enum store_found *found, struct state *out);

/* Copies the bytes. 0 or a negative UV_E* code; `written` is called once for it or for a later one. */
int store_write(struct store *store, const uint8_t *bytes, size_t size, uint64_t revision);
/* Something was handed over after what is being written, or was written last. */
bool store_waits(const struct store *store);
/* Writes what was handed over, then calls `closed` and frees. */
void store_close(struct store *store);

#endif
