/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/namesake.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"
#include "tell/tell.h"

#define ANSWER_MS    1000u  /* for the one that is there; its own watchdog gives it 3 s to do anything at all */
#define AGAIN_MS     60000u /* while standing back, so that the other knows that we are still there */
#define GONE_MS      1000u  /* after the other's `offline`: it may be coming back */
#define GONE_SPREAD  1000u  /* ... and of several that wait one comes first */
#define SAME_AGE_MS  5000u  /* closer than that, ages that two clocks tell do not decide */
#define TOPIC_SIZE   (sizeof "therapy//availability" + ID_MAX)
#define PAYLOAD_SIZE 512u

enum stage { CONNECTING, ASKED, STANDING_BACK, CLEAR };

struct namesake {
	uv_loop_t *loop;
	struct broker *broker;
	struct namesake_callbacks callbacks;
	struct namesake_card card;
	uint64_t started_ms;
	uv_timer_t timer;
	enum stage stage;
	bool had;
	bool online; /* the gateway's availability, as the broker has it */
	char base[TOPIC_SIZE];
	unsigned handles;
	void (*closed)(void *);
	void *closed_user;
};

/* ---- cards ---- */

void namesake_card(struct namesake_card *card)
{
	char name[65] = "";
	uint64_t random = 0;
	*card = (struct namesake_card){.uptime_ms = 0};
	if (uv_random(NULL, NULL, &random, sizeof random, 0, NULL) != 0)
		random = clock_boot_ms() << 16 ^ (uint64_t)getpid();
	(void)snprintf(card->instance, sizeof card->instance, "%016" PRIx64, random);
	if (gethostname(name, sizeof name - 1) != 0)
		(void)str_copy(name, sizeof name, "unknown");
	struct str s;
	str_init(&s, card->host, sizeof card->host);
	str_add_printable(&s, name, strlen(name), sizeof card->host - 1);
}

char *namesake_text(const struct namesake_card *card, uint64_t uptime_ms)
{
	struct json_object *o = json_object_new_object();
	if (!o)
		return NULL;
	tell_put(o, "instance", card->instance);
	tell_put(o, "host", card->host);
	tell_put_count(o, "uptime_ms", uptime_ms);
	return tell_text(o);
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;
	bool is_text = json_object_object_get_ex(o, key, &value) && json_object_is_type(value, json_type_string);
	return is_text ? json_object_get_string(value) : NULL;
}

bool namesake_read(const uint8_t *payload, size_t size, struct namesake_card *out)
{
	if (size == 0 || size > PAYLOAD_SIZE || memchr(payload, '\0', size))
		return false;
	struct json_object *o = json_tokener_parse((const char *)payload), *uptime = NULL;
	const char *instance = text_of(o, "instance"), *host = text_of(o, "host");
	bool ok = instance && host && strlen(instance) == sizeof out->instance - 1 &&
		  json_object_object_get_ex(o, "uptime_ms", &uptime) && json_object_is_type(uptime, json_type_int) &&
		  json_object_get_int64(uptime) >= 0;
	if (ok) {
		struct str s;
		(void)str_copy(out->instance, sizeof out->instance, instance);
		str_init(&s, out->host, sizeof out->host);
		str_add_printable(&s, host, strlen(host), sizeof out->host - 1);
		out->uptime_ms = (uint64_t)json_object_get_int64(uptime);
	}
	json_object_put(o);
	return ok;
}

bool namesake_older(const struct namesake_card *a, const struct namesake_card *b)
{
	uint64_t apart = a->uptime_ms > b->uptime_ms ? a->uptime_ms - b->uptime_ms : b->uptime_ms - a->uptime_ms;
	return apart > SAME_AGE_MS ? a->uptime_ms > b->uptime_ms : strcmp(a->instance, b->instance) < 0;
}

/* ---- the look ---- */

static const char *topic(const struct namesake *n, char out[TOPIC_SIZE + 16], const char *what)
{
	struct str s;
	str_init(&s, out, TOPIC_SIZE + 16);
	str_add(&s, "%s/%s", n->base, what);
	return out;
}

static void on_time(uv_timer_t *timer);

static void clear(struct namesake *n)
{
	n->stage = CLEAR;
	uv_timer_stop(&n->timer);
	n->callbacks.clear(n->callbacks.user);
}

/* What the broker keeps comes before our own question comes back to us: then we know whether anybody may be there. */
static void ask(struct namesake *n)
{
	char to[TOPIC_SIZE + 16];
	char *text = namesake_text(&n->card, clock_boot_ms() - n->started_ms);
	if (text)
		(void)broker_publish(n->broker, topic(n, to, "who"), text, strlen(text), 0, false, NULL, 0);
	free(text);
	uv_timer_start(&n->timer, on_time, n->stage == STANDING_BACK ? AGAIN_MS : ANSWER_MS, 0);
}

