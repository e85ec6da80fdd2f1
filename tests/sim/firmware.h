/* SPDX-License-Identifier: Apache-2.0
 *
 * firmware - the board's end of the open firmware protocol (docs/firmware-protocol.md): COBS frames ended by 00, each a
 * packet `type seq body crc`, little endian, CRC-16/IBM-3740 over all before it. Written from the document and sharing
 * nothing with the gateway's plugins, so that a mistake in one does not hide in the other. Pure.
 */
#ifndef SIM_FIRMWARE_H
#define SIM_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

#define FIRMWARE_BODY_MAX   240u
#define FIRMWARE_PACKET_MAX (FIRMWARE_BODY_MAX + 4u)
#define FIRMWARE_FRAME_MAX  (FIRMWARE_PACKET_MAX + 2u) /* COBS adds one byte below 254, and the 00 */

enum firmware_type {
	FIRMWARE_HELLO = 0x01,
	FIRMWARE_KEEPALIVE,
	FIRMWARE_SET,
	FIRMWARE_REST,
	FIRMWARE_STOP,
	FIRMWARE_QUERY,
	FIRMWARE_INFO = 0x81,
	FIRMWARE_ACK,
	FIRMWARE_REPORT = 0x90,
};

enum firmware_status {
	FIRMWARE_DONE,
	FIRMWARE_UNKNOWN_CONTROL,
	FIRMWARE_OUT_OF_RANGE,
	FIRMWARE_NOT_NOW,
	FIRMWARE_MALFORMED,
};

struct firmware_packet {
	uint8_t type, seq;
	uint8_t size; /* of body */
	uint8_t body[FIRMWARE_BODY_MAX];
};

uint16_t firmware_crc(const uint8_t *bytes, size_t size);
/* The frame with its final 00. Returns its size, at most FIRMWARE_FRAME_MAX; body is at most FIRMWARE_BODY_MAX. */
size_t firmware_encode(const struct firmware_packet *packet, uint8_t out[FIRMWARE_FRAME_MAX]);
/* A frame without its 00. 0, or -1: no COBS, too short, too long, or the CRC is wrong. */
int firmware_decode(const uint8_t *frame, size_t size, struct firmware_packet *out);

void firmware_put16(uint8_t *at, uint16_t value);
void firmware_put32(uint8_t *at, uint32_t value);
uint16_t firmware_get16(const uint8_t *at);
int32_t firmware_get32(const uint8_t *at);

#endif
