/* SPDX-License-Identifier: Apache-2.0 */
#include "console/console.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "console/lines.h"
#include "console/order.h"
#include "console/recorder.h"
#include "tell/tell.h"

#define WATCH_MS    250u /* a watcher hears of a device at most this often */
#define EVENTS_MOST 200u /* in one answer */
#define JSON_DEPTH  4
#define WATCHES     1u /* mark of a client */

#define WAITING_MAX 16u /* orders that wait for the history; nobody needs more at once */

/* Whoever asked, until the answer is there. */
struct waiting {
	uint64_t ticket; /* 0: nobody */
	struct lines_client *client;
	struct json_object *id; /* of the order; NULL: it had none */
};

struct console {
	struct console_callbacks callbacks;
	struct lines *lines;
	struct recorder *recorder;
	uv_timer_t timer;
	unsigned watchers, handles;
	bool *touched; /* by device: it changed since watchers heard of it */
	size_t n_devices;
	struct json_object *answer; /* while a request runs: what its RESULT becomes */
	struct waiting waiting[WAITING_MAX];
	uint64_t tickets;
	void (*closed)(void *);
	void *closed_user;
};

/* ---- answers ---- */

static void reply(struct lines_client *client, struct json_object *object)
{
	char *text = tell_text(object);
	if (text)
		lines_send(client, text);
	free(text);
}

static struct json_object *failure(struct json_object *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct json_object *failure(struct json_object *answer, const char *format, ...)
{
	char text[CORE_WHY_MAX];
	struct str s;
	va_list args;
	str_init(&s, text, sizeof text);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	tell_put_bool(answer, "ok", false);
	tell_put(answer, "error", text);
	return answer;
}

static void success(struct json_object *answer, const char *key, struct json_object *result)
{
	tell_put_bool(answer, "ok", true);
	json_object_object_add(answer, key, result);
}

/* ---- showing ---- */

static struct json_object *device_object(struct console *c, const struct core *core, uint16_t device)
{
	struct json_object *o = tell_device(core, device);
	if (c->callbacks.device)
		c->callbacks.device(c->callbacks.user, device, o);
	return o;
}

static struct json_object *devices_array(struct console *c)
{
	const struct core *core = c->callbacks.core(c->callbacks.user);
	struct json_object *list = json_object_new_array();
	for (size_t d = 0; d < core_n_devices(core); d++)
		json_object_array_add(list, device_object(c, core, (uint16_t)d));
	return list;
}

static void show_status(struct console *c, struct json_object *answer)
{
	struct json_object *status = json_object_new_object();
	const struct core *core = c->callbacks.core(c->callbacks.user);
	c->callbacks.status(c->callbacks.user, status);
	tell_put_count(status, "rules", core_n_written_rules(core));
	json_object_object_add(status, "latches", tell_latches(core));
	json_object_object_add(status, "alarms", tell_alarms(core, true));
	json_object_object_add(status, "devices", devices_array(c));
	success(answer, "status", status);
}

static void show_explanation(struct console *c, const struct order *order, struct json_object *answer)
{
	const struct core *core = c->callbacks.core(c->callbacks.user);
	uint16_t device, control;
	char known[CORE_WHY_MAX];
	if (core_find_control(core, order->device, order->control, &device, &control))
		success(answer, "explanation", tell_explanation(core, device, control));
	else
		failure(answer, "there is no control '%.60s%s%.60s'; there is: %s", order->device,
			order->control[0] ? "." : "", order->control, order_controls(core, known, sizeof known));
}

static void show_events(struct console *c, const struct order *order, struct json_object *answer)
{
	struct json_object *list = json_object_new_array();
	struct console_event event;
	uint64_t after = order->after;
	size_t n = 0, skip = 0;
	for (uint64_t at = after; c->callbacks.event(c->callbacks.user, at, &event); at = event.sequence)
		n++;
	size_t most = order->most > 0 && order->most < EVENTS_MOST ? order->most : EVENTS_MOST;
	skip = n > most ? n - most : 0; /* the newest are what is wanted */
	for (; c->callbacks.event(c->callbacks.user, after, &event); after = event.sequence) {
		struct json_object *o = skip > 0 ? NULL : tell_event(event.bytes, event.size);
		skip -= skip > 0;
		if (o)
			json_object_array_add(list, o);
	}
	success(answer, "events", list);
}

/* ---- watching ---- */

static void tell_watcher(void *user, struct lines_client *client)
{
	if (*lines_mark(client) & WATCHES)
		lines_send(client, user);
}

static void broadcast(struct console *c, struct json_object *object)
{
	char *text = tell_text(object);
	if (text)
		lines_each(c->lines, text, tell_watcher);
	free(text);
}

static void on_watch(uv_timer_t *timer)
{
	struct console *c = timer->data;
	const struct core *core = c->callbacks.core(c->callbacks.user);
	for (size_t d = 0; d < c->n_devices; d++) {
		if (!c->touched[d])
			continue;
		c->touched[d] = false;
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "device", device_object(c, core, (uint16_t)d));
		broadcast(c, o);
	}
	if (c->watchers == 0)
		uv_timer_stop(timer);
}

