/* SPDX-License-Identifier: Apache-2.0
 * The broker connection against a real mosquitto, watched by an independent client. */
#include "broker/broker.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/testing.h"
#include "broker/testing_broker.h"

#define LIMIT_MS 8000

struct seen {
	unsigned ups, downs, messages, delivered, failed, closed;
	uint64_t retry_ms, tokens;
	char why[320];
	char topic[64];
	uint8_t payload[64];
	size_t size;
	bool retained;
	char response_topic[64];
	char correlation[16];
	size_t correlation_size;
	bool slow; /* the callee takes its time over each message */
};

static void on_up(void *user)
{
	((struct seen *)user)->ups++;
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	struct seen *s = user;
	s->downs++;
	s->retry_ms = retry_ms;
	snprintf(s->why, sizeof s->why, "%s", why);
}

static void on_message(void *user, const struct broker_message *m)
{
	struct seen *s = user;
	s->messages++;
	snprintf(s->topic, sizeof s->topic, "%s", m->topic);
	assert_int_equal(m->payload[m->size], 0);
	s->size = m->size;
	memcpy(s->payload, m->payload, m->size < sizeof s->payload ? m->size : sizeof s->payload);
	s->retained = m->retained;
	snprintf(s->response_topic, sizeof s->response_topic, "%s", m->response_topic ? m->response_topic : "");
	s->correlation_size = m->correlation_size;
	if (m->correlation_size <= sizeof s->correlation && m->correlation_size > 0)
		memcpy(s->correlation, m->correlation, m->correlation_size);
	assert_true(m->now_ms <= clock_boot_ms() && m->now_ms + 5000 > clock_boot_ms());
}

static void on_delivered(void *user, uint64_t token, bool ok)
{
	struct seen *s = user;
	*(ok ? &s->delivered : &s->failed) += 1;
	s->tokens += token;
}

static void on_closed(void *user)
{
	((struct seen *)user)->closed++;
}

struct fixture {
	struct testing_broker server;
	struct testing_client *client;
	uv_loop_t loop;
	struct seen seen;
	struct broker *broker;
};

static struct broker *open_broker(struct fixture *f, struct seen *seen, struct broker_config config)
{
	struct broker *broker = NULL;
	const struct broker_callbacks callbacks = {seen, on_up, on_down, on_message, on_delivered};
	if (!config.url)
		config.url = f->server.url;
	if (!config.client_id)
		config.client_id = "test";
	assert_int_equal(broker_new(&f->loop, &config, &callbacks, &broker), 0);
	assert_int_equal(seen->ups + seen->downs, 0); /* never from inside */
	return broker;
}

static bool is_up(void *user)
{
	return ((struct seen *)user)->ups > 0;
}

static bool is_down(void *user)
{
	return ((struct seen *)user)->downs > 0;
}

static bool is_closed(void *user)
{
	return ((struct seen *)user)->closed > 0;
}

static bool has_message(void *user)
{
	return ((struct seen *)user)->messages > 0;
}

static bool is_delivered(void *user)
{
	return ((struct seen *)user)->delivered > 0;
}

static bool client_has_one(void *user)
{
	return ((struct testing_client *)user)->n > 0;
}

static void connected(struct fixture *f, struct broker_config config)
{
	f->broker = open_broker(f, &f->seen, config);
	assert_true(testing_pump(&f->loop, NULL, is_up, &f->seen, LIMIT_MS));
}

