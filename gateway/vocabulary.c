/* SPDX-License-Identifier: Apache-2.0 */
#include "vocabulary.h"

const char *const vocabulary_kinds[] = {"inversion",   "traction", "heat",      "cold",
					"stop_button", "scale",    "occupancy", "person"};
const size_t vocabulary_n_kinds = sizeof vocabulary_kinds / sizeof *vocabulary_kinds;

const struct core_known_metric vocabulary_metrics[] = {
    {"inversion", "tilt"},
    {"inversion", "rate"},
    {"inversion", "temperature"},
    {"inversion", "occupied"},
    {"traction", "force"},
    {"traction", "pressure"},
    {"traction", "setpoint"},
    {"traction", "pain_button"},
    {"heat", "relay"},
    {"heat", "power"},
    {"heat", "voltage"},
    {"heat", "current"},
    {"heat", "energy"},
    {"heat", "plug_temperature"},
    {"heat", "fault"},
    {"heat", "skin_temp"},
    {"heat", "setpoint"},
    {"heat", "stage"},
    {"cold", "relay"},
    {"cold", "power"},
    {"cold", "voltage"},
    {"cold", "current"},
    {"cold", "energy"},
    {"cold", "plug_temperature"},
    {"cold", "fault"},
    {"cold", "skin_temp"},
    {"stop_button", "state"},
    {"stop_button", "button"},
    {"scale", "weight"},
    {"scale", "occupied"},
    {"occupancy", "occupied"},
    {"person", "weight"},
    {"person", "cleared"},
    {"person", "heat_acknowledged"},
    {"person", "denies_heat"},
    {"person", "denies_cold"},
    {"person", "denies_traction"},
    {"person", "denies_inversion"},
    {"person", "present"},
};
const size_t vocabulary_n_metrics = sizeof vocabulary_metrics / sizeof *vocabulary_metrics;
