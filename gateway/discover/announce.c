/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources: tasmota.github.io/docs/MQTT (discovery, LWT); shelly-api-docs.shelly.cloud gen2 (online, NotifyStatus,
 * announce of the first generation); zigbee2mqtt.io/guide/usage (bridge/devices, exposes); esphome.io/components/mqtt
 * (discover, status); home-assistant.io/integrations/mqtt (discovery); docs.openmqttgateway.com (BTtoMQTT). */
#include "discover/announce.h"

#include <json-c/json.h>
#include <string.h>

#include "base/str.h"

#define JSON_DEPTH 16         /* bridge/devices needs 9 */
#define JSON_MOST  (2u << 20) /* of bridge/devices with some hundred devices */
#define LIST_MOST  4096u      /* entries that are looked at */

const char *const announce_topics[] = {
    "tasmota/discovery/+/config",
    "tele/+/LWT",
    "+/online",
    "+/events/rpc",
    "shellies/+/online",
    "+/bridge/devices",
    "esphome/discover/+",
    "+/status",
    "homeassistant/+/+/config",
    "homeassistant/+/+/+/config",
    "home/+/BTtoMQTT/#",
    NULL,
};

/* ---- pieces ---- */

struct level {
	const char *at;
	size_t size;
};

static struct level level(const char *topic, unsigned index)
{
	for (; index > 0 && topic; index--)
		topic = strchr(topic, '/') ? strchr(topic, '/') + 1 : NULL;
	return (struct level){topic, topic ? strcspn(topic, "/") : 0};
}

static bool is(struct level l, const char *text)
{
	return l.at && l.size == strlen(text) && memcmp(l.at, text, l.size) == 0;
}

static unsigned levels(const char *topic)
{
	unsigned n = 1;
	for (; *topic; topic++)
		n += *topic == '/';
	return n;
}

static struct json_object *parse(struct found_list *list, const uint8_t *payload, size_t size)
{
	struct json_tokener *tokener = size <= JSON_MOST ? json_tokener_new_ex(JSON_DEPTH) : NULL;
	struct json_object *root = tokener ? json_tokener_parse_ex(tokener, (const char *)payload, (int)size) : NULL;
	bool whole = tokener && json_tokener_get_error(tokener) == json_tokener_success;
	if (tokener)
		json_tokener_free(tokener);
	if (whole && root)
		return root;
	json_object_put(root);
	list->unread++;
	return NULL;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, key, &value);
	return value;
}

/* "" if there is none. */
static const char *text(struct json_object *o, const char *key)
{
	struct json_object *value = member(o, key);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static size_t length(struct json_object *list)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	return n < LIST_MOST ? n : LIST_MOST;
}

static bool says(const uint8_t *payload, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(payload, word, size) == 0;
}

/* ---- Tasmota ---- */

static void take_tasmota(struct found_list *list, const uint8_t *payload, size_t size)
{
	struct json_object *o = parse(list, payload, size);
	const char *topic = text(o, "t"), *full = text(o, "ft"), *name = text(o, "dn");
	struct json_object *relays = member(o, "rl");
	struct found *found = topic[0] ? found_at(list, FOUND_TASMOTA, topic, strlen(topic)) : NULL;
	if (found) {
		bool relay = false;
		for (size_t i = 0; i < length(relays) && i < 1; i++)
			relay = json_object_get_int(json_object_array_get_idx(relays, i)) == 1;
		found_says(found, name[0] ? name : text(o, "md"));
		found->named = name[0] && strcmp(name, "Tasmota") != 0;
		found_own(found, text(o, "mac"));
		if (relay)
			found_is(found, "heat_pad", "tasmota");
		if (!relay)
			found_note(found, "it has no relay");
		else if (strcmp(full, "%prefix%/%topic%/") != 0)
			found_note(found, "set its full topic to %prefix%/%topic%/");
	} else if (o && !topic[0]) {
		list->unread++;
	}
	json_object_put(o);
}

/* Of one that does not announce itself this is all; of any it says whether it is there. */
static void take_lwt(struct found_list *list, struct level name, const uint8_t *payload, size_t size)
{
	bool online = says(payload, size, "Online"), offline = says(payload, size, "Offline");
	struct found *found = online || offline ? found_at(list, FOUND_TASMOTA, name.at, name.size) : NULL;
	if (!found)
		return;
	found->offline = offline;
	found_is(found, "heat_pad", "tasmota");
}

/* ---- Shelly ---- */

static bool named_shelly(struct level name)
{
	return name.size > 6 && strncmp(name.at, "shelly", 6) == 0;
}

