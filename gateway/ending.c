/* SPDX-License-Identifier: Apache-2.0
 *
 * The end, in reverse: the core is told, everything comes to rest, the device processes lose their wires, what is
 * remembered is written for the last time, and then what leads outward is closed. */
#include "base/clock.h"
#include "gateway_inside.h"

#define CLOSE_WAIT_MS 5000u  /* for devices to reach rest when the gateway is asked to end, at least ... */
#define CLOSE_MOST_MS 60000u /* ... and at most: service managers kill after 90 s */
#define EXIT_WAIT_MS  500u   /* for device processes to exit, when that took all of it */

static void last_handles(struct gateway *g)
{
	boot_timer_close(&g->timer, NULL);
	uv_close((uv_handle_t *)&g->tick, NULL);
	uv_close((uv_handle_t *)&g->interrupt, NULL);
	uv_close((uv_handle_t *)&g->terminate, NULL);
	uv_close((uv_handle_t *)&g->hangup, NULL);
}

void ending_memory_closed(void *user)
{
	struct gateway *g = user;
	g->memory = NULL;
	outward_close(g, last_handles);
}

static void processes_closed(struct gateway *g)
{
	g->last_write = true;
	if (g->bluez)
		bluez_close(g->bluez, NULL, NULL);
	g->bluez = NULL;
	if (g->memory)
		memory_keeper_close(g->memory);
	else
		ending_memory_closed(g);
}

static void on_process_closed(void *user)
{
	struct seat *seat = user;
	if (--seat->gateway->to_close == 0)
		processes_closed(seat->gateway);
}

/* Without their wires device processes take no more orders: what is not at rest yet, they bring there by themselves. */
static void close_processes(struct gateway *g, unsigned wait_ms)
{
	struct core_input let_go = {.type = CORE_IN_CLOSING, .let_go = true};
	g->processes_closing = true;
	if (g->rest_by_ms)
		gateway_feed(g, clock_boot_ms(), &let_go);
	for (size_t i = 0; i < g->n_seats; i++)
		g->to_close += g->seats[i].process != NULL;
	if (g->to_close == 0)
		processes_closed(g);
	for (size_t i = 0; i < g->n_seats; i++)
		if (g->seats[i].process)
			process_close(g->seats[i].process, wait_ms, on_process_closed, &g->seats[i]);
}

/* How long what is on, or on its way to rest, may take to get there; 0: nothing is, as far as anybody can tell. */
static uint64_t longest_rest(const struct gateway *g)
{
	struct core_permission p;
	uint64_t longest = 0;
	for (size_t d = 0; d < g->n_seats; d++)
		for (uint16_t c = 0; c < g->descriptions[d]->n_controls; c++) {
			const Therapy__V1__ControlDescription *row = g->descriptions[d]->controls[c];
			uint64_t takes = (uint64_t)row->rest_bound_ms + row->confirm_ms + 1;
			core_permission(g->core, (uint16_t)d, c, &p);
			if (p.phase != CORE_PHASE_AT_REST && p.phase != CORE_PHASE_UNKNOWN && takes > longest)
				longest = takes;
		}
	return longest;
}

/* Until then a stop still reaches what comes to rest slowly. */
void ending_look(struct gateway *g)
{
	uint64_t now_ms = clock_boot_ms();
	if (g->stage != CLOSING || g->processes_closing || (now_ms < g->rest_by_ms && longest_rest(g) > 0))
		return;
	uint64_t left_ms = now_ms < g->rest_by_ms ? g->rest_by_ms - now_ms : 0;
	close_processes(g, left_ms > EXIT_WAIT_MS ? (unsigned)left_ms : EXIT_WAIT_MS);
}

void ending_begin(struct gateway *g)
{
	struct core_input closing = {.type = CORE_IN_CLOSING};
	if (g->stage == CLOSING)
		return;
	bool ran = g->stage == RUNNING;
	g->stage = CLOSING;
	if (!ran) {
		close_processes(g, CLOSE_WAIT_MS);
		return;
	}
	gateway_feed(g, clock_boot_ms(), &closing);
	uint64_t longest = longest_rest(g);
	g->rest_by_ms = clock_boot_ms() + (longest < CLOSE_WAIT_MS   ? CLOSE_WAIT_MS
					   : longest > CLOSE_MOST_MS ? CLOSE_MOST_MS
								     : longest);
	ending_look(g);
}

void ending_begin_anew(struct gateway *g)
{
	g->anew = true;
	ending_begin(g);
}
