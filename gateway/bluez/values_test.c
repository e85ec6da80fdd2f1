/* SPDX-License-Identifier: Apache-2.0
 * Messages are made with libdbus, the ones that BlueZ sends and ones that it should not. */
#include "bluez/values.h"

#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bluez/trouble.h"

struct fixture {
	const struct library *d;
	DBusMessage *message;
	DBusMessageIter top;
};

static int setup(void **state)
{
	char why[300];
	struct fixture *f = calloc(1, sizeof *f);
	f->d = library_load(why, sizeof why);
	if (!f->d)
		fail_msg("%s", why);
	f->message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
	dbus_message_iter_init_append(f->message, &f->top);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	dbus_message_unref(f->message);
	free(f);
	return 0;
}

static void open_dictionary(DBusMessageIter *to, const char *signature, DBusMessageIter *inside)
{
	dbus_message_iter_open_container(to, DBUS_TYPE_ARRAY, signature, inside);
}

static void add(DBusMessageIter *dictionary, const char *key, const char *signature, int type, const void *value)
{
	DBusMessageIter entry, variant;
	dbus_message_iter_open_container(dictionary, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
	dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, signature, &variant);
	dbus_message_iter_append_basic(&variant, type, value);
	dbus_message_iter_close_container(&entry, &variant);
	dbus_message_iter_close_container(dictionary, &entry);
}

static void add_properties(DBusMessageIter *to)
{
	DBusMessageIter inside;
	const dbus_bool_t yes = TRUE;
	const int32_t number = 7;
	const char *text = "AA:BB:CC:DD:EE:FF";
	open_dictionary(to, "{sv}", &inside);
	add(&inside, "RSSI", "i", DBUS_TYPE_INT32, &number);
	add(&inside, "Powered", "b", DBUS_TYPE_BOOLEAN, &yes);
	add(&inside, "Address", "s", DBUS_TYPE_STRING, &text);
	dbus_message_iter_close_container(to, &inside);
}

static void a_property_is_found_and_believed_by_its_type_only(void **state)
{
	struct fixture *f = *state;
	DBusMessageIter at, value;
	bool truth = false;
	const char *text = NULL;
	const uint8_t *bytes;
	size_t size;
	add_properties(&f->top);
	assert_true(f->d->message_iter_init(f->message, &at));
	assert_true(values_find(f->d, &at, "Powered", &value));
	assert_true(values_truth(f->d, &value, &truth) && truth);
	assert_false(values_text(f->d, &value, &text));
	assert_false(values_bytes(f->d, &value, &bytes, &size));
	assert_false(values_has(f->d, &value, "notify"));
	assert_true(values_find(f->d, &at, "Address", &value));
	assert_true(values_text(f->d, &value, &text));
	assert_string_equal(text, "AA:BB:CC:DD:EE:FF");
	assert_false(values_truth(f->d, &value, &truth));
	assert_false(values_find(f->d, &at, "Value", &value));
}

static void what_is_no_dictionary_has_nothing(void **state)
{
	struct fixture *f = *state;
	DBusMessageIter at, value;
	const char *text = "a{sv}";
	dbus_message_iter_append_basic(&f->top, DBUS_TYPE_STRING, &text);
	assert_true(f->d->message_iter_init(f->message, &at));
	assert_false(values_find(f->d, &at, "Powered", &value));
	assert_false(values_has(f->d, &at, "a"));
}

static void remember(void *user, const char *path, const char *interface, const DBusMessageIter *properties)
{
	char *to = user;
	(void)properties;
	snprintf(to + strlen(to), 200 - strlen(to), "%s %s; ", path, interface);
}

static void every_interface_of_every_object_is_visited(void **state)
{
	struct fixture *f = *state;
	DBusMessageIter objects, object, interfaces, interface;
	char seen[200] = "";
	const char *paths[] = {"/org/bluez/hci0", "/org/bluez/hci1"}, *names[] = {"org.bluez.Adapter1", "org.x"};
	open_dictionary(&f->top, "{oa{sa{sv}}}", &objects);
	for (size_t i = 0; i < 2; i++) {
		dbus_message_iter_open_container(&objects, DBUS_TYPE_DICT_ENTRY, NULL, &object);
		dbus_message_iter_append_basic(&object, DBUS_TYPE_OBJECT_PATH, &paths[i]);
		open_dictionary(&object, "{sa{sv}}", &interfaces);
		for (size_t k = 0; k <= i; k++) {
			dbus_message_iter_open_container(&interfaces, DBUS_TYPE_DICT_ENTRY, NULL, &interface);
			dbus_message_iter_append_basic(&interface, DBUS_TYPE_STRING, &names[k]);
			add_properties(&interface);
			dbus_message_iter_close_container(&interfaces, &interface);
		}
		dbus_message_iter_close_container(&object, &interfaces);
		dbus_message_iter_close_container(&objects, &object);
	}
	dbus_message_iter_close_container(&f->top, &objects);
	assert_true(values_objects(f->d, f->message, remember, seen));
	assert_string_equal(seen, "/org/bluez/hci0 org.bluez.Adapter1; /org/bluez/hci1 org.bluez.Adapter1; "
				  "/org/bluez/hci1 org.x; ");
}

static void a_reply_without_objects_visits_nothing(void **state)
{
	struct fixture *f = *state;
	char seen[200] = "";
	DBusMessageIter properties;
	const char *interface;
	assert_false(values_objects(f->d, f->message, remember, seen));
	assert_false(values_added(f->d, f->message, remember, seen));
	assert_false(values_changed(f->d, f->message, &interface, &properties));
	assert_string_equal(seen, "");
}

static void an_error_is_a_sentence_with_what_to_do(void **state)
{
	const struct fixture *f = *state;
	static const struct {
		const char *name, *text, *words;
	} rows[] = {
	    {DBUS_ERROR_ACCESS_DENIED, "rejected", "add it to the group bluetooth"},
	    {"org.bluez.Error.NotReady", "Resource Not Ready", "`bluetoothctl power on`"},
	    {"org.bluez.Error.NotPermitted", "Not paired", "`bluetoothctl pair`"},
	    {"org.bluez.Error.Failed", "le-connection-abort-by-local",
	     "connecting failed (le-connection-abort-by-local): is the device on"},
	    {"org.bluez.Error.Failed", "a\nb\x1b", "connecting failed (a?b?)"},
	};
	DBusMessage *call = dbus_message_new_method_call("org.bluez", "/", "org.bluez.Device1", "Connect");
	dbus_message_set_serial(call, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[300];
		struct str why;
		str_init(&why, text, sizeof text);
		DBusMessage *error = dbus_message_new_error(call, rows[i].name, rows[i].text);
		assert_true(trouble_is(f->d, error));
		trouble_say(f->d, error, "connecting", &why);
		if (!strstr(text, rows[i].words))
			fail_msg("expected \"%s\" in: %s", rows[i].words, text);
		dbus_message_unref(error);
	}
	dbus_message_unref(call);
	assert_false(trouble_is(f->d, f->message));
	assert_true(trouble_is(f->d, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_property_is_found_and_believed_by_its_type_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_dictionary_has_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_interface_of_every_object_is_visited, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_reply_without_objects_visits_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_error_is_a_sentence_with_what_to_do, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
