/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/values.h"

#include <string.h>

/* libdbus's iterators are copied by assignment; reading one does not change what it stands for. */
static int type_of(const struct library *d, const DBusMessageIter *value)
{
	DBusMessageIter copy = *value;
	return d->message_iter_get_arg_type(&copy);
}

static bool enter(const struct library *d, const DBusMessageIter *value, int type, DBusMessageIter *inside)
{
	DBusMessageIter copy = *value;
	if (d->message_iter_get_arg_type(&copy) != type)
		return false;
	d->message_iter_recurse(&copy, inside);
	return true;
}

bool values_text(const struct library *d, const DBusMessageIter *value, const char **out)
{
	DBusMessageIter copy = *value;
	int type = type_of(d, value);
	if (type != DBUS_TYPE_STRING && type != DBUS_TYPE_OBJECT_PATH)
		return false;
	d->message_iter_get_basic(&copy, out);
	return true;
}

bool values_truth(const struct library *d, const DBusMessageIter *value, bool *out)
{
	DBusMessageIter copy = *value;
	dbus_bool_t truth = FALSE;
	if (type_of(d, value) != DBUS_TYPE_BOOLEAN)
		return false;
	d->message_iter_get_basic(&copy, &truth);
	*out = truth != FALSE;
	return true;
}

bool values_bytes(const struct library *d, const DBusMessageIter *value, const uint8_t **out, size_t *size)
{
	DBusMessageIter copy = *value, inside;
	int n = 0;
	if (type_of(d, value) != DBUS_TYPE_ARRAY || d->message_iter_get_element_type(&copy) != DBUS_TYPE_BYTE)
		return false;
	d->message_iter_recurse(&copy, &inside);
	d->message_iter_get_fixed_array(&inside, out, &n);
	*size = n > 0 ? (size_t)n : 0;
	return true;
}

bool values_has(const struct library *d, const DBusMessageIter *array, const char *word)
{
	DBusMessageIter at;
	const char *text;
	if (!enter(d, array, DBUS_TYPE_ARRAY, &at))
		return false;
	for (; values_text(d, &at, &text); d->message_iter_next(&at))
		if (strcmp(text, word) == 0)
			return true;
	return false;
}

/* Of an entry of a dictionary: its key, and its value as it is. */
static bool entry(const struct library *d, const DBusMessageIter *at, const char **key, DBusMessageIter *value)
{
	return enter(d, at, DBUS_TYPE_DICT_ENTRY, value) && values_text(d, value, key) && d->message_iter_next(value);
}

bool values_next(const struct library *d, DBusMessageIter *at, bool *begun, const char **key, DBusMessageIter *value)
{
	DBusMessageIter boxed;
	if (!*begun) {
		DBusMessageIter dictionary = *at;
		if (!enter(d, &dictionary, DBUS_TYPE_ARRAY, at))
			return false;
		*begun = true;
	} else if (!d->message_iter_next(at)) {
		return false;
	}
	return entry(d, at, key, &boxed) && enter(d, &boxed, DBUS_TYPE_VARIANT, value);
}

bool values_find(const struct library *d, const DBusMessageIter *of, const char *key, DBusMessageIter *value)
{
	DBusMessageIter at = *of;
	bool begun = false;
	const char *found;
	while (values_next(d, &at, &begun, &found, value))
		if (strcmp(found, key) == 0)
			return true;
	return false;
}

static void visit_interfaces(const struct library *d, const DBusMessageIter *interfaces, const char *path,
			     values_visit visit, void *user)
{
	DBusMessageIter at, properties;
	const char *name;
	if (!enter(d, interfaces, DBUS_TYPE_ARRAY, &at))
		return;
	while (entry(d, &at, &name, &properties)) {
		visit(user, path, name, &properties);
		if (!d->message_iter_next(&at))
			return;
	}
}

bool values_objects(const struct library *d, DBusMessage *reply, values_visit visit, void *user)
{
	DBusMessageIter top, at, interfaces;
	const char *path;
	if (d->message_get_type(reply) != DBUS_MESSAGE_TYPE_METHOD_RETURN || !d->message_iter_init(reply, &top) ||
	    !enter(d, &top, DBUS_TYPE_ARRAY, &at))
		return false;
	while (entry(d, &at, &path, &interfaces)) {
		visit_interfaces(d, &interfaces, path, visit, user);
		if (!d->message_iter_next(&at))
			break;
	}
	return true;
}

bool values_added(const struct library *d, DBusMessage *message, values_visit visit, void *user)
{
	DBusMessageIter at;
	const char *path;
	if (!d->message_iter_init(message, &at) || !values_text(d, &at, &path) || !d->message_iter_next(&at))
		return false;
	visit_interfaces(d, &at, path, visit, user);
	return true;
}

bool values_changed(const struct library *d, DBusMessage *message, const char **interface, DBusMessageIter *properties)
{
	return d->message_iter_init(message, properties) && values_text(d, properties, interface) &&
	       d->message_iter_next(properties);
}
