/* SPDX-License-Identifier: Apache-2.0 */
#include "home.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "description.h"
#include "device/plugin_file.h"
#include "person.h"
#include "setup.h"

struct home {
	struct config *config;
	struct setup *setup;
	struct plugin_file **plugins;
	Therapy__V1__DeviceDescription **descriptions;
	struct setup_core rows;
	struct core_spec spec;
	struct core *core;
	struct person person;
	uint64_t now_ms;
	home_watch *watch;
	void *user;
	enum core_outcome outcome; /* of the last RESULT */
	char why[CORE_WHY_MAX];
};

__attribute__((noreturn, format(printf, 1, 2))) static void end(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

/* The device after the configured ones; the day after they were cleared. */
static void tell_person(struct home *h)
{
	struct core_reading readings[PERSON_METRICS];
	const int64_t wall_ms = (h->config->profile.cleared_s + 86400) * 1000;
	size_t n = person_readings(&h->person, h->now_ms, wall_ms, true, readings);
	if (n)
		home_read(h, (uint16_t)h->config->n_devices, readings, n);
}

static struct config *load(const char *text, const char *rules, const char *plugins)
{
	char path[] = "/tmp/therapy-simulation-XXXXXX";
	int fd = mkstemp(path);
	size_t size = strlen(text);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		end("cannot write a temporary file for the configuration");
	close(fd);
	const struct config_places places = {.plugin_dir = plugins, .default_rules = rules};
	struct config *config = NULL;
	struct faults faults = {0};
	int bad = config_load(path, &places, &config, &faults);
	unlink(path);
	if (bad) {
		faults_print(&faults, stderr);
		end("the simulation's configuration has faults");
	}
	faults_release(&faults);
	return config;
}

/* What a device process would answer: the table of the plugin that the configuration names. */
static void describe(struct home *h, size_t device)
{
	char why[1024] = "";
	const Therapy__V1__Setup *setup = setup_message(h->setup, device);
	if (plugin_file_open(setup->plugin_path, &h->plugins[device], why, sizeof why) != 0)
		end("%s: %s", setup->plugin_path, why);
	const struct therapy_model *model = plugin_file_model(h->plugins[device], setup->model);
	if (!model)
		end("%s has no model '%s'", setup->plugin_path, setup->model);
	h->descriptions[device] = description_new(setup, plugin_file_plugin(h->plugins[device]), model);
	if (!h->descriptions[device])
		end("out of memory");
}

static void compile(struct home *h)
{
	const Therapy__V1__DeviceDescription **all = calloc(h->config->n_devices + 1, sizeof *all);
	for (size_t i = 0; all && i < h->config->n_devices; i++)
		all[i] = h->descriptions[i];
	if (!all || setup_core_spec(h->config, all, &h->rows, &h->spec) != 0)
		end("out of memory");
	free(all);
	struct faults faults = {0};
	if (core_new(&h->spec, h->now_ms, &h->core, &faults) != 0) {
		faults_print(&faults, stderr);
		end("the simulation's rules have faults");
	}
	faults_release(&faults);
}

struct home *home_open(const char *config, const char *rules, const char *plugins, uint64_t now_ms)
{
	struct home *h = calloc(1, sizeof *h);
	if (!h)
		end("out of memory");
	h->now_ms = now_ms;
	h->config = load(config, rules, plugins);
	h->setup = setup_new(h->config, true);
	h->plugins = calloc(h->config->n_devices + 1, sizeof *h->plugins);
	h->descriptions = calloc(h->config->n_devices + 1, sizeof *h->descriptions);
	if (!h->setup || !h->plugins || !h->descriptions)
		end("out of memory");
	for (size_t i = 0; i < h->config->n_devices; i++)
		describe(h, i);
	compile(h);
	person_init(&h->person, &h->config->profile, NULL);
	home_presence(h, (uint16_t)h->config->n_devices, true);
	tell_person(h);
	return h;
}

void home_close(struct home *h)
{
	core_free(h->core);
	setup_core_release(&h->rows);
	for (size_t i = 0; i < h->config->n_devices; i++) {
		description_free(h->descriptions[i]);
		plugin_file_close(h->plugins[i]);
	}
	free(h->descriptions);
	free(h->plugins);
	setup_free(h->setup);
	config_free(h->config);
	free(h);
}

void home_set_watch(struct home *h, home_watch *watch, void *user)
{
	h->watch = watch;
	h->user = user;
}

struct core *home_core(struct home *h)
{
	return h->core;
}

const struct config *home_config(const struct home *h)
{
	return h->config;
}

uint64_t home_now(const struct home *h)
{
	return h->now_ms;
}

uint16_t home_device(const struct home *h, const char *id)
{
	for (size_t i = 0; i < h->spec.n_devices; i++)
		if (strcmp(h->spec.devices[i].id, id) == 0)
			return (uint16_t)i;
	end("the simulated home has no device '%s'", id);
}

uint16_t home_metric(const struct home *h, uint16_t device, const char *key)
{
	const struct core_device *d = &h->spec.devices[device];
	for (size_t i = 0; i < d->n_metrics; i++)
		if (strcmp(d->metrics[i].key, key) == 0)
			return (uint16_t)i;
	end("%s does not measure '%s'", d->id, key);
}

uint16_t home_control(const struct home *h, uint16_t device, const char *key)
{
	const struct core_device *d = &h->spec.devices[device];
	for (size_t i = 0; i < d->n_controls; i++)
		if (strcmp(d->controls[i].key, key) == 0)
			return (uint16_t)i;
	end("%s has no control '%s'", d->id, key);
}

static void step(struct home *h, const struct core_input *input)
{
	struct core_outputs out = core_step(h->core, h->now_ms, input);
	for (size_t i = 0; i < out.n; i++) {
		const struct core_output *o = &out.items[i];
		if (o->type == CORE_OUT_RESULT) {
			h->outcome = o->outcome;
			memcpy(h->why, o->why, sizeof h->why);
		}
		if (h->watch)
			h->watch(h->user, h->now_ms, o);
	}
}

void home_pass(struct home *h, uint64_t now_ms)
{
	const struct core_input tick = {.type = CORE_IN_TICK};
	for (uint64_t at; (at = core_deadline(h->core)) <= now_ms;) {
		h->now_ms = at > h->now_ms ? at : h->now_ms;
		step(h, &tick);
	}
	h->now_ms = now_ms > h->now_ms ? now_ms : h->now_ms;
	tell_person(h);
}

void home_read(struct home *h, uint16_t device, const struct core_reading *readings, size_t n)
{
	step(h, &(struct core_input){.type = CORE_IN_READINGS, .device = device, .readings = {readings, n}});
}

void home_presence(struct home *h, uint16_t device, bool present)
{
	step(h, &(struct core_input){.type = CORE_IN_PRESENCE, .device = device, .present = present});
}

void home_phase(struct home *h, uint16_t device, uint16_t control, enum core_phase phase, uint64_t grant)
{
	struct core_input input = {.type = CORE_IN_CONTROL, .device = device, .control = control};
	input.state.phase = phase;
	input.state.grant = grant;
	step(h, &input);
}

void home_tested(struct home *h, uint16_t device, uint16_t control, enum core_test test, uint64_t grant)
{
	struct core_input input = {.type = CORE_IN_CONTROL, .device = device, .control = control};
	input.state.phase = CORE_PHASE_COMING_TO_REST;
	input.state.grant = grant;
	input.state.test = test;
	step(h, &input);
}

enum core_outcome home_off_test(struct home *h, const char *device, const char *control)
{
	struct core_input input = {.type = CORE_IN_REQUEST};
	input.request =
	    (struct core_request){.verb = CORE_OFF_TEST, .device = device, .control = control, .id = "", .age_ms = -1};
	step(h, &input);
	return h->outcome;
}

enum core_outcome home_ask(struct home *h, const char *device, const char *control, double value,
			   char why[CORE_WHY_MAX])
{
	struct core_input input = {.type = CORE_IN_REQUEST};
	input.request =
	    (struct core_request){.device = device, .control = control, .id = "", .value = value, .age_ms = -1};
	step(h, &input);
	if (why)
		memcpy(why, h->why, CORE_WHY_MAX);
	return h->outcome;
}
