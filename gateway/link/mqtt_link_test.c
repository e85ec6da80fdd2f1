/* SPDX-License-Identifier: Apache-2.0
 * A message link against a real mosquitto, with the channels of a Tasmota plug. With the argument 3.1.1 in that version
 * of MQTT. */
#include "link/mqtt_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "broker/testing_broker.h"

#define LIMIT_MS 8000

enum { POWER, SENSOR, LWT, REPLY };

static const struct therapy_channel channels[] = {
    [POWER] = {"cmnd/{name}/POWER", THERAPY_OUT},
    [SENSOR] = {"tele/{name}/SENSOR", THERAPY_IN},
    [LWT] = {"tele/{name}/LWT", THERAPY_IN},
    [REPLY] = {"{client}/rpc", THERAPY_IN | THERAPY_OUT},
};
static const struct therapy_model plug = {.key = "plug", .channels = channels, .n_channels = 4};
static const struct therapy_frame off = {.size = 3, .channel = POWER, .bytes = "OFF"};

static enum broker_protocol protocol = BROKER_MQTT_5;

struct seen {
	unsigned ups, downs, messages, closed;
	uint8_t channel;
	char data[64];
	size_t size;
	bool retained;
	unsigned kept, none, cleared; /* told of what the broker keeps, with the last: */
	char kept_topic[64], kept_data[64];
	size_t kept_whole;
};

static void on_up(void *user)
{
	((struct seen *)user)->ups++;
}

static void on_down(void *user, const char *why)
{
	assert_true(strlen(why) > 0);
	((struct seen *)user)->downs++;
}

static void on_message(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size, bool retained)
{
	struct seen *s = user;
	assert_true(now_ms > 0);
	assert_int_equal(data[size], 0);
	s->messages++;
	s->channel = channel;
	s->size = size;
	s->retained = retained;
	snprintf(s->data, sizeof s->data, "%s", (const char *)data);
}

static void on_kept(void *user, const struct mqtt_link_kept *kept)
{
	struct seen *s = user;
	*(kept->cleared ? &s->cleared : kept->size == 0 ? &s->none : &s->kept) += 1;
	snprintf(s->kept_topic, sizeof s->kept_topic, "%s", kept->topic);
	snprintf(s->kept_data, sizeof s->kept_data, "%.*s", (int)kept->size,
		 kept->size ? (const char *)kept->data : "");
	s->kept_whole = kept->whole;
}

static void on_closed(void *user)
{
	((struct seen *)user)->closed++;
}

struct fixture {
	struct testing_broker server;
	struct testing_client client;
	uv_loop_t loop;
	struct seen seen;
	struct mqtt_link *link;
	bool clear_kept;
};

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

static bool was_told(void *user)
{
	return ((struct testing_client *)user)->n > 0;
}

static bool is_kept(void *user)
{
	return ((struct seen *)user)->kept > 0;
}

static bool is_none(void *user)
{
	return ((struct seen *)user)->none > 0;
}

static bool is_cleared(void *user)
{
	return ((struct seen *)user)->cleared > 0;
}

static int open_link(struct fixture *f, const struct therapy_model *model, const char *name,
		     const struct therapy_frame *will)
{
	const struct mqtt_link_callbacks callbacks = {&f->seen, on_up, on_down, on_message, on_kept};
	const struct mqtt_link_config config = {.broker = {.url = f->server.url, .protocol = protocol},
						.client = "home-pad",
						.name = name,
						.model = model,
						.will = will,
						.clear_kept = f->clear_kept};
	return mqtt_link_new(&f->loop, &config, &callbacks, &f->link);
}

static void close_link(struct fixture *f)
{
	mqtt_link_close(f->link, on_closed, &f->seen);
	assert_true(testing_pump(&f->loop, &f->client, is_closed, &f->seen, LIMIT_MS));
	f->link = NULL;
}

