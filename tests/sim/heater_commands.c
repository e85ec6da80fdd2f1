/* SPDX-License-Identifier: Apache-2.0
 * What can be said to the heat pad with a board of its own. */
#include "base/clock.h"
#include "sim/arguments.h"
#include "sim/commands.h"

static int heater_button(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	heater_press(&sim->heater.board, clock_boot_ms(), on);
	return 0;
}

static int heater_skin(struct sim *sim, char **args, unsigned n)
{
	double skin;
	(void)n;
	if (argument_number(args[0], "degC", &skin) || skin < -40 || skin > 125)
		return WRONG;
	sim->heater.board.skin_c = skin;
	return 0;
}

static int heater_ignore(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	sim->heater.board.obeys = !on;
	return 0;
}

static int heater_timer(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	sim->heater.board.no_timer = !on;
	return 0;
}

static int heater_unplug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	heater_port_unplug(&sim->heater);
	return 0;
}

static int heater_plug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	return heater_port_plug(&sim->heater);
}

const struct command heater_commands[HEATER_COMMANDS] = {
    {"heater", "skin", "heater skin DEG_C", 1, 1, heater_skin},
    {"heater", "press", "heater press on|off", 1, 1, heater_button},
    {"heater", "ignore", "heater ignore on|off", 1, 1, heater_ignore},
    {"heater", "timer", "heater timer on|off", 1, 1, heater_timer},
    {"heater", "unplug", "heater unplug", 0, 0, heater_unplug},
    {"heater", "plug", "heater plug", 0, 0, heater_plug},
};
