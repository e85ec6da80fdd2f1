/* SPDX-License-Identifier: Apache-2.0
 *
 * talk - a program that asks and tells by lines of JSON (begin/say.h) talks with viewers of the page: what it said and
 * what it asks now become one text for the board, and an answer is its next line. One program at a time, what is kept
 * of it bounded. A secret that somebody answers is handed on and kept nowhere. On the loop's thread; owns its handles.
 */
#ifndef PAGE_TALK_H
#define PAGE_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define TALK_LINE_MAX   65536u  /* bytes of a line of the program: a whole configuration */
#define TALK_SAID_MAX   131072u /* bytes of all that it said; the oldest go */
#define TALK_ANSWER_MAX 511u    /* bytes, as begin/ask.h takes them */

struct talk_config {
	const char *program;
	const char *const *arguments; /* argv, NULL at its end; both are copied */
	const char *first;            /* a line that it gets before it asks, a secret; NULL: none. Outlives the talk */
	bool only;                    /* the page is for nothing else */
};

enum talk_end { TALK_STOPPED, TALK_DONE, TALK_START, TALK_RESTART };

struct talk_callbacks {
	void *user;
	void (*changed)(void *user); /* talk_text would be another one */
	void (*ended)(void *user, enum talk_end end);
};

struct talk;

/* NULL: no memory. Nothing runs yet. */
struct talk *talk_new(uv_loop_t *loop, const struct talk_config *config, const struct talk_callbacks *callbacks);
/* False: it runs already, or cannot be started, which is told to viewers. */
bool talk_begin(struct talk *talk);
/* The answer to question `number`. False: that is not what is asked, or it has an end of line in it. */
bool talk_answer(struct talk *talk, uint64_t number, const char *text);
/* Asks it to end; it brings what it began to an end, and `ended` comes. False: none runs. */
bool talk_cancel(struct talk *talk);
/* {"only","running","number","said":[...],"ask":{...} or null}; the caller frees. NULL: no memory. */
char *talk_text(const struct talk *talk);
/* A program that runs is asked to end and not waited for. `closed` may be NULL. */
void talk_close(struct talk *talk, void (*closed)(void *user), void *user);

#endif
