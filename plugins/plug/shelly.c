/* SPDX-License-Identifier: Apache-2.0
 *
 * A Shelly plug (Gen2 and later) over MQTT: JSON-RPC. T is its topic prefix, C the gateway's name for this device.
 *
 *   T/rpc  {"id":1,"src":"C","method":"Switch.Set","params":{"id":0,"on":true,"toggle_after":30}}
 *   C/rpc  {"id":1,"src":"T","dst":"C","result":{"was_on":false}}       or "error":{"code":-103,"message":"..."}
 *   Switch.GetStatus -> {"id":0,"source":"init","output":true,"apower":2.7,"voltage":227.9,"current":0.121,
 *                        "aenergy":{"total":12.5,...},"temperature":{"tC":32.1,...},"errors":["overtemp"]}
 *   Switch.GetConfig -> {"id":0,"name":null,"initial_state":"restore_last","auto_on":false,...}
 *   Switch.SetConfig    "params":{"id":0,"config":{"initial_state":"off"}} -> {"restart_required":false}
 *   T/events/rpc
 * {"src":"T","dst":"T/events","method":"NotifyStatus","params":{"ts":1.0,"switch:0":{"id":0,"apower":8.9}}}
 *   T/status/switch:0   the whole status, where the plug is set to say it
 *   T/online            true | false, retained
 *
 * What a notification leaves out is as it was: only what is there becomes a reading. `errors` is there only while there
 * are some, so that there are none is read from an answer to GetStatus, which is whole.
 *
 * toggle_after is the plug's own timer and comes with ON in one message, so there is no ON without it. Nothing but
 * another ON restarts it, so a renewal asks for the status, and its answer, if it comes within a second and says on, is
 * followed by ON. What says off meanwhile, and every OFF of ours, takes that back. Somebody may still press OFF while
 * that ON is on its way; the plug then answers that it was not on, and is switched off again at once.
 *
 * The plug's own auto_off is left alone: it can only make it rest sooner.
 */
#include "plug/shelly.h"

#include <stdio.h>

#include "json/json_frame.h"

enum { FRESH_MS = 1000 }; /* a status that may be acted upon is younger */
enum asked { STATUS, RENEWAL, CONFIG, RENEWED };

