/* SPDX-License-Identifier: Apache-2.0
 *
 * A load-cell transmitter that speaks Modbus RTU (Rice Lake SCT-10/20).
 *
 *   query      unit 03 first(2) count(2) crc crc             big endian; crc is CRC-16/MODBUS, little endian
 *   reply      unit 03 bytes data... crc crc
 *   exception  unit 83 code crc crc
 *
 *   40007 status, 40008-9 gross: a magnitude without sign and decimal point. Status: bit 0 cell, 1 ADC, 2 overload,
 *   3 over 110 %, 4-5 out of range, 7 gross is negative, 11 stable. The net (40010-11) is not read: whoever presses
 *   TARE at the transmitter under a load makes it 0.
 *
 * 325 and stable: 01 03 00 06 00 03 E5 CA -> 01 03 06 08 00 00 00 01 45 E0 5E
 *
 * The turns on the line are kept by the host, whose polls are transactions: one query, then nothing until the reply or
 * reply_ms. libmodbus would not serve: it opens its port itself and waits in read(2), and here the port is another
 * process's and no loop waits. With a single query five times a second the silence of 3.5 characters that separates
 * frames (4 ms at 9600 baud) is always there: the next query comes 100 ms or more after the last reply.
 */
#include "traction_belt/sct.h"

#include "traction_belt/force.h"

enum {
	READ_HOLDING = 0x03,
	EXCEPTION = 0x83,
	OVERHEAD = 5, /* unit, function, byte count, crc */
	FIRST = 6,    /* 40007 */
	COUNT = 3,
	REPLY = OVERHEAD + 2 * COUNT,
	STATUS_FAULTS = 0x3F,
	STATUS_NEGATIVE = 1 << 7,
	STATUS_STABLE = 1 << 11,
};

const struct therapy_metric sct_metrics[SCT_METRICS] = {
    [SCT_FORCE] = FORCE_ROW(200),
    [SCT_FORCE_RAW] = FORCE_RAW_ROW(200),
    [SCT_STABLE] = {.key = "stable",
		    .name = "Stable",
		    .unit = THERAPY_UNIT_BOOL,
		    .min = 0,
		    .max = 1,
		    .interval_ms = 200,
		    .deadband = 0.5,
		    .diagnostic = true},
};
const struct therapy_verb sct_verbs[SCT_VERBS] = {[SCT_READ] = {"read", THERAPY_QUERY}};
const struct therapy_option sct_options[SCT_OPTIONS] = {
    [SCT_UNIT] =
	{.key = "unit", .type = THERAPY_OPTION_NUMBER, .min = 1, .max = 247, .help = "Modbus address, 1 unless given"},
    [SCT_DECIMALS] = {.key = "decimals",
		      .type = THERAPY_OPTION_NUMBER,
		      .min = 0,
		      .max = 5,
		      .help = "places behind the decimal point of its display, 0 unless given"},
    [SCT_SHOWS] = FORCE_SHOWS_OPTION,
    [SCT_ZERO] = FORCE_ZERO_OPTION,
};

int sct_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	double unit = force_unit(&values[SCT_SHOWS]);
	(void)seed;
	if (unit == 0)
		return -1;
	*(struct sct *)state = (struct sct){
	    .unit = (uint8_t)(values[SCT_UNIT].set ? values[SCT_UNIT].number : 1),
	    .newtons = unit / pow(10, values[SCT_DECIMALS].set ? values[SCT_DECIMALS].number : 0),
	    .zero_n = force_zero(&values[SCT_ZERO]),
	};
	return 0;
}

static uint16_t crc16(const uint8_t *bytes, size_t size)
{
	unsigned crc = 0xFFFF;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return (uint16_t)crc;
}

/* How long the reply is that starts here: 0 more is needed, -1 none starts here. A converter that echoes the query is
 * passed over by this as well. */
static long reply_size(const struct sct *sct, const uint8_t *bytes, size_t size)
{
	if (!sct->asked || bytes[0] != sct->unit)
		return -1;
	if (size < 2)
		return 0;
	if (bytes[1] == EXCEPTION)
		return OVERHEAD;
	if (bytes[1] != READ_HOLDING)
		return -1;
	if (size < 3)
		return 0;
	return bytes[2] == 2 * COUNT ? REPLY : -1;
}

long sct_frame(void *state, const uint8_t *bytes, size_t size)
{
	long n = size ? reply_size(state, bytes, size) : 0;
	return n > (long)size ? 0 : n;
}

static uint32_t u16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

enum therapy_refusal sct_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct sct *sct = state;
	const uint8_t *bytes = message->data, *data = bytes + 3;
	size_t size = message->size;
	if (size < OVERHEAD || reply_size(sct, bytes, size) != (long)size)
		return THERAPY_REFUSED_LENGTH;
	if (crc16(bytes, size - 2) != (bytes[size - 2] | bytes[size - 1] << 8))
		return THERAPY_REFUSED_CHECKSUM;
	if (bytes[1] == EXCEPTION)
		return THERAPY_REFUSED_TYPE;
	uint32_t status = u16_at(data);
	double newtons = (u16_at(data + 2) * 65536.0 + u16_at(data + 4)) * sct->newtons;
	if (status & STATUS_NEGATIVE)
		newtons = -newtons;
	if (status & STATUS_FAULTS)
		newtons = (double)NAN;
	therapy_emit(out, SCT_FORCE, newtons - sct->zero_n);
	therapy_emit(out, SCT_FORCE_RAW, newtons);
	therapy_emit(out, SCT_STABLE, (status & STATUS_STABLE) != 0);
	out->reply = true;
	return THERAPY_OK;
}

int sct_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct sct *sct = state;
	(void)now_ms;
	(void)value;
	if (verb >= SCT_VERBS)
		return -1;
	uint8_t query[8] = {sct->unit, READ_HOLDING, 0, FIRST, 0, COUNT};
	uint16_t crc = crc16(query, 6);
	query[6] = (uint8_t)crc;
	query[7] = (uint8_t)(crc >> 8);
	therapy_send(out, 0, query, sizeof query);
	sct->asked = true;
	return 0;
}
