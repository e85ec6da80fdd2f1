/* SPDX-License-Identifier: Apache-2.0
 *
 * template - an electric heat pad with a board that measures the skin, and goes off by itself unless it is renewed.
 *
 *   it says, every second   A5 temp(2) relay sum    temp: 0.01 degC, signed, low byte first; 7FFF: no sensor
 *                           A5 10 0E 01 C4          36.00 degC, on
 *   it is told              5A what seconds sum     what: 0 off, 1 on for so long, 2 if on, then on for so long
 *   sum                     of all bytes before it, modulo 256
 */
#include "therapy/plugin.h"

enum { REPORT = 0xA5, TELL = 0x5A, REPORT_SIZE = 5, NO_SENSOR = 0x7FFF, TIMER_S = 5 };
enum { SKIN_TEMP, RELAY, METRICS };
enum { OFF, ON, KEEP, VERBS }; /* as the board numbers them */

/* Tables are set by hand, to be read as a page. clang-format knows that only by this line: */
/* clang-format off */
static const struct therapy_metric metrics[METRICS] = {
	[SKIN_TEMP] = {
		.key = "skin_temp", .name = "Skin side temperature", .unit = THERAPY_UNIT_CELSIUS,
		.min = -20, .max = 90, /* from a cold cellar to more than a pad reaches: beyond, the sensor is broken */
		.interval_ms = 1000, .deadband = 0.2, .precision = 1, .device_class = "temperature",
	},
	[RELAY] = {
		.key = "relay", .name = "Relay", .unit = THERAPY_UNIT_BOOL,
		.min = 0, .max = 1, .interval_ms = 1000, .deadband = 0.5, .device_class = "power", .words = "off|on",
	},
};
static const struct therapy_verb verbs[VERBS] = {
	[OFF] = {"off", THERAPY_STOP}, [ON] = {"on", THERAPY_ACT}, [KEEP] = {"keep", THERAPY_RENEW},
};
static const struct therapy_step rest[] = {{.verb = OFF}};
static const struct therapy_control controls[] = {{
	.key = "heat", .name = "Heat", .type = THERAPY_SWITCH, .unit = THERAPY_UNIT_BOOL, .min = 0, .max = 1, .step = 1,
	.set = ON, .renew = KEEP, .renew_ms = 1000, .device_timer_ms = 1000 * TIMER_S, /* three may be lost */
	.confirm = RELAY, .rest_max = 0.5, .confirm_ms = 2500, /* two reports and some */
	.rest = rest, .n_rest = 1, .stop = rest, .n_stop = 1, .resumes = true,
}};
/* clang-format on */

static uint8_t sum(const uint8_t *bytes, size_t n)
{
	unsigned total = 0;
	while (n > 0)
		total += bytes[--n];
	return (uint8_t)total;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state;
	if (bytes[0] != REPORT)
		return -1;
	if (size < REPORT_SIZE)
		return 0;
	return bytes[REPORT_SIZE - 1] == sum(bytes, REPORT_SIZE - 1) ? REPORT_SIZE : -1;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const uint8_t *b = message->data;
	if (message->size != REPORT_SIZE)
		return THERAPY_REFUSED_LENGTH;
	if (frame(state, b, REPORT_SIZE) != REPORT_SIZE)
		return THERAPY_REFUSED_CHECKSUM;
	int16_t temp = (int16_t)(b[1] | b[2] << 8);
	therapy_emit(out, SKIN_TEMP, temp == NO_SENSOR ? (double)NAN : temp / 100.0);
	therapy_emit(out, RELAY, b[3]);
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state, (void)now_ms;
	if (verb >= VERBS || (verb == ON && value != 1))
		return -1;
	uint8_t told[] = {TELL, verb, verb == OFF ? 0 : TIMER_S, 0};
	told[3] = sum(told, 3);
	therapy_send(out, 0, told, sizeof told);
	return 0;
}

/* clang-format off */
static const struct therapy_model models[] = {{
	.key = "pad", .name = "Template", .manufacturer = "Self-built",
	.links = THERAPY_LINK_SERIAL | THERAPY_LINK_TCP, .baud = 115200,
	.metrics = metrics, .n_metrics = METRICS, .verbs = verbs, .n_verbs = VERBS, .controls = controls, .n_controls = 1,
	.frame = frame, .decode = decode, .encode = encode,
}};
const struct therapy_plugin therapy_plugin = {
	.abi = THERAPY_ABI, .sizes = THERAPY_SIZES, .key = "template", .kind = "heat", .version = "0.1.0",
	.models = models, .n_models = 1,
};
