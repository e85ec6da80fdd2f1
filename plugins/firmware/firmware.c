/* SPDX-License-Identifier: Apache-2.0
 *
 *   frame    COBS( packet ) 00
 *   packet   type seq body... crc crc          integers little endian, crc over type, seq and body
 *   REPORT   90 seq | uptime(4) n | id value(4) | id value(4) ...       value: int32 in thousandths
 *   INFO     81 seq | protocol kind report_ms(2) max_timeout_ms(2) name...
 *   ACK      82 seq | seq of the command, status
 */
#include "firmware/firmware.h"

enum {
	REPORT_HEAD = 5,   /* uptime_ms, n */
	REPORT_METRIC = 5, /* metric, value */
	INFO_HEAD = 6,     /* protocol, kind, report_ms, max_timeout_ms */
	ACK_SIZE = 2,
	ACK_STATUS_MAX = 4,
	PROTOCOL = 1,
	CONTROL = 1, /* every kind's only control */
	HELLO_EVERY_MS =
	    1000, /* to a board that reports before it said what it is: one per second is no flood at any baud */
};

static const int32_t not_known = INT32_MIN, sensor_fault = INT32_MIN + 1;

void firmware_init(struct firmware *firmware, const struct firmware_board *board, uint32_t seed)
{
	*firmware = (struct firmware){.board = board, .sent = (uint8_t)seed};
}

uint16_t firmware_crc(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xFFFF;
	for (size_t i = 0; i < size; i++) {
		crc ^= (uint32_t)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
		crc &= 0xFFFF;
	}
	return (uint16_t)crc;
}

/* Each code byte says how far it is to the next zero, which is left out. Blocks of 254 and more cannot occur here. */
static size_t cobs_encode(const uint8_t *in, size_t size, uint8_t *out)
{
	size_t code_at = 0, n = 1;
	for (size_t i = 0; i < size; i++) {
		if (in[i] != 0) {
			out[n++] = in[i];
			continue;
		}
		out[code_at] = (uint8_t)(n - code_at);
		code_at = n++;
	}
	out[code_at] = (uint8_t)(n - code_at);
	return n;
}

/* Returns the decoded length; 0 if `in` is no COBS or does not fit. */
static size_t cobs_decode(const uint8_t *in, size_t size, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < size;) {
		size_t run = in[i++];
		if (run == 0 || run - 1 > size - i || run - 1 > cap - n)
			return 0;
		for (size_t end = i + run - 1; i < end; i++) {
			if (in[i] == 0)
				return 0;
			out[n++] = in[i];
		}
		if (i < size && run != 0xFF) {
			if (n == cap)
				return 0;
			out[n++] = 0;
		}
	}
	return n;
}

size_t firmware_pack(uint8_t type, uint8_t seq, const uint8_t *body, size_t size, uint8_t frame[FIRMWARE_FRAME_MAX])
{
	if (size > FIRMWARE_BODY_MAX)
		return 0;
	uint8_t packet[FIRMWARE_PACKET_MAX] = {type, seq};
	if (size > 0)
		memcpy(packet + 2, body, size);
	uint16_t crc = firmware_crc(packet, size + 2);
	packet[size + 2] = (uint8_t)crc;
	packet[size + 3] = (uint8_t)(crc >> 8);
	size_t n = cobs_encode(packet, size + 4, frame);
	frame[n++] = 0;
	return n;
}

enum therapy_refusal firmware_unpack(const uint8_t *frame, size_t frame_size, uint8_t packet[FIRMWARE_PACKET_MAX],
				     size_t *size)
{
	if (frame_size < 2 || frame_size > FIRMWARE_FRAME_MAX || frame[frame_size - 1] != 0)
		return THERAPY_REFUSED_LENGTH;
	size_t n = cobs_decode(frame, frame_size - 1, packet, FIRMWARE_PACKET_MAX);
	if (n == 0)
		return THERAPY_REFUSED_FORMAT;
	if (n < 4)
		return THERAPY_REFUSED_LENGTH;
	n -= 2;
	if (firmware_crc(packet, n) != (packet[n] | packet[n + 1] << 8))
		return THERAPY_REFUSED_CHECKSUM;
	*size = n;
	return THERAPY_OK;
}

long firmware_frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state;
	size_t empty = 0;
	while (empty < size && bytes[empty] == 0)
		empty++;
	if (empty > 0)
		return -(long)empty;
	size_t scan = size < FIRMWARE_FRAME_MAX ? size : FIRMWARE_FRAME_MAX;
	const uint8_t *end = size ? memchr(bytes, 0, scan) : NULL;
	if (end)
		return end - bytes + 1;
	return scan == FIRMWARE_FRAME_MAX ? -(long)scan : 0;
}

/* Sends one packet and counts its seq. */
static void send_packet(struct firmware *firmware, uint8_t type, const uint8_t *body, size_t size,
			struct therapy_out *out)
{
	uint8_t frame[FIRMWARE_FRAME_MAX];
	size_t n = firmware_pack(type, firmware->sent++, body, size, frame);
	therapy_send(out, 0, frame, n);
}

static void send_hello(struct firmware *firmware, struct therapy_out *out)
{
	const uint8_t body[] = {PROTOCOL};
	send_packet(firmware, FIRMWARE_TYPE_HELLO, body, sizeof body, out);
}