static void take_shelly(struct found_list *list, struct level name, const uint8_t *payload, size_t size)
{
	bool on = says(payload, size, "true"), off = says(payload, size, "false");
	/* the word is a common one: only what has a Shelly's name, or has said more */
	bool known = named_shelly(name);
	for (size_t i = 0; i < list->n && !known; i++)
		known = list->at[i].family == FOUND_SHELLY && strlen(list->at[i].place) == name.size &&
			memcmp(list->at[i].place, name.at, name.size) == 0;
	struct found *found = known && (on || off) ? found_at(list, FOUND_SHELLY, name.at, name.size) : NULL;
	if (!found)
		return;
	found->offline = off;
	if (!found->plugin[0])
		found_note(found, "look whether it is a plug with one switch");
	found_is(found, "heat_pad", "shelly");
}

static void take_shelly_event(struct found_list *list, struct level name, const uint8_t *payload, size_t size)
{
	struct json_object *o = parse(list, payload, size), *params = member(o, "params");
	const char *method = text(o, "method");
	bool status = strcmp(method, "NotifyStatus") == 0 || strcmp(method, "NotifyFullStatus") == 0;
	struct found *found = status ? found_at(list, FOUND_SHELLY, name.at, name.size) : NULL;
	if (found) {
		found_says(found, text(o, "src"));
		found_is(found, "heat_pad", "shelly");
		found_note(found, member(params, "switch:0") ? "" : "look whether it is a plug with one switch");
	}
	json_object_put(o);
}

static void take_shelly_old(struct found_list *list, struct level name)
{
	struct found *found = found_at(list, FOUND_SHELLY, name.at, name.size);
	if (found)
		found_note(found, "of the first generation, which no model knows");
}

/* ---- Zigbee2MQTT ---- */

struct exposed {
	bool on_off, power, action, temperature;
};

static void look(struct json_object *exposes, struct exposed *out, unsigned depth)
{
	for (size_t i = 0; i < length(exposes); i++) {
		struct json_object *e = json_object_array_get_idx(exposes, i);
		const char *type = text(e, "type"), *property = text(e, "property");
		out->on_off |= strcmp(type, "switch") == 0;
		out->power |= strcmp(property, "power") == 0;
		out->action |= strcmp(property, "action") == 0;
		out->temperature |= strcmp(property, "temperature") == 0;
		if (depth > 0)
			look(member(e, "features"), out, depth - 1);
	}
}

static void take_zigbee(struct found_list *list, struct level base, const uint8_t *payload, size_t size)
{
	struct json_object *all = parse(list, payload, size);
	for (size_t i = 0; i < length(all); i++) {
		struct json_object *d = json_object_array_get_idx(all, i), *definition = member(d, "definition");
		const char *name = text(d, "friendly_name");
		struct exposed has = {0};
		char label[128] = "";
		if (strcmp(text(d, "type"), "Coordinator") == 0 || !name[0])
			continue;
		look(member(definition, "exposes"), &has, 2);
		struct found *found = found_at(list, FOUND_ZIGBEE2MQTT, name, strlen(name));
		if (!found)
			continue;
		struct str s;
		str_init(&s, label, sizeof label);
		str_add_cut(&s, text(definition, "vendor"));
		str_add_cut(&s, " ");
		str_add_cut(&s, text(definition, "model"));
		found_says(found, label);
		if (has.on_off)
			found_is(found, "generic", "zigbee2mqtt_plug");
		else if (has.action)
			found_is(found, "generic", "zigbee2mqtt_button");
		else if (has.temperature)
			found_is(found, "generic", "zigbee2mqtt_cold_pack");
		if (!is(base, "zigbee2mqtt"))
			found_note(found,
				   "its base topic is not zigbee2mqtt: change the topics in a copy of the definition");
		else if (has.on_off && !has.power)
			found_note(found, "it does not measure its power, which is a second proof that it is off");
	}
	json_object_put(all);
}

/* ---- ESPHome ---- */

