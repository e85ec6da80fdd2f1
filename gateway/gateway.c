/* SPDX-License-Identifier: Apache-2.0
 *
 * The wiring. What arrives from device processes becomes an input of the core; what the core puts out goes to them, and
 * outward (outward.c). Everything that could decide lives elsewhere. */
#include "gateway.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adjusting.h"
#include "base/clock.h"
#include "base/log.h"
#include "description.h"
#include "gateway_inside.h"
#include "radio.h"
#include "report.h"
#include "sandbox/sandbox.h"

#define WATCHDOG_MS     3000u
#define REFUSALS_MS     60000u
#define REFUSALS_LOGGED 20u  /* in that time */
#define BATCH_MAX       256u /* core readings converted at a time */

/* ---- the core ---- */

/* Refusals come as fast as somebody asks; each is answered and published, and the log keeps some of a minute's. */
static void log_event(struct gateway *g, uint64_t now_ms, const struct core_output *o)
{
	if (o->event == CORE_EVENT_REFUSED) {
		if (now_ms - g->refusals_ms >= REFUSALS_MS) {
			if (g->refusals > REFUSALS_LOGGED)
				log_info("core", "%u more requests were refused in that minute",
					 g->refusals - REFUSALS_LOGGED);
			g->refusals_ms = now_ms;
			g->refusals = 0;
		}
		if (g->refusals++ >= REFUSALS_LOGGED)
			return;
	}
	report_event(o->device < g->n_seats ? g->config->devices[o->device].id : "core", o, g->core,
		     g->config->language);
}

void gateway_feed(struct gateway *g, uint64_t now_ms, const struct core_input *input)
{
	struct core_outputs out = core_step(g->core, now_ms, input);
	/* What makes a device safe goes first; telling about it can wait the microseconds. */
	for (size_t i = 0; i < out.n; i++) {
		const struct core_output *o = &out.items[i];
		if (o->device >= g->n_seats || (o->type != CORE_OUT_LEASE && o->type != CORE_OUT_REST))
			continue;
		struct process *process = g->seats[o->device].process;
		if (o->type == CORE_OUT_REST)
			process_rest(process, o->control, o->stop);
		else if (o->test)
			process_off_test(process, o->control, o->grant, o->expires_ms);
		else
			process_lease(process, o->control, o->grant, o->value, o->expires_ms, o->adopt);
	}
	boot_timer_set(&g->timer, core_deadline(g->core));
	for (size_t i = 0; i < out.n; i++) {
		const struct core_output *o = &out.items[i];
		if (o->type == CORE_OUT_EVENT)
			log_event(g, now_ms, o);
		if (o->type == CORE_OUT_REMEMBER && g->memory)
			memory_keeper_changed(g->memory, o);
		if (o->type != CORE_OUT_LEASE && o->type != CORE_OUT_REST)
			outward_core(g, now_ms, o);
	}
}

static void on_remembered(void *user, uint64_t revision, bool ok)
{
	struct gateway *g = user;
	struct core_input input = {.type = CORE_IN_REMEMBERED, .remembered = {.revision = revision, .ok = ok}};
	if (g->stage == RUNNING)
		gateway_feed(g, clock_boot_ms(), &input);
}

void gateway_feed_person(struct gateway *g, uint64_t now_ms)
{
	bool trusted;
	int64_t wall_ms = clock_wall_ms(&trusted);
	struct core_reading readings[PERSON_METRICS];
	struct core_input input = {.type = CORE_IN_READINGS, .device = (uint16_t)g->n_seats};
	input.readings.items = readings;
	input.readings.n = person_readings(&g->person, now_ms, wall_ms, trusted, readings);
	if (input.readings.n)
		gateway_feed(g, now_ms, &input);
}

void gateway_set_person(struct gateway *g, const struct config_profile *profile, const bool *denies)
{
	uint64_t now_ms = clock_boot_ms();
	person_init(&g->person, profile, denies);
	if (g->stage == RUNNING)
		gateway_feed_person(g, now_ms);
}

