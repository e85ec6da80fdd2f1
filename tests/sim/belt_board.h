/* SPDX-License-Identifier: Apache-2.0
 *
 * belt_board - the microcontroller of a traction belt and the belt itself: pump, force cell, pain button. A pure
 * machine: packets and time in, packets out. It does what docs/firmware-protocol.md says of kind 2, including rest by
 * itself when nobody keeps it alive, whether anybody is connected or not.
 *
 * The pump follows a drive that slews towards the set-point at the board's own rate; the cell sees the drive through
 * the give of the belt, a first-order lag. While energised `setpoint` is what was asked for; on the way to rest it is
 * the falling drive, and 0 only when the way is done.
 */
#ifndef SIM_BELT_BOARD_H
#define SIM_BELT_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BELT_REPORT_MS      100u
#define BELT_TIMEOUT_MAX_MS 5000u
#define BELT_FORCE_MAX_N    600.0 /* of a SET; 60 kg is the most in the literature the defaults come from */

struct belt_board;

struct belt_ops {
	void *user;
	/* A packet leaves the board. */
	void (*send)(void *user, uint8_t type, const uint8_t *body, size_t size);
	/* It energised, began to rest or came to rest, the pain button moved: for watching, not for deciding. */
	void (*changed)(void *user, const char *what);
};

struct belt_board {
	struct belt_ops ops;
	uint64_t born_ms, stepped_ms;
	uint64_t next_report_ms;
	uint64_t alive_until_ms; /* the keep-alive timer */
	bool energised;          /* between a SET and the next rest */
	double asked_n;          /* of the last SET while energised */
	double drive_n, force_n;
	double ramp_n_s; /* the board's own rate, up and down */
	bool released;   /* STOP: the valve is open */
	bool pain;
	bool no_timer;  /* nobody keeps it alive, and it goes on */
	bool obeys;     /* false: acknowledges and does nothing */
	bool frozen;    /* reports what it reported last */
	double drift_n; /* of the force cell: what it says beyond what is */
	int32_t reported[4];
	char last_command[48];
	uint64_t last_command_ms, commands, timeouts;
};

void belt_init(struct belt_board *board, uint64_t now_ms, const struct belt_ops *ops);
/* A packet from the gateway. */
void belt_packet(struct belt_board *board, uint64_t now_ms, uint8_t type, uint8_t seq, const uint8_t *body,
		 size_t size);
/* Lets time pass; call every 10 ms or so. */
void belt_step(struct belt_board *board, uint64_t now_ms);
void belt_pain(struct belt_board *board, uint64_t now_ms, bool pressed);
/* Power was cut and is back: everything at rest. */
void belt_reboot(struct belt_board *board, uint64_t now_ms);
/* What REPORT says as metric 3, N. */
double belt_setpoint(const struct belt_board *board);
double belt_pressure_kpa(const struct belt_board *board);

#endif
