/* SPDX-License-Identifier: Apache-2.0
 * MQTT 5, and 3.1.1 where the broker takes no 5: how that is found out, and what holds in both. */
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "broker/testing_connection.h"
#include "broker/testing_gate.h"

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	struct testing_gate gate;
	struct testing_connection connection;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	testing_connection_start(&f->connection);
	testing_gate_start(&f->gate, GATE_SAYS_1, f->server.port);
	testing_client_open(&f->client, &f->server, "#");
	f->connection.client = &f->client;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	testing_connection_stop(&f->connection);
	testing_gate_stop(&f->gate);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f);
	return 0;
}

static void falls_back(struct fixture *f, enum testing_gate_manner manner)
{
	atomic_store(&f->gate.manner, manner);
	testing_connection_open(&f->connection, (struct broker_config){.url = f->gate.url, .reconnect = true});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_protocol(f->connection.broker), BROKER_MQTT_311);
	assert_int_equal(atomic_load(&f->gate.refused5), 1);
	assert_int_equal(f->connection.downs, 0); /* one attempt, in two steps: nobody was told that it failed */
	assert_int_equal(testing_connection_logged(&f->connection, "3.1.1 with this broker, which takes no 5"), 1);
}

static void a_broker_that_answers_as_3_1_1_has_it_gets_3_1_1(void **state)
{
	falls_back(*state, GATE_SAYS_1);
}

static void a_broker_that_answers_as_5_has_it_gets_3_1_1(void **state)
{
	falls_back(*state, GATE_SAYS_0x84);
}

static void a_broker_that_hangs_up_gets_3_1_1(void **state)
{
	falls_back(*state, GATE_HANGS_UP);
}

static void a_broker_that_takes_5_gets_5(void **state)
{
	struct fixture *f = *state;
	atomic_store(&f->gate.manner, GATE_OPEN);
	testing_connection_open(&f->connection, (struct broker_config){.url = f->gate.url});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_protocol(f->connection.broker), BROKER_MQTT_5);
	assert_int_equal(testing_connection_logged(&f->connection, "speaks MQTT"), 0);
}

static void each_connection_begins_with_5_again_and_the_log_tells_it_once(void **state)
{
	struct fixture *f = *state;
	falls_back(f, GATE_SAYS_1);
	f->connection.client = NULL;
	testing_broker_restart(&f->server);
	testing_connection_wait_downs(&f->connection, 1);
	testing_connection_wait_up(&f->connection);
	assert_true(atomic_load(&f->gate.refused5) >= 2);
	assert_int_equal(testing_connection_logged(&f->connection, "which takes no 5"), 1);
	atomic_store(&f->gate.manner, GATE_OPEN); /* the broker was replaced by a newer one */
	unsigned downs = f->connection.downs;
	testing_broker_restart(&f->server);
	testing_connection_wait_downs(&f->connection, downs + 1);
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_protocol(f->connection.broker), BROKER_MQTT_5);
	assert_int_equal(testing_connection_logged(&f->connection, "speaks MQTT 5 with this broker"), 1);
}

static void a_broker_that_is_just_ending_is_not_taken_for_an_old_one(void **state)
{
	struct fixture *f = *state;
	atomic_store(&f->gate.manner, GATE_SHUT);
	testing_connection_open(&f->connection, (struct broker_config){.url = f->gate.url});
	testing_connection_wait_downs(&f->connection, 2);
	assert_int_equal(atomic_load(&f->gate.refused), 2 * atomic_load(&f->gate.refused5));
	assert_contains(f->connection.why, "the broker hung up before it answered");
	atomic_store(&f->gate.manner, GATE_OPEN);
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_protocol(f->connection.broker), BROKER_MQTT_5);
}

static void who_wants_5_only_gets_nothing_else(void **state)
{
	struct fixture *f = *state;
	testing_connection_open(&f->connection, (struct broker_config){.url = f->gate.url, .protocol = BROKER_MQTT_5});
	testing_connection_wait_downs(&f->connection, 2);
	assert_int_equal(f->connection.ups, 0);
	assert_contains(f->connection.why, "protocol version");
}

static void who_wants_3_1_1_does_not_ask_for_5(void **state)
{
	struct fixture *f = *state;
	testing_connection_open(&f->connection,
				(struct broker_config){.url = f->gate.url, .protocol = BROKER_MQTT_311});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(atomic_load(&f->gate.refused5), 0);
}

static void open_311(struct fixture *f, struct broker_config config)
{
	config.url = f->server.url;
	config.protocol = BROKER_MQTT_311;
	testing_connection_open(&f->connection, config);
	testing_connection_wait_up(&f->connection);
}

static bool client_has(void *user)
{
	return ((struct testing_client *)user)->n > 0;
}

static bool client_has_will(void *user)
{
	return testing_client_count(user, "gone") > 0;
}

