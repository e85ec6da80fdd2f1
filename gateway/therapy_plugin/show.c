/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/show.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "mqtt/discovery.h"

static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t};
	return u.out;
}

static const char *field(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static void add_note(char *notes, size_t size, const char *note)
{
	size_t n = strlen(notes);
	snprintf(notes + n, size - n, "%s%s", n ? ", " : "", note);
}

static void show_entity(FILE *to, const char *indent, struct json_object *o)
{
	char notes[256] = "";
	const char *name = field(o, "name"), *unit = field(o, "unit_of_measurement"),
		   *category = field(o, "entity_category");
	const char *enabled = field(o, "enabled_by_default"), *class = field(o, "device_class");
	if (class)
		add_note(notes, sizeof notes, class);
	if (category)
		add_note(notes, sizeof notes, category);
	if (enabled && strcmp(enabled, "false") == 0)
		add_note(notes, sizeof notes, "disabled at first");
	/* A unit may be of two bytes and one column: the width is in bytes. */
	fprintf(to, "%s%-14s %-28s %-*s %s\n", indent, field(o, "platform") ? field(o, "platform") : "?",
		name ? name : "(as the device)", unit && (unit[0] & 0x80) ? 7 : 6, unit ? unit : "", notes);
}

bool show_entities(FILE *to, const char *indent, const struct therapy_plugin *plugin, const struct therapy_model *model)
{
	Therapy__V1__Setup setup = THERAPY__V1__SETUP__INIT;
	setup.device_id = text(plugin->key);
	Therapy__V1__DeviceDescription *description = description_new(&setup, plugin, model);
	struct discovery_config config = {.prefix = "homeassistant",
					  .base = "therapy/home",
					  .gateway_id = "home",
					  .version = THERAPY_VERSION,
					  .name = model->name,
					  .units = UNIT_METRIC,
					  .language = LANGUAGE_EN};
	char *payload = description ? discovery_payload(&config, description) : NULL;
	struct json_object *root = payload ? json_tokener_parse(payload) : NULL, *components = NULL;
	bool good = root && json_object_object_get_ex(root, "components", &components);
	if (good) {
		json_object_object_foreach(components, key, component)
		{
			(void)key;
			if (field(component, "unique_id")) /* without: what an earlier version had is taken back */
				show_entity(to, indent, component);
		}
	}
	json_object_put(root);
	free(payload);
	description_free(description);
	return good;
}
