/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "broker/broker_inside.h"
#include "broker/poke.h"
#include "broker/settings.h"

#define QUEUE            256u
#define BACKOFF_FIRST_MS 100u
#define BACKOFF_MAX_MS   10000u
#define STEADY_MS        10000u /* a connection that held this long starts the back-off anew */
#define CONNECT_MS       10000u /* resolving not included */
#define DISCONNECT_MS    1000u  /* for the last packet to leave */
#define POKE_MS          4u     /* while connecting: then 8, 16, ... */
#define WINDOW           20u    /* unacknowledged QoS 1 messages that a broker takes at least; mosquitto's default */
#define MESSAGES_AT_ONCE 64u    /* then the loop may do other things */
#define WHY_MAX          320

static void attempt(struct broker *b);
static void close_step(struct broker *b);

/* ---- going up and down ---- */

static uint64_t next_backoff(struct broker *b)
{
	uint64_t ms = b->backoff_ms;
	b->backoff_ms = ms * 2 < BACKOFF_MAX_MS ? ms * 2 : BACKOFF_MAX_MS;
	uint32_t random = 0;
	(void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL); /* without it only the jitter is missing */
	return ms - ms / 4 * (random % 1000) / 1000; /* up to 25 % earlier, so that many clients do not come at once */
}

static void on_retry(uv_timer_t *timer)
{
	attempt(timer->data);
}

/* Each new attempt begins with MQTT 5, if it may. */
static void forget_protocol(struct broker *b)
{
	b->speaks = b->config.protocol == BROKER_MQTT_311 ? BROKER_MQTT_311 : BROKER_MQTT_5;
}

/* What the broker did not like about an attempt can be left away: then it is made once more at once. A broker that
 * hangs up on MQTT 5 is only believed if it takes 3.1.1 in the same moment: it may just have been ending. */
static bool yields(struct broker *b, enum bridge_cause cause)
{
	if (b->phase != CONNECTING || b->closing)
		return false;
	if (cause == BRIDGE_VERSION && b->speaks == BROKER_MQTT_5 && b->config.protocol == BROKER_AUTO) {
		b->speaks = BROKER_MQTT_311;
		return true;
	}
	if (cause == BRIDGE_WILL_QOS && b->config.will_qos > 0) {
		log_warn("broker", "the broker takes no will with QoS 1: that of client '%s' goes with QoS 0",
			 b->config.client_id);
		b->config.will_qos = 0;
		return true;
	}
	if (cause == BRIDGE_WILL_RETAINED && b->config.will_retained) {
		log_warn("broker", "the broker keeps no messages: who comes after client '%s' was lost is not told",
			 b->config.client_id);
		b->config.will_retained = false;
		return true;
	}
	return false;
}

/* The attempt or the connection is over: drop what the handle still held, tell, and plan the next. */
static void fall(struct broker *b, const char *what, enum bridge_cause cause)
{
	char why[WHY_MAX];
	snprintf(why, sizeof why, "%s (%s, port %u)", what, b->url.host, b->url.port);
	bool was_up = b->phase == UP, again = yields(b, cause);
	b->phase = IDLE;
	turn_give(&b->turn);
	paho_free(b->paho);
	b->paho = NULL;
	bridge_abandon(&b->bridge);
	uv_timer_stop(&b->timer);
	if (b->closing) {
		close_step(b);
		return;
	}
	if (again) {
		b->attempt--; /* the same address */
		log_debug("broker", "client '%s': %s; once more without that", b->config.client_id, why);
		uv_timer_start(&b->timer, on_retry, 0, 0);
		return;
	}
	forget_protocol(b);
	if (was_up && limits_lost(&b->limits, uv_now(b->loop), cause == BRIDGE_TOO_LARGE))
		log_warn("broker",
			 "the broker hangs up on messages of %zu bytes: client '%s' sends none so large any more",
			 limits_max(&b->limits) + 1, b->config.client_id);
	if (was_up && uv_now(b->loop) - b->up_since >= STEADY_MS)
		b->backoff_ms = BACKOFF_FIRST_MS;
	uint64_t retry_ms = 0;
	if (was_up && !b->config.reconnect) {
		b->phase = FINISHED;
	} else {
		retry_ms = next_backoff(b);
		uv_timer_start(&b->timer, on_retry, retry_ms, 0);
	}
	if (b->callbacks.down)
		b->callbacks.down(b->callbacks.user, why, retry_ms);
}

