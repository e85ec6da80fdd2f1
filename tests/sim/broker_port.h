/* SPDX-License-Identifier: Apache-2.0
 *
 * broker_port - one device's connection to the broker, over libmosquitto: not the library the gateway uses, so that
 * one's mistakes do not cancel the other's. MQTT 3.1.1, clean session, keep-alive 30 s, a last will that is retained.
 * TCP_NODELAY and TCP_QUICKACK are set so that the device is never what one waits for. On the loop's thread.
 */
#ifndef SIM_BROKER_PORT_H
#define SIM_BROKER_PORT_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define BROKER_PAYLOAD_MAX 1024

struct broker_port_ops {
	void *user;
	/* The broker took it: what the device says first. It subscribes here, once at least. */
	void (*connected)(void *user);
	void (*subscribed)(void *user);
	/* It was online and is not. */
	void (*lost)(void *user);
	void (*message)(void *user, const char *topic, const char *payload, bool retained);
	/* Every 50 ms, connected or not: the device's clock. */
	void (*tick)(void *user, uint64_t now_ms);
};

struct broker_will {
	const char *topic, *payload;
	int qos;
};

struct broker_port {
	struct broker_port_ops ops;
	uv_loop_t *loop;
	const char *part; /* for the log */
	char host[128];
	int port;
	struct mosquitto *mosquitto;
	uv_poll_t *poll; /* NULL: no connection under way */
	bool online;     /* subscribed */
	bool wanted;     /* false: unplugged, or the Wi-Fi is gone */
	bool open;
	uv_timer_t timer; /* the device's clock, the keep-alive, reconnecting */
	uint64_t retry_at_ms;
};

/* `url` is mqtt://[name:password@]host[:port]. The connection comes later. 0 or a negative UV_E* code. */
int broker_port_open(struct broker_port *port, uv_loop_t *loop, const char *part, const char *url,
		     const char *client_id, const struct broker_will *will, const struct broker_port_ops *ops);
void broker_port_subscribe(struct broker_port *port, const char *topic);
/* Lost when there is no connection. */
void broker_port_publish(struct broker_port *port, const char *topic, const char *payload, bool retained);
/* The network is gone, or back. The broker sees the connection break and sends the will. */
void broker_port_network(struct broker_port *port, bool there);
/* Without DISCONNECT, as a real device leaves: with its will. */
void broker_port_close(struct broker_port *port);

#endif
