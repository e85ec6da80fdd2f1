/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/belt_board.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/firmware.h"

#define KIND            2
#define CONTROL_TENSION 1
#define CONTROL_ALL     0xFF
#define LAG_S           0.25 /* the belt gives */
#define RELEASE_LAG_S   0.08 /* the open valve does not */
#define KPA_PER_N       0.25 /* a bladder of 40 cm2 */
static const char NAME[] = "traction board";

void belt_init(struct belt_board *board, uint64_t now_ms, const struct belt_ops *ops)
{
	*board = (struct belt_board){.ops = *ops, .ramp_n_s = 20, .obeys = true};
	belt_reboot(board, now_ms);
}

void belt_reboot(struct belt_board *board, uint64_t now_ms)
{
	board->born_ms = board->stepped_ms = now_ms;
	board->next_report_ms = now_ms + BELT_REPORT_MS;
	board->energised = board->released = false;
	board->asked_n = board->drive_n = board->force_n = 0;
}

double belt_setpoint(const struct belt_board *board)
{
	return board->energised ? board->asked_n : board->drive_n;
}

double belt_pressure_kpa(const struct belt_board *board)
{
	return board->force_n * KPA_PER_N;
}

static int32_t thousandths(double value)
{
	return (int32_t)lround(value * 1000.0);
}

static void report(struct belt_board *board, uint64_t now_ms)
{
	if (!board->frozen) {
		board->reported[0] = thousandths(board->force_n + board->drift_n);
		board->reported[1] = thousandths(belt_pressure_kpa(board));
		board->reported[2] = thousandths(belt_setpoint(board));
		board->reported[3] = board->pain ? 1000 : 0;
	}
	uint8_t body[5 + 4 * 5];
	firmware_put32(body, (uint32_t)(now_ms - board->born_ms));
	body[4] = 4;
	for (unsigned i = 0; i < 4; i++) {
		body[5 + 5 * i] = (uint8_t)(i + 1);
		firmware_put32(body + 6 + 5 * i, (uint32_t)board->reported[i]);
	}
	board->ops.send(board->ops.user, FIRMWARE_REPORT, body, sizeof body);
	board->next_report_ms = now_ms + BELT_REPORT_MS;
}

static void ack(struct belt_board *board, uint8_t seq, enum firmware_status status)
{
	const uint8_t body[] = {seq, (uint8_t)status};
	board->ops.send(board->ops.user, FIRMWARE_ACK, body, sizeof body);
}

static void info(struct belt_board *board)
{
	uint8_t body[6 + sizeof NAME];
	body[0] = 1;
	body[1] = KIND;
	firmware_put16(body + 2, BELT_REPORT_MS);
	firmware_put16(body + 4, BELT_TIMEOUT_MAX_MS);
	memcpy(body + 6, NAME, sizeof NAME - 1);
	board->ops.send(board->ops.user, FIRMWARE_INFO, body, 6 + sizeof NAME - 1);
}

/* Starts the way to rest; `fast` opens the valve. */
static void rest(struct belt_board *board, uint64_t now_ms, bool fast)
{
	bool was_up = board->energised || board->drive_n > 0, begins = board->energised;
	board->energised = false;
	if (begins)
		board->ops.changed(board->ops.user, "resting");
	if (fast) {
		board->drive_n = 0;
		board->released = true;
	}
	if (was_up && board->drive_n == 0) {
		report(board, now_ms);
		board->ops.changed(board->ops.user, fast ? "released" : "rest");
	}
}

static void restart_timer(struct belt_board *board, uint64_t now_ms, uint16_t timeout_ms)
{
	board->alive_until_ms = now_ms + (timeout_ms > BELT_TIMEOUT_MAX_MS ? BELT_TIMEOUT_MAX_MS : timeout_ms);
}

