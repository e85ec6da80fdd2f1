/* SPDX-License-Identifier: Apache-2.0
 *
 * plugin_file - loads one plugin, checks its tables and normalises them to the structs this program was built with, so
 * that a plugin built against an older header of the same abi keeps working. In device processes only; one thread.
 */
#ifndef DEVICE_PLUGIN_FILE_H
#define DEVICE_PLUGIN_FILE_H

#include <stddef.h>

#include "therapy/plugin.h"

struct plugin_file;

/* Loads the shared object at `path`. On failure returns a negative UV_E* code and puts one sentence per fault, each on
 * a line, into `why`: what was expected, what was found, in which row. *out is then untouched. */
int plugin_file_open(const char *path, struct plugin_file **out, char *why, size_t why_size);
/* Checks a table that is already in memory (tests, and the file's own). `where` names it in the sentences. */
int plugin_table_open(const struct therapy_plugin *plugin, const char *where, struct plugin_file **out, char *why,
		      size_t why_size);
void plugin_file_close(struct plugin_file *file);

/* The normalised table: current sizes, defaults filled in (stale_ms). Lives as long as the file. */
const struct therapy_plugin *plugin_file_plugin(const struct plugin_file *file);
/* The model of that key, or the only one if key is "". NULL if there is none such. */
const struct therapy_model *plugin_file_model(const struct plugin_file *file, const char *key);

#endif
