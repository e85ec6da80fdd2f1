/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying comes first, checking second: rows are copied with the lengths that the plugin says it was built with into
 * rows of this program's own length. What the plugin does not have yet is zero. What this program does not know yet
 * must be zero: then the plugin does without it, else it relies on something that would not happen, and is refused.
 * Everything after that sees one layout.
 */
#include "device/plugin_file.h"

#include "device/plugin_check.h"

#include <stdlib.h>
#include <uv.h>

/* No row of this abi grows beyond this; a larger one is garbage, not a newer plugin. */
#define ROW_MAX 4096u

struct plugin_file {
	bool loaded; /* `lib` is to be closed */
	uv_lib_t lib;
	struct therapy_plugin plugin;
	struct therapy_model *models;
	void **tables; /* what the models' and controls' row pointers point to */
	size_t n_tables, max_tables;
	struct plugin_faults *faults; /* while the tables are copied */
};

/* Whether a row of a newer plugin uses what lies behind the end of this program's rows. */
static void check_unknown(struct plugin_faults *f, const char *name, size_t i, const void *row, size_t from_size,
			  size_t to_size)
{
	const unsigned char *bytes = row;
	for (size_t at = to_size; at < from_size; at++)
		if (bytes[at] != 0) {
			plugin_fault(f,
				     "its %s row %zu sets something at byte %zu, and this program knows %zu bytes of "
				     "it: expected a newer gateway, or the plugin built with this one's header",
				     name, i, at, to_size);
			return;
		}
}

/* A copy of `n` rows of `from_size` bytes as rows of `to_size` bytes; owned by the file. NULL rows stay NULL: the check
 * says so. */
static int copy_rows(struct plugin_file *file, const char *name, const void *from, size_t n, size_t from_size,
		     size_t to_size, const void **out)
{
	*out = NULL;
	if (n == 0 || !from)
		return 0;
	unsigned char *rows = calloc(n, to_size);
	if (!rows)
		return UV_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *row = (const unsigned char *)from + i * from_size;
		check_unknown(file->faults, name, i, row, from_size, to_size);
		memcpy(rows + i * to_size, row, from_size < to_size ? from_size : to_size);
	}
	file->tables[file->n_tables++] = rows;
	*out = rows;
	return 0;
}

#define COPY(file, name, rows, n, size)                                                                                \
	copy_rows(file, name, rows, n, size, sizeof *(rows), (const void **)(void *)&(rows))

/* Stale after three intervals, at least 1 s. Without an interval there is none to multiply: the check says so. */
static void fill_stale(struct therapy_metric *metrics, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		uint64_t stale_ms = 3 * (uint64_t)metrics[i].interval_ms;
		if (metrics[i].stale_ms != 0 || stale_ms == 0)
			continue;
		stale_ms = stale_ms > 1000 ? stale_ms : 1000;
		metrics[i].stale_ms = stale_ms < UINT32_MAX ? (uint32_t)stale_ms : UINT32_MAX;
	}
}

/* For an index, zero is a row: what an older plugin does not name is none. */
static void fill_measures(struct therapy_control *controls, uint8_t n, uint16_t size)
{
	for (uint8_t i = 0; i < n && size <= offsetof(struct therapy_control, measures); i++)
		controls[i].measures = THERAPY_NONE;
}

/* Settings came later than `sizes`, which cannot grow: the model says how long they are. */
static bool setting_size_ok(struct plugin_faults *f, struct therapy_model *m)
{
	uint16_t size = m->setting_size;
	if (size > 0 && size <= ROW_MAX && size % _Alignof(struct therapy_setting) == 0)
		return true;
	plugin_fault(f, "model \"%s\" has setting rows of %u bytes, expected setting_size = sizeof *settings",
		     m->key ? m->key : "", size);
	m->n_settings = 0;
	return false;
}

