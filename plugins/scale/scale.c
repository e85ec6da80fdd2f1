/* SPDX-License-Identifier: Apache-2.0
 *
 * scale - who stood on a body scale last: the weight that traction is a share of.
 *
 *   bthome        40 06 5E 1F    80.3 kg, see bthome/bthome.c
 *   weight_scale  00 74 40       82.5 kg, see bluetooth_sig/bluetooth_sig.c
 */
#include "bluetooth_sig/bluetooth_sig.h"
#include "bthome/bthome.h"

/* Less is nobody: an empty scale that says 0 must not take away who stood on it last. */
#define SOMEBODY_KG 10.0

/* Bluetooth's weights end at 328 kg. It holds for half a day, as hazard 15 has it: a scale says one weight and sleeps.
 */
#define WEIGHT_ROW                                                                                                     \
	{                                                                                                              \
		.key = "weight", .name = "Weight", .unit = THERAPY_UNIT_KILOGRAM, .min = SOMEBODY_KG, .max = 330,      \
		.interval_ms = 14400000, .stale_ms = 43200000, .deadband = 0.1, .precision = 1,                        \
		.device_class = "weight"                                                                               \
	}

enum { BTHOME_WEIGHT, BTHOME_OCCUPIED, BTHOME_CHARGE, BTHOME_METRICS };

static const struct therapy_metric bthome_metrics[BTHOME_METRICS] = {
    [BTHOME_WEIGHT] = WEIGHT_ROW,
    [BTHOME_OCCUPIED] = {.key = "occupied",
			 .name = "Occupied",
			 .unit = THERAPY_UNIT_BOOL,
			 .min = 0,
			 .max = 1,
			 .interval_ms = 10000,
			 .device_class = "occupancy",
			 .words = "free|occupied"},
    [BTHOME_CHARGE] = {.key = "battery",
		       .name = "Battery",
		       .unit = THERAPY_UNIT_PERCENT,
		       .min = 0,
		       .max = 100,
		       .interval_ms = 3600000,
		       .deadband = 1,
		       .diagnostic = true,
		       .device_class = "battery"},
};
static const struct therapy_channel bthome_channels[] = {{BTHOME_CHANNEL, THERAPY_IN}};

static enum therapy_refusal bthome_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct bthome said;
	double value;
	(void)state;
	enum therapy_refusal refusal = bthome_open(message, &said);
	if (refusal != THERAPY_OK)
		return refusal;
	if (bthome_get(&said, BTHOME_MASS, 1, &value)) {
		if (value >= SOMEBODY_KG)
			therapy_emit(out, BTHOME_WEIGHT, value);
		therapy_emit(out, BTHOME_OCCUPIED, value >= SOMEBODY_KG);
	}
	if (bthome_get(&said, BTHOME_BATTERY, 1, &value))
		therapy_emit(out, BTHOME_CHARGE, value);
	return THERAPY_OK;
}

enum { SIG_WEIGHT, SIG_METRICS };

static const struct therapy_metric sig_metrics[SIG_METRICS] = {[SIG_WEIGHT] = WEIGHT_ROW};
static const struct therapy_channel sig_channels[] = {{BLUETOOTH_SIG_WEIGHT, THERAPY_IN}};

static enum therapy_refusal sig_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	struct bluetooth_sig_measurement m;
	enum therapy_refusal refusal = bluetooth_sig_weight(message, &m);
	if (refusal == THERAPY_OK && (m.quality != THERAPY_GOOD || m.value >= SOMEBODY_KG))
		bluetooth_sig_emit(out, SIG_WEIGHT, &m, state);
	return refusal;
}

enum { BTHOME, WEIGHT_SCALE, MODELS };

static const struct therapy_model models[MODELS] = {
    [BTHOME] = {.key = "bthome",
		.name = "Scale",
		.manufacturer = "BTHome",
		.links = THERAPY_LINK_BLE,
		.metrics = bthome_metrics,
		.channels = bthome_channels,
		.n_metrics = BTHOME_METRICS,
		.n_channels = 1,
		.decode = bthome_decode},
    [WEIGHT_SCALE] = {.key = "weight_scale",
		      .name = "Weight Scale",
		      .manufacturer = "Bluetooth",
		      .links = THERAPY_LINK_BLE,
		      .metrics = sig_metrics,
		      .channels = sig_channels,
		      .n_metrics = SIG_METRICS,
		      .n_channels = 1,
		      .state_size = sizeof(uint64_t), /* the time of its latest measurement */
		      .decode = sig_decode},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "scale",
    .kind = "scale",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
