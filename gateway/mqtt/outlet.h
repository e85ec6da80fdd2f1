/* SPDX-License-Identifier: Apache-2.0
 *
 * outlet - what leaves the gateway over MQTT, and the requests that come in. It turns readings into protobuf telemetry,
 * the plugin's tables into Home Assistant discovery, the core's outputs into safety state, results and events. It
 * decides nothing. On the loop's thread; owns the gateway's own broker connection, whose last will is the gateway's
 * availability.
 *
 * The topics are in this folder's README.md.
 *
 * While the broker is away telemetry waits in bounded memory, the oldest dropped and counted. When it is back, what
 * happens then goes first; what waited follows at a bounded pace and is marked as historical.
 */
#ifndef MQTT_OUTLET_H
#define MQTT_OUTLET_H

#include <uv.h>

#include "base/unit.h"
#include "base/language.h"
#include "broker/broker.h"
#include "core/core.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/status.pb-c.h"

struct outlet_config {
	const char *gateway_id;
	const char *version;
	const char *discovery_prefix; /* "homeassistant"; "" or NULL: no discovery */
	const char *birth_topic;      /* "homeassistant/status" */
	struct broker_config broker;  /* will and client id are set by outlet; its strings outlive it */
	const Therapy__V1__DeviceDescription *const *devices; /* outlive the outlet; index = core's device index */
	const char *const *names;                             /* what people call each device; parallel to devices */
	size_t n_devices;
	enum unit_system units; /* of states, discovery, requests and their answers */
	enum language language; /* of names */
	size_t telemetry_queue; /* readings that may wait while the broker is away; 65536 unless 0 */
	uint32_t batch_ms;      /* telemetry is batched for at most this long; 90 unless 0 */
	const uint8_t *schema;  /* FileDescriptorSet; NULL: none */
	size_t schema_size;
	const char *announced;      /* what an earlier run announced, as it told it; NULL: not known */
	const char *hazards;        /* JSON; NULL: none */
	bool asks_presence;         /* somebody has to say now and then that they are there */
	bool retains_sessions;      /* the broker may keep what is told of sessions: health data */
	const char *const *deadman; /* JSON, parallel to devices; NULL, or NULL for a device: none. All outlive the
				       outlet */
};

struct outlet_event {
	uint64_t sequence;
	const uint8_t *bytes; /* a packed SafetyEvent */
	size_t size;
};

struct json_object;

struct outlet_callbacks {
	void *user;
	/* A request that came in. The strings are valid in the callback. `reply` says where its result goes and must be
	 * given back to outlet_result in the same call. */
	void (*request)(void *user, const struct core_request *request);
	/* Asked when permissions are published: the core's view of one control. */
	void (*permission)(void *user, uint16_t device, uint16_t control, struct core_permission *out);
	/* Asked when status is published: fill what the outlet does not know (per device counters, respawns, ...). */
	void (*status)(void *user, Therapy__V1__GatewayStatus *status);
	/* The first event after that number which waits to be delivered. False: there is none. NULL: no events. */
	bool (*event)(void *user, uint64_t after, struct outlet_event *out);
	/* The number that the next event will have: upon a connect, what waits below it is history. With `event`. */
	uint64_t (*event_next)(void *user);
	/* The broker has acknowledged it. */
	void (*event_delivered)(void *user, uint64_t sequence);
	/* Adds latches and alarms to what `safety` says. May be NULL. */
	void (*safety)(void *user, struct json_object *root);
	/* The place at the broker is ours: first told with the first connection. False: another gateway of our id has
	 * it, and what else of this one goes to the broker is to leave it alone. May be NULL. */
	void (*alone)(void *user, bool alone);
	/* To be kept for the next run: what the broker keeps for this gateway. May be NULL. */
	void (*announced)(void *user, const char *text);
	/* Is the device put away? May be NULL. */
	bool (*parked)(void *user, uint16_t device);
	/* The explanation of a control as JSON, allocated; NULL: none. May be NULL. */
	char *(*explanation)(void *user, uint16_t device, uint16_t control);
	/* What is shown of the course of therapy, as JSON, allocated; NULL: nothing. May be NULL. */
	char *(*course)(void *user);
	/* Somebody asks for something of it: `what` is the last level of the topic. Goes with `course`. */
	void (*course_asked)(void *user, const char *what, const char *value);
	/* The first finished session after that number that waits to be delivered, packed; and it was. With `course`.
	 */
	bool (*session)(void *user, uint64_t after, struct outlet_event *out);
	void (*session_delivered)(void *user, uint64_t number);
};

struct outlet;

int outlet_new(uv_loop_t *loop, const struct outlet_config *config, const struct outlet_callbacks *callbacks,
	       struct outlet **out);
/* Readings of one device, already accepted by the core; `first_sequence` as the device process counted them. */
void outlet_readings(struct outlet *outlet, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n);
/* The device's link and process are there, or not: its availability. */
void outlet_presence(struct outlet *outlet, uint16_t device, bool present);
bool outlet_is_up(const struct outlet *outlet);
/* The machine on which another gateway with our id runs, which has our place at the broker; NULL: none has. */
const char *outlet_stands_back(const struct outlet *outlet);
/* These facts hold now: told again to all. They outlive the outlet, or the next call. */
void outlet_facts(struct outlet *outlet, const char *hazards, const char *const *deadman, bool asks_presence,
		  enum language language);
/* What is shown of the course of therapy may be another. */
void outlet_course(struct outlet *outlet);
/* Something that people act on now, as JSON with an event_type. */
void outlet_course_happened(struct outlet *outlet, const char *text);
/* There may be sessions to fetch. */
void outlet_sessions(struct outlet *outlet);
/* What the broker may keep of sessions goes: it was of somebody who was erased. */
void outlet_sessions_forget(struct outlet *outlet);
/* There may be events to fetch. */
void outlet_events(struct outlet *outlet);
/* One output of the core: RESULT and CHANGED are published, EVENT makes `safety` due; LEASE and REST are none of its
 * business. A RESULT answers the request whose callback is running. */
void outlet_core(struct outlet *outlet, const struct core_output *output);
/* Publishes `offline`, disconnects, frees, then calls `closed`. */
void outlet_close(struct outlet *outlet, void (*closed)(void *user), void *user);

#endif
