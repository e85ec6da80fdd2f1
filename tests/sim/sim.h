/* SPDX-License-Identifier: Apache-2.0
 *
 * sim - the simulated home: its devices on real links, one control socket. commands.c is what can be said to it. On
 * the loop's thread.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/belt_port.h"
#include "sim/control.h"
#include "sim/esphome_port.h"
#include "sim/heater_port.h"
#include "sim/plug_link.h"
#include "sim/table_port.h"
#include "sim/world.h"

struct sim_config {
	const char *dir;  /* exists */
	const char *mqtt; /* mqtt://host:port; needed for the pad and the ESPHome boards */
	const char *pad;  /* topic of the plug */
	double table_rate_hz;
	int belt_port; /* 0: a free one */
	uint64_t seed;
	bool with_table, with_belt, with_pad;
	enum heater_kind heater; /* 0: none */
	bool with_esphome[ESPHOME_KINDS_];
	int parent; /* with --die-with-parent: its process id; 0: none */
};

struct sim {
	struct sim_config config;
	struct world world;
	struct table_port table;
	struct belt_port belt;
	struct plug_link pad;
	struct heater_port heater;
	struct esphome_port esphome[ESPHOME_KINDS_];
	struct control control;
	uv_signal_t sigint, sigterm;
	char ready_path[200];
	unsigned awaited; /* connections to the broker before all is up */
	bool closing;
};

/* Opens everything; `ready` is written when what uses the broker is connected, too. 0 or a negative UV_E* code, told on
 * standard error; then run the loop until it is empty after sim_close. */
int sim_open(struct sim *sim, uv_loop_t *loop, const struct sim_config *config);
void sim_close(struct sim *sim);
/* One line of the control socket. */
void sim_command(struct sim *sim, char *line, struct str *answer, bool *subscribe);

#endif
