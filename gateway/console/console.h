/* SPDX-License-Identifier: Apache-2.0
 *
 * console - the control socket that therapyctl talks to: one JSON object a line, each answered by exactly one
 * (docs/control-socket.md). It shows what the core knows and hands requests to it, which go through the same checks as
 * MQTT's; it decides nothing. On the loop's thread.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <json-c/json.h>
#include <uv.h>

#include "base/str.h"
#include "core/core.h"

struct console_event {
	uint64_t sequence;
	const uint8_t *bytes; /* a packed SafetyEvent */
	size_t size;
};

/* A step of a calibration or a tare. */
struct console_adjust {
	bool tare;
	const char *device, *step;
	uint64_t session; /* 0: not given */
	const char *by;   /* who asks, for people; NULL: therapyctl */
};

struct console_callbacks {
	void *user;
	/* The core, brought up to now. Never NULL. */
	const struct core *(*core)(void *user);
	/* A request; its RESULT comes back through console_core within the same call. */
	void (*request)(void *user, const struct core_request *request);
	/* What only the wiring knows of the gateway: version, uptime, broker. */
	void (*status)(void *user, struct json_object *status);
	/* And of a device: its name and model. May be NULL. */
	void (*device)(void *user, uint16_t device, struct json_object *object);
	/* The first event after that number. False: there is none. */
	bool (*event)(void *user, uint64_t after, struct console_event *out);
	/* Reads the configuration anew. False: refused, with one line for each fault, or what else is wrong. */
	bool (*reload)(void *user, struct json_object *lines);
	/* Somebody records that device: console_traffic is to be called with what goes over its link; or nobody does
	 * any more. False: it has no link. */
	bool (*record)(void *user, uint16_t device, bool on);
	/* What its recording begins with, as lines of text; at most CONSOLE_ORIGIN_MAX. May be NULL. */
	void (*origin)(void *user, uint16_t device, struct str *out);
	/* Takes the step and fills in the answer. */
	void (*adjust)(void *user, const struct console_adjust *asked, struct json_object *answer);
	/* Lets the device go, or takes it again. False: refused. `why` in any case. May be NULL. */
	bool (*order)(void *user, const char *device, bool takes, char why[CORE_WHY_MAX]);
	/* An order of sessions and people. True: `answer` is complete; false: console_answer(ticket) brings it, or
	 * nobody waits for it any more. May be NULL. */
	bool (*logbook)(void *user, struct json_object *asked, uint64_t ticket, struct json_object *answer);
};

#define CONSOLE_ORIGIN_MAX 1024u

/* A piece of a device's byte stream or a whole message; valid in the call. */
struct console_traffic {
	uint64_t at_ms; /* CLOCK_BOOTTIME */
	bool sent, retained;
	const char *address; /* of a message; "": bytes */
	const uint8_t *data;
	size_t size;                            /* 0: nothing, but for what is missing */
	uint64_t missing_pieces, missing_bytes; /* before it, that were too much */
};

struct console;

/* 0, or a negative UV_E* code and a sentence. `n_devices`: the core's. */
int console_new(uv_loop_t *loop, const char *path, size_t n_devices, const struct console_callbacks *callbacks,
		struct console **out, char *why, size_t why_size);
/* What comes from the core and the devices; NULL is fine. */
void console_core(struct console *console, const struct core_output *output);
void console_touched(struct console *console, uint16_t device);
void console_event(struct console *console, const struct console_event *event);
void console_traffic(struct console *console, uint16_t device, const struct console_traffic *traffic);
void console_presence(struct console *console, uint16_t device, bool present);
/* What an order that waited comes to; takes it. */
void console_answer(struct console *console, uint64_t ticket, struct json_object *answer);
void console_close(struct console *console, void (*closed)(void *user), void *user);

#endif
