/* SPDX-License-Identifier: Apache-2.0
 * The bus, BlueZ and its adapters, for all links. */
#include <stdlib.h>
#include <string.h>

#include "bluez/inside.h"
#include "bluez/trouble.h"
#include "bluez/values.h"

#include "base/log.h"
#include "base/str.h"

static void ask_objects(struct bluez *b);

DBusMessage *bluez_message(const struct bluez *b, const char *path, const char *interface, const char *method)
{
	DBusMessage *m = b->d->message_new_method_call(BLUEZ_NAME, path, interface, method);
	if (m)
		b->d->message_set_auto_start(m, FALSE); /* whether BlueZ runs is for the user to say */
	return m;
}

void bluez_match(const struct bluez *b, const char *method, const char *rule)
{
	DBusMessage *m = b->d->message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method);
	DBusMessageIter args;
	if (!m)
		return;
	b->d->message_iter_init_append(m, &args);
	b->d->message_iter_append_basic(&args, DBUS_TYPE_STRING, &rule);
	bus_call(b->bus, m, 0, NULL, NULL);
}

struct adapter *bluez_adapter(struct bluez *b, const struct bluez_link *link)
{
	struct adapter *first = NULL;
	size_t n = strlen(link->address.adapter);
	for (size_t i = 0; i < b->n_adapters; i++) {
		struct adapter *a = &b->adapters[i];
		size_t of = strlen(a->path);
		if (n &&
		    (of < n + 1 || a->path[of - n - 1] != '/' || strcmp(a->path + of - n, link->address.adapter) != 0))
			continue;
		if (a->powered)
			return a;
		if (!first)
			first = a;
	}
	return first;
}

/* ---- all links at once ---- */

/* Dropping one calls the gateway, which starts links but never ends them in a callback. */
static void drop_all(struct bluez *b, const char *why)
{
	for (struct bluez_link *l = b->links; l; l = l->next) {
		l->known = false;
		if (l->state > LINK_WAITING)
			link_drop(l, why);
	}
}

static void go_all(struct bluez *b)
{
	for (struct bluez_link *l = b->links; l; l = l->next)
		if (l->state == LINK_BEGUN)
			link_go(l);
		else
			link_hasten(l);
}

static void absent(struct bluez *b, const char *why)
{
	b->state = BLUEZ_ABSENT;
	b->owner[0] = '\0';
	b->n_adapters = 0;
	drop_all(b, why);
}

/* ---- adapters ---- */

static struct adapter *find_adapter(struct bluez *b, const char *path)
{
	for (size_t i = 0; i < b->n_adapters; i++)
		if (strcmp(b->adapters[i].path, path) == 0)
			return &b->adapters[i];
	return NULL;
}

static void drop_of_adapter(struct bluez *b, const char *path, const char *why)
{
	size_t n = strlen(path);
	for (struct bluez_link *l = b->links; l; l = l->next)
		if (l->state > LINK_BEGUN && strncmp(l->path, path, n) == 0 && l->path[n] == '/')
			link_drop(l, why);
}

static void set_powered(struct bluez *b, struct adapter *a, bool powered)
{
	if (a->powered == powered)
		return;
	a->powered = powered;
	a->scanning = a->asked = false; /* BlueZ forgets who wanted it to scan */
	if (!powered) {
		drop_of_adapter(b, a->path, "the Bluetooth adapter was switched off: `bluetoothctl power on`");
		return;
	}
	for (struct bluez_link *l = b->links; l; l = l->next)
		link_hasten(l);
}

static void saw_adapter(struct bluez *b, const char *path, const DBusMessageIter *properties)
{
	struct adapter *a = find_adapter(b, path);
	DBusMessageIter value;
	bool powered = false;
	if (!a && (b->n_adapters == ADAPTERS_MAX || strlen(path) >= ADAPTER_PATH_MAX))
		return;
	if (!a) {
		a = &b->adapters[b->n_adapters++];
		*a = (struct adapter){0};
		str_copy(a->path, sizeof a->path, path);
	}
	if (values_find(b->d, properties, "Powered", &value) && values_truth(b->d, &value, &powered))
		set_powered(b, a, powered);
}

static void lost_adapter(struct bluez *b, const char *path)
{
	struct adapter *a = find_adapter(b, path);
	if (!a)
		return;
	drop_of_adapter(b, path, "the Bluetooth adapter is gone: was it unplugged?");
	*a = b->adapters[--b->n_adapters];
}

/* ---- what BlueZ says ---- */

/* The last part of a device's path is its address; adapters are told apart by the rest, which the link knows only when
 * it has one. */
static bool is_device(const struct bluez_link *l, const char *path)
{
	char part[24] = "/dev_";
	size_t n = strlen(path);
	for (size_t i = 0; i < 18; i++)
		part[5 + i] = l->address.place[i] == ':' ? '_' : l->address.place[i];
	return n > 22 && strcmp(path + n - 22, part) == 0 && (!l->path[0] || strcmp(l->path, path) == 0);
}

