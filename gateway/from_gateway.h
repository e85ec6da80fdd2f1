/* SPDX-License-Identifier: Apache-2.0
 * What the gateway orders of a device, as the device machine takes it; docs/wire.md says when. Pure. */
#ifndef FROM_GATEWAY_H
#define FROM_GATEWAY_H

#include <stdbool.h>

#include "device/device.h"
#include "therapy/v1/wire.pb-c.h"

/* Lease, off-test, rest, and what is about settings. False: it is none of them, or for a control that `model` does not
 * have. `was` is what *out may point into. */
bool from_gateway_order(const Therapy__V1__ToDevice *message, const struct therapy_model *model,
			struct device_setting_was was[DEVICE_SETTINGS_MAX], struct device_input *out);

#endif
