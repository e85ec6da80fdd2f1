/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/happened.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mqtt/iso8601.h"
#include "tell/tell.h"
#include "therapy/v1/safety.pb-c.h"

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static int64_t number_of(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(o, key, &value) ? json_object_get_int64(value) : 0;
}

static bool is_now(struct json_object *event, const char *boot_id, uint64_t now_ms)
{
	const char *boot = text_of(event, "boot_id");
	int64_t at_ms = number_of(event, "monotonic_ms");
	return boot && strcmp(boot, boot_id) == 0 && at_ms >= 0 &&
	       ((uint64_t)at_ms >= now_ms || now_ms - (uint64_t)at_ms <= HAPPENED_LATE_MS);
}

static struct json_object *taken(struct json_object *event, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(event, key, &value) ? json_object_get(value) : NULL;
}

static char *text_for(struct json_object *event)
{
	static const char *const keys[] = {"sequence", "device", "control", "rule",  "hazard",
					   "priority", "text",   "cause",   "inputs"};
	struct json_object *o = json_object_new_object(), *trusted = NULL;
	char time[ISO8601_SIZE];
	json_object_object_get_ex(event, "wall_clock_trusted", &trusted);
	bool known = json_object_get_boolean(trusted) && iso8601_text(number_of(event, "wall_unix_ms"), time);
	tell_put(o, "event_type", text_of(event, "event"));
	tell_put(o, "time", known ? time : NULL);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		json_object_object_add(o, keys[i], taken(event, keys[i]));
	return tell_text(o);
}

bool happened_now(const uint8_t *bytes, size_t size, const char *boot_id, uint64_t now_ms, struct happened *out)
{
	struct json_object *event = tell_event(bytes, size);
	*out = (struct happened){.text = NULL};
	if (event && is_now(event, boot_id, now_ms)) {
		const char *device = text_of(event, "device");
		if (!device || str_copy(out->device, sizeof out->device, device))
			out->text = text_for(event);
	}
	json_object_put(event);
	return out->text != NULL;
}

uint8_t *happened_late(const uint8_t *bytes, size_t size, size_t *packed)
{
	Therapy__V1__SafetyEvent *event = therapy__v1__safety_event__unpack(NULL, size, bytes);
	if (!event)
		return NULL;
	event->historical = true;
	size_t n = therapy__v1__safety_event__get_packed_size(event);
	uint8_t *out = malloc(n);
	if (out)
		*packed = therapy__v1__safety_event__pack(event, out);
	therapy__v1__safety_event__free_unpacked(event, NULL);
	return out;
}
