/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/outlet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "mqtt/outlet_impl.h"
#include "mqtt/status.h"

#define REQUEST_QUEUE                                                                                                  \
	4096u /* messages that wait for the loop: a flood that a broker forwards in its stead is no more */
#define QUEUE          65536u   /* readings: ten minutes of 100 a second, 4 MB when it is full */
#define HISTORY_EVENTS 25u      /* that may leave in each tick: 2,000 that waited take 20 s */
#define BATCH_MS       90u      /* with its way to the broker no reading is then older than 100 ms */
#define TICK_MS        250u     /* how late a state, a ping or a status may be */
#define RETRY_MS       50u      /* when the connection takes no more */
#define UP_SPREAD_MS   100u     /* after our own connect */
#define ANNOUNCE_NS    2000000u /* of announcing at a time, then rules and readings have their turn */
#define REASONS_MS     5000u
#define REFRESH_MS     1200000u /* states are told again three times before the broker would forget them */
#define CLOSE_MS       500u     /* for `offline` to be acknowledged */
#define ANNOUNCED      SIZE_MAX

/* ---- timers ---- */

static void flush_telemetry(struct outlet *o)
{
	bool trusted;
	if (!broker_is_up(o->broker) || telemetry_queued(o->telemetry) == 0)
		return;
	int64_t wall_ms = clock_wall_ms(&trusted);
	telemetry_flush(o->telemetry, clock_boot_ms(), wall_ms, trusted);
}

static void publish_due(struct outlet *o)
{
	uint64_t now_ms = clock_boot_ms();
	if (!broker_is_up(o->broker))
		return;
	for (size_t d = 0; d < o->safety.n_devices; d++) {
		if (o->devices[d].presence_due)
			(void)publish_presence(o, (uint16_t)d); /* stays due if it fails; so do the others */
		if (state_due(o->devices[d].state, now_ms))
			(void)publish_state(o, (uint16_t)d);
		if (o->devices[d].explain_due)
			(void)publish_explanations(o, (uint16_t)d);
	}
	if (o->safety_due) {
		(void)publish_home_state(o, false);
		(void)publish_safety(o);
	}
	if (o->course_due)
		(void)course_publish(o, false); /* what does not go is due with the next change */
	publish_events(o);
}

static void on_soon(uv_timer_t *timer)
{
	publish_due(timer->data);
}

/* A reason names a reading, its age and what is still to wait for: while it stands, it is told anew now and then. */
static void refresh_reasons(struct outlet *o, uint64_t now_ms)
{
	o->reasons_ms = now_ms;
	for (size_t d = 0; d < o->safety.n_devices; d++)
		for (size_t c = 0; c < o->safety.devices[d]->n_controls; c++) {
			struct core_permission now;
			o->callbacks.permission(o->callbacks.user, (uint16_t)d, (uint16_t)c, &now);
			if (now.permitted)
				continue;
			state_touch(o->devices[d].state);
			o->devices[d].explain_due = true;
			o->safety_due = true;
		}
}

/* What does not change would be forgotten by a broker that keeps to the expiry. */
static void refresh_states(struct outlet *o, uint64_t now_ms)
{
	o->refreshed_ms = now_ms;
	for (size_t d = 0; d < o->safety.n_devices; d++) {
		state_touch(o->devices[d].state);
		o->devices[d].explain_due = true;
		free(o->devices[d].diagnostics);
		o->devices[d].diagnostics = NULL;
	}
	o->safety_due = true;
	(void)course_publish(o, true);
	(void)publish_home_state(o, true); /* what does not go is due again when it changes, and in the next round */
}

static void on_tick(uv_timer_t *timer)
{
	struct outlet *o = timer->data;
	uint64_t now_ms = clock_boot_ms();
	if (!broker_is_up(o->broker))
		return;
	if (timeliness_due(&o->timeliness, now_ms))
		(void)publish_ping(o, now_ms); /* not sent is not proved: the next tick tries again */
	if (o->cursor == ANNOUNCED)            /* else they come in their turn */
		publish_due(o);
	if (now_ms - o->reasons_ms >= REASONS_MS)
		refresh_reasons(o, now_ms);
	if (now_ms - o->refreshed_ms >= REFRESH_MS)
		refresh_states(o, now_ms);
	if (now_ms - o->status_ms >= STATUS_EVERY_MS) {
		(void)publish_status(o);
		(void)publish_home_state(o, false);
	}
	o->history_left = HISTORY_EVENTS;
	publish_events(o);
	flush_telemetry(o);
}

