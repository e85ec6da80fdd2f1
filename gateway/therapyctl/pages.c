/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/pages.h"

#include <stdio.h>
#include <string.h>

#include "therapyctl/fields.h"
#include "therapyctl/talk.h"

#define PAGE_MOST 200u

static struct json_object *request_of(const struct pages_query *query, uint64_t left, const char *after)
{
	struct json_object *request = talk_order("sessions");
	if (query->person)
		talk_add(request, "person", query->person);
	if (query->has_since)
		json_object_object_add(request, "since_ms", json_object_new_int64(query->since_ms));
	if (query->has_until)
		json_object_object_add(request, "until_ms", json_object_new_int64(query->until_ms));
	json_object_object_add(request, "newest", json_object_new_boolean(query->newest));
	json_object_object_add(request, "most", json_object_new_uint64(left < PAGE_MOST ? left : PAGE_MOST));
	if (after)
		talk_add(request, "after", after);
	return request;
}

/* False: enough. */
static bool tell(struct json_object *answer, uint64_t *left, void *user, pages_each *each)
{
	struct json_object *sessions = field_list(answer, "sessions");
	size_t n = json_object_array_length(sessions);
	bool more = true;
	for (size_t i = 0; i < n && more && *left > 0; i++, (*left)--) {
		struct row row;
		row_read(&row, json_object_array_get_idx(sessions, i));
		more = each(user, &row);
		row_release(&row);
	}
	return more && *left > 0;
}

int pages_ask(struct link_line *link, const struct pages_query *query, void *user, pages_each *each,
	      struct json_object **first)
{
	struct json_object *kept = NULL, *answer = NULL;
	uint64_t left = query->most ? query->most : UINT64_MAX;
	int status = DONE;
	const char *next = NULL;
	for (bool more = true; more;) {
		struct json_object *page = talk_ask(link, request_of(query, left, next));
		status = page ? talk_told(page) : NO_GATEWAY;
		const char *then = field_text(page, "next");
		if (status == DONE && next && strcmp(then, next) == 0) {
			fprintf(stderr, "therapyctl: the gateway told the same page twice, as if there were no end; "
					"look at its log\n");
			status = REFUSED;
		}
		more = status == DONE && tell(page, &left, user, each) && then[0];
		if (!kept && status == DONE)
			kept = json_object_get(page);
		json_object_put(answer);
		answer = page; /* `next` lies in it */
		next = then;
	}
	json_object_put(answer);
	if (status == DONE && first)
		*first = kept;
	else
		json_object_put(kept);
	return status;
}
