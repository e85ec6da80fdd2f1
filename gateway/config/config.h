/* SPDX-License-Identifier: Apache-2.0
 *
 * config - the configuration file as plain structs. Only read.c sees libconfig. Everything that can be checked without
 * a device or a plugin is checked here; then it is const. Start-up only, one thread, allocates.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/core.h"
#include "link/address.h"

struct config_option {
	char *key;
	bool is_word;
	double number;
	char *word; /* NULL for a number */
	unsigned line;
};

struct config_device {
	char *id;
	char *name;        /* for people; the id with a capital letter unless given */
	char *plugin;      /* as written: a name, or a path with a slash */
	char *plugin_path; /* the shared object */
	char *model;       /* "" if not given */
	char *link;        /* after ${NAME} was replaced */
	struct link_address address;
	bool accept_no_device_timer;
	struct config_option *options;
	size_t n_options;
	const char *file;
	unsigned line;
};

struct config_mqtt {
	bool enabled; /* false if the file has no mqtt section: the gateway then only guards */
	char *url, *username, *password, *ca_file; /* NULL where not given */
	unsigned keep_alive_s;
	char *discovery_prefix; /* "homeassistant"; "" switches discovery off */
	size_t queue;           /* readings kept while the broker is away */
};

struct config {
	char *file;
	char *gateway_id;
	enum log_level log_level;
	uint64_t lease_ms, renew_ms, deadline_ms; /* 1000, 250, 1000 */
	uint64_t quiet_ms; /* a resting device's readings go on at most this often: 500; 0: always */
	struct config_mqtt mqtt;
	struct config_device *devices;
	size_t n_devices;
	struct core_rule *rules; /* from `rules` and every one of `rule_files` */
	size_t n_rules;
	char **owned_unmonitored;
	size_t n_owned_unmonitored;
};

struct config_places {
	const char *plugin_dir;    /* where plugin names are looked up */
	const char *default_rules; /* read when the file names no rules at all */
};

/* Reads `path`. Every fault is added to `faults`; then -1 is returned and *out is untouched. The caller frees. */
int config_load(const char *path, const struct config_places *places, struct config **out, struct faults *faults);
void config_free(struct config *config);

#endif