static void on_connecting(uv_timer_t *timer)
{
	struct broker *b = timer->data;
	if (uv_now(b->loop) >= b->connect_until) {
		fall(b, "the broker did not answer in time", BRIDGE_LOST);
		return;
	}
	/* The library notices a completed connect only when poked; doubling makes that at most twice as long as it
	 * took. */
	poke_receiver();
	b->poke_ms *= 2;
	uv_timer_start(timer, on_connecting, b->poke_ms, 0);
}

static void connect_to(struct broker *b, const struct addrinfo *list)
{
	struct paho_target target = {.tls = b->url.tls, .v5 = b->speaks == BROKER_MQTT_5};
	for (const struct addrinfo *a = list; a && target.n_peers < PAHO_PEERS_MAX; a = a->ai_next)
		if (a->ai_addrlen <= sizeof target.peers[0] && (a->ai_family == AF_INET || a->ai_family == AF_INET6))
			memcpy(&target.peers[target.n_peers++], a->ai_addr, a->ai_addrlen);
	if (target.n_peers == 0) {
		fall(b, "the host has no address", BRIDGE_LOST);
		return;
	}
	const struct sockaddr_storage *chosen = &target.peers[b->attempt++ % target.n_peers];
	char host[URL_HOST_MAX + 2], uri[URL_HOST_MAX + URL_PATH_MAX + 32];
	/* Paho resolves names on the one thread that sends for all handles; a name goes there only where TLS must check
	 * it, or a web server has to choose by it. */
	if (b->url.tls || b->url.web)
		str_copy(host, sizeof host, b->url.host);
	else if (getnameinfo((const struct sockaddr *)chosen, sizeof *chosen, host, sizeof host, NULL, 0,
			     NI_NUMERICHOST) != 0)
		host[0] = '\0';
	bool v6 = strchr(host, ':') != NULL;
	static const char *const schemes[2][2] = {{"tcp", "ssl"}, {"ws", "wss"}};
	snprintf(uri, sizeof uri, "%s://%s%s%s:%u%s", schemes[b->url.web][b->url.tls], v6 ? "[" : "", host,
		 v6 ? "]" : "", b->url.port, b->url.web ? b->url.path : "");
	target.uri = uri;
	b->phase = CONNECTING;
	if (paho_open(&b->bridge, &b->config, &target, &b->paho) != 0) {
		fall(b, "the MQTT library refused to connect", BRIDGE_LOST);
		return;
	}
	uv_update_time(b->loop);
	b->connect_until = uv_now(b->loop) + CONNECT_MS;
	b->poke_ms = POKE_MS;
	uv_timer_start(&b->timer, on_connecting, b->poke_ms, 0);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct broker *b = request->data;
	b->resolving = false;
	if (b->closing) {
		close_step(b);
	} else if (status < 0) {
		char what[WHY_MAX];
		snprintf(what, sizeof what, "the host's name cannot be resolved: %s", uv_strerror(status));
		fall(b, what, BRIDGE_LOST);
	} else {
		connect_to(b, list);
	}
	uv_freeaddrinfo(list);
}

static void attempt(struct broker *b)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	char port[8];
	if (b->url.tls && !turn_take(&b->turn))
		return; /* on_turn */
	snprintf(port, sizeof port, "%u", b->url.port);
	b->phase = RESOLVING;
	/* An address needs no name server: no thread is started for it, and the connect is on its way in this very
	 * turn. */
	const struct addrinfo number = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
	struct addrinfo *list;
	if (getaddrinfo(b->url.host, port, &number, &list) == 0) {
		connect_to(b, list);
		freeaddrinfo(list);
		return;
	}
	b->resolve.data = b;
	int rc = uv_getaddrinfo(b->loop, &b->resolve, on_resolved, b->url.host, port, &hints);
	b->resolving = rc == 0;
	if (rc != 0)
		fall(b, uv_strerror(rc), BRIDGE_LOST);
}

