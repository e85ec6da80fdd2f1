/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "config/account.h"
#include "config/definition.h"
#include "config/text.h"

struct device_fields {
	char *id, *name, *plugin, *exec, *model, *link, *cutoff, *process;
	bool accept_no_device_timer, test_before_session, clear_retained_commands, heats_when_powered;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct device_fields, key_), __VA_ARGS__                   \
	}
static const struct field fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(name, FIELD_TEXT, .max = 65, .expected = "a name for people in quotes"),
    FIELD(plugin, FIELD_TEXT, .max = PATH_BYTES, .expected = "a plugin like \"heat_pad\""),
    FIELD(exec, FIELD_TEXT, .max = PATH_BYTES, .expected = "the path of a program in quotes"),
    FIELD(model, FIELD_TEXT, .max = TEXT_MAX, .expected = "a model of the plugin in quotes"),
    FIELD(link, FIELD_TEXT, .required = true, .max = PATH_BYTES,
	  .expected = "where the device is, like \"serial:/dev/ttyUSB0\", \"tcp://host:port\", \"mqtt:name\" or "
		      "\"ble:AA:BB:CC:DD:EE:FF\""),
    FIELD(accept_no_device_timer, FIELD_TRUTH, .expected = "true or false"),
    FIELD(test_before_session, FIELD_TRUTH, .expected = "true or false"),
    FIELD(heats_when_powered, FIELD_TRUTH, .expected = "true or false"),
    FIELD(clear_retained_commands, FIELD_TRUTH, .expected = "true or false"),
    FIELD(cutoff, FIELD_TEXT, .max = TEXT_MAX,
	  .expected = "the control upstream that can cut this device off, like \"plug.power\""),
    FIELD(process, FIELD_ID, .expected = "a name of a-z, 0-9, _ and - for the process that devices share"),
    {.key = "args", .type = FIELD_OTHER},
    {.key = "account", .type = FIELD_OTHER},
    {.key = "bind_key_file", .type = FIELD_OTHER},
    {.key = "options", .type = FIELD_OTHER},
    {.key = "limits", .type = FIELD_OTHER},
    {.key = "definition", .type = FIELD_OTHER},
};
#undef FIELD

/* Topics that a gateway or a device has itself, and the words of the rule language, where a device is named by its id.
 */
static const char *const reserved[] = {"availability", "status", "safety", "event", "schema", "ping",   "limit",
				       "kind",         "all",    "any",    "not",   "and",    "or",     "on",
				       "is",           "for",    "since",  "self",  "person", "course", "session"};

static void check_id(struct reader *r, setting *s, const char *where, const char *id)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(id, reserved[i]) == 0)
			read_fault(r, setting_line(s), "%s: id: \"%s\" is a word of topics and rules, expected another",
				   where, id);
}

/* ---- plugin ---- */

