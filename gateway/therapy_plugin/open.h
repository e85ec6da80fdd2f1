/* SPDX-License-Identifier: Apache-2.0
 * Loads a plugin in a child that gives away what a device process does: in the sandbox, with a note of it. */
#ifndef THERAPY_PLUGIN_OPEN_H
#define THERAPY_PLUGIN_OPEN_H

#include "base/str.h"
#include "device/plugin_file.h"
#include "kit/note.h"

/* False, and every fault in `why`, a line each. */
bool open_plugin(const char *path, struct note *note, struct plugin_file **out, struct str *why);
/* Unloads it, noted. */
void open_close(struct plugin_file *file, struct note *note);

#endif
