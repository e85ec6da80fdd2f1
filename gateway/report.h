/* SPDX-License-Identifier: Apache-2.0
 * What this home covers, in words: printed by `check`, logged by `run`. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "config/config.h"
#include "core/core.h"
#include "promises.h"
#include "therapy/v1/device.pb-c.h"

/* Devices, how soon each control goes off when something dies, and each hazard as covered, partly or not covered. */
void report_home(FILE *to, const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 const struct core *core, const struct promises *promises);
/* The same as one JSON object: {"deadman": {"pad": ..}, "hazards": [..]} as MQTT has them, "kinds": {"pad": "heat"} and
 * "settings": {"pad": [{"name", "wanted", "because"}]}, what is changed on the device itself. */
void report_json(FILE *to, const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 const struct promises *promises);
/* The hazards that are not wholly covered, as log lines. */
void report_coverage(const struct config *config, const struct core *core);
/* One of the core's events as a log line: what happened, and why. `who`: its device, or "core". `language`: of the
 * sentence that says why; where it is not English, what it is about stands before it. */
void report_event(const char *who, const struct core_output *event, const struct core *core, enum language language);

#endif
