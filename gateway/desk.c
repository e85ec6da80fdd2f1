/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "console/console.h"
#include "mqtt/iso8601.h"
#include "store/journal.h"
#include "tell/tell.h"

struct desk {
	struct desk_config config;
	struct desk_callbacks callbacks;
	char *state; /* ours: the caller's text may be gone when the journal speaks of it */
	struct journal *journal;
	struct console *console; /* NULL: there is no control socket */
	char boot_id[37];
	uint64_t started_ms;
	unsigned to_close;
};

/* ---- places ---- */

bool desk_socket_place(const char *configured, const char *gateway_id, char *out, size_t cap)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY"), *session = getenv("XDG_RUNTIME_DIR");
	struct str s;
	str_init(&s, out, cap);
	if (configured)
		str_add(&s, "%s", configured);
	else if (runtime && runtime[0]) /* systemd may list several */
		str_add(&s, "%.*s/control.sock", (int)strcspn(runtime, ":"), runtime);
	else if (geteuid() == 0)
		str_add(&s, "/run/therapy-gateway/%s.sock", gateway_id);
	else if (session && session[0])
		str_add(&s, "%s/therapy-gateway/%s.sock", session, gateway_id);
	return s.len > 0 && !s.overflow;
}

/* ---- events ---- */

static void on_ready(void *user)
{
	struct desk *d = user;
	d->callbacks.events(d->callbacks.user);
}

static void on_refused(void *user, const char *why)
{
	const struct desk *d = user;
	log_warn("events",
		 "the journal in %s cannot be written (%s): events that MQTT has not taken are lost with a "
		 "restart",
		 d->config.state, why);
}

static void keep(struct desk *d, const struct core *core, uint64_t now_ms, const struct core_output *o)
{
	uint8_t buffer[JOURNAL_SIZE_MAX];
	struct tell_stamp stamp = {.gateway_id = d->config.config->gateway_id,
				   .boot_id = d->boot_id,
				   .sequence = journal_next(d->journal),
				   .now_ms = now_ms};
	stamp.wall_ms = clock_wall_ms(&stamp.wall_trusted);
	size_t size = tell_event_pack(core, o, &stamp, buffer, sizeof buffer);
	if (journal_add(d->journal, buffer, size, o->priority) != 0) {
		log_error("events", "no memory for an event: %s", o->why);
		return;
	}
	const struct console_event event = {stamp.sequence, buffer, size};
	console_event(d->console, &event);
	d->callbacks.events(d->callbacks.user);
}

void desk_core(struct desk *d, const struct core *core, uint64_t now_ms, const struct core_output *o)
{
	if (!d)
		return;
	if (o->type == CORE_OUT_EVENT)
		keep(d, core, now_ms, o);
	else
		console_core(d->console, o);
}

void desk_touched(struct desk *d, uint16_t device)
{
	if (d)
		console_touched(d->console, device);
}

void desk_reconfigured(struct desk *d, const struct config *config)
{
	d->config.config = config;
}

bool desk_event(const struct desk *d, uint64_t after, struct outlet_event *out)
{
	struct journal_record record;
	if (!journal_waiting(d->journal, after, &record))
		return false;
	*out = (struct outlet_event){record.sequence, record.bytes, record.size};
	return true;
}

bool desk_event_known(const struct desk *d, uint64_t after, struct outlet_event *out)
{
	struct journal_record record;
	if (!journal_after(d->journal, after, &record))
		return false;
	*out = (struct outlet_event){record.sequence, record.bytes, record.size};
	return true;
}

void desk_delivered(struct desk *d, uint64_t sequence)
{
	journal_delivered(d->journal, sequence);
}

uint64_t desk_event_next(const struct desk *d)
{
	return journal_next(d->journal);
}

void desk_count_events(const struct desk *d, Therapy__V1__GatewayStatus *status)
{
	struct journal_counters events = journal_counters(d->journal);
	status->events_produced += events.recovered + events.added;
	status->events_delivered += events.delivered;
	status->events_queued += events.waiting;
	status->events_dropped += events.dropped;
}

/* ---- the control socket ---- */

