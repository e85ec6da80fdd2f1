/* SPDX-License-Identifier: Apache-2.0
 *
 * slow_plug - the table of a plug that reports once a minute, as battery-saving and mesh radios do: for simulations,
 * which feed readings themselves. It understands no message, because none is ever sent to it.
 */
#include "therapy/plugin.h"

enum { RELAY, POWER, METRICS };
enum { OFF, SET, RENEW, TEST, ASK, VERBS };

static const struct therapy_metric metrics[METRICS] = {
    [RELAY] =
	{.key = "relay", .name = "Relay", .unit = THERAPY_UNIT_BOOL, .max = 1, .interval_ms = 60000, .deadband = 0.5},
    [POWER] = {.key = "power",
	       .name = "Power",
	       .unit = THERAPY_UNIT_WATT,
	       .min = -5,
	       .max = 4048,
	       .interval_ms = 60000,
	       .deadband = 1},
};
static const struct therapy_verb verbs[] = {
    [OFF] = {"off", THERAPY_STOP},  [SET] = {"set", THERAPY_ACT},   [RENEW] = {"renew", THERAPY_RENEW},
    [TEST] = {"test", THERAPY_ACT}, [ASK] = {"ask", THERAPY_QUERY},
};
static const struct therapy_step off[] = {{.verb = OFF}};
static const struct therapy_channel channels[] = {{"slow/{name}", THERAPY_IN}};
static const struct therapy_control controls[] = {{.key = "heat",
						   .name = "Heat",
						   .type = THERAPY_SWITCH,
						   .unit = THERAPY_UNIT_BOOL,
						   .max = 1,
						   .step = 1,
						   .set = SET,
						   .renew = RENEW,
						   .renew_ms = 5000,
						   .device_timer_ms = 30000,
						   .confirm = RELAY,
						   .rest_max = 0.5,
						   .confirm_ms = 2000,
						   .rest = off,
						   .n_rest = 1,
						   .stop = off,
						   .n_stop = 1,
						   .resumes = true,
						   .test = TEST,
						   .test_ms = 5000}};
static const struct therapy_poll polls[] = {{.verb = ASK, .every_ms = 60000}};

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state;
	(void)message;
	(void)out;
	return THERAPY_REFUSED_TYPE;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state;
	(void)now_ms;
	(void)value;
	(void)out;
	return verb < VERBS ? 0 : -1;
}

static const struct therapy_model models[] = {{.key = "slow",
					       .name = "Slow plug",
					       .manufacturer = "Simulation",
					       .links = THERAPY_LINK_MQTT,
					       .metrics = metrics,
					       .verbs = verbs,
					       .controls = controls,
					       .channels = channels,
					       .polls = polls,
					       .n_polls = 1,
					       .n_metrics = METRICS,
					       .n_verbs = VERBS,
					       .n_controls = 1,
					       .n_channels = 1,
					       .state_size = 1,
					       .decode = decode,
					       .encode = encode}};

const struct therapy_plugin therapy_plugin = {.abi = THERAPY_ABI,
					      .sizes = THERAPY_SIZES,
					      .key = "slow_plug",
					      .kind = "heat",
					      .version = "0.1.0",
					      .models = models,
					      .n_models = 1};
