/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#define ENCRYPTED    0x01u /* in the info byte */
#define COUNTER_SIZE 4u
#define TAG_SIZE     4u
#define NONCE_SIZE   13u
#define OVERHEAD     (1 + COUNTER_SIZE + TAG_SIZE)
#define DATA_MAX     512u

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

void seal_init(struct seal *seal, const char *address, const uint8_t *key)
{
	*seal = (struct seal){.has_key = key != NULL};
	for (size_t i = 0; i < sizeof seal->address; i++)
		seal->address[i] = (uint8_t)(nibble(address[3 * i]) << 4 | nibble(address[3 * i + 1]));
	if (key)
		memcpy(seal->key, key, sizeof seal->key);
}

/* False: the tag is not what it should be. CCM gives nothing out before it has checked all of it. */
static bool decrypt(const struct seal *seal, const uint8_t *nonce, const uint8_t *cipher, size_t size, uint8_t *tag,
		    uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;
	bool good = c && EVP_DecryptInit_ex(c, EVP_aes_128_ccm(), NULL, NULL, NULL) == 1 &&
		    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, NONCE_SIZE, NULL) == 1 &&
		    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
		    EVP_DecryptInit_ex(c, NULL, NULL, seal->key, nonce) == 1 &&
		    EVP_DecryptUpdate(c, out, &n, cipher, (int)size) == 1 && n == (int)size;
	EVP_CIPHER_CTX_free(c);
	return good;
}

/* What the counter alone says. */
static enum seal_result judge(const struct seal *seal, uint64_t now_ms, uint32_t counter)
{
	if (!seal->has_counter)
		return SEAL_OPEN;
	uint32_t ahead = counter - seal->counter;
	if (ahead == 0)
		return SEAL_REPEATED;
	if (ahead <= INT32_MAX)
		return SEAL_OPEN;
	bool silent = now_ms >= seal->heard_ms && now_ms - seal->heard_ms >= SEAL_SILENT_MS;
	return silent && counter < SEAL_RESTART_BELOW ? SEAL_OPEN : SEAL_REPLAYED;
}

enum seal_result seal_open(struct seal *seal, uint64_t now_ms, const uint8_t *data, size_t size, uint8_t *out,
			   size_t *out_size)
{
	if (size == 0 || size > DATA_MAX)
		return SEAL_MALFORMED;
	bool encrypted = (data[0] & ENCRYPTED) != 0;
	if (encrypted && !seal->has_key)
		return SEAL_NO_KEY;
	if (!encrypted && seal->has_key)
		return SEAL_PLAIN;
	if (!encrypted) {
		memcpy(out, data, size);
		*out_size = size;
		return SEAL_OPEN;
	}
	if (size <= OVERHEAD) /* there is no message without an object */
		return SEAL_MALFORMED;
	const uint8_t *c = data + size - TAG_SIZE - COUNTER_SIZE;
	uint32_t counter = (uint32_t)c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16 | (uint32_t)c[3] << 24;
	uint8_t nonce[NONCE_SIZE], tag[TAG_SIZE];
	memcpy(nonce, seal->address, 6);
	nonce[6] = 0xD2; /* BTHome's UUID, as it is sent */
	nonce[7] = 0xFC;
	nonce[8] = data[0];
	memcpy(nonce + 9, c, COUNTER_SIZE);
	memcpy(tag, c + COUNTER_SIZE, TAG_SIZE);
	if (!decrypt(seal, nonce, data + 1, size - OVERHEAD, tag, out + 1))
		return SEAL_WRONG;
	enum seal_result result = judge(seal, now_ms, counter);
	if (result != SEAL_OPEN)
		return result;
	seal->has_counter = true;
	seal->counter = counter;
	seal->heard_ms = now_ms;
	out[0] = (uint8_t)(data[0] & ~ENCRYPTED);
	*out_size = size - COUNTER_SIZE - TAG_SIZE;
	return SEAL_OPEN;
}

const char *seal_words(enum seal_result result)
{
	switch (result) {
	case SEAL_REPLAYED:
		return "an advertisement with an old counter is refused: somebody may be repeating what was recorded; "
		       "after "
		       "a change of the sensor's battery start the gateway anew";
	case SEAL_WRONG:
		return "an advertisement cannot be decrypted: is what bind_key_file holds this sensor's key?";
	case SEAL_PLAIN:
		return "an advertisement that is not encrypted is refused: switch the sensor's encryption on, or "
		       "remove "
		       "bind_key_file";
	case SEAL_NO_KEY:
		return "its advertisements are encrypted: write its key (32 hexadecimal digits, from the sensor's app) "
		       "into "
		       "a file and set bind_key_file";
	case SEAL_MALFORMED:
		return "an advertisement is too short or too long for BTHome and is refused";
	case SEAL_OPEN:
	case SEAL_REPEATED:
	case SEAL_RESULT_COUNT:
	default:
		return NULL;
	}
}
