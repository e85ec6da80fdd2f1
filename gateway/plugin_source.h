/* SPDX-License-Identifier: Apache-2.0
 * Where a device process has its plugin from: a shared object that it loads, a definition, or a program that it starts.
 * Device processes only; start-up. */
#ifndef PLUGIN_SOURCE_H
#define PLUGIN_SOURCE_H

#include <stdbool.h>

#include "base/str.h"
#include "device/plugin_file.h"
#include "generic/generic.h"
#include "program/program.h"
#include "therapy/v1/wire.pb-c.h"

struct plugin_source {
	struct program *program;  /* NULL: the plugin is no program */
	struct generic *generic;  /* NULL: the plugin is no definition */
	struct plugin_file *file; /* its table, checked */
};

/* Starts the program, if the plugin is one: the last moment at which this process may start anything. `waiting` as in
 * program_config. False, and sentences in `why`. */
bool plugin_source_start(struct plugin_source *source, const Therapy__V1__Setup *setup, void (*waiting)(void *user),
			 void *user, struct str *why);
/* Loads, builds or asks, and checks the table: once this process has given up what that does not need (confinement.h).
 * The definition in `setup` stays where it is until the close. False, and sentences in `why`. */
bool plugin_source_open(struct plugin_source *source, const Therapy__V1__Setup *setup, struct str *why);
void plugin_source_close(struct plugin_source *source);

#endif
