/* SPDX-License-Identifier: Apache-2.0 */
#include "generic/number.h"

#include <math.h>
#include <string.h>

#include "base/testing.h"

#define TYPE(name) THERAPY__V1__VALUE_TYPE__VALUE_TYPE_##name
#define SUM(name)  THERAPY__V1__CHECKSUM__CHECKSUM_##name

static const struct {
	Therapy__V1__ValueType type;
	uint8_t bytes[4];
	double value;
} numbers[] = {
    {TYPE(U8), {0xFF}, 255},
    {TYPE(I8), {0xFF}, -1},
    {TYPE(U16LE), {0x34, 0x12}, 0x1234},
    {TYPE(U16BE), {0x12, 0x34}, 0x1234},
    {TYPE(I16LE), {0xFE, 0xFF}, -2},
    {TYPE(I16BE), {0xFF, 0xFE}, -2},
    {TYPE(U24LE), {0x01, 0x00, 0x80}, 0x800001},
    {TYPE(U24BE), {0x80, 0x00, 0x01}, 0x800001},
    {TYPE(I24LE), {0x00, 0x00, 0x80}, -8388608},
    {TYPE(I24BE), {0xFF, 0xFF, 0xFF}, -1},
    {TYPE(U32LE), {0xFF, 0xFF, 0xFF, 0xFF}, 4294967295.0},
    {TYPE(U32BE), {0x00, 0x00, 0x01, 0x00}, 256},
    {TYPE(I32LE), {0x00, 0x00, 0x00, 0x80}, -2147483648.0},
    {TYPE(I32BE), {0xFF, 0xFF, 0xFF, 0x9C}, -100},
    {TYPE(F32LE), {0x00, 0x00, 0x48, 0x41}, 12.5}, /* as the Progressor says 12.5 kg */
    {TYPE(F32BE), {0xC1, 0x48, 0x00, 0x00}, -12.5},
};

static void every_type_is_read_and_written_as_its_bytes_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint8_t bytes[4] = {0};
		assert_true(number_get(numbers[i].type, numbers[i].bytes) == numbers[i].value);
		assert_true(number_put(numbers[i].type, numbers[i].value, bytes));
		assert_memory_equal(bytes, numbers[i].bytes, number_size(numbers[i].type));
	}
}

static void a_number_that_does_not_fit_is_not_written(void **state)
{
	(void)state;
	uint8_t bytes[4] = {7, 7, 7, 7};
	assert_false(number_put(TYPE(U8), 256, bytes));
	assert_false(number_put(TYPE(U8), -1, bytes));
	assert_false(number_put(TYPE(I16LE), 32768, bytes));
	assert_false(number_put(TYPE(I24BE), -8388609, bytes));
	assert_false(number_put(TYPE(F32LE), 1e300, bytes));
	assert_false(number_put(TYPE(U8), (double)NAN, bytes));
	assert_false(number_put(TYPE(TEXT), 1, bytes));
	for (size_t i = 0; i < sizeof bytes; i++)
		assert_int_equal(bytes[i], 7);
	assert_true(number_put(TYPE(U8), 254.6, bytes));
	assert_int_equal(bytes[0], 255);
}

static void what_people_read_as_a_number_is_one(void **state)
{
	(void)state;
	static const struct {
		const char *text, *suffix;
		double value;
	} rows[] = {{"12.5", "", 12.5}, {" -3 ", "", -3},  {"+  12.50kg", "kg", 12.5}, {"- 7 N", "N", -7},
		    {".5", "", 0.5},    {"1e3", "", 1000}, {"0012", "", 12},           {"23.5 C\r", "C", 23.5}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double value = 99;
		assert_int_equal(number_of_text(rows[i].text, rows[i].suffix, &value), NUMBER_FOUND);
		assert_true(value == rows[i].value);
	}
}

static void what_says_nothing_is_unknown_and_never_zero(void **state)
{
	(void)state;
	static const char *const words[] = {"", "  ", "nan", "NaN", "unavailable", "unknown", "None", "null"};
	double value = 99;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_int_equal(number_of_text(words[i], "", &value), NUMBER_UNKNOWN);
	assert_true(value == 99);
}

static void other_spellings_are_no_numbers(void **state)
{
	(void)state;
	static const char *const words[] = {
	    "0x10", "1,5", "inf", "-inf",  "12.5kg",
	    "1 2",  "--1", "+-1", "1e999", "5-",
	    "ON",   "e5",  ".",   "1.2.3", "0000000000000000000000000000000000000000000000000000000000000000000001"};
	double value = 99;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_int_equal(number_of_text(words[i], "", &value), NUMBER_NONE);
	assert_int_equal(number_of_text("12.5", "kg", &value), NUMBER_NONE);
	assert_true(value == 99);
}

static void checksums_are_those_of_the_documents(void **state)
{
	(void)state;
	static const uint8_t wt901[] = {0x55, 0x53, 0xAB, 0x2A, 0, 0, 0, 0, 0x65, 0x46};
	static const uint8_t modbus[] = {0x01, 0x03, 0x00, 0x06, 0x00, 0x03};
	uint8_t sum[2] = {0};
	checksum_put(SUM(SUM8), wt901, sizeof wt901, sum);
	assert_int_equal(sum[0], 0x28);
	checksum_put(SUM(CRC16_MODBUS), modbus, sizeof modbus, sum);
	assert_int_equal(sum[0], 0xE5);
	assert_int_equal(sum[1], 0xCA);
	checksum_put(SUM(XOR8), modbus, sizeof modbus, sum);
	assert_int_equal(sum[0], 0x07);
	assert_int_equal(checksum_size(SUM(UNSPECIFIED)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_is_read_and_written_as_its_bytes_say),
	    cmocka_unit_test(a_number_that_does_not_fit_is_not_written),
	    cmocka_unit_test(what_people_read_as_a_number_is_one),
	    cmocka_unit_test(what_says_nothing_is_unknown_and_never_zero),
	    cmocka_unit_test(other_spellings_are_no_numbers),
	    cmocka_unit_test(checksums_are_those_of_the_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
