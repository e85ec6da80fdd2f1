/* SPDX-License-Identifier: Apache-2.0
 * Between the plugin's table (device process) and therapy.v1.DeviceDescription (wire, gateway): plain conversions, used
 * by the two wirings only. Start-up; allocates. */
#ifndef DESCRIPTION_H
#define DESCRIPTION_H

#include <stdbool.h>

#include "base/str.h"
#include "core/core.h"
#include "device/device.h"
#include "therapy/plugin.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/status.pb-c.h"
#include "therapy/v1/wire.pb-c.h"

/* The table as a message; the texts stay the plugin's and the setup's. NULL: out of memory. */
Therapy__V1__DeviceDescription *description_new(const Therapy__V1__Setup *setup, const struct therapy_plugin *plugin,
						const struct therapy_model *model);
void description_free(Therapy__V1__DeviceDescription *description);
/* The user's options as the model's values, n_options of them. False, and why, if one is unknown, of the wrong type or
 * out of range. `client` is what {client} becomes in channel addresses. The caller frees; words stay the setup's and
 * the caller's. */
bool description_options(const struct therapy_model *model, const Therapy__V1__Setup *setup, const char *client,
			 struct therapy_value **out, struct str *why);
/* Says that the model refuses these options, what it was given of them and what each is for. */
void description_refused_options(const struct therapy_model *model, const struct therapy_value *values,
				 struct str *why);
/* What a calibration found, on top of that: all of it; or nothing changes, and why one does not fit this model. */
bool description_remembered(const struct therapy_model *model, const Therapy__V1__Setup *setup,
			    struct therapy_value *values, struct str *why);
/* Says that there is no such model, and which there are. */
void description_no_model(const struct therapy_plugin *plugin, const char *key, struct str *why);
void description_counters(const struct device_counters *from, Therapy__V1__DeviceCounters *to);
/* A message as the core wants it: arrays in `metrics` and `controls` with room for all rows, texts stay the message's.
 */
void description_core(const Therapy__V1__DeviceDescription *description, struct core_metric *metrics,
		      struct core_control *controls, struct core_device *out);
/* What a device process says of a control: fills in out->state. Numbers that no enum has are taken as not known. */
void description_state(const Therapy__V1__ControlState *state, struct core_input *out);

/* The channel of that address, as the model's table has it or with some name in the place of {name}; its number of
 * channels: there is none. */
uint8_t description_channel(const struct therapy_model *model, const char *address);

#endif
