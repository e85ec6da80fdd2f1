/* SPDX-License-Identifier: Apache-2.0
 * The files of plugins/template, which are in this program (template.S): what a new plugin begins as. */
#ifndef THERAPY_PLUGIN_TEMPLATE_H
#define THERAPY_PLUGIN_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/* In all of them and in their names these two words stand for the plugin, and for nothing else. */
#define TEMPLATE_KEY  "template" /* as it is written in a configuration */
#define TEMPLATE_NAME "Template" /* as people read it */

struct template_file {
	const char *path; /* within the folder */
	const char *begin, *end;
	bool runs; /* it is a program */
};

extern const struct template_file template_files[];
extern const size_t template_n_files;

#endif
