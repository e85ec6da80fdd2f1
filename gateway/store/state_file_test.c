/* SPDX-License-Identifier: Apache-2.0
 * Nothing but a whole and undamaged state file is believed: every byte and every length is tried. */
#include "base/testing.h"

#include <stdlib.h>
#include <string.h>

#include "store/state_file.h"

static char *words(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = {text};
	return u.out;
}

static void fill(struct state_image *image)
{
	const double window[] = {1, 0, 0, 1, 1234, 0, 0}, sum[] = {0, 2, 300000.5};
	state_image_begin(image);
	image->head.gateway_id = words("home");
	image->head.boot_id = words("0123");
	image->head.boot_ms = 987654321;
	image->head.clean = true;
	state_image_add(image, &(struct core_row){CORE_ROW_WINDOW, "rule/0/0/abc", window, 7});
	state_image_add(image, &(struct core_row){CORE_ROW_DERIVED, "pad.session_time", sum, 3});
	state_image_add(image, &(struct core_row){CORE_ROW_LATCH, "memory", NULL, 0});
	assert_int_equal(state_image_pack(image), 0);
}

static void what_is_written_is_what_is_read(void **state)
{
	(void)state;
	struct state_image image = {0};
	struct state read;
	for (int again = 0; again < 3; again++) { /* the image's memory is used again */
		fill(&image);
		assert_int_equal(state_parse(image.bytes, image.size, "home", &read), 0);
		assert_int_equal(read.memory->boot_ms, 987654321);
		assert_true(read.memory->clean);
		assert_int_equal(read.n, 3);
		assert_int_equal(read.rows[0].kind, CORE_ROW_WINDOW);
		assert_string_equal(read.rows[0].key, "rule/0/0/abc");
		assert_int_equal(read.rows[0].n, 7);
		assert_near(read.rows[0].numbers[4], 1234, 0);
		assert_int_equal(read.rows[1].kind, CORE_ROW_DERIVED);
		assert_near(read.rows[1].numbers[2], 300000.5, 0);
		assert_int_equal(read.rows[2].kind, CORE_ROW_LATCH);
		assert_int_equal(read.rows[2].n, 0);
		state_release(&read);
	}
	state_image_release(&image);
}

static void a_damaged_byte_is_found_wherever_it_is(void **state)
{
	(void)state;
	struct state_image image = {0};
	struct state read;
	fill(&image);
	for (size_t i = 0; i < image.size; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			image.bytes[i] ^= (uint8_t)bit;
			assert_int_equal(state_parse(image.bytes, image.size, "home", &read), -1);
			image.bytes[i] ^= (uint8_t)bit;
		}
	assert_int_equal(state_parse(image.bytes, image.size, "home", &read), 0);
	state_release(&read);
	state_image_release(&image);
}

static void a_file_of_another_length_is_found(void **state)
{
	(void)state;
	struct state_image image = {0};
	struct state read;
	fill(&image);
	for (size_t size = 0; size < image.size; size++) {
		uint8_t *exact = malloc(size + 1); /* so that a look past the end is seen */
		assert_non_null(exact);
		memcpy(exact, image.bytes, size);
		assert_int_equal(state_parse(exact, size, "home", &read), -1);
		free(exact);
	}
	uint8_t *longer = calloc(1, image.size + 8);
	assert_non_null(longer);
	memcpy(longer, image.bytes, image.size);
	for (size_t more = 1; more <= 8; more++)
		assert_int_equal(state_parse(longer, image.size + more, "home", &read), -1);
	free(longer);
	state_image_release(&image);
}

static void another_gateways_file_is_not_taken(void **state)
{
	(void)state;
	struct state_image image = {0};
	struct state read;
	fill(&image);
	assert_int_equal(state_parse(image.bytes, image.size, "cabin", &read), -1);
	state_image_release(&image);
}

static void many_rows_fit(void **state)
{
	(void)state;
	struct state_image image = {0};
	struct state read;
	double numbers[100] = {0};
	state_image_begin(&image);
	image.head.gateway_id = words("home");
	for (int i = 0; i < 3000; i++) {
		numbers[0] = i;
		state_image_add(&image, &(struct core_row){CORE_ROW_DERIVED, "pad.dose", numbers, 100});
	}
	assert_int_equal(state_image_pack(&image), 0);
	assert_int_equal(state_parse(image.bytes, image.size, "home", &read), 0);
	assert_int_equal(read.n, 3000);
	for (int i = 0; i < 3000; i++)
		assert_near(read.rows[i].numbers[0], i, 0);
	state_release(&read);
	state_image_release(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_what_is_read),
	    cmocka_unit_test(a_damaged_byte_is_found_wherever_it_is),
	    cmocka_unit_test(a_file_of_another_length_is_found),
	    cmocka_unit_test(another_gateways_file_is_not_taken),
	    cmocka_unit_test(many_rows_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