/* The boards of etc/esphome say which they are; of others only what they tell Home Assistant shows it. */
static void take_project(struct found *found, const char *project)
{
	static const struct {
		const char *project, *plugin, *model, *options;
	} rows[] = {
	    {"therapy_gateway.table_tilt", "inversion_table", "esphome", ""},
	    {"therapy_gateway.belt_force", "traction_belt", "hx711", "shows = \"n\";"},
	    {"therapy_gateway.heat_pad", "generic", "esphome_switch", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(project, rows[i].project) == 0) {
			found_is(found, rows[i].plugin, rows[i].model);
			(void)str_copy(found->options, sizeof found->options, rows[i].options);
		}
}

static void take_esphome(struct found_list *list, struct level name, const uint8_t *payload, size_t size)
{
	struct json_object *o = size > 0 ? parse(list, payload, size) : NULL;
	const char *own = text(o, "name"), *friendly = text(o, "friendly_name");
	struct found *found =
	    o ? found_at(list, FOUND_ESPHOME, own[0] ? own : name.at, own[0] ? strlen(own) : name.size) : NULL;
	if (found) {
		found_says(found, friendly[0] ? friendly : text(o, "board"));
		found->named = friendly[0] != '\0';
		found_own(found, text(o, "mac"));
		take_project(found, text(o, "project_name"));
	}
	json_object_put(o);
}

static void take_status(struct found_list *list, struct level name, const uint8_t *payload, size_t size)
{
	if (!says(payload, size, "online") && !says(payload, size, "offline"))
		return;
	for (size_t i = 0; i < list->n; i++) /* the word is too common to find somebody by */
		if (list->at[i].family == FOUND_ESPHOME && strlen(list->at[i].place) == name.size &&
		    memcmp(list->at[i].place, name.at, name.size) == 0)
			list->at[i].offline = says(payload, size, "offline");
}

/* What Home Assistant is told of an ESPHome sensor names its topic, and so what the board measures. */
static void take_entity(struct found_list *list, const uint8_t *payload, size_t size)
{
	static const struct {
		const char *tail, *plugin, *model;
	} rows[] = {
	    {"/sensor/tilt/state", "inversion_table", "esphome"},
	    {"/sensor/force/state", "traction_belt", "hx711"},
	    {"/switch/heater/state", "generic", "esphome_switch"},
	    {"/binary_sensor/button/state", "generic", "esphome_button"},
	};
	struct json_object *o = parse(list, payload, size), *device = member(o, "dev");
	const char *topic = text(o, "stat_t");
	if (!device)
		device = member(o, "device");
	if (!topic[0])
		topic = text(o, "state_topic");
	const char *maker = text(device, "mf"), *also = text(device, "manufacturer");
	struct level name = level(topic, 0);
	bool esphome = strstr(text(device, "sw"), "esphome") || strstr(text(device, "sw_version"), "esphome") ||
		       strcmp(maker, "Espressif") == 0 || strcmp(maker, "espressif") == 0 ||
		       strcmp(also, "Espressif") == 0 || strcmp(also, "espressif") == 0;
	struct found *found =
	    esphome && topic[0] && levels(topic) == 4 ? found_at(list, FOUND_ESPHOME, name.at, name.size) : NULL;
	for (size_t i = 0; found && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(topic + name.size, rows[i].tail) == 0)
			found_is(found, rows[i].plugin, rows[i].model);
	if (found && !found->says[0])
		found_says(found, text(device, "name"));
	json_object_put(o);
}

/* ---- Theengs, OpenMQTTGateway ---- */

static void take_theengs(struct found_list *list, const char *topic, const uint8_t *payload, size_t size)
{
	struct json_object *o = parse(list, payload, size);
	const char *model = text(o, "model_id"), *name = text(o, "name"), *place = topic + sizeof "home/" - 1;
	bool rotation = member(o, "rot"), temperature = member(o, "tempc"), weight = member(o, "weight"),
	     button = member(o, "button");
	/* every phone that goes by is there, too */
	struct found *found =
	    rotation || temperature || weight || button ? found_at(list, FOUND_THEENGS, place, strlen(place)) : NULL;
	if (found) {
		found_says(found, name[0] ? name : model);
		if (rotation)
			found_is(found, "inversion_table", "theengs");
		else if (button)
			found_is(found, "generic", "theengs_button");
		else if (weight)
			found_is(found, "generic", "theengs_scale");
		else
			found_is(found, "generic", "theengs_cold_pack");
	}
	json_object_put(o);
}

void announce_take(struct found_list *list, const char *topic, const uint8_t *payload, size_t size)
{
	struct level first = level(topic, 0), second = level(topic, 1), third = level(topic, 2);
	unsigned n = levels(topic);
	if (size == 0)
		return;
	if (n == 4 && is(first, "tasmota") && is(second, "discovery") && is(level(topic, 3), "config"))
		take_tasmota(list, payload, size);
	else if (n == 3 && is(first, "tele") && is(third, "LWT"))
		take_lwt(list, second, payload, size);
	else if (n == 3 && is(first, "shellies") && is(third, "online"))
		take_shelly_old(list, second);
	else if (n == 2 && is(second, "online"))
		take_shelly(list, first, payload, size);
	else if (n == 3 && is(second, "events") && is(third, "rpc"))
		take_shelly_event(list, first, payload, size);
	else if (n == 3 && is(second, "bridge") && is(third, "devices"))
		take_zigbee(list, first, payload, size);
	else if (n == 3 && is(first, "esphome") && is(second, "discover"))
		take_esphome(list, third, payload, size);
	else if (n == 2 && is(second, "status"))
		take_status(list, first, payload, size);
	else if (is(first, "homeassistant") && (n == 4 || n == 5))
		take_entity(list, payload, size);
	else if (n >= 4 && is(first, "home") && is(third, "BTtoMQTT"))
		take_theengs(list, topic, payload, size);
}
