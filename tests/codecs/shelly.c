/* SPDX-License-Identifier: Apache-2.0
 *
 * A Shelly plug of the second generation over MQTT, to prove that the contract carries JSON-RPC: requests with ids
 * whose replies come on a topic of the asker's, and notifications that say only what changed.
 *
 *   T/rpc              {"id":1,"src":"CLIENT","method":"Switch.Set","params":{"id":0,"on":true,"toggle_after":60}}
 *   CLIENT/rpc         {"id":1,"src":"T","dst":"CLIENT","result":{"was_on":false}}     or "error":{"code":-103,...}
 *   T/events/rpc {"src":"T","dst":"T/events","method":"NotifyStatus","params":{"ts":1.0,"switch:0":{"apower":8.9}}}
 *   T/status/switch:0  {"id":0,"source":"init","output":true,"apower":2.7,"voltage":227.9,"current":0.121}
 *   T/online           true | false
 *
 * toggle_after is the plug's own timer and comes with ON in one message. It can only be restarted by another ON, so a
 * renewal says ON, and only where a status younger than a second said that it is on: who pressed OFF stays off.
 */
#include <stdio.h>

#include "json/json_frame.h"

enum { RELAY, POWER, VOLTAGE, CURRENT, METRICS };
enum { ASK, SET, RENEW, OFF, VERBS };
enum { REPLY, EVENTS, STATUS, ONLINE, RPC, CHANNELS };
enum { TIMER_S = 60, ON_IS_FRESH_MS = 1000, CLIENT_MAX = 64 };

struct shelly {
	char client[CLIENT_MAX + 1];
	uint32_t next_id, asked_id;
	bool asked;
	bool on; /* a status said so at on_at_ms */
	uint64_t on_at_ms;
};

static const struct therapy_metric metrics[METRICS] = {
    [RELAY] = {.key = "relay", .name = "Relay", .unit = THERAPY_UNIT_BOOL, .min = 0, .max = 1, .interval_ms = 5000},
    [POWER] = {.key = "power", .name = "Power", .unit = THERAPY_UNIT_WATT, .min = -5, .max = 4048, .interval_ms = 5000},
    [VOLTAGE] = {.key = "voltage",
		 .name = "Voltage",
		 .unit = THERAPY_UNIT_VOLT,
		 .min = 0,
		 .max = 280,
		 .interval_ms = 5000,
		 .diagnostic = true},
    [CURRENT] = {.key = "current",
		 .name = "Current",
		 .unit = THERAPY_UNIT_AMPERE,
		 .min = -0.1,
		 .max = 20,
		 .interval_ms = 5000,
		 .diagnostic = true},
};
static const struct therapy_verb verbs[VERBS] = {[ASK] = {"ask", THERAPY_QUERY},
						 [SET] = {"set", THERAPY_ACT},
						 [RENEW] = {"renew", THERAPY_RENEW},
						 [OFF] = {"off", THERAPY_STOP}};
static const struct therapy_channel channels[CHANNELS] = {
    [REPLY] = {"{client}/rpc", THERAPY_IN},
    [EVENTS] = {"{name}/events/rpc", THERAPY_IN},
    [STATUS] = {"{name}/status/switch:0", THERAPY_IN},
    [ONLINE] = {"{name}/online", THERAPY_IN},
    [RPC] = {"{name}/rpc", THERAPY_OUT},
};
static const struct therapy_poll polls[] = {{.verb = ASK, .every_ms = 5000, .energised_ms = 500, .reply_ms = 400}};
static const struct therapy_option options[] = {
    {.key = "client", .type = THERAPY_OPTION_CLIENT, .help = "the name that replies are sent to"}};
static const uint8_t on_connect[] = {ASK};
static const struct therapy_step off[] = {{.verb = OFF}};
static const struct therapy_control controls[] = {{.key = "heat",
						   .name = "Heat",
						   .type = THERAPY_SWITCH,
						   .unit = THERAPY_UNIT_BOOL,
						   .max = 1,
						   .step = 1,
						   .set = SET,
						   .renew = RENEW,
						   .renew_ms = 10000,
						   .device_timer_ms = TIMER_S * 1000,
						   .confirm = RELAY,
						   .rest_max = 0.5,
						   .confirm_ms = 2000,
						   .rest = off,
						   .n_rest = 1,
						   .stop = off,
						   .n_stop = 1,
						   .resumes = true}};

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct shelly *shelly = state;
	const char *client = values[0].set ? values[0].word : "";
	size_t n = strlen(client);
	/* It goes into JSON and into a topic. */
	if (n == 0 || n > CLIENT_MAX ||
	    strspn(client, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != n)
		return -1;
	*shelly =
	    (struct shelly){.next_id = seed & 0x3FFFFFFF}; /* so that late answers to an earlier connection are none */
	memcpy(shelly->client, client, n);
	return 0;
}

