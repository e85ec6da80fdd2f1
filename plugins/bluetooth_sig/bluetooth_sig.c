/* SPDX-License-Identifier: Apache-2.0
 *
 * All little endian. Temperature Measurement:
 *
 *   flags  FLOAT(4)            [time(7)]  [where(1)]                    38.5 degC: 00 81 01 00 FF
 *   flags: 1 Fahrenheit, 2 time, 4 where on the body
 *   FLOAT: mantissa(3, signed) exponent(1, signed), value = mantissa * 10^exponent
 *
 * Weight Measurement:
 *
 *   flags  weight(2)           [time(7)]  [user(1)]  [bmi(2) height(2)] 82.5 kg: 00 74 40
 *   flags: 1 imperial, 2 time, 4 user, 8 body mass index and height
 *
 *   Other flags are reserved; what came with one would make it longer, and is refused.
 *
 *   time: year(2) month day hours minutes seconds; a year, month or day of 0 is not known
 */
#include "bluetooth_sig/bluetooth_sig.h"

enum { TIME_SIZE = 7 };
enum { IMPERIAL = 1, HAS_TIME = 2, HAS_WHERE = 4, HAS_USER = 4, HAS_BMI = 8 };

#define KG_OF_POUND 0.45359237

static int64_t whole_signed(const uint8_t *bytes, size_t size)
{
	uint32_t bits = 0, sign = UINT32_C(1) << (8 * size - 1);
	for (size_t i = 0; i < size; i++)
		bits |= (uint32_t)bytes[i] << 8 * i;
	return (int64_t)(bits & (sign - 1)) - (int64_t)(bits & sign);
}

static bool read_time(const uint8_t *at, uint64_t *out)
{
	unsigned year = at[0] | (unsigned)at[1] << 8;
	if (at[2] > 12 || at[3] > 31 || at[4] > 23 || at[5] > 59 || at[6] > 59)
		return false;
	*out = year;
	for (size_t i = 2; i < TIME_SIZE; i++)
		*out = *out << 8 | at[i];
	if (year == 0 || at[2] == 0 || at[3] == 0)
		*out = 0;
	return true;
}

static void read_float(const uint8_t *at, struct bluetooth_sig_measurement *out)
{
	enum { NOT_A_NUMBER = 0x7FFFFF, HIGHEST = 0x7FFFFD };
	int64_t mantissa = whole_signed(at, 3), exponent = whole_signed(at + 3, 1);
	out->quality = THERAPY_GOOD;
	if (mantissa == NOT_A_NUMBER)
		out->quality = THERAPY_UNKNOWN;
	else if (mantissa > HIGHEST || mantissa < -HIGHEST) /* infinite, not at this resolution, reserved */
		out->quality = THERAPY_ERROR;
	else
		out->value = (double)mantissa * pow(10.0, (double)exponent);
}

enum therapy_refusal bluetooth_sig_temperature(const struct therapy_message *message,
					       struct bluetooth_sig_measurement *out)
{
	if (message->size == 0)
		return THERAPY_REFUSED_LENGTH;
	unsigned flags = message->data[0];
	struct bluetooth_sig_measurement m = {0};
	if (message->size != 5u + (flags & HAS_TIME ? TIME_SIZE : 0u) + (flags & HAS_WHERE ? 1u : 0u))
		return THERAPY_REFUSED_LENGTH;
	if (flags & HAS_TIME && !read_time(message->data + 5, &m.time))
		return THERAPY_REFUSED_FORMAT;
	read_float(message->data + 1, &m);
	if (m.quality == THERAPY_GOOD && flags & IMPERIAL)
		m.value = (m.value - 32) / 1.8;
	*out = m;
	return THERAPY_OK;
}

enum therapy_refusal bluetooth_sig_weight(const struct therapy_message *message, struct bluetooth_sig_measurement *out)
{
	enum { UNSUCCESSFUL = 0xFFFF };
	if (message->size == 0)
		return THERAPY_REFUSED_LENGTH;
	unsigned flags = message->data[0];
	struct bluetooth_sig_measurement m = {.quality = THERAPY_GOOD};
	if (message->size !=
	    3u + (flags & HAS_TIME ? TIME_SIZE : 0u) + (flags & HAS_USER ? 1u : 0u) + (flags & HAS_BMI ? 4u : 0u))
		return THERAPY_REFUSED_LENGTH;
	if (flags & HAS_TIME && !read_time(message->data + 3, &m.time))
		return THERAPY_REFUSED_FORMAT;
	unsigned weight = message->data[1] | (unsigned)message->data[2] << 8;
	if (weight == UNSUCCESSFUL)
		m.quality = THERAPY_UNKNOWN;
	else
		m.value = flags & IMPERIAL ? weight * 0.01 * KG_OF_POUND : weight * 0.005;
	*out = m;
	return THERAPY_OK;
}

void bluetooth_sig_emit(struct therapy_out *out, uint16_t metric, const struct bluetooth_sig_measurement *measurement,
			uint64_t *latest)
{
	if (measurement->time > 0 && measurement->time < *latest)
		return;
	if (measurement->time > 0)
		*latest = measurement->time;
	size_t at = out->n_readings;
	therapy_emit(out, metric, measurement->quality == THERAPY_GOOD ? measurement->value : (double)NAN);
	if (measurement->quality == THERAPY_UNKNOWN && out->n_readings > at)
		out->readings[at].quality = THERAPY_UNKNOWN;
}
