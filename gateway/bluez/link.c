/* SPDX-License-Identifier: Apache-2.0
 * The life of one link: attempts, the pair of sockets, the end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bluez/inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "link/packets.h"

#define TELL_MS 600000u /* how often the same trouble is told */

static void on_timer(uv_timer_t *timer);

void link_limit(struct bluez_link *l, uint64_t ms)
{
	uv_update_time(l->bluez->loop);
	uv_timer_start(&l->timer, on_timer, ms, 0);
}

/* ---- the end of an attempt, or of the link ---- */

static void finish_close(struct bluez_link *l)
{
	if (l->open_handles > 0 || !l->closing)
		return;
	void (*closed)(void *) = l->closed;
	void *user = l->closed_user;
	free(l);
	if (closed)
		closed(user);
}

static void on_packets_closed(void *user)
{
	struct bluez_link *l = user;
	l->open_handles--;
	finish_close(l);
}

static void close_packets(struct bluez_link *l)
{
	if (l->packets)
		stream_close(l->packets, on_packets_closed, l);
	l->packets = NULL;
}

static void leave_state(struct bluez_link *l, enum link_state next)
{
	uv_timer_stop(&l->timer);
	if (l->bluez->bus)
		bus_forget(l->bluez->bus, l);
	l->state = next;
	l->awaited = l->writes = 0;
	l->read_services = false;
	gatt_release(l);
}

void link_drop(struct bluez_link *l, const char *why)
{
	bool was_up = l->state == LINK_UP;
	if (l->closing)
		return;
	leave_state(l, was_up ? LINK_IDLE : LINK_WAITING);
	if (was_up) {
		packets_say_why(l->packets, why);
		close_packets(l); /* the device process says that it is lost, and it is started again */
		scan_update(l->bluez);
		return;
	}
	uint64_t wait = backoff_wait(&l->backoff, clock_boot_ms());
	link_limit(l, wait);
	scan_update(l->bluez);
	char text[512];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "ble:%s: %s", l->address.place, why);
	l->callbacks.failed(l->callbacks.user, text, wait);
}

void link_hasten(struct bluez_link *l)
{
	if (l->state == LINK_WAITING && uv_timer_get_due_in(&l->timer) > BACKOFF_FIRST_MS)
		link_limit(l, BACKOFF_FIRST_MS);
}

/* ---- an attempt ---- */

static void match(struct bluez_link *l, bool wanted)
{
	char rule[200];
	struct str s;
	if (l->matched == wanted || !l->path[0] || !l->bluez->bus)
		return;
	str_init(&s, rule, sizeof rule);
	str_add(&s, "type='signal',sender='" BLUEZ_NAME "',member='PropertiesChanged',path_namespace='%s'", l->path);
	bluez_match(l->bluez, wanted ? "AddMatch" : "RemoveMatch", rule);
	l->matched = wanted;
}

/* Where the device would be, on this adapter. */
static void set_path(struct bluez_link *l, const struct adapter *a)
{
	char path[sizeof l->path];
	struct str s;
	str_init(&s, path, sizeof path);
	str_add(&s, "%s/dev_%s", a->path, l->address.place);
	for (char *p = path + strlen(a->path); *p; p++)
		if (*p == ':')
			*p = '_';
	if (strcmp(path, l->path) != 0) {
		match(l, false);
		memcpy(l->path, path, sizeof path);
	}
	match(l, true);
}

void link_go(struct bluez_link *l)
{
	struct bluez *b = l->bluez;
	const struct adapter *a = bluez_adapter(b, l);
	if (!a && l->address.adapter[0]) {
		link_drop(
		    l, "there is no such Bluetooth adapter as the link names: `bluetoothctl list` shows what there is");
		return;
	}
	if (!a) {
		link_drop(l, "there is no Bluetooth adapter: plug one in, and see that `bluetoothctl list` shows it");
		return;
	}
	if (!a->powered) {
		link_drop(l, "the Bluetooth adapter is switched off: `bluetoothctl power on`");
		return;
	}
	set_path(l, a);
	if (l->advertised) {
		l->state = LINK_TUNING;
		link_limit(l, CALL_MS * 2);
		scan_update(b);
	} else if (l->known) {
		gatt_connect(l);
	} else {
		l->state = LINK_SEARCHING;
		link_limit(l, SEARCH_MS);
		scan_update(b);
	}
}

static void begin(struct bluez_link *l)
{
	l->state = LINK_BEGUN;
	if (l->bluez->state == BLUEZ_READY)
		link_go(l);
	else
		bluez_want(l->bluez);
}

