/* SPDX-License-Identifier: Apache-2.0 */
#include "link/mqtt_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "broker/broker.h"
#include "broker/topic.h"
#include "link/kept.h"

#define ADDRESS_MAX   256u
#define CLOSE_WAIT_MS 200u /* for a STOP just sent; the will follows anyhow */

struct mqtt_link {
	struct broker *broker;
	struct mqtt_link_callbacks callbacks;
	uint8_t n_channels;
	bool has_will, clear_kept, closing;
	uv_timer_t timer; /* the next deadline of what is kept */
	void (*closed)(void *);
	void *closed_user;
	struct channel {
		uint8_t direction;
		bool watched, clear_failed; /* a command topic; the last attempt to clear it */
		struct kept kept;
		char address[ADDRESS_MAX];
	} channels[];
};

/* "tele/{name}/SENSOR" with the names put in. False if it holds another brace or gets too long. */
static bool expand(const char *pattern, const struct mqtt_link_config *config, char *out)
{
	struct str s;
	str_init(&s, out, ADDRESS_MAX);
	for (const char *p = pattern; *p;) {
		size_t plain = strcspn(p, "{}");
		str_add_bytes(&s, p, plain);
		p += plain;
		if (strncmp(p, "{name}", 6) == 0) {
			str_add(&s, "%s", config->name);
			p += 6;
		} else if (strncmp(p, "{client}", 8) == 0) {
			str_add(&s, "%s", config->client);
			p += 8;
		} else if (*p) {
			return false;
		}
	}
	return !s.overflow;
}

static int fill_channels(struct mqtt_link *link, const struct mqtt_link_config *config)
{
	char why[160];
	for (uint8_t i = 0; i < link->n_channels; i++) {
		const struct therapy_channel *row = &config->model->channels[i];
		struct channel *channel = &link->channels[i];
		channel->direction = row->direction;
		if (!expand(row->address, config, channel->address))
			return UV_EINVAL;
		if (!topic_filter_valid(channel->address, why, sizeof why))
			return UV_EINVAL;
		if ((row->direction & THERAPY_OUT) && !topic_name_valid(channel->address, why, sizeof why))
			return UV_EINVAL;
	}
	return 0;
}

/* Each topic once, should two channels have the same. */
static bool is_command_topic(const struct mqtt_link *link, uint8_t index)
{
	const struct channel *channel = &link->channels[index];
	if (channel->direction != THERAPY_OUT)
		return false;
	for (uint8_t i = 0; i < link->n_channels; i++) {
		const struct channel *other = &link->channels[i];
		if ((other->direction & THERAPY_IN) && topic_matches(other->address, channel->address))
			return false;
		if (i < index && strcmp(other->address, channel->address) == 0)
			return false;
	}
	return true;
}

/* ---- commands that the broker keeps ---- */

static void tell_kept(struct mqtt_link *link, uint8_t i, enum kept_news news)
{
	const struct channel *channel = &link->channels[i];
	const struct kept_payload *now = &channel->kept.now;
	struct mqtt_link_kept kept = {.channel = i, .topic = channel->address, .cleared = news == KEPT_CLEARED};
	if (news == KEPT_APPEARED) {
		kept.data = now->bytes;
		kept.size = now->size < KEPT_SIZE ? now->size : KEPT_SIZE;
		kept.whole = now->size;
	}
	link->callbacks.kept(link->callbacks.user, &kept);
}

static void clear_kept(struct mqtt_link *link, uint8_t i)
{
	struct channel *channel = &link->channels[i];
	int rc = broker_publish(link->broker, channel->address, "", 0, 1, true, NULL, i + 1u);
	if (rc == 0)
		return;
	log_debug("link", "cannot clear '%s' now: %s", channel->address, uv_strerror(rc));
	kept_cleared(&channel->kept, false);
}

static void on_kept_deadline(uv_timer_t *timer);

static void attend_to_kept(struct mqtt_link *link)
{
	uint64_t now_ms = uv_now(link->timer.loop), at = UINT64_MAX;
	for (uint8_t i = 0; i < link->n_channels && !link->closing; i++) {
		struct channel *channel = &link->channels[i];
		if (!channel->watched)
			continue;
		struct kept_step step = kept_step(&channel->kept, now_ms, link->clear_kept);
		if (step.tell != KEPT_NO_NEWS)
			tell_kept(link, i, step.tell);
		if (step.clear)
			clear_kept(link, i);
		uint64_t next = kept_deadline(&channel->kept, link->clear_kept);
		at = next < at ? next : at;
	}
	if (link->closing || at == UINT64_MAX)
		uv_timer_stop(&link->timer);
	else
		uv_timer_start(&link->timer, on_kept_deadline, at > now_ms ? at - now_ms : 0, 0);
}

static void on_kept_deadline(uv_timer_t *timer)
{
	attend_to_kept(timer->data);
}

static void on_delivered(void *user, uint64_t token, bool ok)
{
	struct mqtt_link *link = user;
	if (link->closing || token == 0 || token > link->n_channels)
		return;
	struct channel *channel = &link->channels[token - 1];
	if (!channel->kept.clearing)
		return; /* of a connection that is gone */
	if (!ok && !channel->clear_failed)
		log_warn("link", "the broker did not take that '%s' be cleared: trying again at most every %u s",
			 channel->address, KEPT_PAUSE_MS / 1000);
	channel->clear_failed = !ok;
	kept_cleared(&channel->kept, ok);
	attend_to_kept(link);
}

