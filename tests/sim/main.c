/* SPDX-License-Identifier: Apache-2.0
 * therapy-sim: therapy devices on real links, for tests and the demo. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sim/sim.h"

static const char HELP[] =
    "Usage: therapy-sim --dir DIR --mqtt mqtt://host:port [options]\n"
    "Emulates three therapy devices byte for byte on real links.\n"
    "\n"
    "  --dir DIR           where `table`, `control` and `ready` appear\n"
    "  --mqtt URL          the broker the heat pad's plug and the ESPHome boards connect to\n"
    "  --only LIST         some of table,belt,pad, or none (default: all)\n"
    "  --esphome LIST      some of table,belt,pad: the boards of etc/esphome, besides (default: none)\n"
    "  --heater KIND       setpoint or stages: a heat pad with a board of its own, besides (default: none)\n"
    "  --table-rate HZ     samples per second of the inclinometer, 3 frames each (default 10)\n"
    "  --belt-port PORT    TCP port of the traction board on 127.0.0.1 (default: a free one)\n"
    "  --pad NAME          topic of the plug (default pad_plug)\n"
    "  --seed N            of the random faults (default 1)\n"
    "  --die-with-parent   end when the process that started it ends\n"
    "  --help              this text\n"
    "\n"
    "Devices\n"
    "  table   WitMotion WT901 inclinometer on the pseudo-terminal DIR/table\n"
    "  belt    traction board, open firmware protocol over TCP\n"
    "  pad     heat pad behind a Tasmota plug over MQTT\n"
    "  heater  heat pad with a thermostat or stages, open firmware protocol over TCP; only with --heater\n"
    "  esphome the boards therapy-table, therapy-belt, therapy-pad over MQTT; only with --esphome\n"
    "\n"
    "DIR/ready is written when all of it is up: {pid, control, table, belt_port, pad, heater_port}.\n"
    "DIR/control takes one command a line and answers one JSON line each:\n"
    "  state | subscribe | quit\n"
    "  table tilt DEG [DEG_PER_S|now] | rate HZ | watch DEG|off\n"
    "        drop 1% | corrupt 1% | gap 3s | freeze on|off | drift DEG_PER_S | unplug | plug\n"
    "  belt  pain on|off | ramp N_PER_S | ignore on|off | timer on|off\n"
    "        drop 1% | corrupt 1% | gap 3s | freeze on|off | drift N_PER_S | unplug | plug\n"
    "  pad   ignore on|refuse|silent|off | weld on|off | timer on|off | press on|off | handset on|off\n"
    "        rogue on|off [retained] | network on|off | unplug | plug | tau SECONDS\n"
    "  heater skin DEG_C | press on|off | ignore on|off | timer on|off | unplug | plug\n"
    "  esphome tilt DEG [DEG_PER_S|now] | pull NEWTONS | hang table|belt on|off | weld on|off | timer on|off\n"
    "        network table|belt|pad on|off | power table|belt|pad on|off\n"
    "After `subscribe` events follow: relay, command, pad, belt, table, crossing, heater, esphome. Times are "
    "CLOCK_BOOTTIME in us.\n";

static int usage(const char *what, const char *found)
{
	fprintf(stderr, "therapy-sim: expected %s, found '%s' (see --help)\n", what, found ? found : "nothing");
	return -1;
}

/* Some of three words. */
static int parse_list(const char *list, const char *what, bool *table, bool *belt, bool *pad)
{
	char copy[64], *rest = copy, *word;
	*table = *belt = *pad = false;
	if (!str_copy(copy, sizeof copy, list))
		return usage(what, list);
	while ((word = strsep(&rest, ","))) {
		if (!strcmp(word, "table"))
			*table = true;
		else if (!strcmp(word, "belt"))
			*belt = true;
		else if (!strcmp(word, "pad"))
			*pad = true;
		else if (strcmp(list, "none") != 0)
			return usage(what, word);
	}
	return 0;
}

static int parse_only(const char *list, struct sim_config *config)
{
	return parse_list(list, "--only with some of table,belt,pad", &config->with_table, &config->with_belt,
			  &config->with_pad);
}

static int parse_esphome(const char *list, struct sim_config *config)
{
	return parse_list(list, "--esphome with some of table,belt,pad", &config->with_esphome[ESPHOME_TABLE],
			  &config->with_esphome[ESPHOME_BELT], &config->with_esphome[ESPHOME_PAD]);
}

