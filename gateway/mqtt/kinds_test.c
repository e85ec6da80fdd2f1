/* SPDX-License-Identifier: Apache-2.0
 * What messages say of themselves, and what becomes of those that the broker does not take, against a real mosquitto.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/testing.h"
#include "broker/testing_broker.h"
#include "mqtt/outlet.h"
#include "mqtt/testing_devices.h"
#include "therapy/v1/reading.pb-c.h"

#define LIMIT_MS 8000

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	uv_loop_t loop;
	struct outlet *outlet;
	bool closed;
	unsigned events_left, delivered;
};

static void on_request(void *user, const struct core_request *request)
{
	(void)user, (void)request;
}

static void on_permission(void *user, uint16_t device, uint16_t control, struct core_permission *out)
{
	(void)user, (void)device, (void)control;
	*out = (struct core_permission){.phase = CORE_PHASE_AT_REST};
}

static uint8_t event_bytes[2000];

/* Two: the first is too large for some brokers. */
static bool on_event(void *user, uint64_t after, struct outlet_event *out)
{
	struct fixture *f = user;
	if (after >= 2 || f->delivered >= 2)
		return false;
	*out = (struct outlet_event){after + 1, event_bytes, after == 0 ? sizeof event_bytes : 10};
	return true;
}

static uint64_t on_event_next(void *user)
{
	(void)user;
	return 3;
}

static void on_event_delivered(void *user, uint64_t sequence)
{
	(void)sequence;
	((struct fixture *)user)->delivered++;
}

static void on_closed(void *user)
{
	((struct fixture *)user)->closed = true;
}

static bool is_closed(void *user)
{
	return ((struct fixture *)user)->closed;
}

static void open_outlet(struct fixture *f, const char *extra)
{
	static const uint8_t schema[] = {1, 2, 3};
	testing_broker_start(&f->server, extra);
	testing_client_open(&f->client, &f->server, "#");
	uv_loop_init(&f->loop);
	const struct outlet_config config = {
	    .gateway_id = "home",
	    .version = "1.2",
	    .discovery_prefix = "homeassistant",
	    .broker = {.url = f->server.url, .reconnect = true},
	    .devices = testing_devices(),
	    .n_devices = N_DEVICES,
	    .schema = schema,
	    .schema_size = sizeof schema,
	    .hazards = "[]",
	};
	const struct outlet_callbacks callbacks = {.user = f,
						   .request = on_request,
						   .permission = on_permission,
						   .event = on_event,
						   .event_next = on_event_next,
						   .event_delivered = on_event_delivered};
	assert_int_equal(outlet_new(&f->loop, &config, &callbacks, &f->outlet), 0);
}

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	outlet_close(f->outlet, on_closed, f);
	assert_true(testing_pump(&f->loop, &f->client, is_closed, f, LIMIT_MS));
	int rc = uv_loop_close(&f->loop);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f);
	return rc;
}

struct want {
	const struct fixture *f;
	const char *topic;
};

static bool has_it(void *user)
{
	const struct want *w = user;
	return testing_client_last(&w->f->client, w->topic) != NULL;
}

static const struct testing_message *wait_for(struct fixture *f, const char *topic)
{
	struct want want = {f, topic};
	if (!testing_pump(&f->loop, &f->client, has_it, &want, LIMIT_MS))
		fail_msg("nothing came on %s", topic);
	return testing_client_last(&f->client, topic);
}

static void read_tilt(struct fixture *f, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct core_reading r = {.metric = TILT, .quality = THERAPY_GOOD, .stamp_ms = clock_boot_ms()};
		outlet_readings(f->outlet, TABLE, 1, first + i, &r, 1);
	}
}

