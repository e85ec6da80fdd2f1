/* SPDX-License-Identifier: Apache-2.0
 *
 *   {"topics":{"therapy/home/pad/state":{},"homeassistant/device/therapy-home-pad/config":{"heat":"switch",...}}}
 */
#include "mqtt/announced.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

struct announced {
	struct json_object *topics;
};

static struct json_object *object_in(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(o, key, &value) && json_object_is_type(value, json_type_object) ? value : NULL;
}

static char *text_of(struct json_object *o)
{
	const char *text =
	    o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;
	return text ? strdup(text) : NULL;
}

struct announced *announced_new(const char *text)
{
	struct announced *a = calloc(1, sizeof *a);
	struct json_object *root = text ? json_tokener_parse(text) : NULL;
	if (a) {
		struct json_object *topics = object_in(root, "topics");
		a->topics = topics ? json_object_get(topics) : json_object_new_object();
		if (!a->topics) {
			free(a);
			a = NULL;
		}
	}
	json_object_put(root);
	return a;
}

void announced_free(struct announced *a)
{
	if (!a)
		return;
	json_object_put(a->topics);
	free(a);
}

char *announced_text(const struct announced *a)
{
	struct json_object *root = json_object_new_object();
	if (!root)
		return NULL;
	json_object_object_add(root, "topics", json_object_get(a->topics));
	char *text = text_of(root);
	json_object_put(root);
	return text;
}

static struct json_object *platforms_of(const char *payload)
{
	struct json_object *platforms = json_object_new_object();
	struct json_object *root = payload ? json_tokener_parse(payload) : NULL;
	struct json_object *components = object_in(root, "components");
	if (components) {
		json_object_object_foreach(components, key, component)
		{
			struct json_object *platform = NULL;
			/* what has only its platform is being removed */
			if (json_object_object_get_ex(component, "platform", &platform) &&
			    json_object_object_length(component) > 1)
				json_object_object_add(platforms, key, json_object_get(platform));
		}
	}
	json_object_put(root);
	return platforms;
}

void announced_add(struct announced *a, const char *topic, const char *payload)
{
	struct json_object *platforms = platforms_of(payload);
	if (platforms)
		json_object_object_add(a->topics, topic, platforms);
}

bool announced_join(struct announced *a, const struct announced *other)
{
	bool more = false;
	json_object_object_foreach(other->topics, topic, platforms)
	{
		struct json_object *own = object_in(a->topics, topic);
		if (!own) {
			own = json_object_new_object();
			json_object_object_add(a->topics, topic, own);
			more = true;
		}
		json_object_object_foreach(platforms, key, platform)
		{
			if (json_object_object_get_ex(own, key, NULL))
				continue;
			json_object_object_add(own, key, json_object_get(platform));
			more = true;
		}
	}
	return more;
}

const char *announced_gone(const struct announced *before, const struct announced *now, size_t n)
{
	json_object_object_foreach(before->topics, topic, platforms)
	{
		(void)platforms;
		if (!json_object_object_get_ex(now->topics, topic, NULL) && n-- == 0)
			return topic;
	}
	return NULL;
}

char *announced_remove(const struct announced *before, const char *topic, char *payload)
{
	struct json_object *had = object_in(before->topics, topic);
	struct json_object *root = had && payload ? json_tokener_parse(payload) : NULL;
	struct json_object *components = object_in(root, "components");
	bool removed = false;
	if (components) {
		json_object_object_foreach(had, key, platform)
		{
			if (json_object_object_get_ex(components, key, NULL))
				continue;
			struct json_object *gone = json_object_new_object();
			json_object_object_add(gone, "platform", json_object_get(platform));
			json_object_object_add(components, key, gone);
			removed = true;
		}
	}
	if (removed) {
		char *text = text_of(root);
		free(payload);
		payload = text;
	}
	json_object_put(root);
	return payload;
}

bool announced_same(const struct announced *a, const struct announced *b)
{
	return json_object_equal(a->topics, b->topics) == 1;
}
