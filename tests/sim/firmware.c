/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/firmware.h"

#include <string.h>

uint16_t firmware_crc(const uint8_t *bytes, size_t size)
{
	unsigned crc = 0xFFFF;
	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xFFFF;
	}
	return (uint16_t)crc;
}

/* A run of at most 254 bytes other than 00 is preceded by its length plus one; the 00 that ends it is left out. */
static size_t cobs_encode(const uint8_t *in, size_t size, uint8_t *out)
{
	size_t code_at = 0, n = 1;
	for (size_t i = 0; i < size; i++) {
		if (in[i] != 0)
			out[n++] = in[i];
		if (in[i] == 0 || n - code_at == 255) {
			out[code_at] = (uint8_t)(n - code_at);
			code_at = n++;
		}
	}
	out[code_at] = (uint8_t)(n - code_at);
	return n;
}

static long cobs_decode(const uint8_t *in, size_t size, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < size;) {
		size_t run = in[i];
		if (run == 0 || i + run > size)
			return -1;
		if (n + run > cap + 1)
			return -1;
		memcpy(out + n, in + i + 1, run - 1);
		n += run - 1;
		i += run;
		if (run < 255 && i < size) {
			if (n == cap)
				return -1;
			out[n++] = 0;
		}
	}
	return (long)n;
}

size_t firmware_encode(const struct firmware_packet *packet, uint8_t out[FIRMWARE_FRAME_MAX])
{
	uint8_t bytes[FIRMWARE_PACKET_MAX];
	size_t n = 2u + packet->size;
	bytes[0] = packet->type;
	bytes[1] = packet->seq;
	memcpy(bytes + 2, packet->body, packet->size);
	firmware_put16(bytes + n, firmware_crc(bytes, n));
	size_t size = cobs_encode(bytes, n + 2, out);
	out[size++] = 0;
	return size;
}

int firmware_decode(const uint8_t *frame, size_t size, struct firmware_packet *out)
{
	uint8_t bytes[FIRMWARE_PACKET_MAX];
	long n = cobs_decode(frame, size, bytes, sizeof bytes);
	if (n < 4 || firmware_crc(bytes, (size_t)n - 2) != firmware_get16(bytes + n - 2))
		return -1;
	out->type = bytes[0];
	out->seq = bytes[1];
	out->size = (uint8_t)(n - 4);
	memcpy(out->body, bytes + 2, out->size);
	return 0;
}

void firmware_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value & 0xFF);
	at[1] = (uint8_t)(value >> 8);
}

void firmware_put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)((value >> (8 * i)) & 0xFF);
}

uint16_t firmware_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

int32_t firmware_get32(const uint8_t *at)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)at[i] << (8 * i);
	return (int32_t)value;
}
