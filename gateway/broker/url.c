/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/url.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/str.h"
#include "broker/broker.h"

#define EXPECTED "expected mqtt://host[:port], mqtts://host[:port], ws://host[:port][/path] or wss://host[:port][/path]"

static int refuse(char *why, size_t why_size, const char *text, const char *problem)
{
	struct str s;
	str_init(&s, why, why_size);
	str_add(&s, "'%.80s' %s; " EXPECTED, text, problem);
	return UV_EINVAL;
}

static bool host_valid(const char *host, bool v6)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(host);
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr(letters, host[i]) && !strchr(v6 ? ":.%" : ".-_", host[i]))
			return false;
	struct in6_addr ignored;
	char bare[URL_HOST_MAX];
	memcpy(bare, host, len + 1);
	bare[strcspn(bare, "%")] = '\0'; /* a link-local address names its interface */
	return !v6 || uv_inet_pton(AF_INET6, bare, &ignored) == 0;
}

static bool port_parse(const char *text, uint16_t *out)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	long port = strtol(text, NULL, 10);
	if (port < 1 || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* What stands behind the scheme, or NULL. */
static const char *scheme_parse(const char *text, struct url *url)
{
	static const struct {
		const char *scheme;
		bool tls, web;
		uint16_t port;
	} schemes[] = {
	    {"mqtt://", false, false, 1883}, /* IANA: mqtt */
	    {"mqtts://", true, false, 8883}, /* IANA: secure-mqtt */
	    {"ws://", false, true, 80},
	    {"wss://", true, true, 443},
	};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i].scheme);
		if (strncmp(text, schemes[i].scheme, n) != 0)
			continue;
		url->tls = schemes[i].tls;
		url->web = schemes[i].web;
		url->port = schemes[i].port;
		return text + n;
	}
	return NULL;
}

/* It goes into the request line of HTTP as it is. */
static bool path_parse(const char *text, char out[URL_PATH_MAX])
{
	size_t len = strlen(text);
	if (len >= URL_PATH_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F || text[i] == '#')
			return false;
	memcpy(out, text, len + 1);
	return true;
}

int url_parse(const char *text, struct url *out, char *why, size_t why_size)
{
	struct url url = {.path = "/mqtt"};
	const char *rest = scheme_parse(text, &url);
	if (!rest)
		return refuse(why, why_size, text, "is no MQTT URL");
	if (strchr(rest, '@')) /* never quoted back: there is a password in it */
		return refuse(why, why_size, url.tls ? "mqtts://…@…" : "mqtt://…@…",
			      "holds an account, which belongs into username and password");
	char place[URL_HOST_MAX + 16];
	size_t before = strcspn(rest, "/?#");
	if (rest[before] && (!url.web || rest[before] != '/'))
		return refuse(why, why_size, text, "has something after the host");
	if (before >= sizeof place)
		return refuse(why, why_size, text, "has a host of more than 253 characters");
	if (rest[before] && !path_parse(rest + before, url.path))
		return refuse(why, why_size, text, "has a path that is none (at most 255 visible characters)");
	memcpy(place, rest, before);
	place[before] = '\0';
	rest = place;
	bool v6 = rest[0] == '[';
	const char *host = v6 ? rest + 1 : rest;
	size_t len = strcspn(host, v6 ? "]" : ":");
	if (v6 && host[len] != ']')
		return refuse(why, why_size, text, "has a '[' without its ']'");
	if (len >= sizeof url.host)
		return refuse(why, why_size, text, "has a host of more than 253 characters");
	memcpy(url.host, host, len);
	if (!host_valid(url.host, v6))
		return refuse(why, why_size, text, "has no valid host");
	const char *after = host + len + (v6 ? 1 : 0);
	if (*after == ':' ? !port_parse(after + 1, &url.port) : *after != '\0')
		return refuse(why, why_size, text, "has a port that is none (1 to 65535)");
	*out = url;
	return 0;
}

int broker_url_check(const char *url, char *why, size_t why_size)
{
	struct url ignored;
	return url_parse(url, &ignored, why, why_size);
}