int shelly_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct shelly *s = state;
	const char *client = values[SHELLY_CLIENT].set ? values[SHELLY_CLIENT].word : "";
	size_t n = strlen(client);
	/* It goes into JSON and into a topic. */
	if (n == 0 || n > SHELLY_CLIENT_MAX ||
	    strspn(client, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
		return -1;
	*s = (struct shelly){.next_id = seed & 0x3FFFFFFF}; /* so that late answers to an earlier connection are none */
	memcpy(s->client, client, n);
	return 0;
}

/* ---- said ---- */

static uint32_t request(struct shelly *s, const char *method, const char *more, struct therapy_out *out)
{
	char text[THERAPY_FRAME_MAX];
	uint32_t id = s->next_id++;
	int n = snprintf(text, sizeof text, "{\"id\":%u,\"src\":\"%s\",\"method\":\"%s\",\"params\":{\"id\":0%s}}",
			 (unsigned)id, s->client, method, more);
	therapy_send(out, SHELLY_RPC, text, (size_t)n);
	return id;
}

static void ask(struct shelly *s, uint64_t now_ms, enum asked what, const char *method, const char *more,
		struct therapy_out *out)
{
	struct shelly_asked *a = &s->asked[s->next_asked];
	s->next_asked = (uint8_t)((s->next_asked + 1) % SHELLY_ASKED);
	*a = (struct shelly_asked){.open = true, .what = (uint8_t)what, .at_ms = now_ms};
	a->id = request(s, method, more, out);
}

/* Nobody waits to say ON any more. */
static void forget_renewal(struct shelly *s)
{
	for (size_t i = 0; i < SHELLY_ASKED; i++)
		if (s->asked[i].what == RENEWAL)
			s->asked[i].what = STATUS;
}

static void on_text(char *text, size_t size, int ms)
{
	snprintf(text, size, ",\"on\":true,\"toggle_after\":%d", ms / 1000);
}

static void switch_on(struct shelly *s, int ms, struct therapy_out *out)
{
	char more[64];
	on_text(more, sizeof more, ms);
	request(s, "Switch.Set", more, out);
}

static void switch_off(struct shelly *s, struct therapy_out *out)
{
	forget_renewal(s);
	request(s, "Switch.Set", ",\"on\":false", out);
}

/* ---- heard ---- */

static const char *const states[] = {"off", "on", "restore_last", "match_input"};
static const char *const faults[] = {"overtemp", "overpower", "overvoltage", "undervoltage"};

static size_t index_of(const char *text, const char *const *words, size_t n)
{
	size_t i = 0;
	while (i < n && strcmp(text, words[i]) != 0)
		i++;
	return i;
}

/* The first of them; there is seldom another. */
static enum therapy_refusal read_faults(struct json_object *status, bool whole, struct therapy_out *out)
{
	struct json_object *errors = NULL;
	if (!json_object_object_get_ex(status, "errors", &errors) || !errors) {
		if (whole)
			therapy_emit(out, SHELLY_FAULT, 0);
		return THERAPY_OK;
	}
	if (!json_object_is_type(errors, json_type_array))
		return THERAPY_REFUSED_FORMAT;
	double fault = 0;
	if (json_object_array_length(errors) > 0) {
		struct json_object *first = json_object_array_get_idx(errors, 0);
		if (!json_object_is_type(first, json_type_string))
			return THERAPY_REFUSED_FORMAT;
		fault = 1.0 + (double)index_of(json_object_get_string(first), faults, sizeof faults / sizeof *faults);
	}
	therapy_emit(out, SHELLY_FAULT, fault);
	return THERAPY_OK;
}

static enum json_found read_inner(struct json_object *status, const char *object, const char *key, uint16_t metric,
				  struct therapy_out *out)
{
	struct json_object *inner = NULL;
	double value = 0;
	enum json_found found = json_frame_object(status, object, &inner);
	if (found == JSON_FOUND)
		found = json_frame_number(inner, key, &value);
	if (found == JSON_FOUND)
		therapy_emit(out, metric, value);
	return found;
}

/* What there is of a switch's status. */
static enum therapy_refusal read_switch(struct shelly *s, struct json_object *status, bool whole, bool *on,
					struct therapy_out *out)
{
	static const struct {
		const char *key;
		uint16_t metric;
	} rows[] = {{"apower", PLUG_POWER}, {"voltage", PLUG_VOLTAGE}, {"current", PLUG_CURRENT}};
	double value = 0;
	enum json_found output = json_frame_bool(status, "output", on), found = output;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && found <= JSON_FOUND; i++) {
		found = json_frame_number(status, rows[i].key, &value);
		if (found == JSON_FOUND)
			therapy_emit(out, rows[i].metric, value);
	}
	if (found <= JSON_FOUND)
		found = read_inner(status, "aenergy", "total", PLUG_ENERGY, out);
	if (found <= JSON_FOUND)
		found = read_inner(status, "temperature", "tC", SHELLY_TEMPERATURE, out);
	if (found > JSON_FOUND)
		return json_frame_refusal(found);
	enum therapy_refusal refusal = read_faults(status, whole && output == JSON_FOUND, out);
	if (refusal != THERAPY_OK || output != JSON_FOUND)
		return refusal;
	therapy_emit(out, PLUG_RELAY, *on);
	if (!*on)
		forget_renewal(s);
	return THERAPY_OK;
}

static enum therapy_refusal read_config(struct json_object *config, struct therapy_out *out)
{
	const char *state = NULL;
	bool auto_on = false;
	enum json_found found = json_frame_text(config, "initial_state", &state);
	size_t at = found == JSON_FOUND ? index_of(state, states, sizeof states / sizeof *states) : 0;
	if (found > JSON_FOUND)
		return json_frame_refusal(found);
	if (found == JSON_FOUND && at < sizeof states / sizeof *states) /* one that is not known is not known */
		therapy_found(out, SHELLY_HAS_INITIAL_STATE, (double)at);
	found = json_frame_bool(config, "auto_on", &auto_on);
	if (found == JSON_FOUND)
		therapy_found(out, SHELLY_HAS_AUTO_ON, auto_on);
	return json_frame_refusal(found);
}

/* ON restarts the timer of what an answer to our question has just said to be on. */
static void renew(struct shelly *s, uint64_t now_ms, struct therapy_out *out)
{
	char more[64];
	on_text(more, sizeof more, PLUG_TIMER_S * 1000);
	ask(s, now_ms, RENEWED, "Switch.Set", more, out);
}

static enum therapy_refusal read_result(struct shelly *s, struct shelly_asked *a, struct json_object *result,
					uint64_t now_ms, struct therapy_out *out)
{
	bool on = false;
	if (a->what == CONFIG)
		return read_config(result, out);
	if (a->what == RENEWED) {
		enum json_found found = json_frame_bool(result, "was_on", &on);
		if (found == JSON_FOUND && !on) /* somebody pressed OFF while it was on its way */
			switch_off(s, out);
		return json_frame_refusal(found);
	}
	bool renewal = a->what == RENEWAL && now_ms - a->at_ms < FRESH_MS;
	enum therapy_refusal refusal = read_switch(s, result, true, &on, out);
	if (refusal == THERAPY_OK && on && renewal)
		renew(s, now_ms, out);
	return refusal;
}

