/* SPDX-License-Identifier: Apache-2.0
 * order - one line of the control socket, understood. Pure but for memory. Each that fails writes what was found and
 * what was expected to `why` (CORE_WHY_MAX). */
#ifndef CONSOLE_ORDER_H
#define CONSOLE_ORDER_H

#include <json-c/json.h>

#include "base/id.h"
#include "core/core.h"
#include "core/explanation.h"

enum order_verb {
	ORDER_STATUS,
	ORDER_DEVICES,
	ORDER_EXPLAIN,
	ORDER_ALARMS,
	ORDER_EVENTS,
	ORDER_WATCH,
	ORDER_RELOAD,
	ORDER_RECORD,
	ORDER_CALIBRATE,
	ORDER_TARE,
	ORDER_RELEASE, /* the device is let go */
	ORDER_TAKE,
	ORDER_LOGBOOK, /* of sessions and people: the logbook's to understand */
	ORDER_REQUEST, /* one for the core */
};

struct order {
	enum order_verb verb;
	const char *name;                     /* "stop"; static */
	char device[ID_MAX], control[ID_MAX]; /* "" if not given */
	char value[48];                       /* as written, or a number; "" if not given */
	bool has_time;
	uint64_t at_ms; /* CLOCK_BOOTTIME when it was asked */
	uint64_t after;
	size_t most;                 /* events; 0: not given */
	char step[16];               /* of a calibration or tare */
	uint64_t session;            /* likewise; 0: not given */
	struct core_request request; /* points into the above */
};

/* NULL: no JSON object. */
struct json_object *order_parse_json(const char *text, size_t size, int depth, char *why);
bool order_parse(struct json_object *object, struct order *out, char *why);
/* Completes out->request: the value in the control's unit, and how old it is. */
bool order_request(struct order *order, const struct core *core, uint64_t now_ms, char *why);
/* False: it was asked too long ago to be done, or does not say when. */
bool order_in_time(const struct order *order, uint64_t now_ms, char *why);
/* "pad.heat, belt.tension": what there is, for answers. */
const char *order_controls(const struct core *core, char *out, size_t size);

#endif