static void close_broker(struct fixture *f, struct broker *broker, struct seen *seen, bool with_will)
{
	broker_close(broker, 500, with_will, on_closed, seen);
	assert_true(testing_pump(&f->loop, f->client, is_closed, seen, LIMIT_MS));
	assert_int_equal(seen->closed, 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	uv_loop_init(&f->loop);
	*state = f;
	return 0;
}

static void watch(struct fixture *f, const char *topic)
{
	f->client = malloc(sizeof *f->client);
	testing_client_open(f->client, &f->server, topic);
}

static bool loop_is_idle(void *user)
{
	return !uv_loop_alive(user);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (f->broker)
		close_broker(f, f->broker, &f->seen, false);
	testing_pump(&f->loop, NULL, loop_is_idle, &f->loop, 2000);
	int rc = uv_loop_close(&f->loop); /* a test that failed may have left something */
	if (f->client)
		testing_client_close(f->client);
	free(f->client);
	testing_broker_stop(&f->server);
	free(f);
	return rc;
}

/* ---- connecting ---- */

static void connects_and_counts_it(void **state)
{
	struct fixture *f = *state;
	uint64_t began = clock_boot_ms();
	connected(f, (struct broker_config){0});
	print_message("connected after %u ms\n", (unsigned)(clock_boot_ms() - began));
	assert_true(broker_is_up(f->broker));
	assert_int_equal(broker_counters(f->broker)->connects, 1);
	assert_int_equal(f->seen.downs, 0);
}

static void a_refused_connection_says_why_and_is_tried_again_with_growing_pauses(void **state)
{
	struct fixture *f = *state;
	testing_broker_kill(&f->server);
	struct broker *b = open_broker(f, &f->seen, (struct broker_config){0});
	uint64_t last = 0;
	for (unsigned n = 1; n <= 3; n++) {
		f->seen.downs = 0;
		assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
		assert_true(f->seen.retry_ms > last);
		last = f->seen.retry_ms;
		if (n == 1)
			assert_in_range(f->seen.retry_ms, 75, 100);
	}
	assert_non_null(strstr(f->seen.why, "127.0.0.1"));
	testing_broker_restart(&f->server); /* the first connect is tried until it succeeds */
	assert_true(testing_pump(&f->loop, NULL, is_up, &f->seen, LIMIT_MS));
	f->broker = b;
}

static void a_wrong_password_says_what_the_broker_said(void **state)
{
	struct fixture *f = *state;
	testing_broker_stop(&f->server);
	testing_broker_start(&f->server, "allow_anonymous false\n");
	f->broker = open_broker(f, &f->seen, (struct broker_config){.username = "me", .password = "wrong"});
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	assert_non_null(strstr(f->seen.why, "authori"));
	assert_null(strstr(f->seen.why, "wrong"));
}

static void a_name_that_does_not_resolve_is_told_and_tried_again(void **state)
{
	struct fixture *f = *state;
	f->broker = open_broker(f, &f->seen, (struct broker_config){.url = "mqtt://no-such-host.invalid"});
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, 30000));
	assert_non_null(strstr(f->seen.why, "resolved"));
	assert_non_null(strstr(f->seen.why, "no-such-host.invalid"));
	assert_true(f->seen.retry_ms > 0);
}

static void comes_back_by_itself_after_the_broker_was_away(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.reconnect = true});
	testing_broker_kill(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	assert_false(broker_is_up(f->broker));
	assert_in_range(f->seen.retry_ms, 75, 100);
	f->seen.ups = 0;
	testing_broker_restart(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_up, &f->seen, LIMIT_MS));
	assert_int_equal(broker_counters(f->broker)->connects, 2);
}

/* A broker of few words: accepts, says goodbye with "session taken over" and hangs up. */
static void serve_goodbye(int listener)
{
	static const unsigned char connack[] = {0x20, 3, 0, 0, 0}, disconnect[] = {0xE0, 2, 0x8E, 0};
	char rest[256];
	int fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_true(read(fd, rest, sizeof rest) > 0);
	assert_int_equal(write(fd, connack, sizeof connack), sizeof connack);
	assert_int_equal(write(fd, disconnect, sizeof disconnect), sizeof disconnect);
	shutdown(fd, SHUT_WR);
	while (read(fd, rest, sizeof rest) > 0)
		;
	close(fd);
}

static void run_goodbye(void *listener)
{
	serve_goodbye(*(int *)listener);
}

static void what_the_broker_says_before_it_hangs_up_is_told(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	char url[64];
	uv_thread_t server;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
	snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", ntohs(a.sin_port));
	assert_int_equal(uv_thread_create(&server, run_goodbye, &listener), 0);
	f->broker = open_broker(f, &f->seen, (struct broker_config){.url = url});
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	uv_thread_join(&server);
	close(listener);
	print_message("%s\n", f->seen.why);
	assert_non_null(strstr(f->seen.why, "the broker ended it"));
	assert_non_null(strstr(f->seen.why, "same client id"));
}

static void without_reconnect_a_loss_is_final(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.reconnect = false});
	testing_broker_restart(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.retry_ms, 0);
	testing_pump_for(&f->loop, NULL, 400);
	assert_int_equal(f->seen.ups, 1);
}

