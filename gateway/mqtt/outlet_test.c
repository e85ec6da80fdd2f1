/* SPDX-License-Identifier: Apache-2.0
 * The whole outlet against a real mosquitto, watched and asked by an independent client. */
#include "mqtt/outlet.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/testing.h"
#include "broker/testing_broker.h"
#include "mqtt/testing_devices.h"
#include "therapy/v1/reading.pb-c.h"
#include "therapy/v1/safety.pb-c.h"

#define LIMIT_MS 8000

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	uv_loop_t loop;
	struct outlet *outlet;
	bool closed;
	struct core_permission heat;
	/* the last request that came, and the answer to the next */
	unsigned requests;
	char control[64], id[CORE_REQUEST_ID_MAX];
	enum core_verb verb;
	double value;
	enum core_flaw flaw;
	struct core_output answer;
	uint64_t n_events, delivered; /* a bit for each */
	char event[32];
	const char *before; /* what an earlier run announced */
	char *announced;    /* what is to be kept of this one */
};

static void on_request(void *user, const struct core_request *r)
{
	struct fixture *f = user;
	f->requests++;
	snprintf(f->control, sizeof f->control, "%s.%s", r->device, r->control);
	snprintf(f->id, sizeof f->id, "%s", r->id);
	f->verb = r->verb;
	f->value = r->value;
	f->flaw = r->flaw;
	struct core_output answer = f->answer;
	answer.type = CORE_OUT_RESULT;
	snprintf(answer.request_id, sizeof answer.request_id, "%s", r->id);
	outlet_core(f->outlet, &answer);
}

static void on_permission(void *user, uint16_t device, uint16_t control, struct core_permission *out)
{
	struct fixture *f = user;
	assert_int_equal(device, PAD);
	if (control == HEAT)
		*out = f->heat;
}

static void on_status(void *user, Therapy__V1__GatewayStatus *status)
{
	(void)user;
	status->process_respawns = 3;
}

static void on_closed(void *user)
{
	((struct fixture *)user)->closed = true;
}

/* Plays the journal: events 1 to n_events; what was delivered is not told again. */
static bool on_event(void *user, uint64_t after, struct outlet_event *out)
{
	struct fixture *f = user;
	for (uint64_t i = after + 1; i <= f->n_events; i++)
		if (!(f->delivered & UINT64_C(1) << i)) {
			snprintf(f->event, sizeof f->event, "event %u", (unsigned)i);
			*out = (struct outlet_event){i, (const uint8_t *)f->event, strlen(f->event)};
			return true;
		}
	return false;
}

static uint64_t on_event_next(void *user)
{
	return ((struct fixture *)user)->n_events + 1;
}

static void on_delivered(void *user, uint64_t sequence)
{
	((struct fixture *)user)->delivered |= UINT64_C(1) << sequence;
}

static void on_safety(void *user, struct json_object *root)
{
	(void)user;
	json_object_object_add(root, "latches", json_object_new_array());
}

static char *on_explanation(void *user, uint16_t device, uint16_t control)
{
	(void)user;
	char text[40];
	snprintf(text, sizeof text, "{\"of\":\"%u.%u\"}", device, control);
	return strdup(text);
}

static void on_announced(void *user, const char *text)
{
	struct fixture *f = user;
	free(f->announced);
	f->announced = strdup(text);
}

static const uint8_t schema[] = {1, 2, 3};