bool gateway_listens(const struct gateway *g)
{
	return g->stage == RUNNING || (g->stage == CLOSING && g->rest_by_ms && !g->last_write);
}

static void on_core_deadline(void *user)
{
	struct core_input input = {.type = CORE_IN_TICK};
	struct gateway *g = user;
	if (gateway_listens(g))
		gateway_feed(g, clock_boot_ms(), &input);
}

/* ---- device processes ---- */

static void on_readings(void *user, uint32_t generation, const Therapy__V1__ReadingBatch *batch)
{
	struct seat *seat = user;
	struct gateway *g = seat->gateway;
	if (!gateway_listens(g))
		return;
	for (size_t at = 0; at < batch->n_readings; at += BATCH_MAX) {
		struct core_reading readings[BATCH_MAX];
		size_t n = batch->n_readings - at < BATCH_MAX ? batch->n_readings - at : BATCH_MAX;
		for (size_t i = 0; i < n; i++) {
			const Therapy__V1__Reading *from = batch->readings[at + i];
			bool known = from->quality == THERAPY__V1__QUALITY__QUALITY_GOOD ||
				     from->quality == THERAPY__V1__QUALITY__QUALITY_ERROR;
			readings[i] = (struct core_reading){
			    .metric = from->metric > UINT16_MAX ? UINT16_MAX : (uint16_t)from->metric,
			    .quality = (uint8_t)(known ? from->quality - 1
						       : THERAPY_UNKNOWN), /* protobuf-c lets any number pass */
			    .value = from->value,
			    .stamp_ms = from->monotonic_ms,
			};
		}
		/* A step for each moment: what one moment says has room among the outputs, a whole buffer's might not.
		 */
		for (size_t from = 0, to; from < n; from = to) {
			for (to = from + 1; to < n && readings[to].stamp_ms == readings[from].stamp_ms;)
				to++;
			struct core_input input = {.type = CORE_IN_READINGS, .device = seat->index};
			input.readings.items = &readings[from];
			input.readings.n = to - from;
			gateway_feed(g, clock_boot_ms(), &input);
		}
		adjusting_readings(g->adjusting, seat->index, readings, n);
		logbook_readings(g->logbook, clock_boot_ms(), seat->index, readings, n);
		if (g->outlet)
			outlet_readings(g->outlet, seat->index, generation, batch->first_sequence + at, readings, n);
	}
	outward_touched(g, seat->index);
}

static void on_control(void *user, const Therapy__V1__ControlState *state)
{
	struct seat *seat = user;
	if (!gateway_listens(seat->gateway) || state->control > UINT8_MAX)
		return;
	struct core_input input = {.type = CORE_IN_CONTROL, .device = seat->index, .control = (uint16_t)state->control};
	description_state(state, &input);
	gateway_feed(seat->gateway, clock_boot_ms(), &input);
	ending_look(seat->gateway);
}

static void on_presence(void *user, bool present)
{
	struct seat *seat = user;
	struct gateway *g = seat->gateway;
	if (!gateway_listens(g))
		return;
	struct core_input input = {.type = CORE_IN_PRESENCE, .device = seat->index, .present = present};
	gateway_feed(g, clock_boot_ms(), &input);
	if (!present) {
		adjusting_lost(g->adjusting, seat->index);
		logbook_lost(g->logbook, clock_boot_ms(), seat->index);
	}
	settings_presence(seat, present);
	if (g->outlet)
		outlet_presence(g->outlet, seat->index, present);
	outward_touched(g, seat->index);
	desk_presence(g->desk, seat->index, present);
	ending_look(g);
}

