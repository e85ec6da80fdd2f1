/* SPDX-License-Identifier: Apache-2.0
 *
 * world - what a measurement needs around the gateway: a private mosquitto, the gateway itself, inclinometers on
 * pseudo-terminals and a heat board on TCP, all in this process and stamped with CLOCK_MONOTONIC where bytes enter and
 * leave. Everything started is ended by world_end, by its process id.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TABLES_MAX 8u

struct table { /* a WT901 on a pseudo-terminal */
	int master;
	char slave[64];
};

struct board { /* a heat board speaking the firmware protocol on TCP */
	int listener, fd;
	uint16_t port;
	pthread_t thread;
	_Atomic bool stop, relay;
	_Atomic uint64_t accepted_ns;   /* the gateway's connection */
	_Atomic uint64_t first_rest_ns; /* first REST or STOP after it */
	_Atomic uint64_t off_ns;        /* first byte of the latest REST or STOP that switched it off */
	_Atomic uint64_t switch_ons, switch_offs;
	uint8_t seq;
};

struct world {
	char dir[64];
	uint16_t broker_port;
	pid_t broker, gateway;
	struct table tables[TABLES_MAX];
	size_t n_tables;
	struct board board;
	struct mosquitto *client;
	_Atomic uint64_t readings, batches, gaps, oldest_ms; /* telemetry seen by the independent client */
	_Atomic uint64_t shown_on_ns, shown_off_ns;          /* the pad's state began to say so */
	uint64_t gateway_started_ns;
};

uint64_t now_ns(void);

/* Broker, inclinometers, board and client; the gateway is not started yet. `program` is the gateway's file. Exits with
 * a message when something cannot be had. */
void world_begin(struct world *world, size_t n_tables);
/* Writes a configuration (quiet_ms: of resting devices) and starts the gateway with it. */
void world_start_gateway(struct world *world, const char *program, unsigned quiet_ms);
/* Waits until the board was told to rest and the broker knows the gateway. */
void world_wait_ready(struct world *world);
/* Asks for heat over MQTT. */
void world_ask_heat(struct world *world, bool on);
/* One angle frame (type 53) of that tilt on table i, written at once. Returns the time just before the write. */
uint64_t world_tilt(struct world *world, size_t i, double tilt_deg);
void world_end(struct world *world);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