static void open_outlet(struct fixture *f, size_t queue)
{
	static const char *const names[] = {"Inversion table", "Heat pad"};
	static const char *const deadman[N_DEVICES] = {[PAD] = "{\"heat\":{}}"};
	const struct outlet_config config = {
	    .gateway_id = "home",
	    .version = "1.2",
	    .discovery_prefix = "homeassistant",
	    .birth_topic = "homeassistant/status",
	    .broker = {.url = f->server.url},
	    .devices = testing_devices(),
	    .names = names,
	    .n_devices = N_DEVICES,
	    .telemetry_queue = queue,
	    .schema = schema,
	    .schema_size = sizeof schema,
	    .announced = f->before,
	    .hazards = "[{\"hazard\":1}]",
	    .deadman = deadman,
	};
	const struct outlet_callbacks callbacks = {.user = f,
						   .request = on_request,
						   .permission = on_permission,
						   .status = on_status,
						   .event = on_event,
						   .event_next = on_event_next,
						   .event_delivered = on_delivered,
						   .safety = on_safety,
						   .announced = on_announced,
						   .explanation = on_explanation};
	assert_int_equal(outlet_new(&f->loop, &config, &callbacks, &f->outlet), 0);
}

static bool is_closed(void *user)
{
	return ((struct fixture *)user)->closed;
}

static void close_outlet(struct fixture *f)
{
	f->closed = false;
	outlet_close(f->outlet, on_closed, f);
	f->outlet = NULL;
	assert_true(testing_pump(&f->loop, &f->client, is_closed, f, LIMIT_MS));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	testing_client_open(&f->client, &f->server, "#");
	uv_loop_init(&f->loop);
	f->heat.phase = CORE_PHASE_AT_REST;
	f->answer = (struct core_output){.outcome = CORE_ACCEPTED, .device = PAD, .control = HEAT, .value = 1};
	open_outlet(f, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (f->outlet)
		close_outlet(f);
	int rc = uv_loop_close(&f->loop);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f->announced);
	free(f);
	return rc;
}

/* ---- waiting for what the client sees ---- */

struct want {
	struct fixture *f;
	const char *topic, *text; /* text NULL: any */
};

static bool has_it(void *user)
{
	const struct want *w = user;
	const struct testing_message *m = testing_client_last(&w->f->client, w->topic);
	return m && (!w->text || strstr((const char *)m->payload, w->text));
}

static const struct testing_message *wait_for(struct fixture *f, const char *topic, const char *text)
{
	struct want want = {f, topic, text};
	if (!testing_pump(&f->loop, &f->client, has_it, &want, LIMIT_MS))
		fail_msg("nothing with '%s' came on %s", text ? text : "", topic);
	return testing_client_last(&f->client, topic);
}

/* Until the way back from the broker has proved itself. */
static void ready(struct fixture *f)
{
	wait_for(f, "therapy/home/pad/state", NULL);
	testing_pump_for(&f->loop, &f->client, 100);
	testing_client_forget(&f->client);
}

static void ask(struct fixture *f, const char *payload, bool retained)
{
	testing_client_publish(&f->client, "therapy/home/pad/set/heat", payload, strlen(payload), 1, retained, NULL,
			       NULL);
}

/* ---- what leaves ---- */

static void on_connecting_everything_is_told(void **state)
{
	struct fixture *f = *state;
	outlet_presence(f->outlet, PAD, true);
	wait_for(f, "therapy/home/availability", "online");
	wait_for(f, "therapy/home/pad/availability", "online");
	wait_for(f, "therapy/home/table/availability", "offline");
	wait_for(f, "therapy/home/pad/state", "\"heat\":\"OFF\"");
	wait_for(f, "therapy/home/table/state", "\"tilt\":null");
	wait_for(f, "therapy/home/safety", "\"permitted\":false");
	wait_for(f, "homeassistant/device/therapy-home-pad/config", "\"switch\"");
	wait_for(f, "homeassistant/device/therapy-home-table/config", "Inversion table");
	wait_for(f, "therapy/home/hazards", "[{\"hazard\":1}]");
	wait_for(f, "therapy/home/pad/deadman", "{\"heat\":{}}");
	assert_null(testing_client_last(&f->client, "therapy/home/table/deadman"));
	assert_int_equal(wait_for(f, "therapy/home/schema", NULL)->size, sizeof schema);
	const struct testing_message *m = wait_for(f, "therapy/home/status", NULL);
	Therapy__V1__GatewayStatus *s = therapy__v1__gateway_status__unpack(NULL, m->size, m->payload);
	assert_string_equal(s->gateway_id, "home");
	assert_string_equal(s->version, "1.2");
	assert_int_equal(s->broker_connects, 1);
	assert_int_equal(s->process_respawns, 3);
	therapy__v1__gateway_status__free_unpacked(s, NULL);
}