static void on_kept(void *user, const Therapy__V1__KeptCommand *said)
{
	struct seat *seat = user;
	struct gateway *g = seat->gateway;
	char why[CORE_WHY_MAX];
	if (!gateway_listens(g))
		return;
	enum kept_commands_news news =
	    kept_commands_take(&g->kept[seat->index], said, g->config->devices[seat->index].clear_retained_commands,
			       g->config->language, why);
	if (news == KEPT_COMMANDS_SAME)
		return;
	struct core_input input = {
	    .type = CORE_IN_KEPT, .device = seat->index, .kept = {.cleared = news == KEPT_COMMANDS_GONE, .text = why}};
	gateway_feed(g, clock_boot_ms(), &input);
	outward_touched(g, seat->index);
}

static void on_traffic(void *user, const Therapy__V1__Traffic *said)
{
	const struct seat *seat = user;
	desk_traffic(seat->gateway->desk, seat->index, said);
}

static void on_setting(void *user, const Therapy__V1__SettingState *said)
{
	struct seat *seat = user;
	if (gateway_listens(seat->gateway))
		settings_said(seat, said);
}

static void on_released(void *user, Therapy__V1__ReleaseResult result)
{
	struct seat *seat = user;
	if (gateway_listens(seat->gateway))
		settings_released(seat, result);
}

/* ---- checking, then running ---- */

int gateway_compile(const struct gateway *g, const struct config *config, struct core **out, struct faults *faults)
{
	setup_check_timers(config, g->descriptions, faults);
	setup_check_cutoffs(config, g->descriptions, faults);
	radio_check(config, g->descriptions, faults);
	struct core_spec spec;
	struct setup_core rows;
	if (setup_core_spec(config, g->descriptions, &rows, &spec) != 0) {
		faults_add(faults, NULL, 0, "out of memory");
		return -1;
	}
	spec.remembers = !g->only_check;
	int error = core_new(&spec, clock_boot_ms(), out, faults);
	setup_core_release(&rows);
	return error;
}

static int open_memory(struct gateway *g)
{
	const struct memory_keeper_callbacks callbacks = {
	    g, on_remembered, ending_memory_closed, settings_found, settings_put, settings_written};
	int error = memory_keeper_new(&g->loop, g->config, g->core, &callbacks, &g->memory);
	if (error && error != UV_EBUSY)
		log_error("memory", "there is no place for the state file: %s; set gateway.state_dir",
			  uv_strerror(error));
	return error;
}

/* Every device process has described itself or failed. */
static void all_described(struct gateway *g)
{
	g->stage = CHECKED;
	if (g->faults.n == 0 && gateway_compile(g, g->config, &g->core, &g->faults) == 0) {
		person_init(&g->person, &g->config->profile, NULL);
		g->promises = promises_new(g->config, g->descriptions, g->core);
		if (!g->promises)
			faults_add(&g->faults, NULL, 0, "out of memory");
	}
	if (g->faults.n > 0) {
		faults_print(&g->faults, stderr);
		g->status = 1;
		ending_begin(g);
		return;
	}
	if (g->wanted) {
		ending_begin(
		    g); /* then start() proves: not on the loop, where the watchdog would end what takes long */
		return;
	}
	if (g->only_check) {
		if (g->as_json)
			report_json(stdout, g->config, g->descriptions, g->promises);
		else
			report_home(stdout, g->config, g->descriptions, g->core, g->promises);
		ending_begin(g);
		return;
	}
	if (open_memory(g) != 0 || outward_open(g) != 0) {
		g->status = 1;
		ending_begin(g);
		return;
	}
	g->stage = RUNNING;
	report_coverage(g->config, g->core);
	g->alone = g->alone || !g->outlet;
	for (size_t i = 0; i < g->n_seats; i++) {
		settings_hold(&g->seats[i]);
		process_open(g->seats[i].process);
	}
	struct core_input present = {.type = CORE_IN_PRESENCE, .device = (uint16_t)g->n_seats, .present = true};
	gateway_feed(g, clock_boot_ms(), &present);
	gateway_feed_person(g, clock_boot_ms());
	struct sandbox_support support = sandbox_support();
	const char *missing = sandbox_missing(&support);
	if (missing) /* once, not by each device */
		log_warn("gateway", "%s", missing);
	log_info("gateway", "%s %s is running: %zu device%s, %zu rule%s", g->config->gateway_id, THERAPY_VERSION,
		 g->n_seats, g->n_seats == 1 ? "" : "s", g->config->n_rules, g->config->n_rules == 1 ? "" : "s");
}

