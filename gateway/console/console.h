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

#include "core/core.h"

struct console_event {
	uint64_t sequence;
	const uint8_t *bytes; /* a packed SafetyEvent */
	size_t size;
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
};

struct console;

/* 0, or a negative UV_E* code and a sentence. `n_devices`: the core's. */
int console_new(uv_loop_t *loop, const char *path, size_t n_devices, const struct console_callbacks *callbacks,
		struct console **out, char *why, size_t why_size);
/* What comes from the core and the devices; NULL is fine. */
void console_core(struct console *console, const struct core_output *output);
void console_touched(struct console *console, uint16_t device);
void console_event(struct console *console, const struct console_event *event);
void console_close(struct console *console, void (*closed)(void *user), void *user);

#endif
