/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/open.h"

#include "generic/generic.h"
#include "sandbox/sandbox.h"
#include "therapy_plugin/command.h"

#define WHY_BYTES 16384

struct opening {
	const char *path;
	struct note *note;
	struct plugin_file *file;
	char why[WHY_BYTES];
};

/* What the table of a definition is made of; of none, if there is none. */
static struct generic *generic;

static void build(struct opening *o, const Therapy__V1__Definition *definition)
{
	generic = generic_new(definition);
	if (generic)
		plugin_table_open(generic_plugin(generic), o->path, &o->file, o->why, sizeof o->why);
}

static void load(void *user)
{
	struct opening *o = user;
	o->note->function = NOTE_LOAD;
	atomic_fetch_add(&o->note->calls, 1);
	if (command_definition())
		build(o, command_definition());
	else if (plugin_file_open(o->path, &o->file, o->why, sizeof o->why) != 0)
		o->file = NULL;
	atomic_fetch_add(&o->note->calls, 1);
	o->note->function = NOTE_NONE;
}

bool open_plugin(const char *path, struct note *note, struct plugin_file **out, struct str *why)
{
	static struct opening o;
	/* That of a process that is handed its descriptor: the strictest. */
	const struct sandbox_config sandbox = {
	    .kind = SANDBOX_STREAM, .plugins = &path, .n_plugins = command_definition() ? 0 : 1};
	o = (struct opening){.path = path, .note = note};
	if (sandbox_begin(&sandbox, o.why, sizeof o.why) == 0 &&
	    sandbox_load(&sandbox, load, &o, o.why, sizeof o.why) == 0 && o.file &&
	    sandbox_confine(&sandbox, o.why, sizeof o.why) == 0) {
		*out = o.file;
		return true;
	}
	str_add(why, "%s", o.why);
	return false;
}

void open_close(struct plugin_file *file, struct note *note)
{
	note->about[0] = '\0';
	note->function = NOTE_UNLOAD;
	atomic_fetch_add(&note->calls, 1);
	plugin_file_close(file);
	generic_free(generic);
	generic = NULL;
	atomic_fetch_add(&note->calls, 1);
	note->function = NOTE_NONE;
}