static void on_time(uv_timer_t *timer)
{
	struct namesake *n = timer->data;
	if (n->stage == ASKED || (n->stage == STANDING_BACK && !n->online))
		clear(n); /* nobody answers for it */
	else if (broker_is_up(n->broker))
		ask(n);
}

static void on_up(void *user)
{
	static const char *const topics[] = {"availability", "instance", "who"};
	struct namesake *n = user;
	char what[TOPIC_SIZE + 16];
	n->online = false;
	for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
		(void)broker_subscribe(n->broker, topic(n, what, topics[i]), 0);
	if (n->stage == CONNECTING)
		n->stage = ASKED;
	ask(n);
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	struct namesake *n = user;
	uv_timer_stop(&n->timer);
	if (n->stage == ASKED)
		n->stage = CONNECTING;
	n->callbacks.down(n->callbacks.user, why, retry_ms);
}

static void take_availability(struct namesake *n, const struct broker_message *m)
{
	uint32_t random = 0;
	n->online = m->size == 6 && memcmp(m->payload, "online", 6) == 0;
	if (n->stage != STANDING_BACK || n->online)
		return;
	(void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL); /* without it only the spread is missing */
	uv_timer_start(&n->timer, on_time, GONE_MS + random % GONE_SPREAD, 0);
}

static void take_answer(struct namesake *n, const struct namesake_card *other)
{
	struct namesake_card own = n->card;
	own.uptime_ms = clock_boot_ms() - n->started_ms;
	if (n->stage != ASKED || (n->had && !namesake_older(other, &own)))
		return;
	n->stage = STANDING_BACK;
	uv_timer_start(&n->timer, on_time, AGAIN_MS, 0);
	n->callbacks.found(n->callbacks.user, other);
}

static void on_message(void *user, const struct broker_message *m)
{
	struct namesake *n = user;
	struct namesake_card card;
	size_t base = strlen(n->base);
	if (n->stage == CLEAR || strncmp(m->topic, n->base, base) != 0 || m->topic[base] != '/')
		return;
	const char *what = m->topic + base + 1;
	if (strcmp(what, "availability") == 0) {
		take_availability(n, m);
		return;
	}
	if (m->retained || !namesake_read(m->payload, m->size, &card))
		return;
	bool own = strcmp(card.instance, n->card.instance) == 0;
	if (strcmp(what, "instance") == 0 && !own)
		take_answer(n, &card);
	else if (strcmp(what, "who") == 0 && own && n->stage == ASKED && !n->online)
		clear(n);
}

/* ---- life ---- */

int namesake_look(uv_loop_t *loop, const struct broker_config *broker, const char *base,
		  const struct namesake_card *card, uint64_t started_ms, bool had,
		  const struct namesake_callbacks *callbacks, struct namesake **out)
{
	struct namesake *n = calloc(1, sizeof *n);
	char client_id[ID_MAX + 64];
	struct str s;
	if (!n)
		return UV_ENOMEM;
	if (!str_copy(n->base, sizeof n->base, base)) {
		free(n);
		return UV_EINVAL;
	}
	n->loop = loop;
	n->callbacks = *callbacks;
	n->card = *card;
	n->started_ms = started_ms;
	n->had = had;
	str_init(&s, client_id, sizeof client_id);
	str_add(&s, "%s.look.%s", broker->client_id, card->instance);
	struct broker_config config = *broker;
	config.client_id = client_id;
	config.will_topic = NULL;
	config.reconnect = true;
	const struct broker_callbacks of_broker = {.user = n, .up = on_up, .down = on_down, .message = on_message};
	int rc = broker_new(loop, &config, &of_broker, &n->broker);
	if (rc != 0) {
		free(n);
		return rc;
	}
	uv_timer_init(loop, &n->timer); /* cannot fail */
	n->timer.data = n;
	n->handles = 2;
	*out = n;
	return 0;
}

static void one_closed(struct namesake *n)
{
	if (--n->handles > 0)
		return;
	void (*closed)(void *) = n->closed;
	void *user = n->closed_user;
	free(n);
	closed(user);
}

static void on_timer_closed(uv_handle_t *handle)
{
	one_closed(handle->data);
}

static void on_broker_closed(void *user)
{
	one_closed(user);
}

void namesake_close(struct namesake *n, void (*closed)(void *user), void *user)
{
	n->stage = CLEAR;
	n->closed = closed;
	n->closed_user = user;
	uv_close((uv_handle_t *)&n->timer, on_timer_closed);
	broker_close(n->broker, 0, false, on_broker_closed, n);
}