static void a_second_client_with_the_same_id_takes_over_and_the_first_is_told(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.reconnect = false});
	struct seen other = {0};
	struct broker *b = open_broker(f, &other, (struct broker_config){0});
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	print_message("%s\n", f->seen.why);
	assert_true(testing_pump(&f->loop, NULL, is_up, &other, LIMIT_MS));
	close_broker(f, b, &other, false);
}

static void bad_settings_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct broker_callbacks callbacks = {0};
	const struct broker_config bad[] = {
	    {.url = "http://x", .client_id = "a"},
	    {.url = "mqtt://x"},
	    {.url = "mqtt://x", .client_id = "a", .will_topic = "a/#"},
	    {.url = "mqtt://x", .client_id = "a", .will_topic = "a", .will_qos = 3},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct broker *b = NULL;
		assert_int_equal(broker_new(&f->loop, &bad[i], &callbacks, &b), UV_EINVAL);
		assert_null(b);
	}
}

/* ---- messages ---- */

static void what_is_published_arrives_with_its_flags_and_properties(void **state)
{
	struct fixture *f = *state;
	watch(f, "#");
	connected(f, (struct broker_config){0});
	const struct broker_properties properties = {
	    .response_topic = "answer/here", .correlation = (const uint8_t *)"c\0d", .correlation_size = 3};
	assert_int_equal(broker_publish(f->broker, "a/b", "x\0y", 3, 1, true, &properties, 7), 0);
	assert_true(testing_pump(&f->loop, f->client, client_has_one, f->client, LIMIT_MS));
	const struct testing_message *m = testing_client_last(f->client, "a/b");
	assert_non_null(m);
	assert_int_equal(m->size, 3);
	assert_memory_equal(m->payload, "x\0y", 3);
	assert_int_equal(m->qos, 1);
	assert_string_equal(m->response_topic, "answer/here");
	assert_int_equal(m->correlation_size, 3);
	assert_memory_equal(m->correlation, "c\0d", 3);
	struct testing_client *late = malloc(sizeof *late);
	testing_client_open(late, &f->server, "a/#");
	assert_true(testing_pump(&f->loop, late, client_has_one, late, LIMIT_MS));
	assert_true(late->messages[0].retained);
	testing_client_close(late);
	free(late);
	/* the broker may serve the other clients before it acknowledges to us */
	assert_true(testing_pump(&f->loop, NULL, is_delivered, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.delivered, 1);
	assert_int_equal(f->seen.tokens, 7);
}

static void what_arrives_carries_its_flags_and_properties(void **state)
{
	struct fixture *f = *state;
	watch(f, NULL);
	testing_client_publish(f->client, "q/kept", "old", 3, 1, true, NULL, NULL);
	connected(f, (struct broker_config){0});
	assert_int_equal(broker_subscribe(f->broker, "q/kept", 1), 0);
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_true(f->seen.retained);
	assert_memory_equal(f->seen.payload, "old", 4);
	f->seen.messages = 0;
	testing_client_publish(f->client, "q/kept", "new", 3, 1, true, "r/t", "id7");
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_false(f->seen.retained); /* it is live */
	assert_string_equal(f->seen.response_topic, "r/t");
	assert_int_equal(f->seen.correlation_size, 3);
	assert_memory_equal(f->seen.correlation, "id7", 3);
	assert_int_equal(broker_subscribe_as_published(f->broker, "q/+", 1), 0);
	testing_pump_for(&f->loop, f->client, 100);
	f->seen.messages = 0;
	testing_client_publish(f->client, "q/other", "", 0, 0, true, NULL, NULL);
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_true(f->seen.retained); /* as it was published */
	assert_int_equal(f->seen.size, 0);
}

static void who_looks_on_sees_retained_flags_and_nothing_of_its_own(void **state)
{
	struct fixture *f = *state;
	watch(f, NULL);
	connected(f, (struct broker_config){0});
	assert_int_equal(broker_subscribe_aside(f->broker, "q/others"), 0);
	testing_pump_for(&f->loop, f->client, 100);
	assert_int_equal(broker_publish(f->broker, "q/others", "mine", 4, 1, false, NULL, 0), 0);
	testing_pump_for(&f->loop, f->client, 100);
	assert_int_equal(f->seen.messages, 0);
	testing_client_publish(f->client, "q/others", "kept", 4, 1, true, NULL, NULL);
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_true(f->seen.retained); /* live, and as it was published */
	f->seen.messages = 0;
	testing_client_publish(f->client, "q/others", "live", 4, 1, false, NULL, NULL);
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_false(f->seen.retained);
}

static void malformed_topics_are_refused(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){0});
	assert_int_equal(broker_publish(f->broker, "a/+", "", 0, 0, false, NULL, 0), UV_EINVAL);
	assert_int_equal(broker_publish(f->broker, "", "", 0, 0, false, NULL, 0), UV_EINVAL);
	assert_int_equal(broker_publish(f->broker, "a", "", 0, 2, false, NULL, 0), UV_EINVAL);
	assert_int_equal(broker_subscribe(f->broker, "a/#/b", 0), UV_EINVAL);
	assert_int_equal(broker_counters(f->broker)->published, 0);
}

