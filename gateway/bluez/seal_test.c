/* SPDX-License-Identifier: Apache-2.0
 * The vector is the one of bthome.io/encryption; the other advertisements are made from it with OpenSSL. */
#include "bluez/seal.h"

#include "base/testing.h"

#include <openssl/evp.h>
#include <string.h>

static const uint8_t key[16] = {0x23, 0x1d, 0x39, 0xc1, 0xd7, 0xcc, 0x1a, 0xb1,
				0xae, 0xe2, 0x24, 0xcd, 0x09, 0x6d, 0xb9, 0x32};
static const char address[] = "54:48:E6:8F:80:A5";
static const uint8_t published[] = {0x41, 0xa4, 0x72, 0x66, 0xc9, 0x5f, 0x73, 0x00,
				    0x11, 0x22, 0x33, 0x78, 0x23, 0x72, 0x14};
static const uint8_t objects[] = {0x40, 0x02, 0xCA, 0x09, 0x03, 0xBF, 0x13};

/* The same objects under another counter. */
static size_t sealed(uint32_t counter, uint8_t out[32])
{
	uint8_t nonce[13] = {0x54, 0x48, 0xE6, 0x8F, 0x80, 0xA5, 0xD2, 0xFC, 0x41}, tag[4];
	int n = 0;
	for (int i = 0; i < 4; i++)
		nonce[9 + i] = (uint8_t)(counter >> (8 * i));
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_128_ccm(), NULL, NULL, NULL), 1);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 13, NULL);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 4, NULL);
	EVP_EncryptInit_ex(c, NULL, NULL, key, nonce);
	assert_int_equal(EVP_EncryptUpdate(c, out + 1, &n, objects + 1, sizeof objects - 1), 1);
	EVP_EncryptFinal_ex(c, out + 1 + n, &n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 4, tag);
	EVP_CIPHER_CTX_free(c);
	out[0] = 0x41;
	memcpy(out + 7, nonce + 9, 4);
	memcpy(out + 11, tag, 4);
	return 15;
}

static enum seal_result open_counter(struct seal *s, uint64_t now_ms, uint32_t counter)
{
	uint8_t data[32], out[32];
	size_t n = 0, size = sealed(counter, data);
	return seal_open(s, now_ms, data, size, out, &n);
}

static void the_published_vector_opens(void **state)
{
	(void)state;
	struct seal s;
	uint8_t out[sizeof published];
	size_t n = 0;
	seal_init(&s, address, key);
	assert_int_equal(seal_open(&s, 0, published, sizeof published, out, &n), SEAL_OPEN);
	assert_int_equal(n, sizeof objects);
	assert_memory_equal(out, objects, sizeof objects);
}

static void nothing_that_was_altered_opens(void **state)
{
	(void)state;
	struct seal s;
	uint8_t data[sizeof published], out[sizeof published];
	size_t n = 77;
	seal_init(&s, address, key);
	for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
		memcpy(data, published, sizeof data);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		enum seal_result r = seal_open(&s, 0, data, sizeof data, out, &n);
		assert_int_equal(r, bit == 0 ? SEAL_PLAIN : SEAL_WRONG);
	}
	for (size_t size = 0; size < sizeof data; size++)
		assert_int_not_equal(seal_open(&s, 0, published, size, out, &n), SEAL_OPEN);
	assert_int_equal(n, 77);
	assert_false(s.has_counter); /* and a forged counter moves nothing */
	seal_init(&s, "54:48:E6:8F:80:A6", key);
	assert_int_equal(seal_open(&s, 0, published, sizeof published, out, &n), SEAL_WRONG);
}

static void an_old_counter_is_refused_and_the_same_one_is_no_news(void **state)
{
	(void)state;
	struct seal s;
	seal_init(&s, address, key);
	assert_int_equal(open_counter(&s, 1000, 5000), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 1001, 5000), SEAL_REPEATED);
	assert_int_equal(open_counter(&s, 1002, 4999), SEAL_REPLAYED);
	assert_int_equal(open_counter(&s, 1003, 5001), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 1004, 5000), SEAL_REPLAYED);
	assert_int_equal(open_counter(&s, 1000000, 4999), SEAL_REPLAYED); /* also after a long silence */
}

static void a_counter_wraps(void **state)
{
	(void)state;
	struct seal s;
	seal_init(&s, address, key);
	assert_int_equal(open_counter(&s, 0, UINT32_MAX), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 1, 0), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 2, UINT32_MAX), SEAL_REPLAYED);
}

static void a_restarted_sensor_is_believed_after_a_silence_and_near_zero_only(void **state)
{
	(void)state;
	struct seal s;
	seal_init(&s, address, key);
	assert_int_equal(open_counter(&s, 1000, 5000), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 1000 + SEAL_SILENT_MS - 1, 3), SEAL_REPLAYED);
	assert_int_equal(open_counter(&s, 1000 + SEAL_SILENT_MS, SEAL_RESTART_BELOW), SEAL_REPLAYED);
	assert_int_equal(open_counter(&s, 1000 + SEAL_SILENT_MS, 3), SEAL_OPEN);
	assert_int_equal(open_counter(&s, 1001 + SEAL_SILENT_MS, 2), SEAL_REPLAYED);
	assert_int_equal(open_counter(&s, 1002 + SEAL_SILENT_MS, 4), SEAL_OPEN);
}

static void a_key_makes_plain_text_unbelievable(void **state)
{
	(void)state;
	struct seal s;
	uint8_t out[32];
	size_t n = 0;
	seal_init(&s, address, key);
	assert_int_equal(seal_open(&s, 0, objects, sizeof objects, out, &n), SEAL_PLAIN);
	seal_init(&s, address, NULL);
	assert_int_equal(seal_open(&s, 0, objects, sizeof objects, out, &n), SEAL_OPEN);
	assert_int_equal(n, sizeof objects);
	assert_memory_equal(out, objects, sizeof objects);
	assert_int_equal(seal_open(&s, 0, published, sizeof published, out, &n), SEAL_NO_KEY);
}

static void every_refusal_says_what_to_do(void **state)
{
	(void)state;
	for (int r = 0; r < SEAL_RESULT_COUNT; r++)
		assert_true((seal_words((enum seal_result)r) != NULL) == (r != SEAL_OPEN && r != SEAL_REPEATED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_vector_opens),
	    cmocka_unit_test(nothing_that_was_altered_opens),
	    cmocka_unit_test(an_old_counter_is_refused_and_the_same_one_is_no_news),
	    cmocka_unit_test(a_counter_wraps),
	    cmocka_unit_test(a_restarted_sensor_is_believed_after_a_silence_and_near_zero_only),
	    cmocka_unit_test(a_key_makes_plain_text_unbelievable),
	    cmocka_unit_test(every_refusal_says_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
