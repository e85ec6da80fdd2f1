/* SPDX-License-Identifier: Apache-2.0
 *
 * output - what a device process prints (standard output and error), into the gateway's log under its name.
 * The process never waits for it: its end of the pipe is non-blocking, and what does not fit is lost. Neither does the
 * loop: a process that prints much is read at intervals, and more than OUTPUT_LINES in OUTPUT_WINDOW_MS are counted
 * and left out. On the loop's thread.
 *
 * A line that the process logged itself ("warn  pad: ...") keeps its level; any other is a plugin's or a library's.
 */
#ifndef SUPERVISOR_OUTPUT_H
#define SUPERVISOR_OUTPUT_H

#include <stdbool.h>
#include <uv.h>

#define OUTPUT_LINES     200u /* a sanitizer's report has about 80 */
#define OUTPUT_WINDOW_MS 10000u
#define OUTPUT_PAUSE_MS  100u /* how often a process that prints too much is read, 64 kB each time */
#define OUTPUT_LINE_MAX  400u /* bytes of a line; the rest of it is left out */

struct output;

/* `name` is the device's, or that of the process that `n` `devices` share, as their ids: in whose names it may log,
 * too. All outlive it. *child_end is for the process: the caller closes it once that has it. 0 or a negative UV_E*
 * code. */
int output_new(uv_loop_t *loop, const char *name, const char *const *devices, size_t n, struct output **out,
	       int *child_end);
/* Reads what is there, at most the pipe's size: before asking for its words. */
void output_drain(struct output *output);
/* The line that tells most of why a process died: of the sandbox, a sanitizer, an assertion; else `last`, the last one.
 * "" if there is none. Valid until the next call from the loop. */
const char *output_words(const struct output *output, bool last);
/* How many lines were left out so far, at least. */
unsigned long long output_left_out(const struct output *output);
/* Frees it, then calls `closed` once. */
void output_close(struct output *output, void (*closed)(void *user), void *user);

#endif
