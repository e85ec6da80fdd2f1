/* SPDX-License-Identifier: Apache-2.0
 *
 * seal - finds out which checksum ends the frames of a device, by trying the usual ones on frames that were heard, so
 * that a frame which was changed can be sealed again and gets past the check, to where its content is looked at. Pure.
 */
#ifndef KIT_SEAL_H
#define KIT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seal_type {
	SEAL_NONE, /* no usual one, or none */
	SEAL_SUM,  /* one byte: the sum of those before it, from `from` on */
	SEAL_MINUS_SUM,
	SEAL_XOR,
	SEAL_CRC8,        /* polynomial 07 */
	SEAL_CRC16_A001,  /* two bytes: Modbus, begins with FFFF, polynomial 8005 reflected */
	SEAL_CRC16_1021,  /* CCITT, begins with FFFF, polynomial 1021 */
	SEAL_CRC16_1021_0 /* XMODEM, begins with 0 */
};

struct seal {
	enum seal_type type;
	uint8_t from;    /* bytes before it are not summed */
	bool high_first; /* of two bytes */
};

struct seal_frame {
	const uint8_t *bytes;
	size_t size;
};

/* The seal that more than half of the frames end with (vectors have wrong ones, too): of two frames at least, and not
 * by chance. NONE if there is no such one. */
struct seal seal_find(const struct seal_frame *frames, size_t n);
/* Puts the checksum into the frame's last bytes. Does nothing to one that is too short. */
void seal_put(const struct seal *seal, uint8_t *bytes, size_t size);

#endif
