/* SPDX-License-Identifier: Apache-2.0
 * The state file's bytes: what the core remembers, framed so that nothing but a whole and undamaged file is believed.
 * docs/state-file.md is the format. Pure but for memory; one thread. */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include "core/core.h"
#include "therapy/v1/memory.pb-c.h"

#define STATE_SIZE_MAX (16u * 1024 * 1024) /* a longer file is none of ours */

/* What is about to be written. Its memory is kept from one time to the next. */
struct state_image {
	Therapy__V1__Memory head; /* filled by the user; rows are state_image's */
	Therapy__V1__MemoryRow *rows;
	Therapy__V1__MemoryRow **pointers;
	size_t *keys; /* by row: where its key begins in `text` */
	char *text;
	double *numbers;
	size_t n, cap, n_text, cap_text, n_numbers, cap_numbers;
	uint8_t *bytes;
	size_t size, cap_bytes;
	bool failed; /* no memory: nothing can be packed */
};

void state_image_begin(struct state_image *image);
/* Fits core_remember: `user` is the image. */
void state_image_add(void *user, const struct core_row *row);
/* Makes image->bytes of it. 0, or -1 without memory. */
int state_image_pack(struct state_image *image);
void state_image_release(struct state_image *image);

/* What was read. */
struct state {
	Therapy__V1__Memory *memory; /* NULL: nothing */
	struct core_row *rows;
	size_t n;
};

/* 0, or -1: damaged, of another version or of another gateway; nothing to release then. */
int state_parse(const uint8_t *bytes, size_t size, const char *gateway_id, struct state *out);
void state_release(struct state *state);

#endif
