/* SPDX-License-Identifier: Apache-2.0
 * A device that is connected to: what it has, its notifications, and what is written to it. */
#include <stdlib.h>
#include <string.h>

#include "bluez/inside.h"
#include "bluez/trouble.h"
#include "bluez/values.h"

#include "base/str.h"

/* ---- what it has ---- */

struct services {
	const struct bluez_link *link;
	struct characteristic found[CHARACTERISTICS_MAX];
	size_t n;
	bool resolved;
};

static uint8_t abilities(const struct library *d, const DBusMessageIter *properties)
{
	DBusMessageIter flags;
	uint8_t can = 0;
	if (!values_find(d, properties, "Flags", &flags))
		return 0;
	if (values_has(d, &flags, "notify") || values_has(d, &flags, "indicate"))
		can |= CAN_NOTIFY;
	if (values_has(d, &flags, "write"))
		can |= CAN_WRITE;
	if (values_has(d, &flags, "write-without-response"))
		can |= CAN_COMMAND;
	return can;
}

static void collect(void *user, const char *path, const char *interface, const DBusMessageIter *properties)
{
	struct services *s = user;
	const struct library *d = s->link->bluez->d;
	size_t n = strlen(s->link->path);
	DBusMessageIter value;
	const char *uuid;
	enum channel_mode mode;
	if (strncmp(path, s->link->path, n) != 0)
		return;
	if (path[n] == '\0' && strcmp(interface, DEVICE) == 0 && values_find(d, properties, "ServicesResolved", &value))
		(void)values_truth(d, &value, &s->resolved);
	if (path[n] != '/' || strcmp(interface, CHARACTERISTIC) != 0 || s->n == CHARACTERISTICS_MAX)
		return;
	struct characteristic *c = &s->found[s->n];
	if (!values_find(d, properties, "UUID", &value) || !values_text(d, &value, &uuid) ||
	    !channel_parse(uuid, &mode, c->uuid) || mode != CHANNEL_CHARACTERISTIC ||
	    !str_copy(c->path, sizeof c->path, path))
		return;
	c->can = abilities(d, properties);
	s->n++;
}

/* False, and why: one is missing. */
static bool choose(struct bluez_link *l, const struct services *s, struct str *why)
{
	for (size_t i = 0; i < l->n_channels; i++) {
		const uint8_t can[2] = {CAN_NOTIFY, CAN_WRITE | CAN_COMMAND};
		const bool wanted[2] = {l->incoming[i], l->outgoing[i]};
		for (size_t k = 0; k < 2; k++) {
			char *to = k == 0 ? l->in[i] : l->out[i];
			to[0] = '\0';
			if (!wanted[k])
				continue;
			const struct characteristic *c =
			    characteristics_choose(s->found, s->n, l->uuids[i], can[k],
						   (const char(*)[CHANNEL_UUID_MAX])l->uuids, l->n_channels);
			if (!c) {
				characteristics_missing(s->found, s->n, l->uuids[i], can[k], why);
				return false;
			}
			str_copy(to, CHARACTERISTIC_PATH_MAX, c->path);
			if (k == 1)
				l->command[i] = !(c->can & CAN_WRITE);
		}
	}
	return true;
}

static void on_notifying(void *user, DBusMessage *reply)
{
	struct bluez_link *l = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	if (trouble_is(l->bluez->d, reply) && !trouble_named(l->bluez->d, reply, "InProgress")) {
		trouble_say(l->bluez->d, reply, "switching notifications on", &why);
		link_drop(l, text);
		return;
	}
	if (--l->awaited == 0)
		link_up(l);
}

static void subscribe(struct bluez_link *l)
{
	struct bluez *b = l->bluez;
	l->state = LINK_SUBSCRIBING;
	uv_timer_stop(&l->timer); /* each call has its own time */
	for (size_t i = 0; i < l->n_channels; i++) {
		if (!l->in[i][0])
			continue;
		if (bus_call(b->bus, bluez_message(b, l->in[i], CHARACTERISTIC, "StartNotify"), CONNECT_MS,
			     on_notifying, l) != 0) {
			link_drop(l, "the system bus does not take what is sent");
			return;
		}
		l->awaited++;
	}
	if (l->awaited == 0)
		link_up(l);
}

static void on_services(void *user, DBusMessage *reply)
{
	struct bluez_link *l = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	l->read_services = false;
	if (trouble_is(l->bluez->d, reply)) {
		trouble_say(l->bluez->d, reply, "asking what the device has", &why);
		link_drop(l, text);
		return;
	}
	struct services *s = calloc(1, sizeof *s);
	if (!s) {
		link_drop(l, "there is no memory for what the device has");
		return;
	}
	s->link = l;
	(void)values_objects(l->bluez->d, reply, collect, s);
	bool good = s->resolved && choose(l, s, &why);
	bool resolved = s->resolved;
	free(s);
	if (good)
		subscribe(l);
	else if (resolved)
		link_drop(l, text);
	/* else it will be said when they are, or the time runs out */
}

