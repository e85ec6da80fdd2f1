/* SPDX-License-Identifier: Apache-2.0 */
#include "discover/listen.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "discover/announce.h"

#define QUEUE  4096u
#define TRY_MS 8000u /* for a name that does not resolve and a machine that does not answer */

enum { SIGNALS = 3 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

struct listening {
	uv_loop_t loop;
	uv_timer_t end;
	uv_signal_t interrupts[SIGNALS]; /* SIGINT, and what else asks to end */
	struct broker *broker;
	const struct listen_order *order;
	struct found_list *list;
	struct listen_heard *out;
	bool closing;
};

static void on_closed(void *user)
{
	struct listening *l = user;
	uv_close((uv_handle_t *)&l->end, NULL);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&l->interrupts[i], NULL);
}

static void close_all(struct listening *l)
{
	if (l->closing)
		return;
	l->closing = true;
	broker_close(l->broker, 0, false, on_closed, l);
}

static void on_end(uv_timer_t *timer)
{
	close_all(timer->data);
}

static void interrupt(struct listening *l)
{
	l->out->interrupted = true;
	close_all(l);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	interrupt(handle->data);
}

static void on_up(void *user)
{
	struct listening *l = user;
	l->out->up = true;
	if (!l->order->patient)
		uv_timer_start(&l->end, on_end, l->order->for_ms, 0);
	for (size_t i = 0; announce_topics[i]; i++)
		(void)broker_subscribe(l->broker, announce_topics[i], 0);
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	struct listening *l = user;
	(void)retry_ms;
	snprintf(l->out->why, sizeof l->out->why, "%s", why);
	if (!l->order->patient && !l->out->up)
		close_all(l);
}

static void on_message(void *user, const struct broker_message *m)
{
	struct listening *l = user;
	if (l->closing)
		return;
	announce_take(l->list, m->topic, m->payload, m->size);
	if (++l->out->messages >= LISTEN_MESSAGES_MAX)
		close_all(l);
}

int listen_there(const struct listen_order *order, struct found_list *list, struct listen_heard *out)
{
	char id[64];
	struct listening l = {.order = order, .list = list, .out = out};
	struct broker_config to = order->to;
	const struct broker_callbacks callbacks = {&l, on_up, on_down, on_message, NULL};
	*out = (struct listen_heard){0};
	snprintf(id, sizeof id, "therapy-discover-%d", (int)getpid()); /* nobody's who is connected already */
	to.client_id = id;
	to.queue = QUEUE;
	to.reconnect = true;
	uv_loop_init(&l.loop);
	uv_timer_init(&l.loop, &l.end);
	l.end.data = &l;
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(&l.loop, &l.interrupts[i]);
		l.interrupts[i].data = &l;
		uv_signal_start(&l.interrupts[i], on_signal, signals[i]);
	}
	uv_timer_start(&l.end, on_end, order->patient ? order->for_ms : TRY_MS, 0);
	int error = broker_new(&l.loop, &to, &callbacks, &l.broker);
	if (error)
		on_closed(&l);
	else if (order->stopped && order->stopped())
		interrupt(&l);
	uv_run(&l.loop, UV_RUN_DEFAULT);
	uv_loop_close(&l.loop);
	return error;
}