static void saw(void *user, const char *path, const char *interface, const DBusMessageIter *properties)
{
	struct bluez *b = user;
	if (strcmp(interface, ADAPTER) == 0)
		saw_adapter(b, path, properties);
	if (strcmp(interface, DEVICE) != 0)
		return;
	for (struct bluez_link *l = b->links; l; l = l->next)
		if (is_device(l, path))
			l->known = true;
}

static void appeared(void *user, const char *path, const char *interface, const DBusMessageIter *properties)
{
	struct bluez *b = user;
	saw(b, path, interface, properties);
	if (strcmp(interface, ADAPTER) == 0)
		go_all(b);
	if (strcmp(interface, DEVICE) != 0)
		return;
	for (struct bluez_link *l = b->links; l; l = l->next) {
		if (strcmp(l->path, path) != 0)
			continue;
		if (l->state == LINK_SEARCHING)
			gatt_connect(l);
		else if (l->state == LINK_UP && l->advertised)
			advert_heard(l, properties); /* the advertisement it was found by */
	}
}

static void on_removed(struct bluez *b, DBusMessage *message)
{
	DBusMessageIter at;
	const char *path;
	if (!b->d->message_iter_init(message, &at) || !values_text(b->d, &at, &path) || !b->d->message_iter_next(&at))
		return;
	if (values_has(b->d, &at, ADAPTER))
		lost_adapter(b, path);
	if (!values_has(b->d, &at, DEVICE))
		return;
	for (struct bluez_link *l = b->links; l; l = l->next) {
		if (!is_device(l, path))
			continue;
		l->known = false;
		if (!l->advertised && l->state > LINK_SEARCHING) /* BlueZ forgets what it has not heard for a while */
			link_drop(l, "BlueZ has forgotten the device: was it removed?");
	}
}

static void on_changed(struct bluez *b, DBusMessage *message)
{
	const char *path = b->d->message_get_path(message), *interface;
	DBusMessageIter properties, value;
	bool powered;
	if (!path || !values_changed(b->d, message, &interface, &properties))
		return;
	if (strcmp(interface, ADAPTER) == 0) {
		struct adapter *a = find_adapter(b, path);
		if (a && values_find(b->d, &properties, "Powered", &value) && values_truth(b->d, &value, &powered))
			set_powered(b, a, powered);
		return;
	}
	for (struct bluez_link *l = b->links; l; l = l->next) {
		size_t n = strlen(l->path);
		if (n == 0 || strncmp(path, l->path, n) != 0)
			continue;
		if (path[n] == '\0' && strcmp(interface, DEVICE) == 0) {
			if (l->advertised)
				advert_heard(l, &properties);
			else
				gatt_changed(l, &properties);
		} else if (path[n] == '/' && strcmp(interface, CHARACTERISTIC) == 0) {
			gatt_value(l, path, &properties);
		}
	}
}

/* Whoever is BlueZ now: "" is nobody. */
static void set_owner(struct bluez *b, const char *owner)
{
	if (strcmp(b->owner, owner) == 0 && *owner)
		return;
	if (b->state == BLUEZ_READY)
		absent(b, "BlueZ ended: is it being started anew?");
	str_copy(b->owner, sizeof b->owner, owner);
	b->n_adapters = 0;
	if (*b->owner)
		ask_objects(b);
	else
		absent(b, TROUBLE_NO_BLUEZ);
}

static void on_owner_changed(struct bluez *b, DBusMessage *message)
{
	DBusMessageIter at;
	const char *name, *before, *now;
	if (b->d->message_iter_init(message, &at) && values_text(b->d, &at, &name) && b->d->message_iter_next(&at) &&
	    values_text(b->d, &at, &before) && b->d->message_iter_next(&at) && values_text(b->d, &at, &now) &&
	    strcmp(name, BLUEZ_NAME) == 0)
		set_owner(b, now);
}

static void on_signal(void *user, DBusMessage *m)
{
	struct bluez *b = user;
	const struct library *d = b->d;
	const char *sender = d->message_get_sender(m);
	if (sender && strcmp(sender, DBUS_SERVICE_DBUS) == 0 &&
	    d->message_is_signal(m, DBUS_INTERFACE_DBUS, "NameOwnerChanged"))
		on_owner_changed(b, m);
	if (!sender || !*b->owner || strcmp(sender, b->owner) != 0 || b->state != BLUEZ_READY)
		return;
	if (d->message_is_signal(m, DBUS_INTERFACE_PROPERTIES, "PropertiesChanged"))
		on_changed(b, m);
	else if (d->message_is_signal(m, OBJECT_MANAGER, "InterfacesAdded"))
		(void)values_added(d, m, appeared, b);
	else if (d->message_is_signal(m, OBJECT_MANAGER, "InterfacesRemoved"))
		on_removed(b, m);
}

