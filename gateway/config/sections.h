/* SPDX-License-Identifier: Apache-2.0
 * The sections of the configuration file, each read by a file of its own. Each adds its faults and fills its part of
 * the configuration as far as it can be read; the caller asks for faults once, at the end. */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/read.h"

#define DEVICES_MAX 4096u /* four times what a gateway is meant for */
#define RULES_MAX   10000u
#define LIMITS_MAX  1000u
#define DERIVED_MAX 1000u
#define TEXT_MAX    256u  /* bytes of names and reasons with the NUL: Home Assistant shows at most 255 characters */
#define PATH_BYTES  4096u /* of paths, links and URLs */

/* Items of one type in the arena. */
struct list {
	void *items;
	size_t n, cap;
};
/* Room for one more item of `size` bytes, zeroed. */
void *list_add(struct arena *arena, struct list *list, size_t size);

/* mqtt = { ... }; `out` has the defaults of a missing section and is left so if there is none. */
void mqtt_section(struct reader *r, setting *root, struct config_mqtt *out);

/* page = { ... }; left as it is if there is none. */
void page_section(struct reader *r, setting *root, struct config_page *out);

/* history = { ... }; left as it is if there is none. */
void history_section(struct reader *r, setting *root, struct config_history *out);

/* devices = ( ... ); */
void devices_section(struct reader *r, setting *root, const struct config_places *places, struct list *figures,
		     struct config *config);

/* `exec` and `args` of a device's group, `exec` as written or NULL; a device has either that or a plugin. */
void program_group(struct reader *r, setting *group, const char *where, const char *exec, struct config_device *device);

/* Faults of those devices that name a `process`. */
void check_processes(struct reader *r, const struct config *config);

/* bind_key_file of a device's group, whose link was read. */
void bind_key_member(struct reader *r, setting *group, const char *where, struct config_device *device);

/* What rule files set, gathered over all of them. */
struct rule_lists {
	struct list rules, limits, conditions, derived, invariants; /* core_rule, core_limit, ..., config_invariant */
};

/* rules = ( ... ); of one file, appended to those of the files before. */
void rules_section(struct reader *r, setting *root, struct list *rules);
/* limits, conditions, derived and invariants of one file. `limits` of the main file is something else: figures. */
void limits_section(struct reader *r, setting *root, struct list *limits);
void conditions_section(struct reader *r, setting *root, struct list *conditions);
void derived_section(struct reader *r, setting *root, struct list *derived);
void invariants_section(struct reader *r, setting *root, struct list *invariants);
/* Member `i` of the list `key`, for a loop that ends with NULL: at its end, and at more than `max` items, which is a
 * fault. So is a member that is no group; it comes back all the same, to be skipped. */
setting *lists_group(struct reader *r, setting *root, const char *key, const struct list *list, size_t max, size_t i);
/* "rule \"x\"" for fault texts: the kind of thing and its id, or its place in the list. */
void lists_where(setting *group, const char *what, const char *list, size_t i, char out[96]);
/* Texts of a list like permits = [ "kind:heat" ], which may not be empty. False: it is not there or no list. */
bool lists_texts(struct reader *r, setting *group, const char *where, const char *key, const char *expected,
		 const struct core_text **out, size_t *n);

#define FILES_MAX 64u
/* What is read of the files that a setting of the main file names; a directory stands for its files *.cfg, in the order
 * of their names. */
struct files {
	struct reader *r; /* the main file's */
	void *user;
	void (*read)(void *user, const char *path, const struct naming *named); /* once for each file */
	char *real[FILES_MAX]; /* those read so far, by their real paths */
	size_t n_real;
};
/* key = [ "a.cfg", "b.d" ]; seen from the main file's directory. */
void files_named(struct files *f, setting *root, const char *key, const char *expected);
/* `path`, which lives as long as the arena. */
void files_at(struct files *f, const char *path, const struct naming *named);

/* Everything that `rules`, `rule_files` and the rest of this file say, or the shipped rules if it names none. */
void rule_files_section(struct reader *r, setting *root, const struct config_places *places, struct config *config);

/* The plans of the files that `plans` names, or the shipped ones; after figures and profile, which they are held
 * against.
 */
void plans_section(struct reader *r, setting *root, const struct config_places *places, struct config *config);

/* limits = { force = "150 N"; } of a group; `device` NULL: the main file's. Appended to config->figures by the caller.
 */
void figures_group(struct reader *r, setting *group, const char *where, const char *device, struct list *figures);

/* profile = { ... }; */
void profile_section(struct reader *r, setting *root, struct config_profile *out);

/* The file `NAME` with `ending` in `dir` that `name` was probably meant to be: "; did you mean NAME?", else "". */
char *suggest_file(struct arena *arena, const char *dir, const char *ending, const char *name);

/* Tells of names that are there twice, whatever their number, at the later one. */
struct named {
	const char *name, *file;
	unsigned line;
};
void check_names(struct arena *arena, struct faults *faults, const struct named *items, size_t n, const char *what);

#endif