static char *read_plugin(struct reader *r, setting *s, const char *where, const char *plugin,
			 const struct config_places *places)
{
	bool is_path = strchr(plugin, '/') != NULL;
	if (!is_path && strspn(plugin, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(plugin)) {
		read_fault(r, setting_line(s),
			   "%s: plugin: found \"%.80s\", expected a name of a-z, 0-9, _ and -, or a path", where,
			   plugin);
		return NULL;
	}
	char *path = is_path ? text_path(r->arena, r->source.file, plugin)
			     : arena_print(r->arena, "%s/%s.so", places->plugin_dir, plugin);
	struct stat st;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	read_fault(r, setting_line(s), "%s: plugin: found \"%.80s\", expected a file %s, which is not there%s", where,
		   plugin, path, is_path ? "" : suggest_file(r->arena, places->plugin_dir, ".so", plugin));
	return NULL;
}

/* Not in a file: what the configuration describes. */
#define GENERIC "generic"

static void read_described(struct reader *r, setting *group, const char *where, const struct config_places *places,
			   struct config_device *device)
{
	static const char *const unused[] = {"model", "options"};
	if (!read_member(group, "definition")) {
		read_fault(r, setting_line(group),
			   "%s: definition is missing, expected it with plugin = \"" GENERIC "\": a name like "
			   "\"esphome_switch\", or a group { kind = ...; }",
			   where);
		return;
	}
	for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
		if (read_member(group, unused[i]))
			read_fault(r, setting_line(read_member(group, unused[i])),
				   "%s: %s: expected none with plugin = \"" GENERIC "\": a definition is one device",
				   where, unused[i]);
	const char *name = device->link && device->address.kind == LINK_MQTT ? device->address.place : NULL;
	device->definition = definition_section(r, group, where, name, places);
}

/* ---- options ---- */

static void read_options(struct reader *r, setting *group, const char *where, struct config_device *device)
{
	setting *options = read_group(r, group, where, "options");
	if (!options || !setting_length(options))
		return;
	device->options = arena_new(r->arena, setting_length(options), sizeof *device->options);
	for (size_t i = 0; i < setting_length(options); i++) {
		setting *s = setting_at(options, i);
		struct config_option *option = &device->options[device->n_options++];
		char what[160], found[96];
		snprintf(what, sizeof what, "%s: options: %.60s", where, setting_name(s));
		*option = (struct config_option){.line = setting_line(s)};
		option->key = arena_copy(r->arena, setting_name(s), strlen(setting_name(s)));
		if (setting_number(s, &option->number))
			continue;
		option->is_word = true;
		if (setting_string(s)) {
			option->word = setting_text(r, s, what, TEXT_MAX, "a number or a word in quotes");
			continue;
		}
		setting_describe(s, found, sizeof found);
		read_fault(r, setting_line(s), "%s: found %s, expected a number or a word in quotes", what, found);
	}
}

/* ---- link ---- */

static void read_link(struct reader *r, setting *s, const char *where, const char *written, bool has_broker,
		      struct config_device *device)
{
	char why[256];
	device->link = text_expand(r->arena, written, why);
	if (!device->link)
		read_fault(r, setting_line(s), "%s: link: %s", where, why);
	else if (link_address_parse(device->link, &device->address, why, sizeof why) < 0) {
		read_fault(r, setting_line(s), "%s: link: %s", where, why);
		device->link = NULL;
	} else if (device->address.kind == LINK_MQTT && !has_broker) {
		read_fault(r, setting_line(s),
			   "%s: link: found \"%.200s\", which needs a broker: expected mqtt = { url = ...; }", where,
			   device->link);
	}
}

/* What a serial port is really called: link_address_same asks the file system, which is too slow for each pair. */
static char *real_place(struct arena *arena, const struct config_device *device)
{
	char real[PATH_MAX];
	if (device->link && device->address.kind == LINK_SERIAL && realpath(device->address.place, real))
		return arena_copy(arena, real, strlen(real));
	return device->link ? arena_copy(arena, device->address.place, strlen(device->address.place)) : NULL;
}

static bool share_link(const struct config_device *a, const char *place_a, const struct config_device *b,
		       const char *place_b)
{
	if (!place_a || !place_b || a->address.kind != b->address.kind)
		return false;
	if (a->address.kind == LINK_SERIAL && strcmp(place_a, place_b) != 0)
		return false;
	return link_address_same(&a->address, &b->address);
}

static void check_links(struct reader *r, setting *list, const struct config *config)
{
	char **places = arena_new(r->arena, config->n_devices, sizeof *places);
	for (size_t i = 0; i < config->n_devices; i++)
		places[i] = real_place(r->arena, &config->devices[i]);
	for (size_t i = 1; i < config->n_devices; i++)
		for (size_t k = 0; k < i; k++) {
			const struct config_device *a = &config->devices[k], *b = &config->devices[i];
			if (!share_link(a, places[k], b, places[i]))
				continue;
			read_fault(r, setting_line(read_member(setting_at(list, i), "link")),
				   "device \"%s\": link: found \"%.200s\", which device \"%s\" (line %u) has already: "
				   "expected "
				   "one device on each",
				   b->id ? b->id : "", b->link, a->id ? a->id : "", a->line);
			break;
		}
}

/* ---- the section ---- */

static char *default_name(struct arena *arena, const char *id)
{
	char *name = arena_copy(arena, id, strlen(id));
	name[0] = (char)toupper((unsigned char)name[0]);
	return name;
}

static void read_device(struct reader *r, setting *group, size_t i, const struct config_places *places,
			const struct config_mqtt *mqtt, struct list *figures, struct config_device *device)
{
	char where[80];
	setting *id = read_member(group, "id");
	if (id && setting_string(id))
		snprintf(where, sizeof where, "device \"%.48s\"", setting_string(id));
	else
		snprintf(where, sizeof where, "devices[%zu]", i);
	struct device_fields in = {.test_before_session = true, .heats_when_powered = true};
	read_fields(r, group, where, fields, sizeof fields / sizeof *fields, &in);
	*device = (struct config_device){
	    .id = in.id,
	    .name = in.name ? in.name : default_name(r->arena, in.id ? in.id : ""),
	    .plugin = in.plugin,
	    .model = in.model ? in.model : arena_copy(r->arena, "", 0),
	    .accept_no_device_timer = in.accept_no_device_timer,
	    .test_before_session = in.test_before_session,
	    .heats_when_powered = in.heats_when_powered,
	    .says_heats_when_powered = read_member(group, "heats_when_powered") != NULL,
	    .clear_retained_commands = in.clear_retained_commands,
	    .file = r->source.file,
	    .line = setting_line(group),
	};
	if (in.id)
		check_id(r, id, where, in.id);
	program_group(r, group, where, in.exec, device);
	if (in.link)
		read_link(r, read_member(group, "link"), where, in.link, mqtt->enabled, device);
	if (in.plugin && strcmp(in.plugin, GENERIC) == 0)
		read_described(r, group, where, places, device);
	else if (read_member(group, "definition"))
		read_fault(r, setting_line(read_member(group, "definition")),
			   "%s: definition: expected it with plugin = \"" GENERIC "\" only", where);
	else if (in.plugin)
		device->plugin_path = read_plugin(r, read_member(group, "plugin"), where, in.plugin, places);
	if (in.clear_retained_commands && device->link && device->address.kind != LINK_MQTT)
		read_fault(
		    r, setting_line(read_member(group, "clear_retained_commands")),
		    "%s: clear_retained_commands: found true with link \"%.200s\", expected it where the link is "
		    "\"mqtt:name\": only a broker keeps commands",
		    where, device->link);
	device->has_account = account_section(r, group, where, mqtt->url, &device->account);
	if (device->has_account && device->link && device->address.kind != LINK_MQTT)
		read_fault(r, setting_line(read_member(group, "account")),
			   "%s: account: found one with link \"%.200s\", expected it where the link is \"mqtt:name\": "
			   "no other "
			   "device is known to the broker",
			   where, device->link);
	bind_key_member(r, group, where, device);
	read_options(r, group, where, device);
	figures_group(r, group, where, in.id, figures);
	device->process = in.process;
	device->process_line = in.process ? setting_line(read_member(group, "process")) : 0;
	device->cutoff = in.cutoff;
	device->cutoff_line = in.cutoff ? setting_line(read_member(group, "cutoff")) : 0;
}

/* Whether the device has such a control, its plugin knows; that there is such a device is seen here. */
static void check_cutoffs(struct reader *r, const struct config *config)
{
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i], *upstream = NULL;
		const char *dot = d->cutoff ? strchr(d->cutoff, '.') : NULL;
		for (size_t k = 0; dot && k < config->n_devices && !upstream; k++) {
			const char *id = config->devices[k].id;
			if (id && strlen(id) == (size_t)(dot - d->cutoff) && memcmp(id, d->cutoff, strlen(id)) == 0)
				upstream = &config->devices[k];
		}
		if (d->cutoff && (!upstream || upstream == d || !id_valid(dot + 1)))
			read_fault(r, d->cutoff_line,
				   "device \"%s\": cutoff: found \"%.80s\", expected a control of another device, like "
				   "\"plug.power\"",
				   d->id ? d->id : "", d->cutoff);
	}
}