static void up(struct fixture *f)
{
	assert_int_equal(open_link(f, &plug, "pad_plug", &off), 0);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->seen, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 50);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	testing_broker_start(&f->server, NULL);
	testing_client_open(&f->client, &f->server, "#");
	uv_loop_init(&f->loop);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (f->link)
		close_link(f);
	int rc = uv_loop_close(&f->loop);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	free(f);
	return rc;
}

static void messages_come_with_their_channel(void **state)
{
	struct fixture *f = *state;
	testing_client_publish(&f->client, "tele/pad_plug/LWT", "Online", 6, 1, true, NULL, NULL);
	up(f);
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.channel, LWT);
	assert_string_equal(f->seen.data, "Online");
	assert_true(f->seen.retained);
	f->seen.messages = 0;
	testing_client_publish(&f->client, "tele/other_plug/SENSOR", "no", 2, 0, false, NULL, NULL);
	testing_client_publish(&f->client, "tele/pad_plug/SENSOR", "{}", 2, 0, false, NULL, NULL);
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.channel, SENSOR);
	assert_string_equal(f->seen.data, "{}");
	assert_false(f->seen.retained);
	f->seen.messages = 0;
	testing_client_publish(&f->client, "home-pad/rpc", "r", 1, 0, false, NULL, NULL);
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.channel, REPLY);
}

static void acting_goes_out_once_and_stopping_is_acknowledged(void **state)
{
	struct fixture *f = *state;
	up(f);
	static const struct {
		uint8_t effect;
		int qos;
	} rows[] = {{THERAPY_ACT, 0}, {THERAPY_RENEW, 0}, {THERAPY_QUERY, 0}, {THERAPY_STOP, 1}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		testing_client_forget(&f->client);
		assert_int_equal(mqtt_link_send(f->link, POWER, rows[i].effect, (const uint8_t *)"ON", 2), 0);
		assert_true(testing_pump(&f->loop, &f->client, was_told, &f->client, LIMIT_MS));
		assert_string_equal(f->client.messages[0].topic, "cmnd/pad_plug/POWER");
		assert_int_equal(f->client.messages[0].qos, rows[i].qos);
		assert_false(f->client.messages[0].retained);
	}
}

static void frames_for_no_outgoing_channel_or_too_long_are_refused(void **state)
{
	struct fixture *f = *state;
	up(f);
	static const uint8_t long_frame[THERAPY_FRAME_MAX + 1];
	assert_int_equal(mqtt_link_send(f->link, SENSOR, THERAPY_ACT, long_frame, 1), UV_EINVAL);
	assert_int_equal(mqtt_link_send(f->link, 4, THERAPY_ACT, long_frame, 1), UV_EINVAL);
	assert_int_equal(mqtt_link_send(f->link, POWER, THERAPY_ACT, long_frame, sizeof long_frame), UV_EINVAL);
}

static bool will_came(void *user)
{
	const struct testing_message *m = testing_client_last(user, "cmnd/pad_plug/POWER");
	return m && m->size == 3 && memcmp(m->payload, "OFF", 3) == 0;
}

static void closing_makes_the_broker_send_the_safe_command(void **state)
{
	struct fixture *f = *state;
	up(f);
	assert_int_equal(mqtt_link_send(f->link, POWER, THERAPY_ACT, (const uint8_t *)"ON", 2), 0);
	close_link(f);
	assert_true(testing_pump(&f->loop, &f->client, will_came, &f->client, LIMIT_MS));
	const struct testing_message *m = testing_client_last(&f->client, "cmnd/pad_plug/POWER");
	assert_int_equal(m->qos, 1);
	assert_false(m->retained);
}

static void a_sensor_has_no_will(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_link(f, &plug, "pad_plug", NULL), 0);
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->seen, LIMIT_MS));
	close_link(f);
	testing_pump_for(&f->loop, &f->client, 200);
	assert_int_equal(f->client.n, 0);
}

