/* SPDX-License-Identifier: Apache-2.0
 * MQTT over WebSocket, as mosquitto speaks it. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/testing.h"
#include "broker/testing_connection.h"
#include "broker/testing_pki.h"

struct fixture {
	struct testing_broker server; /* its port speaks MQTT; */
	struct testing_pki pki;
	struct testing_client client;
	struct testing_connection connection;
	uint16_t web, secure; /* and these WebSocket, without TLS and with it */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char extra[512];
	testing_pki_start(&f->pki, "Home CA");
	testing_pki_issue(&f->pki, "localhost", -1, 10);
	f->web = testing_free_port();
	f->secure = testing_free_port();
	snprintf(extra, sizeof extra,
		 "listener %u 127.0.0.1\nprotocol websockets\nlistener %u 127.0.0.1\nprotocol websockets\nkeyfile "
		 "%s\ncertfile %s\n",
		 f->web, f->secure, f->pki.key_file, f->pki.cert_file);
	testing_broker_start(&f->server, extra);
	testing_connection_start(&f->connection);
	testing_client_open(&f->client, &f->server, "#");
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
	testing_pki_stop(&f->pki);
	free(f);
	return 0;
}

/* The socket of this process to that port. */
static int socket_to(uint16_t port)
{
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t size = sizeof peer;
		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
		    ntohs(peer.sin_port) == port)
			return fd;
	}
	return -1;
}

static void talks(struct fixture *f, const char *scheme, uint16_t port, const char *path)
{
	char url[64];
	char large[70000];
	int on = 0;
	socklen_t size = sizeof on;
	memset(large, 'x', sizeof large);
	snprintf(url, sizeof url, "%s://localhost:%u%s", scheme, port, path);
	testing_connection_open(&f->connection, (struct broker_config){.url = url, .ca_file = f->pki.ca_file});
	testing_connection_wait_up(&f->connection);
	assert_int_equal(broker_subscribe(f->connection.broker, "in", 1), 0);
	assert_int_equal(broker_publish(f->connection.broker, "out", "there", 5, 1, true, NULL, 1), 0);
	assert_int_equal(broker_publish(f->connection.broker, "out", large, sizeof large, 1, false, NULL, 1), 0);
	testing_connection_wait_delivered(&f->connection, 2);
	testing_client_publish(&f->client, "in", "back", 4, 1, false, NULL, NULL);
	testing_connection_wait_messages(&f->connection, 1);
	assert_string_equal(f->connection.payload, "back");
	assert_int_equal(testing_client_last(&f->client, "out")->size, sizeof large);
	int fd = socket_to(port);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
	assert_true(on);
	assert_int_equal(testing_connection_logged(&f->connection, "cannot find the MQTT library's socket"), 0);
}

static void messages_cross_both_ways_and_the_socket_is_quick(void **state)
{
	struct fixture *f = *state;
	talks(f, "ws", f->web, "");
}

static void so_they_do_with_tls(void **state)
{
	struct fixture *f = *state;
	talks(f, "wss", f->secure, "/mqtt");
}

static bool client_has_will(void *user)
{
	return testing_client_count(user, "gone") > 0;
}

static void the_will_is_published_when_it_should(void **state)
{
	struct fixture *f = *state;
	char url[64];
	snprintf(url, sizeof url, "ws://localhost:%u", f->web);
	for (int protocol = BROKER_MQTT_5; protocol <= BROKER_MQTT_311; protocol++) {
		testing_client_forget(&f->client);
		testing_connection_open(&f->connection,
					(struct broker_config){.url = url,
							       .protocol = (enum broker_protocol)protocol,
							       .will_topic = "gone",
							       .will_payload = "OFF",
							       .will_size = 3,
							       .will_qos = 1});
		testing_connection_wait_up(&f->connection);
		testing_connection_close(&f->connection, true);
		assert_true(
		    testing_pump(&f->connection.loop, &f->client, client_has_will, &f->client, TESTING_LIMIT_MS));
	}
}

static void a_port_that_speaks_plain_mqtt_is_told(void **state)
{
	struct fixture *f = *state;
	char url[64];
	snprintf(url, sizeof url, "ws://localhost:%u", f->server.port);
	testing_connection_open(&f->connection, (struct broker_config){.url = url});
	testing_connection_wait_downs(&f->connection, 1);
	assert_int_equal(f->connection.ups, 0);
	assert_contains(f->connection.why, "no connection");
}

#define WITH_WEB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WEB(messages_cross_both_ways_and_the_socket_is_quick),
	    WITH_WEB(so_they_do_with_tls),
	    WITH_WEB(the_will_is_published_when_it_should),
	    WITH_WEB(a_port_that_speaks_plain_mqtt_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
