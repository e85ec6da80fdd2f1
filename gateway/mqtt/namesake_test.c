/* SPDX-License-Identifier: Apache-2.0
 * Two gateways with one id at a real mosquitto: the older one keeps its place and its devices, the younger one waits.
 */
#include "mqtt/namesake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/testing.h"
#include "broker/testing_broker.h"
#include "mqtt/outlet.h"
#include "mqtt/testing_devices.h"

#define LIMIT_MS 10000

/* ---- cards ---- */

static struct namesake_card card(const char *instance, uint64_t uptime_ms)
{
	struct namesake_card c = {.host = "nas", .uptime_ms = uptime_ms};
	snprintf(c.instance, sizeof c.instance, "%s", instance);
	return c;
}

static bool reads(const char *payload, struct namesake_card *out)
{
	return namesake_read((const uint8_t *)payload, strlen(payload), out);
}

static void what_one_says_of_itself_the_other_reads(void **state)
{
	(void)state;
	struct namesake_card own, other;
	namesake_card(&own);
	char *text = namesake_text(&own, 12345);
	assert_true(reads(text, &other));
	free(text);
	assert_string_equal(other.instance, own.instance);
	assert_string_equal(other.host, own.host);
	assert_int_equal(other.uptime_ms, 12345);
	struct namesake_card next;
	namesake_card(&next);
	assert_string_not_equal(next.instance, own.instance);
}

static void rubbish_is_nobody(void **state)
{
	(void)state;
	static const char *const rubbish[] = {
	    "",
	    "{",
	    "[]",
	    "online",
	    "{\"instance\":\"0123456789abcdef\",\"host\":\"nas\"}",
	    "{\"instance\":\"0123456789abcdef\",\"host\":\"nas\",\"uptime_ms\":-1}",
	    "{\"instance\":\"0123456789abcdef\",\"host\":\"nas\",\"uptime_ms\":1e3}",
	    "{\"instance\":\"short\",\"host\":\"nas\",\"uptime_ms\":1}",
	    "{\"instance\":7,\"host\":\"nas\",\"uptime_ms\":1}",
	};
	struct namesake_card c;
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
		assert_false(reads(rubbish[i], &c));
	assert_true(reads("{\"instance\":\"0123456789abcdef\",\"host\":\"n\\u001bas\",\"uptime_ms\":1}", &c));
	assert_null(strchr(c.host, 27)); /* it goes to a terminal */
}

static void of_two_exactly_one_is_older_whatever_their_ages(void **state)
{
	(void)state;
	static const uint64_t ages[] = {0, 1000, 4999, 5001, 9000, 3600000};
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++)
		for (size_t j = 0; j < sizeof ages / sizeof *ages; j++) {
			struct namesake_card a = card("00000000000000aa", ages[i]),
					     b = card("00000000000000bb", ages[j]);
			assert_true(namesake_older(&a, &b) != namesake_older(&b, &a));
			if (ages[i] > ages[j] + 5000)
				assert_true(namesake_older(&a, &b));
		}
}

/* ---- two of them ---- */

struct one {
	struct outlet *outlet;
	bool told, alone, closed;
	unsigned changes;
};

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	uv_loop_t loop;
	struct one first, second;
};

static void on_request(void *user, const struct core_request *request)
{
	(void)user;
	(void)request;
}

static void on_permission(void *user, uint16_t device, uint16_t control, struct core_permission *out)
{
	(void)user;
	(void)device;
	(void)control;
	*out = (struct core_permission){.cause.device = CORE_NO_DEVICE};
}

static void on_alone(void *user, bool alone)
{
	struct one *one = user;
	one->told = true;
	one->alone = alone;
	one->changes++;
}

static void on_closed(void *user)
{
	((struct one *)user)->closed = true;
}

static void open_one(struct fixture *f, struct one *one)
{
	const struct outlet_config config = {.gateway_id = "home",
					     .broker = {.url = f->server.url},
					     .devices = testing_devices(),
					     .n_devices = N_DEVICES};
	const struct outlet_callbacks callbacks = {
	    .user = one, .request = on_request, .permission = on_permission, .alone = on_alone};
	*one = (struct one){0};
	assert_int_equal(outlet_new(&f->loop, &config, &callbacks, &one->outlet), 0);
}

