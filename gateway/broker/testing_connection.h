/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_connection - one broker connection on a loop of its own, that counts what it is told; and what the log says
 * meanwhile. Test files only; failures end the test through cmocka.
 */
#ifndef BROKER_TESTING_CONNECTION_H
#define BROKER_TESTING_CONNECTION_H

#include "broker/broker.h"
#include "broker/testing_broker.h"

#define TESTING_LIMIT_MS 8000u

struct testing_connection {
	uv_loop_t loop;
	struct broker *broker;
	struct testing_client *client; /* runs whenever the loop does; NULL: none */
	unsigned ups, downs, messages, delivered, failed, closed;
	char why[320]; /* of the last down */
	char topic[64], payload[64];
	bool retained; /* of the last message */
	char *log;     /* a file with what was logged since testing_connection_start */
	int log_saved; /* standard error, as it was */
};

void testing_connection_start(struct testing_connection *connection);
/* Begins to connect. */
void testing_connection_open(struct testing_connection *connection, struct broker_config config);
/* Until it is up, `downs` times down, has that many messages or deliveries, since it was opened. */
void testing_connection_wait_up(struct testing_connection *connection);
void testing_connection_wait_downs(struct testing_connection *connection, unsigned n);
void testing_connection_wait_messages(struct testing_connection *connection, unsigned n);
void testing_connection_wait_delivered(struct testing_connection *connection, unsigned n);
void testing_connection_close(struct testing_connection *connection, bool with_will);
/* How often the log has this text. */
unsigned testing_connection_logged(const struct testing_connection *connection, const char *text);
/* Closes what is open and gives standard error back. */
void testing_connection_stop(struct testing_connection *connection);

#endif