/* After what makes the device safe has been sent: this is only to look. */
static void look_on(struct mqtt_link *link)
{
	for (uint8_t i = 0; i < link->n_channels; i++) {
		struct channel *channel = &link->channels[i];
		if (channel->watched && broker_subscribe_aside(link->broker, channel->address) == 0)
			kept_up(&channel->kept, uv_now(link->timer.loop));
	}
	attend_to_kept(link);
}

/* ---- the broker's callbacks ---- */

static void on_up(void *user)
{
	struct mqtt_link *link = user;
	for (uint8_t i = 0; i < link->n_channels; i++) {
		if (!(link->channels[i].direction & THERAPY_IN))
			continue;
		/* QoS 0: what could not be delivered at once is an old truth */
		int rc = broker_subscribe(link->broker, link->channels[i].address, 0);
		if (rc != 0)
			log_warn("link", "cannot subscribe to '%s': %s", link->channels[i].address, uv_strerror(rc));
	}
	link->callbacks.up(link->callbacks.user);
	if (!link->closing)
		look_on(link);
}

static void on_down(void *user, const char *why, uint64_t retry_ms)
{
	(void)retry_ms;
	struct mqtt_link *link = user;
	for (uint8_t i = 0; i < link->n_channels; i++)
		kept_down(&link->channels[i].kept);
	uv_timer_stop(&link->timer);
	link->callbacks.down(link->callbacks.user, why);
}

static void on_message(void *user, const struct broker_message *m)
{
	struct mqtt_link *link = user;
	for (uint8_t i = 0; i < link->n_channels; i++)
		if ((link->channels[i].direction & THERAPY_IN) && topic_matches(link->channels[i].address, m->topic)) {
			link->callbacks.message(link->callbacks.user, m->now_ms, i, m->payload, m->size, m->retained);
			return;
		}
	for (uint8_t i = 0; i < link->n_channels; i++)
		if (link->channels[i].watched && strcmp(link->channels[i].address, m->topic) == 0) {
			if (m->retained) { /* else somebody's order of this moment: the device tells what came of it */
				kept_came(&link->channels[i].kept, m->payload, m->size);
				attend_to_kept(link);
			}
			return;
		}
	log_debug("link", "a message on '%.100s', which no channel asked for", m->topic);
}

/* ---- the interface ---- */

uint16_t mqtt_link_prepare(void)
{
	return broker_prepare();
}

int mqtt_link_new(uv_loop_t *loop, const struct mqtt_link_config *config, const struct mqtt_link_callbacks *callbacks,
		  struct mqtt_link **out)
{
	uint8_t n = config->model->n_channels;
	if (!config->name || !config->name[0] || strpbrk(config->name, "+#{}"))
		return UV_EINVAL;
	struct mqtt_link *link = calloc(1, sizeof *link + n * sizeof *link->channels);
	if (!link)
		return UV_ENOMEM;
	link->n_channels = n;
	link->callbacks = *callbacks;
	link->has_will = config->will != NULL;
	link->clear_kept = config->clear_kept;
	struct broker_config broker = config->broker;
	broker.client_id = config->client;
	broker.reconnect = true;
	int rc = fill_channels(link, config);
	for (uint8_t i = 0; rc == 0 && callbacks->kept && i < n; i++)
		link->channels[i].watched = is_command_topic(link, i);
	if (rc == 0 && config->will) {
		const struct therapy_frame *will = config->will;
		if (will->channel >= n || !(link->channels[will->channel].direction & THERAPY_OUT))
			rc = UV_EINVAL;
		else
			broker.will_topic = link->channels[will->channel].address;
		broker.will_payload = will->bytes;
		broker.will_size = will->size;
		broker.will_qos = 1;
		broker.will_retained = false; /* kept, it would switch the plug off whenever that comes back */
	}
	const struct broker_callbacks broker_callbacks = {
	    .user = link, .up = on_up, .down = on_down, .message = on_message, .delivered = on_delivered};
	if (rc == 0)
		rc = broker_new(loop, &broker, &broker_callbacks, &link->broker);
	if (rc != 0) {
		free(link);
		return rc;
	}
	uv_timer_init(loop, &link->timer); /* cannot fail; before this no callback comes */
	link->timer.data = link;
	*out = link;
	return 0;
}

int mqtt_link_send(struct mqtt_link *link, uint8_t channel, uint8_t effect, const uint8_t *data, size_t size)
{
	if (channel >= link->n_channels || !(link->channels[channel].direction & THERAPY_OUT) ||
	    size > THERAPY_FRAME_MAX)
		return UV_EINVAL;
	int qos = effect == THERAPY_STOP ? 1 : 0; /* an ON that comes late is worse than none; an OFF may come twice */
	return broker_publish(link->broker, link->channels[channel].address, data, size, qos, false, NULL, 0);
}

static void on_timer_closed(uv_handle_t *timer)
{
	struct mqtt_link *link = timer->data;
	void (*closed)(void *) = link->closed;
	void *closed_user = link->closed_user;
	free(link);
	if (closed)
		closed(closed_user);
}

static void on_closed(void *user)
{
	struct mqtt_link *link = user;
	uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

void mqtt_link_close(struct mqtt_link *link, void (*closed)(void *user), void *user)
{
	link->closing = true;
	uv_timer_stop(&link->timer);
	link->closed = closed;
	link->closed_user = user;
	broker_close(link->broker, CLOSE_WAIT_MS, link->has_will, on_closed, link);
}
