/* SPDX-License-Identifier: Apache-2.0
 * Between a device's link and its machine: hands on what goes over the link while a recording is made, and counts what
 * is too much for one. Off unless asked for, and then it costs a look at a flag. Pure. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_PIECE_MAX 4096u  /* bytes: as much as a line of a recording holds */
#define TAP_BURST     65536u /* bytes at once, */
#define TAP_PER_S     32768u /* and bytes a second on average: three times what a line of 115,200 baud brings */
#define TAP_PIECE     32u    /* bytes that a piece counts for besides its own */

struct tap_piece {
	uint64_t at_ms;
	bool sent, retained;
	const char *address; /* of a message, as the model has it; NULL: bytes */
	const uint8_t *data;
	size_t size; /* 0: nothing, but for what is missing */
	uint64_t missing_pieces, missing_bytes;
};

struct tap {
	bool on;
	uint64_t room_ms; /* when `room` was looked at */
	size_t room;
	uint64_t missing_pieces, missing_bytes; /* since the piece that was handed on last */
	void *user;
	bool (*give)(void *user, const struct tap_piece *piece); /* false: there is no room */
};

/* Begins or ends; what was missing before is forgotten. */
void tap_set(struct tap *tap, bool on, uint64_t now_ms);
/* A piece went over the link: hands it on, or counts it. */
void tap_take(struct tap *tap, uint64_t now_ms, const struct tap_piece *piece);
/* Once a second: says what is missing, if nothing came that could. */
void tap_tick(struct tap *tap, uint64_t now_ms);

#endif
