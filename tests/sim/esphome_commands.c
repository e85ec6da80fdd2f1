/* SPDX-License-Identifier: Apache-2.0
 * What can be said to the boards of etc/esphome. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "sim/arguments.h"
#include "sim/commands.h"

#define DEFAULT_TILT_RATE 10.0 /* deg/s */

static bool there(const struct sim *sim, enum esphome_kind kind)
{
	return sim->config.with_esphome[kind];
}

/* NULL: no board has that name, or it was not started. */
static struct esphome_port *named(struct sim *sim, const char *key)
{
	for (unsigned kind = 0; kind < ESPHOME_KINDS_; kind++)
		if (strcmp(key, esphome_port_key((enum esphome_kind)kind)) == 0 && there(sim, (enum esphome_kind)kind))
			return &sim->esphome[kind];
	return NULL;
}

static int esphome_tilt(struct sim *sim, char **args, unsigned n)
{
	double target, rate = DEFAULT_TILT_RATE;
	uint64_t now_us = clock_boot_us();
	struct tilt *tilt = &sim->esphome[ESPHOME_TABLE].tilt;
	if (!there(sim, ESPHOME_TABLE))
		return UV_ENODEV;
	if (argument_number(args[0], "deg", &target) || fabs(target) > 180)
		return WRONG;
	if (n > 1 && strcmp(args[1], "now") == 0) {
		tilt_put(tilt, now_us, target);
		return 0;
	}
	if (n > 1 && (argument_number(args[1], "deg/s", &rate) || rate <= 0 || rate > 2000))
		return WRONG;
	tilt_go(tilt, now_us, target, rate);
	return 0;
}

static int esphome_pull(struct sim *sim, char **args, unsigned n)
{
	double force;
	(void)n;
	if (!there(sim, ESPHOME_BELT))
		return UV_ENODEV;
	if (argument_number(args[0], "N", &force) || fabs(force) > 5000)
		return WRONG;
	sim->esphome[ESPHOME_BELT].pull_n = force;
	return 0;
}

static int esphome_hang(struct sim *sim, char **args, unsigned n)
{
	struct esphome_port *port = named(sim, args[0]);
	(void)n;
	if (!port || port->board.kind == ESPHOME_PAD)
		return UV_ENODEV;
	return argument_on_off(args[1], &port->board.hung);
}

static int esphome_network(struct sim *sim, char **args, unsigned n)
{
	struct esphome_port *port = named(sim, args[0]);
	bool on;
	(void)n;
	if (!port)
		return UV_ENODEV;
	if (argument_on_off(args[1], &on))
		return WRONG;
	esphome_port_network(port, on);
	return 0;
}

static int esphome_supply(struct sim *sim, char **args, unsigned n)
{
	struct esphome_port *port = named(sim, args[0]);
	bool on;
	(void)n;
	if (!port)
		return UV_ENODEV;
	if (argument_on_off(args[1], &on))
		return WRONG;
	esphome_port_power(port, on);
	return 0;
}

static int esphome_welds(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (!there(sim, ESPHOME_PAD))
		return UV_ENODEV;
	if (argument_on_off(args[0], &on))
		return WRONG;
	esphome_weld(&sim->esphome[ESPHOME_PAD].board, on);
	return 0;
}

static int esphome_timer(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (!there(sim, ESPHOME_PAD))
		return UV_ENODEV;
	if (argument_on_off(args[0], &on))
		return WRONG;
	sim->esphome[ESPHOME_PAD].board.no_timer = !on;
	return 0;
}

const struct command esphome_commands[ESPHOME_COMMANDS] = {
    {"esphome", "tilt", "esphome tilt DEG [DEG_PER_S|now]", 1, 2, esphome_tilt},
    {"esphome", "pull", "esphome pull NEWTONS", 1, 1, esphome_pull},
    {"esphome", "hang", "esphome hang table|belt on|off", 2, 2, esphome_hang},
    {"esphome", "network", "esphome network table|belt|pad on|off", 2, 2, esphome_network},
    {"esphome", "power", "esphome power table|belt|pad on|off", 2, 2, esphome_supply},
    {"esphome", "weld", "esphome weld on|off", 1, 1, esphome_welds},
    {"esphome", "timer", "esphome timer on|off", 1, 1, esphome_timer},
};
