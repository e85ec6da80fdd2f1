/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/seal.h"

#define FROM_MAX 3u /* start bytes, address, type: more stand before no sum */
/* How many frames a seal must fit: one byte fits one frame in 256 by chance, and there are some twenty candidates. */
#define LEAST_8  3u
#define LEAST_16 2u

static bool is_wide(enum seal_type type)
{
	return type >= SEAL_CRC16_A001;
}

static unsigned crc8(const uint8_t *b, size_t n)
{
	unsigned crc = 0;
	for (size_t i = 0; i < n; i++) {
		crc ^= b[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x80 ? (crc << 1 ^ 0x07) & 0xFF : crc << 1;
	}
	return crc;
}

static unsigned crc16_reflected(const uint8_t *b, size_t n)
{
	unsigned crc = 0xFFFF;
	for (size_t i = 0; i < n; i++) {
		crc ^= b[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return crc;
}

static unsigned crc16(const uint8_t *b, size_t n, unsigned crc)
{
	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned)b[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1;
	}
	return crc;
}

static unsigned value_of(enum seal_type type, const uint8_t *b, size_t n)
{
	unsigned value = 0;
	switch (type) {
	case SEAL_SUM:
	case SEAL_MINUS_SUM:
		for (size_t i = 0; i < n; i++)
			value += b[i];
		return (type == SEAL_SUM ? value : 0u - value) & 0xFF;
	case SEAL_XOR:
		for (size_t i = 0; i < n; i++)
			value ^= b[i];
		return value;
	case SEAL_CRC8:
		return crc8(b, n);
	case SEAL_CRC16_A001:
		return crc16_reflected(b, n);
	case SEAL_CRC16_1021:
		return crc16(b, n, 0xFFFF);
	case SEAL_CRC16_1021_0:
		return crc16(b, n, 0);
	case SEAL_NONE:
	default:
		return 0;
	}
}

static size_t width(const struct seal *seal)
{
	return is_wide(seal->type) ? 2 : 1;
}

/* The checksum as it stands in the frame. False: the frame has no room for one. */
static bool make(const struct seal *seal, const uint8_t *bytes, size_t size, uint8_t out[2])
{
	size_t n = width(seal);
	if (seal->type == SEAL_NONE || size <= seal->from + n)
		return false;
	unsigned value = value_of(seal->type, bytes + seal->from, size - n - seal->from);
	out[0] = (uint8_t)(n == 2 && seal->high_first ? value >> 8 : value);
	out[1] = (uint8_t)(seal->high_first ? value : value >> 8);
	return true;
}

static bool ends_with(const struct seal *seal, const struct seal_frame *frame)
{
	uint8_t expected[2];
	bool room = make(seal, frame->bytes, frame->size, expected);
	for (size_t b = 0; room && b < width(seal); b++)
		room = frame->bytes[frame->size - width(seal) + b] == expected[b];
	return room;
}

static bool fits(const struct seal *seal, const struct seal_frame *frames, size_t n)
{
	size_t fitted = 0;
	for (size_t i = 0; i < n; i++)
		fitted += ends_with(seal, &frames[i]);
	return fitted >= (is_wide(seal->type) ? LEAST_16 : LEAST_8) && fitted * 2 > n;
}

struct seal seal_find(const struct seal_frame *frames, size_t n)
{
	for (int type = SEAL_SUM; type <= SEAL_CRC16_1021_0; type++)
		for (uint8_t from = 0; from <= FROM_MAX; from++)
			for (int high = 0; high < 2; high++) {
				struct seal seal = {(enum seal_type)type, from, high == 1};
				if (fits(&seal, frames, n))
					return seal;
			}
	return (struct seal){SEAL_NONE, 0, false};
}

void seal_put(const struct seal *seal, uint8_t *bytes, size_t size)
{
	uint8_t made[2];
	if (!make(seal, bytes, size, made))
		return;
	for (size_t b = 0; b < width(seal); b++)
		bytes[size - width(seal) + b] = made[b];
}