static bool is_closed(void *user)
{
	return ((struct one *)user)->closed;
}

static void close_one(struct fixture *f, struct one *one)
{
	if (!one->outlet)
		return;
	outlet_close(one->outlet, on_closed, one);
	one->outlet = NULL;
	assert_true(testing_pump(&f->loop, &f->client, is_closed, one, LIMIT_MS));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	testing_client_open(&f->client, &f->server, "therapy/home/availability");
	uv_loop_init(&f->loop);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	close_one(f, &f->first);
	close_one(f, &f->second);
	int rc = uv_loop_close(&f->loop);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f);
	return rc;
}

static bool is_up(void *user)
{
	const struct one *one = user;
	return one->told && one->alone && outlet_is_up(one->outlet);
}

static bool stands_back(void *user)
{
	const struct one *one = user;
	return one->told && !one->alone && outlet_stands_back(one->outlet);
}

static void one_that_is_alone_takes_its_place(void **state)
{
	struct fixture *f = *state;
	open_one(f, &f->first);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->first, LIMIT_MS));
	assert_int_equal(f->first.changes, 1);
	assert_null(outlet_stands_back(f->first.outlet));
}

static void the_older_one_keeps_its_place_and_never_loses_its_connection(void **state)
{
	struct fixture *f = *state;
	open_one(f, &f->first);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->first, LIMIT_MS));
	size_t told = testing_client_count(&f->client, "therapy/home/availability");
	open_one(f, &f->second);
	assert_true(testing_pump(&f->loop, &f->client, stands_back, &f->second, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 500);
	assert_true(outlet_is_up(f->first.outlet));
	assert_false(outlet_is_up(f->second.outlet));
	assert_int_equal(f->first.changes, 1);
	assert_null(outlet_stands_back(f->first.outlet));
	const struct testing_message *m = testing_client_last(&f->client, "therapy/home/availability");
	assert_string_equal((const char *)m->payload, "online");
	/* telling all again repeats it, but nobody said offline in between */
	for (size_t i = told; i < f->client.n; i++)
		assert_string_equal((const char *)f->client.messages[i].payload, "online");
}

static void when_the_older_one_ends_the_younger_one_takes_its_place(void **state)
{
	struct fixture *f = *state;
	open_one(f, &f->first);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->first, LIMIT_MS));
	open_one(f, &f->second);
	assert_true(testing_pump(&f->loop, &f->client, stands_back, &f->second, LIMIT_MS));
	close_one(f, &f->first);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->second, LIMIT_MS));
	assert_null(outlet_stands_back(f->second.outlet));
}

static bool one_has_it(void *user)
{
	struct fixture *f = user;
	return (is_up(&f->first) && stands_back(&f->second)) || (is_up(&f->second) && stands_back(&f->first));
}

/* Neither sees the other before both have connected: they take the place from each other, and then look. */
static void two_that_start_at_the_same_moment_come_to_terms(void **state)
{
	struct fixture *f = *state;
	open_one(f, &f->first);
	open_one(f, &f->second);
	assert_true(testing_pump(&f->loop, &f->client, one_has_it, f, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 500);
	assert_true(one_has_it(f));
}

static void what_an_earlier_run_left_behind_is_nobody(void **state)
{
	struct fixture *f = *state;
	testing_client_publish(&f->client, "therapy/home/availability", "online", 6, 1, true, NULL, NULL);
	while (!testing_client_last(&f->client, "therapy/home/availability"))
		testing_pump_for(&f->loop, &f->client, 5);
	open_one(f, &f->first);
	uint64_t began = clock_boot_ms();
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->first, LIMIT_MS));
	assert_true(clock_boot_ms() - began >= 1000); /* it was given its time to answer */
}

int main(void)
{
#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_one_says_of_itself_the_other_reads),
	    cmocka_unit_test(rubbish_is_nobody),
	    cmocka_unit_test(of_two_exactly_one_is_older_whatever_their_ages),
	    WITH_BROKER(one_that_is_alone_takes_its_place),
	    WITH_BROKER(the_older_one_keeps_its_place_and_never_loses_its_connection),
	    WITH_BROKER(when_the_older_one_ends_the_younger_one_takes_its_place),
	    WITH_BROKER(two_that_start_at_the_same_moment_come_to_terms),
	    WITH_BROKER(what_an_earlier_run_left_behind_is_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
