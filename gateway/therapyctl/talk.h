/* SPDX-License-Identifier: Apache-2.0
 * Orders to the gateway and its answers, for every command. What goes wrong is said on standard error. */
#ifndef THERAPYCTL_TALK_H
#define THERAPYCTL_TALK_H

#include <json-c/json.h>

#include "therapyctl/link.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, NO_GATEWAY = 3 }; /* exit statuses */

/* {"do": verb, "at_ms": now}; the caller's. */
struct json_object *talk_order(const char *verb);
void talk_add(struct json_object *order, const char *key, const char *text);
/* Opens a link that is not open yet, at its path. False: there is no gateway, and that was said. */
bool talk_open(struct link_line *link);
/* The answer, which the caller puts; puts the request. Opens the link if need be. NULL: none came, and that was said.
 */
struct json_object *talk_ask(struct link_line *link, struct json_object *request);
/* DONE; or REFUSED, and the reason was said. */
int talk_told(struct json_object *answer);
/* One line of JSON on standard output. */
void talk_print(struct json_object *object);

#endif