/* ---- opening ---- */

static void on_objects(void *user, DBusMessage *reply)
{
	struct bluez *b = user;
	char text[300];
	struct str why;
	str_init(&why, text, sizeof text);
	if (trouble_is(b->d, reply)) {
		trouble_say(b->d, reply, "asking for what there is", &why);
		absent(b, text);
		return;
	}
	b->state = BLUEZ_READY;
	if (!values_objects(b->d, reply, saw, b)) {
		absent(b, "BlueZ says what is no list of objects: is it BlueZ 5.42 or later?");
		return;
	}
	go_all(b);
}

static void ask_objects(struct bluez *b)
{
	bus_forget(b->bus, b); /* of a BlueZ before this one */
	b->state = BLUEZ_OPENING;
	if (bus_call(b->bus, bluez_message(b, "/", OBJECT_MANAGER, "GetManagedObjects"), CALL_MS, on_objects, b) != 0)
		absent(b, "the system bus does not take what is sent");
}

static void on_owner(void *user, DBusMessage *reply)
{
	struct bluez *b = user;
	DBusMessageIter at;
	const char *owner = "";
	if (!trouble_is(b->d, reply) && b->d->message_iter_init(reply, &at))
		(void)values_text(b->d, &at, &owner);
	set_owner(b, owner);
}

static void ask_owner(struct bluez *b)
{
	const char *name = BLUEZ_NAME;
	DBusMessage *m =
	    b->d->message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetNameOwner");
	DBusMessageIter args;
	b->state = BLUEZ_OPENING;
	if (m) {
		b->d->message_iter_init_append(m, &args);
		b->d->message_iter_append_basic(&args, DBUS_TYPE_STRING, &name);
	}
	if (bus_call(b->bus, m, CALL_MS, on_owner, b) != 0)
		absent(b, "the system bus does not take what is sent");
}

static void on_up(void *user)
{
	struct bluez *b = user;
	bluez_match(b, "AddMatch",
		    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" BLUEZ_NAME "'");
	bluez_match(b, "AddMatch", "type='signal',sender='" BLUEZ_NAME "',interface='" OBJECT_MANAGER "'");
	bluez_match(b, "AddMatch",
		    "type='signal',sender='" BLUEZ_NAME "',member='PropertiesChanged',arg0='" ADAPTER "'");
	ask_owner(b);
}

static void on_bus_closed(void *user)
{
	struct bluez *b = user;
	b->closing_buses--;
	if (!b->closing || b->closing_buses > 0)
		return;
	void (*closed)(void *) = b->closed;
	void *closed_user = b->closed_user;
	free(b);
	if (closed)
		closed(closed_user);
}

static void drop_bus(struct bluez *b)
{
	b->closing_buses++;
	bus_close(b->bus, on_bus_closed, b);
	b->bus = NULL;
	b->state = BLUEZ_CLOSED;
	b->owner[0] = '\0';
	b->n_adapters = 0;
	for (struct bluez_link *l = b->links; l; l = l->next)
		l->matched = false;
}

static void on_lost(void *user, const char *why)
{
	struct bluez *b = user;
	char kept[300];
	str_copy(kept, sizeof kept, why); /* the bus's, which goes */
	drop_bus(b);
	drop_all(b, kept);
}

void bluez_want(struct bluez *b)
{
	char why[300];
	struct bus_callbacks callbacks = {b, on_up, on_signal, on_lost};
	if (b->state == BLUEZ_ABSENT)
		ask_owner(b); /* it may have come to its senses */
	if (b->state != BLUEZ_CLOSED)
		return;
	b->d = library_load(why, sizeof why);
	if (!b->d || bus_new(b->loop, b->d, &callbacks, &b->bus) != 0)
		drop_all(b, b->d ? "there is no memory for a connection to the system bus" : why);
	else
		b->state = BLUEZ_OPENING;
}

/* ---- the object ---- */

int bluez_new(uv_loop_t *loop, struct bluez **out)
{
	struct bluez *b = calloc(1, sizeof *b);
	if (!b)
		return UV_ENOMEM;
	b->loop = loop;
	*out = b;
	return 0;
}

static void on_nothing(uv_handle_t *handle)
{
	struct bluez *b = handle->data;
	free(handle);
	on_bus_closed(b);
}

void bluez_close(struct bluez *b, void (*closed)(void *user), void *user)
{
	b->closing = true;
	b->closed = closed;
	b->closed_user = user;
	if (b->bus) {
		drop_bus(b);
	} else if (b->closing_buses == 0) { /* `closed` comes from the loop */
		uv_timer_t *turn = calloc(1, sizeof *turn);
		if (!turn)
			abort();
		b->closing_buses++;
		uv_timer_init(b->loop, turn);
		turn->data = b;
		uv_close((uv_handle_t *)turn, on_nothing);
	}
}
