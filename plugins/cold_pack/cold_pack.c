/* SPDX-License-Identifier: Apache-2.0
 *
 * cold_pack - a thermometer between a cold pack and the skin. There is nothing to control, only to know: skin that was
 * cold does not feel a burn.
 *
 *   bthome              40 02 CA 09       see bthome/bthome.c
 *   health_thermometer  00 81 01 00 FF    see bluetooth_sig/bluetooth_sig.c
 */
#include "bluetooth_sig/bluetooth_sig.h"
#include "bthome/bthome.h"

/* A pack from the freezer has -18 degC; beyond 60 degC it is none. Thermometers with a battery say something about once
 * a minute (Shelly BLU H&T), and one that is lost must not end a session. */
#define SKIN_TEMP_ROW                                                                                                  \
	{                                                                                                              \
		.key = "skin_temp", .name = "Skin side temperature", .unit = THERAPY_UNIT_CELSIUS, .min = -25,         \
		.max = 60, .interval_ms = 60000, .deadband = 0.2, .precision = 1, .device_class = "temperature"        \
	}

enum { BTHOME_SKIN, BTHOME_CHARGE, BTHOME_METRICS };
enum { BTHOME_OBJECT, BTHOME_OPTIONS };

static const struct therapy_metric bthome_metrics[BTHOME_METRICS] = {
    [BTHOME_SKIN] = SKIN_TEMP_ROW,
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
static const struct therapy_option bthome_options[BTHOME_OPTIONS] = {
    [BTHOME_OBJECT] = {.key = "object",
		       .type = THERAPY_OPTION_NUMBER,
		       .min = 1,
		       .max = 8,
		       .help =
			   "which of several temperatures that it says is the skin's, from 1 (the first unless given)"},
};

struct bthome_pack {
	unsigned object;
};

static int bthome_init(void *state, const struct therapy_value *values, uint32_t seed)
{
	struct bthome_pack *pack = state;
	(void)seed;
	pack->object = values[BTHOME_OBJECT].set ? (unsigned)values[BTHOME_OBJECT].number : 1;
	return 0;
}

static enum therapy_refusal bthome_decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	const struct bthome_pack *pack = state;
	struct bthome said;
	double value;
	enum therapy_refusal refusal = bthome_open(message, &said);
	if (refusal != THERAPY_OK)
		return refusal;
	if (bthome_get(&said, BTHOME_TEMPERATURE, pack->object, &value))
		therapy_emit(out, BTHOME_SKIN, value);
	if (bthome_get(&said, BTHOME_BATTERY, 1, &value))
		therapy_emit(out, BTHOME_CHARGE, value);
	return THERAPY_OK;
}

enum { THERMOMETER_SKIN, THERMOMETER_METRICS };

static const struct therapy_metric thermometer_metrics[THERMOMETER_METRICS] = {[THERMOMETER_SKIN] = SKIN_TEMP_ROW};
static const struct therapy_channel thermometer_channels[] = {{BLUETOOTH_SIG_TEMPERATURE, THERAPY_IN}};

static enum therapy_refusal thermometer_decode(void *state, const struct therapy_message *message,
					       struct therapy_out *out)
{
	struct bluetooth_sig_measurement measurement;
	enum therapy_refusal refusal = bluetooth_sig_temperature(message, &measurement);
	if (refusal == THERAPY_OK)
		bluetooth_sig_emit(out, THERMOMETER_SKIN, &measurement, state);
	return refusal;
}

enum { BTHOME, THERMOMETER, MODELS };

static const struct therapy_model models[MODELS] = {
    [BTHOME] = {.key = "bthome",
		.name = "Thermometer",
		.manufacturer = "BTHome",
		.links = THERAPY_LINK_BLE,
		.metrics = bthome_metrics,
		.channels = bthome_channels,
		.options = bthome_options,
		.n_metrics = BTHOME_METRICS,
		.n_channels = 1,
		.n_options = BTHOME_OPTIONS,
		.state_size = sizeof(struct bthome_pack),
		.init = bthome_init,
		.decode = bthome_decode},
    [THERMOMETER] = {.key = "health_thermometer",
		     .name = "Health Thermometer",
		     .manufacturer = "Bluetooth",
		     .links = THERAPY_LINK_BLE,
		     .metrics = thermometer_metrics,
		     .channels = thermometer_channels,
		     .n_metrics = THERMOMETER_METRICS,
		     .n_channels = 1,
		     .state_size = sizeof(uint64_t), /* the time of its latest measurement */
		     .decode = thermometer_decode},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "cold_pack",
    .kind = "cold",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
