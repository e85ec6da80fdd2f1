/* SPDX-License-Identifier: Apache-2.0
 * The journal's file: records one behind the other, each with its checksum. Reading finds every whole record, whatever
 * is between them: a torn end, a damaged byte. Any thread, one at a time; every call may wait for the disk.
 *
 * A record is "TGJ1", then little endian: size (4), CRC-32 of all that follows (4), kind (1), priority (1), 0 (2),
 * sequence (8), `size` bytes. */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#define SPOOL_HEADER 24u

enum spool_kind {
	SPOOL_RECORD = 1,
	SPOOL_DELIVERED = 2, /* all up to `sequence`, no bytes */
	SPOOL_NEXT = 3,      /* the next record has this number, no bytes */
};

struct spool_item {
	enum spool_kind kind;
	uint8_t priority;
	uint64_t sequence;
	const uint8_t *bytes;
	size_t size;
};

/* Writes the item to `out`, which has room for SPOOL_HEADER + size bytes. */
size_t spool_pack(const struct spool_item *item, uint8_t *out);
/* Hands every whole item to `take`, in order. Returns how many bytes were none. Pure. */
size_t spool_scan(const uint8_t *bytes, size_t size, void *user, void (*take)(void *user, const struct spool_item *));
/* The whole file, for the caller to free. 0; UV_ENOENT: there is none; another negative code. */
int spool_read(const char *path, uint8_t **bytes, size_t *size);
/* Appends and syncs. */
int spool_append(const char *path, const uint8_t *bytes, size_t size);
/* Replaces the file as a whole: after a crash it is the old one or the new one. */
int spool_replace(const char *path, const uint8_t *bytes, size_t size);

#endif