static void watch(struct console *c, struct lines_client *client, struct json_object *answer)
{
	if (!(*lines_mark(client) & WATCHES)) {
		*lines_mark(client) |= WATCHES;
		c->watchers++;
	}
	if (!uv_is_active((uv_handle_t *)&c->timer))
		uv_timer_start(&c->timer, on_watch, WATCH_MS, WATCH_MS);
	success(answer, "devices", devices_array(c));
}

void console_touched(struct console *c, uint16_t device)
{
	if (c && device < c->n_devices)
		c->touched[device] = true;
}

void console_event(struct console *c, const struct console_event *event)
{
	if (!c || c->watchers == 0)
		return;
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "event", tell_event(event->bytes, event->size));
	broadcast(c, o);
}

/* ---- recording ---- */

void console_traffic(struct console *c, uint16_t device, const struct console_traffic *traffic)
{
	if (c)
		recorder_traffic(c->recorder, device, traffic);
}

void console_presence(struct console *c, uint16_t device, bool present)
{
	if (c)
		recorder_remark(c->recorder, device, clock_boot_ms(),
				present ? "the device is there" : "the device is gone");
}

static void record(struct console *c, struct lines_client *client, const struct order *order,
		   struct json_object *answer)
{
	const struct core *core = c->callbacks.core(c->callbacks.user);
	char text[CORE_WHY_MAX];
	struct str known;
	uid_t uid;
	pid_t pid;
	uint16_t device = 0;
	str_init(&known, text, sizeof text);
	for (; device < c->n_devices && device < core_n_devices(core); device++) {
		if (strcmp(core_device_id(core, device), order->device) == 0)
			break;
		str_add(&known, "%s%s", device > 0 ? ", " : "", core_device_id(core, device));
	}
	if (device == c->n_devices || device == core_n_devices(core)) {
		failure(answer, "there is no device '%.60s'; there is: %s", order->device, text[0] ? text : "none");
		return;
	}
	const char *refused = recorder_begin(c->recorder, client, device, clock_boot_ms());
	if (refused) {
		failure(answer, "%s", refused);
		return;
	}
	lines_peer(client, &uid, &pid);
	log_info("console", "user %u, process %d: records what %s says", (unsigned)uid, (int)pid, order->device);
	tell_put_bool(answer, "ok", true);
}

/* ---- asking ---- */

void console_core(struct console *c, const struct core_output *o)
{
	if (!c)
		return;
	if (o->type == CORE_OUT_CHANGED)
		console_touched(c, o->device);
	if (o->type != CORE_OUT_RESULT || !c->answer)
		return;
	tell_put_bool(c->answer, "ok", o->outcome == CORE_ACCEPTED);
	tell_put(c->answer, "outcome", tell_outcome(o->outcome));
	tell_put(c->answer, "reason", o->why);
	tell_put(c->answer, "rule", o->rule);
	tell_put_number(c->answer, "value", o->value);
	c->answer = NULL;
}

