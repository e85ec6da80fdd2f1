/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/adding.h"

#include <stdio.h>

#include "therapyctl/adding_words.h"
#include "therapyctl/fields.h"
#include "therapyctl/talk.h"

/* `order` NULL: its words made no sense, which was said. */
static int send_it(struct link_line *link, bool json, struct json_object *order, const char *done)
{
	if (!order)
		return USAGE;
	struct json_object *answer = talk_ask(link, order);
	int status = !answer ? NO_GATEWAY : json && field_true(answer, "ok") ? DONE : talk_told(answer);
	if (answer && json)
		talk_print(answer);
	else if (status == DONE)
		puts(done);
	json_object_put(answer);
	return status;
}

int adding_pain(struct link_line *link, bool json, char **words)
{
	struct json_object *order = adding_words_pain(words);
	bool before = order && field_text(order, "when")[0] == 'b';
	return send_it(link, json, order,
		       before ? "Noted, of the session that runs, or else of the next one within half an hour."
			      : "Noted, of the session that runs or was the last one.");
}

int adding_note(struct link_line *link, bool json, char **words)
{
	return send_it(link, json, adding_words_note(words), "Noted, of the session that runs or was the last one.");
}

int adding_log(struct link_line *link, bool json, char **words)
{
	return send_it(link, json, adding_words_log(words), "Written down: it ended just now.");
}
