/* SPDX-License-Identifier: Apache-2.0
 *
 * json_frame - JSON messages for plugins, bounded: at most 4096 bytes, 6 levels, one whole object and nothing behind
 * it. A value that is missing or null is ABSENT and leaves the output alone: it never becomes 0.
 *
 * Over json-c, which allocates while it parses. No state; any thread.
 */
#ifndef JSON_JSON_FRAME_H
#define JSON_JSON_FRAME_H

#include <json-c/json.h>

#include "therapy/plugin.h"

enum {
	/* Tasmota's longest message here is STATUS11 with about 500 bytes, Shelly's about 700; 4 kB is also what the
	 * gateway accepts of a request. */
	JSON_FRAME_SIZE_MAX = 4096,
	JSON_FRAME_DEPTH_MAX = 6, /* Shelly's NotifyStatus needs 4 */
};

#define JSON_FRAME_INTEGER_MAX 9007199254740992.0 /* 2^53: beyond it a double skips integers */

enum json_found {
	JSON_ABSENT,
	JSON_FOUND,
	JSON_WRONG_TYPE,
	JSON_WRONG_VALUE, /* NaN, infinite, or a text with a NUL inside: json-c lets them pass */
};

/* Parses the message. On THERAPY_OK the caller releases *out with json_object_put(). */
enum therapy_refusal json_frame_parse(const struct therapy_message *message, struct json_object **out);
/* The members of `object` by name. An `object` that is NULL has none. */
enum json_found json_frame_object(struct json_object *object, const char *key, struct json_object **out);
enum json_found json_frame_number(struct json_object *object, const char *key, double *out);
enum json_found json_frame_bool(struct json_object *object, const char *key, bool *out);
/* The text lives as long as `object`. */
enum json_found json_frame_text(struct json_object *object, const char *key, const char **out);
/* How decode says it: OK for ABSENT and FOUND. */
enum therapy_refusal json_frame_refusal(enum json_found found);

#endif
