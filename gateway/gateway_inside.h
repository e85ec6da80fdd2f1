/* SPDX-License-Identifier: Apache-2.0
 * What the files of the gateway process's wiring share: gateway.c (life, core, device processes), outward.c (MQTT,
 * journal, control socket), reload.c. Nobody else includes it. */
#ifndef GATEWAY_INSIDE_H
#define GATEWAY_INSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "announced_file.h"
#include "bluez/bluez.h"
#include "config/config.h"
#include "core/core.h"
#include "desk.h"
#include "kept_commands.h"
#include "kept_settings.h"
#include "logbook.h"
#include "loop/boot_timer.h"
#include "loop/watchdog.h"
#include "memory_keeper.h"
#include "mqtt/outlet.h"
#include "person.h"
#include "promises.h"
#include "prove.h"
#include "setup.h"
#include "supervisor/process.h"

enum stage { DESCRIBING, CHECKED, RUNNING, CLOSING };

struct seat { /* one configured device */
	struct gateway *gateway;
	uint16_t index;
	struct process *process;
	bool answered;
	bool present;
	bool releasing;     /* somebody lets it go, and its process is at it */
	uint32_t unwritten; /* settings, by row, whose process waits until they are on disk */
};

struct gateway {
	uv_loop_t loop;
	const char *path; /* of the configuration */
	struct config *config;
	struct config *started_with; /* if there was a reload: the device processes' setup is made of it */
	struct faults faults;
	char program[512];
	bool only_check, as_json;
	struct prove_wanted *wanted; /* verify: what to prove once the devices are described; NULL: nothing */
	enum stage stage;
	uint64_t rest_by_ms;    /* CLOSING: devices have until then to come to rest; 0: it never ran */
	bool processes_closing; /* CLOSING, and they have lost their wires */
	bool last_write;        /* CLOSING, and what is remembered is being written for the last time */
	struct setup *setup;
	struct bluez *bluez; /* if a device has a ble: link */
	struct seat *seats;
	size_t n_seats, awaited, to_close;
	const Therapy__V1__DeviceDescription **descriptions;
	struct kept_commands *kept; /* of each seat: what the broker keeps for it */
	struct kept_settings settings;
	bool alone;                             /* no other gateway drives what is behind the broker */
	Therapy__V1__DeviceCounters **counters; /* of each seat, while a status is packed */
	struct core *core;
	struct promises *promises;
	struct outlet *outlet;
	struct announced_file announced;
	struct desk *desk; /* journal and control socket, while it runs */
	struct logbook *logbook;
	struct page *page; /* if there is a page section */
	void (*outward_closed)(struct gateway *g);
	struct memory_keeper *memory;
	struct adjusting *adjusting; /* what calibrations found, and a running one */
	struct person person;
	struct boot_timer timer;
	uv_timer_t tick;
	uv_signal_t interrupt, terminate, hangup;
	struct watchdog watchdog;
	int status;
	bool anew;            /* it ends to begin again */
	uint64_t refusals_ms; /* the minute in which so many requests were refused */
	unsigned refusals;
};

/* ---- gateway.c ---- */
/* One step of the core, and all that follows from it. Not from within an output of another step. */
void gateway_feed(struct gateway *g, uint64_t now_ms, const struct core_input *input);
/* The core of this configuration over the devices that described themselves. 0, or -1 with faults. */
int gateway_compile(const struct gateway *g, const struct config *config, struct core **out, struct faults *faults);
/* While everything comes to rest the core goes on to look and to order: whoever stops meanwhile is obeyed, and what is
 * written last is when it was. After that nothing is taken: it would be forgotten. */
bool gateway_listens(const struct gateway *g);
/* Whose profile it is from now on, which lives as long; `denies` as in person.h. Told to the core at once. */
void gateway_set_person(struct gateway *g, const struct config_profile *profile, const bool *denies);
/* What the person's profile says now, to the core. */
void gateway_feed_person(struct gateway *g, uint64_t now_ms);

/* ---- processes.c ---- */
/* Starts the device processes; each seat gets its side of one. `callbacks` with the seat as `user`. 0 or a negative
 * UV_E* code: then some may run. */
int processes_start(struct gateway *g, const struct process_callbacks *callbacks);

/* ---- ending.c ---- */
/* Brings everything to rest and ends; once is enough. */
void ending_begin(struct gateway *g);
/* The same, and then this program starts anew with the configuration as it is then. */
void ending_begin_anew(struct gateway *g);
/* Something may have come to rest. */
void ending_look(struct gateway *g);
/* For the memory's keeper: it is closed. */
void ending_memory_closed(void *gateway);

/* ---- outward.c ---- */
/* 0, or a negative UV_E* code, logged. */
int outward_open(struct gateway *g);
/* A device's readings or presence changed, or what is known of it otherwise. */
void outward_touched(struct gateway *g, uint16_t device);
/* One output of the step that the core has just made. */
void outward_core(struct gateway *g, uint64_t now_ms, const struct core_output *output);
/* Closes what there is, then calls `closed`. */
void outward_close(struct gateway *g, void (*closed)(struct gateway *g));

/* ---- settings.c ---- */
/* For the memory's keeper. */
void settings_found(void *gateway, const Therapy__V1__Memory *memory, bool lost);
void settings_put(void *gateway, Therapy__V1__Memory *head);
void settings_written(void *gateway);
/* From device processes. */
void settings_said(struct seat *seat, const Therapy__V1__SettingState *said);
void settings_released(struct seat *seat, Therapy__V1__ReleaseResult result);
void settings_presence(struct seat *seat, bool present);
/* Its link is let go, or opened: somebody let it go, or another gateway drives it. */
void settings_hold(struct seat *seat);
/* Let `device` go, or take it again. False: refused; `why` says what happens, or why not. */
bool settings_order(struct gateway *g, const char *device, bool takes, char why[CORE_WHY_MAX]);
/* Adds `settings` and `released`. */
void settings_show(const struct gateway *g, uint16_t device, struct json_object *object);

/* ---- reload.c ---- */
/* Reads the configuration anew. False: refused, the old one stays in force; `line` was called for each fault or reason.
 */
bool reload_now(struct gateway *g, void *user, void (*line)(void *user, const char *text));

#endif
