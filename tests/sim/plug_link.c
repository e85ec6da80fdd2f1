/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/plug_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/json.h"

#define PART         "pad"
#define TICK_MS      50u
#define RETRY_MS     250u /* the firmware waits 10 s; tests would only wait with it */
#define KEEP_ALIVE_S 30

static void watch(struct plug_link *link);

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void no_nagle(int fd)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void forget_poll(struct plug_link *link)
{
	if (!link->poll)
		return;
	uv_close((uv_handle_t *)link->poll, free_handle);
	link->poll = NULL;
}

/* ---- what libmosquitto tells ---- */

static void on_connect(struct mosquitto *mosquitto, void *user, int code)
{
	struct plug_link *link = user;
	char topic[PLUG_TOPIC_MAX];
	if (code) {
		log_warn(PART, "the broker refused the plug: %s", mosquitto_connack_string(code));
		return;
	}
	plug_connected(&link->plug, clock_boot_ms());
	snprintf(topic, sizeof topic, "cmnd/%s/#", link->plug.name);
	mosquitto_subscribe(mosquitto, NULL, topic, 0);
}

static void on_subscribe(struct mosquitto *mosquitto, void *user, int mid, int n, const int *granted)
{
	struct plug_link *link = user;
	(void)mosquitto;
	(void)mid;
	(void)n;
	(void)granted;
	link->online = true;
	plug_subscribed(&link->plug, clock_boot_ms());
	world_tell(link->world, "{\"event\":\"pad\",\"online\":true,\"us\":%llu}", (unsigned long long)clock_boot_us());
	if (link->up) {
		void (*up)(void *) = link->up;
		link->up = NULL;
		up(link->up_user);
	}
}

static void on_disconnect(struct mosquitto *mosquitto, void *user, int code)
{
	struct plug_link *link = user;
	(void)mosquitto;
	(void)code;
	if (link->online)
		world_tell(link->world, "{\"event\":\"pad\",\"online\":false,\"us\":%llu}",
			   (unsigned long long)clock_boot_us());
	link->online = false;
	forget_poll(link);
	link->retry_at_ms = clock_boot_ms() + RETRY_MS;
}

static void on_message(struct mosquitto *mosquitto, void *user, const struct mosquitto_message *message)
{
	struct plug_link *link = user;
	uint64_t now_us = clock_boot_us();
	const char *command = strrchr(message->topic, '/');
	char payload[PLUG_PAYLOAD_MAX], event[2 * PLUG_PAYLOAD_MAX];
	struct str s;
	(void)mosquitto;
	if (!command || message->payloadlen < 0 || (size_t)message->payloadlen >= sizeof payload)
		return;
	if (message->payloadlen)
		memcpy(payload, message->payload, (size_t)message->payloadlen);
	payload[message->payloadlen] = 0;

	/* Told first: who has seen what came of a command has seen the command. */
	str_init(&s, event, sizeof event);
	str_add(&s, "{\"event\":\"command\",\"command\":");
	json_text(&s, command + 1);
	str_add(&s, ",\"payload\":");
	json_text(&s, payload);
	str_add(&s, ",\"retained\":%s,\"us\":%llu}", message->retain ? "true" : "false", (unsigned long long)now_us);
	if (!s.overflow)
		link->world->tell(link->world->tell_user, event);
	plug_command(&link->plug, now_us, command + 1, payload);
}

/* ---- what the plug does ---- */

static void publish(void *user, const char *topic, const char *payload, bool retained)
{
	struct plug_link *link = user;
	if (link->poll)
		mosquitto_publish(link->mosquitto, NULL, topic, (int)strlen(payload), payload, 0, retained);
}

static void relay(void *user, bool closed)
{
	struct plug_link *link = user;
	link->relay_us = clock_boot_us();
	world_tell(link->world, "{\"event\":\"relay\",\"on\":%s,\"us\":%llu}", closed ? "true" : "false",
		   (unsigned long long)link->relay_us);
}

/* ---- the socket ---- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct plug_link *link = poll->data;
	if (status < 0 || events & UV_READABLE)
		mosquitto_loop_read(link->mosquitto, 1);
	if (link->poll == poll && mosquitto_want_write(link->mosquitto))
		mosquitto_loop_write(link->mosquitto, 1);
	watch(link);
}

static void watch(struct plug_link *link)
{
	int fd = mosquitto_socket(link->mosquitto);
	if (!link->poll || fd < 0)
		return;
	no_nagle(fd); /* QUICKACK lasts for one acknowledgement only */
	uv_poll_start(link->poll, mosquitto_want_write(link->mosquitto) ? UV_READABLE | UV_WRITABLE : UV_READABLE,
		      on_socket);
}

/* Blocks for as long as connect(2) does; the broker of a test is on loopback. */
static void try_connect(struct plug_link *link)
{
	if (mosquitto_connect(link->mosquitto, link->host, link->port, KEEP_ALIVE_S) != MOSQ_ERR_SUCCESS)
		goto later;
	uv_poll_t *poll = malloc(sizeof *poll);
	if (!poll || uv_poll_init(link->world->loop, poll, mosquitto_socket(link->mosquitto))) {
		free(poll);
		goto later;
	}
	poll->data = link;
	link->poll = poll;
	watch(link);
	return;
later:
	link->retry_at_ms = clock_boot_ms() + RETRY_MS;
}

static void on_tick(uv_timer_t *timer)
{
	struct plug_link *link = timer->data;
	uint64_t now_ms = clock_boot_ms();
	plug_step(&link->plug, now_ms);
	if (link->poll)
		mosquitto_loop_misc(link->mosquitto);
	if (!link->poll && link->wanted && now_ms >= link->retry_at_ms)
		try_connect(link);
	watch(link); /* the step may have left something to write */
}

