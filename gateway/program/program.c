/* SPDX-License-Identifier: Apache-2.0 */
#include "program/inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAP_MS 10u /* a process that closed its end is gone a moment later */

/* ---- its end ---- */

static void kill_it(struct program *p)
{
	if (p->pid == 0)
		return;
	kill(p->pid, SIGKILL); /* it cannot have started others: sandbox_enter_program */
}

void program_over(struct program *p, const char *format, ...)
{
	kill_it(p);
	if (p->watched)
		uv_poll_stop(&p->poll);
	if (p->why[0])
		return;
	struct str s;
	str_init(&s, p->why, sizeof p->why);
	str_add(&s, "program %.200s ", p->path);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
}

void program_gone(struct program *p)
{
	int status = 0;
	pid_t reaped = 0;
	for (uint64_t until = call_now_ms() + REAP_MS; (reaped = waitpid(p->pid, &status, WNOHANG)) == 0;) {
		if (call_now_ms() >= until)
			break;
		uv_sleep(1);
	}
	if (reaped == p->pid)
		p->pid = 0;
	if (reaped > 0 && WIFEXITED(status))
		program_over(p, "ended with status %d", WEXITSTATUS(status));
	else if (reaped > 0 && WIFSIGNALED(status))
		program_over(p, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		program_over(p, "closed its standard output or ended");
}

void program_free(struct program *p)
{
	if (!p)
		return;
	kill_it(p);
	if (p->pid > 0) /* reaped if it is quick; else whoever takes over orphans does it */
		waitpid(p->pid, NULL, WNOHANG);
	if (p->fd >= 0)
		close(p->fd);
	table_release(p);
	if (p->described)
		therapy__v1__from_program__free_unpacked(p->described, NULL);
	wire_arena_release(&p->arena);
	free(p->kept);
	free(p->spare);
	free(p->in);
	free(p->out);
	free(p->path);
	free(p);
}

/* ---- its start ---- */

static int describe(struct program *p, struct str *why)
{
	Therapy__V1__ProgramDescribe body = THERAPY__V1__PROGRAM_DESCRIBE__INIT;
	Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
	body.protocol = PROGRAM_PROTOCOL;
	ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_DESCRIBE;
	ask.describe = &body;
	Therapy__V1__FromProgram *answer =
	    call_until(p, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_DESCRIPTION, "describe", p->until_ms);
	if (answer && answer->description->protocol != PROGRAM_PROTOCOL)
		program_over(p, "speaks protocol %u, expected %u", answer->description->protocol, PROGRAM_PROTOCOL);
	if (p->why[0]) {
		str_add(why, "%s", p->why);
		return UV_EPROTO;
	}
	/* The next answer takes the arena: keep a copy. */
	p->described = therapy__v1__from_program__unpack(NULL, wire_get_size(p->in), p->in + WIRE_PREFIX);
	return p->described ? 0 : UV_ENOMEM;
}

int program_start(const struct program_config *config, struct program **out, struct str *why)
{
	struct program *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->fd = -1;
	p->path = strdup(config->path);
	p->in = malloc(WIRE_MESSAGE_MAX + WIRE_PREFIX);
	p->out = malloc(WIRE_MESSAGE_MAX + WIRE_PREFIX);
	int rc = wire_arena_init(&p->arena) != 0 || !p->path || !p->in || !p->out ? UV_ENOMEM : 0;
	if (rc == 0)
		rc = spawn_program(config, &p->pid, &p->fd, why);
	p->waiting = config->waiting;
	p->waiting_user = config->user;
	p->until_ms = call_now_ms() + (config->start_ms > 0 ? config->start_ms : PROGRAM_START_MS);
	if (rc == 0)
		rc = describe(p, why);
	if (rc == 0)
		rc = table_make(p, why);
	if (rc != 0) {
		if (why->len == 0)
			str_add(why, "program %s: %s", config->path, uv_strerror(rc));
		program_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

/* ---- between start and end ---- */

pid_t program_pid(const struct program *p)
{
	return p->pid;
}

const struct therapy_plugin *program_plugin(const struct program *p)
{
	return &p->plugin;
}

void program_turn(struct program *p)
{
	p->until_ms = 0;
}

const char *program_fault(const struct program *p)
{
	return p->why[0] ? p->why : NULL;
}

void program_idle(struct program *p)
{
	if (!p->asked) {
		Therapy__V1__ProgramPing body = THERAPY__V1__PROGRAM_PING__INIT;
		Therapy__V1__ToProgram ask = THERAPY__V1__TO_PROGRAM__INIT;
		ask.ask_case = THERAPY__V1__TO_PROGRAM__ASK_PING;
		ask.ping = &body;
		call_program(p, &ask, THERAPY__V1__FROM_PROGRAM__ANSWER_PONG, "ping");
	}
	p->asked = false;
}

/* Answers are read by who asked: what is there now is its end, or nobody's answer. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct program *p = poll->data;
	(void)status;
	(void)events;
	ssize_t n = recv(p->fd, p->in, 32, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n > 0) {
		char began[64];
		struct str s;
		str_init(&s, began, sizeof began);
		str_add_printable(&s, p->in, (size_t)n, 32);
		program_over(p,
			     "said \"%s\" without being asked: its standard output is the wire, so what is for people "
			     "goes to standard error",
			     began);
	} else {
		program_gone(p);
	}
	p->ended(p->user);
}

int program_watch(struct program *p, uv_loop_t *loop, void (*ended)(void *user), void *user)
{
	int rc = uv_poll_init(loop, &p->poll, p->fd);
	if (rc != 0)
		return rc;
	p->poll.data = p;
	p->ended = ended;
	p->user = user;
	p->watched = true;
	p->waiting = NULL;
	return p->why[0] ? 0 : uv_poll_start(&p->poll, UV_READABLE, on_poll);
}

void program_unwatch(struct program *p)
{
	if (p->watched)
		uv_close((uv_handle_t *)&p->poll, NULL);
	p->watched = false;
}
