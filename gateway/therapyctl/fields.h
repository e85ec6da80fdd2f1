/* SPDX-License-Identifier: Apache-2.0
 * Members of the gateway's JSON, with something harmless where one is missing or null: an older gateway's answer must
 * not end therapyctl. */
#ifndef THERAPYCTL_FIELDS_H
#define THERAPYCTL_FIELDS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

static inline struct json_object *field(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &value);
	return value;
}

static inline bool field_given(struct json_object *o, const char *key)
{
	return field(o, key) != NULL;
}

/* "" if there is none. */
static inline const char *field_text(struct json_object *o, const char *key)
{
	struct json_object *value = field(o, key);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static inline bool field_true(struct json_object *o, const char *key)
{
	return json_object_get_boolean(field(o, key));
}

static inline double field_number(struct json_object *o, const char *key)
{
	return json_object_get_double(field(o, key));
}

static inline uint64_t field_count(struct json_object *o, const char *key)
{
	return json_object_get_uint64(field(o, key));
}

/* An empty list, never freed, if there is none. */
static inline struct json_object *field_list(struct json_object *o, const char *key)
{
	static struct json_object *empty;
	struct json_object *value = field(o, key);
	if (json_object_is_type(value, json_type_array))
		return value;
	if (!empty)
		empty = json_object_new_array();
	return empty;
}

#endif
