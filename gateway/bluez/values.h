/* SPDX-License-Identifier: Apache-2.0
 * Reading what BlueZ says: properties (a{sv}) and objects (a{oa{sa{sv}}}). Nothing is believed to have the type it
 * should have. What is pointed to lives as long as the message. Pure. */
#ifndef BLUEZ_VALUES_H
#define BLUEZ_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bluez/library.h"

/* The value of `key` in the dictionary `of`, taken out of its variant. */
bool values_find(const struct library *d, const DBusMessageIter *of, const char *key, DBusMessageIter *value);
/* The next entry of a dictionary; `at` begins as a copy of it, with `begun` false. */
bool values_next(const struct library *d, DBusMessageIter *at, bool *begun, const char **key, DBusMessageIter *value);
bool values_text(const struct library *d, const DBusMessageIter *value, const char **out); /* a string or path */
bool values_truth(const struct library *d, const DBusMessageIter *value, bool *out);
bool values_bytes(const struct library *d, const DBusMessageIter *value, const uint8_t **out, size_t *size);
/* Does the array of strings have `word`? */
bool values_has(const struct library *d, const DBusMessageIter *array, const char *word);

typedef void (*values_visit)(void *user, const char *path, const char *interface, const DBusMessageIter *properties);
/* Every interface of every object of a reply to GetManagedObjects. False: it is none. */
bool values_objects(const struct library *d, DBusMessage *reply, values_visit visit, void *user);
/* The same of one InterfacesAdded. */
bool values_added(const struct library *d, DBusMessage *message, values_visit visit, void *user);
/* PropertiesChanged: of which interface, and what is new. */
bool values_changed(const struct library *d, DBusMessage *message, const char **interface, DBusMessageIter *properties);

#endif
