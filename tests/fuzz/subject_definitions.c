/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/definition_file.h"
#include "generic/generic.h"

static struct {
	struct definition_file *file;
	struct generic *generic;
} opened[UINT8_MAX];

static void close_definitions(void)
{
	for (size_t i = 0; i < sizeof opened / sizeof *opened && opened[i].file; i++) {
		generic_free(opened[i].generic);
		definition_file_close(opened[i].file);
	}
}

static const struct therapy_plugin *open_definition(const char *path, size_t i)
{
	struct faults faults = {0};
	if (definition_file_open(path, &opened[i].file, &faults) != 0) {
		faults_print(&faults, stderr);
		exit(2);
	}
	faults_release(&faults);
	opened[i].generic = generic_new(definition_file_get(opened[i].file));
	if (!opened[i].generic)
		abort();
	return generic_plugin(opened[i].generic);
}

const struct therapy_plugin *subject(void)
{
	static struct therapy_model models[UINT8_MAX];
	static struct therapy_plugin all;
	glob_t paths;
	if (all.n_models > 0)
		return &all;
	if (glob(DEFINITIONS "/*.cfg", 0, NULL, &paths) != 0 || paths.gl_pathc > UINT8_MAX) {
		fprintf(stderr, "expected 1 to 255 definitions in %s\n", DEFINITIONS);
		exit(2);
	}
	atexit(close_definitions);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		all = *open_definition(paths.gl_pathv[i], i);
		models[i] = all.models[0];
	}
	all.models = models;
	all.n_models = (uint8_t)paths.gl_pathc;
	globfree(&paths);
	return &all;
}