static enum firmware_status set(struct belt_board *board, uint64_t now_ms, const uint8_t *body, size_t size)
{
	if (size != 7)
		return FIRMWARE_MALFORMED;
	double value = firmware_get32(body + 1) / 1000.0;
	snprintf(board->last_command, sizeof board->last_command, "SET %u %.3f", body[0], value);
	if (body[0] != CONTROL_TENSION)
		return FIRMWARE_UNKNOWN_CONTROL;
	if (value < 0 || value > BELT_FORCE_MAX_N)
		return FIRMWARE_OUT_OF_RANGE;
	if (board->pain)
		return FIRMWARE_NOT_NOW;
	restart_timer(board, now_ms, firmware_get16(body + 5));
	if (!board->obeys)
		return FIRMWARE_DONE;
	if (value == 0) {
		rest(board, now_ms, false);
		return FIRMWARE_DONE;
	}
	bool was = board->energised;
	board->energised = true;
	board->released = false;
	board->asked_n = value;
	if (!was) {
		report(board, now_ms);
		board->ops.changed(board->ops.user, "energised");
	}
	return FIRMWARE_DONE;
}

static enum firmware_status rest_or_stop(struct belt_board *board, uint64_t now_ms, bool stop, const uint8_t *body,
					 size_t size)
{
	if (size != 1)
		return FIRMWARE_MALFORMED;
	snprintf(board->last_command, sizeof board->last_command, "%s %u", stop ? "STOP" : "REST", body[0]);
	if (body[0] != CONTROL_TENSION && body[0] != CONTROL_ALL)
		return FIRMWARE_UNKNOWN_CONTROL;
	if (board->obeys)
		rest(board, now_ms, stop);
	return FIRMWARE_DONE;
}

static enum firmware_status keepalive(struct belt_board *board, uint64_t now_ms, const uint8_t *body, size_t size)
{
	if (size != 2)
		return FIRMWARE_MALFORMED;
	restart_timer(board, now_ms, firmware_get16(body));
	return FIRMWARE_DONE;
}

void belt_packet(struct belt_board *board, uint64_t now_ms, uint8_t type, uint8_t seq, const uint8_t *body, size_t size)
{
	belt_step(board, now_ms);
	board->commands++;
	board->last_command_ms = now_ms;
	switch (type) {
	case FIRMWARE_HELLO:
		snprintf(board->last_command, sizeof board->last_command, "HELLO");
		info(board);
		break;
	case FIRMWARE_QUERY:
		report(board, now_ms);
		break;
	case FIRMWARE_KEEPALIVE:
		ack(board, seq, keepalive(board, now_ms, body, size));
		break;
	case FIRMWARE_SET:
		ack(board, seq, set(board, now_ms, body, size));
		break;
	case FIRMWARE_REST:
	case FIRMWARE_STOP:
		ack(board, seq, rest_or_stop(board, now_ms, type == FIRMWARE_STOP, body, size));
		break;
	default:
		ack(board, seq, FIRMWARE_MALFORMED);
	}
}

static void move(struct belt_board *board, double dt_s)
{
	double goal = board->energised ? board->asked_n : 0;
	double most = board->ramp_n_s * dt_s;
	double way = goal - board->drive_n;
	board->drive_n = fabs(way) <= most ? goal : board->drive_n + copysign(most, way);
	double lag = board->released ? RELEASE_LAG_S : LAG_S;
	board->force_n += (board->drive_n - board->force_n) * (1.0 - exp(-dt_s / lag));
	if (board->force_n < 0.001)
		board->force_n = 0;
}

void belt_step(struct belt_board *board, uint64_t now_ms)
{
	if (now_ms > board->stepped_ms) {
		bool was_up = board->drive_n > 0;
		if (board->energised && board->obeys && !board->no_timer && now_ms >= board->alive_until_ms) {
			board->timeouts++;
			rest(board, now_ms, false);
			board->ops.changed(board->ops.user, "timeout");
		}
		move(board, (double)(now_ms - board->stepped_ms) / 1000.0);
		board->stepped_ms = now_ms;
		if (was_up && board->drive_n == 0) {
			report(board, now_ms);
			board->ops.changed(board->ops.user, "rest");
		}
	}
	if (now_ms >= board->next_report_ms)
		report(board, now_ms);
}

void belt_pain(struct belt_board *board, uint64_t now_ms, bool pressed)
{
	board->pain = pressed;
	board->ops.changed(board->ops.user, pressed ? "pain" : "pain over");
	if (pressed)
		rest(board, now_ms, true);
}
