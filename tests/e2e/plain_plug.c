/* SPDX-License-Identifier: Apache-2.0
 * For tests: a plug of the kind that does what it is told and has no timer. It understands Tasmota's topics, so that
 * the simulated plug plays it. */
#include "therapy/plugin.h"

enum { RELAY, METRICS };
enum { ASK, OFF, SET, VERBS };
enum { STAT_POWER, CMND_POWER, CHANNELS };

static const struct therapy_metric metrics[METRICS] = {{.key = "relay",
							.name = "Relay",
							.unit = THERAPY_UNIT_BOOL,
							.max = 1,
							.interval_ms = 2000,
							.stale_ms = 6000,
							.deadband = 0.5}};
static const struct therapy_verb verbs[VERBS] = {{"ask", THERAPY_QUERY}, {"off", THERAPY_STOP}, {"set", THERAPY_ACT}};
static const struct therapy_channel channels[CHANNELS] = {{"stat/{name}/POWER", THERAPY_IN},
							  {"cmnd/{name}/POWER", THERAPY_OUT}};
static const struct therapy_poll polls[] = {{.verb = ASK, .every_ms = 2000, .energised_ms = 1000}};
static const struct therapy_step off[] = {{.verb = OFF}};
static const struct therapy_control controls[] = {{.key = "heat",
						   .name = "Heat",
						   .unit = THERAPY_UNIT_BOOL,
						   .max = 1,
						   .step = 1,
						   .set = SET,
						   .renew = THERAPY_NONE,
						   .confirm = RELAY,
						   .rest_max = 0.5,
						   .confirm_ms = 2000,
						   .rest = off,
						   .n_rest = 1,
						   .stop = off,
						   .n_stop = 1}};

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state;
	bool on = message->size == 2 && memcmp(message->data, "ON", 2) == 0;
	if (!on && !(message->size == 3 && memcmp(message->data, "OFF", 3) == 0))
		return THERAPY_REFUSED_FORMAT;
	therapy_emit(out, RELAY, on);
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	static const char *const texts[VERBS] = {[ASK] = "", [OFF] = "OFF", [SET] = "ON"};
	(void)state;
	(void)now_ms;
	(void)value;
	if (verb >= VERBS)
		return -1;
	therapy_send(out, CMND_POWER, texts[verb], strlen(texts[verb]));
	return 0;
}

static const struct therapy_model models[] = {{.key = "plain",
					       .name = "Plain plug",
					       .manufacturer = "Nobody",
					       .links = THERAPY_LINK_MQTT,
					       .metrics = metrics,
					       .verbs = verbs,
					       .controls = controls,
					       .channels = channels,
					       .polls = polls,
					       .n_metrics = METRICS,
					       .n_verbs = VERBS,
					       .n_controls = 1,
					       .n_channels = CHANNELS,
					       .n_polls = 1,
					       .decode = decode,
					       .encode = encode}};

const struct therapy_plugin therapy_plugin = {.abi = THERAPY_ABI,
					      .sizes = THERAPY_SIZES,
					      .key = "plain_plug",
					      .kind = "heat",
					      .version = "1",
					      .models = models,
					      .n_models = 1};
