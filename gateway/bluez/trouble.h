/* SPDX-License-Identifier: Apache-2.0
 * What went wrong with a call, as a sentence with what to do. Pure. */
#ifndef BLUEZ_TROUBLE_H
#define BLUEZ_TROUBLE_H

#include <stdbool.h>

#include "base/str.h"
#include "bluez/library.h"

/* Is `reply` an error (or NULL, no answer)? */
bool trouble_is(const struct library *d, DBusMessage *reply);
/* Is it this one, of those that BlueZ calls org.bluez.Error.NAME? */
bool trouble_named(const struct library *d, DBusMessage *reply, const char *name);
/* There is no such object, or it cannot do that. */
bool trouble_unknown(const struct library *d, DBusMessage *reply);
/* `doing`: "connecting", as the begin of the sentence. */
void trouble_say(const struct library *d, DBusMessage *reply, const char *doing, struct str *why);

#define TROUBLE_NO_BLUEZ                                                                                               \
	"BlueZ is not running (nobody owns org.bluez on the system bus): install bluez and start it, `systemctl "      \
	"start "                                                                                                       \
	"bluetooth`, on OpenWrt `service bluetoothd start`"

#endif