static void what_must_survive_for_late_comers_is_retained(void **state)
{
	struct fixture *f = *state;
	ready(f);
	struct testing_client *late = malloc(sizeof *late);
	testing_client_open(late, &f->server, "#");
	testing_pump_for(&f->loop, late, 300);
	static const char *const kept[] = {"therapy/home/availability",
					   "therapy/home/pad/availability",
					   "therapy/home/table/state",
					   "therapy/home/pad/state",
					   "therapy/home/safety",
					   "therapy/home/schema",
					   "therapy/home/hazards",
					   "therapy/home/pad/deadman",
					   "homeassistant/device/therapy-home-pad/config"};
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		assert_non_null(testing_client_last(late, kept[i]));
		assert_true(late->messages[0].retained);
	}
	assert_null(testing_client_last(late, "therapy/home/status"));
	testing_client_close(late);
	free(late);
}

static void readings_arrive_as_a_batch_within_its_time(void **state)
{
	struct fixture *f = *state;
	ready(f);
	for (uint64_t i = 1; i <= 50; i++) {
		const struct core_reading r = {
		    .metric = TILT, .quality = THERAPY_GOOD, .value = (double)i, .stamp_ms = clock_boot_ms()};
		outlet_readings(f->outlet, TABLE, 1, i, &r, 1);
	}
	const struct testing_message *m = wait_for(f, "therapy/home/table/telemetry", NULL);
	Therapy__V1__ReadingBatch *b = therapy__v1__reading_batch__unpack(NULL, m->size, m->payload);
	assert_int_equal(b->first_sequence, 1);
	assert_int_equal(b->n_readings, 50);
	assert_near(b->readings[49]->value, 50, 0);
	therapy__v1__reading_batch__free_unpacked(b, NULL);
	const struct core_reading warm = {
	    .metric = TEMPERATURE, .quality = THERAPY_GOOD, .value = 36.5, .stamp_ms = clock_boot_ms()};
	outlet_readings(f->outlet, PAD, 1, 1, &warm, 1);
	wait_for(f, "therapy/home/pad/state", "\"temperature\":36.5");
}

static void a_change_of_a_control_is_told_at_once_in_state_and_safety(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->heat = (struct core_permission){
	    .permitted = true, .granted = true, .value = 1, .phase = CORE_PHASE_CONFIRMED_ON, .why = "permitted"};
	const struct core_output changed = {.type = CORE_OUT_CHANGED, .device = PAD, .control = HEAT};
	outlet_core(f->outlet, &changed);
	wait_for(f, "therapy/home/pad/state", "\"heat\":\"ON\"");
	wait_for(f, "therapy/home/safety", "\"granted\":true");
	f->heat = (struct core_permission){.phase = CORE_PHASE_COMING_TO_REST, .why = "table.tilt is 35 deg"};
	outlet_core(f->outlet, &changed); /* less than a second later */
	wait_for(f, "therapy/home/pad/state", "\"heat_why\":\"table.tilt is 35 deg\"");
	wait_for(f, "therapy/home/safety", "table.tilt is 35 deg");
}

static void a_device_that_goes_becomes_unavailable(void **state)
{
	struct fixture *f = *state;
	ready(f);
	outlet_presence(f->outlet, PAD, true);
	wait_for(f, "therapy/home/pad/availability", "online");
	outlet_presence(f->outlet, PAD, false);
	wait_for(f, "therapy/home/pad/availability", "offline");
}