static void in_3_1_1_messages_go_without_properties(void **state)
{
	struct fixture *f = *state;
	const struct broker_pair user = {"message", "x"};
	const struct broker_properties properties = {
	    .content_type = "text/plain", .response_topic = "r", .expiry_s = 5, .user = &user, .n_user = 1};
	open_311(f, (struct broker_config){0});
	assert_int_equal(broker_publish(f->connection.broker, "a", "b", 1, 1, true, &properties, 1), 0);
	testing_connection_wait_delivered(&f->connection, 1);
	assert_true(testing_pump(&f->connection.loop, &f->client, client_has, &f->client, TESTING_LIMIT_MS));
	const struct testing_message *m = testing_client_last(&f->client, "a");
	assert_string_equal((char *)m->payload, "b");
	assert_int_equal(m->qos, 1);
	assert_null(m->response_topic);
}

static void in_3_1_1_only_what_was_kept_says_that_it_is_retained(void **state)
{
	struct fixture *f = *state;
	testing_client_publish(&f->client, "in/kept", "1", 1, 1, true, NULL, NULL);
	assert_true(testing_pump(NULL, &f->client, client_has, &f->client, TESTING_LIMIT_MS));
	open_311(f, (struct broker_config){0});
	assert_int_equal(broker_subscribe_as_published(f->connection.broker, "in/+", 1), 0);
	testing_connection_wait_messages(&f->connection, 1);
	assert_true(f->connection.retained);
	testing_client_publish(&f->client, "in/live", "2", 1, 1, true, NULL, NULL);
	testing_connection_wait_messages(&f->connection, 2);
	assert_string_equal(f->connection.topic, "in/live");
	assert_false(f->connection.retained); /* what docs/mqtt.md warns of */
}

static void in_3_1_1_closing_with_the_will_lets_the_broker_publish_it(void **state)
{
	struct fixture *f = *state;
	open_311(f, (struct broker_config){.will_topic = "gone", .will_payload = "OFF", .will_size = 3, .will_qos = 1});
	assert_int_equal(broker_publish(f->connection.broker, "last", "word", 4, 1, false, NULL, 1), 0);
	testing_connection_close(&f->connection, true);
	assert_int_equal(f->connection.delivered, 1); /* what was on its way went first */
	assert_true(testing_pump(NULL, &f->client, client_has_will, &f->client, TESTING_LIMIT_MS));
	assert_non_null(testing_client_last(&f->client, "last"));
	assert_string_equal((char *)testing_client_last(&f->client, "gone")->payload, "OFF");
}

static void in_3_1_1_closing_in_peace_publishes_no_will(void **state)
{
	struct fixture *f = *state;
	open_311(f, (struct broker_config){.will_topic = "gone", .will_payload = "OFF", .will_size = 3, .will_qos = 1});
	testing_connection_close(&f->connection, false);
	testing_pump_for(NULL, &f->client, 200);
	assert_int_equal(testing_client_count(&f->client, "gone"), 0);
}

static void in_3_1_1_a_wrong_password_says_so(void **state)
{
	struct fixture *f = *state;
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	testing_broker_start(&f->server, "allow_anonymous false\n");
	testing_connection_open(&f->connection,
				(struct broker_config){.url = f->server.url, .protocol = BROKER_MQTT_311});
	f->connection.client = NULL;
	testing_connection_wait_downs(&f->connection, 1);
	assert_contains(f->connection.why, "not authorized");
	testing_connection_close(&f->connection, false);
	testing_broker_stop(&f->server);
	testing_broker_start(&f->server, NULL);
	testing_client_open(&f->client, &f->server, NULL);
}

#define WITH_GATE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_GATE(a_broker_that_answers_as_3_1_1_has_it_gets_3_1_1),
	    WITH_GATE(a_broker_that_answers_as_5_has_it_gets_3_1_1),
	    WITH_GATE(a_broker_that_hangs_up_gets_3_1_1),
	    WITH_GATE(a_broker_that_takes_5_gets_5),
	    WITH_GATE(each_connection_begins_with_5_again_and_the_log_tells_it_once),
	    WITH_GATE(a_broker_that_is_just_ending_is_not_taken_for_an_old_one),
	    WITH_GATE(who_wants_5_only_gets_nothing_else),
	    WITH_GATE(who_wants_3_1_1_does_not_ask_for_5),
	    WITH_GATE(in_3_1_1_messages_go_without_properties),
	    WITH_GATE(in_3_1_1_only_what_was_kept_says_that_it_is_retained),
	    WITH_GATE(in_3_1_1_closing_with_the_will_lets_the_broker_publish_it),
	    WITH_GATE(in_3_1_1_closing_in_peace_publishes_no_will),
	    WITH_GATE(in_3_1_1_a_wrong_password_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