/* What there is of a switch's status. */
static enum therapy_refusal read_switch(struct shelly *shelly, struct json_object *status, uint64_t now_ms,
					struct therapy_out *out)
{
	static const struct {
		const char *key;
		uint16_t metric;
	} rows[] = {{"apower", POWER}, {"voltage", VOLTAGE}, {"current", CURRENT}};
	bool on = false;
	double value = 0;
	enum json_found output = json_frame_bool(status, "output", &on), found = output;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && found <= JSON_FOUND; i++) {
		found = json_frame_number(status, rows[i].key, &value);
		if (found == JSON_FOUND)
			therapy_emit(out, rows[i].metric, value);
	}
	if (found > JSON_FOUND)
		return json_frame_refusal(found);
	if (output == JSON_FOUND) {
		shelly->on = on;
		shelly->on_at_ms = now_ms;
		therapy_emit(out, RELAY, on);
	}
	return THERAPY_OK;
}

static enum therapy_refusal read_reply(struct shelly *shelly, struct json_object *object, uint64_t now_ms,
				       struct therapy_out *out)
{
	double id = 0;
	struct json_object *result = NULL;
	if (json_frame_number(object, "id", &id) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	if (!shelly->asked || id != shelly->asked_id)
		return THERAPY_OK; /* to a Set, or too late to be of use */
	shelly->asked = false;
	if (json_frame_object(object, "result", &result) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT; /* an error */
	out->reply = true;
	return read_switch(shelly, result, now_ms, out);
}

static enum therapy_refusal read_event(struct shelly *shelly, struct json_object *object, uint64_t now_ms,
				       struct therapy_out *out)
{
	const char *method = NULL;
	struct json_object *params = NULL, *status = NULL;
	if (json_frame_text(object, "method", &method) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	if (strcmp(method, "NotifyStatus") != 0 && strcmp(method, "NotifyFullStatus") != 0)
		return THERAPY_OK;
	if (json_frame_object(object, "params", &params) != JSON_FOUND)
		return THERAPY_REFUSED_FORMAT;
	enum json_found found = json_frame_object(params, "switch:0", &status);
	return found == JSON_FOUND ? read_switch(shelly, status, now_ms, out) : json_frame_refusal(found);
}

static enum therapy_refusal read_presence(const struct therapy_message *message, struct therapy_out *out)
{
	if (message->size == 4 && memcmp(message->data, "true", 4) == 0)
		out->presence = THERAPY_PRESENT;
	else if (message->size == 5 && memcmp(message->data, "false", 5) == 0)
		out->presence = THERAPY_ABSENT;
	else
		return THERAPY_REFUSED_FORMAT;
	return THERAPY_OK;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct json_object *object = NULL;
	if (message->channel >= RPC)
		return THERAPY_REFUSED_TYPE;
	if (message->channel == ONLINE)
		return read_presence(message, out);
	if (message->retained)
		return THERAPY_OK;
	enum therapy_refusal refusal = json_frame_parse(message, &object);
	if (refusal != THERAPY_OK)
		return refusal;
	if (message->channel == REPLY)
		refusal = read_reply(state, object, message->now_ms, out);
	else if (message->channel == EVENTS)
		refusal = read_event(state, object, message->now_ms, out);
	else
		refusal = read_switch(state, object, message->now_ms, out);
	json_object_put(object);
	return refusal;
}

static void request(struct shelly *shelly, const char *method, const char *more, struct therapy_out *out)
{
	char text[THERAPY_FRAME_MAX];
	int n = snprintf(text, sizeof text, "{\"id\":%u,\"src\":\"%s\",\"method\":\"%s\",\"params\":{\"id\":0%s}}",
			 (unsigned)shelly->next_id++, shelly->client, method, more);
	therapy_send(out, RPC, text, (size_t)n);
}

static void switch_on(struct shelly *shelly, struct therapy_out *out)
{
	char more[64];
	snprintf(more, sizeof more, ",\"on\":true,\"toggle_after\":%d", TIMER_S);
	request(shelly, "Switch.Set", more, out);
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	struct shelly *shelly = state;
	switch (verb) {
	case ASK:
		shelly->asked = true;
		shelly->asked_id = shelly->next_id;
		request(shelly, "Switch.GetStatus", "", out);
		return 0;
	case SET:
		if (value == 1)
			switch_on(shelly, out);
		else if (value == 0)
			request(shelly, "Switch.Set", ",\"on\":false", out);
		else
			return -1;
		return 0;
	case RENEW:
		if (shelly->on && now_ms - shelly->on_at_ms < ON_IS_FRESH_MS)
			switch_on(shelly, out);
		return 0;
	case OFF:
		request(shelly, "Switch.Set", ",\"on\":false", out);
		return 0;
	default:
		return -1;
	}
}

static const struct therapy_model models[] = {
    {.key = "plug",
     .name = "Plug S",
     .manufacturer = "Shelly",
     .links = THERAPY_LINK_MQTT,
     .metrics = metrics,
     .verbs = verbs,
     .controls = controls,
     .channels = channels,
     .polls = polls,
     .options = options,
     .on_connect = on_connect,
     .n_metrics = METRICS,
     .n_verbs = VERBS,
     .n_controls = 1,
     .n_channels = CHANNELS,
     .n_polls = 1,
     .n_options = 1,
     .n_on_connect = 1,
     .state_size = sizeof(struct shelly),
     .init = init,
     .decode = decode,
     .encode = encode},
};

const struct therapy_plugin therapy_plugin = {.abi = THERAPY_ABI,
					      .sizes = THERAPY_SIZES,
					      .key = "shelly",
					      .kind = "heat",
					      .version = "0.1.0",
					      .models = models,
					      .n_models = 1};
