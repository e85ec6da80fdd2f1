/* SPDX-License-Identifier: Apache-2.0
 * What can be said on the control socket: one table, one function per command. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/arguments.h"
#include "sim/commands.h"
#include "sim/json.h"

#define DEFAULT_TILT_RATE 10.0 /* deg/s; nobody is tilted faster on purpose */
#define WORDS_MAX         5u

/* ---- the same for table and belt ---- */

static int drop(struct mischief *m, char **args)
{
	return argument_chance(args[0], &m->drop);
}

static int corrupt(struct mischief *m, char **args)
{
	return argument_chance(args[0], &m->corrupt);
}

static int gap(struct mischief *m, char **args)
{
	uint64_t ms;
	if (argument_duration(args[0], &ms))
		return WRONG;
	m->silent_until_ms = clock_boot_ms() + ms;
	return 0;
}

/* Counted from now and from the truth; 0 brings it back. */
static int wander(struct drift *drift, const char *rate, const char *unit)
{
	double per_s;
	if (argument_number(rate, unit, &per_s) || fabs(per_s) > 1000)
		return WRONG;
	*drift = (struct drift){.per_s = per_s, .since_us = clock_boot_us()};
	return 0;
}

#define BOTH(verb)                                                                                                     \
	static int table_##verb(struct sim *sim, char **args, unsigned n)                                              \
	{                                                                                                              \
		(void)n;                                                                                               \
		return verb(&sim->table.mischief, args);                                                               \
	}                                                                                                              \
	static int belt_##verb(struct sim *sim, char **args, unsigned n)                                               \
	{                                                                                                              \
		(void)n;                                                                                               \
		return verb(&sim->belt.link.mischief, args);                                                           \
	}
BOTH(drop)
BOTH(corrupt)
BOTH(gap)

/* ---- table ---- */

static int table_tilt(struct sim *sim, char **args, unsigned n)
{
	double target, rate = DEFAULT_TILT_RATE;
	uint64_t now_us = clock_boot_us();
	if (argument_number(args[0], "deg", &target) || fabs(target) > 180)
		return WRONG;
	if (n > 1 && !strcmp(args[1], "now")) {
		tilt_put(&sim->table.tilt, now_us, target);
		return 0;
	}
	if (n > 1 && (argument_number(args[1], "deg/s", &rate) || rate <= 0 || rate > 2000))
		return WRONG;
	tilt_go(&sim->table.tilt, now_us, target, rate);
	return 0;
}

static int table_rate(struct sim *sim, char **args, unsigned n)
{
	double hz;
	(void)n;
	if (argument_number(args[0], "Hz", &hz) || hz < 0.1 || hz > 20000)
		return WRONG;
	table_port_rate(&sim->table, hz);
	return 0;
}

static int table_watch(struct sim *sim, char **args, unsigned n)
{
	double deg = (double)NAN;
	(void)n;
	if (strcmp(args[0], "off") != 0 && argument_number(args[0], "deg", &deg))
		return WRONG;
	sim->table.watch_deg = deg;
	sim->table.beyond = fabs(tilt_at(&sim->table.tilt, clock_boot_us())) > deg;
	return 0;
}

static int table_freeze(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	table_port_freeze(&sim->table, on);
	return 0;
}

static int table_drift(struct sim *sim, char **args, unsigned n)
{
	(void)n;
	return wander(&sim->table.drift, args[0], "deg/s");
}

static int table_unplug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	table_port_unplug(&sim->table);
	return 0;
}

static int table_plug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	return table_port_plug(&sim->table);
}

/* ---- belt ---- */

static int belt_freeze(struct sim *sim, char **args, unsigned n)
{
	(void)n;
	return argument_on_off(args[0], &sim->belt.link.mischief.frozen);
}

static int belt_drift(struct sim *sim, char **args, unsigned n)
{
	(void)n;
	return wander(&sim->belt.drift, args[0], "N/s");
}

static int belt_unplug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	belt_port_unplug(&sim->belt);
	return 0;
}

static int belt_plug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	return belt_port_plug(&sim->belt);
}

static int belt_press(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	belt_pain(&sim->belt.board, clock_boot_ms(), on);
	return 0;
}

static int belt_ignore(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	sim->belt.board.obeys = !on;
	return 0;
}

static int belt_timer(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	sim->belt.board.no_timer = !on;
	return 0;
}

static int belt_ramp(struct sim *sim, char **args, unsigned n)
{
	double rate;
	(void)n;
	if (argument_number(args[0], "N/s", &rate) || rate <= 0 || rate > 10000)
		return WRONG;
	sim->belt.board.ramp_n_s = rate;
	return 0;
}

