/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PART "sim"

void world_tell(struct world *world, const char *format, ...)
{
	char json[512];
	struct str s;
	va_list args;
	str_init(&s, json, sizeof json);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	world->tell(world->tell_user, json);
}

static void tell(void *user, const char *json)
{
	struct sim *sim = user;
	control_tell(&sim->control, json);
}

static void on_command(void *user, char *line, struct str *answer, bool *subscribe)
{
	sim_command(user, line, answer, subscribe);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	sim_close(handle->data);
}

/* Written beside and renamed, so that who sees the file sees all of it. */
static void write_ready(struct sim *sim)
{
	char path[220];
	struct str s;
	str_init(&s, path, sizeof path);
	str_add(&s, "%s.new", sim->ready_path);
	FILE *file = fopen(path, "we");
	if (!file) {
		log_error(PART, "cannot write %s: %s", path, strerror(errno));
		sim_close(sim);
		return;
	}
	fprintf(file,
		"{\"pid\":%d,\"control\":\"%s\",\"table\":\"%s\",\"belt_port\":%d,\"pad\":\"%s\",\"heater_port\":%d}\n",
		(int)getpid(), sim->control.path, sim->config.with_table ? sim->table.path : "",
		sim->config.with_belt ? sim->belt.link.port : 0, sim->config.with_pad ? sim->config.pad : "",
		sim->config.heater ? sim->heater.link.port : 0);
	if (fclose(file) || rename(path, sim->ready_path))
		log_error(PART, "cannot write %s: %s", sim->ready_path, strerror(errno));
}

static void on_up(void *user)
{
	struct sim *sim = user;
	if (--sim->awaited == 0)
		write_ready(sim);
}

static int open_esphome(struct sim *sim)
{
	for (unsigned kind = 0; kind < ESPHOME_KINDS_; kind++) {
		if (!sim->config.with_esphome[kind])
			continue;
		int code = esphome_port_open(&sim->esphome[kind], &sim->world, sim->config.mqtt,
					     (enum esphome_kind)kind, on_up, sim);
		if (code) {
			log_error(PART, "ESPHome board on '%s', expected mqtt://host:port: %s", sim->config.mqtt,
				  uv_strerror(code));
			return code;
		}
		sim->awaited++;
	}
	return 0;
}

static int open_parts(struct sim *sim)
{
	const struct sim_config *config = &sim->config;
	int code = control_open(&sim->control, sim->world.loop, config->dir, on_command, sim);
	if (code) {
		log_error(PART, "control socket in %s: %s", config->dir, uv_strerror(code));
		return code;
	}
	if (config->with_table && (code = table_port_open(&sim->table, &sim->world, config->table_rate_hz))) {
		log_error(PART, "table in %s: %s", config->dir, uv_strerror(code));
		return code;
	}
	if (config->with_belt && (code = belt_port_open(&sim->belt, &sim->world, config->belt_port))) {
		log_error(PART, "belt on port %d: %s", config->belt_port, uv_strerror(code));
		return code;
	}
	if (config->heater && (code = heater_port_open(&sim->heater, &sim->world, config->heater))) {
		log_error(PART, "heater: %s", uv_strerror(code));
		return code;
	}
	if (config->with_pad) {
		if ((code = plug_link_open(&sim->pad, &sim->world, config->mqtt, config->pad, on_up, sim))) {
			log_error(PART, "pad on '%s', expected mqtt://host:port: %s", config->mqtt, uv_strerror(code));
			return code;
		}
		sim->awaited++;
	}
	return open_esphome(sim);
}

int sim_open(struct sim *sim, uv_loop_t *loop, const struct sim_config *config)
{
	*sim = (struct sim){.config = *config};
	sim->world =
	    (struct world){.loop = loop, .dir = config->dir, .rng = {config->seed}, .tell = tell, .tell_user = sim};
	sim->table.timer_fd = sim->table.master = -1;
	struct str ready;
	str_init(&ready, sim->ready_path, sizeof sim->ready_path);
	str_add(&ready, "%s/ready", config->dir);
	if (ready.overflow)
		return UV_ENAMETOOLONG;
	unlink(sim->ready_path); /* of a simulator that was killed */

	uv_signal_init(loop, &sim->sigint);
	uv_signal_init(loop, &sim->sigterm);
	sim->sigint.data = sim->sigterm.data = sim;
	uv_signal_start(&sim->sigint, on_signal, SIGINT);
	uv_signal_start(&sim->sigterm, on_signal, SIGTERM);
	int code = open_parts(sim);
	if (code == 0 && sim->awaited == 0)
		write_ready(sim);
	if (code)
		sim_close(sim);
	return code;
}

void sim_close(struct sim *sim)
{
	if (sim->closing)
		return;
	sim->closing = true;
	unlink(sim->ready_path);
	table_port_close(&sim->table);
	belt_port_close(&sim->belt);
	heater_port_close(&sim->heater);
	plug_link_close(&sim->pad);
	for (unsigned kind = 0; kind < ESPHOME_KINDS_; kind++)
		esphome_port_close(&sim->esphome[kind]);
	control_close(&sim->control);
	uv_close((uv_handle_t *)&sim->sigint, NULL);
	uv_close((uv_handle_t *)&sim->sigterm, NULL);
}