static int copy_model(struct plugin_file *file, struct therapy_model *m, const struct therapy_sizes *sizes)
{
	int rc = COPY(file, "metric", m->metrics, m->n_metrics, sizes->metric);
	if (rc == 0 && m->metrics)
		fill_stale(file->tables[file->n_tables - 1], m->n_metrics);
	if (rc == 0)
		rc = COPY(file, "verb", m->verbs, m->n_verbs, sizes->verb);
	if (rc == 0)
		rc = COPY(file, "channel", m->channels, m->n_channels, sizes->channel);
	if (rc == 0)
		rc = COPY(file, "poll", m->polls, m->n_polls, sizes->poll);
	if (rc == 0)
		rc = COPY(file, "option", m->options, m->n_options, sizes->option);
	if (rc == 0 && m->n_settings > 0 && setting_size_ok(file->faults, m))
		rc = COPY(file, "setting", m->settings, m->n_settings, m->setting_size);
	m->setting_size = m->n_settings > 0 ? sizeof *m->settings : 0;
	const void *rows = NULL;
	if (rc == 0)
		rc = copy_rows(file, "control", m->controls, m->n_controls, sizes->control, sizeof *m->controls, &rows);
	struct therapy_control *controls = rows ? file->tables[file->n_tables - 1] : NULL;
	m->controls = controls;
	if (controls)
		fill_measures(controls, m->n_controls, sizes->control);
	for (uint8_t i = 0; controls && rc == 0 && i < m->n_controls; i++) {
		rc = COPY(file, "step", controls[i].rest, controls[i].n_rest, sizes->step);
		if (rc == 0)
			rc = COPY(file, "step", controls[i].stop, controls[i].n_stop, sizes->step);
	}
	return rc;
}

/* 8 tables per model and 2 per control; what a model counts is known once it is copied. */
static int copy_models(struct plugin_file *file, const struct therapy_plugin *from, const struct therapy_sizes *sizes)
{
	file->models = calloc(from->n_models, sizeof *file->models);
	if (!file->models)
		return UV_ENOMEM;
	size_t tables = 0;
	for (uint8_t i = 0; i < from->n_models; i++) {
		const unsigned char *row = (const unsigned char *)from->models + (size_t)i * sizes->model;
		check_unknown(file->faults, "model", i, row, sizes->model, sizeof *file->models);
		memcpy(&file->models[i], row,
		       sizes->model < sizeof *file->models ? sizes->model : sizeof *file->models);
		tables += 8u + 2u * (size_t)file->models[i].n_controls;
	}
	file->tables = calloc(tables, sizeof *file->tables);
	if (!file->tables)
		return UV_ENOMEM;
	int rc = 0;
	for (uint8_t i = 0; rc == 0 && i < from->n_models; i++)
		rc = copy_model(file, &file->models[i], sizes);
	file->plugin.models = file->models;
	return rc;
}

/* Sizes that no compiler can have made for this abi: rows hold pointers, so they are a multiple of one. */
static void check_sizes(struct plugin_faults *f, const struct therapy_sizes *s)
{
	const struct {
		const char *name;
		uint16_t size;
		size_t align;
	} sizes[] = {
	    {"plugin", s->plugin, _Alignof(struct therapy_plugin)},
	    {"model", s->model, _Alignof(struct therapy_model)},
	    {"metric", s->metric, _Alignof(struct therapy_metric)},
	    {"verb", s->verb, _Alignof(struct therapy_verb)},
	    {"control", s->control, _Alignof(struct therapy_control)},
	    {"step", s->step, _Alignof(struct therapy_step)},
	    {"channel", s->channel, _Alignof(struct therapy_channel)},
	    {"poll", s->poll, _Alignof(struct therapy_poll)},
	    {"option", s->option, _Alignof(struct therapy_option)},
	};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (sizes[i].size == 0 || sizes[i].size > ROW_MAX || sizes[i].size % sizes[i].align != 0)
			plugin_fault(f, "its %s rows have %u bytes, expected THERAPY_SIZES in its table", sizes[i].name,
				     sizes[i].size);
}

