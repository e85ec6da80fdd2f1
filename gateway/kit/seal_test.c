/* SPDX-License-Identifier: Apache-2.0
 * The usual checksums are recognised in frames of real devices, and what is none is not taken for one. */
#include "kit/seal.h"

#include "base/testing.h"

#define FRAME(...)                                                                                                     \
	{                                                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                                 \
	}

static void expect(const struct seal_frame *frames, size_t n, enum seal_type type)
{
	struct seal seal = seal_find(frames, n);
	assert_int_equal(seal.type, type);
	for (size_t i = 0; i < n; i++) { /* putting it into a frame that lost it brings the frame back */
		uint8_t copy[64];
		memcpy(copy, frames[i].bytes, frames[i].size);
		copy[frames[i].size - 1] ^= 0x5A;
		seal_put(&seal, copy, frames[i].size);
		assert_memory_equal(copy, frames[i].bytes, frames[i].size);
	}
}

static void a_sum_is_found(void **state)
{
	(void)state;
	const struct seal_frame wt901[] = {FRAME(0x55, 0x53, 0xAB, 0x2A, 0, 0, 0, 0, 0x65, 0x46, 0x28),
					   FRAME(0x55, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0xA8),
					   FRAME(0x55, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0xCA)};
	expect(wt901, 3, SEAL_SUM);
}

static void some_wrong_frames_among_them_hide_nothing(void **state)
{
	(void)state;
	const struct seal_frame heard[] = {FRAME(0xA5, 0x05, 0xAA), FRAME(0xA5, 0x69, 0x0E), FRAME(0xA5, 0x04, 0xA9),
					   FRAME(0xA5, 0x04, 0xA8), FRAME(0xA5)};
	assert_int_equal(seal_find(heard, 5).type, SEAL_SUM);
	assert_int_equal(seal_find(heard + 1, 4).type, SEAL_NONE); /* two of four */
}

static void modbus_is_found_with_its_low_byte_first(void **state)
{
	(void)state;
	/* The example of the Modbus specification's CRC (02 07 41 12), and a read of ten registers (01 03 00 00 00 0A
	 * C5 CD). */
	const struct seal_frame modbus[] = {FRAME(0x02, 0x07, 0x41, 0x12),
					    FRAME(0x01, 0x03, 0, 0, 0, 0x0A, 0xC5, 0xCD)};
	expect(modbus, 2, SEAL_CRC16_A001);
	assert_false(seal_find(modbus, 2).high_first);
}

static void ccitt_is_known_by_its_check_value(void **state)
{
	(void)state;
	const struct seal seal = {SEAL_CRC16_1021, 0, true};
	uint8_t frame[11] = "123456789";
	seal_put(&seal, frame, sizeof frame);
	assert_int_equal(frame[9] << 8 | frame[10], 0x29B1);
}

static void what_ends_with_no_checksum_has_no_seal(void **state)
{
	(void)state;
	const struct seal_frame lines[] = {FRAME('f', ' ', '1', '0', '\n'), FRAME('f', ' ', '1', '1', '\n'),
					   FRAME('f', ' ', '2', '7', '\n')};
	struct seal seal = seal_find(lines, 3);
	assert_int_equal(seal.type, SEAL_NONE);
	uint8_t same[] = "f 10\n";
	seal_put(&seal, same, 5);
	assert_string_equal((char *)same, "f 10\n");
}

static void one_frame_proves_nothing(void **state)
{
	(void)state;
	const struct seal_frame one[] = {FRAME(0xA5, 0x05, 0xAA)};
	assert_int_equal(seal_find(one, 1).type, SEAL_NONE);
	assert_int_equal(seal_find(NULL, 0).type, SEAL_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sum_is_found),
	    cmocka_unit_test(some_wrong_frames_among_them_hide_nothing),
	    cmocka_unit_test(modbus_is_found_with_its_low_byte_first),
	    cmocka_unit_test(ccitt_is_known_by_its_check_value),
	    cmocka_unit_test(what_ends_with_no_checksum_has_no_seal),
	    cmocka_unit_test(one_frame_proves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
