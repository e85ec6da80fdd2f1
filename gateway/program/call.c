/* SPDX-License-Identifier: Apache-2.0 */
#include "program/inside.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define SLICE_MS 250u

uint64_t call_now_ms(void)
{
	return uv_hrtime() / 1000000u; /* CLOCK_MONOTONIC: time in suspend is not the program's fault */
}

/* Until the wire is ready for `events`. False: time is up. */
static bool wait_for(struct program *p, short events, uint64_t until_ms)
{
	for (;;) {
		uint64_t now_ms = call_now_ms();
		uint64_t left = now_ms < until_ms ? until_ms - now_ms : 0;
		struct pollfd one = {.fd = p->fd, .events = events};
		int n = poll(&one, 1, (int)(left < SLICE_MS ? left : SLICE_MS));
		if (n > 0)
			return true;
		if ((n < 0 && errno != EINTR) || left == 0)
			return false;
		if (p->waiting)
			p->waiting(p->waiting_user);
	}
}

static bool send_all(struct program *p, size_t size, uint64_t until_ms)
{
	size_t sent = 0;
	while (sent < size) {
		ssize_t n = send(p->fd, p->out + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_for(p, POLLOUT, until_ms))
				return false;
		} else if (errno != EINTR) {
			program_gone(p);
			return false;
		}
	}
	return true;
}

static void odd_size(struct program *p, size_t size)
{
	char began[32];
	struct str s;
	str_init(&s, began, sizeof began);
	str_add_printable(&s, p->in, WIRE_PREFIX, WIRE_PREFIX);
	program_over(
	    p,
	    "announced a message of %zu bytes, expected at most %u: its standard output is the wire, so what is "
	    "for people goes to standard error (it began \"%s\")",
	    size, WIRE_MESSAGE_MAX, began);
}

/* Reads one message. Its size, or -1: time is up, or the program is over. */
static ssize_t receive(struct program *p, uint64_t until_ms)
{
	size_t have = 0, need = WIRE_PREFIX;
	while (have < need) {
		if (!wait_for(p, POLLIN, until_ms))
			return -1;
		/* all there is: what comes after the answer is one that nobody asked for */
		ssize_t n = recv(p->fd, p->in + have, WIRE_MESSAGE_MAX + WIRE_PREFIX - have, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			continue;
		if (n <= 0) {
			program_gone(p);
			return -1;
		}
		have += (size_t)n;
		if (need == WIRE_PREFIX && have >= WIRE_PREFIX) {
			size_t size = wire_get_size(p->in);
			if (size > WIRE_MESSAGE_MAX) {
				odd_size(p, size);
				return -1;
			}
			need += size;
		}
	}
	if (have > need) {
		program_over(p, "said %zu bytes more than its answer, expected one answer to each question",
			     have - need);
		return -1;
	}
	return (ssize_t)(need - WIRE_PREFIX);
}

Therapy__V1__FromProgram *call_until(struct program *p, Therapy__V1__ToProgram *ask, int expected, const char *what,
				     uint64_t until_ms)
{
	if (p->why[0])
		return NULL;
	p->asked = true;
	ask->call = ++p->calls;
	size_t size = therapy__v1__to_program__get_packed_size(ask); /* a frame and some numbers */
	wire_put_size(p->out, size);
	therapy__v1__to_program__pack(ask, p->out + WIRE_PREFIX);
	ssize_t got = send_all(p, size + WIRE_PREFIX, until_ms) ? receive(p, until_ms) : -1;
	if (got < 0) {
		if (!p->why[0])
			program_over(p, "did not answer '%s' in time", what);
		return NULL;
	}
	wire_arena_reset(&p->arena);
	Therapy__V1__FromProgram *answer =
	    therapy__v1__from_program__unpack(&p->arena.allocator, (size_t)got, p->in + WIRE_PREFIX);
	if (!answer)
		program_over(p, "answered '%s' with %zd bytes that are no FromProgram message", what, got);
	else if (answer->call != ask->call)
		program_over(p, "answered call %u when '%s' was call %u: it says the number that it was asked with",
			     answer->call, what, ask->call);
	else if ((int)answer->answer_case != expected)
		program_over(p, "answered '%s' with another kind of answer (field %d, expected %d)", what,
			     (int)answer->answer_case, expected);
	return p->why[0] ? NULL : answer;
}

Therapy__V1__FromProgram *call_program(struct program *p, Therapy__V1__ToProgram *ask, int expected, const char *what)
{
	if (p->until_ms == 0)
		p->until_ms = call_now_ms() + PROGRAM_TURN_MS;
	return call_until(p, ask, expected, what, p->until_ms);
}
