/* SPDX-License-Identifier: Apache-2.0
 * The desk: where people ask the gateway and are told. It keeps the journal of events (store/journal.h), from which
 * MQTT takes them, and answers therapyctl on the control socket (console/). Used by gateway.c alone; on the loop's
 * thread. */
#ifndef DESK_H
#define DESK_H

#include <json-c/json.h>
#include <uv.h>

#include "config/config.h"
#include "console/console.h"
#include "core/core.h"
#include "kept_commands.h"
#include "mqtt/outlet.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/wire.pb-c.h"

struct desk;

struct desk_config {
	const struct config *config; /* outlives the desk, but for a reload (desk_reconfigured) */
	const Therapy__V1__DeviceDescription *const *descriptions;
	const struct kept_commands *kept; /* of each, outlives the desk */
	size_t n_devices;                 /* that have a description; the core may have more */
	const char *state;                /* directory in which the journal is kept, copied; NULL: in memory only */
};

struct desk_callbacks {
	void *user;
	const struct core *(*core)(void *user); /* brought up to now */
	void (*request)(void *user, const struct core_request *request);
	bool (*reload)(void *user, struct json_object *lines);
	void (*adjust)(void *user, const struct console_adjust *asked, struct json_object *answer);
	void (*device)(void *user, uint16_t device, struct json_object *object); /* adds what only the wiring knows */
	void (*status)(void *user, struct json_object *status);
	void (*events)(void *user); /* there are events that may leave */
	void (*closed)(void *user);
	/* What goes over that device's link is wanted (desk_traffic), or no more. */
	void (*record)(void *user, uint16_t device, bool on);
	/* Let the device go, or take it again. False: refused. `why` in any case. */
	bool (*order)(void *user, const char *device, bool takes, char why[CORE_WHY_MAX]);
	/* An order of sessions and people, as console.h has it. */
	bool (*logbook)(void *user, struct json_object *asked, uint64_t ticket, struct json_object *answer);
};

/* Where this gateway's control socket is: `control_socket` of the configuration, else $RUNTIME_DIRECTORY/control.sock,
 * else for root /run/therapy-gateway/<id>.sock, else $XDG_RUNTIME_DIR/therapy-gateway/<id>.sock. False: it does not
 * fit, or there is none of them. */
bool desk_socket_place(const char *configured, const char *gateway_id, char *out, size_t cap);

/* 0 or a negative UV_E* code. A control socket that cannot be made is logged and left out: to guard matters more. */
int desk_new(uv_loop_t *loop, const struct desk_config *config, const struct desk_callbacks *callbacks,
	     struct desk **out);
/* One output of the step that `core` has just made. */
void desk_core(struct desk *desk, const struct core *core, uint64_t now_ms, const struct core_output *output);
/* A device's readings or presence changed. */
void desk_touched(struct desk *desk, uint16_t device);
/* Something went over that device's link, or what could not be handed on was counted; for whoever records it. */
void desk_traffic(struct desk *desk, uint16_t device, const Therapy__V1__Traffic *said);
/* Its link and itself are there, or not; for whoever records it. */
void desk_presence(struct desk *desk, uint16_t device, bool present);
void desk_reconfigured(struct desk *desk, const struct config *config);
/* For MQTT: the first event after that number which waits. */
bool desk_event(const struct desk *desk, uint64_t after, struct outlet_event *out);
/* For people: the first after that number that is still known. */
bool desk_event_known(const struct desk *desk, uint64_t after, struct outlet_event *out);
void desk_delivered(struct desk *desk, uint64_t sequence);
/* The number that the next event will have. */
uint64_t desk_event_next(const struct desk *desk);
/* Adds what became of the events. */
void desk_count_events(const struct desk *desk, Therapy__V1__GatewayStatus *status);
/* What an order that waited comes to; takes it. */
void desk_answer(struct desk *desk, uint64_t ticket, struct json_object *answer);
void desk_close(struct desk *desk);

#endif
