/* SPDX-License-Identifier: Apache-2.0
 * Brokers that do not take everything: told in their CONNACK, or found out. */
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "broker/testing_connection.h"

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	struct testing_connection connection;
	uint8_t large[20000];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	memset(f->large, 'x', sizeof f->large);
	testing_connection_start(&f->connection);
	*state = f;
	return 0;
}

static void serve(struct fixture *f, const char *extra)
{
	testing_broker_start(&f->server, extra);
	testing_client_open(&f->client, &f->server, "#");
	f->connection.client = &f->client;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	testing_connection_stop(&f->connection);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f);
	return 0;
}

static struct broker *up(struct fixture *f, struct broker_config config)
{
	config.url = f->server.url;
	config.reconnect = true;
	testing_connection_open(&f->connection, config);
	testing_connection_wait_up(&f->connection);
	return f->connection.broker;
}

static int tell(struct broker *broker, const char *topic, const void *bytes, size_t size)
{
	return broker_publish(broker, topic, bytes, size, 1, true, NULL, 1);
}

static void what_is_larger_than_the_broker_told_is_not_sent_but_counted(void **state)
{
	struct fixture *f = *state;
	serve(f, "max_packet_size 1000\n");
	struct broker *b = up(f, (struct broker_config){0});
	const size_t room = 1000 - (1 + 2 + 2 + 1 + 2 + 1); /* header, length, topic "t", packet id, no properties */
	assert_int_equal(tell(b, "t", f->large, room), 0);
	testing_connection_wait_delivered(&f->connection, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tell(b, "t", f->large, room + 1), UV_EMSGSIZE);
	assert_int_equal(tell(b, "small", "1", 1), 0); /* the connection is as it was */
	testing_connection_wait_delivered(&f->connection, 2);
	assert_int_equal(f->connection.downs, 0);
	assert_int_equal(broker_counters(b)->too_large, 3);
	assert_int_equal(testing_connection_logged(&f->connection, "this broker takes at most 1000"), 1);
}

static void properties_count_as_well(void **state)
{
	struct fixture *f = *state;
	serve(f, "max_packet_size 1000\n");
	struct broker *b = up(f, (struct broker_config){0});
	const struct broker_pair user = {"message", "therapy.v1.ReadingBatch"};
	const struct broker_properties properties = {.content_type = "application/x-protobuf",
						     .response_topic = "r",
						     .correlation = (const uint8_t *)"12",
						     .correlation_size = 2,
						     .expiry_s = 9,
						     .user = &user,
						     .n_user = 1};
	const size_t of_properties = 1 + (3 + 22) + (3 + 1) + (3 + 2) + 5 + (5 + 7 + 23);
	const size_t room = 1000 - (1 + 2 + 2 + 1 + 2) - of_properties;
	assert_int_equal(broker_publish(b, "t", f->large, room + 1, 1, false, &properties, 1), UV_EMSGSIZE);
	assert_int_equal(broker_publish(b, "t", f->large, room, 1, false, &properties, 1), 0);
	testing_connection_wait_delivered(&f->connection, 1);
	assert_int_equal(f->connection.downs, 0);
}

/* 3.1.1 has no way to tell it. Each time it is up the same is sent again, as the gateway does. */
static void a_broker_that_hangs_up_on_size_is_found_out(void **state)
{
	struct fixture *f = *state;
	serve(f, "max_packet_size 10000\n");
	struct broker *b = up(f, (struct broker_config){.protocol = BROKER_MQTT_311});
	unsigned losses = 0;
	while (tell(b, "large", f->large, sizeof f->large) == 0 && losses < 5) {
		testing_connection_wait_downs(&f->connection, ++losses);
		testing_connection_wait_up(&f->connection);
	}
	assert_int_equal(losses, 2);
	assert_int_equal(testing_connection_logged(&f->connection, "the broker hangs up on messages of"), 1);
	assert_int_equal(tell(b, "fits", f->large, 9000), 0);
	testing_connection_wait_delivered(&f->connection, 1);
	assert_int_equal(f->connection.downs, losses);
	assert_int_equal(testing_client_last(&f->client, "fits")->size, 9000);
	assert_int_equal(testing_client_count(&f->client, "large"), 0);
}

