/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "config/sections.h"
#include "config/text.h"

/* What config_load hands out is the first member; the rest is what it stands on. */
struct owner {
	struct config config;
	struct arena arena;
};

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL}; /* enum log_level's order */

struct gateway_fields {
	char *id, *state_dir, *control_socket;
	unsigned log;
	uint64_t lease, renew, deadline, quiet;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct gateway_fields, key_), __VA_ARGS__                  \
	}
static const struct field gateway_fields[] = {
    FIELD(id, FIELD_ID, .required = true, .expected = "a name of a-z, 0-9, _ and -"),
    FIELD(log, FIELD_WORD, .words = log_levels, .expected = "\"error\", \"warn\", \"info\" or \"debug\""),
    /* Below 300 ms a loaded machine lets leases lapse by itself; above 10 s it is no dead-man. */
    FIELD(lease, FIELD_DURATION, .min = 300, .max = 10000, .expected = "a duration like \"1 s\""),
    FIELD(renew, FIELD_DURATION, .min = 20, .max = 5000, .expected = "a duration like \"250 ms\""),
    FIELD(deadline, FIELD_DURATION, .min = 100, .max = 10000, .expected = "a duration like \"1 s\""),
    FIELD(state_dir, FIELD_TEXT, .max = PATH_BYTES, .expected = "a directory in quotes"),
    /* the kernel's addresses of unix sockets hold 107 bytes */
    FIELD(control_socket, FIELD_TEXT, .max = 108, .expected = "the path of a socket in quotes"),
    FIELD(quiet, FIELD_DURATION, .min = 0, .max = 5000, .expected = "a duration like \"500 ms\", or \"0 ms\""),
};
#undef FIELD

/* enum unit_system's order */
static const char *const unit_systems[] = {"metric", "imperial", NULL};

struct file_fields {
	unsigned units, language;
};

static const struct field file_fields[] = {
    {.key = "gateway", .type = FIELD_OTHER, .required = true, .expected = "a group { id = ...; }"},
    {.key = "mqtt", .type = FIELD_OTHER},
    {.key = "page", .type = FIELD_OTHER},
    {.key = "history", .type = FIELD_OTHER},
    {.key = "devices", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { ... }"},
    {.key = "rules", .type = FIELD_OTHER},
    {.key = "rule_files", .type = FIELD_OTHER},
    {.key = "limits", .type = FIELD_OTHER},
    {.key = "conditions", .type = FIELD_OTHER},
    {.key = "derived", .type = FIELD_OTHER},
    {.key = "invariants", .type = FIELD_OTHER},
    {.key = "profile", .type = FIELD_OTHER},
    {.key = "plans", .type = FIELD_OTHER},
    {.key = "owned_unmonitored", .type = FIELD_OTHER},
    {.key = "units",
     .type = FIELD_WORD,
     .at = offsetof(struct file_fields, units),
     .words = unit_systems,
     .expected = "\"metric\" or \"imperial\""},
    {.key = "language",
     .type = FIELD_WORD,
     .at = offsetof(struct file_fields, language),
     .words = language_codes,
     .expected = "\"en\" or \"de\""},
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void gateway_section(struct reader *r, setting *root, struct config *config)
{
	struct gateway_fields in = {.log = LOG_INFO, .lease = 1000, .renew = 250, .deadline = 1000, .quiet = 500};
	setting *group = read_group(r, root, "", "gateway");
	if (!group)
		return;
	read_fields(r, group, "gateway", gateway_fields, LENGTH(gateway_fields), &in);
	config->gateway_id = in.id;
	config->log_level = (enum log_level)in.log;
	config->lease_ms = in.lease;
	config->renew_ms = in.renew;
	config->deadline_ms = in.deadline;
	config->quiet_ms = in.quiet;
	config->state_dir = in.state_dir ? text_path(r->arena, r->source.file, in.state_dir) : NULL;
	config->control_socket = in.control_socket ? text_path(r->arena, r->source.file, in.control_socket) : NULL;
	if (in.renew * 2 < in.lease)
		return;
	setting *s = read_member(group, "renew");
	if (!s)
		s = read_member(group, "lease");
	read_fault(r, s ? setting_line(s) : setting_line(group),
		   "gateway: renew is %" PRIu64 " ms and lease %" PRIu64
		   " ms, expected renew below half of lease: one lost "
		   "renewal must not end a grant",
		   in.renew, in.lease);
}

/* Kinds of device that the home has, but nothing measures. */
static void owned_section(struct reader *r, setting *root, struct config *config)
{
	const char *expected = "a list like [ \"inversion\" ] of kinds of device";
	setting *list = read_list(r, root, "", "owned_unmonitored", expected);
	if (!list)
		return;
	size_t n = setting_length(list);
	config->owned_unmonitored = arena_new(r->arena, n, sizeof *config->owned_unmonitored);
	struct named *names = arena_new(r->arena, n, sizeof *names);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		char *kind = setting_text(r, s, "owned_unmonitored", ID_MAX, expected);
		if (kind && !id_valid(kind))
			read_fault(r, setting_line(s), "owned_unmonitored: found \"%s\", expected %s", kind, expected);
		else if (kind)
			config->owned_unmonitored[config->n_owned_unmonitored++] = kind;
		names[i] = (struct named){.name = kind, .file = r->source.file, .line = setting_line(s)};
	}
	check_names(r->arena, r->faults, names, n, "owned_unmonitored");
}

static void read_file(struct reader *r, const struct config_places *places, struct config *config)
{
	setting *root = reader_root(r);
	struct file_fields in = {.units = UNIT_METRIC, .language = LANGUAGE_EN};
	read_fields(r, root, "", file_fields, LENGTH(file_fields), &in);
	config->units = (enum unit_system)in.units;
	config->language = (enum language)in.language;
	gateway_section(r, root, config);
	mqtt_section(r, root, &config->mqtt);
	page_section(r, root, &config->page);
	history_section(r, root, &config->history);
	struct list figures = {0};
	figures_group(r, root, "", NULL, &figures);
	devices_section(r, root, places, &figures, config);
	config->figures = figures.items;
	config->n_figures = figures.n;
	profile_section(r, root, &config->profile);
	owned_section(r, root, config);
	rule_files_section(r, root, places, config);
	plans_section(r, root, places, config);
}

int config_load(const char *path, const struct config_places *places, struct config **out, struct faults *faults)
{
	struct arena arena = {0};
	struct reader r;
	size_t before = faults->n;
	struct owner *owner = arena_new(&arena, 1, sizeof *owner);
	owner->config.file = arena_copy(&arena, path, strlen(path));
	owner->config.mqtt = (struct config_mqtt){.keep_alive_s = 10,
						  .queue = 65536,
						  .discovery_prefix = arena_copy(&arena, "homeassistant", 13),
						  .birth_topic = arena_copy(&arena, "homeassistant/status", 20)};
	if (reader_open(&r, &arena, faults, owner->config.file, NULL) == 0) {
		read_file(&r, places, &owner->config);
		reader_close(&r);
	}
	if (faults->n != before) {
		arena_release(&arena);
		return -1;
	}
	owner->arena = arena;
	*out = &owner->config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	struct arena arena = ((struct owner *)config)->arena; /* which holds the owner itself */
	arena_release(&arena);
}
