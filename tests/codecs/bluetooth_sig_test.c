/* SPDX-License-Identifier: Apache-2.0
 * The Health Thermometer's and the Weight Scale's measurements. */
#include "base/testing.h"

#include "bluetooth_sig/bluetooth_sig.h"

typedef enum therapy_refusal decoder(const struct therapy_message *message, struct bluetooth_sig_measurement *out);

static enum therapy_refusal decode(decoder *f, const uint8_t *bytes, size_t size, struct bluetooth_sig_measurement *out)
{
	return f(&(struct therapy_message){.data = bytes, .size = size}, out);
}

#define READ(f, out, ...)                                                                                              \
	do {                                                                                                           \
		static const uint8_t bytes[] = {__VA_ARGS__};                                                          \
		struct bluetooth_sig_measurement *at = (out);                                                          \
		assert_int_equal(decode(f, bytes, sizeof bytes, at), THERAPY_OK);                                      \
		for (size_t size = 0; size < sizeof bytes; size++)                                                     \
			assert_int_equal(decode(f, bytes, size, at), THERAPY_REFUSED_LENGTH);                          \
	} while (0)

static void temperatures_come_in_celsius_whatever_they_were_said_in(void **state)
{
	(void)state;
	struct bluetooth_sig_measurement m;
	READ(bluetooth_sig_temperature, &m, 0x00, 0x81, 0x01, 0x00, 0xFF);
	assert_near(m.value, 38.5, 1e-9);
	READ(bluetooth_sig_temperature, &m, 0x01, 0xDA, 0x03, 0x00, 0xFF);
	assert_near(m.value, 37, 1e-9);
	READ(bluetooth_sig_temperature, &m, 0x00, 0xCB, 0xFF, 0xFF, 0xFF);
	assert_near(m.value, -5.3, 1e-9);
	READ(bluetooth_sig_temperature, &m, 0x00, 0x02, 0x00, 0x00, 0x01);
	assert_near(m.value, 20, 1e-9);
	READ(bluetooth_sig_temperature, &m, 0x06, 0x6E, 0x01, 0x00, 0xFF, 0xEA, 0x07, 0x0B, 0x19, 0x16, 0x1E, 0x05,
	     0x02);
	assert_near(m.value, 36.6, 1e-9);
	assert_true(m.time > 0);
}

static void a_temperature_that_is_none_is_none(void **state)
{
	(void)state;
	struct bluetooth_sig_measurement m;
	READ(bluetooth_sig_temperature, &m, 0x00, 0xFF, 0xFF, 0x7F, 0x00); /* NaN */
	assert_int_equal(m.quality, THERAPY_UNKNOWN);
	static const uint8_t none[][5] = {{0, 0xFE, 0xFF, 0x7F, 0},  /* +infinity */
					  {0, 0x00, 0x00, 0x80, 0},  /* not at this resolution */
					  {0, 0x01, 0x00, 0x80, 0},  /* reserved */
					  {0, 0x02, 0x00, 0x80, 0}}; /* -infinity */
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(decode(bluetooth_sig_temperature, none[i], 5, &m), THERAPY_OK);
		assert_int_equal(m.quality, THERAPY_ERROR);
	}
	READ(bluetooth_sig_temperature, &m, 0x00, 0xFD, 0xFF, 0x7F, 0x7F); /* the highest that is one */
	assert_int_equal(m.quality, THERAPY_GOOD);
	assert_true(isfinite(m.value));
}

static void weights_come_in_kilograms_whatever_they_were_said_in(void **state)
{
	(void)state;
	struct bluetooth_sig_measurement m;
	READ(bluetooth_sig_weight, &m, 0x00, 0x74, 0x40);
	assert_near(m.value, 82.5, 1e-9);
	READ(bluetooth_sig_weight, &m, 0x01, 0x0C, 0x44);
	assert_near(m.value, 174.2 * 0.45359237, 1e-9);
	READ(bluetooth_sig_weight, &m, 0x0E, 0x74, 0x40, 0xEA, 0x07, 0x0B, 0x19, 0x06, 0x1E, 0x00, 0x01, 0xFA, 0x00,
	     0x08, 0x07);
	assert_near(m.value, 82.5, 1e-9);
	READ(bluetooth_sig_weight, &m, 0x04, 0x74, 0x40, 0xFF);
	READ(bluetooth_sig_weight, &m, 0x08, 0x74, 0x40, 0xFA, 0x00, 0x08, 0x07);
	READ(bluetooth_sig_weight, &m, 0x00, 0xFF, 0xFF); /* unsuccessful */
	assert_int_equal(m.quality, THERAPY_UNKNOWN);
}