static void read_services(struct bluez_link *l)
{
	struct bluez *b = l->bluez;
	if (l->read_services)
		return;
	l->read_services =
	    bus_call(b->bus, bluez_message(b, "/", OBJECT_MANAGER, "GetManagedObjects"), CALL_MS, on_services, l) == 0;
	if (!l->read_services)
		link_drop(l, "the system bus does not take what is sent");
}

/* ---- connecting ---- */

static void on_connected(void *user, DBusMessage *reply)
{
	struct bluez_link *l = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	if (trouble_is(l->bluez->d, reply) && !trouble_named(l->bluez->d, reply, "AlreadyConnected")) {
		/* Known to another adapter, or forgotten meanwhile: the next attempt searches. */
		l->known = !trouble_unknown(l->bluez->d, reply);
		trouble_say(l->bluez->d, reply, "connecting", &why);
		link_drop(l, text);
		return;
	}
	l->state = LINK_RESOLVING;
	link_limit(l, RESOLVE_MS);
	read_services(l);
}

void gatt_connect(struct bluez_link *l)
{
	struct bluez *b = l->bluez;
	l->state = LINK_CONNECTING;
	uv_timer_stop(&l->timer); /* the call has its own time */
	l->held = true;
	if (bus_call(b->bus, bluez_message(b, l->path, DEVICE, "Connect"), CONNECT_MS, on_connected, l) != 0)
		link_drop(l, "the system bus does not take what is sent");
	else
		scan_update(b); /* it is found */
}

void gatt_release(struct bluez_link *l)
{
	struct bluez *b = l->bluez;
	if (l->held && b->state == BLUEZ_READY)
		bus_call(b->bus, bluez_message(b, l->path, DEVICE, "Disconnect"), 0, NULL, NULL);
	l->held = false;
}

/* ---- while it is connected ---- */

void gatt_changed(struct bluez_link *l, const DBusMessageIter *properties)
{
	const struct library *d = l->bluez->d;
	DBusMessageIter value;
	bool truth;
	if (l->state > LINK_CONNECTING && values_find(d, properties, "Connected", &value) &&
	    values_truth(d, &value, &truth) && !truth) {
		l->held = false;
		link_drop(l, "the device disconnected: out of range, switched off, or its battery empty?");
		return;
	}
	if (l->state == LINK_RESOLVING && values_find(d, properties, "ServicesResolved", &value) &&
	    values_truth(d, &value, &truth) && truth)
		read_services(l);
}

void gatt_value(struct bluez_link *l, const char *path, const DBusMessageIter *properties)
{
	const struct library *d = l->bluez->d;
	DBusMessageIter value;
	const uint8_t *data;
	size_t size;
	if (l->state != LINK_UP || !values_find(d, properties, "Value", &value) ||
	    !values_bytes(d, &value, &data, &size))
		return;
	for (size_t i = 0; i < l->n_channels; i++)
		if (l->in[i][0] && strcmp(l->in[i], path) == 0)
			link_hand_on(l, (uint8_t)i, data, size);
}

static void on_written(void *user, DBusMessage *reply)
{
	struct bluez_link *l = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	l->writes--;
	if (!trouble_is(l->bluez->d, reply))
		return;
	trouble_say(l->bluez->d, reply, "writing to the device", &why);
	link_drop(l, text);
}

static DBusMessage *write_message(const struct bluez_link *l, uint8_t channel, const uint8_t *data, size_t size)
{
	const struct library *d = l->bluez->d;
	const char *key = "type", *type = l->command[channel] ? "command" : "request";
	DBusMessage *m = bluez_message(l->bluez, l->out[channel], CHARACTERISTIC, "WriteValue");
	DBusMessageIter args, array, entry, variant;
	if (!m)
		return NULL;
	d->message_iter_init_append(m, &args);
	d->message_iter_open_container(&args, DBUS_TYPE_ARRAY, "y", &array);
	d->message_iter_append_fixed_array(&array, DBUS_TYPE_BYTE, &data, (int)size);
	d->message_iter_close_container(&args, &array);
	d->message_iter_open_container(&args, DBUS_TYPE_ARRAY, "{sv}", &array);
	d->message_iter_open_container(&array, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
	d->message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
	d->message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "s", &variant);
	d->message_iter_append_basic(&variant, DBUS_TYPE_STRING, &type);
	d->message_iter_close_container(&entry, &variant);
	d->message_iter_close_container(&array, &entry);
	d->message_iter_close_container(&args, &array);
	return m;
}

void gatt_write(struct bluez_link *l, uint8_t channel, const uint8_t *data, size_t size)
{
	if (l->state != LINK_UP || channel >= l->n_channels || !l->out[channel][0])
		return;
	if (l->writes == WRITES_MAX ||
	    bus_call(l->bluez->bus, write_message(l, channel, data, size), CALL_MS, on_written, l) != 0) {
		link_drop(l, "the device does not take what is written to it: switch it off and on");
		return;
	}
	l->writes++;
}
