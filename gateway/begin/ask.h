/* SPDX-License-Identifier: Apache-2.0
 *
 * ask - questions to a person, or to a script that answers on standard input: one line each, no escape sequence, so
 * that any terminal will do; or for a page (say.h). Enter takes the answer in brackets. Reads byte by byte: what was
 * not asked for stays for who comes after. One thread. */
#ifndef BEGIN_ASK_H
#define BEGIN_ASK_H

#include <stdbool.h>
#include <stddef.h>

enum { ASK_MAX = 512 }; /* bytes of an answer, with the NUL */

enum ask_end { ASK_GOOD, ASK_INTERRUPTED /* Ctrl-C, or asked to end */, ASK_OVER /* nobody answers any more */ };

/* Nobody answered any more. */
bool ask_over(void);
/* How many different questions were asked: one that is asked again after an answer that will not do counts once. */
unsigned ask_count(void);
void ask_new(void); /* the next is another question */
/* How long an answer is waited for; 0, as at first: for ever. Then it is as if nobody answered any more. */
void ask_patience(unsigned seconds);
/* `fallback`: what Enter means, shown in brackets; NULL: an empty answer. */
enum ask_end ask_line(const char *question, const char *fallback, char out[ASK_MAX]);
/* The same for numbers of the rows that were told before (say_row). */
enum ask_end ask_rows(const char *question, const char *fallback, char out[ASK_MAX]);
/* Without showing what is typed. */
enum ask_end ask_secret(const char *question, char out[ASK_MAX]);
/* A line that nobody is asked for. */
enum ask_end ask_silently(char out[ASK_MAX]);
/* y or n; anything else is asked again. */
enum ask_end ask_yes(const char *question, bool fallback, bool *out);

#endif
