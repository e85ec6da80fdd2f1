/* SPDX-License-Identifier: Apache-2.0
 *
 * stop_button - a button that stops everything in the home, and without which nothing runs.
 *
 *   bthome  44 00 17 01 64 3A 01    packet 23, battery 100 %, pressed; see bthome/bthome.c
 */
#include "bthome/bthome.h"

enum { PRESSED, CHARGE, METRICS };

/* It says how it is only where it is set up to ("beacon mode" of Shelly's): about every 8 s, of which a radio loses
 * some. The minute is how long nobody knows that it is gone. */
static const struct therapy_metric metrics[METRICS] = {
    [PRESSED] = {.key = "button",
		 .name = "Button",
		 .unit = THERAPY_UNIT_BOOL,
		 .min = 0,
		 .max = 1,
		 .interval_ms = 10000,
		 .stale_ms = 60000,
		 .words = "released|pressed",
		 .stops = true},
    [CHARGE] = {.key = "battery",
		.name = "Battery",
		.unit = THERAPY_UNIT_PERCENT,
		.min = 0,
		.max = 100,
		.interval_ms = 3600000,
		.deadband = 1,
		.diagnostic = true,
		.device_class = "battery"},
};
static const struct therapy_channel channels[] = {{BTHOME_CHANNEL, THERAPY_IN}};

/* A press has no end: it is 1, and then 0 at once, so that what it latched can be reset. */
static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct bthome said;
	double value;
	enum therapy_refusal refusal = bthome_open(message, &said);
	if (refusal != THERAPY_OK)
		return refusal;
	if (bthome_pressed(&said, state, message->now_ms))
		therapy_emit(out, PRESSED, 1);
	therapy_emit(out, PRESSED, 0);
	if (bthome_get(&said, BTHOME_BATTERY, 1, &value))
		therapy_emit(out, CHARGE, value);
	return THERAPY_OK;
}

static const struct therapy_model bthome = {
    .key = "bthome",
    .name = "Button",
    .manufacturer = "BTHome",
    .links = THERAPY_LINK_BLE,
    .metrics = metrics,
    .channels = channels,
    .n_metrics = METRICS,
    .n_channels = 1,
    .state_size = sizeof(struct bthome_press),
    .decode = decode,
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "stop_button",
    .kind = "stop_button",
    .version = "0.1.0",
    .models = &bthome,
    .n_models = 1,
};
