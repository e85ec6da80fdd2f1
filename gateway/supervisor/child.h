/* SPDX-License-Identifier: Apache-2.0
 *
 * child - one device process as the operating system sees it: started with a wire for each of its devices, listened to,
 * killed, and started again with back-off. Its members are the gateway's sides of those devices (process.h), one or
 * several; whatever ends it ends it for all of them. On the loop's thread.
 *
 * Back-off of starts: 100 ms doubling to 30 s; a process that lived for 60 s starts over.
 */
#ifndef SUPERVISOR_CHILD_H
#define SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <uv.h>

struct child;

/* How a process ended. */
struct child_end {
	int status, signal_number; /* 0: no signal */
	const char *words;         /* what it printed last that tells something; "": nothing */
};

struct child_member {
	void *user;
	const char *device; /* its id; outlives the child */
	/* False: it wants no wire at the next start. */
	bool (*wanted)(void *user);
	/* It was started: `fd` is our end of the member's wire, the member's from now on. Also from within child_new.
	 */
	void (*begun)(void *user, struct child *child, int fd);
	/* The wire is to be let go: the process is to bring everything to rest and to end. */
	void (*let_go)(void *user);
	void (*ended)(void *user, const struct child_end *how);
	/* After child_leave of every member: nothing of the child is open any more. */
	void (*closed)(void *user);
};

struct child_config {
	const char *program; /* run with `device-process NAME WIRES` */
	const char *name;    /* for the log: of its only device, or of the process that several share; outlives it */
	bool once;           /* it is not started again */
};

/* Starts it. 0, or a negative UV_E* code: then no member was begun, nor will one be called. */
int child_new(uv_loop_t *loop, const struct child_config *config, const struct child_member *members, size_t n,
	      struct child **out);
const char *child_name(const struct child *child);
size_t child_members(const struct child *child);
/* It runs, and was not killed. */
bool child_running(const struct child *child);
/* How often it was started. */
uint32_t child_starts(const struct child *child);
/* A member heard something of it now; when one last did. */
void child_heard(struct child *child, uint64_t now_ms);
uint64_t child_heard_ms(const struct child *child);
void child_kill(struct child *child);
/* Calls `let_go` of every member. */
void child_let_go(struct child *child);
/* The same, and its end is no fault: it is started again at once. */
void child_restart(struct child *child);
/* One member wants no more of it. When all have left, it is given `wait_ms` to exit; then `closed` is called for each.
 */
void child_leave(struct child *child, unsigned wait_ms);
/* Once for each member, after `closed`. */
void child_free(struct child *child);

#endif
