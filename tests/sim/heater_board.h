/* SPDX-License-Identifier: Apache-2.0
 *
 * heater_board - a heat pad that its own board controls: a thermostat (kind 4 of docs/firmware-protocol.md) or stages
 * (kind 5). A pure machine: packets and time in, packets out, including rest by itself when nobody keeps it alive,
 * whether anybody is connected or not. The side of the skin follows the heat with a first-order lag.
 */
#ifndef SIM_HEATER_BOARD_H
#define SIM_HEATER_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEATER_REPORT_MS      500u
#define HEATER_TIMEOUT_MAX_MS 10000u
#define HEATER_SETPOINT_MIN_C 30.0
#define HEATER_SETPOINT_MAX_C 41.0
#define HEATER_STAGES         3.0

enum heater_kind { HEATER_SETPOINT = 4, HEATER_STAGED = 5 };

struct heater_ops {
	void *user;
	/* A packet leaves the board. */
	void (*send)(void *user, uint8_t type, const uint8_t *body, size_t size);
	/* It began, changed or ended what it does: for watching, not for deciding. */
	void (*changed)(void *user, const char *what);
};

struct heater_board {
	struct heater_ops ops;
	enum heater_kind kind;
	uint64_t born_ms, stepped_ms;
	uint64_t next_report_ms;
	uint64_t alive_until_ms; /* the keep-alive timer */
	double asked;            /* degC, or the stage; 0: at rest */
	double skin_c, watt;
	double tau_s;  /* of the skin's side */
	bool pressed;  /* the local OFF button */
	bool no_timer; /* nobody keeps it alive, and it goes on */
	bool obeys;    /* false: acknowledges and does nothing */
	char last_command[48];
	uint64_t commands, timeouts;
};

void heater_init(struct heater_board *board, uint64_t now_ms, enum heater_kind kind, const struct heater_ops *ops);
/* A packet from the gateway. */
void heater_packet(struct heater_board *board, uint64_t now_ms, uint8_t type, uint8_t seq, const uint8_t *body,
		   size_t size);
/* Lets time pass; call every 10 ms or so. */
void heater_step(struct heater_board *board, uint64_t now_ms);
/* The local OFF button, which wins over any SET while it is held. */
void heater_press(struct heater_board *board, uint64_t now_ms, bool pressed);
/* Power was cut and is back: at rest. */
void heater_reboot(struct heater_board *board, uint64_t now_ms);

#endif
