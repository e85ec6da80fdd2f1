/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/esphome.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SAMPLE_MS   200u
#define REPEATS     4u /* the fifth of one value is none */
#define DEAD_MAN_MS 30000u
#define LONGEST_MS  1800000u
#define RELAY_MS    1000u
#define POWER_MS    2000u
#define PAD_W       36.0
#define COUNTS_N    833.0 /* of a newton */
#define COUNTS_ZERO (-84213.0)

static const char *const projects[ESPHOME_KINDS_] = {"table_tilt", "belt_force", "heat_pad"};

static void say(struct esphome *board, const char *what, const char *payload, bool retained)
{
	char topic[ESPHOME_TOPIC_MAX];
	snprintf(topic, sizeof topic, "%s/%s", board->name, what);
	board->ops.publish(board->ops.user, topic, payload, retained);
}

static void say_number(struct esphome *board, const char *what, double value, int decimals)
{
	char payload[48];
	if (isnan(value))
		snprintf(payload, sizeof payload, "nan");
	else
		snprintf(payload, sizeof payload, "%.*f", decimals, value);
	say(board, what, payload, false);
}

static const char *on_off(bool on)
{
	return on ? "ON" : "OFF";
}

/* ---- table, belt ---- */

static void sample(struct esphome *board)
{
	/* A chip that works never says the same twice, for its noise; what is left of that is a digit that nobody sees.
	 */
	if (!board->hung) {
		board->value = board->ops.measure(board->ops.user);
		board->repeated = 0;
	} else if (board->repeated < REPEATS) {
		board->repeated++;
	}
	bool known = board->repeated < REPEATS;
	if (board->kind == ESPHOME_BELT)
		say_number(board, "sensor/counts/state", round(board->value * COUNTS_N + COUNTS_ZERO), 0);
	if (known) {
		board->heartbeat = (board->heartbeat + 1) % 1000000;
		say_number(board, "sensor/heartbeat/state", board->heartbeat, 0);
	}
	say_number(board, board->kind == ESPHOME_TABLE ? "sensor/tilt/state" : "sensor/force/state",
		   known ? board->value : (double)NAN, 1);
}

/* ---- pad ---- */

static void set_contacts(struct esphome *board, bool closed)
{
	if (board->contacts == closed || (board->welds && board->contacts))
		return;
	board->contacts = closed;
	board->ops.relay(board->ops.user, closed);
}

static void turn(struct esphome *board, uint64_t now_ms, bool on)
{
	if (board->on == on)
		return; /* said again it renews nothing */
	board->on = on;
	if (on) {
		board->dead_man_at_ms = now_ms + DEAD_MAN_MS;
		board->longest_at_ms = now_ms + LONGEST_MS;
	}
	set_contacts(board, on);
	say(board, "switch/heater/state", on_off(on), true);
}

static void pad_step(struct esphome *board, uint64_t now_ms)
{
	if (board->on && !board->no_timer && (now_ms >= board->dead_man_at_ms || now_ms >= board->longest_at_ms))
		turn(board, now_ms, false);
	if (now_ms >= board->relay_at_ms) {
		board->relay_at_ms = now_ms + RELAY_MS;
		say(board, "relay", on_off(board->on), false);
	}
	if (now_ms >= board->power_at_ms) {
		board->power_at_ms = now_ms + POWER_MS;
		say_number(board, "sensor/power/state", board->contacts ? PAD_W : 0, 1);
	}
}

void esphome_message(struct esphome *board, uint64_t now_ms, const char *topic, const char *payload)
{
	size_t name = strlen(board->name);
	if (!board->powered || board->kind != ESPHOME_PAD || strncmp(topic, board->name, name) != 0)
		return;
	if (strcmp(topic + name, "/switch/heater/command") == 0 && strcasecmp(payload, "on") == 0)
		turn(board, now_ms, true);
	else if (strcmp(topic + name, "/switch/heater/command") == 0 && strcasecmp(payload, "off") == 0)
		turn(board, now_ms, false);
	else if (strcmp(topic + name, "/button/keep_on/command") == 0 && strcmp(payload, "PRESS") == 0 && board->on) {
		board->dead_man_at_ms = now_ms + DEAD_MAN_MS;
		board->renewals++;
	}
}

void esphome_weld(struct esphome *board, bool welds)
{
	board->welds = welds;
	set_contacts(board, board->on);
}

/* ---- all of them ---- */

void esphome_init(struct esphome *board, uint64_t now_ms, enum esphome_kind kind, const char *name,
		  const struct esphome_ops *ops)
{
	*board = (struct esphome){.ops = *ops, .kind = kind, .name = name};
	esphome_power(board, now_ms, true);
}

void esphome_power(struct esphome *board, uint64_t now_ms, bool powered)
{
	board->powered = powered;
	board->on = board->hung = false;
	board->heartbeat = board->repeated = 0;
	board->sample_at_ms = now_ms + SAMPLE_MS;
	board->relay_at_ms = now_ms + RELAY_MS;
	board->power_at_ms = now_ms + POWER_MS;
	if (board->kind == ESPHOME_PAD)
		set_contacts(board, false);
}

void esphome_connected(struct esphome *board)
{
	char topic[ESPHOME_TOPIC_MAX], about[256];
	say(board, "status", "online", true);
	snprintf(topic, sizeof topic, "esphome/discover/%s", board->name);
	snprintf(about, sizeof about,
		 "{\"ip\":\"127.0.0.1\",\"name\":\"%s\",\"port\":6053,\"version\":\"2026.10.0\",\"platform\":\"ESP32\","
		 "\"board\":\"esp32dev\",\"network\":\"wifi\",\"project_name\":\"therapy_gateway.%s\","
		 "\"project_version\":\"1\"}",
		 board->name, projects[board->kind]);
	board->ops.publish(board->ops.user, topic, about, true);
	if (board->kind == ESPHOME_PAD)
		say(board, "switch/heater/state", on_off(board->on), true);
}

void esphome_step(struct esphome *board, uint64_t now_ms)
{
	if (!board->powered)
		return;
	if (board->kind == ESPHOME_PAD)
		pad_step(board, now_ms);
	else if (now_ms >= board->sample_at_ms) {
		/* Where the clock stood still nothing was sampled. */
		board->sample_at_ms += SAMPLE_MS;
		if (board->sample_at_ms <= now_ms)
			board->sample_at_ms = now_ms + SAMPLE_MS;
		sample(board);
	}
}
