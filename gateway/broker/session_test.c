/* SPDX-License-Identifier: Apache-2.0
 * What was meant for an earlier connection never arrives in a later one, against a mosquitto that would keep it for
 * whoever asks for a session that lasts: in MQTT 5 and in 3.1.1. */
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "broker/testing_connection.h"
#include "broker/testing_gate.h"

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	struct testing_connection connection;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, "max_queued_messages 100\n");
	testing_client_open(&f->client, &f->server, NULL);
	testing_connection_start(&f->connection);
	f->connection.client = &f->client;
	*state = f;
	return 0;
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

/* Connects with that id and listens for commands with QoS 1; a message to itself proves that the broker has it. */
static void listen_to_commands(struct fixture *f, const char *url, enum broker_protocol protocol)
{
	testing_connection_open(&f->connection,
				(struct broker_config){.url = url, .client_id = "plug", .protocol = protocol});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_subscribe(f->connection.broker, "command", 1), 0);
	assert_int_equal(broker_subscribe(f->connection.broker, "ready", 1), 0);
	assert_int_equal(broker_publish(f->connection.broker, "ready", "", 0, 1, false, NULL, 0), 0);
	testing_connection_wait_messages(&f->connection, 1);
}

static void command(struct fixture *f)
{
	testing_client_publish(&f->client, "command", "ON", 2, 1, false, NULL, NULL);
	testing_pump_for(NULL, &f->client, 50); /* its acknowledgement: the broker has it */
}

/* The message to itself comes after all that the broker might have kept. */
static void nothing_old_comes(struct fixture *f, const char *url, enum broker_protocol protocol)
{
	listen_to_commands(f, url, protocol);
	testing_pump_for(&f->connection.loop, &f->client, 100);
	assert_int_equal(f->connection.messages, 1);
	assert_string_equal(f->connection.topic, "ready");
	command(f); /* it does listen */
	testing_connection_wait_messages(&f->connection, 2);
	assert_string_equal(f->connection.topic, "command");
}

static void after_a_goodbye(struct fixture *f, enum broker_protocol protocol)
{
	listen_to_commands(f, f->server.url, protocol);
	testing_connection_close(&f->connection, false);
	command(f);
	nothing_old_comes(f, f->server.url, protocol);
}

/* Through something that breaks, so that the broker only loses it. */
static void after_a_loss(struct fixture *f, enum broker_protocol protocol)
{
	struct testing_gate gate;
	testing_gate_start(&gate, GATE_OPEN, f->server.port);
	listen_to_commands(f, gate.url, protocol);
	testing_gate_stop(&gate);
	testing_connection_wait_downs(&f->connection, 1);
	command(f);
	testing_connection_close(&f->connection, false);
	nothing_old_comes(f, f->server.url, protocol);
}

static void a_command_of_the_time_between_never_arrives(void **state)
{
	after_a_goodbye(*state, BROKER_MQTT_5);
}

static void nor_after_a_loss(void **state)
{
	after_a_loss(*state, BROKER_MQTT_5);
}

static void nor_in_3_1_1(void **state)
{
	after_a_goodbye(*state, BROKER_MQTT_311);
}

static void nor_after_a_loss_in_3_1_1(void **state)
{
	after_a_loss(*state, BROKER_MQTT_311);
}

static void nor_when_it_changes_from_one_to_the_other(void **state)
{
	struct fixture *f = *state;
	listen_to_commands(f, f->server.url, BROKER_MQTT_311);
	testing_connection_close(&f->connection, false);
	command(f);
	nothing_old_comes(f, f->server.url, BROKER_MQTT_5);
}

/* Somebody else made a session that lasts under that id. */
static void nor_from_a_session_that_somebody_left_there(void **state)
{
	struct fixture *f = *state;
	for (int protocol = BROKER_MQTT_5; protocol <= BROKER_MQTT_311; protocol++) {
		struct mosquitto *other = mosquitto_new("plug", false, NULL);
		assert_int_equal(mosquitto_connect(other, "127.0.0.1", f->server.port, 60), MOSQ_ERR_SUCCESS);
		for (unsigned i = 0; i < 10; i++)
			mosquitto_loop(other, 10, 1);
		assert_int_equal(mosquitto_subscribe(other, NULL, "command", 1), MOSQ_ERR_SUCCESS);
		for (unsigned i = 0; i < 10; i++)
			mosquitto_loop(other, 10, 1);
		mosquitto_disconnect(other);
		mosquitto_loop(other, 10, 1);
		mosquitto_destroy(other);
		command(f); /* waits there now */
		nothing_old_comes(f, f->server.url, (enum broker_protocol)protocol);
		testing_connection_close(&f->connection, false);
	}
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BROKER(a_command_of_the_time_between_never_arrives),
	    WITH_BROKER(nor_after_a_loss),
	    WITH_BROKER(nor_in_3_1_1),
	    WITH_BROKER(nor_after_a_loss_in_3_1_1),
	    WITH_BROKER(nor_when_it_changes_from_one_to_the_other),
	    WITH_BROKER(nor_from_a_session_that_somebody_left_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
