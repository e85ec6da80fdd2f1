/* SPDX-License-Identifier: Apache-2.0
 *
 * journal - events that must not be lost: numbered, in order, kept until somebody says that they were delivered, over a
 * restart too. A bounded list in memory, and a spool file beside it that a worker thread of libuv writes and syncs, in
 * batches. On the loop's thread; nothing here waits for the disk.
 *
 * A record leaves the gateway only once it is on disk: what was published is therefore remembered, and no number is
 * given twice. Where there is no file, or the disk refuses, records wait in memory and leave at once; that is said.
 * When there are too many the least important go first (delivered ones, then LOW, MEDIUM, HIGH; of each the oldest),
 * and are counted. At least once: what was delivered just before a crash is delivered again under the same number.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define JOURNAL_SIZE_MAX 8192u /* bytes of one record */

struct journal_config {
	const char *path;  /* the spool file; NULL: memory only */
	size_t records;    /* that are kept; 2048 unless 0 */
	size_t bytes;      /* that they may have together; 1 MiB unless 0 */
	uint32_t sweep_ms; /* what was delivered is struck from the file within this; 5000 unless 0 */
};

struct journal_callbacks {
	void *user;
	void (*ready)(void *user);                   /* more records may leave now */
	void (*failed)(void *user, const char *why); /* the disk refused; told once until it works again */
};

struct journal_record {
	uint64_t sequence;
	unsigned priority; /* 0: the first to go */
	bool delivered;
	const uint8_t *bytes; /* valid until the next call that changes the journal */
	size_t size;
};

struct journal_counters {
	/* Since the start: recovered + added = delivered + waiting + dropped. */
	uint64_t added; /* also those that there was no memory for */
	uint64_t delivered;
	uint64_t dropped; /* before they were delivered */
	uint64_t waiting;
	uint64_t recovered; /* found in the file at the start, not delivered */
	uint64_t damaged;   /* bytes in it that were none of ours */
};

struct journal;

/* Reads what an earlier run left (the one moment in which this waits for the disk). 0, or a negative UV_E* code; a file
 * that cannot be read or written is no error, `failed` tells it, from the loop. */
int journal_new(uv_loop_t *loop, const struct journal_config *config, const struct journal_callbacks *callbacks,
		struct journal **out);
/* The number that the next record will have; from 1. */
uint64_t journal_next(const struct journal *journal);
/* Takes a copy. 0, UV_ENOMEM or UV_E2BIG; the number is used up in any case, so that the loss shows. */
int journal_add(struct journal *journal, const void *bytes, size_t size, unsigned priority);
/* The first record after `sequence` that waits to be delivered and may leave. False: there is none. */
bool journal_waiting(const struct journal *journal, uint64_t sequence, struct journal_record *out);
/* The first record after `sequence` that is still known, delivered or not. False: there is none. */
bool journal_after(const struct journal *journal, uint64_t sequence, struct journal_record *out);
void journal_delivered(struct journal *journal, uint64_t sequence);
struct journal_counters journal_counters(const struct journal *journal);
/* Writes what is still to be written, frees, then calls `closed`. */
void journal_close(struct journal *journal, void (*closed)(void *user), void *user);

#endif