static void on_turn(void *user)
{
	struct broker *b = user;
	if (!b->closing)
		uv_timer_start(&b->timer, on_retry, 0, 0);
}

/* ---- what comes over the bridge ---- */

static const MQTTProperty *property(MQTTAsync_message *m, enum MQTTPropertyCodes code)
{
	return MQTTProperties_getProperty(&m->properties, code);
}

static bool scratch_holds(struct broker *b, size_t size)
{
	if (size <= b->scratch_size)
		return true;
	uint8_t *bigger = realloc(b->scratch, size);
	if (!bigger)
		return false;
	b->scratch = bigger;
	b->scratch_size = size;
	return true;
}

static void hand_on(struct broker *b, const struct bridge_message *in)
{
	size_t size = (size_t)in->message->payloadlen;
	char response[512];
	struct broker_message m = {
	    .topic = in->topic,
	    .size = size,
	    .qos = in->message->qos,
	    .retained = in->message->retained,
	    .duplicate = in->message->dup,
	    .now_ms = in->now_ms,
	};
	if (!scratch_holds(b, size + 1)) {
		b->counters.received_dropped++;
		return;
	}
	if (size > 0)
		memcpy(b->scratch, in->message->payload, size);
	b->scratch[size] = '\0';
	m.payload = b->scratch;
	const MQTTProperty *p = property(in->message, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	if (p && p->value.data.len > 0 && (size_t)p->value.data.len < sizeof response) {
		memcpy(response, p->value.data.data, (size_t)p->value.data.len);
		response[p->value.data.len] = '\0';
		m.response_topic = response;
	}
	p = property(in->message, MQTTPROPERTY_CODE_CORRELATION_DATA);
	if (p && p->value.data.len > 0) {
		m.correlation = (const uint8_t *)p->value.data.data;
		m.correlation_size = (size_t)p->value.data.len;
	}
	b->callbacks.message(b->callbacks.user, &m);
}

static void go_up(struct broker *b, const struct limits_told *told)
{
	limits_up(&b->limits, told);
	broker_tell_limits(b);
	uv_timer_stop(&b->timer);
	turn_give(&b->turn);
	poke_receiver(); /* the first one completes the connection that carries them */
	b->phase = UP;
	b->up_since = uv_now(b->loop);
	b->counters.connects++;
	if (b->callbacks.up)
		b->callbacks.up(b->callbacks.user);
}

static void take_messages(struct broker *b, bool all)
{
	struct bridge_message m;
	for (unsigned n = 0; !b->closing && (all || n < MESSAGES_AT_ONCE) && bridge_take_message(&b->bridge, &m); n++) {
		if (b->callbacks.message)
			hand_on(b, &m);
		bridge_message_release(&m);
		if (!all && n + 1 == MESSAGES_AT_ONCE)
			uv_async_send(&b->wake);
	}
}

static void take_done(struct broker *b)
{
	struct bridge_done done;
	bool blocked = bridge_unacknowledged(&b->bridge) > WINDOW;
	while (bridge_take_done(&b->bridge, &done)) {
		if (!done.ok)
			b->counters.publish_failed++;
		limits_proved(&b->limits, done.proves);
		if (done.token != 0 && b->callbacks.delivered)
			b->callbacks.delivered(b->callbacks.user, done.token, done.ok);
	}
	if (blocked)
		poke_sender(); /* an acknowledgement made room, which it does not notice */
}

static void on_wake(uv_async_t *wake)
{
	struct broker *b = wake->data;
	struct bridge_news news;
	bridge_take_news(&b->bridge, &news);
	broker_tell_news(b, &news);
	if (news.up && b->phase == CONNECTING && !b->closing)
		go_up(b, &news.told);
	take_done(b);
	take_messages(b, news.down);
	if (b->closing && (news.disconnected || news.down)) {
		b->disconnecting = false;
		b->phase = FINISHED;
	}
	if (b->closing)
		close_step(b);
	else if (news.down && (b->phase == CONNECTING || b->phase == UP))
		fall(b, news.why, news.cause);
	if (!b->freed_handles)
		take_done(b); /* what the loss made of those on their way */
}

/* ---- the interface ---- */

uint16_t broker_prepare(void)
{
	uint16_t port = 0;
	return poke_listen(&port) ? port : 0;
}

int broker_new(uv_loop_t *loop, const struct broker_config *config, const struct broker_callbacks *callbacks,
	       struct broker **out)
{
	struct url url;
	int rc = settings_check(config, &url);
	if (rc != 0)
		return rc;
	struct broker *b = calloc(1, sizeof *b);
	if (!b)
		return UV_ENOMEM;
	b->loop = loop;
	b->url = url;
	b->callbacks = *callbacks;
	b->turn = (struct turn){.user = b, .granted = on_turn};
	b->backoff_ms = BACKOFF_FIRST_MS;
	b->limits.told = LIMITS_NONE;
	rc = UV_ENOMEM;
	if (!settings_copy(&b->config, config))
		goto fail_config;
	forget_protocol(b);
	rc = bridge_init(&b->bridge, &b->wake, config->queue ? config->queue : QUEUE);
	if (rc != 0)
		goto fail_config;
	rc = uv_async_init(loop, &b->wake, on_wake);
	if (rc != 0)
		goto fail_bridge;
	uv_timer_init(loop, &b->timer); /* cannot fail */
	b->handles = 2;
	b->wake.data = b;
	b->timer.data = b;
	/* From the timer, so that no callback comes from inside this call even if resolving fails at once. */
	uv_timer_start(&b->timer, on_retry, 0, 0);
	*out = b;
	return 0;

fail_bridge:
	bridge_release(&b->bridge);
fail_config:
	settings_release(&b->config);
	free(b);
	return rc;
}

bool broker_is_up(const struct broker *b)
{
	return b && b->phase == UP && !b->closing;
}

enum broker_protocol broker_protocol(const struct broker *b)
{
	return b->told;
}

const struct broker_counters *broker_counters(const struct broker *b)
{
	return &b->counters;
}

/* ---- closing: wait for deliveries, disconnect, free; each step may be cut short by the timer ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct broker *b = handle->data;
	if (--b->handles > 0)
		return;
	void (*closed)(void *) = b->closed;
	void *user = b->closed_user;
	settings_release(&b->config);
	free(b->scratch);
	free(b);
	if (closed)
		closed(user);
}

static void finish(struct broker *b)
{
	if (b->freed_handles)
		return;
	b->freed_handles = true;
	turn_give(&b->turn);
	if (b->with_will && b->paho)
		paho_cut(
		    b->paho); /* not reached unless the disconnect got stuck: destroying would say goodbye in peace */
	paho_free(b->paho);
	b->paho = NULL;
	bridge_abandon(&b->bridge);
	take_done(b);
	uv_close((uv_handle_t *)&b->wake, on_handle_closed);
	uv_close((uv_handle_t *)&b->timer, on_handle_closed);
	bridge_release(&b->bridge);
}

