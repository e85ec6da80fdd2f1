/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/talk.h"

#include <stdio.h>

#include "base/clock.h"
#include "therapyctl/fields.h"

#define ANSWER_MS 5000

struct json_object *talk_order(const char *verb)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "do", json_object_new_string(verb));
	json_object_object_add(o, "at_ms", json_object_new_uint64(clock_boot_ms()));
	return o;
}

void talk_add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

void talk_print(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

bool talk_open(struct link_line *link)
{
	char why[512];
	if (link->fd >= 0 || link_open(link, link->path, why, sizeof why) == 0)
		return true;
	fprintf(stderr, "therapyctl: %s\n", why);
	return false;
}

struct json_object *talk_ask(struct link_line *link, struct json_object *request)
{
	bool gone = false;
	struct json_object *answer = NULL;
	if (!talk_open(link)) {
		json_object_put(request);
		return NULL;
	}
	if (link_send(link, request) == 0)
		do {
			json_object_put(answer); /* an event that came in between */
			answer = link_read(link, ANSWER_MS, &gone);
		} while (answer && !field_given(answer, "ok"));
	else
		gone = true;
	json_object_put(request);
	if (!answer)
		fprintf(stderr, "therapyctl: %s\n",
			gone ? "the gateway has gone"
			     : "the gateway does not answer within 5 s: look at its log; stop the devices by hand if "
			       "need be");
	return answer;
}

int talk_told(struct json_object *answer)
{
	struct json_object *lines = field_list(answer, "lines");
	if (field_true(answer, "ok"))
		return DONE;
	static const char *const members[] = {"reason", "error", "why"};
	const char *why = "";
	for (size_t i = 0; i < sizeof members / sizeof *members && !why[0]; i++)
		why = field_text(answer, members[i]);
	fprintf(stderr, "therapyctl: %s\n", why);
	for (size_t i = 0; i < json_object_array_length(lines); i++)
		fprintf(stderr, "  %s\n", json_object_get_string(json_object_array_get_idx(lines, i)));
	return REFUSED;
}
