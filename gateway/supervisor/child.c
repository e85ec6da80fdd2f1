/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "supervisor/ended.h"
#include "supervisor/output.h"

#define BACKOFF_FIRST_MS 100u
#define BACKOFF_MAX_MS   30000u
#define STEADY_MS        60000u
#define WIRE_FD          3 /* in the process: the first */

struct child {
	uv_loop_t *loop;
	struct child_config config;
	uv_process_t process;
	uv_timer_t timer;      /* the next start, or the end of waiting for its exit */
	struct output *output; /* of the process that runs, or ran last */
	bool running;          /* the process handle is active */
	bool killed;           /* since it was started */
	bool anew;             /* it was asked to end */
	bool timer_closed, stillborn;
	uint32_t starts, backoff_ms;
	uint64_t started_ms, heard_ms;
	unsigned open_handles;
	size_t n, leaving, freed;
	const char **devices;
	struct child_member members[];
};

static int spawn(struct child *c);

static bool closing(const struct child *c)
{
	return c->leaving == c->n || c->stillborn;
}

static void free_memory(struct child *c)
{
	free(c->devices);
	free(c);
}

static void handle_closed(struct child *c)
{
	if (--c->open_handles > 0 || !closing(c))
		return;
	if (c->stillborn) {
		free_memory(c);
		return;
	}
	size_t n = c->n; /* the last of these frees it */
	for (size_t i = 0; i < n; i++)
		c->members[i].closed(c->members[i].user);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_output_closed(void *user)
{
	handle_closed(user);
}

static void drop_output(struct child *c)
{
	if (c->output)
		output_close(c->output, on_output_closed, c);
	c->output = NULL;
}

static void close_timer(struct child *c)
{
	if (c->timer_closed)
		return;
	c->timer_closed = true;
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static size_t count_wanted(const struct child *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		n += c->members[i].wanted(c->members[i].user);
	return n;
}

/* ---- start and end ---- */

static void on_respawn(uv_timer_t *timer)
{
	struct child *c = timer->data;
	int error = spawn(c);
	if (error) {
		log_error(c->config.name, "cannot start its device process: %s", uv_strerror(error));
		uv_timer_start(&c->timer, on_respawn, BACKOFF_MAX_MS, 0);
	}
}

static void start_again(struct child *c, const struct child_end *how)
{
	char text[1200];
	struct str sentence;
	if (c->config.once || count_wanted(c) == 0)
		return;
	if (c->anew) {
		log_info(c->config.name, "its device process ended, as it was asked to; starting it anew");
		uv_timer_start(&c->timer, on_respawn, 0, 0);
		return;
	}
	str_init(&sentence, text, sizeof text);
	ended_say(&sentence, how->status, how->signal_number, "", how->words);
	if (clock_boot_ms() - c->started_ms >= STEADY_MS)
		c->backoff_ms = BACKOFF_FIRST_MS;
	log_error(c->config.name, "%s; starting it again in %.1f s", text, c->backoff_ms / 1000.0);
	uv_timer_start(&c->timer, on_respawn, c->backoff_ms, 0);
	c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MAX_MS ? c->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void on_exit_process(uv_process_t *process, int64_t status, int signal_number)
{
	struct child *c = process->data;
	char words[OUTPUT_LINE_MAX + 1];
	c->running = false;
	uv_close((uv_handle_t *)process, on_handle_closed);
	output_drain(c->output);
	(void)str_copy(words, sizeof words, output_words(c->output, signal_number != 0));
	drop_output(c);
	const struct child_end how = {(int)status, signal_number, words};
	for (size_t i = 0; i < c->n; i++)
		c->members[i].ended(c->members[i].user, &how);
	if (!closing(c)) {
		start_again(c, &how);
		return;
	}
	uv_timer_stop(&c->timer);
	close_timer(c);
}

struct ends { /* of a member's wire; -1: it wants none */
	int ours, theirs;
};

static int make_wires(const struct child *c, struct ends *ends)
{
	for (size_t i = 0; i < c->n; i++) {
		int pair[2];
		if (!c->members[i].wanted(c->members[i].user))
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
			return uv_translate_sys_error(errno);
		ends[i] = (struct ends){pair[0], pair[1]};
	}
	return 0;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Descriptors from 3 on are its ends of the wires; nothing else of ours is given but what it prints to. */
static int run(struct child *c, const struct ends *ends, uv_stdio_container_t *stdio, int print)
{
	char program[] = "therapy-gateway", command[] = "device-process", wires[16];
	unsigned n = 0;
	stdio[0].flags = UV_IGNORE;
	for (unsigned i = 1; i < WIRE_FD; i++)
		stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = print};
	for (size_t i = 0; i < c->n; i++)
		if (ends[i].theirs >= 0)
			stdio[WIRE_FD + n++] =
			    (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = ends[i].theirs};
	snprintf(wires, sizeof wires, "%u", n);
	union { /* libuv's arguments are not const, and are not written to */
		const char *in;
		char *out;
	} name = {c->config.name};
	char *args[] = {program, command, name.out, wires, NULL};
	uv_process_options_t options = {.exit_cb = on_exit_process,
					.file = c->config.program,
					.args = args,
					.stdio_count = WIRE_FD + (int)n,
					.stdio = stdio};
	int error = uv_spawn(c->loop, &c->process, &options);
	c->process.data = c;
	c->open_handles++;
	if (error) /* libuv has made the handle either way */
		uv_close((uv_handle_t *)&c->process, on_handle_closed);
	return error;
}

static int spawn_with(struct child *c, struct ends *ends, uv_stdio_container_t *stdio)
{
	int print = -1, error = make_wires(c, ends);
	if (!error)
		error = output_new(c->loop, c->config.name, c->devices, c->n, &c->output, &print);
	if (!error) {
		c->open_handles++;
		error = run(c, ends, stdio, print);
		close(print);
		if (error)
			drop_output(c);
	}
	for (size_t i = 0; i < c->n; i++)
		close_one(ends[i].theirs);
	for (size_t i = 0; error && i < c->n; i++)
		close_one(ends[i].ours);
	return error;
}

static int spawn(struct child *c)
{
	struct ends *ends = calloc(c->n, sizeof *ends);
	uv_stdio_container_t *stdio = calloc(c->n + WIRE_FD, sizeof *stdio);
	int error = UV_ENOMEM;
	if (ends && stdio) {
		for (size_t i = 0; i < c->n; i++)
			ends[i] = (struct ends){-1, -1};
		error = spawn_with(c, ends, stdio);
	}
	if (!error) {
		c->running = true;
		c->killed = false;
		c->starts++;
		c->started_ms = c->heard_ms = clock_boot_ms();
		for (size_t i = 0; i < c->n; i++)
			if (ends[i].ours >= 0)
				c->members[i].begun(c->members[i].user, c, ends[i].ours);
	}
	free(ends);
	free(stdio);
	return error;
}

/* ---- the interface ---- */

int child_new(uv_loop_t *loop, const struct child_config *config, const struct child_member *members, size_t n,
	      struct child **out)
{
	struct child *c = calloc(1, sizeof *c + n * sizeof *members);
	if (!c)
		return UV_ENOMEM;
	c->devices = calloc(n, sizeof(const char *));
	if (!c->devices) {
		free(c);
		return UV_ENOMEM;
	}
	c->loop = loop;
	c->config = *config;
	c->backoff_ms = BACKOFF_FIRST_MS;
	c->n = n;
	for (size_t i = 0; i < n; i++) {
		c->members[i] = members[i];
		c->devices[i] = members[i].device;
	}
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->open_handles++;
	int error = spawn(c);
	if (error) {
		c->stillborn = true;
		close_timer(c);
		return error;
	}
	*out = c;
	return 0;
}

const char *child_name(const struct child *c)
{
	return c->config.name;
}

size_t child_members(const struct child *c)
{
	return c->n;
}

bool child_running(const struct child *c)
{
	return c->running && !c->killed;
}

uint32_t child_starts(const struct child *c)
{
	return c->starts;
}

void child_heard(struct child *c, uint64_t now_ms)
{
	c->heard_ms = now_ms;
}

uint64_t child_heard_ms(const struct child *c)
{
	return c->heard_ms;
}

void child_kill(struct child *c)
{
	if (!child_running(c))
		return;
	c->killed = true;
	uv_process_kill(&c->process, SIGKILL);
}

void child_let_go(struct child *c)
{
	for (size_t i = 0; i < c->n; i++)
		c->members[i].let_go(c->members[i].user);
}

void child_restart(struct child *c)
{
	c->anew = true;
	child_let_go(c);
}

/* It was given its time. It may still be driving its devices to rest: leave it to finish, it exits by itself. */
static void on_waited(uv_timer_t *timer)
{
	struct child *c = timer->data;
	if (c->running) {
		c->running = false;
		uv_close((uv_handle_t *)&c->process, on_handle_closed);
		drop_output(c);
	}
	close_timer(c);
}

void child_leave(struct child *c, unsigned wait_ms)
{
	c->leaving++;
	if (closing(c))
		uv_timer_start(&c->timer, on_waited, c->running ? wait_ms : 0, 0);
}

void child_free(struct child *c)
{
	if (c && ++c->freed == c->n)
		free_memory(c);
}