static void on_close_deadline(uv_timer_t *timer)
{
	struct broker *b = timer->data;
	if (b->phase == UP && !b->disconnecting && paho_disconnect(b->paho, b->with_will) == 0) {
		b->disconnecting = true;
		b->phase = FINISHED;
		uv_timer_start(timer, on_close_deadline, DISCONNECT_MS, 0);
		return;
	}
	b->phase = FINISHED;
	b->disconnecting = false;
	close_step(b);
}

static void close_step(struct broker *b)
{
	if (b->disconnecting || b->freed_handles)
		return;
	if (b->phase == UP && bridge_in_flight(&b->bridge) > 0)
		return; /* on_wake or the deadline calls again */
	if (b->phase == UP) {
		on_close_deadline(&b->timer);
		return;
	}
	if (b->resolving)
		return; /* the resolver cannot be interrupted; on_resolved calls again */
	finish(b);
}

void broker_close(struct broker *b, unsigned wait_ms, bool with_will, void (*closed)(void *user), void *user)
{
	b->closing = true;
	b->with_will = with_will && b->phase == UP;
	b->closed = closed;
	b->closed_user = user;
	uv_timer_stop(&b->timer);
	if (b->resolving)
		uv_cancel((uv_req_t *)&b->resolve);
	uv_timer_start(&b->timer, on_close_deadline, wait_ms, 0);
	uv_async_send(&b->wake); /* the first step, from the loop */
}
