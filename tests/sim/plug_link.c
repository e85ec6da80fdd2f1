/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/plug_link.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sim/json.h"

#define PART "pad"

/* ---- what comes from the broker ---- */

static void on_connected(void *user)
{
	struct plug_link *link = user;
	char topic[PLUG_TOPIC_MAX];
	plug_connected(&link->plug, clock_boot_ms());
	snprintf(topic, sizeof topic, "cmnd/%s/#", link->plug.name);
	broker_port_subscribe(&link->broker, topic);
}

static void on_subscribed(void *user)
{
	struct plug_link *link = user;
	plug_subscribed(&link->plug, clock_boot_ms());
	world_tell(link->world, "{\"event\":\"pad\",\"online\":true,\"us\":%llu}", (unsigned long long)clock_boot_us());
	if (link->up) {
		void (*up)(void *) = link->up;
		link->up = NULL;
		up(link->up_user);
	}
}

static void on_lost(void *user)
{
	struct plug_link *link = user;
	world_tell(link->world, "{\"event\":\"pad\",\"online\":false,\"us\":%llu}",
		   (unsigned long long)clock_boot_us());
}

static void on_message(void *user, const char *topic, const char *payload, bool retained)
{
	struct plug_link *link = user;
	uint64_t now_us = clock_boot_us();
	const char *command = strrchr(topic, '/');
	char event[2 * PLUG_PAYLOAD_MAX];
	struct str s;
	if (!command)
		return;

	/* Told first: who has seen what came of a command has seen the command. */
	str_init(&s, event, sizeof event);
	str_add(&s, "{\"event\":\"command\",\"command\":");
	json_text(&s, command + 1);
	str_add(&s, ",\"payload\":");
	json_text(&s, payload);
	str_add(&s, ",\"retained\":%s,\"us\":%llu}", retained ? "true" : "false", (unsigned long long)now_us);
	if (!s.overflow)
		link->world->tell(link->world->tell_user, event);
	plug_command(&link->plug, now_us, command + 1, payload);
}

static void on_tick(void *user, uint64_t now_ms)
{
	struct plug_link *link = user;
	plug_step(&link->plug, now_ms);
}

/* ---- what the plug does ---- */

static void publish(void *user, const char *topic, const char *payload, bool retained)
{
	struct plug_link *link = user;
	broker_port_publish(&link->broker, topic, payload, retained);
}

static void relay(void *user, bool closed)
{
	struct plug_link *link = user;
	link->relay_us = clock_boot_us();
	world_tell(link->world, "{\"event\":\"relay\",\"on\":%s,\"us\":%llu}", closed ? "true" : "false",
		   (unsigned long long)link->relay_us);
}

void plug_link_network(struct plug_link *link, bool there)
{
	broker_port_network(&link->broker, there);
}

void plug_link_rogue(struct plug_link *link, const char *payload, bool retained)
{
	char topic[PLUG_TOPIC_MAX];
	snprintf(topic, sizeof topic, "cmnd/%s/POWER", link->plug.name);
	publish(link, topic, payload, retained);
}

/* ---- life ---- */

int plug_link_open(struct plug_link *link, struct world *world, const char *url, const char *name,
		   void (*up)(void *user), void *up_user)
{
	char client_id[64], will[PLUG_TOPIC_MAX];
	*link = (struct plug_link){.world = world, .up = up, .up_user = up_user};
	struct plug_ops ops = {.user = link, .publish = publish, .relay = relay};
	uint64_t now_ms = clock_boot_ms();
	plug_init(&link->plug, now_ms, name, clock_wall_ms(NULL) - (int64_t)now_ms, &world->rng, &ops);
	snprintf(client_id, sizeof client_id, "DVES_%s", name);
	snprintf(will, sizeof will, "tele/%s/LWT", name);
	return broker_port_open(&link->broker, world->loop, PART, url, client_id,
				&(struct broker_will){will, "Offline", 1},
				&(struct broker_port_ops){.user = link,
							  .connected = on_connected,
							  .subscribed = on_subscribed,
							  .lost = on_lost,
							  .message = on_message,
							  .tick = on_tick});
}

void plug_link_state(struct plug_link *link, struct str *s)
{
	const struct plug *plug = &link->plug;
	uint64_t now_ms = clock_boot_ms();
	static const char *const obedience[] = {"obeys", "pretends", "refuses", "deaf"};
	str_add(s, "{\"name\":\"%s\",\"plugged\":%s,\"online\":%s,\"relay\":%s,\"relay_us\":%llu,\"reported\":%s,",
		plug->name, plug->plugged ? "true" : "false", link->broker.online ? "true" : "false",
		plug->contacts ? "true" : "false", (unsigned long long)link->relay_us, plug->power ? "true" : "false");
	str_add(s,
		"\"power\":%.1f,\"measured\":%.1f,\"pad_temp\":%.3f,\"obedience\":\"%s\",\"welds\":%s,\"handset\":%s,"
		"\"timer\":%s,",
		plug->load_w, plug->measured_w, plug->skin_c, obedience[plug->obedience],
		plug->welds ? "true" : "false", plug->load_on ? "true" : "false", plug->no_timer ? "false" : "true");
	str_add(s,
		"\"pulse_set\":%u,\"pulse_left_ms\":%llu,\"power_on_state\":%u,\"tele_period\":%u,\"set_option21\":%s,",
		plug->pulse_set, (unsigned long long)(plug->pulse_at_ms > now_ms ? plug->pulse_at_ms - now_ms : 0),
		plug->power_on_state, plug->tele_period_s, plug->measures_when_off ? "true" : "false");
	str_add(s, "\"commands\":%llu,\"published\":%llu,\"last_command\":", (unsigned long long)plug->commands,
		(unsigned long long)plug->published);
	json_text(s, plug->last_command);
	str_add(s, ",\"last_command_us\":%llu}", (unsigned long long)plug->last_command_us);
}

void plug_link_close(struct plug_link *link)
{
	broker_port_close(&link->broker);
}
