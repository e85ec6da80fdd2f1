/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/heater_board.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/firmware.h"

#define CONTROL_HEAT 1
#define CONTROL_ALL  0xFF
#define FULL_W       50.0
#define ROOM_C       22.0
#define C_PER_W      0.6 /* full power for long comes to 52 degC */
#define HYSTERESIS_C 0.2
#define TAU_S        60.0
static const char NAME[] = "heat board";

void heater_init(struct heater_board *board, uint64_t now_ms, enum heater_kind kind, const struct heater_ops *ops)
{
	*board = (struct heater_board){.ops = *ops, .kind = kind, .skin_c = ROOM_C, .tau_s = TAU_S, .obeys = true};
	heater_reboot(board, now_ms);
}

void heater_reboot(struct heater_board *board, uint64_t now_ms)
{
	board->born_ms = board->stepped_ms = now_ms;
	board->next_report_ms = now_ms + HEATER_REPORT_MS;
	board->asked = board->watt = 0;
}

/* What it draws now: a thermostat all or nothing, a stage its part. */
static double draws(const struct heater_board *board)
{
	if (board->asked <= 0)
		return 0;
	if (board->kind == HEATER_STAGED)
		return FULL_W * board->asked / HEATER_STAGES;
	double edge = board->watt > 0 ? board->asked + HYSTERESIS_C : board->asked - HYSTERESIS_C;
	return board->skin_c < edge ? FULL_W : 0;
}

static void report(struct heater_board *board, uint64_t now_ms)
{
	const double values[] = {board->skin_c, board->watt, board->asked};
	uint8_t body[5 + 3 * 5];
	firmware_put32(body, (uint32_t)(now_ms - board->born_ms));
	body[4] = 3;
	for (unsigned i = 0; i < 3; i++) {
		body[5 + 5 * i] = (uint8_t)(i + 1);
		firmware_put32(body + 6 + 5 * i, (uint32_t)(int32_t)lround(values[i] * 1000.0));
	}
	board->ops.send(board->ops.user, FIRMWARE_REPORT, body, sizeof body);
	board->next_report_ms = now_ms + HEATER_REPORT_MS;
}

static void ack(struct heater_board *board, uint8_t seq, enum firmware_status status)
{
	const uint8_t body[] = {seq, (uint8_t)status};
	board->ops.send(board->ops.user, FIRMWARE_ACK, body, sizeof body);
}

static void info(struct heater_board *board)
{
	uint8_t body[6 + sizeof NAME];
	body[0] = 1;
	body[1] = (uint8_t)board->kind;
	firmware_put16(body + 2, HEATER_REPORT_MS);
	firmware_put16(body + 4, HEATER_TIMEOUT_MAX_MS);
	memcpy(body + 6, NAME, sizeof NAME - 1);
	board->ops.send(board->ops.user, FIRMWARE_INFO, body, 6 + sizeof NAME - 1);
}

static void change(struct heater_board *board, uint64_t now_ms, double value, const char *what)
{
	if (value >= board->asked && value <= board->asked)
		return;
	board->asked = value;
	board->watt = draws(board);
	report(board, now_ms);
	board->ops.changed(board->ops.user, what);
}

static void restart_timer(struct heater_board *board, uint64_t now_ms, uint16_t timeout_ms)
{
	board->alive_until_ms = now_ms + (timeout_ms > HEATER_TIMEOUT_MAX_MS ? HEATER_TIMEOUT_MAX_MS : timeout_ms);
}

static bool in_range(const struct heater_board *board, double value)
{
	if (value == 0)
		return true;
	if (board->kind == HEATER_SETPOINT)
		return value >= HEATER_SETPOINT_MIN_C && value <= HEATER_SETPOINT_MAX_C;
	return value >= 1 && value <= HEATER_STAGES && value >= floor(value) && value <= floor(value);
}

static enum firmware_status set(struct heater_board *board, uint64_t now_ms, const uint8_t *body, size_t size)
{
	if (size != 7)
		return FIRMWARE_MALFORMED;
	double value = firmware_get32(body + 1) / 1000.0;
	snprintf(board->last_command, sizeof board->last_command, "SET %u %.3f", body[0], value);
	if (body[0] != CONTROL_HEAT)
		return FIRMWARE_UNKNOWN_CONTROL;
	if (!in_range(board, value))
		return FIRMWARE_OUT_OF_RANGE;
	if (board->pressed && value > 0)
		return FIRMWARE_NOT_NOW;
	restart_timer(board, now_ms, firmware_get16(body + 5));
	if (board->obeys)
		change(board, now_ms, value, value > 0 ? "heats" : "rest");
	return FIRMWARE_DONE;
}

static enum firmware_status rest(struct heater_board *board, uint64_t now_ms, const char *word, const uint8_t *body,
				 size_t size)
{
	if (size != 1)
		return FIRMWARE_MALFORMED;
	snprintf(board->last_command, sizeof board->last_command, "%s %u", word, body[0]);
	if (body[0] != CONTROL_HEAT && body[0] != CONTROL_ALL)
		return FIRMWARE_UNKNOWN_CONTROL;
	if (board->obeys)
		change(board, now_ms, 0, "rest");
	return FIRMWARE_DONE;
}

static enum firmware_status keepalive(struct heater_board *board, uint64_t now_ms, const uint8_t *body, size_t size)
{
	if (size != 2)
		return FIRMWARE_MALFORMED;
	restart_timer(board, now_ms, firmware_get16(body));
	return FIRMWARE_DONE;
}

void heater_packet(struct heater_board *board, uint64_t now_ms, uint8_t type, uint8_t seq, const uint8_t *body,
		   size_t size)
{
	heater_step(board, now_ms);
	board->commands++;
	switch (type) {
	case FIRMWARE_HELLO:
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
		ack(board, seq, rest(board, now_ms, type == FIRMWARE_STOP ? "STOP" : "REST", body, size));
		break;
	default:
		ack(board, seq, FIRMWARE_MALFORMED);
	}
}

void heater_step(struct heater_board *board, uint64_t now_ms)
{
	if (now_ms > board->stepped_ms) {
		double dt_s = (double)(now_ms - board->stepped_ms) / 1000.0;
		if (board->asked > 0 && !board->no_timer && now_ms >= board->alive_until_ms) {
			board->timeouts++;
			change(board, now_ms, 0, "timeout");
		}
		board->watt = draws(board);
		board->skin_c += (ROOM_C + board->watt * C_PER_W - board->skin_c) * (1.0 - exp(-dt_s / board->tau_s));
		board->stepped_ms = now_ms;
	}
	if (now_ms >= board->next_report_ms)
		report(board, now_ms);
}

void heater_press(struct heater_board *board, uint64_t now_ms, bool pressed)
{
	board->pressed = pressed;
	if (pressed)
		change(board, now_ms, 0, "pressed");
}