static const struct core *core_now(void *user)
{
	const struct desk *d = user;
	return d->callbacks.core(d->callbacks.user);
}

static void on_request(void *user, const struct core_request *request)
{
	const struct desk *d = user;
	d->callbacks.request(d->callbacks.user, request);
}

static void on_status(void *user, struct json_object *status)
{
	const struct desk *d = user;
	struct journal_counters events = journal_counters(d->journal);
	tell_put(status, "gateway", d->config.config->gateway_id);
	tell_put(status, "version", THERAPY_VERSION);
	char file[PATH_MAX]; /* whoever asks may be elsewhere */
	tell_put(status, "configuration", realpath(d->config.config->file, file) ? file : d->config.config->file);
	tell_put_count(status, "uptime_ms", clock_boot_ms() - d->started_ms);
	tell_put_count(status, "events_waiting", events.waiting);
	tell_put_count(status, "events_dropped", events.dropped);
	d->callbacks.status(d->callbacks.user, status);
}

static void on_device(void *user, uint16_t device, struct json_object *object)
{
	const struct desk *d = user;
	bool ours = device < d->config.n_devices;
	const Therapy__V1__DeviceDescription *described = ours ? d->config.descriptions[device] : NULL;
	tell_put(object, "name", ours ? d->config.config->devices[device].name : NULL);
	tell_put(object, "model", described ? described->model_name : NULL);
	tell_put(object, "manufacturer", described ? described->manufacturer : NULL);
	tell_put(object, "process", ours ? d->config.config->devices[device].process : NULL);
	json_object_object_add(object, "kept_commands",
			       ours ? kept_commands_json(&d->config.kept[device]) : json_object_new_array());
	if (ours)
		d->callbacks.device(d->callbacks.user, device, object);
}

static bool on_order(void *user, const char *device, bool takes, char why[CORE_WHY_MAX])
{
	const struct desk *d = user;
	return d->callbacks.order(d->callbacks.user, device, takes, why);
}

static bool on_logbook(void *user, struct json_object *asked, uint64_t ticket, struct json_object *answer)
{
	const struct desk *d = user;
	return d->callbacks.logbook(d->callbacks.user, asked, ticket, answer);
}

void desk_answer(struct desk *d, uint64_t ticket, struct json_object *answer)
{
	console_answer(d->console, ticket, answer);
}

static bool on_event_wanted(void *user, uint64_t after, struct console_event *out)
{
	const struct desk *d = user;
	struct outlet_event event;
	if (!desk_event_known(d, after, &event))
		return false;
	*out = (struct console_event){event.sequence, event.bytes, event.size};
	return true;
}

static bool on_reload(void *user, struct json_object *lines)
{
	const struct desk *d = user;
	return d->callbacks.reload(d->callbacks.user, lines);
}

static void on_adjust(void *user, const struct console_adjust *asked, struct json_object *answer)
{
	const struct desk *d = user;
	d->callbacks.adjust(d->callbacks.user, asked, answer);
}

/* ---- recordings ---- */

static bool on_record(void *user, uint16_t device, bool on)
{
	const struct desk *d = user;
	if (device >= d->config.n_devices)
		return false;
	d->callbacks.record(d->callbacks.user, device, on);
	return true;
}

/* What a recording begins with. A link has no secret in it; whoever wrote the configuration chose the names, and what
 * is no printable ASCII in them cannot end a comment. */
static void on_origin(void *user, uint16_t device, struct str *out)
{
	const struct desk *d = user;
	char when[ISO8601_SIZE] = "at a time that is not known";
	bool trusted = false;
	(void)iso8601_text(clock_wall_ms(&trusted), when);
	str_add(out, "A recording of what a device said (<) and was told (>): docs/recording-format.md.\n");
	str_add(out, "It is about a person's health. Look through it before you pass it on.\n");
	if (device < d->config.n_devices) {
		const struct config_device *c = &d->config.config->devices[device];
		const Therapy__V1__DeviceDescription *said = d->config.descriptions[device];
		const char *plugin = c->program ? c->program : c->plugin;
		str_add(out, "device %s, plugin ", c->id);
		str_add_printable(out, plugin, strlen(plugin), 200);
		str_add(out, ", model %s, link ", said ? said->model : c->model);
		str_add_printable(out, c->link, strlen(c->link), 200);
		str_add(out, "\n");
	}
	str_add(out, "%s%s, therapy-gateway %s", when, trusted ? "" : " by a clock that nobody has set",
		THERAPY_VERSION);
}

