/* SPDX-License-Identifier: Apache-2.0
 *
 * Which device process each device is in: one of its own, or the one that its `process` names, with all others that
 * name it. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "device_host.h"
#include "gateway_inside.h"
#include "radio.h"

#define DESCRIPTORS           128u /* the gateway's own, and control clients */
#define DESCRIPTORS_OF_DEVICE 4u

_Static_assert(CONFIG_SHARE_MAX == DEVICE_HOST_MAX, "what the configuration allows is what a device process takes");

/* The devices from `first` on that share its process, itself the first; how many. */
static size_t gather(const struct config *config, size_t first, size_t *out)
{
	const char *name = config->devices[first].process;
	size_t n = 0;
	out[n++] = first;
	for (size_t i = first + 1; name && i < config->n_devices; i++)
		if (config->devices[i].process && strcmp(config->devices[i].process, name) == 0)
			out[n++] = i;
	return n;
}

/* With a device of MQTT among them the program needs what speaks it. */
static enum link_kind link_of(const struct config *config, const size_t *devices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (config->devices[devices[i]].address.kind == LINK_MQTT)
			return LINK_MQTT;
	return config->devices[devices[0]].address.kind;
}

struct room { /* for the devices of one process */
	size_t *devices;
	struct process_config *configs;
	struct process_callbacks *callbacks;
	struct process **processes;
};

static int start(struct gateway *g, const struct process_callbacks *callbacks, struct room *room, size_t first)
{
	size_t n = gather(g->config, first, room->devices);
	const struct config_device *d = &g->config->devices[first];
	const char *program = setup_program(g->program, link_of(g->config, room->devices, n));
	for (size_t i = 0; i < n; i++) {
		size_t at = room->devices[i];
		room->configs[i] = (struct process_config){
		    .program = program,
		    .setup = setup_message(g->setup, at),
		    .address = g->config->devices[at].address,
		    .bluez = g->bluez,
		    .bind_key = g->config->devices[at].has_bind_key ? g->config->devices[at].bind_key : NULL,
		    .deadline_ms = (uint32_t)g->config->deadline_ms};
		room->callbacks[i] = *callbacks;
		room->callbacks[i].user = &g->seats[at];
	}
	int error = process_new_shared(&g->loop, d->process ? d->process : d->id, room->configs, room->callbacks, n,
				       room->processes);
	for (size_t i = 0; !error && i < n; i++)
		g->seats[room->devices[i]].process = room->processes[i];
	return error;
}

/* A process is given 1,024 descriptors as a rule, and may have more if it asks: each device takes a wire, its process a
 * pipe and a link on its way there. What it is refused shows when it is missed. */
static void ask_for_descriptors(size_t n_devices)
{
	struct rlimit limit;
	rlim_t wanted = DESCRIPTORS + n_devices * DESCRIPTORS_OF_DEVICE;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int processes_start(struct gateway *g, const struct process_callbacks *callbacks)
{
	size_t n = g->n_seats + 1;
	struct room room = {.devices = calloc(n, sizeof *room.devices),
			    .configs = calloc(n, sizeof *room.configs),
			    .callbacks = calloc(n, sizeof *room.callbacks),
			    .processes = calloc(n, sizeof(struct process *))};
	ask_for_descriptors(g->n_seats);
	int error = room.devices && room.configs && room.callbacks && room.processes ? 0 : UV_ENOMEM;
	if (!error && radio_needed(g->config))
		error = bluez_new(&g->loop, &g->bluez);
	for (size_t i = 0; !error && i < g->n_seats; i++) {
		if (!g->seats[i].process)
			error = start(g, callbacks, &room, i);
		watchdog_feed(&g->watchdog); /* hundreds take seconds to start, and nothing is on yet */
	}
	free(room.devices);
	free(room.configs);
	free(room.callbacks);
	free(room.processes);
	return error;
}
