/* SPDX-License-Identifier: Apache-2.0
 *
 * broker - one connection to an MQTT broker, on the libuv loop. Eclipse Paho's MQTTAsync runs threads of its own; what
 * they report crosses to the loop through one uv_async and one bounded queue, and every callback here is on the loop's
 * thread. The queue keeps room for deliveries and connection changes, so messages in flood cannot push those out.
 *
 * As measured (shared facts of the design): connects to numeric addresses only, after uv_getaddrinfo; clean start,
 * session expiry 0 (3.1.1: clean session); reconnects by itself with back-off (100 ms doubling to 10 s, jitter) unless
 * `reconnect` is off; sets TCP_NODELAY and close-on-exec on Paho's socket and TCP_QUICKACK again after each receive,
 * also after a reconnect.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Which MQTT is spoken. AUTO: 5, or 3.1.1 with a broker that does not take 5; each new connection begins with 5 again.
 */
enum broker_protocol { BROKER_AUTO, BROKER_MQTT_5, BROKER_MQTT_311 };

struct broker_config {
	const char *url;       /* url.h; 1883, 8883, 80 or 443 unless it says otherwise */
	const char *client_id; /* fixed, so that a new connection takes over the old one */
	const char *username;  /* NULL: none */
	const char *password;  /* NULL: none */
	const char *ca_file;   /* with TLS; NULL: the system's */
	const char *cert_file; /* with TLS: our certificate and its chain, PEM; NULL: none */
	const char *key_file;  /* its key, PEM; NULL: in cert_file */
	enum broker_protocol protocol;
	unsigned keep_alive_s;  /* 10 unless 0 */
	unsigned queue;         /* incoming messages that may wait; 256 unless 0 */
	bool reconnect;         /* go on trying after a loss; the first connect is always tried until it succeeds */
	const char *will_topic; /* NULL: none */
	const void *will_payload;
	size_t will_size;
	int will_qos;
	bool will_retained;
};

struct broker_message {
	const char *topic;      /* NUL-terminated; valid in the callback only */
	const uint8_t *payload; /* `size` bytes, then a NUL that is not counted */
	size_t size;
	int qos;
	bool retained, duplicate;
	uint64_t now_ms;            /* CLOCK_BOOTTIME when Paho handed it over */
	const char *response_topic; /* MQTT 5, or NULL */
	const uint8_t *correlation; /* MQTT 5 correlation data, or NULL */
	size_t correlation_size;
};

struct broker_callbacks {
	void *user;
	void (*up)(void *user); /* connected; subscriptions must be made again now */
	void (*down)(void *user, const char *why,
		     uint64_t retry_ms); /* lost or refused; retry_ms 0: no further attempt */
	void (*message)(void *user, const struct broker_message *message);
	void (*delivered)(void *user, uint64_t token,
			  bool ok); /* a publish with a token was acknowledged (QoS 1) or written (0) */
};

struct broker_pair {
	const char *name, *value; /* UTF-8 */
};

struct broker_properties { /* MQTT 5, left away in 3.1.1; every member may be 0 or NULL */
	const char *content_type;
	const char *response_topic;
	const uint8_t *correlation;
	size_t correlation_size;
	uint32_t expiry_s;
	const struct broker_pair *user; /* user properties */
	size_t n_user;
};

struct broker_counters {
	uint64_t connects, received, received_dropped /* the queue was full */, published, publish_failed;
	uint64_t too_large; /* not sent, because the broker would not take it */
};

struct broker;

/* Before a process gives up listening: makes what its connections will want of that. Its port, of the loopback, to
 * which it must still be able to connect; 0: it has none, and goes without, slower. */
uint16_t broker_prepare(void);
/* Begins to connect. 0, or a negative UV_E* code: UV_EINVAL for a URL that is none. */
int broker_new(uv_loop_t *loop, const struct broker_config *config, const struct broker_callbacks *callbacks,
	       struct broker **out);
/* NULL: no. */
bool broker_is_up(const struct broker *broker);
/* What this connection, or the last one, speaks: BROKER_MQTT_5 or _311; AUTO before the first. */
enum broker_protocol broker_protocol(const struct broker *broker);
/* 0, or UV_ENOTCONN: nothing is sent or buffered while disconnected, UV_ENOBUFS: too much is in flight, UV_EMSGSIZE:
 * the broker takes nothing so large, and will not later either. Where it takes no QoS 1 or keeps nothing, the message
 * goes without. `token` 0: no delivered callback. */
int broker_publish(struct broker *broker, const char *topic, const void *payload, size_t size, int qos, bool retained,
		   const struct broker_properties *properties, uint64_t token);
int broker_subscribe(struct broker *broker, const char *topic, int qos);
/* The same, but `retained` is then also set on a message that arrives live and was sent with the retain flag (MQTT 5
 * "retain as published"): whoever must refuse retained messages sees all of them. 3.1.1 does not know this: there only
 * what the broker had kept carries the flag. */
int broker_subscribe_as_published(struct broker *broker, const char *topic, int qos);
/* For who only looks at what others do on a topic: as published, QoS 0, and what this client publishes there itself
 * does not come back (MQTT 5 "no local"; in 3.1.1 it does, without the retain flag). A broker that refuses it changes
 * nothing: that is told once, as information.
 */
int broker_subscribe_aside(struct broker *broker, const char *topic);
const struct broker_counters *broker_counters(const struct broker *broker);
/* Waits at most `wait_ms` for what was published to be delivered, disconnects (with_will: so that the broker publishes
 * the will: MQTT 5 reason 0x04, in 3.1.1 without a goodbye), frees, then calls `closed`. The only thing it may have to
 * wait longer for is a name that is being resolved: that cannot be interrupted. No other callback comes after `closed`.
 */
void broker_close(struct broker *broker, unsigned wait_ms, bool with_will, void (*closed)(void *user), void *user);
/* An MQTT URL's faults, without connecting: 0, or UV_EINVAL and a sentence. */
int broker_url_check(const char *url, char *why, size_t why_size);

#endif
