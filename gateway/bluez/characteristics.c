/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/characteristics.h"

#include <string.h>

#define SHOWN 6u /* of what there is */

static bool same_service(const char *a, const char *b)
{
	const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
	return end_a && end_b && end_a - a == end_b - b && strncmp(a, b, (size_t)(end_a - a)) == 0;
}

static bool of_model(const char *uuid, const char (*model)[CHANNEL_UUID_MAX], size_t n_model)
{
	for (size_t i = 0; i < n_model; i++)
		if (strcmp(model[i], uuid) == 0)
			return true;
	return false;
}

const struct characteristic *characteristics_choose(const struct characteristic *all, size_t n, const char *uuid,
						    uint8_t can, const char (*model)[CHANNEL_UUID_MAX], size_t n_model)
{
	const struct characteristic *named = NULL, *other = NULL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].uuid, uuid) != 0)
			continue;
		if (all[i].can & can)
			return &all[i];
		if (!named)
			named = &all[i];
	}
	for (size_t i = 0; named && i < n; i++) {
		if (!(all[i].can & can) || !same_service(all[i].path, named->path) ||
		    !of_model(all[i].uuid, model, n_model))
			continue;
		if (other)
			return NULL;
		other = &all[i];
	}
	return other;
}

void characteristics_missing(const struct characteristic *all, size_t n, const char *uuid, uint8_t can, struct str *why)
{
	bool there = false;
	for (size_t i = 0; i < n; i++)
		there |= strcmp(all[i].uuid, uuid) == 0;
	if (there) {
		str_add(why, "its characteristic %s cannot %s: is it a device of this model?", uuid,
			can & CAN_NOTIFY ? "notify" : "be written");
		return;
	}
	str_add(why, "it has no characteristic %s, ", uuid);
	for (size_t i = 0; i < n && i < SHOWN; i++)
		str_add(why, "%s%s", i ? ", " : "found ", all[i].uuid);
	str_add(why, "%s: is it a device of this model?", n == 0 ? "found none" : n > SHOWN ? ", ..." : "");
}
