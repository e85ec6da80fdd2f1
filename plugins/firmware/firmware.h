/* SPDX-License-Identifier: Apache-2.0
 *
 * firmware - the gateway's side of docs/firmware-protocol.md, shared by every plugin that has a `firmware` model. A
 * plugin adds a table (struct firmware_board) and its rows; all framing, checking, counting and commanding is here.
 *
 * Pure: no clock, no allocation, no host call; all state is the caller's struct firmware. One thread.
 *
 * Two conventions make the tables small. Row i of the model's metrics is the board's metric i + 1. The model's verbs
 * are the first of FIRMWARE_VERBS, and its one control is the board's control 1.
 *
 * A REPORT does not say what kind of board sent it, and metric 1 of a heat board is no force: so nothing is believed
 * until an INFO of the right kind came over this connection. Until then a REPORT is answered by HELLO.
 */
#ifndef FIRMWARE_FIRMWARE_H
#define FIRMWARE_FIRMWARE_H

#include "therapy/plugin.h"

enum {
	FIRMWARE_BODY_MAX = 240,
	FIRMWARE_PACKET_MAX = 2 + FIRMWARE_BODY_MAX + 2,  /* type, seq, body, crc */
	FIRMWARE_FRAME_MAX = FIRMWARE_PACKET_MAX + 1 + 1, /* COBS adds one byte below 254, and the 00 that ends it */
};

enum firmware_type {
	FIRMWARE_TYPE_HELLO = 0x01,
	FIRMWARE_TYPE_KEEPALIVE = 0x02,
	FIRMWARE_TYPE_SET = 0x03,
	FIRMWARE_TYPE_REST = 0x04,
	FIRMWARE_TYPE_STOP = 0x05,
	FIRMWARE_TYPE_QUERY = 0x06,
	FIRMWARE_TYPE_INFO = 0x81,
	FIRMWARE_TYPE_ACK = 0x82,
	FIRMWARE_TYPE_REPORT = 0x90,
};

enum firmware_kind {
	FIRMWARE_HEAT = 1,
	FIRMWARE_TRACTION = 2,
	FIRMWARE_INVERSION = 3,
	FIRMWARE_HEAT_SETPOINT = 4,
	FIRMWARE_HEAT_STAGES = 5,
	FIRMWARE_FORCE_GAUGE = 6,
};

/* The verbs of every firmware model, in this order; a board without a control has the first two only. */
enum firmware_verb {
	FIRMWARE_HELLO,
	FIRMWARE_QUERY,
	FIRMWARE_QUERIES, /* how many verbs a board without a control has */
	FIRMWARE_SET = FIRMWARE_QUERIES,
	FIRMWARE_KEEPALIVE,
	FIRMWARE_REST,
	FIRMWARE_STOP,
	FIRMWARE_VERBS_COUNT,
};
#define FIRMWARE_VERBS                                                                                                 \
	{                                                                                                              \
		{"hello", THERAPY_QUERY}, {"query", THERAPY_QUERY}, {"set", THERAPY_ACT},                              \
		    {"keepalive", THERAPY_RENEW}, {"rest", THERAPY_STOP}, {"stop", THERAPY_STOP},                      \
	}

/* What differs from board to board. */
struct firmware_board {
	uint8_t kind;        /* enum firmware_kind */
	uint8_t n_metrics;   /* the board's metrics 1 to n are the model's rows 0 to n - 1 */
	uint16_t timeout_ms; /* of the board's own timer, sent with each SET and KEEPALIVE; 0: there is no control */
	double max;          /* largest value SET may carry, in the control's unit: the row's own maximum */
};

enum firmware_identity { FIRMWARE_NOT_KNOWN, FIRMWARE_RIGHT, FIRMWARE_WRONG };

struct firmware {
	const struct firmware_board *board;
	enum firmware_identity identity;
	uint8_t sent;      /* seq of the next packet to send */
	uint8_t received;  /* seq of the last packet that was whole */
	bool any_received; /* `received` means something */
	uint32_t lost;     /* packets lost since the last one that was accepted */
	uint32_t uptime_ms;
	bool asked; /* HELLO was sent by decode at asked_ms */
	uint64_t asked_ms;
};

/* Starts a connection: nothing is known of the board, `seed` gives the first seq. `board` outlives the state. */
void firmware_init(struct firmware *firmware, const struct firmware_board *board, uint32_t seed);
/* therapy_model.frame: cuts at the 00 that ends a frame, passes over empty frames and what is too long for one. */
long firmware_frame(void *state, const uint8_t *bytes, size_t size);
/* therapy_model.decode and .encode for a state that begins with struct firmware. */
enum therapy_refusal firmware_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int firmware_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

/* CRC-16/IBM-3740; of "123456789" it is 0x29B1 (the check value of the catalogue of parametrised CRC algorithms). */
uint16_t firmware_crc(const uint8_t *bytes, size_t size);
/* Builds the frame of one packet, at most FIRMWARE_FRAME_MAX bytes. Returns its length; 0 if the body is too long. */
size_t firmware_pack(uint8_t type, uint8_t seq, const uint8_t *body, size_t size, uint8_t frame[FIRMWARE_FRAME_MAX]);
/* Undoes the COBS of a frame and checks its CRC. `packet` gets type, seq and body, *size their length. */
enum therapy_refusal firmware_unpack(const uint8_t *frame, size_t frame_size, uint8_t packet[FIRMWARE_PACKET_MAX],
				     size_t *size);

#endif
