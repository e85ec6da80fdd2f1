/* SPDX-License-Identifier: Apache-2.0
 * What outlet.c, publish.c and receive.c share; nobody else includes it. */
#ifndef MQTT_OUTLET_IMPL_H
#define MQTT_OUTLET_IMPL_H

#include "base/id.h"
#include "mqtt/inbox.h"
#include "mqtt/iso8601.h"
#include "mqtt/namesake.h"
#include "mqtt/outlet.h"
#include "mqtt/safety.h"
#include "mqtt/state.h"
#include "mqtt/telemetry.h"
#include "mqtt/timeliness.h"

#define OUTLET_TOPIC_MAX 256u
#define OUTLET_BASE_MAX  (sizeof "therapy/" + ID_MAX)

/* What a delivery notice is about, in the top byte of its token; the rest is a count. */
enum outlet_token { OUTLET_TELEMETRY = 1, OUTLET_EVENT = 2, OUTLET_ANNOUNCED_ALL = 3, OUTLET_SESSION = 4 };
#define OUTLET_TOKEN(kind, n) ((uint64_t)(kind) << 56 | (uint64_t)(n))

struct outlet_device {
	struct state *state;
	bool present;
	bool presence_due; /* its availability is to be published */
	bool explain_due;  /* so are the explanations of its controls */
	char *diagnostics; /* as they were published last in this connection; NULL: not yet */
};

struct outlet {
	uv_loop_t *loop;
	struct outlet_callbacks callbacks;
	struct broker *broker;               /* NULL: our place there is not taken yet, or another has it */
	struct broker_config broker_config;  /* its strings are the owner's */
	struct namesake *look;               /* NULL: nobody looks */
	struct namesake_card card, namesake; /* ours; the other's, as it was seen last */
	uint64_t up_ms, namesake_ms;         /* when the connection came up; when the other was seen, 0: never */
	unsigned shorts;                     /* connections in a row that did not last */
	bool stands_back, had_place;
	char gateway_id[ID_MAX], base[OUTLET_BASE_MAX], client_id[ID_MAX + 16], boot_id[37];
	char *version, *prefix, *birth_topic; /* prefix NULL: no discovery */
	struct safety_config safety;          /* devices are in it */
	const char **names;
	const char *hazards;
	const char *const *deadman;
	bool asks_presence;
	enum unit_system units;
	enum language language;
	const uint8_t *schema;
	size_t schema_size;
	uint32_t batch_ms;
	uint64_t started_ms, status_ms, reasons_ms, refreshed_ms;
	char started[ISO8601_SIZE];           /* empty until the wall clock could be trusted */
	char *home_state;                     /* as it was published last */
	struct announced *announced, *before; /* what is; what was, or is, and not yet taken back */

	struct telemetry *telemetry;
	uint64_t event_live;    /* events from this number on happened in this connection, those before are history */
	uint64_t event_sent[2]; /* the last that was handed to this connection: of history, of the live ones */
	unsigned history_left;  /* events of history that may leave before the next tick */
	uint64_t happened;      /* the last that was told as JSON */
	struct outlet_device *devices;
	struct core_permission *permissions; /* room for one device's controls */
	struct timeliness timeliness;
	bool safety_due, course_due;
	bool retains_sessions;
	char *course;          /* as it was published last in this connection; NULL: not yet */
	char *people;          /* who could be chosen when that was told last */
	uint64_t session_sent; /* the last that was handed to this connection */
	size_t cursor;         /* next step of announcing, OUTLET_ANNOUNCED: none */

	uv_timer_t tick, batch, soon, announce, place;
	unsigned handles;
	bool closing;
	void (*closed)(void *);
	void *closed_user;

	const struct outlet_request *current; /* the request whose callback is running */
	uint64_t requests, refused;
	uint64_t answers_ms, unanswered; /* refused ones without an id, in the second that began then */
	unsigned answers;
	char down_why[256]; /* why there was no connection the last time, */
	unsigned downs;     /* and how often since there was one */
};

struct outlet_request {
	const struct inbox_request *asked;
	const struct broker_message *message;
};