static bool all_delivered(void *user)
{
	struct fixture *f = user;
	return f->delivered == ((UINT64_C(1) << (f->n_events + 1)) - 2);
}

static void events_are_fetched_in_order_and_their_delivery_is_told(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->n_events = 40;
	outlet_events(f->outlet);
	assert_true(testing_pump(&f->loop, &f->client, all_delivered, f, LIMIT_MS));
	wait_for(f, "therapy/home/event", "event 40");
	assert_int_equal(testing_client_count(&f->client, "therapy/home/event"), 40); /* each once */
}

static void explanations_latches_and_alarms_are_kept_at_the_broker(void **state)
{
	struct fixture *f = *state;
	ready(f);
	wait_for(f, "therapy/home/pad/explain/heat", "{\"of\":\"1.0\"}");
	wait_for(f, "therapy/home/safety", "\"latches\":[]");
	size_t told = testing_client_count(&f->client, "therapy/home/pad/explain/heat");
	const struct core_output changed = {.type = CORE_OUT_CHANGED, .device = PAD, .control = HEAT};
	outlet_core(f->outlet, &changed);
	while (testing_client_count(&f->client, "therapy/home/pad/explain/heat") == told)
		testing_pump_for(&f->loop, &f->client, 10);
}

/* ---- requests ---- */

static void a_request_is_answered_on_the_result_topic_and_where_it_asks(void **state)
{
	struct fixture *f = *state;
	ready(f);
	const char *payload = "{\"value\":\"ON\",\"id\":\"r1\"}";
	testing_client_publish(&f->client, "therapy/home/pad/set/heat", payload, strlen(payload), 1, false, "my/answer",
			       "c7");
	const struct testing_message *m = wait_for(f, "my/answer", "\"outcome\":\"accepted\"");
	assert_int_equal(m->correlation_size, 2);
	assert_memory_equal(m->correlation, "c7", 2);
	m = wait_for(f, "therapy/home/pad/result", "\"id\":\"r1\"");
	assert_false(m->retained);
	assert_string_equal(f->control, "pad.heat");
	assert_string_equal(f->id, "r1");
	assert_int_equal(f->flaw, CORE_FLAW_NONE);
	assert_near(f->value, 1, 0);
}

static void after_a_refusal_the_state_is_shown_again(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->answer.outcome = CORE_NOT_PERMITTED;
	f->answer.rule = "no-heat";
	ask(f, "ON", false);
	wait_for(f, "therapy/home/pad/result", "\"rule\":\"no-heat\"");
	wait_for(f, "therapy/home/pad/state", "\"heat\":\"OFF\"");
}

static void a_retained_request_is_refused_live_and_from_the_store(void **state)
{
	struct fixture *f = *state;
	ready(f);
	ask(f, "ON", true);
	wait_for(f, "therapy/home/pad/result", NULL);
	assert_int_equal(f->flaw, CORE_FLAW_RETAINED);
	close_outlet(f);
	f->closed = false;
	f->requests = 0;
	f->flaw = CORE_FLAW_NONE;
	testing_client_forget(&f->client);
	open_outlet(f, 0);
	wait_for(f, "therapy/home/pad/result", NULL);
	assert_int_equal(f->requests, 1);
	assert_int_equal(f->flaw, CORE_FLAW_RETAINED);
	ask(f, "", true); /* cleared: no request */
	testing_pump_for(&f->loop, &f->client, 100);
	assert_int_equal(f->requests, 1);
}

