/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/broker_port.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define TICK_MS      50u
#define RETRY_MS     250u /* firmware waits longer; tests would only wait with it */
#define KEEP_ALIVE_S 30

static void watch(struct broker_port *port);

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void no_nagle(int fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void forget_poll(struct broker_port *port)
{
	if (!port->poll)
		return;
	uv_close((uv_handle_t *)port->poll, free_handle);
	port->poll = NULL;
}

/* ---- what libmosquitto tells ---- */

static void on_connect(struct mosquitto *mosquitto, void *user, int code)
{
	struct broker_port *port = user;
	(void)mosquitto;
	if (code) {
		log_warn(port->part, "the broker refused it: %s", mosquitto_connack_string(code));
		return;
	}
	port->ops.connected(port->ops.user);
}

static void on_subscribe(struct mosquitto *mosquitto, void *user, int mid, int n, const int *granted)
{
	struct broker_port *port = user;
	(void)mosquitto;
	(void)mid;
	(void)n;
	(void)granted;
	if (port->online)
		return; /* one of several topics */
	port->online = true;
	port->ops.subscribed(port->ops.user);
}

static void on_disconnect(struct mosquitto *mosquitto, void *user, int code)
{
	struct broker_port *port = user;
	bool was_online = port->online;
	(void)mosquitto;
	(void)code;
	port->online = false;
	forget_poll(port);
	port->retry_at_ms = clock_boot_ms() + RETRY_MS;
	if (was_online)
		port->ops.lost(port->ops.user);
}

static void on_message(struct mosquitto *mosquitto, void *user, const struct mosquitto_message *message)
{
	struct broker_port *port = user;
	char payload[BROKER_PAYLOAD_MAX];
	(void)mosquitto;
	if (message->payloadlen < 0 || (size_t)message->payloadlen >= sizeof payload)
		return;
	if (message->payloadlen)
		memcpy(payload, message->payload, (size_t)message->payloadlen);
	payload[message->payloadlen] = 0;
	port->ops.message(port->ops.user, message->topic, payload, message->retain);
}

/* ---- the socket ---- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct broker_port *port = poll->data;
	if (status < 0 || events & UV_READABLE)
		mosquitto_loop_read(port->mosquitto, 1);
	if (port->poll == poll && mosquitto_want_write(port->mosquitto))
		mosquitto_loop_write(port->mosquitto, 1);
	watch(port);
}

static void watch(struct broker_port *port)
{
	int fd = mosquitto_socket(port->mosquitto);
	if (!port->poll || fd < 0)
		return;
	no_nagle(fd); /* QUICKACK lasts for one acknowledgement only */
	uv_poll_start(port->poll, mosquitto_want_write(port->mosquitto) ? UV_READABLE | UV_WRITABLE : UV_READABLE,
		      on_socket);
}

/* Blocks for as long as connect(2) does; the broker of a test is on loopback. */
static void try_connect(struct broker_port *port)
{
	if (mosquitto_connect(port->mosquitto, port->host, port->port, KEEP_ALIVE_S) != MOSQ_ERR_SUCCESS)
		goto later;
	uv_poll_t *poll = malloc(sizeof *poll);
	if (!poll || uv_poll_init(port->loop, poll, mosquitto_socket(port->mosquitto))) {
		free(poll);
		goto later;
	}
	poll->data = port;
	port->poll = poll;
	watch(port);
	return;
later:
	port->retry_at_ms = clock_boot_ms() + RETRY_MS;
}

static void on_tick(uv_timer_t *timer)
{
	struct broker_port *port = timer->data;
	uint64_t now_ms = clock_boot_ms();
	port->ops.tick(port->ops.user, now_ms);
	if (port->poll)
		mosquitto_loop_misc(port->mosquitto);
	if (!port->poll && port->wanted && now_ms >= port->retry_at_ms)
		try_connect(port);
	watch(port); /* the tick may have left something to write */
}

void broker_port_network(struct broker_port *port, bool there)
{
	port->wanted = there;
	port->retry_at_ms = 0;
	int fd = mosquitto_socket(port->mosquitto);
	if (!there && fd >= 0)
		shutdown(fd, SHUT_RDWR); /* no DISCONNECT: the will is sent; the loop then sees the end */
}

void broker_port_subscribe(struct broker_port *port, const char *topic)
{
	mosquitto_subscribe(port->mosquitto, NULL, topic, 0);
}

void broker_port_publish(struct broker_port *port, const char *topic, const char *payload, bool retained)
{
	if (port->poll)
		mosquitto_publish(port->mosquitto, NULL, topic, (int)strlen(payload), payload, 0, retained);
}

/* ---- life ---- */

static int parse_url(const char *url, char *host, size_t size, int *port)
{
	static const char scheme[] = "mqtt://";
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return UV_EINVAL;
	url += sizeof scheme - 1;
	if (strchr(url, '@'))
		url = strchr(url, '@') + 1;
	size_t n = strcspn(url, ":/");
	long p = 1883;
	if (url[n] == ':')
		p = strtol(url + n + 1, NULL, 10);
	if (n == 0 || n >= size || p < 1 || p > 65535)
		return UV_EINVAL;
	memcpy(host, url, n);
	host[n] = 0;
	*port = (int)p;
	return 0;
}

/* "mqtt://name:password@...": a test's own, so it may stand on a command line. */
static int set_account(struct mosquitto *mosquitto, const char *url)
{
	char name[64], password[64], at;
	if (sscanf(url, "mqtt://%63[^:@/]:%63[^@/]%c", name, password, &at) != 3 || at != '@')
		return 0; /* none: "host:port" looks like one until its end */
	return mosquitto_username_pw_set(mosquitto, name, password) == MOSQ_ERR_SUCCESS ? 0 : UV_ENOMEM;
}

int broker_port_open(struct broker_port *port, uv_loop_t *loop, const char *part, const char *url,
		     const char *client_id, const struct broker_will *will, const struct broker_port_ops *ops)
{
	*port = (struct broker_port){.ops = *ops, .loop = loop, .part = part, .wanted = true};
	int code = parse_url(url, port->host, sizeof port->host, &port->port);
	if (code)
		return code;
	mosquitto_lib_init();
	port->mosquitto = mosquitto_new(client_id, true, port);
	if (!port->mosquitto || set_account(port->mosquitto, url) != 0)
		return UV_ENOMEM;
	mosquitto_will_set(port->mosquitto, will->topic, (int)strlen(will->payload), will->payload, will->qos, true);
	mosquitto_connect_callback_set(port->mosquitto, on_connect);
	mosquitto_subscribe_callback_set(port->mosquitto, on_subscribe);
	mosquitto_disconnect_callback_set(port->mosquitto, on_disconnect);
	mosquitto_message_callback_set(port->mosquitto, on_message);
	uv_timer_init(loop, &port->timer);
	port->timer.data = port;
	uv_timer_start(&port->timer, on_tick, 0, TICK_MS);
	port->open = true;
	return 0;
}

void broker_port_close(struct broker_port *port)
{
	if (!port->open)
		return;
	port->open = port->wanted = port->online = false;
	uv_close((uv_handle_t *)&port->timer, NULL);
	forget_poll(port);
	mosquitto_destroy(port->mosquitto);
	port->mosquitto = NULL;
	mosquitto_lib_cleanup();
}
