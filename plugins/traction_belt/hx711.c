/* SPDX-License-Identifier: Apache-2.0
 *
 * A load cell with an HX711 at an ESPHome board; N is the node's name.
 *
 *   N/sensor/heartbeat/state   417        raised by the board with each sample that it took, said before the sample
 *   N/sensor/force/state       122.5      five times a second, in the unit of the option `shows`; nan: not known
 *   N/status                   online | offline
 *
 * 0x7FFFFF and 0x800000 are what the chip says when it is driven over its range. ESPHome scales what it reads, so this
 * cannot see them: the board's own configuration says nan for them.
 */
#include "traction_belt/hx711.h"

#include "traction_belt/force.h"

const struct therapy_metric hx711_metrics[HX711_METRICS] = {
    [HX711_FORCE] = FORCE_ROW(200),
    [HX711_FORCE_RAW] = FORCE_RAW_ROW(200),
};
const struct therapy_channel hx711_channels[HX711_CHANNELS] = {
    [HX711_IN_FORCE] = {"{name}/sensor/force/state", THERAPY_IN},
    [HX711_IN_HEARTBEAT] = {"{name}/sensor/heartbeat/state", THERAPY_IN},
    [HX711_IN_STATUS] = {"{name}/status", THERAPY_IN},
};
const struct therapy_option hx711_options[HX711_OPTIONS] = {
    [HX711_SHOWS] = FORCE_SHOWS_OPTION, [HX711_ZERO] = FORCE_ZERO_OPTION};

int hx711_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	double unit = force_unit(&values[HX711_SHOWS]);
	(void)seed;
	if (unit == 0)
		return -1;
	*(struct hx711 *)state = (struct hx711){.newtons = unit, .zero_n = force_zero(&values[HX711_ZERO])};
	return 0;
}

static enum therapy_refusal decode_force(const struct hx711 *hx711, const struct therapy_message *message,
					 struct therapy_out *out)
{
	double said = 0;
	enum therapy_refusal refusal = esphome_number(message, &said);
	if (refusal != THERAPY_OK)
		return refusal;
	if (isnan(said) || !esphome_alive(&hx711->esphome, message->now_ms)) {
		esphome_emit_unknown(out, HX711_FORCE);
		esphome_emit_unknown(out, HX711_FORCE_RAW);
		return THERAPY_OK;
	}
	therapy_emit(out, HX711_FORCE, said * hx711->newtons - hx711->zero_n);
	therapy_emit(out, HX711_FORCE_RAW, said * hx711->newtons);
	return THERAPY_OK;
}

enum therapy_refusal hx711_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct hx711 *hx711 = state;
	if (message->channel >= HX711_CHANNELS)
		return THERAPY_REFUSED_TYPE;
	if (message->channel == HX711_IN_STATUS)
		return esphome_status(&hx711->esphome, message, out);
	if (message->retained)
		return THERAPY_OK; /* ESPHome retains states: how it was at some time */
	if (message->channel == HX711_IN_HEARTBEAT)
		return esphome_heartbeat(&hx711->esphome, message);
	return decode_force(hx711, message, out);
}