void desk_traffic(struct desk *d, uint16_t device, const Therapy__V1__Traffic *said)
{
	const struct console_traffic traffic = {.at_ms = said->monotonic_ms,
						.sent = said->sent,
						.retained = said->retained,
						.address = said->address,
						.data = said->data.data,
						.size = said->data.len,
						.missing_pieces = said->missing_pieces,
						.missing_bytes = said->missing_bytes};
	if (d)
		console_traffic(d->console, device, &traffic);
}

void desk_presence(struct desk *d, uint16_t device, bool present)
{
	if (d)
		console_presence(d->console, device, present);
}

static void open_console(struct desk *d, uv_loop_t *loop, size_t n_devices)
{
	char path[PATH_MAX],
	    why[256] = "neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set; set gateway.control_socket";
	const struct console_callbacks callbacks = {d,         core_now,        on_request, on_status,
						    on_device, on_event_wanted, on_reload,  on_record,
						    on_origin, on_adjust,       on_order,   on_logbook};
	bool placed =
	    desk_socket_place(d->config.config->control_socket, d->config.config->gateway_id, path, sizeof path);
	if (placed && console_new(loop, path, n_devices, &callbacks, &d->console, why, sizeof why) == 0)
		log_info("console", "therapyctl is answered at %s", path);
	else
		log_warn("console", "no control socket for therapyctl%s%s: %s", placed ? ", " : "", placed ? path : "",
			 why);
}

/* ---- life ---- */

static int open_journal(struct desk *d, uv_loop_t *loop)
{
	char path[PATH_MAX];
	struct str s;
	str_init(&s, path, sizeof path);
	if (d->config.state)
		str_add(&s, "%s/events", d->config.state);
	const struct journal_config config = {.path = d->config.state && !s.overflow ? path : NULL};
	const struct journal_callbacks callbacks = {d, on_ready, on_refused};
	int rc = journal_new(loop, &config, &callbacks, &d->journal);
	if (rc != 0)
		return rc;
	struct journal_counters found = journal_counters(d->journal);
	if (found.recovered > 0)
		log_info("events", "%llu event%s of an earlier run wait to be delivered",
			 (unsigned long long)found.recovered, found.recovered == 1 ? "" : "s");
	if (found.damaged > 0)
		log_warn("events", "%s was damaged: %llu bytes in it are no event", path,
			 (unsigned long long)found.damaged);
	return 0;
}

int desk_new(uv_loop_t *loop, const struct desk_config *config, const struct desk_callbacks *callbacks,
	     struct desk **out)
{
	struct desk *d = calloc(1, sizeof *d);
	if (!d)
		return UV_ENOMEM;
	d->config = *config;
	if (config->state)
		d->config.state = d->state = strdup(config->state);
	if (config->state && !d->state) {
		free(d);
		return UV_ENOMEM;
	}
	d->callbacks = *callbacks;
	d->started_ms = clock_boot_ms();
	clock_boot_id(d->boot_id);
	int rc = open_journal(d, loop);
	if (rc != 0) {
		free(d->state);
		free(d);
		return rc;
	}
	open_console(d, loop, core_n_devices(core_now(d)));
	*out = d;
	return 0;
}

static void one_closed(void *user)
{
	struct desk *d = user;
	if (--d->to_close > 0)
		return;
	void (*closed)(void *) = d->callbacks.closed;
	void *closed_user = d->callbacks.user;
	free(d->state);
	free(d);
	closed(closed_user);
}

void desk_close(struct desk *d)
{
	struct console *console = d->console;
	d->to_close = console ? 2 : 1;
	d->console = NULL;
	if (console)
		console_close(console, one_closed, d);
	journal_close(d->journal, one_closed, d);
}
