/* SPDX-License-Identifier: Apache-2.0
 * Is a device that is reached over Bluetooth one that may be? Start-up only. */
#ifndef RADIO_H
#define RADIO_H

#include <stdbool.h>

#include "config/config.h"
#include "therapy/v1/device.pb-c.h"

/* Does any device have a ble: link? */
bool radio_needed(const struct config *config);
/* A model with controls is a fault: the link ends with the gateway's process, and whatever is on when that dies could
 * be told nothing any more. So are channels that no Bluetooth link has, and a key where nothing is encrypted. */
void radio_check(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 struct faults *faults);

#endif
