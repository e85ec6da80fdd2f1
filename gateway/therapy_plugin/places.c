/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/places.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/str.h"

static void place(const char *variable, const char *relative, const char *installed, char *out, size_t size)
{
	char program[512];
	size_t n = sizeof program;
	const char *given = getenv(variable);
	struct str s;
	str_init(&s, out, size);
	char *slash = !given && uv_exepath(program, &n) == 0 ? strrchr(program, '/') : NULL;
	if (given) {
		str_add(&s, "%s", given);
		return;
	}
	if (slash)
		str_add(&s, "%.*s/%s", (int)(slash - program), program, relative);
	if (s.len > 0 && !s.overflow && access(out, R_OK) == 0)
		return;
	str_init(&s, out, size);
	str_add(&s, "%s", installed);
}

static void add_folder(struct places *places, const char *folder, const char *end)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		size_t size = strlen(name), tail = strlen(end);
		char path[1024];
		struct str s;
		str_init(&s, path, sizeof path);
		str_add(&s, "%s/%s", folder, name);
		if (size > tail && strcmp(name + size - tail, end) == 0 && name[0] != '.' && !s.overflow &&
		    places->n < PLACES_MAX) {
			char *copy = strdup(path);
			if (copy)
				places->paths[places->n++] = copy;
		}
		free(names[i]);
	}
	free(names);
}

void places_find(struct places *out)
{
	*out = (struct places){0};
	/* build/<preset>/gateway/therapy_plugin/therapy-plugin */
	place("THERAPY_PLUGIN_DIR", "../../plugins", THERAPY_PLUGIN_DIR, out->plugins, sizeof out->plugins);
	place("THERAPY_DEFINITIONS", "../../../../etc/devices.d", THERAPY_DEFINITIONS, out->definitions,
	      sizeof out->definitions);
	place("THERAPY_RULES", "../../../../etc/rules.d", THERAPY_RULES, out->rules, sizeof out->rules);
	add_folder(out, out->plugins, ".so");
	add_folder(out, out->definitions, ".cfg");
}

void places_release(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->paths[i]);
	places->n = 0;
}
