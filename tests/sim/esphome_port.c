/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/esphome_port.h"

#include <stdio.h>

#include "base/clock.h"

#define PART "esphome"

static const struct {
	const char *key, *name; /* the name is that of etc/esphome */
} BOARDS[ESPHOME_KINDS_] = {
    [ESPHOME_TABLE] = {"table", "therapy-table"},
    [ESPHOME_BELT] = {"belt", "therapy-belt"},
    [ESPHOME_PAD] = {"pad", "therapy-pad"},
};

const char *esphome_port_key(enum esphome_kind kind)
{
	return BOARDS[kind].key;
}

static void tell_online(struct esphome_port *port, bool online)
{
	world_tell(port->world, "{\"event\":\"esphome\",\"board\":\"%s\",\"online\":%s,\"us\":%llu}",
		   esphome_port_key(port->board.kind), online ? "true" : "false", (unsigned long long)clock_boot_us());
}

static void on_connected(void *user)
{
	struct esphome_port *port = user;
	char topic[ESPHOME_TOPIC_MAX];
	/* Its own commands; every board also answers who asks for it. */
	snprintf(topic, sizeof topic, "%s/+/+/command", port->board.name);
	broker_port_subscribe(&port->broker, topic);
}

static void on_subscribed(void *user)
{
	struct esphome_port *port = user;
	esphome_connected(&port->board);
	tell_online(port, true);
	if (port->up) {
		void (*up)(void *) = port->up;
		port->up = NULL;
		up(port->up_user);
	}
}

static void on_lost(void *user)
{
	tell_online(user, false);
}

static void on_message(void *user, const char *topic, const char *payload, bool retained)
{
	struct esphome_port *port = user;
	(void)retained; /* ESPHome does not look */
	esphome_message(&port->board, clock_boot_ms(), topic, payload);
}

static void on_tick(void *user, uint64_t now_ms)
{
	struct esphome_port *port = user;
	esphome_step(&port->board, now_ms);
}

static void publish(void *user, const char *topic, const char *payload, bool retained)
{
	struct esphome_port *port = user;
	broker_port_publish(&port->broker, topic, payload, retained);
}

static double measure(void *user)
{
	struct esphome_port *port = user;
	return port->board.kind == ESPHOME_TABLE ? tilt_at(&port->tilt, clock_boot_us()) : port->pull_n;
}

static void relay(void *user, bool closed)
{
	struct esphome_port *port = user;
	port->relay_us = clock_boot_us();
	world_tell(port->world, "{\"event\":\"esphome\",\"board\":\"pad\",\"on\":%s,\"us\":%llu}",
		   closed ? "true" : "false", (unsigned long long)port->relay_us);
}

int esphome_port_open(struct esphome_port *port, struct world *world, const char *url, enum esphome_kind kind,
		      void (*up)(void *user), void *up_user)
{
	char will[ESPHOME_TOPIC_MAX];
	*port = (struct esphome_port){.world = world, .up = up, .up_user = up_user};
	tilt_put(&port->tilt, clock_boot_us(), 0);
	esphome_init(&port->board, clock_boot_ms(), kind, BOARDS[kind].name,
		     &(struct esphome_ops){.user = port, .publish = publish, .measure = measure, .relay = relay});
	snprintf(will, sizeof will, "%s/status", BOARDS[kind].name);
	return broker_port_open(&port->broker, world->loop, PART, url, BOARDS[kind].name,
				&(struct broker_will){will, "offline", 0},
				&(struct broker_port_ops){.user = port,
							  .connected = on_connected,
							  .subscribed = on_subscribed,
							  .lost = on_lost,
							  .message = on_message,
							  .tick = on_tick});
}

void esphome_port_network(struct esphome_port *port, bool there)
{
	broker_port_network(&port->broker, there);
}

void esphome_port_power(struct esphome_port *port, bool powered)
{
	esphome_power(&port->board, clock_boot_ms(), powered);
	broker_port_network(&port->broker, powered);
}

void esphome_port_state(const struct esphome_port *port, struct str *s)
{
	const struct esphome *board = &port->board;
	str_add(s, "{\"name\":\"%s\",\"powered\":%s,\"online\":%s,", board->name, board->powered ? "true" : "false",
		port->broker.online ? "true" : "false");
	if (board->kind == ESPHOME_TABLE)
		str_add(s, "\"tilt\":%.4f,", tilt_at(&port->tilt, clock_boot_us()));
	if (board->kind == ESPHOME_BELT)
		str_add(s, "\"force\":%.3f,", port->pull_n);
	if (board->kind == ESPHOME_PAD)
		str_add(s, "\"relay\":%s,\"reported\":%s,\"relay_us\":%llu,\"renewals\":%llu}",
			board->contacts ? "true" : "false", board->on ? "true" : "false",
			(unsigned long long)port->relay_us, (unsigned long long)board->renewals);
	else
		str_add(s, "\"hung\":%s,\"heartbeat\":%u}", board->hung ? "true" : "false", board->heartbeat);
}

void esphome_port_close(struct esphome_port *port)
{
	broker_port_close(&port->broker);
}