/* ---- pad ---- */

static int pad_ignore(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (!strcmp(args[0], "silent"))
		sim->pad.plug.obedience = PLUG_DEAF;
	else if (!strcmp(args[0], "refuse"))
		sim->pad.plug.obedience = PLUG_REFUSES;
	else if (argument_on_off(args[0], &on))
		return WRONG;
	else
		sim->pad.plug.obedience = on ? PLUG_PRETENDS : PLUG_OBEYS;
	return 0;
}

static int pad_weld(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	plug_weld(&sim->pad.plug, on);
	return 0;
}

static int pad_press(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	plug_press(&sim->pad.plug, clock_boot_ms(), on);
	return 0;
}

static int pad_handset(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	plug_handset(&sim->pad.plug, on);
	return 0;
}

static int pad_timer(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	plug_timer(&sim->pad.plug, on);
	return 0;
}

static int pad_rogue(struct sim *sim, char **args, unsigned n)
{
	bool on;
	if (argument_on_off(args[0], &on) || (n > 1 && strcmp(args[1], "retained") != 0))
		return WRONG;
	plug_link_rogue(&sim->pad, on ? "ON" : "OFF", n > 1);
	return 0;
}

static int pad_network(struct sim *sim, char **args, unsigned n)
{
	bool on;
	(void)n;
	if (argument_on_off(args[0], &on))
		return WRONG;
	plug_link_network(&sim->pad, on);
	return 0;
}

static int pad_unplug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	plug_mains(&sim->pad.plug, clock_boot_ms(), false);
	plug_link_network(&sim->pad, false);
	return 0;
}

static int pad_plug(struct sim *sim, char **args, unsigned n)
{
	(void)args;
	(void)n;
	plug_mains(&sim->pad.plug, clock_boot_ms(), true);
	plug_link_network(&sim->pad, true);
	return 0;
}

static int pad_tau(struct sim *sim, char **args, unsigned n)
{
	double seconds;
	(void)n;
	if (argument_number(args[0], "s", &seconds) || seconds <= 0)
		return WRONG;
	sim->pad.plug.tau_s = seconds;
	return 0;
}

static const struct command COMMANDS[] = {
    {"table", "tilt", "table tilt DEG [DEG_PER_S|now]", 1, 2, table_tilt},
    {"table", "rate", "table rate HZ", 1, 1, table_rate},
    {"table", "watch", "table watch DEG|off", 1, 1, table_watch},
    {"table", "drop", "table drop PERCENT%", 1, 1, table_drop},
    {"table", "corrupt", "table corrupt PERCENT%", 1, 1, table_corrupt},
    {"table", "gap", "table gap 3s", 1, 1, table_gap},
    {"table", "freeze", "table freeze on|off", 1, 1, table_freeze},
    {"table", "drift", "table drift DEG_PER_S", 1, 1, table_drift},
    {"table", "unplug", "table unplug", 0, 0, table_unplug},
    {"table", "plug", "table plug", 0, 0, table_plug},
    {"belt", "pain", "belt pain on|off", 1, 1, belt_press},
    {"belt", "ramp", "belt ramp N_PER_S", 1, 1, belt_ramp},
    {"belt", "ignore", "belt ignore on|off", 1, 1, belt_ignore},
    {"belt", "timer", "belt timer on|off", 1, 1, belt_timer},
    {"belt", "drop", "belt drop PERCENT%", 1, 1, belt_drop},
    {"belt", "corrupt", "belt corrupt PERCENT%", 1, 1, belt_corrupt},
    {"belt", "gap", "belt gap 3s", 1, 1, belt_gap},
    {"belt", "freeze", "belt freeze on|off", 1, 1, belt_freeze},
    {"belt", "drift", "belt drift N_PER_S", 1, 1, belt_drift},
    {"belt", "unplug", "belt unplug", 0, 0, belt_unplug},
    {"belt", "plug", "belt plug", 0, 0, belt_plug},
    {"pad", "ignore", "pad ignore on|refuse|silent|off", 1, 1, pad_ignore},
    {"pad", "timer", "pad timer on|off", 1, 1, pad_timer},
    {"pad", "rogue", "pad rogue on|off [retained]", 1, 2, pad_rogue},
    {"pad", "weld", "pad weld on|off", 1, 1, pad_weld},
    {"pad", "press", "pad press on|off", 1, 1, pad_press},
    {"pad", "handset", "pad handset on|off", 1, 1, pad_handset},
    {"pad", "network", "pad network on|off", 1, 1, pad_network},
    {"pad", "unplug", "pad unplug", 0, 0, pad_unplug},
    {"pad", "plug", "pad plug", 0, 0, pad_plug},
    {"pad", "tau", "pad tau SECONDS", 1, 1, pad_tau},
};

