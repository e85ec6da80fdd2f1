/* SPDX-License-Identifier: Apache-2.0
 *
 * program - a plugin that is a program of its own (docs/wire.md, "A program as a plugin"): starts it, asks it what it
 * is, and makes a `struct therapy_plugin` of the answer whose functions ask the program. Only the codec is its: the
 * link, leases, times and the way to rest stay with the device process that starts it.
 *
 * Calls wait, at most PROGRAM_TURN_MS for all that happens between two program_turn() together. A program that is
 * later, says what it was not asked or dies is over: it is killed, program_fault() says why, and every further call
 * fails at once. What STOP verbs send is kept from when it was asked for at each init and after each ACT, and never
 * asked for when it is needed: so rest is the same whether the program lives, hangs or is dead.
 *
 * In device processes only, one per process; on the loop's thread.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include <sys/types.h>
#include <uv.h>

#include "base/str.h"
#include "therapy/plugin.h"

/* To describe itself, and for the first init: until the first program_turn(). The gateway waits 5 s for a device
 * process unless it is told otherwise, and this way the fault has a name. */
#define PROGRAM_START_MS 4500u
#define PROGRAM_TURN_MS  200u /* for all that one turn of the loop asks of it */

struct program_config {
	const char *path;  /* with a slash */
	char *const *args; /* n_args of them, without the path; read at start only */
	size_t n_args;
	uint32_t start_ms;       /* 0: PROGRAM_START_MS */
	void (*waiting)(void *); /* called every 250 ms while it is waited for, until program_watch(); may be NULL */
	void *user;
};

struct program;

/* Starts it, with `path` as its first argument, the wire as standard input and output, our standard error, and nothing
 * else; and asks it what it is. 0, or a negative UV_E* code and sentences in `why`. */
int program_start(const struct program_config *config, struct program **out, struct str *why);
/* Its id, for whoever confines this process: kill and wait4 of it are all that is needed from here on. */
pid_t program_pid(const struct program *program);
/* What it described, for plugin_table_open(), which checks it. Lives as long as the program. Whoever uses a model calls
 * `init_row` first: its STOP verbs work from then on. */
const struct therapy_plugin *program_plugin(const struct program *program);

/* A turn of the loop begins: the program has its time anew. */
void program_turn(struct program *program);
/* NULL while it can be asked; else one sentence that names it and says what it did. */
const char *program_fault(const struct program *program);
/* Asks whether it is there if nothing else was asked since the last time. For a slow tick. */
void program_idle(struct program *program);

/* Looks out for its end and for what it says without being asked; `ended` is called once, from the loop, and not for
 * what program_fault() said before. 0 or a negative UV_E* code. */
int program_watch(struct program *program, uv_loop_t *loop, void (*ended)(void *user), void *user);
/* Ends the watching, if there is any. The loop must run once more before program_free(). */
void program_unwatch(struct program *program);
/* Kills it. NULL is fine. */
void program_free(struct program *program);

#endif
