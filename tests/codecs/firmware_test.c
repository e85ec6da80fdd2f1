/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "firmware/firmware.h"

static void the_crc_has_the_catalogues_check_value(void **state)
{
	(void)state;
	assert_int_equal(firmware_crc((const uint8_t *)"123456789", 9), 0x29B1);
	assert_int_equal(firmware_crc(NULL, 0), 0xFFFF);
}

/* Bodies of zeros, of no zeros and of both: what COBS treats differently. */
static void fill(uint8_t *body, size_t size, int way)
{
	for (size_t i = 0; i < size; i++)
		body[i] = (uint8_t)(way == 0 ? 0 : way == 1 ? 0xFF : i * 7 % 5 ? i : 0);
}

static void every_length_of_body_comes_back_as_it_went(void **state)
{
	(void)state;
	uint8_t body[FIRMWARE_BODY_MAX + 1], frame[FIRMWARE_FRAME_MAX], packet[FIRMWARE_PACKET_MAX];
	for (int way = 0; way < 3; way++)
		for (size_t size = 0; size <= FIRMWARE_BODY_MAX; size++) {
			fill(body, size, way);
			size_t n = firmware_pack(0x90, 200, body, size, frame), back = 0;
			assert_int_equal(n, size + 6);
			assert_ptr_equal(memchr(frame, 0, n), frame + n - 1);
			assert_int_equal(firmware_frame(NULL, frame, n), n);
			assert_int_equal(firmware_unpack(frame, n, packet, &back), THERAPY_OK);
			assert_int_equal(back, size + 2);
			assert_int_equal(packet[0], 0x90);
			assert_int_equal(packet[1], 200);
			assert_memory_equal(packet + 2, body, size);
		}
	assert_int_equal(firmware_pack(0x90, 0, body, FIRMWARE_BODY_MAX + 1, frame), 0);
}

static void a_refused_frame_leaves_the_size_alone(void **state)
{
	(void)state;
	const uint8_t zero_inside[] = {4, 1, 0, 2, 0}, no_end[] = {4, 1, 2, 3};
	uint8_t packet[FIRMWARE_PACKET_MAX], long_one[FIRMWARE_FRAME_MAX + 1] = {0};
	size_t size = 77;
	assert_int_equal(firmware_unpack(zero_inside, sizeof zero_inside, packet, &size), THERAPY_REFUSED_FORMAT);
	assert_int_equal(firmware_unpack(no_end, sizeof no_end, packet, &size), THERAPY_REFUSED_LENGTH);
	assert_int_equal(firmware_unpack(no_end, 0, packet, &size), THERAPY_REFUSED_LENGTH);
	assert_int_equal(firmware_unpack(long_one, sizeof long_one, packet, &size), THERAPY_REFUSED_LENGTH);
	assert_int_equal(size, 77);
}

/* One row of the table in the document: "| TYPE ... | `02 01 00` |". Returns the length of its frame, 0 if it is none.
 */
static size_t example_of(const char *line, uint8_t *frame)
{
	const char *hex = strchr(line, '`');
	size_t n = 0;
	if (strncmp(line, "| 0x", 4) != 0 || !hex)
		return 0;
	for (hex++; *hex && *hex != '`'; hex += hex[2] == ' ' ? 3 : 2)
		frame[n++] = (uint8_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16);
	return n;
}

/* The document is what boards are built from: its example frames must be what is spoken here. */
static void the_examples_in_the_document_are_whole_packets_of_the_type_they_say(void **state)
{
	(void)state;
	FILE *file = fopen(PROTOCOL_DOCUMENT, "r");
	assert_non_null(file);
	char line[512];
	unsigned examples = 0;
	while (fgets(line, sizeof line, file)) {
		uint8_t frame[256], packet[FIRMWARE_PACKET_MAX], again[FIRMWARE_FRAME_MAX];
		size_t n = example_of(line, frame), size = 0;
		if (n == 0)
			continue;
		assert_int_equal(firmware_unpack(frame, n, packet, &size), THERAPY_OK);
		assert_int_equal(packet[0], strtoul(line + 4, NULL, 16));
		assert_int_equal(firmware_pack(packet[0], packet[1], packet + 2, size - 2, again), n);
		assert_memory_equal(again, frame, n);
		examples++;
	}
	fclose(file);
	assert_int_equal(examples, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_crc_has_the_catalogues_check_value),
	    cmocka_unit_test(every_length_of_body_comes_back_as_it_went),
	    cmocka_unit_test(a_refused_frame_leaves_the_size_alone),
	    cmocka_unit_test(the_examples_in_the_document_are_whole_packets_of_the_type_they_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
