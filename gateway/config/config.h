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
#include "base/unit.h"
#include "base/language.h"
#include "core/core.h"
#include "link/address.h"
#include "plan/plan.h"
#include "therapy/v1/definition.pb-c.h"

#define CONFIG_SHARE_MAX 250u /* devices of one process, as device_host.h has it */

struct config_option {
	char *key;
	bool is_word;
	double number;
	char *word; /* NULL for a number */
	unsigned line;
};

/* Who somebody is at the broker; NULL where not given. */
struct config_account {
	char *username, *password, *cert_file, *key_file;
};

struct config_device {
	char *id;
	char *name;        /* for people; the id with a capital letter unless given */
	char *plugin;      /* as written: a name, or a path with a slash; NULL if it is a program */
	char *plugin_path; /* the shared object; NULL if it is a program, or described */
	char *program;     /* the path of the program that is its plugin; NULL if it is none */
	char **program_args;
	size_t n_program_args;
	Therapy__V1__Definition *definition; /* what makes plugin "generic" a device; NULL: nothing does */
	char *model;                         /* "" if not given */
	char *link;                          /* after ${NAME} was replaced */
	struct link_address address;
	bool accept_no_device_timer, test_before_session;
	bool heats_when_powered;      /* false: what hangs on it waits for a hand of its own, so here it is only cut */
	bool says_heats_when_powered; /* the user has answered that */
	bool clear_retained_commands; /* the user consents; only with an mqtt: link */
	bool has_account;             /* of its own at the broker; only with an mqtt: link */
	struct config_account account;
	char *process; /* the device process that it shares with others that name it; NULL: it has one of its own */
	unsigned process_line;
	bool has_bind_key;    /* only with a ble: link */
	uint8_t bind_key[16]; /* a secret */
	char *cutoff;         /* "plug.power", the control upstream that cuts it off; NULL: none */
	unsigned cutoff_line;
	struct config_option *options;
	size_t n_options;
	const char *file;
	unsigned line;
};

/* Which MQTT is spoken with the broker; broker/broker.h has the same. */
enum config_protocol { CONFIG_MQTT_AUTO, CONFIG_MQTT_5, CONFIG_MQTT_311 };

struct config_mqtt {
	bool enabled;        /* false if the file has no mqtt section: the gateway then only guards */
	char *url, *ca_file; /* ca_file NULL: not given */
	struct config_account account;
	enum config_protocol protocol;
	unsigned keep_alive_s;
	char *discovery_prefix; /* "homeassistant"; "" switches discovery off */
	char *birth_topic;      /* "homeassistant/status"; "": nobody is listened to there */
	size_t queue;           /* readings kept while the broker is away */
};

/* The page that the gateway serves to browsers. */
struct config_page {
	bool enabled;  /* false if the file has no page section: then nothing listens */
	char *address; /* numeric, "127.0.0.1" or "::1" */
	unsigned port;
	char *token;   /* what a person logs in with; a secret */
	char *ingress; /* the numeric address of Home Assistant's proxy, which has let people in; or NULL */
	bool stop_needs_login;
	unsigned line;
};

/* "127.0.0.1:8723" or "[::1]:8723". False: it is none. */
#define CONFIG_ADDRESS_MAX 47u /* bytes, with the NUL */
bool config_page_place(const char *text, char address[CONFIG_ADDRESS_MAX], unsigned *port);

/* What becomes of the sessions that people had. */
struct config_history {
	uint64_t keep_ms; /* older ones go; 0: none do */
	bool retain;      /* the broker may keep what is told of sessions: health data */
	bool on_disk;     /* what runs is noted every second beside the history, which costs flash; else in memory */
};

/* Who uses this home's devices, as far as the file says it. What is not given is unknown, and never permits. */
struct config_profile {
	bool has_weight, heat_acknowledged;
	double weight_kg;
	bool has_cleared;
	int64_t cleared_s;    /* when a professional cleared them: the day's start, seconds since 1970 UTC */
	char *cleared_on;     /* as written, "2026-05-01"; NULL: not given */
	char *cleared_by;     /* NULL: not given */
	uint64_t presence_ms; /* presence is to be confirmed this often; 0: not asked for */
	unsigned line;        /* 0: there is no profile */
};

/* "2026-05-01" as days since 1970-01-01. False: it is no day that exists. */
bool config_day(const char *text, int64_t *out);

/* "whenever permitted(kind:heat): all inversion.tilt <= 20 deg"; verify reads it. */
struct config_invariant {
	const char *file;
	struct core_text text;
};

struct config {
	char *file;
	char *gateway_id;
	char *state_dir;      /* where memory is kept; NULL: not given */
	char *control_socket; /* where therapyctl finds the gateway; NULL: not given */
	enum log_level log_level;
	uint64_t lease_ms, renew_ms, deadline_ms; /* 1000, 250, 1000 */
	enum unit_system units;                   /* that people are shown */
	enum language language;                   /* that they are told in */
	uint64_t quiet_ms; /* a resting device's readings go on at most this often: 500; 0: always */
	struct config_mqtt mqtt;
	struct config_page page;
	struct config_history history;
	struct config_device *devices;
	size_t n_devices;
	/* From this file and every one of `rule_files`. */
	struct core_rule *rules;
	size_t n_rules;
	struct core_limit *limits;
	size_t n_limits;
	struct core_condition *conditions;
	size_t n_conditions;
	struct core_derived *derived;
	size_t n_derived;
	struct config_invariant *invariants;
	size_t n_invariants;
	/* From `limits` of this file and of its devices. */
	struct core_figure *figures;
	size_t n_figures;
	struct config_profile profile;
	/* From the files that `plans` names; each passes plan_check. */
	struct plan *plans;
	size_t n_plans;
	char **owned_unmonitored;
	size_t n_owned_unmonitored;
};

struct config_places {
	const char *plugin_dir;    /* where plugin names are looked up */
	const char *definitions;   /* where definitions are looked up */
	const char *default_rules; /* a file or a directory of them; read when the file names no rules at all */
	const char *default_plans; /* the same of plans; NULL, or nothing there: then there are none */
};

/* Reads `path`. Every fault is added to `faults`; then -1 is returned and *out is untouched. The caller frees. */
int config_load(const char *path, const struct config_places *places, struct config **out, struct faults *faults);
void config_free(struct config *config);

#endif