static void bad_requests_reach_the_gate_with_their_flaw(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->answer = (struct core_output){
	    .outcome = CORE_MALFORMED, .device = CORE_NO_DEVICE, .control = CORE_NO_CONTROL}; /* as the core answers */
	ask(f, "warm", false);
	wait_for(f, "therapy/home/pad/result", NULL);
	assert_int_equal(f->flaw, CORE_FLAW_MALFORMED);
	wait_for(f, "therapy/home/pad/state", "\"heat\":\"OFF\""); /* it is shown what is, all the same */
	testing_client_forget(&f->client);
	char *big = calloc(1, 5001);
	memset(big, 'x', 5000);
	ask(f, big, false);
	free(big);
	wait_for(f, "therapy/home/pad/result", NULL);
	assert_int_equal(f->flaw, CORE_FLAW_TOO_LARGE);
	testing_client_publish(&f->client, "therapy/home/nobody/set/x", "ON", 2, 0, false, NULL, NULL);
	wait_for(f, "therapy/home/nobody/result", NULL);
	assert_string_equal(f->control, "nobody.x");
}

/* Two messages of one action, in the order that Home Assistant does not choose. */
static void a_temperature_and_then_a_mode_become_one_request_for_that_temperature(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->answer.control = SETPOINT;
	f->answer.value = 0;
	testing_client_publish(&f->client, "therapy/home/pad/set/temperature/temperature", "38.0", 4, 0, false, NULL,
			       NULL);
	wait_for(f, "therapy/home/pad/result", "\"outcome\":\"accepted\"");
	assert_int_equal(f->verb, CORE_CHECK);
	wait_for(f, "therapy/home/pad/state", "\"temperature_control_target\":38");
	testing_client_publish(&f->client, "therapy/home/pad/set/temperature/mode", "heat", 4, 0, false, NULL, NULL);
	while (f->requests < 2)
		testing_pump_for(&f->loop, &f->client, 10);
	assert_int_equal(f->verb, CORE_SET);
	assert_near(f->value, 38, 0);
}

/* Who stops everything begins low again. */
static void a_stop_forgets_what_was_wanted(void **state)
{
	struct fixture *f = *state;
	ready(f);
	f->answer.control = SETPOINT;
	testing_client_publish(&f->client, "therapy/home/pad/set/temperature/temperature", "38.0", 4, 0, false, NULL,
			       NULL);
	wait_for(f, "therapy/home/pad/state", "\"temperature_control_target\":38");
	const struct core_output stopped = {.type = CORE_OUT_EVENT, .event = CORE_EVENT_STOPPED, .device = PAD};
	outlet_core(f->outlet, &stopped);
	wait_for(f, "therapy/home/pad/state", "\"temperature_control_target\":30");
}

static void answers_do_not_go_to_the_gateways_own_topics_or_to_wildcards(void **state)
{
	struct fixture *f = *state;
	ready(f);
	static const char *const bad[] = {"therapy/home/pad/state", "therapy/home/pad/set/heat", "$SYS/x"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		testing_client_forget(&f->client);
		testing_client_publish(&f->client, "therapy/home/pad/set/heat", "ON", 2, 0, false, bad[i], NULL);
		wait_for(f, "therapy/home/pad/result", NULL);
		testing_pump_for(&f->loop, &f->client, 50);
		const struct testing_message *m = testing_client_last(&f->client, bad[i]);
		assert_true(!m || !strstr((const char *)m->payload, "outcome"));
	}
	assert_int_equal(f->requests, 3);
}

/* ---- life cycle ---- */

static void home_assistants_birth_has_everything_told_again(void **state)
{
	struct fixture *f = *state;
	ready(f);
	testing_client_publish(&f->client, "homeassistant/status", "offline", 7, 0, false, NULL, NULL);
	testing_pump_for(&f->loop, &f->client, 100);
	assert_null(testing_client_last(&f->client, "homeassistant/device/therapy-home-pad/config"));
	testing_client_publish(&f->client, "homeassistant/status", "online", 6, 0, false, NULL, NULL);
	wait_for(f, "homeassistant/device/therapy-home-pad/config", NULL);
	wait_for(f, "therapy/home/table/availability", NULL);
	wait_for(f, "therapy/home/pad/state", NULL);
	wait_for(f, "therapy/home/safety", NULL);
}

static bool is_forgotten(void *user)
{
	const struct fixture *f = user;
	return f->announced && !strstr(f->announced, "belt");
}

