/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json_frame.h"

enum therapy_refusal json_frame_parse(const struct therapy_message *message, struct json_object **out)
{
	if (message->size == 0 || message->size > JSON_FRAME_SIZE_MAX)
		return THERAPY_REFUSED_LENGTH;
	struct json_tokener *tokener = json_tokener_new_ex(JSON_FRAME_DEPTH_MAX);
	if (!tokener)
		return THERAPY_REFUSED_FORMAT;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL behind the data is given too: it ends a number at the end of the text, and strict parsing then
	 * refuses whatever stands behind the value, a NUL in the middle included. */
	struct json_object *object =
	    json_tokener_parse_ex(tokener, (const char *)message->data, (int)message->size + 1);
	bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
		     json_tokener_get_parse_end(tokener) >= message->size;
	json_tokener_free(tokener);
	if (!whole || !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return THERAPY_REFUSED_FORMAT;
	}
	*out = object;
	return THERAPY_OK;
}

/* The member, NULL if it is missing or null. */
static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

enum json_found json_frame_object(struct json_object *object, const char *key, struct json_object **out)
{
	struct json_object *value = member(object, key);
	if (!value)
		return JSON_ABSENT;
	if (!json_object_is_type(value, json_type_object))
		return JSON_WRONG_TYPE;
	*out = value;
	return JSON_FOUND;
}

enum json_found json_frame_number(struct json_object *object, const char *key, double *out)
{
	struct json_object *value = member(object, key);
	if (!value)
		return JSON_ABSENT;
	if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
		return JSON_WRONG_TYPE;
	double number = json_object_get_double(value);
	/* An integer that fits no 64 bits is cut to the nearest that does: it is not what was said. */
	bool cut = json_object_is_type(value, json_type_int) && fabs(number) > JSON_FRAME_INTEGER_MAX;
	if (cut || !isfinite(number))
		return JSON_WRONG_VALUE;
	*out = number;
	return JSON_FOUND;
}

enum json_found json_frame_bool(struct json_object *object, const char *key, bool *out)
{
	struct json_object *value = member(object, key);
	if (!value)
		return JSON_ABSENT;
	if (!json_object_is_type(value, json_type_boolean))
		return JSON_WRONG_TYPE;
	*out = json_object_get_boolean(value);
	return JSON_FOUND;
}

enum json_found json_frame_text(struct json_object *object, const char *key, const char **out)
{
	struct json_object *value = member(object, key);
	if (!value)
		return JSON_ABSENT;
	if (!json_object_is_type(value, json_type_string))
		return JSON_WRONG_TYPE;
	const char *text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return JSON_WRONG_VALUE; /* "ON\u0000OFF" is not "ON" */
	*out = text;
	return JSON_FOUND;
}

enum therapy_refusal json_frame_refusal(enum json_found found)
{
	switch (found) {
	case JSON_ABSENT:
	case JSON_FOUND:
		return THERAPY_OK;
	case JSON_WRONG_VALUE:
		return THERAPY_REFUSED_VALUE;
	case JSON_WRONG_TYPE:
	default:
		return THERAPY_REFUSED_FORMAT;
	}
}
