/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/channel.h"

#include <ctype.h>
#include <string.h>

#define SERVICE_DATA "service-data:"
#define BASE         "0000xxxx-0000-1000-8000-00805f9b34fb" /* what Bluetooth's 16-bit UUIDs stand for */

static bool is_uuid(const char *text)
{
	if (strlen(text) != CHANNEL_UUID_MAX - 1)
		return false;
	for (size_t i = 0; i < CHANNEL_UUID_MAX - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

bool channel_parse(const char *address, enum channel_mode *mode, char uuid[CHANNEL_UUID_MAX])
{
	char full[CHANNEL_UUID_MAX];
	bool advertised = strncmp(address, SERVICE_DATA, strlen(SERVICE_DATA)) == 0;
	if (advertised) {
		const char *digits = address + strlen(SERVICE_DATA);
		if (strlen(digits) != 4)
			return false;
		memcpy(full, BASE, sizeof full);
		memcpy(full + 4, digits, 4);
		address = full;
	}
	if (!is_uuid(address))
		return false;
	for (size_t i = 0; i < CHANNEL_UUID_MAX; i++)
		uuid[i] = (char)tolower((unsigned char)address[i]);
	*mode = advertised ? CHANNEL_ADVERTISED : CHANNEL_CHARACTERISTIC;
	return true;
}
