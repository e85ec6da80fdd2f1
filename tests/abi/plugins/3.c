/* SPDX-License-Identifier: Apache-2.0
 * A plugin of those who had headers/3: as plugins/2.c, and one of its models has a setting. Kept as it is, but for
 * LATER, with which it is also built against a header that is not there yet: headers/3 with a member more in every row.
 */
#include "therapy/plugin.h"

enum { LEVEL, WARMTH, METRICS };
enum { ASK, OFF, ON, AGAIN, ASK_DIM, SET_DIM, VERBS };

struct one {
	double offset;
	uint8_t seed;
};

/* clang-format off */
static const struct therapy_metric metrics[METRICS] = {
	{.key = "level", .name = "Level", .unit = THERAPY_UNIT_ONE, .min = 0, .max = 2, .max_rate = 0, .interval_ms = 400,
	 .stale_ms = 2500, .deadband = 0.5, .precision = 1, .diagnostic = true, .device_class = NULL,
	 .words = "off|low|high", .stops = false},
	{.key = "warmth", .name = "Warmth", .unit = THERAPY_UNIT_CELSIUS, .min = -20, .max = 90, .max_rate = 5,
	 .interval_ms = 400, .deadband = 0.25, .precision = 2, .device_class = "temperature"},
};
static const struct therapy_verb verbs[VERBS] = {
	{"ask", THERAPY_QUERY}, {"off", THERAPY_STOP}, {"on", THERAPY_ACT}, {"again", THERAPY_RENEW},
	{"ask_dim", THERAPY_QUERY}, {"set_dim", THERAPY_RENEW},
};
static const struct therapy_step rest[] = {{0, OFF, 0}, {20, OFF, 1}}, stop[] = {{0, OFF, 2}};
static const struct therapy_control controls[] = {{
	.key = "heat", .name = "Heat", .type = THERAPY_NUMBER, .unit = THERAPY_UNIT_ONE, .min = 1, .max = 2, .step = 1,
	.set = ON, .renew = AGAIN, .renew_ms = 900, .device_timer_ms = 7000, .confirm = LEVEL, .rest_max = 0.25,
	.confirm_ms = 1500, .rest = rest, .n_rest = 2, .stop = stop, .n_stop = 1, .resumes = true, .load = WARMTH,
	.load_max = 30, .load_ms = 9000, .test = ON, .test_ms = 4000, .stop_ms = 1200, .words = "off|low|high",
	.measures = THERAPY_NONE,
}};
static const struct therapy_channel channels[] = {{"says/{name}", THERAPY_IN}, {"told/{name}", THERAPY_OUT}};
static const struct therapy_poll polls[] = {{ASK, 5000, 800, 300}};
static const struct therapy_option options[] = {
	{"offset", THERAPY_OPTION_NUMBER, -5, 5, NULL, "Added to the warmth"},
	{"side", THERAPY_OPTION_WORD, 0, 0, "left|right", "Where it lies"},
};
static const struct therapy_setting settings[] = {
	{"dim", "Dim", "bright enough to be seen", "off|on", 1, ASK_DIM, SET_DIM, true},
};
static const uint8_t on_connect[] = {ASK};
/* clang-format on */

static int init(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	struct one *one = state;
	one->offset = values[0].set ? values[0].number : *(const double *)row->own;
	one->seed = (uint8_t)seed;
	return values[1].set && strcmp(values[1].word, "left") != 0 ? -1 : 0;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state;
	return bytes[0] != 0x55 ? -1 : size < 2 ? 0 : 2;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct one *one = state;
	if (message->size != 2)
		return THERAPY_REFUSED_LENGTH;
	if (message->data[1] & 0x80)
		therapy_found(out, 0, message->data[1] >> 6 & 1);
	therapy_emit(out, LEVEL, message->data[1] & 3);
	therapy_emit(out, WARMTH, (message->data[1] >> 2 & 0x1F) + one->offset);
	out->reply = true;
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state, (void)now_ms;
	const uint8_t told[] = {0x33, verb, (uint8_t)value};
	therapy_send(out, 0, told, sizeof told);
	return 0;
}

static const double warmer[] = {0, 1};

#ifndef LATER
#define LATER
#endif
/* clang-format off */
static const struct therapy_model models[] = {
	{.key = "wire", .name = "Lamp on a wire", .manufacturer = "Maker", .links = THERAPY_LINK_SERIAL, .baud = 19200,
	 .metrics = metrics, .verbs = verbs, .controls = controls, .polls = polls, .options = options,
	 .on_connect = on_connect, .n_metrics = METRICS, .n_verbs = VERBS, .n_controls = 1, .n_polls = 1, .n_options = 2,
	 .n_on_connect = 1, .state_size = sizeof(struct one), .frame = frame, .decode = decode, .encode = encode,
	 .own = &warmer[0], .init_row = init, .settings = settings,
	 .setting_size = sizeof *settings, .n_settings = 1 LATER},
	{.key = "topic", .name = "Lamp on a topic", .manufacturer = "Maker", .links = THERAPY_LINK_MQTT,
	 .metrics = metrics, .verbs = verbs, .controls = controls, .channels = channels, .options = options,
	 .n_metrics = METRICS, .n_verbs = VERBS, .n_controls = 1, .n_channels = 2, .n_options = 2,
	 .state_size = sizeof(struct one), .decode = decode, .encode = encode, .own = &warmer[1], .init_row = init},
};
const struct therapy_plugin therapy_plugin = {
	.abi = THERAPY_ABI, .sizes = THERAPY_SIZES, .key = "lamp", .kind = "heat", .version = "1.2",
	.models = models, .n_models = 2,
};
