/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/plug.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"

#define MAINS_V          230.0
#define PAD_W            50.0 /* a common under-blanket pad */
#define NOISE_W          1.5
#define ROOM_C           31.0 /* the skin side of a cold pad that somebody lies on */
#define WARMER_C_PER_W   0.24 /* 50 W: 43 degC in the end */
#define DEFAULT_TELE_S   300u
#define BACKLOG_DELAY_MS 200u

static void publish(struct plug *plug, const char *prefix, const char *what, const char *payload, bool retained)
{
	char topic[PLUG_TOPIC_MAX];
	struct str s;
	str_init(&s, topic, sizeof topic);
	str_add(&s, "%s/%s/%s", prefix, plug->name, what);
	plug->published++;
	plug->ops.publish(plug->ops.user, topic, payload, retained);
}

static void result(struct plug *plug, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void result(struct plug *plug, const char *format, ...)
{
	char json[PLUG_PAYLOAD_MAX];
	struct str s;
	str_init(&s, json, sizeof json);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	publish(plug, "stat", "RESULT", json, false);
}

static const char *on_off(bool on)
{
	return on ? "ON" : "OFF";
}

static void tell_power(struct plug *plug)
{
	result(plug, "{\"POWER\":\"%s\"}", on_off(plug->power));
	publish(plug, "stat", "POWER", on_off(plug->power), false);
}

/* ---- the relay ---- */

static void load_changed(struct plug *plug)
{
	plug->load_w = plug->plugged && plug->contacts && plug->load_on ? PAD_W : 0;
}

static void move_contacts(struct plug *plug, bool closed)
{
	if (plug->contacts && !closed && plug->welds)
		return;
	bool was = plug->contacts;
	plug->contacts = closed;
	load_changed(plug);
	if (was != closed)
		plug->ops.relay(plug->ops.user, closed);
}

static void start_pulse(struct plug *plug, uint64_t now_ms)
{
	uint64_t n = plug->pulse_set;
	plug->pulse_at_ms = n == 0 || plug->no_timer ? 0 : now_ms + (n > 111 ? 1000 * (n - 100) : 100 * n);
}

static void switch_to(struct plug *plug, uint64_t now_ms, bool on)
{
	if (plug->obedience == PLUG_REFUSES) {
		plug->pulse_at_ms = 0;
		tell_power(plug);
		return;
	}
	plug->power = plug->saved_power = on;
	if (plug->obedience == PLUG_OBEYS)
		move_contacts(plug, on);
	if (!on && !plug->measures_when_off)
		plug->measured_w = 0;
	plug->pulse_at_ms = 0;
	if (on)
		start_pulse(plug, now_ms);
	tell_power(plug);
}

/* ---- telemetry ---- */

static void add_time(struct plug *plug, uint64_t now_ms, struct str *s)
{
	time_t wall = (time_t)(((int64_t)now_ms + plug->wall_offset_ms) / 1000);
	struct tm tm;
	char text[32] = "1970-01-01T00:00:00";
	if (gmtime_r(&wall, &tm))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	str_add(s, "\"Time\":\"%s\"", text);
}

static void add_energy(struct plug *plug, struct str *s, bool period)
{
	double va = plug->measured_w > 0 ? plug->measured_w * 1.02 : 0;
	double reactive = sqrt(va * va - plug->measured_w * plug->measured_w);
	str_add(
	    s,
	    "\"ENERGY\":{\"TotalStartTime\":\"2024-01-01T00:00:00\",\"Total\":%.3f,\"Yesterday\":0.000,\"Today\":%.3f,",
	    12.5 + plug->energy_wh / 1000.0, plug->energy_wh / 1000.0);
	if (period)
		str_add(s, "\"Period\":%.0f,", plug->energy_wh);
	str_add(s,
		"\"Power\":%.0f,\"ApparentPower\":%.0f,\"ReactivePower\":%.0f,\"Factor\":%.2f,\"Voltage\":%.0f,"
		"\"Current\":%.3f}",
		plug->measured_w, va, reactive, va > 0 ? plug->measured_w / va : 0.0,
		plug->power || plug->measures_when_off ? MAINS_V : 0.0, va / MAINS_V);
}

static void add_state(struct plug *plug, uint64_t now_ms, struct str *s)
{
	uint64_t up = (now_ms - plug->born_ms) / 1000;
	add_time(plug, now_ms, s);
	str_add(s,
		",\"Uptime\":\"%uT%02u:%02u:%02u\",\"UptimeSec\":%u,\"Heap\":25,\"SleepMode\":\"Dynamic\",\"Sleep\":50,"
		"\"LoadAvg\":19,\"MqttCount\":1,\"POWER\":\"%s\",\"Wifi\":{\"AP\":1,\"RSSI\":76,\"Signal\":-62}",
		(unsigned)(up / 86400), (unsigned)(up / 3600 % 24), (unsigned)(up / 60 % 60), (unsigned)(up % 60),
		(unsigned)up, on_off(plug->power));
}

static void tele(struct plug *plug, uint64_t now_ms)
{
	char json[PLUG_PAYLOAD_MAX];
	struct str s;
	str_init(&s, json, sizeof json);
	str_add(&s, "{");
	add_state(plug, now_ms, &s);
	str_add(&s, "}");
	publish(plug, "tele", "STATE", json, false);

	str_init(&s, json, sizeof json);
	str_add(&s, "{");
	add_time(plug, now_ms, &s);
	str_add(&s, ",");
	add_energy(plug, &s, true);
	str_add(&s, "}");
	publish(plug, "tele", "SENSOR", json, false);
}

static void status(struct plug *plug, uint64_t now_ms, unsigned n)
{
	char json[PLUG_PAYLOAD_MAX];
	struct str s;
	str_init(&s, json, sizeof json);
	if (n == 10) {
		str_add(&s, "{\"StatusSNS\":{");
		add_time(plug, now_ms, &s);
		str_add(&s, ",");
		add_energy(plug, &s, false);
		str_add(&s, "}}");
		publish(plug, "stat", "STATUS10", json, false);
	} else if (n == 11) {
		str_add(&s, "{\"StatusSTS\":{");
		add_state(plug, now_ms, &s);
		str_add(&s, "}}");
		publish(plug, "stat", "STATUS11", json, false);
	} else {
		str_add(&s,
			"{\"Status\":{\"Module\":0,\"DeviceName\":\"%s\",\"FriendlyName\":[\"%s\"],\"Topic\":\"%s\","
			"\"Power\":\"%d\",",
			plug->name, plug->name, plug->name, plug->power);
		str_add(&s, "\"PowerOnState\":%u,\"SaveData\":1,\"SaveState\":1,\"ButtonRetain\":0,\"PowerRetain\":0}}",
			plug->power_on_state);
		publish(plug, "stat", "STATUS", json, false);
	}
}

/* ---- commands ---- */

static bool number(const char *text, long *out)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (end == text || *end || errno)
		return false;
	*out = n;
	return true;
}