static void what_is_longer_than_its_flags_say_is_refused(void **state)
{
	(void)state;
	struct bluetooth_sig_measurement m = {.value = 77};
	const uint8_t bytes[] = {0x00, 0x81, 0x01, 0x00, 0xFF, 0x02};
	assert_int_equal(decode(bluetooth_sig_temperature, bytes, 6, &m), THERAPY_REFUSED_LENGTH);
	assert_int_equal(decode(bluetooth_sig_weight, bytes, 4, &m), THERAPY_REFUSED_LENGTH);
	const uint8_t reserved[] = {0x10, 0x74, 0x40}; /* a flag that says nothing of the layout yet */
	assert_int_equal(decode(bluetooth_sig_weight, reserved, 3, &m), THERAPY_OK);
	assert_near(m.value, 82.5, 1e-9);
}

static void a_time_that_is_none_is_refused_and_one_that_is_not_known_is_no_time(void **state)
{
	(void)state;
	static const struct {
		uint8_t at, value;
	} none[] = {{2, 13}, {3, 32}, {4, 24}, {5, 60}, {6, 60}};
	uint8_t bytes[] = {0x02, 0x74, 0x40, 0xEA, 0x07, 0x0B, 0x19, 0x06, 0x1E, 0x00};
	struct bluetooth_sig_measurement m = {.value = 77};
	for (size_t i = 0; i < 5; i++) {
		uint8_t was = bytes[3 + none[i].at];
		bytes[3 + none[i].at] = none[i].value;
		assert_int_equal(decode(bluetooth_sig_weight, bytes, sizeof bytes, &m), THERAPY_REFUSED_FORMAT);
		bytes[3 + none[i].at] = was;
	}
	assert_true(m.value == 77);
	bytes[5] = 0; /* no month */
	assert_int_equal(decode(bluetooth_sig_weight, bytes, sizeof bytes, &m), THERAPY_OK);
	assert_int_equal(m.time, 0);
}

static size_t emitted(uint64_t time, enum therapy_quality quality, uint64_t *latest, struct therapy_reading *r)
{
	struct therapy_out out = {.readings = r, .max_readings = 1};
	bluetooth_sig_emit(&out, 3, &(struct bluetooth_sig_measurement){quality, 82.5, time}, latest);
	return out.n_readings;
}

static void what_it_kept_from_before_its_last_measurement_is_no_reading(void **state)
{
	(void)state;
	struct therapy_reading r;
	uint64_t latest = 0;
	assert_int_equal(emitted(5, THERAPY_GOOD, &latest, &r), 1);
	assert_int_equal(emitted(4, THERAPY_GOOD, &latest, &r), 0);
	assert_int_equal(emitted(5, THERAPY_GOOD, &latest, &r), 1);
	assert_int_equal(emitted(6, THERAPY_UNKNOWN, &latest, &r), 1);
	assert_int_equal(r.quality, THERAPY_UNKNOWN);
	assert_true(r.value == 0);
	assert_int_equal(emitted(0, THERAPY_ERROR, &latest, &r), 1); /* without a clock: as of now */
	assert_int_equal(r.quality, THERAPY_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(temperatures_come_in_celsius_whatever_they_were_said_in),
	    cmocka_unit_test(a_temperature_that_is_none_is_none),
	    cmocka_unit_test(weights_come_in_kilograms_whatever_they_were_said_in),
	    cmocka_unit_test(what_is_longer_than_its_flags_say_is_refused),
	    cmocka_unit_test(a_time_that_is_none_is_refused_and_one_that_is_not_known_is_no_time),
	    cmocka_unit_test(what_it_kept_from_before_its_last_measurement_is_no_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