static int parse_heater(const char *kind, struct sim_config *config)
{
	if (strcmp(kind, "setpoint") != 0 && strcmp(kind, "stages") != 0)
		return usage("--heater setpoint or stages", kind);
	config->heater = strcmp(kind, "setpoint") == 0 ? HEATER_SETPOINT : HEATER_STAGED;
	return 0;
}

static int parse_number(const char *text, double least, double most, const char *what, double *out)
{
	char *end;
	errno = 0;
	double value = strtod(text, &end);
	if (end == text || *end || errno || !(value >= least && value <= most))
		return usage(what, text);
	*out = value;
	return 0;
}

static int check(const struct sim_config *config)
{
	struct stat st;
	if (!config->dir || stat(config->dir, &st) || !S_ISDIR(st.st_mode))
		return usage("--dir with a directory that exists", config->dir);
	bool broker = config->with_pad;
	for (unsigned kind = 0; kind < ESPHOME_KINDS_; kind++)
		broker |= config->with_esphome[kind];
	if (broker && (!config->mqtt || strncmp(config->mqtt, "mqtt://", 7) != 0))
		return usage("--mqtt with mqtt://host:port, for the pad", config->mqtt);
	if (!*config->pad || strlen(config->pad) > 47 || strpbrk(config->pad, "/+#\"\\ "))
		return usage("--pad with one topic level of at most 47 bytes", config->pad);
	return 0;
}

enum {
	OPT_DIR,
	OPT_MQTT,
	OPT_ONLY,
	OPT_HEATER,
	OPT_ESPHOME,
	OPT_RATE,
	OPT_PORT,
	OPT_PAD,
	OPT_SEED,
	OPT_PARENT,
	OPT_HELP
};

/* 0: go on, 1: all done (help), -1: told what is wrong. */
static int parse(int argc, char **argv, struct sim_config *config)
{
	static const struct option options[] = {{"dir", required_argument, NULL, OPT_DIR},
						{"mqtt", required_argument, NULL, OPT_MQTT},
						{"only", required_argument, NULL, OPT_ONLY},
						{"heater", required_argument, NULL, OPT_HEATER},
						{"esphome", required_argument, NULL, OPT_ESPHOME},
						{"table-rate", required_argument, NULL, OPT_RATE},
						{"belt-port", required_argument, NULL, OPT_PORT},
						{"pad", required_argument, NULL, OPT_PAD},
						{"seed", required_argument, NULL, OPT_SEED},
						{"die-with-parent", no_argument, NULL, OPT_PARENT},
						{"help", no_argument, NULL, OPT_HELP},
						{NULL, 0, NULL, 0}};
	int option, code = 0;
	double value;
	while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case OPT_DIR:
			config->dir = optarg;
			break;
		case OPT_MQTT:
			config->mqtt = optarg;
			break;
		case OPT_PAD:
			config->pad = optarg;
			break;
		case OPT_ONLY:
			code = parse_only(optarg, config);
			break;
		case OPT_HEATER:
			code = parse_heater(optarg, config);
			break;
		case OPT_ESPHOME:
			code = parse_esphome(optarg, config);
			break;
		case OPT_PARENT:
			config->parent = (int)getppid();
			break;
		case OPT_RATE:
			code = parse_number(optarg, 0.1, 20000, "--table-rate 0.1 to 20000 Hz", &config->table_rate_hz);
			break;
		case OPT_PORT:
			if ((code = parse_number(optarg, 0, 65535, "--belt-port 0 to 65535", &value)) == 0)
				config->belt_port = (int)value;
			break;
		case OPT_SEED:
			if ((code = parse_number(optarg, 0, 1e15, "--seed with a whole number", &value)) == 0)
				config->seed = (uint64_t)value;
			break;
		case OPT_HELP:
			fputs(HELP, stdout);
			return 1;
		default:
			return -1; /* getopt has told it */
		}
	}
	if (code == 0 && optind < argc)
		code = usage("only options", argv[optind]);
	return code ? code : check(config);
}

int main(int argc, char **argv)
{
	struct sim_config config = {
	    .pad = "pad_plug", .table_rate_hz = 10, .seed = 1, .with_table = true, .with_belt = true, .with_pad = true};
	int code = parse(argc, argv, &config);
	if (code)
		return code > 0 ? 0 : 2;
	if (config.parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != config.parent))
		return 1; /* it was gone already */
	signal(SIGPIPE, SIG_IGN);

	static struct sim sim;
	uv_loop_t loop;
	uv_loop_init(&loop);
	code = sim_open(&sim, &loop, &config);
	uv_run(&loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&loop);
	if (left) {
		log_error("sim", "a handle was left open");
		return 1;
	}
	return code ? 1 : 0;
}