static void nothing_is_sent_or_kept_while_disconnected(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.reconnect = true});
	testing_broker_kill(&f->server);
	/* Some of these meet a connection whose end nobody noticed yet: they fail, and are not sent later. */
	unsigned taken = 0;
	while (f->seen.downs == 0) {
		if (broker_publish(f->broker, "late", "on", 2, taken % 2, false, NULL, 1) == 0)
			taken++;
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(broker_publish(f->broker, "late", "on", 2, 0, false, NULL, 1), UV_ENOTCONN);
	assert_int_equal(broker_subscribe(f->broker, "x", 0), UV_ENOTCONN);
	testing_broker_restart(&f->server);
	watch(f, "late");
	f->seen.ups = 0;
	assert_true(testing_pump(&f->loop, f->client, is_up, &f->seen, LIMIT_MS));
	testing_pump_for(&f->loop, f->client, 300);
	assert_int_equal(f->client->n, 0);
	assert_int_equal(f->seen.delivered + f->seen.failed, taken); /* each was accounted for */
}

struct flood {
	struct seen *seen;
	unsigned want;
};

static bool all_told(void *user)
{
	const struct flood *flood = user;
	return flood->seen->delivered + flood->seen->failed >= flood->want;
}

static void a_flood_of_messages_is_bounded_and_counted_and_pushes_no_delivery_out(void **state)
{
	struct fixture *f = *state;
	watch(f, NULL);
	connected(f, (struct broker_config){.queue = 16});
	assert_int_equal(broker_subscribe(f->broker, "flood", 0), 0);
	assert_int_equal(broker_subscribe(f->broker, "begin", 0), 0);
	testing_pump_for(&f->loop, f->client, 100);
	for (unsigned i = 0; i < 200; i++) /* these wait for their notice ... */
		assert_int_equal(broker_publish(f->broker, "mine", "m", 1, i % 2, false, NULL, i + 1), 0);
	for (unsigned i = 0; i < 2000; i++) /* ... while the loop stands still and a flood comes in */
		testing_client_publish(f->client, "flood", "0123456789", 10, 0, false, NULL, NULL);
	testing_pump_for(NULL, f->client, 300);
	struct flood flood = {&f->seen, 200};
	assert_true(testing_pump(&f->loop, f->client, all_told, &flood, LIMIT_MS));
	testing_pump_for(&f->loop, f->client, 100);
	assert_int_equal(f->seen.delivered, 200);
	assert_int_equal(f->seen.tokens, 200 * 201 / 2);
	const struct broker_counters *c = broker_counters(f->broker);
	assert_true(c->received_dropped > 0);
	assert_int_equal(c->received + c->received_dropped, 2000);
	assert_int_equal(f->seen.messages, c->received);
	assert_int_equal(f->seen.downs, 0);
}

static void too_much_on_its_way_is_said_and_not_queued(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){0});
	int rc = 0;
	unsigned taken = 0;
	static char big[64 * 1024];
	while (rc == 0 && taken < 5000) { /* the loop stands still, so notices are not collected */
		rc = broker_publish(f->broker, "big", big, sizeof big, 0, false, NULL, 1);
		taken += rc == 0;
	}
	assert_int_equal(rc, UV_ENOBUFS);
	assert_in_range(taken, 100, 200); /* 8 MiB in pieces of 64 KiB */
	struct flood flood = {&f->seen, taken};
	assert_true(testing_pump(&f->loop, NULL, all_told, &flood, LIMIT_MS));
	assert_int_equal(broker_publish(f->broker, "big", big, sizeof big, 0, false, NULL, 1), 0);
}