static enum therapy_refusal read_reply(struct shelly *s, struct json_object *object, uint64_t now_ms,
				       struct therapy_out *out)
{
	double id = 0;
	struct json_object *result = NULL;
	if (json_frame_number(object, "id", &id) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	struct shelly_asked *a = NULL;
	for (size_t i = 0; i < SHELLY_ASKED; i++)
		if (s->asked[i].open && (double)s->asked[i].id >= id && (double)s->asked[i].id <= id)
			a = &s->asked[i];
	if (!a)
		return THERAPY_OK; /* to a Set, or too late to be of use */
	a->open = false;
	if (json_frame_object(object, "result", &result) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT; /* an error */
	return read_result(s, a, result, now_ms, out);
}

static enum therapy_refusal read_event(struct shelly *s, struct json_object *object, struct therapy_out *out)
{
	const char *method = NULL;
	bool on = false;
	struct json_object *params = NULL, *status = NULL;
	if (json_frame_text(object, "method", &method) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	if (strcmp(method, "NotifyStatus") != 0 && strcmp(method, "NotifyFullStatus") != 0)
		return THERAPY_OK;
	if (json_frame_object(object, "params", &params) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	enum json_found found = json_frame_object(params, "switch:0", &status);
	return found == JSON_FOUND ? read_switch(s, status, false, &on, out) : json_frame_refusal(found);
}

/* One that was away may come back otherwise than it was, or be another plug. */
static enum therapy_refusal read_presence(struct shelly *s, const struct therapy_message *message,
					  struct therapy_out *out)
{
	if (message->size == 4 && memcmp(message->data, "true", 4) == 0)
		out->presence = THERAPY_PRESENT;
	else if (message->size == 5 && memcmp(message->data, "false", 5) == 0)
		out->presence = THERAPY_ABSENT;
	else
		return THERAPY_REFUSED_FORMAT;
	if (!message->retained)
		memset(s->asked, 0, sizeof s->asked);
	return THERAPY_OK;
}

enum therapy_refusal shelly_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct shelly *s = state;
	struct json_object *object = NULL;
	bool on = false;
	if (message->channel >= SHELLY_RPC)
		return THERAPY_REFUSED_TYPE;
	if (message->channel == SHELLY_ONLINE)
		return read_presence(s, message, out);
	if (message->retained) /* what the broker kept says how it was at some time */
		return THERAPY_OK;
	enum therapy_refusal refusal = json_frame_parse(message, &object);
	if (refusal != THERAPY_OK)
		return refusal;
	if (message->channel == SHELLY_REPLY)
		refusal = read_reply(s, object, message->now_ms, out);
	else if (message->channel == SHELLY_EVENTS)
		refusal = read_event(s, object, out);
	else
		refusal = read_switch(s, object, true, &on, out);
	json_object_put(object);
	return refusal;
}

/* ---- told ---- */

static int set_config(struct shelly *s, const char *key, const char *value, struct therapy_out *out)
{
	char more[96];
	snprintf(more, sizeof more, ",\"config\":{\"%s\":%s}", key, value);
	request(s, "Switch.SetConfig", more, out);
	return 0;
}

static int set_initial_state(struct shelly *s, double value, struct therapy_out *out)
{
	char text[24];
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (value < (double)i || value > (double)i)
			continue;
		snprintf(text, sizeof text, "\"%s\"", states[i]);
		return set_config(s, "initial_state", text, out);
	}
	return -1;
}

int shelly_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct shelly *s = state;
	switch (verb) {
	case SHELLY_ASK:
		ask(s, now_ms, STATUS, "Switch.GetStatus", "", out);
		return 0;
	case SHELLY_ASK_CONFIG:
		ask(s, now_ms, CONFIG, "Switch.GetConfig", "", out);
		return 0;
	case SHELLY_SET_INITIAL_STATE:
		return set_initial_state(s, value, out);
	case SHELLY_SET_AUTO_ON:
		if (value != 0 && value != 1)
			return -1;
		return set_config(s, "auto_on", value == 1 ? "true" : "false", out);
	case SHELLY_SET:
		if (value != 0 && value != 1)
			return -1;
		if (value == 1)
			switch_on(s, PLUG_TIMER_S * 1000, out);
		else
			switch_off(s, out);
		return 0;
	case SHELLY_TEST:
		if (value != 1)
			return -1;
		switch_on(s, PLUG_TEST_MS, out);
		return 0;
	case SHELLY_RENEW:
		forget_renewal(s); /* one is enough */
		ask(s, now_ms, RENEWAL, "Switch.GetStatus", "", out);
		return 0;
	case SHELLY_OFF:
		switch_off(s, out);
		return 0;
	default:
		return -1;
	}
}
