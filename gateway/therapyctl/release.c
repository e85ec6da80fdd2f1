/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/release.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "therapyctl/fields.h"
#include "therapyctl/talk.h"

#define WAIT_MS 660000 /* the longest rest sequence, and some more */

enum { NOT_YET = -1 };

static int outcome_of(struct json_object *event, const char *device)
{
	const char *what = field_text(event, "event");
	if (!event || strcmp(field_text(event, "device"), device) != 0)
		return NOT_YET;
	if (strcmp(what, "released") == 0)
		return DONE;
	return strcmp(what, "release_failed") == 0 ? REFUSED : NOT_YET;
}

int release_wait(struct link_line *link, bool json, const char *device)
{
	uint64_t end_ms = clock_boot_ms() + WAIT_MS;
	for (bool gone = false; !gone && clock_boot_ms() < end_ms;) {
		struct json_object *o = link_read(link, 1000, &gone), *event = o ? field(o, "event") : NULL;
		int status = event ? outcome_of(event, device) : NOT_YET;
		if (status != NOT_YET && json)
			talk_print(o);
		else if (status != NOT_YET)
			puts(field_text(event, "text"));
		json_object_put(o);
		if (status != NOT_YET)
			return status;
	}
	fprintf(stderr, "therapyctl: what came of it did not come: look at `therapyctl events`\n");
	return NO_GATEWAY;
}