static void after_a_loss_it_subscribes_again_and_sends_nothing_old(void **state)
{
	struct fixture *f = *state;
	up(f);
	testing_broker_kill(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	assert_int_equal(mqtt_link_send(f->link, POWER, THERAPY_ACT, (const uint8_t *)"ON", 2), UV_ENOTCONN);
	testing_broker_restart(&f->server);
	testing_client_close(&f->client);
	testing_client_open(&f->client, &f->server, "cmnd/#");
	f->seen.ups = 0;
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->seen, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 100);
	assert_int_equal(f->client.n, 0);
	testing_client_publish(&f->client, "tele/pad_plug/SENSOR", "{}", 2, 0, false, NULL, NULL);
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
}

static void bad_names_addresses_and_wills_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct therapy_channel unknown_brace[] = {{"x/{nome}", THERAPY_IN}};
	static const struct therapy_channel wild_out[] = {{"x/+", THERAPY_OUT}};
	static const struct therapy_model bad[] = {{.channels = unknown_brace, .n_channels = 1},
						   {.channels = wild_out, .n_channels = 1}};
	static const struct therapy_frame will_on_input = {.size = 1, .channel = SENSOR};
	assert_int_equal(open_link(f, &bad[0], "a", NULL), UV_EINVAL);
	assert_int_equal(open_link(f, &bad[1], "a", NULL), UV_EINVAL);
	assert_int_equal(open_link(f, &plug, "", NULL), UV_EINVAL);
	assert_int_equal(open_link(f, &plug, "a/#", NULL), UV_EINVAL);
	assert_int_equal(open_link(f, &plug, "a", &will_on_input), UV_EINVAL);
	char long_name[300];
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	assert_int_equal(open_link(f, &plug, long_name, NULL), UV_EINVAL);
	assert_null(f->link);
}

/* ---- what the broker keeps ---- */

static void keep(struct fixture *f, const char *topic, const char *payload)
{
	testing_client_publish(&f->client, topic, payload, strlen(payload), 1, true, NULL, NULL);
	testing_pump_for(&f->loop, &f->client, 50);
}

/* What somebody who subscribes now is given. */
static size_t kept_at_the_broker(struct fixture *f, const char *topic)
{
	struct testing_client late;
	testing_client_open(&late, &f->server, topic);
	testing_pump_for(&f->loop, &late, 100);
	size_t n = testing_client_count(&late, topic);
	testing_client_close(&late);
	return n;
}

