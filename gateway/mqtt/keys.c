/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/keys.h"

#include <string.h>

#include "mqtt/climate.h"

void keys_control(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	const char *key = device->controls[control]->key;
	bool taken = false;
	for (size_t i = 0; i < device->n_metrics; i++)
		taken |= strcmp(device->metrics[i]->key, key) == 0;
	str_add(out, "%s%s", key, taken ? "_control" : "");
}

void keys_component(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	keys_control(out, device, control);
	if (device->controls[control]->words[0])
		str_add(out, "_select");
	else if (climate_is(device, control))
		str_add(out, "_climate");
}

void keys_climate(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control, const char *what)
{
	keys_control(out, device, control);
	str_add(out, "_%s", what);
}

void keys_off_test(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	keys_control(out, device, control);
	str_add(out, "_off_test");
}

void keys_cut(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	keys_control(out, device, control);
	str_add(out, "_cut");
}

void keys_permitted(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	keys_control(out, device, control);
	str_add(out, "_permitted");
}

void keys_why(struct str *out, const Therapy__V1__DeviceDescription *device, size_t control)
{
	keys_control(out, device, control);
	str_add(out, "_why");
}