static void on_batch(uv_timer_t *timer)
{
	flush_telemetry(timer->data);
}

static void on_announce(uv_timer_t *timer)
{
	struct outlet *o = timer->data;
	if (!broker_is_up(o->broker) || o->cursor == ANNOUNCED)
		return;
	/* A timer of 0 ms would be run again before anything else has its turn: a thousand devices in one go. */
	uint64_t until = uv_hrtime() + ANNOUNCE_NS;
	int rc;
	do
		rc = announce_step(o);
	while (rc == 0 && uv_hrtime() < until);
	if (rc > 0)
		o->cursor = ANNOUNCED;
	else
		uv_timer_start(timer, on_announce, rc == 0 ? 1 : RETRY_MS, 0);
}

void outlet_announce(struct outlet *o, unsigned least_ms, unsigned spread_ms)
{
	uint32_t random = 0;
	(void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL); /* without it only the spread is missing */
	o->cursor = 0;
	uv_timer_start(&o->announce, on_announce, least_ms + (spread_ms ? random % spread_ms : 0), 0);
}

void outlet_soon(struct outlet *o)
{
	if (!uv_is_active((uv_handle_t *)&o->soon) && !o->closing)
		uv_timer_start(&o->soon, on_soon, 0, 0);
}

/* ---- the broker's callbacks ---- */

void outlet_up(void *user)
{
	struct outlet *o = user;
	if (o->downs > 1)
		log_info("mqtt", "connected to the broker after %u attempts", o->downs);
	else
		log_info("mqtt", "connected to the broker");
	o->downs = 0;
	o->down_why[0] = '\0';
	timeliness_up(&o->timeliness);
	place_taken(o);
	receive_subscribe(o);
	(void)publish_gateway(o, true); /* announcing repeats it */
	(void)publish_ping(o, clock_boot_ms());
	outlet_announce(o, 0, UP_SPREAD_MS);
	/* What was on its way when the connection went was not acknowledged. */
	o->event_live = o->callbacks.event ? o->callbacks.event_next(o->callbacks.user) : 0;
	o->event_sent[0] = 0;
	o->event_sent[1] = o->event_live ? o->event_live - 1 : 0;
	o->history_left = HISTORY_EVENTS;
	publish_events(o);
	o->session_sent = 0;
	course_sessions(o);
	telemetry_up(o->telemetry, clock_boot_ms());
	flush_telemetry(o);
}

void outlet_down(void *user, const char *why, uint64_t retry_ms)
{
	struct outlet *o = user;
	char kept[sizeof o->down_why];
	timeliness_down(&o->timeliness);
	telemetry_down(o->telemetry);
	o->downs++;
	(void)snprintf(kept, sizeof kept, "%s", why);
	place_lost(o);
	if (strcmp(kept, o->down_why) == 0) { /* a broker that is away for a week fills no disk */
		log_debug("mqtt", "%s; attempt %u, trying again in %u ms", why, o->downs, (unsigned)retry_ms);
		return;
	}
	memcpy(o->down_why, kept, sizeof kept);
	log_warn("mqtt", "%s; trying again, now in %u ms and later at most every 10 s", why, (unsigned)retry_ms);
}

void outlet_delivered(void *user, uint64_t token, bool ok)
{
	struct outlet *o = user;
	uint64_t n = token & ((UINT64_C(1) << 56) - 1);
	if (token >> 56 == OUTLET_TELEMETRY && ok)
		telemetry_arrived(o->telemetry, n); /* else a later one speaks for it, or the connection is gone */
	if (token >> 56 == OUTLET_SESSION && ok)
		o->callbacks.session_delivered(o->callbacks.user, n);
	if (token >> 56 == OUTLET_ANNOUNCED_ALL && ok)
		announce_acknowledged(o);
	if (token >> 56 != OUTLET_EVENT)
		return;
	uint64_t *sent = &o->event_sent[n >= o->event_live];
	if (ok)
		o->callbacks.event_delivered(o->callbacks.user, n);
	else if (n <= *sent) /* it and what came after it go again, in order */
		*sent = n - 1;
}

/* ---- life ---- */

