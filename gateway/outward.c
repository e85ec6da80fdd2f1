/* SPDX-License-Identifier: Apache-2.0
 *
 * The wiring between the core and the world: MQTT (mqtt/outlet.h), the page (viewing.h), and the desk with its journal
 * and control socket. */
#include <stdlib.h>

#include "adjusting.h"
#include "announced_earlier.h"
#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "gateway_inside.h"
#include "schema.h"
#include "page/page.h"
#include "tell/tell.h"
#include "viewing.h"

/* ---- requests ---- */

static void on_request(void *user, const struct core_request *request)
{
	struct gateway *g = user;
	if (!gateway_listens(g))
		return; /* while it closes, too, whoever asks is answered: the core knows that it ends */
	struct core_input input = {.type = CORE_IN_REQUEST, .request = *request};
	gateway_feed(g, clock_boot_ms(), &input);
}

static void on_mqtt_request(void *user, const struct core_request *request)
{
	struct core_request asked = *request;
	if (!asked.by)
		asked.by = "mqtt";
	on_request(user, &asked);
}

/* ---- what is asked of the core ---- */

static void on_permission_wanted(void *user, uint16_t device, uint16_t control, struct core_permission *out)
{
	const struct gateway *g = user;
	core_permission(g->core, device, control, out);
}

static void on_status_wanted(void *user, Therapy__V1__GatewayStatus *status)
{
	struct gateway *g = user;
	for (size_t i = 0; i < g->n_seats; i++) {
		status->process_respawns += process_respawns(g->seats[i].process);
		g->counters[i] = process_counters(g->seats[i].process);
		g->counters[i]->process_respawns = process_respawns(g->seats[i].process);
	}
	/* what had no room in its step was produced as well */
	status->events_produced = status->events_dropped = core_events_dropped(g->core);
	if (g->desk)
		desk_count_events(g->desk, status);
	status->n_devices = g->n_seats;
	status->devices = g->counters;
}

static const struct core *core_now(void *user)
{
	struct gateway *g = user;
	struct core_input tick = {.type = CORE_IN_TICK};
	if (gateway_listens(g))
		gateway_feed(g, clock_boot_ms(), &tick);
	return g->core;
}

static void on_safety_wanted(void *user, struct json_object *root)
{
	const struct gateway *g = user;
	json_object_object_add(root, "latches", tell_latches(g->core));
	json_object_object_add(root, "alarms", tell_alarms(g->core, true));
	tell_put_bool(root, "sounding", core_sounds(g->core));
}

static bool on_parked_wanted(void *user, uint16_t device)
{
	const struct gateway *g = user;
	uint64_t until_ms;
	return core_parked(g->core, device, &until_ms);
}

/* Two gateways that drive the same plug would each take the other's ON for a stranger's. */
static void on_alone(void *user, bool alone)
{
	struct gateway *g = user;
	g->alone = alone;
	for (size_t i = 0; i < g->n_seats; i++)
		settings_hold(&g->seats[i]);
}

static void on_announced(void *user, const char *text)
{
	struct gateway *g = user;
	announced_file_write(&g->announced, text);
}

static char *on_explanation_wanted(void *user, uint16_t device, uint16_t control)
{
	const struct gateway *g = user;
	struct json_object *o = tell_explanation(g->core, device, control);
	return o ? tell_text(o) : NULL;
}

/* ---- sessions ---- */

static char *on_course_wanted(void *user)
{
	const struct gateway *g = user;
	return logbook_text(g->logbook);
}

static void on_course_asked(void *user, const char *what, const char *value)
{
	const struct gateway *g = user;
	const char *refused = g->stage == RUNNING ? logbook_asked(g->logbook, what, value) : NULL;
	if (refused)
		log_warn("mqtt", "course/set/%.40s: %s", what, refused);
}

