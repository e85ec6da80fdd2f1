/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-mqtt-bench [announce|outage]... - what the gateway's outlet does with a thousand devices, and after a broker
 * was away for ten minutes, at a real mosquitto as Debian configures it. Prints one JSON object. Its floor is a client
 * that publishes the same bytes with nothing around it, in the same run.
 */
#include <mosquitto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "broker/testing_broker.h"
#include "mqtt/outlet.h"
#include "therapy/v1/reading.pb-c.h"

#define DEVICES   1000u
#define METRICS   4u
#define OUTAGE_S  600u
#define RATE      100u /* readings a second */
#define OF_OUTAGE 10u  /* devices */
#define LIVE_S    20u  /* after the return */
#define MOST_SEEN (OUTAGE_S * RATE * 2u)
#define LIMIT_MS  60000u

static void die(const char *why)
{
	fprintf(stderr, "therapy-mqtt-bench: %s\n", why);
	exit(1);
}

static double ms_since(uint64_t ns)
{
	return (double)(uv_hrtime() - ns) / 1e6;
}

/* ---- devices ---- */

static char manufacturer[] = "Bench", kind[] = "heat", plugin[] = "bench", model[] = "b1", version[] = "1";

static Therapy__V1__DeviceDescription **make_devices(size_t n)
{
	static Therapy__V1__MetricDescription rows[METRICS];
	static Therapy__V1__MetricDescription *metrics[METRICS];
	static Therapy__V1__ControlDescription row = THERAPY__V1__CONTROL_DESCRIPTION__INIT;
	static Therapy__V1__ControlDescription *controls[] = {&row};
	static char keys[METRICS][32], heat[] = "heat", name[] = "Heat";
	for (size_t i = 0; i < METRICS; i++) {
		snprintf(keys[i], sizeof keys[i], "power%zu", i);
		therapy__v1__metric_description__init(&rows[i]);
		rows[i].key = rows[i].name = keys[i];
		rows[i].unit = THERAPY__V1__UNIT__UNIT_WATT;
		rows[i].max = 3000;
		metrics[i] = &rows[i];
	}
	row.key = heat;
	row.name = name;
	row.type = THERAPY__V1__CONTROL_TYPE__CONTROL_TYPE_SWITCH;
	row.max = 1;
	Therapy__V1__DeviceDescription **list = calloc(n, sizeof *list);
	for (size_t d = 0; list && d < n; d++) {
		char *id = malloc(32);
		list[d] = malloc(sizeof **list);
		if (!id || !list[d])
			die("out of memory");
		snprintf(id, 32, "pad%zu", d);
		therapy__v1__device_description__init(list[d]);
		list[d]->device_id = id;
		list[d]->plugin = plugin;
		list[d]->plugin_version = version;
		list[d]->kind = kind;
		list[d]->model = list[d]->model_name = model;
		list[d]->manufacturer = manufacturer;
		list[d]->metrics = metrics;
		list[d]->n_metrics = METRICS;
		list[d]->controls = controls;
		list[d]->n_controls = 1;
	}
	return list;
}

static void free_devices(Therapy__V1__DeviceDescription **list, size_t n)
{
	for (size_t d = 0; d < n; d++) {
		free(list[d]->device_id);
		free(list[d]);
	}
	free(list);
}

/* ---- an independent client, on a thread of its own ---- */

struct seen {
	struct mosquitto *client;
	const char *topics;
	_Atomic unsigned configs, subscribed, online;
	_Atomic uint64_t last_config_ns, bytes, readings, historical, repeated;
	_Atomic uint64_t live_oldest_ms, last_historical_ms;
	uint8_t *of[OF_OUTAGE]; /* by sequence: how often it came */
};

