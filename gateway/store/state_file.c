/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MAGIC       "THERAPYS"
#define MAGIC_BYTES 8u
#define VERSION     1u
#define HEAD_BYTES  16u /* magic, version, length of the payload */
#define TAIL_BYTES  4u  /* CRC-32 of everything before it */

static void put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)at[i] << (8 * i);
	return value;
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)size);
}

/* ---- written ---- */

static int room(void *items, size_t *cap, size_t needed, size_t size)
{
	void **at = items;
	if (needed <= *cap)
		return 0;
	size_t more = *cap * 2 > needed ? *cap * 2 : needed + 16;
	void *grown = realloc(*at, more * size);
	if (!grown)
		return -1;
	*at = grown;
	*cap = more;
	return 0;
}

void state_image_begin(struct state_image *image)
{
	image->n = image->n_text = image->n_numbers = image->size = 0;
	image->failed = false;
	image->head = (Therapy__V1__Memory)THERAPY__V1__MEMORY__INIT;
}

static int more_rows(struct state_image *image)
{
	size_t cap = image->cap, same = cap, again = cap;
	if (room(&image->rows, &cap, image->n + 1, sizeof *image->rows) ||
	    room(&image->pointers, &same, image->n + 1, sizeof(Therapy__V1__MemoryRow *)) ||
	    room(&image->keys, &again, image->n + 1, sizeof *image->keys))
		return -1;
	image->cap = cap;
	return 0;
}

void state_image_add(void *user, const struct core_row *row)
{
	struct state_image *image = user;
	size_t size = strlen(row->key) + 1;
	if (image->failed || more_rows(image) || room(&image->text, &image->cap_text, image->n_text + size, 1) ||
	    room(&image->numbers, &image->cap_numbers, image->n_numbers + row->n, sizeof *image->numbers)) {
		image->failed = true;
		return;
	}
	Therapy__V1__MemoryRow *to = &image->rows[image->n];
	*to = (Therapy__V1__MemoryRow)THERAPY__V1__MEMORY_ROW__INIT;
	to->kind = (Therapy__V1__MemoryKind)(row->kind + 1);
	to->n_numbers = row->n;
	memcpy(image->text + image->n_text, row->key, size);
	if (row->n)
		memcpy(image->numbers + image->n_numbers, row->numbers, row->n * sizeof *row->numbers);
	image->keys[image->n++] = image->n_text;
	image->n_text += size;
	image->n_numbers += row->n;
}

int state_image_pack(struct state_image *image)
{
	size_t numbers = 0;
	for (size_t i = 0; i < image->n; i++) { /* only now does nothing move any more */
		image->rows[i].key = image->text + image->keys[i];
		image->rows[i].numbers = image->numbers + numbers;
		numbers += image->rows[i].n_numbers;
		image->pointers[i] = &image->rows[i];
	}
	image->head.n_rows = image->n;
	image->head.rows = image->pointers;
	size_t payload = therapy__v1__memory__get_packed_size(&image->head);
	if (image->failed || payload > STATE_SIZE_MAX - HEAD_BYTES - TAIL_BYTES ||
	    room(&image->bytes, &image->cap_bytes, HEAD_BYTES + payload + TAIL_BYTES, 1))
		return -1;
	memcpy(image->bytes, MAGIC, MAGIC_BYTES);
	put_u32(image->bytes + 8, VERSION);
	put_u32(image->bytes + 12, (uint32_t)payload);
	therapy__v1__memory__pack(&image->head, image->bytes + HEAD_BYTES);
	image->size = HEAD_BYTES + payload;
	put_u32(image->bytes + image->size, checksum(image->bytes, image->size));
	image->size += TAIL_BYTES;
	return 0;
}

void state_image_release(struct state_image *image)
{
	free(image->rows);
	free(image->pointers);
	free(image->keys);
	free(image->text);
	free(image->numbers);
	free(image->bytes);
	*image = (struct state_image){0};
}

/* ---- read ---- */

static bool whole(const uint8_t *bytes, size_t size)
{
	return size >= HEAD_BYTES + TAIL_BYTES && size <= STATE_SIZE_MAX && memcmp(bytes, MAGIC, MAGIC_BYTES) == 0 &&
	       get_u32(bytes + 8) == VERSION && get_u32(bytes + 12) == size - HEAD_BYTES - TAIL_BYTES &&
	       get_u32(bytes + size - TAIL_BYTES) == checksum(bytes, size - TAIL_BYTES);
}

int state_parse(const uint8_t *bytes, size_t size, const char *gateway_id, struct state *out)
{
	if (!whole(bytes, size))
		return -1;
	Therapy__V1__Memory *memory =
	    therapy__v1__memory__unpack(NULL, size - HEAD_BYTES - TAIL_BYTES, bytes + HEAD_BYTES);
	struct core_row *rows = memory ? calloc(memory->n_rows + 1, sizeof *rows) : NULL;
	if (!rows || strcmp(memory->gateway_id, gateway_id) != 0) {
		free(rows);
		therapy__v1__memory__free_unpacked(memory, NULL);
		return -1;
	}
	*out = (struct state){.memory = memory, .rows = rows};
	for (size_t i = 0; i < memory->n_rows; i++) {
		const Therapy__V1__MemoryRow *row = memory->rows[i];
		if (row->kind <= THERAPY__V1__MEMORY_KIND__MEMORY_KIND_UNSPECIFIED ||
		    row->kind > THERAPY__V1__MEMORY_KIND__MEMORY_KIND_TRIP)
			continue; /* of a later version */
		rows[out->n++] =
		    (struct core_row){(enum core_row_kind)(row->kind - 1), row->key, row->numbers, row->n_numbers};
	}
	return 0;
}

void state_release(struct state *state)
{
	free(state->rows);
	therapy__v1__memory__free_unpacked(state->memory, NULL);
	*state = (struct state){0};
}
