/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "tell/tell.h"

#define NAME_OF(names, i) ((size_t)(i) < sizeof(names) / sizeof *(names) && (names)[i] ? (names)[i] : "unknown")

const char *tell_outcome(enum core_outcome outcome)
{
	static const char *const names[] = {
	    [CORE_ACCEPTED] = "accepted",
	    [CORE_NOT_PERMITTED] = "not_permitted",
	    [CORE_RETAINED] = "retained",
	    [CORE_DUPLICATE] = "duplicate",
	    [CORE_LATE] = "late",
	    [CORE_MALFORMED] = "malformed",
	    [CORE_OUT_OF_RANGE] = "out_of_range",
	    [CORE_UNKNOWN_CONTROL] = "unknown_control",
	    [CORE_TOO_LARGE] = "too_large",
	    [CORE_DEVICE_NOT_READY] = "device_not_ready",
	};
	return NAME_OF(names, outcome);
}

const char *tell_phase(enum core_phase phase)
{
	static const char *const names[] = {
	    [CORE_PHASE_UNKNOWN] = "unknown",
	    [CORE_PHASE_AT_REST] = "at_rest",
	    [CORE_PHASE_COMING_TO_REST] = "coming_to_rest",
	    [CORE_PHASE_ENERGISED] = "energised",
	    [CORE_PHASE_CONFIRMED_ON] = "confirmed_on",
	};
	return NAME_OF(names, phase);
}

const char *tell_quality(uint8_t quality)
{
	static const char *const names[] = {
	    [THERAPY_UNKNOWN] = "unknown",
	    [THERAPY_GOOD] = "good",
	    [THERAPY_ERROR] = "error",
	};
	return NAME_OF(names, quality);
}

const char *tell_priority(enum core_priority priority)
{
	static const char *const names[] = {
	    [CORE_PRIORITY_LOW] = "low", [CORE_PRIORITY_MEDIUM] = "medium", [CORE_PRIORITY_HIGH] = "high"};
	return NAME_OF(names, priority);
}

void tell_event_name(Therapy__V1__SafetyEventType type, char *out, size_t size)
{
	static const char prefix[] = "SAFETY_EVENT_TYPE_";
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&therapy__v1__safety_event_type__descriptor, (int)type);
	struct str s;
	str_init(&s, out, size);
	str_add(&s, "%s", value ? value->name + strlen(prefix) : "unknown");
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

/* ---- JSON ---- */

void tell_put(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

void tell_put_number(struct json_object *to, const char *key, double value)
{
	char text[64];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add_number(&s, value, 6);
	json_object_object_add(to, key, json_object_new_double_s(value, text));
}

void tell_put_count(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

void tell_put_bool(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

const char *tell_asked_text(struct json_object *value)
{
	if (!value || !json_object_is_type(value, json_type_string))
		return NULL;
	const char *text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

const char *tell_asked(struct json_object *from, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(from, key, &value) ? tell_asked_text(value) : NULL;
}

char *tell_text(struct json_object *root)
{
	const char *text =
	    json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}
