/* SPDX-License-Identifier: Apache-2.0
 * The sections of the configuration file, each read by a file of its own. Each adds its faults and fills its part of
 * the configuration as far as it can be read; the caller asks for faults once, at the end. */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/read.h"

#define DEVICES_MAX 4096u /* four times what a gateway is meant for */
#define RULES_MAX   10000u
#define TEXT_MAX    256u  /* bytes of names and reasons with the NUL: Home Assistant shows at most 255 characters */
#define PATH_BYTES  4096u /* of paths, links and URLs */

/* mqtt = { ... }; `out` has the defaults of a missing section and is left so if there is none. */
void mqtt_section(struct reader *r, setting *root, struct config_mqtt *out);

/* devices = ( ... ); */
void devices_section(struct reader *r, setting *root, const struct config_places *places, struct config *config);

/* rules = ( ... ); of one file, appended to those of the files before. */
struct rule_list {
	struct core_rule *items;
	size_t n, cap;
};
void rules_section(struct reader *r, setting *root, struct rule_list *rules);
/* A file of rules: nothing but `rules`. */
void rules_file(struct arena *arena, struct faults *faults, const char *path, const struct naming *named,
		struct rule_list *rules);

/* Tells of names that are there twice, whatever their number, at the later one. */
struct named {
	const char *name, *file;
	unsigned line;
};
void check_names(struct arena *arena, struct faults *faults, const struct named *items, size_t n, const char *what);

#endif
