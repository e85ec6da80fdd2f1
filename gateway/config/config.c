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
	char *id;
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
    FIELD(quiet, FIELD_DURATION, .min = 0, .max = 5000, .expected = "a duration like \"500 ms\", or \"0 ms\""),
};
#undef FIELD

static const struct field file_fields[] = {
    {.key = "gateway", .type = FIELD_OTHER, .required = true, .expected = "a group { id = ...; }"},
    {.key = "mqtt", .type = FIELD_OTHER},
    {.key = "devices", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { ... }"},
    {.key = "rules", .type = FIELD_OTHER},
    {.key = "rule_files", .type = FIELD_OTHER},
    {.key = "owned_unmonitored", .type = FIELD_OTHER},
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

#define RULE_FILES_MAX 64u

static void rule_files(struct reader *r, setting *root, struct rule_list *rules)
{
	setting *list = read_list(r, root, "", "rule_files", "a list like [ \"rules.cfg\" ] of files");
	size_t n = list ? setting_length(list) : 0;
	struct named *names = arena_new(r->arena, n, sizeof *names);
	if (n > RULE_FILES_MAX) {
		read_fault(r, setting_line(list), "rule_files: found %zu, expected at most %u", n, RULE_FILES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		const struct naming named = {.file = r->source.file, .line = setting_line(s), .what = "rule_files:"};
		char *name = setting_text(r, s, "rule_files", PATH_BYTES, "the name of a file in quotes");
		if (!name)
			continue;
		char *path = text_path(r->arena, r->source.file, name);
		bool again = false;
		char *real = realpath(path, NULL);
		for (size_t k = 0; real && k < i && !again; k++)
			again = names[k].name && strcmp(names[k].name, real) == 0;
		if (real)
			names[i].name = arena_copy(r->arena, real, strlen(real));
		free(real);
		if (again)
			read_fault(r, named.line, "rule_files: %s is named twice, expected once", path);
		else
			rules_file(r->arena, r->faults, path, &named, rules);
	}
}

/* `rules`, every one of `rule_files`, or, if the file names neither, the shipped ones. */
static void all_rules(struct reader *r, setting *root, const struct config_places *places, struct config *config)
{
	struct rule_list rules = {0};
	size_t faults = r->faults->n;
	setting *inline_rules = read_member(root, "rules"), *files = read_member(root, "rule_files");
	if (inline_rules)
		rules_section(r, root, &rules);
	if (files)
		rule_files(r, root, &rules);
	if (!inline_rules && !files) {
		const struct naming named = {
		    .file = r->source.file, .line = 1, .what = "names no rules, and the shipped ones,"};
		const char *path = places->default_rules ? places->default_rules : "(none)";
		rules_file(r->arena, r->faults, arena_copy(r->arena, path, strlen(path)), &named, &rules);
	} else if (!rules.n && r->faults->n == faults) {
		read_fault(
		    r, setting_line(inline_rules ? inline_rules : files),
		    "found no rule at all, expected one or more, or neither rules nor rule_files for the shipped ones");
	}
	struct named *names = arena_new(r->arena, rules.n, sizeof *names);
	for (size_t i = 0; i < rules.n; i++)
		names[i] = (struct named){rules.items[i].id, rules.items[i].file, rules.items[i].line};
	check_names(r->arena, r->faults, names, rules.n, "rule");
	config->rules = rules.items;
	config->n_rules = rules.n;
}

static void read_file(struct reader *r, const struct config_places *places, struct config *config)
{
	setting *root = reader_root(r);
	read_fields(r, root, "", file_fields, LENGTH(file_fields), NULL);
	gateway_section(r, root, config);
	mqtt_section(r, root, &config->mqtt);
	devices_section(r, root, places, config);
	owned_section(r, root, config);
	all_rules(r, root, places, config);
}

int config_load(const char *path, const struct config_places *places, struct config **out, struct faults *faults)
{
	struct arena arena = {0};
	struct reader r;
	size_t before = faults->n;
	struct owner *owner = arena_new(&arena, 1, sizeof *owner);
	owner->config.file = arena_copy(&arena, path, strlen(path));
	owner->config.mqtt = (struct config_mqtt){
	    .keep_alive_s = 10, .queue = 20000, .discovery_prefix = arena_copy(&arena, "homeassistant", 13)};
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
