/* SPDX-License-Identifier: Apache-2.0
 * The line to the gateway's control socket: a JSON object out, a JSON object back. Blocking, with a time limit. */
#ifndef THERAPYCTL_LINK_H
#define THERAPYCTL_LINK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_LINE_MAX (4u << 20) /* a home of a thousand devices in one answer */

struct link_line {
	int fd;           /* -1: not open */
	const char *path; /* where it is to be opened later (talk_open); NULL: where gateways listen */
	char *buffer;
	size_t n, cap;
};

/* Tries `path`, or if it is NULL the places where a gateway may listen. 0, or -1 and a sentence that says where it
 * looked and what to do. */
int link_open(struct link_line *link, const char *path, char *why, size_t why_size);
void link_close(struct link_line *link);
/* 0, or -1: the gateway is gone. */
int link_send(struct link_line *link, struct json_object *object);
/* The next line, or NULL: nothing came within `wait_ms` (negative: for ever), or the gateway is gone (*gone). */
struct json_object *link_read(struct link_line *link, int wait_ms, bool *gone);

#endif