/* kinds.c: what a message is. STATE is retained JSON that the broker forgets after an hour, NOW what is stale at once.
 */
enum publish_kind {
	PUBLISH_WORD,
	PUBLISH_JSON,
	PUBLISH_STATE,
	PUBLISH_NOW,
	PUBLISH_BATCH,
	PUBLISH_EVENT,
	PUBLISH_STATUS,
	PUBLISH_SESSION,
	PUBLISH_SCHEMA
};
/* As broker_publish. */
int publish_as(struct outlet *outlet, enum publish_kind kind, const char *topic, const void *bytes, size_t size,
	       int qos, bool retained, uint64_t token);
/* 0 also for what was too large for the broker: nothing of it is to be tried again. */
int publish_told(int rc);

/* publish.c: everything that leaves. Each returns 0 or the code of broker_publish. */
int publish_telemetry(void *outlet, uint16_t device, const uint8_t *bytes, size_t size, uint64_t mark);
int publish_state(struct outlet *outlet, uint16_t device);
int publish_presence(struct outlet *outlet, uint16_t device);
int publish_gateway(struct outlet *outlet, bool online);
int publish_explanations(struct outlet *outlet, uint16_t device);
int publish_safety(struct outlet *outlet);
/* Unless it is as it was; `again`: then too. */
int publish_home_state(struct outlet *outlet, bool again);
int publish_status(struct outlet *outlet);
int publish_ping(struct outlet *outlet, uint64_t now_ms);
void publish_events(struct outlet *outlet);
void publish_result(struct outlet *outlet, const struct core_output *result);
const char *publish_device_id(const struct outlet *outlet, uint16_t device);
/* Takes the text; NULL: UV_ENOMEM. */
int publish_text(struct outlet *outlet, enum publish_kind kind, const char *topic, char *text, int qos);
/* "<base>/[<device>/]<what>". Returns `topic`. */
const char *publish_topic(char topic[OUTLET_TOPIC_MAX], const char *base, const char *device, const char *what);

/* course.c: what is told of the course of therapy, and what is asked of it. */
int course_publish(struct outlet *outlet, bool again);
void course_sessions(struct outlet *outlet);
/* Who may choose whose session it is: their names are told live, and no broker keeps them. */
int course_announce(struct outlet *outlet);
bool course_take(struct outlet *outlet, const struct broker_message *message);

/* announce.c: telling all again. `before`: what an earlier run announced, or NULL. */
int announce_open(struct outlet *outlet, const char *before);
void announce_close(struct outlet *outlet);
/* What is announced may be another than before. */
int announce_changed(struct outlet *outlet);
/* The next step: 0 and more to come, 1: done, negative: not now. */
int announce_step(struct outlet *outlet);
/* The broker has it all. */
void announce_acknowledged(struct outlet *outlet);

/* place.c: our place at the broker, which another gateway of our id may have. */
int place_open(struct outlet *outlet);
void place_taken(struct outlet *outlet);
/* Before the connection is tried again. */
void place_lost(struct outlet *outlet);
bool place_asked(struct outlet *outlet, const struct broker_message *message);
/* Another gateway of our id runs: it has the place, or wants it. */
bool place_contested(const struct outlet *outlet);
void place_close(struct outlet *outlet, unsigned wait_ms);

/* outlet.c: the connection came up; it is lost, or was not had; what was published is acknowledged, or not. */
void outlet_up(void *outlet);
void outlet_down(void *outlet, const char *why, uint64_t retry_ms);
void outlet_delivered(void *outlet, uint64_t token, bool ok);
/* One of the handles and connections is closed. */
void outlet_one_closed(struct outlet *outlet);

/* receive.c: what comes in. */
void receive_subscribe(struct outlet *outlet);
void receive_message(void *outlet, const struct broker_message *message);
/* The core's answer to the request whose callback is running. */
void receive_answered(struct outlet *outlet, const struct core_output *result);
/* Tells all again after a delay of `least_ms` and up to `spread_ms` more. */
void outlet_announce(struct outlet *outlet, unsigned least_ms, unsigned spread_ms);
/* Publishes what was touched, in the next turn of the loop. */
void outlet_soon(struct outlet *outlet);

#endif