/* ---- the last will ---- */

static bool will_came(void *user)
{
	return testing_client_last(user, "plug/cmnd/POWER") != NULL;
}

static void closing_with_the_will_lets_the_broker_publish_it(void **state)
{
	struct fixture *f = *state;
	watch(f, "plug/#");
	const struct broker_config config = {
	    .will_topic = "plug/cmnd/POWER", .will_payload = "OFF", .will_size = 3, .will_qos = 1};
	connected(f, config);
	close_broker(f, f->broker, &f->seen, true);
	f->broker = NULL;
	assert_true(testing_pump(&f->loop, f->client, will_came, f->client, LIMIT_MS));
	const struct testing_message *m = testing_client_last(f->client, "plug/cmnd/POWER");
	assert_memory_equal(m->payload, "OFF", 4);
	assert_int_equal(m->qos, 1);
	assert_false(m->retained);
	assert_int_equal(f->client->n, 1);
}

static bool has_all_byes(void *user)
{
	return testing_client_count(user, "plug/bye") == 50;
}

static void closing_in_peace_publishes_no_will_but_what_was_on_its_way(void **state)
{
	struct fixture *f = *state;
	watch(f, "plug/#");
	connected(f, (struct broker_config){.will_topic = "plug/cmnd/POWER", .will_payload = "OFF", .will_size = 3});
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(broker_publish(f->broker, "plug/bye", "x", 1, 1, false, NULL, 0), 0);
	close_broker(f, f->broker, &f->seen, false);
	f->broker = NULL;
	assert_true(testing_pump(&f->loop, f->client, has_all_byes, f->client, LIMIT_MS));
	testing_pump_for(&f->loop, f->client, 200);
	assert_false(will_came(f->client));
}

/* The program runs itself again as a client that lives until it is killed. */
static int be_killed(const char *url)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct seen seen = {0};
	struct fixture f = {0};
	uv_loop_init(&f.loop);
	const struct broker_config config = {.url = url,
					     .client_id = "doomed",
					     .will_topic = "plug/cmnd/POWER",
					     .will_payload = "OFF",
					     .will_size = 3,
					     .will_qos = 1};
	struct broker *b = open_broker(&f, &seen, config);
	if (!testing_pump(&f.loop, NULL, is_up, &seen, LIMIT_MS))
		return 1;
	(void)broker_publish(b, "plug/here", "", 0, 1, false, NULL, 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	return 1;
}

static bool is_here(void *user)
{
	return testing_client_last(user, "plug/here") != NULL;
}

static void a_killed_process_leaves_its_will(void **state)
{
	struct fixture *f = *state;
	watch(f, "plug/#");
	pid_t child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "broker_test", "be-killed", f->server.url, (char *)NULL);
		_exit(127);
	}
	assert_true(testing_pump(NULL, f->client, is_here, f->client, 20000));
	kill(child, SIGKILL);
	uint64_t killed = clock_boot_ms();
	assert_true(testing_pump(NULL, f->client, will_came, f->client, 2000));
	print_message("will %u ms after SIGKILL\n", (unsigned)(clock_boot_ms() - killed));
	waitpid(child, NULL, 0);
}

/* ---- the socket ---- */

/* Finds this process's socket to the server that is not the test client's. */
static int find_socket(struct fixture *f)
{
	int found = -1;
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t size = sizeof peer;
		if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.sin_family != AF_INET ||
		    ntohs(peer.sin_port) != f->server.port)
			continue;
		if (f->client && fd == mosquitto_socket(f->client->mosq))
			continue;
		assert_int_equal(found, -1);
		found = fd;
	}
	assert_true(found >= 0);
	return found;
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof value;
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
	return value;
}

static void assert_quick(struct fixture *f)
{
	int fd = find_socket(f);
	assert_int_equal(option(fd, TCP_NODELAY), 1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* The kernel leaves quick acknowledgement by itself; a receive must bring it back. */
	int off = 0;
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off), 0);
	assert_int_equal(option(fd, TCP_QUICKACK), 0);
	f->seen.messages = 0;
	testing_client_publish(f->client, "quick", "x", 1, 0, false, NULL, NULL);
	assert_true(testing_pump(&f->loop, f->client, has_message, &f->seen, LIMIT_MS));
	assert_int_equal(option(fd, TCP_QUICKACK), 1);
}