static void each_message_says_what_it_is(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *topic, *content_type, *kind;
	} rows[] = {
	    {"therapy/home/table/telemetry", "application/x-protobuf", "therapy.v1.ReadingBatch"},
	    {"therapy/home/event", "application/x-protobuf", "therapy.v1.SafetyEvent"},
	    {"therapy/home/status", "application/x-protobuf", "therapy.v1.GatewayStatus"},
	    {"therapy/home/schema", "application/x-protobuf", "google.protobuf.FileDescriptorSet"},
	    {"therapy/home/pad/state", "application/json", NULL},
	    {"therapy/home/safety", "application/json", NULL},
	    {"therapy/home/hazards", "application/json", NULL},
	    {"homeassistant/device/therapy-home-pad/config", "application/json", NULL},
	    {"therapy/home/availability", NULL, NULL},
	};
	open_outlet(f, NULL);
	wait_for(f, "therapy/home/table/state");
	read_tilt(f, 1, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct testing_message *m = wait_for(f, rows[i].topic);
		assert_int_equal(m->content_type != NULL, rows[i].content_type != NULL);
		if (m->content_type)
			assert_string_equal(m->content_type, rows[i].content_type);
		assert_int_equal(m->kind != NULL, rows[i].kind != NULL);
		if (m->kind)
			assert_string_equal(m->kind, rows[i].kind);
	}
}

static void states_are_forgotten_after_an_hour_and_nothing_else_that_is_kept(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *topic;
		bool expires;
	} rows[] = {
	    {"therapy/home/pad/state", true},
	    {"therapy/home/state", true},
	    {"therapy/home/safety", true},
	    {"therapy/home/availability", false},
	    {"therapy/home/schema", false},
	    {"therapy/home/hazards", false},
	    {"therapy/home/pad/availability", false},
	    {"homeassistant/device/therapy-home-pad/config", false},
	};
	open_outlet(f, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t expiry_s = wait_for(f, rows[i].topic)->expiry_s;
		if (rows[i].expires)
			assert_in_range(expiry_s, 3590, 3600); /* the broker counts down */
		else
			assert_int_equal(expiry_s, 0);
	}
}

static bool has_readings(void *user)
{
	const struct fixture *f = user;
	size_t n = 0;
	for (size_t i = 0; i < f->client.n; i++) {
		const struct testing_message *m = &f->client.messages[i];
		if (strcmp(m->topic, "therapy/home/table/telemetry") != 0)
			continue;
		Therapy__V1__ReadingBatch *b = therapy__v1__reading_batch__unpack(NULL, m->size, m->payload);
		assert_non_null(b);
		n += b->n_readings;
		therapy__v1__reading_batch__free_unpacked(b, NULL);
	}
	return n >= 200;
}

static bool is_counted(void *user)
{
	const struct fixture *f = user;
	const struct testing_message *m = testing_client_last(&f->client, "therapy/home/status");
	Therapy__V1__GatewayStatus *s = m ? therapy__v1__gateway_status__unpack(NULL, m->size, m->payload) : NULL;
	bool counted = s && s->messages_too_large >= 3 && s->broker_connects == 1 && s->mqtt_version == 5;
	if (s)
		therapy__v1__gateway_status__free_unpacked(s, NULL);
	return counted;
}

static void with_a_broker_of_small_messages_the_rest_goes_on(void **state)
{
	struct fixture *f = *state;
	open_outlet(f, "max_packet_size 1000\n");
	wait_for(f, "therapy/home/table/state"); /* told after discovery, which is too large */
	assert_null(testing_client_last(&f->client, "homeassistant/device/therapy-home-pad/config"));
	read_tilt(f, 1, 200); /* some 4 kB in one batch */
	assert_true(testing_pump(&f->loop, &f->client, has_readings, f, LIMIT_MS));
	wait_for(f, "therapy/home/event"); /* the second one */
	assert_int_equal(testing_client_last(&f->client, "therapy/home/event")->size, 10);
	assert_true(testing_pump(&f->loop, &f->client, is_counted, f, 15000)); /* in the next status */
	assert_true(outlet_is_up(f->outlet));
}

#define WITH_OUTLET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_OUTLET(each_message_says_what_it_is),
	    WITH_OUTLET(states_are_forgotten_after_an_hour_and_nothing_else_that_is_kept),
	    WITH_OUTLET(with_a_broker_of_small_messages_the_rest_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