static void a_command_that_was_kept_before_is_told_once_and_left_alone(void **state)
{
	struct fixture *f = *state;
	bool sees_it_go = protocol != BROKER_MQTT_311; /* there at the next connect: docs/mqtt.md */
	keep(f, "cmnd/pad_plug/POWER", "ON");
	up(f);
	assert_true(testing_pump(&f->loop, &f->client, is_kept, &f->seen, LIMIT_MS));
	assert_string_equal(f->seen.kept_topic, "cmnd/pad_plug/POWER");
	assert_string_equal(f->seen.kept_data, "ON");
	assert_int_equal(f->seen.kept_whole, 2);
	assert_int_equal(f->seen.messages, 0); /* nothing of it goes to the plugin */
	assert_int_equal(kept_at_the_broker(f, "cmnd/pad_plug/POWER"), 1);
	/* the broker that keeps it goes and comes: told again by the broker, not by us */
	testing_broker_kill(&f->server);
	assert_true(testing_pump(&f->loop, NULL, is_down, &f->seen, LIMIT_MS));
	f->seen.ups = 0; /* here: it may be back before the client is */
	testing_client_close(&f->client);
	testing_broker_restart(&f->server);
	testing_client_open(&f->client, &f->server, "#");
	keep(f, "cmnd/pad_plug/POWER", "ON"); /* mosquitto without persistence has forgotten it */
	assert_true(testing_pump(&f->loop, &f->client, is_up, &f->seen, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 300);
	assert_int_equal(f->seen.kept, 1);
	assert_int_equal(f->seen.none, 0);
	/* somebody clears it */
	keep(f, "cmnd/pad_plug/POWER", "");
	if (!sees_it_go)
		return;
	assert_true(testing_pump(&f->loop, &f->client, is_none, &f->seen, LIMIT_MS));
	assert_string_equal(f->seen.kept_topic, "cmnd/pad_plug/POWER");
	assert_int_equal(f->seen.cleared, 0);
}

static void a_command_that_is_kept_later_is_told_and_other_messages_are_not(void **state)
{
	struct fixture *f = *state;
	if (protocol == BROKER_MQTT_311)
		skip(); /* it is seen at the next connect: docs/mqtt.md */
	char long_one[100];
	memset(long_one, 'x', sizeof long_one);
	up(f);
	testing_client_publish(&f->client, "cmnd/pad_plug/POWER", "ON", 2, 1, false, NULL, NULL); /* of this moment */
	assert_int_equal(mqtt_link_send(f->link, POWER, THERAPY_ACT, (const uint8_t *)"ON", 2), 0);
	keep(f, "home-pad/rpc", "reply"); /* it answers there, too */
	keep(f, "cmnd/other_plug/POWER", "ON");
	testing_pump_for(&f->loop, &f->client, 200);
	assert_int_equal(f->seen.kept, 0);
	testing_client_publish(&f->client, "cmnd/pad_plug/POWER", long_one, sizeof long_one, 1, true, NULL, NULL);
	assert_true(testing_pump(&f->loop, &f->client, is_kept, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.kept_whole, sizeof long_one);
}

static void what_the_plugin_reads_anyhow_is_its_own_and_comes_once(void **state)
{
	struct fixture *f = *state;
	static const struct therapy_channel overlapping[] = {{"x/{name}/#", THERAPY_IN}, {"x/{name}/set", THERAPY_OUT}};
	static const struct therapy_model model = {.key = "m", .channels = overlapping, .n_channels = 2};
	f->clear_kept = true;
	keep(f, "x/pad/set", "ON");
	assert_int_equal(open_link(f, &model, "pad", NULL), 0);
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
	testing_pump_for(&f->loop, &f->client, 200);
	assert_int_equal(f->seen.messages, 1);
	assert_int_equal(f->seen.kept + f->seen.cleared, 0);
	assert_int_equal(kept_at_the_broker(f, "x/pad/set"), 1);
}

static void where_nothing_is_kept_that_is_told_after_a_while(void **state)
{
	struct fixture *f = *state;
	up(f);
	assert_true(testing_pump(&f->loop, &f->client, is_none, &f->seen, LIMIT_MS));
	assert_string_equal(f->seen.kept_topic, "cmnd/pad_plug/POWER");
	assert_int_equal(f->seen.kept + f->seen.cleared, 0);
}

static void with_consent_it_is_cleared_but_nothing_else_and_not_again_at_once(void **state)
{
	struct fixture *f = *state;
	f->clear_kept = true;
	keep(f, "cmnd/pad_plug/POWER", "ON");
	keep(f, "cmnd/other_plug/POWER", "ON");
	keep(f, "home-pad/rpc", "reply");
	keep(f, "tele/pad_plug/LWT", "Online");
	up(f);
	assert_true(testing_pump(&f->loop, &f->client, is_cleared, &f->seen, LIMIT_MS));
	assert_int_equal(f->seen.kept, 1);
	assert_int_equal(kept_at_the_broker(f, "cmnd/pad_plug/POWER"), 0);
	assert_int_equal(kept_at_the_broker(f, "cmnd/other_plug/POWER"), 1);
	assert_int_equal(kept_at_the_broker(f, "home-pad/rpc"), 1);
	assert_int_equal(kept_at_the_broker(f, "tele/pad_plug/LWT"), 1);
	testing_client_forget(&f->client);
	for (unsigned i = 0; i < 20; i++)
		keep(f, "cmnd/pad_plug/POWER", i % 2 ? "ON" : "1");
	assert_int_equal(testing_client_count(&f->client, "cmnd/pad_plug/POWER"), 20); /* the rogue's alone */
	assert_int_equal(f->seen.kept + f->seen.cleared, 2);
}

#ifdef DYNAMIC_SECURITY
static void a_broker_that_does_not_let_us_look_changes_nothing(void **state)
{
	struct fixture *f = *state;
	static const char rules[] =
	    "{\"defaultACLAccess\":{\"publishClientSend\":true,\"publishClientReceive\":true,\"subscribe\":true,"
	    "\"unsubscribe\":true},\"clients\":[],\"groups\":[{\"groupname\":\"all\",\"roles\":[{\"rolename\":"
	    "\"no-peeping\"}],\"clients\":[]}],\"anonymousGroup\":\"all\",\"roles\":[{\"rolename\":\"no-peeping\","
	    "\"acls\":[{\"acltype\":\"subscribePattern\",\"topic\":\"cmnd/#\",\"priority\":1,\"allow\":false}]}]}";
	char path[96], extra[400];
	testing_client_close(&f->client);
	snprintf(path, sizeof path, "%s/rules.json", f->server.dir);
	FILE *to = fopen(path, "we");
	assert_non_null(to);
	fputs(rules, to);
	fclose(to);
	snprintf(extra, sizeof extra, "plugin %s\nplugin_opt_config_file %s\n", DYNAMIC_SECURITY, path);
	struct testing_broker strict;
	testing_broker_start(&strict, extra);
	testing_client_open(&f->client, &strict, NULL);
	const struct testing_broker plain = f->server;
	f->server = strict;
	keep(f, "cmnd/pad_plug/POWER", "ON");
	up(f);
	keep(f, "tele/pad_plug/LWT", "Online");
	assert_true(testing_pump(&f->loop, &f->client, has_message, &f->seen, LIMIT_MS));
	assert_int_equal(mqtt_link_send(f->link, POWER, THERAPY_STOP, (const uint8_t *)"OFF", 3), 0);
	testing_pump_for(&f->loop, &f->client, 200);
	assert_int_equal(f->seen.kept, 0); /* it was refused indeed */
	assert_int_equal(f->seen.ups, 1);
	assert_int_equal(f->seen.downs, 0);
	close_link(f);
	testing_client_close(&f->client);
	testing_broker_stop(&f->server);
	f->server = plain;
	testing_client_open(&f->client, &f->server, NULL);
}
#endif

#define WITH_LINK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "3.1.1") == 0)
		protocol = BROKER_MQTT_311;
	const struct CMUnitTest tests[] = {
	    WITH_LINK(messages_come_with_their_channel),
	    WITH_LINK(acting_goes_out_once_and_stopping_is_acknowledged),
	    WITH_LINK(frames_for_no_outgoing_channel_or_too_long_are_refused),
	    WITH_LINK(closing_makes_the_broker_send_the_safe_command),
	    WITH_LINK(a_sensor_has_no_will),
	    WITH_LINK(after_a_loss_it_subscribes_again_and_sends_nothing_old),
	    WITH_LINK(a_command_that_was_kept_before_is_told_once_and_left_alone),
	    WITH_LINK(a_command_that_is_kept_later_is_told_and_other_messages_are_not),
	    WITH_LINK(what_the_plugin_reads_anyhow_is_its_own_and_comes_once),
	    WITH_LINK(where_nothing_is_kept_that_is_told_after_a_while),
	    WITH_LINK(with_consent_it_is_cleared_but_nothing_else_and_not_again_at_once),
#ifdef DYNAMIC_SECURITY
	    WITH_LINK(a_broker_that_does_not_let_us_look_changes_nothing),
#endif
	    WITH_LINK(bad_names_addresses_and_wills_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
