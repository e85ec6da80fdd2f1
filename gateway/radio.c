/* SPDX-License-Identifier: Apache-2.0 */
#include "radio.h"

#include <string.h>

#include "bluez/channel.h"

bool radio_needed(const struct config *config)
{
	for (size_t i = 0; i < config->n_devices; i++)
		if (config->devices[i].address.kind == LINK_BLE)
			return true;
	return false;
}

static void check_channels(const struct config_device *d, const Therapy__V1__DeviceDescription *said,
			   struct faults *faults)
{
	enum channel_mode mode, first = CHANNEL_CHARACTERISTIC;
	char uuid[CHANNEL_UUID_MAX];
	bool bthome = false;
	for (size_t i = 0; i < said->n_channels; i++) {
		const char *address = said->channels[i]->address;
		if (!channel_parse(address, &mode, uuid)) {
			faults_add(
			    faults, d->file, d->line,
			    "device '%s': channel \"%.80s\" of model %s is none of a Bluetooth link; expected the UUID "
			    "of a characteristic in full, or service-data: and four hexadecimal digits",
			    d->id, address, said->model);
			return;
		}
		if (i > 0 && mode != first) {
			faults_add(faults, d->file, d->line,
				   "device '%s': model %s has characteristics and service data; expected either", d->id,
				   said->model);
			return;
		}
		first = mode;
		bthome |= mode == CHANNEL_ADVERTISED && strcmp(uuid, CHANNEL_BTHOME) == 0;
	}
	if (d->has_bind_key && !bthome)
		faults_add(faults, d->file, d->line,
			   "device '%s': bind_key_file: model %s is not heard by BTHome's advertisements "
			   "(service-data:fcd2), expected none",
			   d->id, said->model);
}

void radio_check(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
		 struct faults *faults)
{
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		if (d->address.kind != LINK_BLE)
			continue;
		if (descriptions[i]->n_controls > 0)
			faults_add(
			    faults, d->file, d->line,
			    "device '%s': model %s has the control '%s', and a Bluetooth link ends with the gateway: "
			    "when that dies nothing could tell the device to rest; expected a model that only "
			    "measures, or another link",
			    d->id, descriptions[i]->model, descriptions[i]->controls[0]->key);
		check_channels(d, descriptions[i], faults);
	}
}
