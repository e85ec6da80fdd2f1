/* SPDX-License-Identifier: Apache-2.0
 * Where the plugins, definitions and rules are that a gateway would find: $THERAPY_PLUGIN_DIR, $THERAPY_DEFINITIONS,
 * $THERAPY_RULES, those of the build tree that this program lies in, or where they were installed. */
#ifndef THERAPY_PLUGIN_PLACES_H
#define THERAPY_PLUGIN_PLACES_H

#include <stddef.h>

enum { PLACES_MAX = 256 };

struct places {
	char *paths[PLACES_MAX]; /* of *.so and *.cfg, by name; owned */
	size_t n;
	char plugins[512], definitions[512], rules[512]; /* the folders */
};

void places_find(struct places *out);
void places_release(struct places *places);

#endif
