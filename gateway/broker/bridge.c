/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void wake(struct bridge *bridge)
{
	uv_async_send(bridge->wake);
}

int bridge_init(struct bridge *bridge, uv_async_t *wake_handle, unsigned queue)
{
	bridge->wake = wake_handle;
	bridge->cap = queue;
	bridge->ring = calloc(queue, sizeof *bridge->ring);
	if (!bridge->ring)
		return UV_ENOMEM;
	if (uv_mutex_init(&bridge->lock) != 0) {
		free(bridge->ring);
		return UV_ENOMEM;
	}
	bridge->done_end = &bridge->done;
	return 0;
}

void bridge_release(struct bridge *bridge)
{
	struct bridge_message m;
	while (bridge_take_message(bridge, &m))
		bridge_message_release(&m);
	uv_mutex_destroy(&bridge->lock);
	free(bridge->ring);
}

/* ---- Paho's threads ---- */

void bridge_put_up(struct bridge *bridge, bool tuned, const struct limits_told *told)
{
	uv_mutex_lock(&bridge->lock);
	bridge->up = true;
	bridge->told = *told;
	bridge->untuned |= !tuned;
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

static void keep_text(char *to, size_t cap, const char *text)
{
	snprintf(to, cap, "%s", text);
}

void bridge_put_down(struct bridge *bridge, const char *why, enum bridge_cause cause)
{
	uv_mutex_lock(&bridge->lock);
	if (!bridge->down) {
		keep_text(bridge->why, sizeof bridge->why, why);
		bridge->cause = cause;
	}
	bridge->down = true;
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

void bridge_put_disconnected(struct bridge *bridge)
{
	uv_mutex_lock(&bridge->lock);
	bridge->disconnected = true;
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

void bridge_put_subscribe_refused(struct bridge *bridge, const char *why, bool aside)
{
	uv_mutex_lock(&bridge->lock);
	(*(aside ? &bridge->asides_refused : &bridge->subscribes_refused))++;
	keep_text(bridge->subscribe_why, sizeof bridge->subscribe_why, why);
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

void bridge_put_publish_refused(struct bridge *bridge, const char *why)
{
	uv_mutex_lock(&bridge->lock);
	bridge->publishes_refused++;
	keep_text(bridge->publish_why, sizeof bridge->publish_why, why);
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

void bridge_put_message(struct bridge *bridge, char *topic, MQTTAsync_message *message, uint64_t now_ms)
{
	struct bridge_message m = {topic, message, now_ms};
	size_t size = (size_t)message->payloadlen;
	uv_mutex_lock(&bridge->lock);
	bool room = bridge->n < bridge->cap && bridge->waiting + size <= BRIDGE_WAITING_MAX;
	if (room) {
		bridge->ring[(bridge->first + bridge->n++) % bridge->cap] = m;
		bridge->waiting += size;
		bridge->received++;
	} else {
		bridge->dropped++;
	}
	uv_mutex_unlock(&bridge->lock);
	if (!room)
		bridge_message_release(&m);
	wake(bridge);
}

void bridge_put_done(struct bridge_slot *slot, bool ok)
{
	struct bridge *bridge = slot->bridge;
	uv_mutex_lock(&bridge->lock);
	if (slot->used && !slot->done) {
		slot->done = true;
		slot->ok = ok;
		slot->next = NULL;
		*bridge->done_end = slot;
		bridge->done_end = &slot->next;
	}
	uv_mutex_unlock(&bridge->lock);
	wake(bridge);
}

/* ---- the loop's ---- */

struct bridge_slot *bridge_slot_take(struct bridge *bridge, uint64_t token, size_t size, int qos, _Atomic int *fd)
{
	uv_mutex_lock(&bridge->lock);
	struct bridge_slot *slot = bridge->free;
	if (!slot && bridge->used < BRIDGE_SLOTS)
		slot = &bridge->slots[bridge->used];
	if (slot && bridge->sending + size <= BRIDGE_SENDING_MAX) {
		if (slot == bridge->free)
			bridge->free = slot->next;
		else
			bridge->used++;
		*slot = (struct bridge_slot){
		    .bridge = bridge, .fd = fd, .token = token, .size = size, .qos = qos, .used = true};
		bridge->in_flight++;
		bridge->unacknowledged += qos > 0;
		bridge->sending += size;
	} else {
		slot = NULL;
	}
	uv_mutex_unlock(&bridge->lock);
	return slot;
}

static void give_back(struct bridge_slot *slot)
{
	struct bridge *bridge = slot->bridge;
	slot->used = false;
	slot->done = false;
	slot->next = bridge->free;
	bridge->free = slot;
	bridge->in_flight--;
	bridge->unacknowledged -= slot->qos > 0;
	bridge->sending -= slot->size;
}

void bridge_slot_return(struct bridge_slot *slot)
{
	uv_mutex_lock(&slot->bridge->lock);
	give_back(slot);
	uv_mutex_unlock(&slot->bridge->lock);
}

unsigned bridge_in_flight(struct bridge *bridge)
{
	uv_mutex_lock(&bridge->lock);
	unsigned n = bridge->in_flight;
	uv_mutex_unlock(&bridge->lock);
	return n;
}

unsigned bridge_unacknowledged(struct bridge *bridge)
{
	uv_mutex_lock(&bridge->lock);
	unsigned n = bridge->unacknowledged;
	uv_mutex_unlock(&bridge->lock);
	return n;
}

void bridge_take_news(struct bridge *bridge, struct bridge_news *out)
{
	uv_mutex_lock(&bridge->lock);
	*out = (struct bridge_news){
	    .up = bridge->up,
	    .down = bridge->down,
	    .disconnected = bridge->disconnected,
	    .untuned = bridge->untuned,
	    .told = bridge->told,
	    .cause = bridge->cause,
	    .subscribes_refused = bridge->subscribes_refused,
	    .asides_refused = bridge->asides_refused,
	    .publishes_refused = bridge->publishes_refused,
	    .received = bridge->received,
	    .dropped = bridge->dropped,
	};
	memcpy(out->why, bridge->why, sizeof out->why);
	memcpy(out->subscribe_why, bridge->subscribe_why, sizeof out->subscribe_why);
	memcpy(out->publish_why, bridge->publish_why, sizeof out->publish_why);
	bridge->up = bridge->down = bridge->disconnected = bridge->untuned = false;
	bridge->subscribes_refused = bridge->asides_refused = bridge->publishes_refused = 0;
	uv_mutex_unlock(&bridge->lock);
}

bool bridge_take_done(struct bridge *bridge, struct bridge_done *out)
{
	uv_mutex_lock(&bridge->lock);
	struct bridge_slot *slot = bridge->done;
	if (slot) {
		bridge->done = slot->next;
		if (!bridge->done)
			bridge->done_end = &bridge->done;
		/* QoS 0 is done when it was written: that proves nothing of the broker. */
		*out = (struct bridge_done){slot->token, slot->ok && slot->qos > 0 ? slot->proves : 0, slot->ok};
		give_back(slot);
	}
	uv_mutex_unlock(&bridge->lock);
	return slot != NULL;
}

bool bridge_take_message(struct bridge *bridge, struct bridge_message *out)
{
	uv_mutex_lock(&bridge->lock);
	bool any = bridge->n > 0;
	if (any) {
		*out = bridge->ring[bridge->first];
		bridge->first = (bridge->first + 1) % bridge->cap;
		bridge->n--;
		bridge->waiting -= (size_t)out->message->payloadlen;
	}
	uv_mutex_unlock(&bridge->lock);
	return any;
}

void bridge_message_release(struct bridge_message *message)
{
	MQTTAsync_freeMessage(&message->message);
	MQTTAsync_free(message->topic);
}

void bridge_abandon(struct bridge *bridge)
{
	for (size_t i = 0; i < bridge->used; i++)
		bridge_put_done(&bridge->slots[i], false);
}