/* A device that was taken out of the configuration, and an entity that a newer version has no more. */
static void what_was_announced_and_is_not_any_more_is_taken_back(void **state)
{
	struct fixture *f = *state;
	ready(f);
	close_outlet(f);
	assert_non_null(
	    strstr(f->announced, "therapy/home/pad/explain/heat")); /* also without a broker: before it is told */
	f->before = "{\"topics\":{\"homeassistant/device/therapy-home-belt/config\":{\"tension\":\"number\"},"
		    "\"therapy/home/belt/state\":{},"
		    "\"homeassistant/device/therapy-home-pad/config\":{\"lamp\":\"switch\","
		    "\"temperature_control\":\"number\"}}}"; /* a set-point was a number once */
	testing_client_publish(&f->client, "therapy/home/belt/state", "{}", 2, 1, true, NULL, NULL);
	wait_for(f, "therapy/home/belt/state", "{}");
	testing_client_forget(&f->client);
	open_outlet(f, 0);
	assert_non_null(strstr(f->announced, "therapy/home/belt/state")); /* until it is taken back */
	assert_true(testing_pump(&f->loop, &f->client, is_forgotten, f, LIMIT_MS));
	wait_for(f, "homeassistant/device/therapy-home-pad/config", "\"lamp\":{\"platform\":\"switch\"}");
	wait_for(f, "homeassistant/device/therapy-home-pad/config",
		 "\"temperature_control\":{\"platform\":\"number\"}");
	assert_int_equal(wait_for(f, "homeassistant/device/therapy-home-belt/config", NULL)->size, 0);
	assert_int_equal(wait_for(f, "therapy/home/belt/state", NULL)->size, 0);
	assert_null(strstr(f->announced, "lamp"));
	testing_client_forget(&f->client);
	testing_client_publish(&f->client, "homeassistant/status", "online", 6, 0, false, NULL, NULL);
	wait_for(f, "homeassistant/device/therapy-home-pad/config", NULL);
	assert_null(strstr(
	    (const char *)testing_client_last(&f->client, "homeassistant/device/therapy-home-pad/config")->payload,
	    "lamp")); /* once is enough */
}

static bool has_device_telemetry(void *user)
{
	struct fixture *f = user;
	size_t n = 0;
	for (size_t i = 0; i < f->client.n; i++)
		if (strcmp(f->client.messages[i].topic, "therapy/home/table/telemetry") == 0) {
			const struct testing_message *m = &f->client.messages[i];
			Therapy__V1__ReadingBatch *b = therapy__v1__reading_batch__unpack(NULL, m->size, m->payload);
			n += b->n_readings;
			therapy__v1__reading_batch__free_unpacked(b, NULL);
		}
	return n == 300;
}

static void after_the_broker_was_away_queue_events_and_states_follow(void **state)
{
	struct fixture *f = *state;
	ready(f);
	testing_broker_kill(&f->server);
	testing_client_close(&f->client);
	uint64_t deadline = clock_boot_ms() + 200;
	while (clock_boot_ms() < deadline)
		testing_pump_for(&f->loop, NULL, 20);
	for (uint64_t i = 1; i <= 300; i++) {
		const struct core_reading r = {
		    .metric = TILT, .quality = THERAPY_GOOD, .value = 1, .stamp_ms = clock_boot_ms()};
		outlet_readings(f->outlet, TABLE, 1, i, &r, 1);
	}
	f->n_events = 2;
	outlet_events(f->outlet); /* nobody takes them */
	assert_int_equal(f->delivered, 0);
	testing_broker_restart(&f->server);
	testing_client_open(&f->client, &f->server, "#");
	assert_true(testing_pump(&f->loop, &f->client, has_device_telemetry, f, LIMIT_MS));
	wait_for(f, "therapy/home/event", "event 2");
	assert_true(testing_pump(&f->loop, &f->client, all_delivered, f, LIMIT_MS));
	wait_for(f, "therapy/home/availability", "online");
	wait_for(f, "therapy/home/pad/state", NULL);
	wait_for(f, "homeassistant/device/therapy-home-pad/config", NULL);
	ask(f, "ON", false); /* and it listens again */
	wait_for(f, "therapy/home/pad/result", NULL);
}