static void power(struct plug *plug, uint64_t now_ms, const char *payload)
{
	if (!strcasecmp(payload, "ON") || !strcmp(payload, "1"))
		switch_to(plug, now_ms, true);
	else if (!strcasecmp(payload, "OFF") || !strcmp(payload, "0"))
		switch_to(plug, now_ms, false);
	else if (!strcasecmp(payload, "TOGGLE") || !strcmp(payload, "2"))
		switch_to(plug, now_ms, !plug->power);
	else
		tell_power(plug);
}

/* As the firmware counts it back: seconds plus 100 above 11.1 s, else tenths. */
static unsigned pulse_remaining(const struct plug *plug, uint64_t now_ms)
{
	if (plug->pulse_at_ms <= now_ms)
		return 0;
	uint64_t left = plug->pulse_at_ms - now_ms;
	return (unsigned)(left > 11100 ? left / 1000 + 100 : left / 100);
}

static void pulse_time(struct plug *plug, uint64_t now_ms, const char *payload)
{
	long n;
	if (number(payload, &n) && n >= 0 && n < 65536) {
		plug->pulse_set = (uint32_t)n;
		start_pulse(plug, now_ms);
	}
	result(plug, "{\"PulseTime1\":{\"Set\":%u,\"Remaining\":%u}}", plug->pulse_set, pulse_remaining(plug, now_ms));
}

static void tele_period(struct plug *plug, uint64_t now_ms, const char *payload)
{
	long n;
	if (number(payload, &n) && n >= 0 && n <= 3600) {
		plug->tele_period_s = n == 1 ? DEFAULT_TELE_S : n > 0 && n < 10 ? 10 : (unsigned)n;
		plug->tele_at_ms = now_ms + 1000u * plug->tele_period_s;
	}
	result(plug, "{\"TelePeriod\":%u}", plug->tele_period_s);
}

