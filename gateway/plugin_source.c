/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin_source.h"

#include <uv.h>

bool plugin_source_start(struct plugin_source *source, const Therapy__V1__Setup *setup, void (*waiting)(void *user),
			 void *user, struct str *why)
{
	if (!*setup->program)
		return true;
	struct program_config config = {.path = setup->program,
					.args = setup->program_args,
					.n_args = setup->n_program_args,
					.waiting = waiting,
					.user = user};
	return program_start(&config, &source->program, why) == 0;
}

static int open_definition(struct plugin_source *source, const Therapy__V1__Definition *definition, char *text,
			   size_t text_size)
{
	source->generic = generic_new(definition);
	if (!source->generic)
		return UV_ENOMEM;
	return plugin_table_open(generic_plugin(source->generic), "its definition", &source->file, text, text_size);
}

bool plugin_source_open(struct plugin_source *source, const Therapy__V1__Setup *setup, struct str *why)
{
	char text[1024] = "";
	int rc;
	if (source->program)
		rc = plugin_table_open(program_plugin(source->program), setup->program, &source->file, text,
				       sizeof text);
	else if (setup->definition)
		rc = open_definition(source, setup->definition, text, sizeof text);
	else
		rc = plugin_file_open(setup->plugin_path, &source->file, text, sizeof text);
	if (rc != 0)
		str_add(why, "%s", text[0] ? text : uv_strerror(rc));
	return rc == 0;
}

void plugin_source_close(struct plugin_source *source)
{
	plugin_file_close(source->file);
	generic_free(source->generic);
	program_free(source->program);
}
