/* SPDX-License-Identifier: Apache-2.0 */
#include "base/testing.h"
#include "therapy/v1/wire.pb-c.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct end {
	struct wire *wire;
	unsigned messages, lost, closed;
	uint64_t last_nonce;
	int fd;
	unsigned expected; /* close both when that many arrived */
	struct end *other;
};

struct pair {
	uv_loop_t loop;
	struct end a, b;
};

static void count_closed(void *user)
{
	((struct end *)user)->closed++;
}

static void close_both(struct end *end)
{
	wire_close(end->wire, count_closed, end);
	wire_close(end->other->wire, count_closed, end->other);
}

static void on_message(void *user, const uint8_t *data, size_t size)
{
	struct end *end = user;
	Therapy__V1__ToDevice *m = therapy__v1__to_device__unpack(wire_allocator(end->wire), size, data);
	assert_non_null(m);
	end->messages++;
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_PING)
		end->last_nonce = m->ping->nonce;
	if (m->body_case == THERAPY__V1__TO_DEVICE__BODY_OPEN)
		end->fd = wire_take_fd(end->wire);
	if (end->messages == end->expected)
		close_both(end);
}

static void on_lost(void *user, const char *why)
{
	struct end *end = user;
	assert_non_null(why);
	end->lost++;
	wire_close(end->wire, count_closed, end);
}

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof *p);
	int fds[2];
	assert_int_equal(uv_loop_init(&p->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	p->a.other = &p->b;
	p->b.other = &p->a;
	p->a.fd = p->b.fd = -1;
	struct wire_callbacks a = {&p->a, on_message, on_lost}, b = {&p->b, on_message, on_lost};
	assert_int_equal(wire_new(&p->loop, fds[0], &a, &p->a.wire), 0);
	assert_int_equal(wire_new(&p->loop, fds[1], &b, &p->b.wire), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;
	assert_int_equal(uv_loop_close(&p->loop), 0);
	free(p);
	return 0;
}

static int ping(struct wire *wire, uint64_t nonce)
{
	Therapy__V1__Ping body = THERAPY__V1__PING__INIT;
	Therapy__V1__ToDevice m = THERAPY__V1__TO_DEVICE__INIT;
	body.nonce = nonce;
	m.body_case = THERAPY__V1__TO_DEVICE__BODY_PING;
	m.ping = &body;
	return wire_send(wire, &m.base, -1);
}

static void messages_arrive_whole_and_in_order(void **state)
{
	struct pair *p = *state;
	p->b.expected = 1000;
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(ping(p->a.wire, i * 1000000007u), 0);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(p->b.messages, 1000);
	assert_true(p->b.last_nonce == UINT64_C(1000) * 1000000007u);
	assert_int_equal(p->a.closed + p->b.closed, 2);
}

static void a_descriptor_arrives_with_its_message(void **state)
{
	struct pair *p = *state;
	int pipe_fds[2];
	assert_int_equal(pipe(pipe_fds), 0);
	Therapy__V1__OpenLink body = THERAPY__V1__OPEN_LINK__INIT;
	Therapy__V1__ToDevice m = THERAPY__V1__TO_DEVICE__INIT;
	m.body_case = THERAPY__V1__TO_DEVICE__BODY_OPEN;
	m.open = &body;
	p->b.expected = 3;
	assert_int_equal(ping(p->a.wire, 1), 0);
	assert_int_equal(wire_send(p->a.wire, &m.base, pipe_fds[1]), 0);
	close(pipe_fds[1]);
	assert_int_equal(ping(p->a.wire, 2), 0);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_true(p->b.fd >= 0);
	assert_int_equal(write(p->b.fd, "x", 1), 1);
	char c = 0;
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	close(p->b.fd);
	close(pipe_fds[0]);
}

static void a_peer_that_does_not_read_is_told_and_bounded(void **state)
{
	struct pair *p = *state;
	int error = 0;
	size_t sent = 0;
	while (error == 0 && sent < 1000000) {
		error = ping(p->a.wire, UINT64_MAX);
		sent += error == 0;
	}
	assert_int_equal(error, UV_ENOBUFS);
	p->b.expected = (unsigned)sent; /* what was taken is delivered all the same */
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(p->b.messages, sent);
}

static void a_peer_that_goes_is_lost_once(void **state)
{
	struct pair *p = *state;
	wire_close(p->b.wire, count_closed, &p->b);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(p->a.lost, 1);
	assert_int_equal(p->a.closed, 1);
	assert_int_equal(p->b.lost, 0);
}

static void an_impossible_length_loses_the_peer(void **state)
{
	(void)state;
	struct end end = {.fd = -1};
	uv_loop_t loop;
	int fds[2];
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	struct wire_callbacks callbacks = {&end, on_message, on_lost};
	assert_int_equal(wire_new(&loop, fds[0], &callbacks, &end.wire), 0);
	assert_int_equal(write(fds[1], "\xff\xff\xff\x7f", 4), 4);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(end.lost, 1);
	assert_int_equal(end.messages, 0);
	close(fds[1]);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void what_a_peer_said_last_is_taken_though_the_loop_has_not_looked(void **state)
{
	struct pair *p = *state;
	for (uint64_t nonce = 1; nonce <= 3; nonce++)
		assert_int_equal(ping(p->a.wire, nonce), 0);
	wire_drain(p->b.wire);
	assert_int_equal(p->b.messages, 3);
	assert_true(p->b.last_nonce == 3);
	wire_drain(p->b.wire); /* there is no more */
	assert_int_equal(p->b.messages, 3);
	assert_int_equal(p->b.lost, 0);
	close_both(&p->a);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(p->b.closed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(messages_arrive_whole_and_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_descriptor_arrives_with_its_message, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_is_told_and_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_a_peer_said_last_is_taken_though_the_loop_has_not_looked, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_peer_that_goes_is_lost_once, setup, teardown),
	    cmocka_unit_test(an_impossible_length_loses_the_peer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