static void saw_batch(struct seen *s, const struct mosquitto_message *m)
{
	Therapy__V1__ReadingBatch *b = therapy__v1__reading_batch__unpack(NULL, (size_t)m->payloadlen, m->payload);
	unsigned device;
	if (!b || sscanf(b->device_id, "pad%u", &device) != 1 || device >= OF_OUTAGE)
		die("telemetry that is none");
	uint64_t now = clock_boot_ms();
	for (size_t i = 0; i < b->n_readings; i++) {
		uint64_t sequence = b->first_sequence + i, age = now - b->readings[i]->monotonic_ms;
		if (sequence >= MOST_SEEN)
			die("a sequence that nobody made");
		s->repeated += s->of[device][sequence]++ > 0;
		if (!b->historical && now > b->readings[i]->monotonic_ms && age > s->live_oldest_ms)
			s->live_oldest_ms = age;
	}
	if (b->historical) {
		s->historical += b->n_readings;
		s->last_historical_ms = now;
	}
	s->readings += b->n_readings;
	therapy__v1__reading_batch__free_unpacked(b, NULL);
}

static void on_message(struct mosquitto *client, void *user, const struct mosquitto_message *m)
{
	struct seen *s = user;
	size_t n = strlen(m->topic);
	(void)client;
	s->bytes += (uint64_t)m->payloadlen;
	if (n > 7 && strcmp(m->topic + n - 7, "/config") == 0) {
		s->configs++;
		s->last_config_ns = uv_hrtime();
	} else if (strcmp(m->topic, "therapy/home/availability") == 0) {
		s->online = m->payloadlen == 6;
	} else if (n > 10 && strcmp(m->topic + n - 10, "/telemetry") == 0) {
		saw_batch(s, m);
	}
}

static void on_subscribed(struct mosquitto *client, void *user, int id, int n, const int *granted)
{
	(void)client;
	(void)id;
	(void)n;
	(void)granted;
	((struct seen *)user)->subscribed++;
}

static void on_connected(struct mosquitto *client, void *user, int rc)
{
	if (rc == 0)
		mosquitto_subscribe(client, NULL, ((struct seen *)user)->topics, 0);
}

