/* SPDX-License-Identifier: Apache-2.0
 * BTHome's objects, with the examples of bthome.io/format. */
#include "base/testing.h"

#include "bthome/bthome.h"

static enum therapy_refusal opened(const uint8_t *bytes, size_t size, struct bthome *out)
{
	return bthome_open(&(struct therapy_message){.data = bytes, .size = size}, out);
}

#define OPEN(bthome, ...)                                                                                              \
	do {                                                                                                           \
		static const uint8_t bytes[] = {__VA_ARGS__};                                                          \
		assert_int_equal(opened(bytes, sizeof bytes, bthome), THERAPY_OK);                                     \
	} while (0)
#define REFUSED(why, ...)                                                                                              \
	do {                                                                                                           \
		static const uint8_t bytes[] = {__VA_ARGS__};                                                          \
		struct bthome kept = {.size = 77};                                                                     \
		assert_int_equal(opened(bytes, sizeof bytes, &kept), why);                                             \
		assert_int_equal(kept.size, 77);                                                                       \
	} while (0)

static void the_documents_examples_have_the_documents_values(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[5];
		size_t size;
		enum bthome_quantity quantity;
		double value;
	} examples[] = {
	    {{0x00, 0x09}, 2, BTHOME_PACKET, 9},
	    {{0x01, 0x61}, 2, BTHOME_BATTERY, 97},
	    {{0x02, 0xCA, 0x09}, 3, BTHOME_TEMPERATURE, 25.06},
	    {{0x03, 0xBF, 0x13}, 3, BTHOME_HUMIDITY, 50.55},
	    {{0x04, 0x13, 0x8A, 0x01}, 4, BTHOME_PRESSURE, 100.883},
	    {{0x06, 0x5E, 0x1F}, 3, BTHOME_MASS, 80.3},
	    {{0x07, 0x3E, 0x1D}, 3, BTHOME_MASS, 74.86 * 0.45359237},
	    {{0x0B, 0x02, 0x1B, 0x00}, 4, BTHOME_POWER, 69.14},
	    {{0x0C, 0x02, 0x0C}, 3, BTHOME_VOLTAGE, 3.074},
	    {{0x11, 0x01}, 2, BTHOME_OPENING, 1},
	    {{0x22, 0x01}, 2, BTHOME_MOVING, 1},
	    {{0x23, 0x00}, 2, BTHOME_OCCUPANCY, 0},
	    {{0x2C, 0x01}, 2, BTHOME_VIBRATION, 1},
	    {{0x2E, 0x23}, 2, BTHOME_HUMIDITY, 35},
	    {{0x3A, 0x02}, 2, BTHOME_BUTTON, 2},
	    {{0x3C, 0x01, 0x03}, 3, BTHOME_DIMMER, -3},
	    {{0x3C, 0x02, 0x0A}, 3, BTHOME_DIMMER, 10},
	    {{0x3C, 0x00, 0x00}, 3, BTHOME_DIMMER, 0},
	    {{0x3F, 0x02, 0x0C}, 3, BTHOME_ROTATION, 307.4},
	    {{0x45, 0x11, 0x01}, 3, BTHOME_TEMPERATURE, 27.3},
	    {{0x4A, 0x02, 0x0C}, 3, BTHOME_VOLTAGE, 307.4},
	    {{0x57, 0xEA}, 2, BTHOME_TEMPERATURE, -22},
	    {{0x58, 0xEA}, 2, BTHOME_TEMPERATURE, -7.7},
	    {{0x02, 0x00, 0x80}, 3, BTHOME_TEMPERATURE, -327.68},
	    {{0x3F, 0xF8, 0xF8}, 3, BTHOME_ROTATION, -180},
	};
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		uint8_t bytes[6] = {0x40};
		struct bthome b;
		double value = 0, none = 77;
		memcpy(bytes + 1, examples[i].bytes, examples[i].size);
		assert_int_equal(opened(bytes, examples[i].size + 1, &b), THERAPY_OK);
		assert_true(bthome_get(&b, examples[i].quantity, 1, &value));
		assert_near(value, examples[i].value, 1e-9);
		assert_false(bthome_get(&b, examples[i].quantity, 2, &none));
		assert_true(none == 77); /* what is not there is not 0 */
		for (size_t size = 2; size < examples[i].size + 1; size++)
			assert_int_equal(opened(bytes, size, &b), THERAPY_REFUSED_LENGTH);
	}
}

static void what_is_not_this_version_or_not_decrypted_is_refused(void **state)
{
	(void)state;
	for (unsigned info = 0; info < 256; info++) {
		const uint8_t bytes[] = {(uint8_t)info, 0x01, 0x61};
		struct bthome b;
		bool good = info >> 5 == 2 && (info & 3) == 0;
		assert_int_equal(opened(bytes, sizeof bytes, &b), good ? THERAPY_OK : THERAPY_REFUSED_TYPE);
	}
	REFUSED(THERAPY_REFUSED_TYPE, 0x41, 0xA4, 0x72, 0x66, 0xC9, 0x5F, 0x73, 0x00, 0x11, 0x22, 0x33, 0x78, 0x23,
		0x72, 0x14);
	struct bthome b;
	assert_int_equal(opened((const uint8_t *)"", 0, &b), THERAPY_REFUSED_LENGTH);
}