static void ask(struct console *c, struct lines_client *client, struct order *order, struct json_object *answer)
{
	uid_t uid;
	pid_t pid;
	char why[CORE_WHY_MAX];
	const struct core *core = c->callbacks.core(c->callbacks.user);
	if (!order_request(order, core, clock_boot_ms(), why)) {
		failure(answer, "%s", why);
		return;
	}
	lines_peer(client, &uid, &pid);
	log_info("console", "user %u, process %d: %s %s%s%s", (unsigned)uid, (int)pid, order->name, order->device,
		 order->device[0] && order->control[0] ? "." : "", order->control);
	c->answer = answer;
	c->callbacks.request(c->callbacks.user, &order->request);
	if (c->answer)
		failure(answer, "the gateway is not ready for requests");
	c->answer = NULL;
}

static void reload(struct console *c, struct json_object *answer)
{
	struct json_object *lines = json_object_new_array();
	bool ok = c->callbacks.reload(c->callbacks.user, lines);
	tell_put_bool(answer, "ok", ok);
	if (!ok)
		tell_put(answer, "error", "the configuration was refused: the old one stays in force");
	json_object_object_add(answer, "lines", lines);
}

/* What only looks, or gives up, may come late. */
static void adjust(struct console *c, struct lines_client *client, const struct order *order,
		   struct json_object *answer)
{
	uid_t uid;
	pid_t pid;
	char why[CORE_WHY_MAX];
	bool looks = strcmp(order->step, "look") == 0;
	if (!looks && strcmp(order->step, "cancel") != 0 && !order_in_time(order, clock_boot_ms(), why)) {
		failure(answer, "%s", why);
		return;
	}
	lines_peer(client, &uid, &pid);
	if (!looks)
		log_info("console", "user %u, process %d: %s %s %s", (unsigned)uid, (int)pid, order->name,
			 order->device, order->step);
	(void)c->callbacks.core(c->callbacks.user); /* brought up to now */
	const struct console_adjust asked = {
	    .tare = order->verb == ORDER_TARE, .device = order->device, .step = order->step, .session = order->session};
	c->callbacks.adjust(c->callbacks.user, &asked, answer);
}

static void let_go(struct console *c, struct lines_client *client, const struct order *order,
		   struct json_object *answer)
{
	char why[CORE_WHY_MAX] = "nobody here can";
	uid_t uid;
	pid_t pid;
	lines_peer(client, &uid, &pid);
	log_info("console", "user %u, process %d: %s %s", (unsigned)uid, (int)pid, order->name, order->device);
	bool ok =
	    c->callbacks.order && c->callbacks.order(c->callbacks.user, order->device, order->verb == ORDER_TAKE, why);
	tell_put_bool(answer, "ok", ok);
	tell_put(answer, ok ? "reason" : "error", why);
}

/* ---- what has to wait ---- */

static struct waiting *waiting_for(struct console *c, uint64_t ticket)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (c->waiting[i].ticket == ticket)
			return &c->waiting[i];
	return NULL;
}

static void stop_waiting(struct waiting *w)
{
	json_object_put(w->id);
	*w = (struct waiting){0};
}

void console_answer(struct console *c, uint64_t ticket, struct json_object *answer)
{
	struct waiting *w = c ? waiting_for(c, ticket) : NULL;
	if (!w) {
		json_object_put(answer);
		return;
	}
	if (w->id)
		json_object_object_add(answer, "id", json_object_get(w->id));
	reply(w->client, answer);
	stop_waiting(w);
}

/* False: the answer comes later. */
static bool ask_logbook(struct console *c, struct lines_client *client, struct json_object *asked,
			struct json_object *answer)
{
	struct json_object *id;
	struct waiting *w = waiting_for(c, 0);
	if (!w || !c->callbacks.logbook) {
		failure(answer, w ? "no sessions are kept here" : "too many ask at once; try again");
		return true;
	}
	uint64_t ticket = ++c->tickets;
	*w = (struct waiting){ticket, client, NULL};
	if (json_object_object_get_ex(asked, "id", &id))
		w->id = json_object_get(id);
	if (!c->callbacks.logbook(c->callbacks.user, asked, ticket, answer))
		return false;
	if ((w = waiting_for(c, ticket)))
		stop_waiting(w);
	return true;
}

