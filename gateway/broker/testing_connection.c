/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/testing_connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/testing.h"

static void on_up(void *user)
{
	((struct testing_connection *)user)->ups++;
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	(void)retry_ms;
	struct testing_connection *c = user;
	c->downs++;
	snprintf(c->why, sizeof c->why, "%s", why);
}

static void on_message(void *user, const struct broker_message *m)
{
	struct testing_connection *c = user;
	c->messages++;
	c->retained = m->retained;
	snprintf(c->topic, sizeof c->topic, "%s", m->topic);
	snprintf(c->payload, sizeof c->payload, "%s", (const char *)m->payload);
}

static void on_delivered(void *user, uint64_t token, bool ok)
{
	(void)token;
	struct testing_connection *c = user;
	*(ok ? &c->delivered : &c->failed) += 1;
}

static void on_closed(void *user)
{
	((struct testing_connection *)user)->closed++;
}

void testing_connection_start(struct testing_connection *c)
{
	char path[] = "/tmp/therapy-log-XXXXXX";
	*c = (struct testing_connection){0};
	int fd = mkostemp(path, O_CLOEXEC | O_APPEND);
	assert_true(fd >= 0);
	c->log = strdup(path);
	fflush(stderr);
	c->log_saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	assert_true(dup2(fd, 2) == 2);
	close(fd);
	log_set_level(LOG_DEBUG);
	assert_int_equal(uv_loop_init(&c->loop), 0);
}

unsigned testing_connection_logged(const struct testing_connection *c, const char *text)
{
	char line[1024];
	unsigned n = 0;
	fflush(stderr);
	FILE *f = fopen(c->log, "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

void testing_connection_open(struct testing_connection *c, struct broker_config config)
{
	const struct broker_callbacks callbacks = {c, on_up, on_down, on_message, on_delivered};
	if (!config.client_id)
		config.client_id = "test";
	assert_null(c->broker);
	c->ups = c->downs = c->messages = c->delivered = c->failed = c->closed = 0;
	c->why[0] = '\0';
	assert_int_equal(broker_new(&c->loop, &config, &callbacks, &c->broker), 0);
}

struct wanted {
	const unsigned *count;
	unsigned n;
};

static bool reached(void *user)
{
	const struct wanted *w = user;
	return *w->count >= w->n;
}

static void wait_for(struct testing_connection *c, const unsigned *count, unsigned n)
{
	struct wanted wanted = {count, n};
	if (testing_pump(&c->loop, c->client, reached, &wanted, TESTING_LIMIT_MS))
		return;
	/* Not as the failure's own text: standard error is the log here. */
	print_message("only %u of %u within %u ms; %u ups, %u downs, the last: %s\n", *count, n, TESTING_LIMIT_MS,
		      c->ups, c->downs, c->why);
	fail();
}

void testing_connection_wait_up(struct testing_connection *c)
{
	wait_for(c, &c->ups, c->ups + !broker_is_up(c->broker));
}

void testing_connection_wait_downs(struct testing_connection *c, unsigned n)
{
	wait_for(c, &c->downs, n);
}

void testing_connection_wait_messages(struct testing_connection *c, unsigned n)
{
	wait_for(c, &c->messages, n);
}

void testing_connection_wait_delivered(struct testing_connection *c, unsigned n)
{
	wait_for(c, &c->delivered, n);
}

void testing_connection_close(struct testing_connection *c, bool with_will)
{
	broker_close(c->broker, 500, with_will, on_closed, c);
	c->broker = NULL;
	wait_for(c, &c->closed, 1);
}

static bool is_idle(void *user)
{
	return !uv_loop_alive(user);
}

void testing_connection_stop(struct testing_connection *c)
{
	if (c->broker)
		testing_connection_close(c, false);
	testing_pump(&c->loop, NULL, is_idle, &c->loop, 2000);
	assert_int_equal(uv_loop_close(&c->loop), 0);
	fflush(stderr);
	assert_true(dup2(c->log_saved, 2) == 2);
	close(c->log_saved);
	log_set_level(LOG_INFO);
	unlink(c->log);
	free(c->log);
}