static void an_unknown_object_ends_it_and_what_came_before_counts(void **state)
{
	(void)state;
	struct bthome b;
	double value = 0;
	OPEN(&b, 0x40, 0x02, 0xCA, 0x09, 0xB1, 0x45, 0x11, 0x01);
	assert_true(bthome_get(&b, BTHOME_TEMPERATURE, 1, &value));
	assert_near(value, 25.06, 1e-9);
	assert_false(bthome_get(&b, BTHOME_TEMPERATURE, 2, &value)); /* behind it */
	OPEN(&b, 0x40, 0xB1);
	assert_false(bthome_get(&b, BTHOME_BUTTON, 1, &value));
}

static void what_is_not_read_is_stepped_over_whatever_its_length(void **state)
{
	(void)state;
	struct bthome b;
	double value = 0;
	OPEN(&b, 0x40, 0x05, 0x13, 0x8A, 0x14, 0x12, 0xE2, 0x04, 0x3E, 0x2A, 0x2C, 0x09, 0x60, 0x50, 1, 2, 3, 4, 0x53,
	     3, 'x', 0x02, 0x00, 0x54, 0, 0x57, 0x15);
	assert_true(bthome_get(&b, BTHOME_TEMPERATURE, 1, &value));
	assert_near(value, 21, 1e-9);
	assert_false(bthome_get(&b, BTHOME_TEMPERATURE, 2, &value)); /* what stands within a text is no object */
	REFUSED(THERAPY_REFUSED_LENGTH, 0x40, 0x57, 0x15, 0x53);
	REFUSED(THERAPY_REFUSED_LENGTH, 0x40, 0x57, 0x15, 0x54, 2, 1);
	REFUSED(THERAPY_REFUSED_LENGTH, 0x40, 0x57, 0x15, 0x53, 0xFF, 'x');
}

static void several_of_one_kind_are_counted_in_their_order(void **state)
{
	(void)state;
	struct bthome b;
	double value = 0;
	OPEN(&b, 0x40, 0x02, 0xCA, 0x09, 0x02, 0x64, 0x00, 0x45, 0x0A, 0x00);
	const double expected[] = {25.06, 1, 1};
	for (unsigned i = 0; i < 3; i++) {
		assert_true(bthome_get(&b, BTHOME_TEMPERATURE, i + 1, &value));
		assert_near(value, expected[i], 1e-9);
	}
	assert_false(bthome_get(&b, BTHOME_TEMPERATURE, 4, &value));
}

static bool pressed(struct bthome_press *last, uint64_t now_ms, int packet, unsigned way)
{
	const uint8_t numbered[] = {0x44, 0x00, (uint8_t)packet, 0x01, 0x64, 0x3A, (uint8_t)way};
	const uint8_t bare[] = {0x44, 0x3A, (uint8_t)way};
	struct bthome b;
	assert_int_equal(packet < 0 ? opened(bare, sizeof bare, &b) : opened(numbered, sizeof numbered, &b),
			 THERAPY_OK);
	return bthome_pressed(&b, last, now_ms);
}

static void a_press_that_is_said_several_times_is_one(void **state)
{
	(void)state;
	struct bthome_press last = {0};
	assert_true(pressed(&last, 1000, 7, 1));
	for (uint64_t now = 1000; now <= 20000; now += 4000) /* as long as it goes on saying so */
		assert_false(pressed(&last, now, 7, 1));
	assert_true(pressed(&last, 20001, 8, 1)); /* another number is another press, however soon */
	assert_false(pressed(&last, 20002, 9, 0));
	assert_false(pressed(&last, 20003, 8, 1)); /* overtaken on its way */
}

static void no_press_is_lost_to_a_device_that_counts_badly(void **state)
{
	(void)state;
	struct bthome_press last = {0};
	assert_true(pressed(&last, 1000, 0, 1));
	assert_true(pressed(&last, 5001, 0, 1)); /* it slept, and began to count anew */
	assert_true(pressed(&last, 6000, 255, 4));
	assert_true(pressed(&last, 6001, 0, 1)); /* 0 is a number as any */
	struct bthome_press bare = {0};
	assert_true(pressed(&bare, 1000, -1, 1));
	assert_false(pressed(&bare, 1500, -1, 1));
	assert_false(pressed(&bare, 1600, -1, 0));
	assert_true(pressed(&bare, 1700, -1, 1)); /* it was up in between */
}

static void every_way_and_every_button_is_a_press_and_nothing_else_is(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 256; way++) { /* 80 and FE are held, as Shelly's say it */
		struct bthome_press last = {0};
		assert_int_equal(pressed(&last, 1000, 1, way), way != 0);
	}
	struct bthome b;
	struct bthome_press last = {0};
	OPEN(&b, 0x44, 0x3A, 0x00, 0x3A, 0x00, 0x3A, 0x01);
	assert_true(bthome_pressed(&b, &last, 1));
	last = (struct bthome_press){0};
	OPEN(&b, 0x44, 0x00, 0x05, 0x01, 0x64, 0x3C, 0x01, 0x03);
	assert_false(bthome_pressed(&b, &last, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_documents_examples_have_the_documents_values),
	    cmocka_unit_test(what_is_not_this_version_or_not_decrypted_is_refused),
	    cmocka_unit_test(an_unknown_object_ends_it_and_what_came_before_counts),
	    cmocka_unit_test(what_is_not_read_is_stepped_over_whatever_its_length),
	    cmocka_unit_test(several_of_one_kind_are_counted_in_their_order),
	    cmocka_unit_test(a_press_that_is_said_several_times_is_one),
	    cmocka_unit_test(no_press_is_lost_to_a_device_that_counts_badly),
	    cmocka_unit_test(every_way_and_every_button_is_a_press_and_nothing_else_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