static void check_ids(struct reader *r, const struct config *config)
{
	struct named *names = arena_new(r->arena, config->n_devices, sizeof *names);
	for (size_t i = 0; i < config->n_devices; i++) {
		const struct config_device *d = &config->devices[i];
		names[i] = (struct named){.name = d->id, .file = d->file, .line = d->line};
	}
	check_names(r->arena, r->faults, names, config->n_devices, "device");
}

void devices_section(struct reader *r, setting *root, const struct config_places *places, struct list *figures,
		     struct config *config)
{
	setting *list = read_list(r, root, "", "devices", "a list ( ... ) of groups { ... }");
	size_t n = list ? setting_length(list) : 0;
	if (n > DEVICES_MAX) {
		read_fault(r, setting_line(list), "devices: found %zu, expected at most %u", n, DEVICES_MAX);
		return;
	}
	config->devices = arena_new(r->arena, n, sizeof *config->devices);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		config->n_devices++;
		if (setting_is_group(s)) {
			read_device(r, s, i, places, &config->mqtt, figures, &config->devices[i]);
		} else {
			char found[96];
			setting_describe(s, found, sizeof found);
			read_fault(r, setting_line(s), "devices[%zu]: found %s, expected a group { id = ...; }", i,
				   found);
		}
	}
	check_ids(r, config);
	check_links(r, list, config);
	check_cutoffs(r, config);
	check_processes(r, config);
}