static void a_clean_end_says_offline(void **state)
{
	struct fixture *f = *state;
	ready(f);
	close_outlet(f);
	wait_for(f, "therapy/home/availability", "offline");
	assert_int_equal(testing_client_count(&f->client, "therapy/home/availability"), 1); /* and no will on top */
}

static void a_broken_connection_says_offline_through_the_will(void **state)
{
	struct fixture *f = *state;
	ready(f);
	/* Somebody takes its client id: the broker drops the old connection, which is what a crash looks like to it. */
	struct testing_client *thief = malloc(sizeof *thief);
	memset(thief, 0, sizeof *thief);
	thief->mosq = mosquitto_new("therapy.home", true, thief);
	assert_int_equal(mosquitto_connect(thief->mosq, "127.0.0.1", f->server.port, 60), 0);
	mosquitto_loop(thief->mosq, 50, 1);
	wait_for(f, "therapy/home/availability", "offline");
	mosquitto_disconnect(thief->mosq);
	mosquitto_destroy(thief->mosq);
	free(thief);
	wait_for(f, "therapy/home/availability", "online"); /* and it comes back by itself */
}

static void bad_settings_are_refused(void **state)
{
	struct fixture *f = *state;
	struct outlet *o = NULL;
	const struct outlet_callbacks callbacks = {.user = f, .request = on_request, .permission = on_permission};
	struct outlet_config config = {.gateway_id = "Not valid/#",
				       .broker = {.url = f->server.url},
				       .devices = testing_devices(),
				       .n_devices = N_DEVICES};
	assert_int_equal(outlet_new(&f->loop, &config, &callbacks, &o), UV_EINVAL);
	config.gateway_id = "home";
	config.broker.url = "http://broker";
	assert_int_equal(outlet_new(&f->loop, &config, &callbacks, &o), UV_EINVAL);
	assert_null(o);
}

#define WITH_OUTLET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_OUTLET(on_connecting_everything_is_told),
	    WITH_OUTLET(what_must_survive_for_late_comers_is_retained),
	    WITH_OUTLET(readings_arrive_as_a_batch_within_its_time),
	    WITH_OUTLET(a_change_of_a_control_is_told_at_once_in_state_and_safety),
	    WITH_OUTLET(a_device_that_goes_becomes_unavailable),
	    WITH_OUTLET(events_are_fetched_in_order_and_their_delivery_is_told),
	    WITH_OUTLET(explanations_latches_and_alarms_are_kept_at_the_broker),
	    WITH_OUTLET(a_request_is_answered_on_the_result_topic_and_where_it_asks),
	    WITH_OUTLET(after_a_refusal_the_state_is_shown_again),
	    WITH_OUTLET(a_retained_request_is_refused_live_and_from_the_store),
	    WITH_OUTLET(bad_requests_reach_the_gate_with_their_flaw),
	    WITH_OUTLET(a_temperature_and_then_a_mode_become_one_request_for_that_temperature),
	    WITH_OUTLET(a_stop_forgets_what_was_wanted),
	    WITH_OUTLET(answers_do_not_go_to_the_gateways_own_topics_or_to_wildcards),
	    WITH_OUTLET(home_assistants_birth_has_everything_told_again),
	    WITH_OUTLET(what_was_announced_and_is_not_any_more_is_taken_back),
	    WITH_OUTLET(after_the_broker_was_away_queue_events_and_states_follow),
	    WITH_OUTLET(a_clean_end_says_offline),
	    WITH_OUTLET(a_broken_connection_says_offline_through_the_will),
	    WITH_OUTLET(bad_settings_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