static void check_head(struct plugin_faults *f, const struct therapy_plugin *plugin)
{
	if (plugin->abi != THERAPY_ABI) { /* nothing behind it can be trusted */
		plugin_fault(f,
			     "it was built for plugin abi %u, expected %u: build it again with this program's header",
			     plugin->abi, THERAPY_ABI);
		return;
	}
	check_sizes(f, &plugin->sizes);
	size_t least = offsetof(struct therapy_plugin, n_models) + sizeof plugin->n_models;
	if (f->n == 0 && plugin->sizes.plugin < least)
		plugin_fault(f, "its plugin row has %u bytes, expected at least %zu", plugin->sizes.plugin, least);
	if (f->n == 0 && (plugin->n_models == 0 || !plugin->models))
		plugin_fault(f, "it has no models, expected at least one");
}

static int table_into(struct plugin_file *file, const struct therapy_plugin *plugin, const char *where, char *why,
		      size_t why_size)
{
	struct str text;
	str_init(&text, why, why_size);
	struct plugin_faults faults = {.text = &text, .where = where};
	check_head(&faults, plugin);
	if (faults.n > 0)
		return UV_EINVAL;
	memcpy(&file->plugin, plugin, plugin->sizes.plugin < sizeof *plugin ? plugin->sizes.plugin : sizeof *plugin);
	check_unknown(&faults, "plugin", 0, plugin, plugin->sizes.plugin, sizeof *plugin);
	file->faults = &faults;
	int rc = copy_models(file, plugin, &plugin->sizes);
	file->faults = NULL;
	if (rc != 0) {
		str_add(&text, "%s: %s", where, uv_strerror(rc));
		return rc;
	}
	file->plugin.sizes = (struct therapy_sizes)THERAPY_SIZES;
	plugin_check(&faults, &file->plugin);
	return faults.n > 0 ? UV_EINVAL : 0;
}

int plugin_table_open(const struct therapy_plugin *plugin, const char *where, struct plugin_file **out, char *why,
		      size_t why_size)
{
	struct plugin_file *file = calloc(1, sizeof *file);
	if (!file)
		return UV_ENOMEM;
	int rc = table_into(file, plugin, where, why, why_size);
	if (rc == 0)
		*out = file;
	else
		plugin_file_close(file);
	return rc;
}

int plugin_file_open(const char *path, struct plugin_file **out, char *why, size_t why_size)
{
	struct str text;
	str_init(&text, why, why_size);
	if (!strchr(path, '/')) { /* the loader would search the system's library directories for it */
		str_add(&text, "%s: expected a path with a slash", path);
		return UV_EINVAL;
	}
	struct plugin_file *file = calloc(1, sizeof *file);
	if (!file)
		return UV_ENOMEM;
	file->loaded = true; /* even a failed uv_dlopen wants its uv_dlclose: it holds the message */
	int rc = UV_EINVAL;
	void *symbol = NULL;
	if (uv_dlopen(path, &file->lib) != 0)
		str_add(&text, "%s: cannot be loaded, expected a plugin (a shared object): %s", path,
			uv_dlerror(&file->lib));
	else if (uv_dlsym(&file->lib, "therapy_plugin", &symbol) != 0)
		str_add(&text, "%s: has no symbol therapy_plugin, expected the one table that a plugin exports", path);
	else
		rc = table_into(file, symbol, path, why, why_size);
	if (rc == 0)
		*out = file;
	else
		plugin_file_close(file);
	return rc;
}

void plugin_file_close(struct plugin_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->n_tables; i++)
		free(file->tables[i]);
	free(file->tables);
	free(file->models);
	if (file->loaded)
		uv_dlclose(&file->lib);
	free(file);
}

const struct therapy_plugin *plugin_file_plugin(const struct plugin_file *file)
{
	return &file->plugin;
}

const struct therapy_model *plugin_file_model(const struct plugin_file *file, const char *key)
{
	if (key[0] == '\0')
		return file->plugin.n_models == 1 ? &file->models[0] : NULL;
	for (uint8_t i = 0; i < file->plugin.n_models; i++)
		if (strcmp(file->models[i].key, key) == 0)
			return &file->models[i];
	return NULL;
}
