/* SPDX-License-Identifier: Apache-2.0
 *
 * cold_pump - a machine that pumps ice water through a wrap on the skin, switched by the plug between it and the wall.
 * It has no thermometer: rules know the cold by its being on. A wrap stays cold for a while after the pump has stopped.
 *
 *   tasmota   a smart plug with Tasmota; see plug/tasmota.c
 *   shelly    a Shelly plug of the second generation or later; see plug/shelly.c
 */
#include "plug/shelly.h"
#include "plug/tasmota.h"

/* Nothing but heat may go on by itself, so this does not resume. */
#define PLUGGED .key = "cold", .name = "Cold", PLUG_SWITCH
static const struct therapy_control tasmota_controls[] = {{PLUGGED, TASMOTA_SWITCH}};
static const struct therapy_control shelly_controls[] = {{PLUGGED, SHELLY_SWITCH}};

enum { TASMOTA, SHELLY, MODELS };

static const struct therapy_model models[MODELS] = {
    [TASMOTA] = {TASMOTA_MODEL, .controls = tasmota_controls},
    [SHELLY] = {SHELLY_MODEL, .controls = shelly_controls},
};

const struct therapy_plugin therapy_plugin = {
    .abi = THERAPY_ABI,
    .sizes = THERAPY_SIZES,
    .key = "cold_pump",
    .kind = "cold",
    .version = "0.1.0",
    .models = models,
    .n_models = MODELS,
};
