/* SPDX-License-Identifier: Apache-2.0
 *
 * say - what a step tells: on a terminal, or for a script, as lines of text; or, after say_as_json, one JSON object a
 * line on standard output, for a page that shows it in its own way (page/talk.h reads it):
 *
 *   {"say":"..."}    a paragraph, or several; broken only where a blank or an empty line follows
 *   {"text":"..."}   lines as they are: a configuration, the end of a log
 *   {"row":{"number":1,"role":"plug","label":"...","note":"...","may":true,"plug":true}}   one to choose from
 *   {"ask":"line|secret|yes|rows","question":"...","fallback":"..."}   one line on standard input answers it
 *   {"answer":"..."} what was answered, but for a secret
 *   {"end":"start|restart|done|stopped"}   the last: what is to be done now
 *
 * One thread. */
#ifndef BEGIN_SAY_H
#define BEGIN_SAY_H

#include <stdbool.h>

void say_as_json(void);
bool say_is_json(void);

/* A line of text without its end; in a long one lines may be broken: at a page only those stay that a blank or another
 * end of line follows. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lines as they are, with their ends. */
void say_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An empty line; at a page nothing: it has its own gaps. */
void say_gap(void);

struct say_row {
	unsigned number;
	const char *role, *label, *note; /* note "": none */
	bool may;                        /* be chosen */
	bool plug;                       /* one that may be of a cold water machine */
};
void say_row(const struct say_row *row);

/* A question and its answer, as JSON only; ask.c has the terminal's. */
void say_ask(const char *kind, const char *question, const char *fallback);
void say_answer(const char *answer);
/* The last; on a terminal nothing. */
void say_end(const char *what);

/* What somebody is to do, as it is called where they are: `terminal` or `page`. */
const char *say_where(const char *terminal, const char *page);
/* How the set-up is begun again: "`therapy-gateway setup`". */
const char *say_setup(void);

#endif