static bool on_session_wanted(void *user, uint64_t after, struct outlet_event *out)
{
	const struct gateway *g = user;
	struct logbook_message message;
	if (!logbook_message(g->logbook, after, &message))
		return false;
	*out = (struct outlet_event){message.number, message.bytes, message.size};
	return true;
}

static void on_session_delivered(void *user, uint64_t number)
{
	const struct gateway *g = user;
	logbook_delivered(g->logbook, number);
}

/* ---- events ---- */

static bool on_event_wanted(void *user, uint64_t after, struct outlet_event *out)
{
	const struct gateway *g = user;
	return g->desk && desk_event(g->desk, after, out);
}

static uint64_t on_event_next_wanted(void *user)
{
	const struct gateway *g = user;
	return g->desk ? desk_event_next(g->desk) : 0;
}

static void on_event_delivered(void *user, uint64_t sequence)
{
	const struct gateway *g = user;
	if (g->desk)
		desk_delivered(g->desk, sequence);
}

static void on_events(void *user)
{
	const struct gateway *g = user;
	if (g->outlet)
		outlet_events(g->outlet);
}

void outward_core(struct gateway *g, uint64_t now_ms, const struct core_output *o)
{
	desk_core(g->desk, g->core, now_ms, o);
	logbook_core(g->logbook, now_ms, o);
	if (g->outlet)
		outlet_core(g->outlet, o);
	page_core(g->page, o);
}

void outward_touched(struct gateway *g, uint16_t device)
{
	desk_touched(g->desk, device);
	page_touched(g->page, device);
}

/* ---- the control socket ---- */

static void add_line(void *user, const char *text)
{
	json_object_array_add(user, json_object_new_string(text));
}

static bool on_reload(void *user, struct json_object *lines)
{
	struct gateway *g = user;
	return g->stage == RUNNING && reload_now(g, lines, add_line);
}

static void on_record(void *user, uint16_t device, bool on)
{
	const struct gateway *g = user;
	if (device < g->n_seats)
		process_record(g->seats[device].process, on);
}

static void on_adjust(void *user, const struct console_adjust *asked, struct json_object *answer)
{
	const struct gateway *g = user;
	adjusting_order(g->adjusting, asked, answer);
}

static void on_desk_device(void *user, uint16_t device, struct json_object *object)
{
	const struct gateway *g = user;
	adjusting_tell_device(g->adjusting, device, object);
	settings_show(g, device, object);
}

static bool on_order(void *user, const char *device, bool takes, char why[CORE_WHY_MAX])
{
	return settings_order(user, device, takes, why);
}

static bool on_logbook(void *user, struct json_object *asked, uint64_t ticket, struct json_object *answer)
{
	const struct gateway *g = user;
	return logbook_order(g->logbook, asked, ticket, answer);
}

static void on_desk_status(void *user, struct json_object *status)
{
	const struct gateway *g = user;
	tell_put(status, "broker", g->outlet ? g->config->mqtt.url : NULL);
	tell_put_bool(status, "connected", g->outlet && outlet_is_up(g->outlet));
	adjusting_tell_status(g->adjusting, status);
	tell_put(status, "history", logbook_trouble(g->logbook));
	tell_put(status, "stands_back_for", g->outlet ? outlet_stands_back(g->outlet) : NULL);
}

/* ---- life ---- */