static bool has(const struct sim *sim, const char *device)
{
	if (*device == 'h')
		return sim->config.heater != 0;
	if (*device == 'e')
		return true; /* each command knows whose board it is about */
	return *device == 't' ? sim->config.with_table : *device == 'b' ? sim->config.with_belt : sim->config.with_pad;
}

static void refuse(struct str *answer, const char *expected, const char *found)
{
	str_add(answer, "{\"ok\":false,\"error\":");
	char text[CONTROL_LINE_MAX + 128];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "expected %s, found '%s'", expected, found);
	json_text(answer, text);
	str_add(answer, "}");
}

static void add_state(struct sim *sim, struct str *answer)
{
	str_add(answer, "{\"ok\":true,\"us\":%llu", (unsigned long long)clock_boot_us());
	if (sim->config.with_table) {
		str_add(answer, ",\"table\":");
		table_port_state(&sim->table, answer);
	}
	if (sim->config.with_belt) {
		str_add(answer, ",\"belt\":");
		belt_port_state(&sim->belt, answer);
	}
	if (sim->config.with_pad) {
		str_add(answer, ",\"pad\":");
		plug_link_state(&sim->pad, answer);
	}
	if (sim->config.heater) {
		str_add(answer, ",\"heater\":");
		heater_port_state(&sim->heater, answer);
	}
	bool any = false;
	for (unsigned kind = 0; kind < ESPHOME_KINDS_; kind++)
		if (sim->config.with_esphome[kind]) {
			str_add(answer, "%s\"%s\":", any ? "," : ",\"esphome\":{",
				esphome_port_key((enum esphome_kind)kind));
			esphome_port_state(&sim->esphome[kind], answer);
			any = true;
		}
	if (any)
		str_add(answer, "}");
	str_add(answer, "}");
}

static const struct command *find(const char *device, const char *verb)
{
	const struct {
		const struct command *rows;
		size_t n;
	} tables[] = {{COMMANDS, sizeof COMMANDS / sizeof *COMMANDS},
		      {heater_commands, HEATER_COMMANDS},
		      {esphome_commands, ESPHOME_COMMANDS}};
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (size_t i = 0; i < tables[t].n; i++)
			if (strcmp(tables[t].rows[i].device, device) == 0 && strcmp(tables[t].rows[i].verb, verb) == 0)
				return &tables[t].rows[i];
	return NULL;
}

static void device_command(struct sim *sim, char **words, unsigned n, const char *line, struct str *answer)
{
	const struct command *c = find(words[0], words[1]);
	if (!c) {
		refuse(answer, "state, subscribe, quit, or a command of table, belt or pad (see --help)", line);
		return;
	}
	if (!has(sim, c->device)) {
		refuse(answer, "a device that was started (see --only, --heater)", c->device);
		return;
	}
	int code = n - 2 < c->least || n - 2 > c->most ? WRONG : c->run(sim, words + 2, n - 2);
	if (code == WRONG)
		refuse(answer, c->usage, line);
	else if (code)
		str_add(answer, "{\"ok\":false,\"error\":\"%s\"}", uv_strerror(code));
	else
		str_add(answer, "{\"ok\":true,\"us\":%llu}", (unsigned long long)clock_boot_us());
}

void sim_command(struct sim *sim, char *line, struct str *answer, bool *subscribe)
{
	char copy[CONTROL_LINE_MAX], *rest = copy, *word, *words[WORDS_MAX];
	unsigned n = 0;
	str_copy(copy, sizeof copy, line);
	while (n < WORDS_MAX && (word = strsep(&rest, " \t\r")))
		if (*word)
			words[n++] = word;
	if (n >= 2) {
		device_command(sim, words, n, line, answer);
	} else if (n == 1 && !strcmp(words[0], "state")) {
		add_state(sim, answer);
	} else if (n == 1 && !strcmp(words[0], "subscribe")) {
		*subscribe = true;
		str_add(answer, "{\"ok\":true}");
	} else if (n == 1 && !strcmp(words[0], "quit")) {
		str_add(answer, "{\"ok\":true}");
		raise(SIGTERM); /* comes round by the loop, after the answer has left */
	} else {
		refuse(answer, "state, subscribe, quit, or a command of table, belt or pad (see --help)", line);
	}
}
