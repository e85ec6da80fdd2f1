/* SPDX-License-Identifier: Apache-2.0
 * Many connections of one process to one broker, which all begin at once: each knows its own socket among theirs. */
#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"
#include "broker/broker_inside.h"
#include "broker/testing_broker.h"

#define N        24u
#define LIMIT_MS 20000u

struct one {
	struct fixture *f;
	struct broker *broker;
	unsigned ups, downs;
	bool closed;
	char id[16];
};

struct fixture {
	uv_loop_t loop;
	struct testing_broker server;
	struct one all[N];
};

static void on_up(void *user)
{
	struct one *one = user;
	one->ups++;
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	struct one *one = user;
	(void)why;
	(void)retry_ms;
	one->downs++;
}

static void on_message(void *user, const struct broker_message *m)
{
	(void)user;
	(void)m;
}

static void on_closed(void *user)
{
	struct one *one = user;
	one->closed = true;
}

static bool all_up(void *user)
{
	const struct fixture *f = user;
	unsigned n = 0;
	for (unsigned i = 0; i < N; i++)
		n += f->all[i].ups > 0;
	return n == N;
}

static bool all_closed(void *user)
{
	const struct fixture *f = user;
	unsigned n = 0;
	for (unsigned i = 0; i < N; i++)
		n += f->all[i].closed;
	return n == N;
}

static bool three_down(void *user)
{
	const struct fixture *f = user;
	return f->all[0].downs && f->all[N / 2].downs && f->all[N - 1].downs;
}

static void each_knows_its_own(const char *ca_file, struct fixture *f)
{
	assert_int_equal(uv_loop_init(&f->loop), 0);
	for (unsigned i = 0; i < N; i++) {
		struct one *one = &f->all[i];
		snprintf(one->id, sizeof one->id, "many%u", i);
		const struct broker_config config = {.url = f->server.url, .client_id = one->id, .ca_file = ca_file};
		const struct broker_callbacks callbacks = {
		    .user = one, .up = on_up, .down = on_down, .message = on_message};
		assert_int_equal(broker_new(&f->loop, &config, &callbacks, &one->broker), 0);
	}
	assert_true(testing_pump(&f->loop, NULL, all_up, f, LIMIT_MS));
	for (unsigned i = 0; i < N; i++) {
		int fd = atomic_load(paho_socket(f->all[i].broker->paho));
		assert_true(fd >= 0);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(fd, atomic_load(paho_socket(f->all[k].broker->paho)));
	}
	/* As a will is sent off in 3.1.1: whose socket it is shows in who is lost. */
	paho_cut(f->all[0].broker->paho);
	paho_cut(f->all[N / 2].broker->paho);
	paho_cut(f->all[N - 1].broker->paho);
	assert_true(testing_pump(&f->loop, NULL, three_down, f, LIMIT_MS));
	unsigned downs = 0;
	for (unsigned i = 0; i < N; i++)
		downs += f->all[i].downs;
	for (unsigned i = 0; i < N; i++)
		broker_close(f->all[i].broker, 0, false, on_closed, &f->all[i]);
	assert_true(testing_pump(&f->loop, NULL, all_closed, f, LIMIT_MS));
	assert_int_equal(downs, 3);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void each_connection_knows_its_own_socket(void **state)
{
	(void)state;
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	each_knows_its_own(NULL, f);
	testing_broker_stop(&f->server);
	free(f);
}

static void each_encrypted_connection_knows_its_own_socket(void **state)
{
	(void)state;
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start_tls(&f->server, "localhost");
	each_knows_its_own(f->server.ca_file, f);
	testing_broker_stop(&f->server);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_connection_knows_its_own_socket),
	    cmocka_unit_test(each_encrypted_connection_knows_its_own_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