static void power_on_state(struct plug *plug, const char *payload)
{
	long n;
	if (number(payload, &n) && n >= 0 && n <= 3)
		plug->power_on_state = (unsigned)n;
	result(plug, "{\"PowerOnState\":%u}", plug->power_on_state);
}

static void set_option21(struct plug *plug, const char *payload)
{
	if (*payload)
		plug->measures_when_off = !strcmp(payload, "1") || !strcasecmp(payload, "ON");
	result(plug, "{\"SetOption21\":\"%s\"}", on_off(plug->measures_when_off));
}

static void execute(struct plug *plug, uint64_t now_ms, const char *command, const char *payload);

static void split_and_execute(struct plug *plug, uint64_t now_ms, char *line)
{
	char *payload = line + strcspn(line, " ");
	if (*payload)
		*payload++ = 0;
	execute(plug, now_ms, line, payload);
}

static void backlog(struct plug *plug, uint64_t now_ms, const char *payload, bool delays)
{
	char lines[PLUG_PAYLOAD_MAX], *rest = lines, *line;
	if (!str_copy(lines, sizeof lines, payload))
		return;
	while ((line = strsep(&rest, ";"))) {
		line += strspn(line, " ");
		for (char *end = line + strlen(line); end > line && end[-1] == ' ';)
			*--end = 0;
		if (!*line)
			continue;
		if (!delays)
			split_and_execute(plug, now_ms, line);
		else if (plug->n_backlog < PLUG_BACKLOG && str_copy(plug->backlog[plug->n_backlog], 64, line))
			plug->n_backlog++;
	}
	if (delays)
		plug->backlog_at_ms = now_ms;
}

static void execute(struct plug *plug, uint64_t now_ms, const char *command, const char *payload)
{
	long n;
	if (!strcasecmp(command, "POWER") || !strcasecmp(command, "POWER1"))
		power(plug, now_ms, payload);
	else if (!strcasecmp(command, "PulseTime1") || (!strcasecmp(command, "PulseTime") && *payload))
		pulse_time(plug, now_ms, payload);
	else if (!strcasecmp(command, "PulseTime"))
		result(plug, "{\"PulseTime\":{\"Set\":[%u],\"Remaining\":[%u]}}", plug->pulse_set,
		       pulse_remaining(plug, now_ms));
	else if (!strcasecmp(command, "TelePeriod"))
		tele_period(plug, now_ms, payload);
	else if (!strcasecmp(command, "PowerOnState"))
		power_on_state(plug, payload);
	else if (!strcasecmp(command, "SetOption21"))
		set_option21(plug, payload);
	else if (!strcasecmp(command, "STATUS"))
		status(plug, now_ms, number(payload, &n) && n > 0 ? (unsigned)n : 0);
	else if (!strcasecmp(command, "Backlog0"))
		backlog(plug, now_ms, payload, false);
	else if (!strcasecmp(command, "Backlog"))
		backlog(plug, now_ms, payload, true);
	else
		result(plug, "{\"Command\":\"Unknown\"}");
}

void plug_command(struct plug *plug, uint64_t now_us, const char *command, const char *payload)
{
	plug->commands++;
	plug->last_command_us = now_us;
	snprintf(plug->last_command, sizeof plug->last_command, "%s%s%s", command, *payload ? " " : "", payload);
	if (plug->obedience != PLUG_DEAF && plug->plugged)
		execute(plug, now_us / 1000, command, payload);
}

/* ---- time ---- */

static void measure(struct plug *plug)
{
	if (plug->load_w == 0 || (!plug->power && !plug->measures_when_off))
		plug->measured_w = 0;
	else
		plug->measured_w = plug->load_w + (rng_unit(plug->rng) * 2.0 - 1.0) * NOISE_W;
}

static void warm(struct plug *plug, double dt_s)
{
	double goal = ROOM_C + plug->load_w * WARMER_C_PER_W;
	plug->skin_c += (goal - plug->skin_c) * (1.0 - exp(-dt_s / plug->tau_s));
	plug->energy_wh += plug->load_w * dt_s / 3600.0;
}