static void answered(struct seat *seat)
{
	struct gateway *g = seat->gateway;
	if (seat->answered || g->stage != DESCRIBING)
		return;
	seat->answered = true;
	g->awaited--;
	if (g->awaited == 0)
		all_described(g);
}

static void on_described(void *user, const Therapy__V1__DeviceDescription *description)
{
	struct seat *seat = user;
	seat->gateway->descriptions[seat->index] = description;
	answered(seat);
}

/* One fault a line of `why`: a device process says all that is wrong with its options at once. */
static void add_faults(struct gateway *g, const struct config_device *d, const char *why)
{
	for (const char *end; *why; why = *end ? end + 1 : end) {
		end = strchrnul(why, '\n');
		faults_add(&g->faults, d->file, d->line, "device '%s': %.*s", d->id, (int)(end - why), why);
	}
}

static void on_failed(void *user, const char *why)
{
	struct seat *seat = user;
	struct gateway *g = seat->gateway;
	const struct config_device *d = &g->config->devices[seat->index];
	if (g->stage == DESCRIBING)
		add_faults(g, d, *why ? why : "its device process failed and did not say why");
	else
		log_error(d->id, "%s", why);
	answered(seat);
}

static void on_tick(uv_timer_t *tick)
{
	struct gateway *g = tick->data;
	uint64_t now_ms = clock_boot_ms();
	watchdog_feed(&g->watchdog);
	for (size_t i = 0; i < g->n_seats; i++)
		if (g->seats[i].process)
			process_tick(g->seats[i].process, now_ms);
	if (g->stage == RUNNING) {
		gateway_feed_person(g, now_ms);
		adjusting_tick(g->adjusting, now_ms);
		logbook_tick(g->logbook, now_ms);
	}
	ending_look(g);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct gateway *g = handle->data;
	g->anew = false;
	log_info("gateway", "%s: bringing every device to rest", number == SIGINT ? "interrupted" : "asked to end");
	ending_begin(g);
}

static void log_line(void *user, const char *text)
{
	(void)user;
	log_error("config", "%s", text);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct gateway *g = handle->data;
	(void)number;
	if (g->stage == RUNNING)
		(void)reload_now(g, NULL, log_line); /* which says what came of it */
}

/* ---- the beginning ---- */

static int start_processes(struct gateway *g)
{
	g->n_seats = g->config->n_devices;
	g->seats = calloc(g->n_seats + 1, sizeof *g->seats);
	g->descriptions = calloc(g->n_seats + 1, sizeof *g->descriptions);
	g->counters = calloc(g->n_seats + 1, sizeof(Therapy__V1__DeviceCounters *));
	g->setup = setup_new(g->config, g->only_check);
	g->kept = calloc(g->n_seats + 1, sizeof *g->kept);
	if (!g->seats || !g->descriptions || !g->counters || !g->kept || !g->setup)
		return UV_ENOMEM;
	int told = adjusting_new(g, &g->adjusting);
	if (told)
		return told;
	g->awaited = g->n_seats;
	for (size_t i = 0; i < g->n_seats; i++) {
		struct seat *seat = &g->seats[i];
		seat->gateway = g;
		seat->index = (uint16_t)i;
	}
	const struct process_callbacks callbacks = {NULL,        on_described, on_failed,  on_readings, on_control,
						    on_presence, on_kept,      on_traffic, on_setting,  on_released};
	return processes_start(g, &callbacks);
}

