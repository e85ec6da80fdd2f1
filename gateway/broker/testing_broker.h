/* SPDX-License-Identifier: Apache-2.0
 *
 * testing_broker - a real mosquitto for tests, on a free loopback port, with its configuration in a temporary
 * directory. It ends with the test program, even if that crashes. Also an independent MQTT client (libmosquitto, no
 * thread of its own) that remembers what it got. Test files only; failures end the test through cmocka.
 */
#ifndef BROKER_TESTING_BROKER_H
#define BROKER_TESTING_BROKER_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct testing_broker {
	pid_t pid;
	uint16_t port;
	char dir[64];
	char url[64];                                  /* mqtt://127.0.0.1:port, mqtts://localhost:port with TLS */
	char ca_file[96], key_file[96], cert_file[96]; /* with TLS */
	char extra[512];                               /* lines of its configuration */
};

/* One on loopback that nobody listens on, and that no other test gets as long as this process lives. */
uint16_t testing_free_port(void);
/* Starts it and waits until it accepts connections. `extra`: further lines of its configuration, or NULL. */
void testing_broker_start(struct testing_broker *broker, const char *extra);
/* The same on that port; 0: a free one. */
void testing_broker_start_at(struct testing_broker *broker, uint16_t port, const char *extra);
/* With TLS and a certificate of its own for `host`. */
void testing_broker_start_tls(struct testing_broker *broker, const char *host);
/* Ends the process at once, as a power cut would; the port stays reserved in name only. */
void testing_broker_kill(struct testing_broker *broker);
/* The same port again. */
void testing_broker_restart(struct testing_broker *broker);
/* Ends it and removes its directory. */
void testing_broker_stop(struct testing_broker *broker);

#define TESTING_MESSAGES 4096u

struct testing_message {
	char *topic;
	uint8_t *payload; /* and a NUL */
	size_t size;
	int qos;
	bool retained;
	char *response_topic;
	uint8_t *correlation;
	uint16_t correlation_size;
	char *content_type, *kind; /* `kind`: the user property "message" */
	uint32_t expiry_s;
};

struct testing_client {
	struct mosquitto *mosq;
	struct testing_message messages[TESTING_MESSAGES];
	size_t n;
	unsigned subscribed;
};

/* Connects, subscribes to `topic` (NULL: nothing) and waits for that to be so. */
void testing_client_open(struct testing_client *client, const struct testing_broker *broker, const char *topic);
void testing_client_close(struct testing_client *client);
/* Forgets what it got. */
void testing_client_forget(struct testing_client *client);
/* MQTT 5 properties are optional (NULL). */
void testing_client_publish(struct testing_client *client, const char *topic, const void *payload, size_t size, int qos,
			    bool retained, const char *response_topic, const char *correlation);
/* The last message on `topic`, or NULL. */
const struct testing_message *testing_client_last(const struct testing_client *client, const char *topic);
size_t testing_client_count(const struct testing_client *client, const char *topic);

/* Runs the loop and the client (NULL: none) until `done` says so. False if that takes longer than `limit_ms`. */
bool testing_pump(uv_loop_t *loop, struct testing_client *client, bool (*done)(void *), void *user, unsigned limit_ms);
/* Runs both for that long. Only for "nothing more comes". */
void testing_pump_for(uv_loop_t *loop, struct testing_client *client, unsigned ms);
/* Descriptors that this process has open. */
size_t testing_open_descriptors(void);

#endif