static void release(struct outlet *o)
{
	if (!o)
		return;
	telemetry_free(o->telemetry);
	for (size_t d = 0; o->devices && d < o->safety.n_devices; d++) {
		state_free(o->devices[d].state);
		free(o->devices[d].diagnostics);
	}
	free(o->devices);
	free(o->permissions);
	free(o->names);
	free(o->version);
	free(o->prefix);
	free(o->birth_topic);
	free(o->home_state);
	free(o->course);
	free(o->people);
	announce_close(o);
	free(o);
}

static char *copy_unless_empty(const char *text, bool *failed)
{
	if (!text || !text[0])
		return NULL;
	char *copy = strdup(text);
	*failed |= !copy;
	return copy;
}

static int copy_texts(struct outlet *o, const struct outlet_config *config)
{
	bool failed = false;
	struct str s;
	if (!config->gateway_id || !id_valid(config->gateway_id) ||
	    !str_copy(o->gateway_id, sizeof o->gateway_id, config->gateway_id))
		return UV_EINVAL;
	str_init(&s, o->base, sizeof o->base);
	str_add(&s, "therapy/%s", config->gateway_id);
	str_init(&s, o->client_id, sizeof o->client_id);
	str_add(&s, "therapy.%s", config->gateway_id);
	clock_boot_id(o->boot_id);
	o->version = copy_unless_empty(config->version ? config->version : "0", &failed);
	o->prefix = copy_unless_empty(config->discovery_prefix, &failed);
	o->birth_topic = copy_unless_empty(config->birth_topic, &failed);
	return failed || !o->version ? UV_ENOMEM : 0;
}

static int make_devices(struct outlet *o, const struct outlet_config *config)
{
	size_t n = config->n_devices, most = 1;
	o->safety = (struct safety_config){o->gateway_id, o->boot_id, config->devices, n, o->units};
	o->devices = calloc(n + 1, sizeof *o->devices);
	o->names = calloc(n + 1, sizeof *o->names);
	if (!o->devices || !o->names)
		return UV_ENOMEM;
	for (size_t d = 0; d < n; d++) {
		size_t controls = config->devices[d]->n_controls;
		most = controls > most ? controls : most;
		o->names[d] = config->names && config->names[d] ? config->names[d] : config->devices[d]->device_id;
		if (state_new(config->devices[d], o->units, &o->devices[d].state) != 0)
			return UV_ENOMEM;
	}
	o->permissions = calloc(most, sizeof *o->permissions);
	return o->permissions ? 0 : UV_ENOMEM;
}

static int make_telemetry(struct outlet *o, const struct outlet_config *config)
{
	o->batch_ms = config->batch_ms ? config->batch_ms : BATCH_MS;
	const struct telemetry_config telemetry = {
	    .gateway_id = o->gateway_id,
	    .boot_id = o->boot_id,
	    .devices = config->devices,
	    .n_devices = config->n_devices,
	    .queue = config->telemetry_queue ? config->telemetry_queue : QUEUE,
	    .user = o,
	    .send = publish_telemetry,
	};
	return telemetry_new(&telemetry, &o->telemetry);
}

int outlet_new(uv_loop_t *loop, const struct outlet_config *config, const struct outlet_callbacks *callbacks,
	       struct outlet **out)
{
	struct outlet *o = calloc(1, sizeof *o);
	if (!o)
		return UV_ENOMEM;
	o->loop = loop;
	o->callbacks = *callbacks;
	o->hazards = config->hazards;
	o->deadman = config->deadman;
	o->asks_presence = config->asks_presence;
	o->retains_sessions = config->retains_sessions;
	o->units = config->units;
	o->language = config->language;
	o->schema = config->schema;
	o->schema_size = config->schema ? config->schema_size : 0;
	o->started_ms = clock_boot_ms();
	o->cursor = ANNOUNCED;
	o->broker_config = config->broker;
	o->broker_config.client_id = o->client_id;
	o->broker_config.reconnect = true;
	if (o->broker_config.queue == 0)
		o->broker_config.queue = REQUEST_QUEUE;
	int rc = copy_texts(o, config);
	if (rc == 0)
		rc = make_devices(o, config);
	if (rc == 0)
		rc = make_telemetry(o, config);
	if (rc == 0)
		rc = announce_open(o, config->announced);
	if (rc == 0)
		rc = place_open(o);
	if (rc != 0) {
		release(o);
		return rc;
	}
	uv_timer_t *timers[] = {&o->tick, &o->batch, &o->soon, &o->announce, &o->place};
	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
		uv_timer_init(loop, timers[i]); /* cannot fail */
		timers[i]->data = o;
		o->handles++;
	}
	uv_timer_start(&o->tick, on_tick, TICK_MS, TICK_MS);
	*out = o;
	return 0;
}

