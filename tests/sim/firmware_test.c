/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <string.h>

#include "sim/firmware.h"

static void the_crc_of_123456789_is_the_published_check_value(void **state)
{
	(void)state;
	assert_int_equal(firmware_crc((const uint8_t *)"123456789", 9), 0x29B1);
	assert_int_equal(firmware_crc(NULL, 0), 0xFFFF);
}

static void a_hello_is_these_bytes(void **state)
{
	/* the CRC of 01 07 01 is 0x721A; no 00 inside, so COBS is one run of five */
	static const uint8_t expected[] = {0x06, 0x01, 0x07, 0x01, 0x1A, 0x72, 0x00};
	struct firmware_packet packet = {.type = FIRMWARE_HELLO, .seq = 7, .size = 1, .body = {1}};
	uint8_t frame[FIRMWARE_FRAME_MAX];
	(void)state;
	assert_int_equal(firmware_encode(&packet, frame), sizeof expected);
	assert_memory_equal(frame, expected, sizeof expected);
}

static void every_size_with_and_without_zeros_comes_back_as_it_was(void **state)
{
	(void)state;
	for (unsigned size = 0; size <= FIRMWARE_BODY_MAX; size++)
		for (unsigned step = 0; step < 3; step++) { /* all zeros, a ramp through zero, none */
			struct firmware_packet in = {.type = FIRMWARE_REPORT,
						     .seq = (uint8_t)size,
						     .size = (uint8_t)size},
					       out;
			uint8_t frame[FIRMWARE_FRAME_MAX];
			for (unsigned i = 0; i < size; i++)
				in.body[i] = (uint8_t)(step == 2 ? 0xA5 : step * i);
			size_t n = firmware_encode(&in, frame);
			assert_true(n <= sizeof frame);
			assert_ptr_equal(memchr(frame, 0, n), frame + n - 1);
			assert_int_equal(firmware_decode(frame, n - 1, &out), 0);
			assert_int_equal(out.type, in.type);
			assert_int_equal(out.seq, in.seq);
			assert_int_equal(out.size, in.size);
			assert_memory_equal(out.body, in.body, size);
		}
}

static void any_single_bit_flipped_is_refused(void **state)
{
	struct firmware_packet packet = {
	    .type = FIRMWARE_SET, .seq = 1, .size = 7, .body = {1, 0x80, 0x38, 1, 0, 0xE8, 3}};
	uint8_t frame[FIRMWARE_FRAME_MAX];
	struct firmware_packet out;
	(void)state;
	size_t n = firmware_encode(&packet, frame) - 1;
	for (size_t bit = 0; bit < n * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(firmware_decode(frame, n, &out), -1);
		frame[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_int_equal(firmware_decode(frame, n, &out), 0);
}

static void what_is_no_frame_is_refused(void **state)
{
	struct firmware_packet out;
	uint8_t longest[300];
	(void)state;
	memset(longest, 1, sizeof longest);
	assert_int_equal(firmware_decode(longest, 0, &out), -1);
	assert_int_equal(firmware_decode((uint8_t[]){5, 1}, 2, &out), -1); /* the run is longer than the frame */
	assert_int_equal(firmware_decode((uint8_t[]){3, 0xFF, 0xFF}, 3, &out), -1); /* a CRC and nothing else */
	assert_int_equal(firmware_decode((uint8_t[]){2, 1, 0, 1}, 4, &out), -1);    /* 00 inside */
	assert_int_equal(firmware_decode(longest, sizeof longest, &out), -1);       /* longer than any packet */
	memset(longest, 0xFF, sizeof longest);
	assert_int_equal(firmware_decode(longest, 255, &out), -1);
}

static void integers_are_little_endian_and_signed(void **state)
{
	uint8_t bytes[4];
	(void)state;
	firmware_put32(bytes, (uint32_t)-2);
	assert_memory_equal(bytes, ((uint8_t[]){0xFE, 0xFF, 0xFF, 0xFF}), 4);
	assert_int_equal(firmware_get32(bytes), -2);
	firmware_put16(bytes, 0x1234);
	assert_int_equal(bytes[0], 0x34);
	assert_int_equal(firmware_get16(bytes), 0x1234);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_crc_of_123456789_is_the_published_check_value),
	    cmocka_unit_test(a_hello_is_these_bytes),
	    cmocka_unit_test(every_size_with_and_without_zeros_comes_back_as_it_was),
	    cmocka_unit_test(any_single_bit_flipped_is_refused),
	    cmocka_unit_test(what_is_no_frame_is_refused),
	    cmocka_unit_test(integers_are_little_endian_and_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