static void the_socket_is_quick_and_not_inherited_also_after_a_reconnect(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.reconnect = true});
	assert_int_equal(broker_subscribe(f->broker, "quick", 0), 0);
	watch(f, NULL);
	testing_pump_for(&f->loop, f->client, 50);
	assert_quick(f);
	testing_client_close(f->client);
	free(f->client);
	f->client = NULL;
	f->seen.ups = 0;
	testing_broker_restart(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_up, &f->seen, LIMIT_MS));
	assert_int_equal(broker_subscribe(f->broker, "quick", 0), 0);
	watch(f, NULL);
	testing_pump_for(&f->loop, f->client, 50);
	assert_quick(f);
}

static void each_of_several_connections_finds_its_own_socket(void **state)
{
	struct fixture *f = *state;
	struct seen seen[6] = {0};
	struct broker *brokers[6];
	for (size_t i = 0; i < 6; i++) {
		char id[8];
		snprintf(id, sizeof id, "c%zu", i);
		brokers[i] = open_broker(f, &seen[i], (struct broker_config){.client_id = id});
	}
	for (size_t i = 0; i < 6; i++)
		assert_true(testing_pump(&f->loop, NULL, is_up, &seen[i], LIMIT_MS));
	unsigned quick = 0;
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t size = sizeof peer;
		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
		    ntohs(peer.sin_port) == f->server.port)
			quick += option(fd, TCP_NODELAY) == 1 && fcntl(fd, F_GETFD) == FD_CLOEXEC;
	}
	assert_int_equal(quick, 6);
	for (size_t i = 0; i < 6; i++)
		close_broker(f, brokers[i], &seen[i], false);
}

static void no_socket_is_inherited_by_children(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){0});
	testing_pump_for(&f->loop, NULL, 50);
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof peer;
		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
			assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static bool one_more(void *user)
{
	return ((struct seen *)user)->messages > 0;
}

/* Not a promise with a number, for the machine may be busy; the number is shown. */
static void a_request_and_its_answer_cross_a_default_broker_quickly(void **state)
{
	struct fixture *f = *state;
	connected(f, (struct broker_config){.client_id = "asker"});
	struct seen other = {0};
	struct broker *answerer = open_broker(f, &other, (struct broker_config){.client_id = "answerer"});
	assert_true(testing_pump(&f->loop, NULL, is_up, &other, LIMIT_MS));
	assert_int_equal(broker_subscribe(f->broker, "answer", 0), 0);
	assert_int_equal(broker_subscribe(answerer, "ask", 0), 0);
	testing_pump_for(&f->loop, NULL, 100);
	uint64_t took[200];
	for (size_t i = 0; i < 200; i++) {
		other.messages = f->seen.messages = 0;
		uint64_t began = clock_boot_us();
		assert_int_equal(broker_publish(f->broker, "ask", "?", 1, 0, false, NULL, 0), 0);
		assert_true(testing_pump(&f->loop, NULL, one_more, &other, LIMIT_MS));
		assert_int_equal(broker_publish(answerer, "answer", "!", 1, 0, false, NULL, 0), 0);
		assert_true(testing_pump(&f->loop, NULL, one_more, &f->seen, LIMIT_MS));
		took[i] = clock_boot_us() - began;
	}
	qsort(took, 200, sizeof *took, compare);
	print_message("request and answer: median %u us, p99 %u us\n", (unsigned)took[100], (unsigned)took[197]);
	close_broker(f, answerer, &other, false);
}

/* ---- TLS ---- */

static void tls_connects_when_the_certificate_is_the_hosts(void **state)
{
	struct fixture *f = *state;
	testing_broker_stop(&f->server);
	testing_broker_start_tls(&f->server, "localhost");
	connected(f, (struct broker_config){.ca_file = f->server.ca_file});
	assert_int_equal(option(find_socket(f), TCP_NODELAY), 1);
	assert_int_equal(broker_publish(f->broker, "a", "b", 1, 1, false, NULL, 1), 0);
	struct flood flood = {&f->seen, 1};
	assert_true(testing_pump(&f->loop, NULL, all_told, &flood, LIMIT_MS));
	assert_int_equal(f->seen.delivered, 1);
}

