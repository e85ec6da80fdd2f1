/* SPDX-License-Identifier: Apache-2.0
 *
 * control - the back door for tests: a Unix stream socket `<dir>/control`. One command a line, one JSON line as answer;
 * who said `subscribe` also gets one JSON line per event. A client that does not read is dropped. On the loop's thread.
 */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include <stdbool.h>
#include <uv.h>

#include "base/str.h"

#define CONTROL_LINE_MAX   256u
#define CONTROL_ANSWER_MAX 4096u

struct control_client;

struct control {
	/* Fills `answer` with one JSON object. `subscribe` is set if the client is to get events from now on. */
	void (*command)(void *user, char *line, struct str *answer, bool *subscribe);
	void *user;
	uv_pipe_t listener;
	struct control_client *clients;
	char path[200];
	bool open;
};

int control_open(struct control *control, uv_loop_t *loop, const char *dir,
		 void (*command)(void *user, char *line, struct str *answer, bool *subscribe), void *user);
/* Sends one JSON object to all who subscribed. */
void control_tell(struct control *control, const char *json);
void control_close(struct control *control);

#endif
