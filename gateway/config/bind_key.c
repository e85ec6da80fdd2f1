/* SPDX-License-Identifier: Apache-2.0
 * bind_key_file: what a sensor encrypts its Bluetooth advertisements with. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/secrets.h"
#include "config/sections.h"

static uint8_t nibble(char c)
{
	return (uint8_t)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
}

void bind_key_member(struct reader *r, setting *group, const char *where, struct config_device *device)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	char what[160];
	setting *s = read_member(group, "bind_key_file");
	if (!s)
		return;
	snprintf(what, sizeof what, "%s: bind_key_file", where);
	const char *text = secrets_read(r, s, what, true);
	if (device->link && device->address.kind != LINK_BLE)
		read_fault(r, setting_line(s),
			   "%s: found one with link \"%.200s\", expected it where the link is "
			   "\"ble:AA:BB:CC:DD:EE:FF\"",
			   what, device->link);
	if (!text)
		return;
	size_t n = strlen(text);
	if (n != 2 * sizeof device->bind_key || strspn(text, digits) != n) {
		read_fault(r, setting_line(s), "%s: found %zu characters in it, expected 32 hexadecimal digits", what,
			   n);
		return;
	}
	for (size_t i = 0; i < sizeof device->bind_key; i++)
		device->bind_key[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	device->has_bind_key = true;
}