void plug_step(struct plug *plug, uint64_t now_ms)
{
	if (now_ms > plug->stepped_ms) {
		warm(plug, (double)(now_ms - plug->stepped_ms) / 1000.0);
		plug->stepped_ms = now_ms;
	}
	if (!plug->plugged)
		return;
	if (plug->pulse_at_ms && now_ms >= plug->pulse_at_ms)
		switch_to(plug, now_ms, false);
	if (plug->n_backlog && now_ms >= plug->backlog_at_ms) {
		char line[64];
		memcpy(line, plug->backlog[0], sizeof line);
		memmove(plug->backlog[0], plug->backlog[1], sizeof plug->backlog[0] * --plug->n_backlog);
		plug->backlog_at_ms = now_ms + BACKLOG_DELAY_MS;
		split_and_execute(plug, now_ms, line);
	}
	if (now_ms >= plug->measure_at_ms) {
		plug->measure_at_ms = now_ms + 1000;
		measure(plug);
	}
	if (plug->tele_period_s && now_ms >= plug->tele_at_ms) {
		plug->tele_at_ms = now_ms + 1000u * plug->tele_period_s;
		if (plug->obedience != PLUG_DEAF)
			tele(plug, now_ms);
	}
}

/* ---- what a person does ---- */

void plug_press(struct plug *plug, uint64_t now_ms, bool on)
{
	if (plug->plugged)
		switch_to(plug, now_ms, on);
}

void plug_mains(struct plug *plug, uint64_t now_ms, bool plugged)
{
	if (plug->plugged == plugged)
		return;
	plug->plugged = plugged;
	plug->n_backlog = 0;
	plug->pulse_at_ms = 0;
	if (!plugged) {
		plug->power = false;
		plug->measured_w = 0;
		move_contacts(plug, false);
		load_changed(plug);
		return;
	}
	plug->born_ms = now_ms;
	static const bool always[] = {false, true};
	unsigned state = plug->power_on_state;
	plug->power = state < 2 ? always[state] : state == 2 ? !plug->saved_power : plug->saved_power;
	if (plug->power)
		start_pulse(plug, now_ms);
	move_contacts(plug, plug->power);
	load_changed(plug);
}

void plug_weld(struct plug *plug, bool welds)
{
	plug->welds = welds;
	if (!welds)
		move_contacts(plug, plug->plugged && plug->power);
}

void plug_handset(struct plug *plug, bool on)
{
	plug->load_on = on;
	load_changed(plug);
}

void plug_timer(struct plug *plug, bool works)
{
	plug->no_timer = !works;
	if (!works)
		plug->pulse_at_ms = 0;
}

void plug_connected(struct plug *plug, uint64_t now_ms)
{
	publish(plug, "tele", "LWT", "Online", true);
	publish(plug, "cmnd", "POWER", "", false); /* the firmware does so for other listeners, before it subscribes */
	plug->tele_at_ms = now_ms + 5000;          /* its first telemetry comes 5 s later */
}

void plug_subscribed(struct plug *plug, uint64_t now_ms)
{
	char json[256];
	struct str s;
	(void)now_ms;
	str_init(&s, json, sizeof json);
	str_add(
	    &s,
	    "{\"Info1\":{\"Module\":\"Plug\",\"Version\":\"13.4.0(tasmota)\",\"FallbackTopic\":\"cmnd/DVES_%s_fb/\",",
	    plug->name);
	str_add(&s, "\"GroupTopic\":\"cmnd/tasmotas/\"}}");
	publish(plug, "tele", "INFO1", json, false);
	publish(plug, "tele", "INFO3", "{\"Info3\":{\"RestartReason\":\"Power On\",\"BootCount\":1}}", false);
	tell_power(plug);
}

void plug_init(struct plug *plug, uint64_t now_ms, const char *name, int64_t wall_offset_ms, struct rng *rng,
	       const struct plug_ops *ops)
{
	*plug = (struct plug){.ops = *ops,
			      .rng = rng,
			      .wall_offset_ms = wall_offset_ms,
			      .plugged = true,
			      .load_on = true,
			      .power_on_state = 3,
			      .tele_period_s = DEFAULT_TELE_S,
			      .skin_c = ROOM_C,
			      .tau_s = 180};
	str_copy(plug->name, sizeof plug->name, name);
	plug->born_ms = plug->stepped_ms = now_ms;
	plug->measure_at_ms = now_ms + 1000;
	plug->tele_at_ms = now_ms + 5000;
}