static bool has_two(void *user)
{
	return ((struct testing_client *)user)->n >= 2;
}

static void where_no_qos_1_is_taken_messages_and_the_will_go_with_0(void **state)
{
	struct fixture *f = *state;
	serve(f, "max_qos 0\n");
	struct broker *b =
	    up(f, (struct broker_config){.will_topic = "gone", .will_payload = "OFF", .will_size = 3, .will_qos = 1});
	assert_int_equal(f->connection.downs, 0);
	assert_int_equal(tell(b, "t", "1", 1), 0);
	testing_connection_wait_delivered(&f->connection, 1); /* written, which is all that can be known */
	assert_int_equal(testing_connection_logged(&f->connection, "the broker takes QoS 0 only"), 1);
	assert_int_equal(testing_connection_logged(&f->connection, "the broker takes no will with QoS 1"), 1);
	testing_connection_close(&f->connection, true);
	assert_true(testing_pump(NULL, &f->client, has_two, &f->client, TESTING_LIMIT_MS));
	assert_non_null(testing_client_last(&f->client, "t"));
	assert_non_null(testing_client_last(&f->client, "gone"));
}

static void where_nothing_is_kept_messages_and_the_will_go_unretained(void **state)
{
	struct fixture *f = *state;
	serve(f, "retain_available false\n");
	struct broker *b = up(
	    f,
	    (struct broker_config){
		.will_topic = "gone", .will_payload = "offline", .will_size = 7, .will_qos = 1, .will_retained = true});
	assert_int_equal(f->connection.downs, 0);
	assert_int_equal(tell(b, "t", "1", 1), 0);
	testing_connection_wait_delivered(&f->connection, 1);
	assert_true(testing_connection_logged(&f->connection, "the broker keeps no messages") >= 1);
	testing_connection_close(&f->connection, true);
	assert_true(testing_pump(NULL, &f->client, has_two, &f->client, TESTING_LIMIT_MS));
	assert_non_null(testing_client_last(&f->client, "gone"));
}

static void a_keep_alive_of_the_brokers_own_is_told(void **state)
{
	struct fixture *f = *state;
	serve(f, "max_keepalive 10\n");
	(void)up(f, (struct broker_config){.keep_alive_s = 60});
	assert_int_equal(testing_connection_logged(&f->connection, "the broker wants a keep-alive of 10 s"), 1);
}

static void what_access_rules_refuse_is_told_once(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/therapy-acl-XXXXXX", extra[128];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "topic read #\n"), 13);
	snprintf(extra, sizeof extra, "acl_file %s\n", path);
	serve(f, extra);
	struct broker *b = up(f, (struct broker_config){0});
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(tell(b, "t", "1", 1), 0);
		while (f->connection.failed <= i)
			testing_pump_for(&f->connection.loop, &f->client, 5);
	}
	assert_int_equal(
	    testing_connection_logged(&f->connection, "refused a message of client 'test': Not authorized"), 1);
	assert_int_equal(f->connection.downs, 0);
	remove(path);
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BROKER(what_is_larger_than_the_broker_told_is_not_sent_but_counted),
	    WITH_BROKER(properties_count_as_well),
	    WITH_BROKER(a_broker_that_hangs_up_on_size_is_found_out),
	    WITH_BROKER(where_no_qos_1_is_taken_messages_and_the_will_go_with_0),
	    WITH_BROKER(where_nothing_is_kept_messages_and_the_will_go_unretained),
	    WITH_BROKER(a_keep_alive_of_the_brokers_own_is_told),
	    WITH_BROKER(what_access_rules_refuse_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
