/* SPDX-License-Identifier: Apache-2.0
 * A device whose plugin is a program: `exec` and `args` of its group. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/sections.h"
#include "config/text.h"

#define ARGS_MAX 64u

static void read_exec(struct reader *r, unsigned line, const char *where, const char *exec,
		      struct config_device *device)
{
	if (!strchr(exec, '/')) { /* no search along PATH: what runs here is what is written here */
		read_fault(r, line, "%s: exec: found \"%.80s\", expected a path with a slash", where, exec);
		return;
	}
	char *path = text_path(r->arena, r->source.file, exec);
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		read_fault(r, line, "%s: exec: found \"%.80s\", expected a file %s, which is not there", where, exec,
			   path);
	else if (access(path, X_OK) != 0)
		read_fault(r, line,
			   "%s: exec: found \"%.80s\", which may not be executed, expected a program: chmod +x %s",
			   where, exec, path);
	else
		device->program = path;
}

static void read_args(struct reader *r, setting *args, const char *where, struct config_device *device)
{
	char what[120];
	size_t n = setting_length(args);
	if (n > ARGS_MAX) {
		read_fault(r, setting_line(args), "%s: args: found %zu, expected at most %u", where, n, ARGS_MAX);
		return;
	}
	snprintf(what, sizeof what, "%s: args", where);
	device->program_args = arena_new(r->arena, n, sizeof *device->program_args);
	device->n_program_args = n;
	for (size_t i = 0; i < n; i++)
		device->program_args[i] = setting_text(r, setting_at(args, i), what, PATH_BYTES, "texts in quotes");
}

void program_group(struct reader *r, setting *group, const char *where, const char *exec, struct config_device *device)
{
	setting *said = read_member(group, "exec"), *plugin = read_member(group, "plugin");
	setting *args = read_list(r, group, where, "args", "a list [ \"...\" ] of texts");
	if (said && plugin)
		read_fault(
		    r, setting_line(said),
		    "%s: exec: found beside plugin (line %u), expected one of them: what is loaded, or what is run",
		    where, setting_line(plugin));
	else if (!said && !plugin)
		read_fault(
		    r, setting_line(group),
		    "%s: plugin is missing, expected a plugin like \"heat_pad\", or exec = \"/path/of/a/program\"",
		    where);
	if (exec)
		read_exec(r, setting_line(said), where, exec, device);
	if (args && !said)
		read_fault(r, setting_line(args), "%s: args: found without exec, expected it beside exec only", where);
	if (args)
		read_args(r, args, where, device);
}