/* ---- what comes from the core and the devices ---- */

void outlet_readings(struct outlet *o, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n)
{
	if (device >= o->safety.n_devices)
		return;
	size_t waiting = telemetry_add(o->telemetry, device, generation, first_sequence, readings, n);
	state_readings(o->devices[device].state, readings, n);
	if (!broker_is_up(o->broker))
		return; /* on_up sends them */
	if (waiting >= TELEMETRY_BATCH_MAX)
		flush_telemetry(o);
	else if (waiting > 0 && !uv_is_active((uv_handle_t *)&o->batch))
		uv_timer_start(&o->batch, on_batch, o->batch_ms, 0);
}

void outlet_presence(struct outlet *o, uint16_t device, bool present)
{
	if (device >= o->safety.n_devices)
		return;
	struct outlet_device *d = &o->devices[device];
	if (!present)
		state_forget(d->state);
	d->presence_due = d->presence_due || d->present != present;
	d->present = present;
	outlet_soon(o);
}

static void touch(struct outlet *o, uint16_t device)
{
	if (device < o->safety.n_devices)
		state_touch(o->devices[device].state);
	outlet_soon(o);
}

bool outlet_is_up(const struct outlet *o)
{
	return broker_is_up(o->broker);
}

const char *outlet_stands_back(const struct outlet *o)
{
	return o->stands_back ? o->namesake.host : NULL;
}

void outlet_facts(struct outlet *o, const char *hazards, const char *const *deadman, bool asks_presence,
		  enum language language)
{
	o->hazards = hazards;
	o->deadman = deadman;
	o->asks_presence = asks_presence;
	o->language = language;
	(void)announce_changed(o); /* without memory it stays as it was */
	if (broker_is_up(o->broker))
		outlet_announce(o, 0, 0);
}

void outlet_events(struct outlet *o)
{
	publish_events(o);
}

/* Who has stopped everything begins low again. */
static void forget_wishes(struct outlet *o)
{
	for (size_t d = 0; d < o->safety.n_devices; d++)
		for (size_t c = 0; c < o->safety.devices[d]->n_controls; c++)
			state_climate(o->devices[d].state, c)->until_ms = 0;
}

void outlet_core(struct outlet *o, const struct core_output *output)
{
	switch (output->type) {
	case CORE_OUT_RESULT:
		if (o->current) /* else it answers somebody else's */
			receive_answered(o, output);
		touch(o, output->device); /* Home Assistant shows what it asked for until it hears what is */
		break;
	case CORE_OUT_EVENT:
		if (output->event == CORE_EVENT_STOPPED)
			forget_wishes(o);
		o->safety_due = true;     /* latches and alarms are in it */
		touch(o, output->device); /* parked or not is in its state */
		break;
	case CORE_OUT_CHANGED:
		o->safety_due = true;
		if (output->device < o->safety.n_devices)
			o->devices[output->device].explain_due = true;
		touch(o, output->device);
		break;
	case CORE_OUT_LEASE:
	case CORE_OUT_REST:
	case CORE_OUT_REMEMBER: /* the wiring's */
		break;
	}
}

/* ---- the end ---- */

void outlet_one_closed(struct outlet *o)
{
	if (--o->handles > 0)
		return;
	void (*closed)(void *) = o->closed;
	void *user = o->closed_user;
	release(o);
	if (closed)
		closed(user);
}

static void on_timer_closed(uv_handle_t *handle)
{
	outlet_one_closed(handle->data);
}

void outlet_close(struct outlet *o, void (*closed)(void *user), void *user)
{
	o->closing = true;
	o->closed = closed;
	o->closed_user = user;
	if (broker_is_up(o->broker)) {
		publish_due(o);
		flush_telemetry(o);
		(void)publish_gateway(o, false); /* if it does not leave, the will says the same */
	}
	uv_close((uv_handle_t *)&o->tick, on_timer_closed);
	uv_close((uv_handle_t *)&o->batch, on_timer_closed);
	uv_close((uv_handle_t *)&o->soon, on_timer_closed);
	uv_close((uv_handle_t *)&o->announce, on_timer_closed);
	uv_close((uv_handle_t *)&o->place, on_timer_closed);
	place_close(o, CLOSE_MS);
}