static void tls_refuses_a_certificate_of_another_host_or_another_authority(void **state)
{
	struct fixture *f = *state;
	testing_broker_stop(&f->server);
	testing_broker_start_tls(&f->server, "elsewhere");
	f->broker = open_broker(f, &f->seen, (struct broker_config){.ca_file = f->server.ca_file});
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	close_broker(f, f->broker, &f->seen, false);
	assert_int_equal(f->seen.ups, 0);
	f->seen = (struct seen){0};
	testing_broker_stop(&f->server);
	testing_broker_start_tls(&f->server, "localhost");
	f->broker = open_broker(f, &f->seen, (struct broker_config){0}); /* the system's authorities do not know it */
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.ups, 0);
}

/* ---- closing ---- */

static void nothing_leaks_over_many_connections(void **state)
{
	struct fixture *f = *state;
	size_t before = 0;
	for (unsigned i = 0; i < 8; i++) {
		f->seen = (struct seen){0};
		f->broker = open_broker(f, &f->seen, (struct broker_config){0});
		if (i % 2 == 0)
			assert_true(testing_pump(&f->loop, NULL, is_up, &f->seen, LIMIT_MS));
		else
			uv_run(&f->loop, UV_RUN_NOWAIT); /* closed while it connects */
		close_broker(f, f->broker, &f->seen, i % 4 == 0);
		f->broker = NULL;
		if (i == 1)
			before = testing_open_descriptors();
	}
	assert_int_equal(testing_open_descriptors(), before);
}

static void close_from_up(void *user)
{
	struct fixture *f = user;
	broker_close(f->broker, 100, false, on_closed, &f->seen);
	f->broker = NULL;
}

static void it_may_be_closed_from_its_own_callback(void **state)
{
	struct fixture *f = *state;
	const struct broker_config config = {.url = f->server.url, .client_id = "x"};
	const struct broker_callbacks callbacks = {.user = f, .up = close_from_up};
	assert_int_equal(broker_new(&f->loop, &config, &callbacks, &f->broker), 0);
	assert_true(testing_pump(&f->loop, NULL, is_closed, &f->seen, LIMIT_MS));
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "be-killed") == 0)
		return be_killed(argv[2]);
	const struct CMUnitTest tests[] = {
	    WITH_BROKER(no_socket_is_inherited_by_children),
	    WITH_BROKER(connects_and_counts_it),
	    WITH_BROKER(a_refused_connection_says_why_and_is_tried_again_with_growing_pauses),
	    WITH_BROKER(a_wrong_password_says_what_the_broker_said),
	    WITH_BROKER(a_name_that_does_not_resolve_is_told_and_tried_again),
	    WITH_BROKER(comes_back_by_itself_after_the_broker_was_away),
	    WITH_BROKER(what_the_broker_says_before_it_hangs_up_is_told),
	    WITH_BROKER(without_reconnect_a_loss_is_final),
	    WITH_BROKER(a_second_client_with_the_same_id_takes_over_and_the_first_is_told),
	    WITH_BROKER(bad_settings_are_refused),
	    WITH_BROKER(what_is_published_arrives_with_its_flags_and_properties),
	    WITH_BROKER(what_arrives_carries_its_flags_and_properties),
	    WITH_BROKER(who_looks_on_sees_retained_flags_and_nothing_of_its_own),
	    WITH_BROKER(malformed_topics_are_refused),
	    WITH_BROKER(nothing_is_sent_or_kept_while_disconnected),
	    WITH_BROKER(a_flood_of_messages_is_bounded_and_counted_and_pushes_no_delivery_out),
	    WITH_BROKER(too_much_on_its_way_is_said_and_not_queued),
	    WITH_BROKER(closing_with_the_will_lets_the_broker_publish_it),
	    WITH_BROKER(closing_in_peace_publishes_no_will_but_what_was_on_its_way),
	    WITH_BROKER(a_killed_process_leaves_its_will),
	    WITH_BROKER(the_socket_is_quick_and_not_inherited_also_after_a_reconnect),
	    WITH_BROKER(each_of_several_connections_finds_its_own_socket),
	    WITH_BROKER(a_request_and_its_answer_cross_a_default_broker_quickly),
	    WITH_BROKER(tls_connects_when_the_certificate_is_the_hosts),
	    WITH_BROKER(tls_refuses_a_certificate_of_another_host_or_another_authority),
	    WITH_BROKER(nothing_leaks_over_many_connections),
	    WITH_BROKER(it_may_be_closed_from_its_own_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