static enum therapy_refusal decode_info(struct firmware *firmware, const uint8_t *body, size_t size)
{
	if (size < INFO_HEAD)
		return THERAPY_REFUSED_LENGTH;
	bool right = body[0] == PROTOCOL && body[1] == firmware->board->kind;
	firmware->identity = right ? FIRMWARE_RIGHT : FIRMWARE_WRONG;
	return right ? THERAPY_OK : THERAPY_REFUSED_TYPE;
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void emit_metric(uint16_t metric, int32_t thousandths, struct therapy_out *out)
{
	size_t before = out->n_readings;
	therapy_emit(out, metric, thousandths == sensor_fault ? (double)NAN : thousandths / 1000.0);
	if (thousandths == not_known && out->n_readings > before) {
		out->readings[before].quality = THERAPY_UNKNOWN;
		out->readings[before].value = 0;
	}
}

static enum therapy_refusal decode_report(struct firmware *firmware, const uint8_t *body, size_t size, uint64_t now_ms,
					  struct therapy_out *out)
{
	if (size < REPORT_HEAD || size != REPORT_HEAD + (size_t)body[4] * REPORT_METRIC)
		return THERAPY_REFUSED_LENGTH;
	if (firmware->identity == FIRMWARE_WRONG)
		return THERAPY_REFUSED_TYPE;
	uint32_t uptime_ms = u32_at(body);
	if (uptime_ms < firmware->uptime_ms)
		firmware->lost = 0; /* the board started again and so did its seq: the gap says nothing */
	firmware->uptime_ms = uptime_ms;
	if (firmware->identity == FIRMWARE_NOT_KNOWN) {
		if (!firmware->asked || now_ms - firmware->asked_ms >= HELLO_EVERY_MS) {
			firmware->asked = true;
			firmware->asked_ms = now_ms;
			send_hello(firmware, out);
		}
		return THERAPY_OK;
	}
	for (const uint8_t *p = body + REPORT_HEAD; p < body + size; p += REPORT_METRIC) {
		/* A metric this program does not know is a newer board's, not a fault. */
		if (p[0] >= 1 && p[0] <= firmware->board->n_metrics)
			emit_metric((uint16_t)(p[0] - 1), (int32_t)u32_at(p + 1), out);
	}
	return THERAPY_OK;
}

static enum therapy_refusal decode_ack(const uint8_t *body, size_t size)
{
	/* What a board says it will do proves nothing: the control's confirming reading does. So an ACK is only
	 * checked. */
	if (size != ACK_SIZE)
		return THERAPY_REFUSED_LENGTH;
	return body[1] <= ACK_STATUS_MAX ? THERAPY_OK : THERAPY_REFUSED_FORMAT;
}

enum therapy_refusal firmware_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct firmware *firmware = state;
	uint8_t packet[FIRMWARE_PACKET_MAX];
	size_t size = 0;
	enum therapy_refusal refusal = firmware_unpack(message->data, message->size, packet, &size);
	if (refusal != THERAPY_OK)
		return refusal;
	/* The gap is kept until a packet is accepted, because `out` of a refused one is ignored. */
	if (firmware->any_received)
		firmware->lost += (uint8_t)(packet[1] - firmware->received - 1);
	firmware->any_received = true;
	firmware->received = packet[1];

	const uint8_t *body = packet + 2;
	size -= 2;
	if (packet[0] == FIRMWARE_TYPE_REPORT)
		refusal = decode_report(firmware, body, size, message->now_ms, out);
	else if (packet[0] == FIRMWARE_TYPE_INFO)
		refusal = decode_info(firmware, body, size);
	else if (packet[0] == FIRMWARE_TYPE_ACK)
		refusal = decode_ack(body, size);
	else
		refusal = THERAPY_REFUSED_TYPE;
	if (refusal == THERAPY_OK) {
		out->lost = firmware->lost;
		firmware->lost = 0;
	}
	return refusal;
}

static int send_set(struct firmware *firmware, double value, struct therapy_out *out)
{
	if (!(value > 0 && value <= firmware->board->max))
		return -1;
	int32_t thousandths = (int32_t)lround(value * 1000.0);
	uint32_t v = (uint32_t)thousandths;
	uint16_t t = firmware->board->timeout_ms;
	const uint8_t body[] = {CONTROL,    (uint8_t)v,       (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24),
				(uint8_t)t, (uint8_t)(t >> 8)};
	send_packet(firmware, FIRMWARE_TYPE_SET, body, sizeof body, out);
	return 0;
}

int firmware_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct firmware *firmware = state;
	const struct firmware_board *board = firmware->board;
	const uint8_t all[] = {0xFF}; /* rest and stop are for everything on the board: none of it is left behind */
	const uint8_t timeout[] = {(uint8_t)board->timeout_ms, (uint8_t)(board->timeout_ms >> 8)};
	(void)now_ms;
	if (verb >= (board->timeout_ms ? FIRMWARE_VERBS_COUNT : FIRMWARE_QUERIES))
		return -1;
	switch (verb) {
	case FIRMWARE_HELLO:
		send_hello(firmware, out);
		return 0;
	case FIRMWARE_QUERY:
		send_packet(firmware, FIRMWARE_TYPE_QUERY, NULL, 0, out);
		return 0;
	case FIRMWARE_SET:
		if (value != 0)
			return send_set(firmware, value, out);
		send_packet(firmware, FIRMWARE_TYPE_REST, all, sizeof all, out);
		return 0;
	case FIRMWARE_KEEPALIVE:
		send_packet(firmware, FIRMWARE_TYPE_KEEPALIVE, timeout, sizeof timeout, out);
		return 0;
	case FIRMWARE_REST:
		send_packet(firmware, FIRMWARE_TYPE_REST, all, sizeof all, out);
		return 0;
	case FIRMWARE_STOP:
		send_packet(firmware, FIRMWARE_TYPE_STOP, all, sizeof all, out);
		return 0;
	default:
		return -1;
	}
}