static void open_seen(struct seen *s, const struct testing_broker *broker, const char *topics)
{
	s->topics = topics;
	unsigned port = (unsigned)strtoul(strrchr(broker->url, ':') + 1, NULL, 10);
	s->client = mosquitto_new("watcher", true, s);
	mosquitto_int_option(s->client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_callback_set(s->client, on_message);
	mosquitto_subscribe_callback_set(s->client, on_subscribed);
	mosquitto_connect_callback_set(s->client, on_connected);
	mosquitto_reconnect_delay_set(s->client, 1, 1, false);
	if (mosquitto_connect(s->client, "127.0.0.1", (int)port, 60) != MOSQ_ERR_SUCCESS ||
	    mosquitto_loop_start(s->client) != MOSQ_ERR_SUCCESS)
		die("the watcher cannot connect");
	for (unsigned waited = 0; s->subscribed == 0; waited++, usleep(1000))
		if (waited > LIMIT_MS)
			die("the watcher cannot subscribe");
}

static void close_seen(struct seen *s)
{
	mosquitto_disconnect(s->client);
	mosquitto_loop_stop(s->client, true);
	mosquitto_destroy(s->client);
}

/* ---- an outlet ---- */

struct place {
	struct testing_broker broker;
	struct seen seen;
	uv_loop_t loop;
	uv_timer_t beat;
	struct outlet *outlet;
	uint64_t beat_ns, longest_ns; /* the loop stood still for so long at most */
	Therapy__V1__GatewayStatus status;
	bool closed;
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
	*out = (struct core_permission){
	    .permitted = true, .phase = CORE_PHASE_AT_REST, .why = "permitted", .cause = {.device = CORE_NO_DEVICE}};
}

static char *on_explanation(void *user, uint16_t device, uint16_t control)
{
	(void)user;
	(void)device;
	(void)control;
	return strdup("{\"permitted\":true,\"why\":\"permitted\",\"rules\":[]}");
}

static void on_beat(uv_timer_t *timer)
{
	struct place *p = timer->data;
	uint64_t now = uv_hrtime();
	if (p->beat_ns && now - p->beat_ns > p->longest_ns)
		p->longest_ns = now - p->beat_ns;
	p->beat_ns = now;
}

static void on_closed(void *user)
{
	((struct place *)user)->closed = true;
}

static void open_place(struct place *p, Therapy__V1__DeviceDescription **devices, size_t n)
{
	testing_broker_start(&p->broker, "max_queued_messages 0");
	open_seen(&p->seen, &p->broker, "#");
	uv_loop_init(&p->loop);
	uv_timer_init(&p->loop, &p->beat);
	p->beat.data = p;
	uv_timer_start(&p->beat, on_beat, 1, 1);
	const struct outlet_config config = {.gateway_id = "home",
					     .version = "1",
					     .discovery_prefix = "homeassistant",
					     .broker = {.url = p->broker.url},
					     .devices = (const Therapy__V1__DeviceDescription *const *)devices,
					     .n_devices = n,
					     .telemetry_queue = 65536};
	const struct outlet_callbacks callbacks = {
	    .user = p, .request = on_request, .permission = on_permission, .explanation = on_explanation};
	if (outlet_new(&p->loop, &config, &callbacks, &p->outlet) != 0)
		die("no outlet");
}

static void close_place(struct place *p)
{
	outlet_close(p->outlet, on_closed, p);
	while (!p->closed)
		uv_run(&p->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&p->beat, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_loop_close(&p->loop);
	close_seen(&p->seen);
	testing_broker_stop(&p->broker);
}

/* ---- a thousand devices ---- */

/* The same number of messages of the same size, one after the other, by a client that does nothing else. */
static double floor_ms(const struct testing_broker *broker, unsigned messages, size_t size)
{
	static struct seen own;
	char *bytes = calloc(1, size + 1), topic[64];
	open_seen(&own, broker, "floor/#");
	uint64_t began = uv_hrtime();
	for (unsigned i = 0; i < messages; i++) {
		snprintf(topic, sizeof topic, "floor/%u/config", i);
		mosquitto_publish(own.client, NULL, topic, (int)size, bytes, 1, false);
	}
	while (own.configs < messages && ms_since(began) < LIMIT_MS)
		usleep(500);
	double took = (double)(own.last_config_ns - began) / 1e6;
	close_seen(&own);
	free(bytes);
	return took;
}

static void measure_announce(void)
{
	static struct place p;
	Therapy__V1__DeviceDescription **devices = make_devices(DEVICES);
	open_place(&p, devices, DEVICES);
	uint64_t opened = uv_hrtime();
	while (!outlet_is_up(p.outlet) && ms_since(opened) < LIMIT_MS)
		uv_run(&p.loop, UV_RUN_ONCE);
	uint64_t up = uv_hrtime();
	p.longest_ns = 0;
	while (p.seen.configs < DEVICES + 1 && ms_since(up) < LIMIT_MS)
		uv_run(&p.loop, UV_RUN_ONCE);
	double took = (double)(p.seen.last_config_ns - up) / 1e6;
	while (ms_since(up) < took + 1000) /* what follows the last of them counts as well */
		uv_run(&p.loop, UV_RUN_ONCE);
	printf("\"announce\":{\"devices\":%u,\"announced\":%u,\"ms\":%.0f,\"longest_stall_ms\":%.1f,\"bytes\":%llu,",
	       DEVICES, (unsigned)p.seen.configs - 1, took, (double)p.longest_ns / 1e6,
	       (unsigned long long)p.seen.bytes);
	printf("\"floor_ms\":%.0f}", floor_ms(&p.broker, DEVICES + 1, (size_t)(p.seen.bytes / (DEVICES + 1))));
	close_place(&p);
	free_devices(devices, DEVICES);
}

/* ---- ten minutes without a broker ---- */

static void feed(struct place *p, uint64_t *sequence, uint64_t stamp_ms)
{
	for (uint16_t d = 0; d < OF_OUTAGE; d++) {
		const struct core_reading r = {.metric = 0, .quality = THERAPY_GOOD, .value = 20, .stamp_ms = stamp_ms};
		outlet_readings(p->outlet, d, 1, *sequence, &r, 1);
	}
	++*sequence;
}

/* Ten devices, ten times a second each, until `until`. */
static void live(struct place *p, uint64_t *sequence, uint64_t *next_ms, uint64_t until_ms)
{
	while (clock_boot_ms() < until_ms) {
		if (clock_boot_ms() >= *next_ms) {
			feed(p, sequence, clock_boot_ms());
			*next_ms += 1000u * OF_OUTAGE / RATE;
		}
		uv_run(&p->loop, UV_RUN_ONCE); /* the beat ends it each millisecond */
	}
}

static void measure_outage(void)
{
	static struct place p;
	uint64_t sequence = 1, next_ms = clock_boot_ms();
	Therapy__V1__DeviceDescription **devices = make_devices(OF_OUTAGE);
	for (size_t d = 0; d < OF_OUTAGE; d++)
		p.seen.of[d] = calloc(MOST_SEEN, 1);
	open_place(&p, devices, OF_OUTAGE);
	live(&p, &sequence, &next_ms, clock_boot_ms() + 3000);
	testing_broker_kill(&p.broker);
	/* What ten minutes bring, in as little time as it takes: the queue does not look at a clock. */
	uint64_t gone_ms = clock_boot_ms();
	for (unsigned i = 0; i < OUTAGE_S * RATE / OF_OUTAGE; i++) {
		feed(&p, &sequence, gone_ms);
		uv_run(&p.loop, UV_RUN_NOWAIT);
	}
	testing_broker_restart(&p.broker);
	unsigned before = p.seen.subscribed;
	while (p.seen.subscribed ==
	       before) /* a watcher that is not there yet would miss what comes; the outlet waits */
		usleep(1000);
	p.seen.live_oldest_ms = 0;
	next_ms = clock_boot_ms();
	uint64_t back_ms = next_ms;
	live(&p, &sequence, &next_ms, back_ms + LIVE_S * 1000u);
	live(&p, &sequence, &next_ms, clock_boot_ms()); /* nothing more is made: what is on its way may arrive */
	for (uint64_t until = clock_boot_ms() + 2000; clock_boot_ms() < until;)
		uv_run(&p.loop, UV_RUN_ONCE);
	uint64_t missing = 0;
	for (size_t d = 0; d < OF_OUTAGE; d++)
		for (uint64_t n = 1; n < sequence; n++)
			missing += p.seen.of[d][n] == 0;
	printf("\"outage\":{\"produced\":%llu,\"missing\":%llu,\"told_twice\":%llu,\"historical\":%llu,\"historical_"
	       "after_ms\":%llu,"
	       "\"live_oldest_ms\":%llu}",
	       (unsigned long long)(sequence - 1) * OF_OUTAGE, (unsigned long long)missing,
	       (unsigned long long)p.seen.repeated, (unsigned long long)p.seen.historical,
	       (unsigned long long)(p.seen.last_historical_ms - back_ms), (unsigned long long)p.seen.live_oldest_ms);
	close_place(&p);
	free_devices(devices, OF_OUTAGE);
	for (size_t d = 0; d < OF_OUTAGE; d++)
		free(p.seen.of[d]);
}

int main(int argc, char **argv)
{
	static char *all[] = {"announce", "outage"};
	char **what = argc > 1 ? argv + 1 : all;
	int n = argc > 1 ? argc - 1 : 2;
	mosquitto_lib_init();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{");
	for (int i = 0; i < n; i++) {
		printf("%s", i ? ",\n" : "");
		if (strcmp(what[i], "announce") == 0)
			measure_announce();
		else if (strcmp(what[i], "outage") == 0)
			measure_outage();
		else
			die("expected announce or outage");
	}
	printf("}\n");
	return 0;
}