void plug_link_network(struct plug_link *link, bool there)
{
	link->wanted = there;
	link->retry_at_ms = 0;
	int fd = mosquitto_socket(link->mosquitto);
	if (!there && fd >= 0)
		shutdown(fd, SHUT_RDWR); /* no DISCONNECT: the will is sent; the loop then sees the end */
}

void plug_link_rogue(struct plug_link *link, const char *payload, bool retained)
{
	char topic[PLUG_TOPIC_MAX];
	snprintf(topic, sizeof topic, "cmnd/%s/POWER", link->plug.name);
	publish(link, topic, payload, retained);
}

/* ---- life ---- */

static int parse_url(const char *url, char *host, size_t size, int *port)
{
	static const char scheme[] = "mqtt://";
	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return UV_EINVAL;
	url += sizeof scheme - 1;
	if (strchr(url, '@'))
		url = strchr(url, '@') + 1;
	size_t n = strcspn(url, ":/");
	long p = 1883;
	if (url[n] == ':')
		p = strtol(url + n + 1, NULL, 10);
	if (n == 0 || n >= size || p < 1 || p > 65535)
		return UV_EINVAL;
	memcpy(host, url, n);
	host[n] = 0;
	*port = (int)p;
	return 0;
}

/* "mqtt://name:password@...": a test's own, so it may stand on a command line. */
static int set_account(struct mosquitto *mosquitto, const char *url)
{
	char name[64], password[64], at;
	if (sscanf(url, "mqtt://%63[^:@/]:%63[^@/]%c", name, password, &at) != 3 || at != '@')
		return 0; /* none: "host:port" looks like one until its end */
	return mosquitto_username_pw_set(mosquitto, name, password) == MOSQ_ERR_SUCCESS ? 0 : UV_ENOMEM;
}

int plug_link_open(struct plug_link *link, struct world *world, const char *url, const char *name,
		   void (*up)(void *user), void *up_user)
{
	*link = (struct plug_link){.world = world, .wanted = true, .up = up, .up_user = up_user};
	int code = parse_url(url, link->host, sizeof link->host, &link->port);
	if (code)
		return code;
	struct plug_ops ops = {.user = link, .publish = publish, .relay = relay};
	uint64_t now_ms = clock_boot_ms();
	plug_init(&link->plug, now_ms, name, clock_wall_ms(NULL) - (int64_t)now_ms, &world->rng, &ops);
	snprintf(link->client_id, sizeof link->client_id, "DVES_%s", name);
	mosquitto_lib_init();
	link->mosquitto = mosquitto_new(link->client_id, true, link);
	if (!link->mosquitto || set_account(link->mosquitto, url) != 0)
		return UV_ENOMEM;
	char will[PLUG_TOPIC_MAX];
	snprintf(will, sizeof will, "tele/%s/LWT", name);
	mosquitto_will_set(link->mosquitto, will, 7, "Offline", 1, true);
	mosquitto_connect_callback_set(link->mosquitto, on_connect);
	mosquitto_subscribe_callback_set(link->mosquitto, on_subscribe);
	mosquitto_disconnect_callback_set(link->mosquitto, on_disconnect);
	mosquitto_message_callback_set(link->mosquitto, on_message);
	uv_timer_init(world->loop, &link->tick);
	link->tick.data = link;
	uv_timer_start(&link->tick, on_tick, 0, TICK_MS);
	link->open = true;
	return 0;
}

void plug_link_state(struct plug_link *link, struct str *s)
{
	const struct plug *plug = &link->plug;
	uint64_t now_ms = clock_boot_ms();
	static const char *const obedience[] = {"obeys", "pretends", "refuses", "deaf"};
	str_add(s, "{\"name\":\"%s\",\"plugged\":%s,\"online\":%s,\"relay\":%s,\"relay_us\":%llu,\"reported\":%s,",
		plug->name, plug->plugged ? "true" : "false", link->online ? "true" : "false",
		plug->contacts ? "true" : "false", (unsigned long long)link->relay_us, plug->power ? "true" : "false");
	str_add(s,
		"\"power\":%.1f,\"measured\":%.1f,\"pad_temp\":%.3f,\"obedience\":\"%s\",\"welds\":%s,\"handset\":%s,"
		"\"timer\":%s,",
		plug->load_w, plug->measured_w, plug->skin_c, obedience[plug->obedience],
		plug->welds ? "true" : "false", plug->load_on ? "true" : "false", plug->no_timer ? "false" : "true");
	str_add(s,
		"\"pulse_set\":%u,\"pulse_left_ms\":%llu,\"power_on_state\":%u,\"tele_period\":%u,\"set_option21\":%s,",
		plug->pulse_set, (unsigned long long)(plug->pulse_at_ms > now_ms ? plug->pulse_at_ms - now_ms : 0),
		plug->power_on_state, plug->tele_period_s, plug->measures_when_off ? "true" : "false");
	str_add(s, "\"commands\":%llu,\"published\":%llu,\"last_command\":", (unsigned long long)plug->commands,
		(unsigned long long)plug->published);
	json_text(s, plug->last_command);
	str_add(s, ",\"last_command_us\":%llu}", (unsigned long long)plug->last_command_us);
}

void plug_link_close(struct plug_link *link)
{
	if (!link->open)
		return;
	link->open = link->wanted = link->online = false;
	uv_close((uv_handle_t *)&link->tick, NULL);
	forget_poll(link);
	mosquitto_destroy(
	    link->mosquitto); /* closes the socket without DISCONNECT, as a real plug leaves: with its will */
	link->mosquitto = NULL;
	mosquitto_lib_cleanup();
}