static void obey(struct console *c, struct lines_client *client, struct order *order, struct json_object *answer)
{
	const struct core *core = c->callbacks.core(c->callbacks.user);
	switch (order->verb) {
	case ORDER_STATUS:
		show_status(c, answer);
		break;
	case ORDER_DEVICES:
		success(answer, "devices", devices_array(c));
		break;
	case ORDER_EXPLAIN:
		show_explanation(c, order, answer);
		break;
	case ORDER_ALARMS:
		success(answer, "alarms", tell_alarms(core, false));
		json_object_object_add(answer, "latches", tell_latches(core));
		break;
	case ORDER_EVENTS:
		show_events(c, order, answer);
		break;
	case ORDER_WATCH:
		watch(c, client, answer);
		break;
	case ORDER_RELOAD:
		reload(c, answer);
		break;
	case ORDER_RECORD:
		record(c, client, order, answer);
		break;
	case ORDER_CALIBRATE:
	case ORDER_TARE:
		adjust(c, client, order, answer);
		break;
	case ORDER_RELEASE:
	case ORDER_TAKE:
		let_go(c, client, order, answer);
		break;
	case ORDER_REQUEST:
		ask(c, client, order, answer);
		break;
	case ORDER_LOGBOOK: /* ask_logbook */
		break;
	}
}

static void on_line(void *user, struct lines_client *client, const char *text, size_t size)
{
	struct console *c = user;
	struct order order = {0};
	char why[CORE_WHY_MAX];
	struct json_object *answer = json_object_new_object(), *asked = order_parse_json(text, size, JSON_DEPTH, why);
	struct json_object *id;
	if (asked && json_object_object_get_ex(asked, "id", &id))
		json_object_object_add(answer, "id", json_object_get(id));
	if (!asked || !order_parse(asked, &order, why))
		failure(answer, "%s", why);
	else if (order.verb != ORDER_LOGBOOK)
		obey(c, client, &order, answer);
	else if (!ask_logbook(c, client, asked, answer)) {
		json_object_put(asked);
		json_object_put(answer);
		return;
	}
	json_object_put(asked);
	reply(client, answer);
	if (order.verb == ORDER_RECORD)
		recorder_answered(c->recorder, client); /* the answer first, then what is recorded */
}

static void on_gone(void *user, struct lines_client *client)
{
	struct console *c = user;
	if (*lines_mark(client) & WATCHES)
		c->watchers--;
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (c->waiting[i].client == client)
			stop_waiting(&c->waiting[i]);
	recorder_gone(c->recorder, client);
}

/* ---- life ---- */

static void release(struct console *c)
{
	recorder_free(c->recorder);
	free(c->touched);
	free(c);
}

int console_new(uv_loop_t *loop, const char *path, size_t n_devices, const struct console_callbacks *callbacks,
		struct console **out, char *why, size_t why_size)
{
	struct console *c = calloc(1, sizeof *c);
	struct str s;
	str_init(&s, why, why_size);
	str_add(&s, "out of memory");
	if (c) {
		c->callbacks = *callbacks;
		c->touched = calloc(n_devices + 1, sizeof *c->touched);
		c->recorder = recorder_new(&c->callbacks);
	}
	if (!c || !c->touched || !c->recorder) {
		if (c)
			release(c);
		return UV_ENOMEM;
	}
	c->n_devices = n_devices;
	const struct lines_callbacks lines = {c, on_line, on_gone};
	int rc = lines_new(loop, path, &lines, &c->lines, why, why_size);
	if (rc != 0) {
		release(c);
		return rc;
	}
	uv_timer_init(loop, &c->timer); /* cannot fail */
	c->timer.data = c;
	*out = c;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct console *c = handle->data;
	void (*closed)(void *) = c->closed;
	void *user = c->closed_user;
	release(c);
	if (closed)
		closed(user);
}

static void on_lines_closed(void *user)
{
	struct console *c = user;
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void console_close(struct console *c, void (*closed)(void *user), void *user)
{
	c->closed = closed;
	c->closed_user = user;
	lines_close(c->lines, on_lines_closed, c);
}
