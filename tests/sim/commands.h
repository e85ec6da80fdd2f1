/* SPDX-License-Identifier: Apache-2.0
 * What can be said on the control socket: rows of a table, one function each. */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H

#include "sim/sim.h"

struct command {
	const char *device, *verb, *usage;
	unsigned least, most; /* arguments */
	/* 0, or -1: the arguments are wrong, the usage is told. A negative UV_E* code below that is told as it is. */
	int (*run)(struct sim *sim, char **args, unsigned n);
};

enum { HEATER_COMMANDS = 6, ESPHOME_COMMANDS = 7 };

extern const struct command heater_commands[HEATER_COMMANDS];
extern const struct command esphome_commands[ESPHOME_COMMANDS];

#endif
