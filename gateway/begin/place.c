/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/place.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "broker/url.h"

bool place_read(const char *text, struct place *out, char *why, size_t why_size)
{
	const char *scheme = strstr(text, "://"), *rest = scheme ? scheme + 3 : text, *at = strrchr(rest, '@');
	const char *host = at ? at + 1 : rest;
	struct place place;
	struct url parsed;
	struct str s, user;
	str_init(&user, place.username, sizeof place.username);
	str_add_bytes(&user, rest, at ? (size_t)(at - rest) : 0);
	str_init(&s, place.url, sizeof place.url);
	str_add(&s, "%.*s://%s", scheme ? (int)(scheme - text) : 4, scheme ? text : "mqtt", host);
	/* quotes and backslashes would end a text of the configuration; with a colon it would be a password, shown */
	if (user.overflow || s.overflow || strpbrk(place.username, "\"\\:") || strpbrk(place.url, "\"\\ ")) {
		snprintf(why, why_size,
			 "Expected a name or address, like homeassistant.local or me@192.168.1.7:1883; a password is "
			 "asked for afterwards.");
		return false;
	}
	if (url_parse(place.url, &parsed, why, why_size) != 0)
		return false;
	*out = place;
	return true;
}

bool place_wants_account(const char *refusal)
{
	return strcasestr(refusal, "not authorized") || strcasestr(refusal, "user name or password");
}