static void on_timer(uv_timer_t *timer)
{
	struct bluez_link *l = timer->data;
	if (l->state == LINK_WAITING)
		begin(l);
	else if (l->state == LINK_SEARCHING)
		link_drop(l, "the device is not seen: is it on, near, and not connected to a phone?");
	else if (l->state == LINK_RESOLVING)
		link_drop(l, "the device does not say what it has: switch it off and on");
	else if (l->state == LINK_TUNING)
		link_drop(l, "BlueZ does not let the adapter scan: `systemctl restart bluetooth` if that stays so");
}

/* ---- while it is up ---- */

static void on_packet(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size)
{
	(void)now_ms;
	gatt_write(user, channel, data, size);
}

/* The device process ended, or let go of it. */
static void on_packets_lost(void *user, const char *why)
{
	struct bluez_link *l = user;
	(void)why;
	leave_state(l, LINK_IDLE);
	close_packets(l);
	scan_update(l->bluez);
}

void link_up(struct bluez_link *l)
{
	int ends[2];
	struct stream_callbacks callbacks = {.user = l, .packet = on_packet, .lost = on_packets_lost};
	int error = packets_pair(ends);
	if (!error) {
		error = packets_new(l->bluez->loop, ends[0], &callbacks, &l->packets);
		if (error) {
			close(ends[0]);
			close(ends[1]);
		}
	}
	if (error) {
		link_drop(l, uv_strerror(error));
		return;
	}
	uv_timer_stop(&l->timer);
	l->open_handles++;
	l->state = LINK_UP;
	backoff_opened(&l->backoff, clock_boot_ms());
	l->callbacks.opened(l->callbacks.user, ends[1]);
}

void link_hand_on(struct bluez_link *l, uint8_t channel, const uint8_t *data, size_t size)
{
	if (l->state != LINK_UP || packets_send(l->packets, channel, data, size) == 0)
		return;
	uint64_t now_ms = clock_boot_ms();
	l->dropped++;
	if (l->told_dropped_ms && now_ms - l->told_dropped_ms < TELL_MS)
		return;
	l->told_dropped_ms = now_ms;
	log_warn(l->name, "the device says more than can be read: %llu messages were dropped so far",
		 (unsigned long long)l->dropped);
}

/* ---- the object ---- */

static bool take_channels(struct bluez_link *l, const struct bluez_link_config *config)
{
	enum channel_mode mode, first = CHANNEL_CHARACTERISTIC;
	if (config->n_channels == 0 || config->n_channels > CHANNELS_MAX)
		return false;
	for (size_t i = 0; i < config->n_channels; i++) {
		if (!channel_parse(config->channels[i].address, &mode, l->uuids[i]) || (i > 0 && mode != first))
			return false;
		first = mode;
		l->incoming[i] = config->channels[i].incoming;
		l->outgoing[i] = config->channels[i].outgoing;
	}
	l->n_channels = config->n_channels;
	l->advertised = first == CHANNEL_ADVERTISED;
	return true;
}

int bluez_link_new(struct bluez *b, const struct bluez_link_config *config, const struct opener_callbacks *callbacks,
		   struct bluez_link **out)
{
	struct bluez_link *l = calloc(1, sizeof *l);
	if (!l)
		return UV_ENOMEM;
	if (config->address.kind != LINK_BLE || !take_channels(l, config)) {
		free(l);
		return UV_EINVAL;
	}
	l->bluez = b;
	l->name = config->name;
	l->address = config->address;
	l->callbacks = *callbacks;
	seal_init(&l->seal, l->address.place, config->bind_key);
	backoff_init(&l->backoff, clock_boot_us() ^ (uint64_t)(uintptr_t)l);
	uv_timer_init(b->loop, &l->timer);
	l->timer.data = l;
	l->open_handles = 1;
	l->next = b->links;
	b->links = l;
	*out = l;
	return 0;
}

void bluez_link_start(struct bluez_link *l)
{
	if (l->closing || (l->state != LINK_IDLE && l->state != LINK_UP))
		return;
	leave_state(l, LINK_WAITING);
	close_packets(l);
	link_limit(l, backoff_wait(&l->backoff, clock_boot_ms()));
	scan_update(l->bluez);
}

void bluez_link_counts(const struct bluez_link *l, uint64_t *dropped, uint64_t *refused)
{
	*dropped = l->dropped;
	*refused = 0;
	for (int i = 0; i < SEAL_RESULT_COUNT; i++)
		*refused += l->refused[i];
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_packets_closed(handle->data);
}

void bluez_link_close(struct bluez_link *l, void (*closed)(void *user), void *user)
{
	struct bluez_link **at = &l->bluez->links;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->closing = true;
	l->closed = closed;
	l->closed_user = user;
	leave_state(l, LINK_IDLE);
	match(l, false);
	scan_update(l->bluez);
	close_packets(l);
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