static int open_outlet(struct gateway *g)
{
	const struct config_mqtt *m = &g->config->mqtt;
	if (!m->enabled)
		return 0;
	char state[512];
	announced_file_init(&g->announced, &g->loop,
			    memory_keeper_place(g->config, state, sizeof state) ? state : NULL);
	char *before = announced_file_read(&g->announced);
	if (g->announced.path[0])
		before = announced_earlier(state, g->path, before);
	struct outlet_config config = {
	    .gateway_id = g->config->gateway_id,
	    .announced = before,
	    .version = THERAPY_VERSION,
	    .discovery_prefix = m->discovery_prefix,
	    .birth_topic = m->birth_topic,
	    .broker = {.url = m->url,
		       .username = m->account.username,
		       .password = m->account.password,
		       .ca_file = m->ca_file,
		       .cert_file = m->account.cert_file,
		       .key_file = m->account.key_file,
		       .protocol = (enum broker_protocol)m->protocol,
		       .keep_alive_s = m->keep_alive_s,
		       .reconnect = true},
	    .devices = g->descriptions,
	    .names = setup_names(g->setup),
	    .n_devices = g->n_seats,
	    .units = g->config->units,
	    .language = g->config->language,
	    .telemetry_queue = m->queue,
	    .schema = therapy_schema,
	    .schema_size = (size_t)(therapy_schema_end - therapy_schema),
	    .hazards = g->promises->hazards_json,
	    .asks_presence = g->config->profile.presence_ms > 0,
	    .retains_sessions = g->config->history.retain,
	    .deadman = (const char *const *)g->promises->deadman_json,
	};
	const struct outlet_callbacks callbacks = {.user = g,
						   .request = on_mqtt_request,
						   .permission = on_permission_wanted,
						   .status = on_status_wanted,
						   .event = on_event_wanted,
						   .event_next = on_event_next_wanted,
						   .event_delivered = on_event_delivered,
						   .safety = on_safety_wanted,
						   .alone = on_alone,
						   .announced = on_announced,
						   .parked = on_parked_wanted,
						   .explanation = on_explanation_wanted,
						   .course = on_course_wanted,
						   .course_asked = on_course_asked,
						   .session = on_session_wanted,
						   .session_delivered = on_session_delivered};
	on_alone(g, false); /* until it is known */
	int error = outlet_new(&g->loop, &config, &callbacks, &g->outlet);
	free(before);
	return error;
}

static void desk_closed(void *user);

static int open_desk(struct gateway *g)
{
	char state[512];
	const struct desk_config config = {.config = g->config,
					   .descriptions = g->descriptions,
					   .kept = g->kept,
					   .n_devices = g->n_seats,
					   .state = memory_keeper_place(g->config, state, sizeof state) ? state : NULL};
	const struct desk_callbacks callbacks = {g,           core_now,       on_request,     on_reload,
						 on_adjust,   on_desk_device, on_desk_status, on_events,
						 desk_closed, on_record,      on_order,       on_logbook};
	return desk_new(&g->loop, &config, &callbacks, &g->desk);
}

int outward_open(struct gateway *g)
{
	int error = open_desk(g);
	if (error) {
		log_error("gateway", "cannot keep events: %s", uv_strerror(error));
		return error;
	}
	error = logbook_new(g, &g->logbook);
	if (error) {
		log_error("gateway", "cannot keep sessions: %s", uv_strerror(error));
		return error;
	}
	error = open_outlet(g);
	if (error)
		log_error("mqtt", "cannot use the broker %s: %s", g->config->mqtt.url, uv_strerror(error));
	viewing_open(g);
	return error;
}

static void logbook_closed(void *user)
{
	struct gateway *g = user;
	g->logbook = NULL;
	g->outward_closed(g);
}

static void desk_closed(void *user)
{
	struct gateway *g = user;
	g->desk = NULL;
	logbook_close(g->logbook, logbook_closed, g);
}

static void outlet_closed(void *user)
{
	struct gateway *g = user;
	g->outlet = NULL;
	if (g->desk)
		desk_close(g->desk);
	else
		desk_closed(g);
}

static void page_closed(void *user)
{
	struct gateway *g = user;
	if (g->outlet)
		outlet_close(g->outlet, outlet_closed, g);
	else
		outlet_closed(g);
}

void outward_close(struct gateway *g, void (*closed)(struct gateway *g))
{
	g->outward_closed = closed;
	logbook_end(g->logbook, clock_boot_ms());
	viewing_close(g, page_closed, g);
}
