/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/trouble.h"

#include <stddef.h>
#include <string.h>

#include "bluez/values.h"

#define BLUEZ_ERROR "org.bluez.Error."
#define TEXT_SHOWN  80u

bool trouble_is(const struct library *d, DBusMessage *reply)
{
	return !reply || d->message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR;
}

static const char *name_of(const struct library *d, DBusMessage *reply)
{
	const char *name = reply && trouble_is(d, reply) ? d->message_get_error_name(reply) : NULL;
	return name ? name : "";
}

bool trouble_named(const struct library *d, DBusMessage *reply, const char *name)
{
	const char *found = name_of(d, reply);
	size_t n = strlen(BLUEZ_ERROR);
	return strncmp(found, BLUEZ_ERROR, n) == 0 && strcmp(found + n, name) == 0;
}

bool trouble_unknown(const struct library *d, DBusMessage *reply)
{
	const char *name = name_of(d, reply);
	return strcmp(name, DBUS_ERROR_UNKNOWN_OBJECT) == 0 || strcmp(name, DBUS_ERROR_UNKNOWN_METHOD) == 0;
}

void trouble_say(const struct library *d, DBusMessage *reply, const char *doing, struct str *why)
{
	static const struct {
		const char *name, *words;
	} known[] = {
	    {DBUS_ERROR_ACCESS_DENIED, "this user may not talk to BlueZ: add it to the group bluetooth (usermod -aG "
				       "bluetooth USER) and start the "
				       "gateway anew"},
	    {DBUS_ERROR_SERVICE_UNKNOWN, TROUBLE_NO_BLUEZ},
	    {DBUS_ERROR_NAME_HAS_NO_OWNER, TROUBLE_NO_BLUEZ},
	    {BLUEZ_ERROR "NotReady", "the Bluetooth adapter is switched off: `bluetoothctl power on`"},
	    {BLUEZ_ERROR "NotPermitted", "the device wants to be paired first: `bluetoothctl pair` and its address"},
	    {BLUEZ_ERROR "NotAuthorized", "the device wants to be paired first: `bluetoothctl pair` and its address"},
	    {BLUEZ_ERROR "AuthenticationFailed",
	     "the pairing is not valid any more: `bluetoothctl remove` and its address, then pair it anew"},
	};
	const char *name = name_of(d, reply), *text = "";
	DBusMessageIter first;
	if (!*name) {
		str_add(why, "%s: BlueZ does not answer: `systemctl restart bluetooth` if that stays so", doing);
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0) {
			str_add(why, "%s", known[i].words);
			return;
		}
	if (d->message_iter_init(reply, &first))
		(void)values_text(d, &first, &text);
	str_add(why, "%s failed (", doing);
	str_add_printable(why, *text ? text : name, strlen(*text ? text : name), TEXT_SHOWN);
	str_add(why, "): is the device on, near, and not connected to a phone?");
}