static int open_loop(struct gateway *g)
{
	int error = uv_loop_init(&g->loop);
	if (error)
		return error;
	error = boot_timer_init(&g->loop, &g->timer, g, on_core_deadline);
	if (error)
		return error;
	uv_timer_init(&g->loop, &g->tick);
	uv_signal_init(&g->loop, &g->interrupt);
	uv_signal_init(&g->loop, &g->terminate);
	uv_signal_init(&g->loop, &g->hangup);
	g->tick.data = g->interrupt.data = g->terminate.data = g->hangup.data = g;
	uv_timer_start(&g->tick, on_tick, PROCESS_TICK_MS, PROCESS_TICK_MS);
	uv_signal_start(&g->interrupt, on_signal, SIGINT);
	uv_signal_start(&g->terminate, on_signal, SIGTERM);
	uv_signal_start(&g->hangup, on_hangup, SIGHUP);
	return watchdog_start(&g->watchdog, WATCHDOG_MS);
}

static void release(struct gateway *g)
{
	promises_free(g->promises);
	core_free(g->core);
	for (size_t i = 0; i < g->n_seats; i++)
		process_free(g->seats[i].process);
	setup_free(g->setup);
	adjusting_free(g->adjusting);
	free(g->seats);
	free(g->descriptions);
	free(g->counters);
	free(g->kept);
	kept_settings_free(&g->settings);
	faults_release(&g->faults);
	config_free(g->started_with);
	config_free(g->config);
}

/* In this process, so that whoever started it, and watches it, goes on as before. */
static int begin_anew(const char *program, const char *path)
{
	union {
		const char *in[5];
		char *out[5];
	} words = {{program, "run", "-c", path, NULL}};
	execv(program, words.out);
	log_error("gateway", "cannot start anew: %s: %s", program, strerror(errno));
	return 1;
}

static int start(const char *path, bool only_check, bool as_json, struct prove_wanted *wanted)
{
	struct gateway g = {
	    .only_check = only_check, .as_json = as_json, .wanted = wanted, .stage = DESCRIBING, .path = path};
	struct config_places places;
	setup_places(&places);
	if (config_load(path, &places, &g.config, &g.faults) != 0) {
		faults_print(&g.faults, stderr);
		if (access(path, R_OK) != 0)
			fputs("Name your configuration with -c FILE; therapy-gateway.cfg in etc/ of the sources is one "
			      "to start from.\n",
			      stderr);
		release(&g);
		return 1;
	}
	log_set_level(only_check ? LOG_ERROR : g.config->log_level);
	signal(SIGPIPE, SIG_IGN);
	size_t size = sizeof g.program;
	int error = uv_exepath(g.program, &size);
	if (!error)
		error = open_loop(&g);
	if (error) {
		log_error("gateway", "cannot start: %s", uv_strerror(error));
		release(&g);
		return 1;
	}
	error = start_processes(&g);
	if (error) {
		log_error("gateway", "cannot start the device processes: %s", uv_strerror(error));
		g.status = 1;
		ending_begin(&g);
	} else if (g.n_seats == 0) {
		all_described(&g);
	}
	uv_run(&g.loop, UV_RUN_DEFAULT);
	watchdog_stop(&g.watchdog);
	if (uv_loop_close(&g.loop) != 0) {
		log_error("gateway", "a handle was left open");
		g.status = 1;
	}
	if (wanted && g.status == 0)
		g.status =
		    g.core ? prove(g.config, g.descriptions, wanted, stdout) : 1; /* no core: it was interrupted */
	int status = g.status;
	release(&g);
	return g.anew ? begin_anew(g.program, path) : status;
}

int gateway_check(const char *path, bool as_json)
{
	return start(path, true, as_json, NULL);
}

int gateway_run(const char *path)
{
	return start(path, false, false, NULL);
}

int gateway_verify(const char *path, const char *const *invariants, size_t n_invariants)
{
	struct prove_wanted wanted = {.texts = invariants, .n = n_invariants};
	return start(path, true, false, &wanted) != 0 ? PROVE_FAULT : wanted.status;
}
