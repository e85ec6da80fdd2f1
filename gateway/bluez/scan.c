/* SPDX-License-Identifier: Apache-2.0
 * An adapter scans while a device is searched, or while one that only advertises is listened to. */
#include <string.h>

#include "bluez/inside.h"
#include "bluez/trouble.h"

static bool of_adapter(const struct bluez_link *l, const struct adapter *a)
{
	size_t n = strlen(a->path);
	return strncmp(l->path, a->path, n) == 0 && l->path[n] == '/';
}

static bool wanted(const struct bluez *b, const struct adapter *a)
{
	for (const struct bluez_link *l = b->links; l; l = l->next) {
		bool scans =
		    l->state == LINK_SEARCHING || l->state == LINK_TUNING || (l->state == LINK_UP && l->advertised);
		if (scans && of_adapter(l, a))
			return true;
	}
	return false;
}

/* Which adapter an answer is about cannot be said with it: the calls are asked one at a time. */
static void on_started(void *user, DBusMessage *reply)
{
	struct bluez *b = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	bool good = !trouble_is(b->d, reply) || trouble_named(b->d, reply, "InProgress");
	if (!good)
		trouble_say(b->d, reply, "scanning", &why);
	for (size_t i = 0; i < b->n_adapters; i++) {
		struct adapter *a = &b->adapters[i];
		if (!a->asked)
			continue;
		a->asked = false;
		a->scanning = good;
		for (struct bluez_link *l = b->links; l; l = l->next) {
			if (!of_adapter(l, a))
				continue;
			if (good && l->state == LINK_TUNING)
				link_up(l);
			else if (!good && (l->state == LINK_TUNING || l->state == LINK_SEARCHING))
				link_drop(l, text);
		}
		break;
	}
	scan_update(b); /* another adapter's turn, or it is not wanted any more */
}

static void append_variant(const struct library *d, DBusMessageIter *to, const char *key, int type, const void *value)
{
	DBusMessageIter entry, variant;
	const char signature[2] = {(char)type, '\0'};
	d->message_iter_open_container(to, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
	d->message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
	d->message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &variant);
	d->message_iter_append_basic(&variant, type, value);
	d->message_iter_close_container(&entry, &variant);
	d->message_iter_close_container(to, &entry);
}

/* Bluetooth LE only; and every advertisement, also when it says what the one before said. */
static DBusMessage *filter(const struct bluez *b, const struct adapter *a)
{
	const char *transport = "le";
	const dbus_bool_t duplicates = TRUE;
	DBusMessage *m = bluez_message(b, a->path, ADAPTER, "SetDiscoveryFilter");
	DBusMessageIter args, dictionary;
	if (!m)
		return NULL;
	b->d->message_iter_init_append(m, &args);
	b->d->message_iter_open_container(&args, DBUS_TYPE_ARRAY, "{sv}", &dictionary);
	append_variant(b->d, &dictionary, "Transport", DBUS_TYPE_STRING, &transport);
	append_variant(b->d, &dictionary, "DuplicateData", DBUS_TYPE_BOOLEAN, &duplicates);
	b->d->message_iter_close_container(&args, &dictionary);
	return m;
}

void scan_update(struct bluez *b)
{
	if (b->state != BLUEZ_READY)
		return;
	for (size_t i = 0; i < b->n_adapters; i++)
		if (b->adapters[i].asked)
			return;
	for (size_t i = 0; i < b->n_adapters; i++) {
		struct adapter *a = &b->adapters[i];
		bool want = a->powered && wanted(b, a);
		if (want && !a->scanning) {
			bus_call(b->bus, filter(b, a), 0, NULL, NULL);
			a->asked = bus_call(b->bus, bluez_message(b, a->path, ADAPTER, "StartDiscovery"), CALL_MS,
					    on_started, b) == 0;
			return;
		}
		if (!want && a->scanning) {
			a->scanning = false;
			bus_call(b->bus, bluez_message(b, a->path, ADAPTER, "StopDiscovery"), 0, NULL, NULL);
		}
		for (struct bluez_link *l = b->links; want && l; l = l->next)
			if (l->state == LINK_TUNING && of_adapter(l, a))
				link_up(l); /* it scans already */
	}
}
