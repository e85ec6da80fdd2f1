/* SPDX-License-Identifier: Apache-2.0
 *
 * seal - BTHome's encryption (bthome.io/encryption): AES-128-CCM with a 4-byte tag. An advertisement is
 * [info][ciphertext][counter, 4 bytes little endian][tag]; the nonce is address, D2 FC, info, counter. What comes out
 * is [info without its encryption bit][objects], as an advertisement that was never encrypted.
 *
 * Replays: only a counter that is newer than the last one opens the seal. Newer by up to half of the numbers, so that
 * 4294967295 goes on at 0. A sensor that lost its counter (a new battery) begins near 0 again: that is believed below
 * SEAL_RESTART_BELOW, and only when nothing newer was heard for SEAL_SILENT_MS, for a sensor that lives says newer
 * ones. Nothing is kept across a start of the gateway: the first counter is taken as it is.
 *
 * Pure but for the cipher: time is an argument, the key stays in the caller's memory.
 */
#ifndef BLUEZ_SEAL_H
#define BLUEZ_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_SIZE      16u
#define SEAL_RESTART_BELOW 100u
#define SEAL_SILENT_MS     60000u

enum seal_result {
	SEAL_OPEN,      /* `out` has the message */
	SEAL_REPEATED,  /* the same advertisement once more: sensors send each several times */
	SEAL_REPLAYED,  /* an old counter */
	SEAL_WRONG,     /* another key, another device, or altered */
	SEAL_PLAIN,     /* not encrypted, though there is a key */
	SEAL_NO_KEY,    /* encrypted, and there is no key */
	SEAL_MALFORMED, /* too short or too long */
	SEAL_RESULT_COUNT
};

struct seal {
	uint8_t key[SEAL_KEY_SIZE];
	uint8_t address[6]; /* as it is written */
	bool has_key, has_counter;
	uint32_t counter;
	uint64_t heard_ms; /* when `counter` was */
};

/* `address` is "AA:BB:CC:DD:EE:FF"; `key` NULL: none. */
void seal_init(struct seal *seal, const char *address, const uint8_t *key);
/* Opens one advertisement of `size` bytes into `out`, of at least `size` bytes. */
enum seal_result seal_open(struct seal *seal, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
			   size_t *out_size);
/* A sentence for people about what was refused, with what to do; NULL for what needs none. */
const char *seal_words(enum seal_result result);

#endif
