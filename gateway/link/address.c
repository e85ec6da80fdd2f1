/* SPDX-License-Identifier: Apache-2.0 */
#include "link/address.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "base/str.h"
#include "link/baud.h"
#include "therapy/plugin.h"

#define FORMS                                                                                                          \
	"expected serial:/dev/ttyUSB0?baud=9600, tcp://host:port, mqtt:name, ble:AA:BB:CC:DD:EE:FF or "                \
	"replay:file?speed=1"

struct reader {
	const char *text; /* whole address, for the sentence */
	struct str why;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	str_add(&r->why, "\"%.300s\": ", r->text);
	str_addv(&r->why, format, args);
	va_end(args);
	return UV_EINVAL;
}

/* Printable, no blanks: everything in an address ends up in a path, a name look-up, a topic or a log line. */
static bool plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static int take_place(struct reader *r, const char *place, size_t size, const char *what, struct link_address *out)
{
	if (size == 0)
		return refuse(r, "has no %s; " FORMS, what);
	if (size >= sizeof out->place)
		return refuse(r, "the %s has %zu bytes, expected at most %zu", what, size, sizeof out->place - 1);
	if (!plain(place, size))
		return refuse(r, "the %s contains a blank or control character, expected none", what);
	memcpy(out->place, place, size);
	out->place[size] = '\0';
	return 0;
}

/* A decimal number without sign. */
static bool number(const char *text, uint32_t max, uint32_t *out)
{
	if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
		return false;
	char *end = NULL;
	unsigned long long n = strtoull(text, &end, 10);
	if (*end != '\0' || n > max)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* Splits "place?key=value". *value is NULL without a question mark. */
static int split_query(struct reader *r, const char *rest, const char *key, size_t *size, const char **value)
{
	const char *query = strchr(rest, '?');
	*size = query ? (size_t)(query - rest) : strlen(rest);
	*value = NULL;
	if (!query)
		return 0;
	size_t n = strlen(key);
	if (strncmp(query + 1, key, n) != 0 || query[1 + n] != '=')
		return refuse(r, "\"%.40s\" is not known here, expected ?%s=...", query, key);
	*value = query + n + 2;
	return 0;
}

static int read_serial(struct reader *r, const char *rest, struct link_address *out)
{
	size_t size = 0;
	const char *baud = NULL;
	int rc = split_query(r, rest, "baud", &size, &baud);
	if (rc == 0)
		rc = take_place(r, rest, size, "path", out);
	if (rc != 0)
		return rc;
	if (out->place[0] != '/')
		return refuse(r, "the path is relative, expected one such as /dev/ttyUSB0 or /dev/serial/by-id/...");
	if (baud && (!number(baud, 4000000, &out->baud) || !baud_known(out->baud)))
		return refuse(r, "%.20s is no baud rate, expected a usual one such as 9600 or 115200", baud);
	return 0;
}

static int read_tcp(struct reader *r, const char *rest, struct link_address *out)
{
	if (strncmp(rest, "//", 2) != 0)
		return refuse(r, FORMS);
	const char *host = rest + 2, *end = NULL, *port = NULL;
	if (host[0] == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || end[1] != ':')
			return refuse(r, "expected tcp://[address]:port");
		port = end + 2;
	} else {
		end = strchr(host, ':');
		if (!end)
			return refuse(r, "has no port, expected tcp://host:port");
		port = end + 1;
		if (strchr(port, ':'))
			return refuse(
			    r, "has more than one colon, expected an IPv6 address in brackets: tcp://[address]:port");
	}
	int rc = take_place(r, host, (size_t)(end - host), "host", out);
	if (rc != 0)
		return rc;
	if (strpbrk(out->place, "/@?#[]"))
		return refuse(r, "\"%s\" is no host, expected a name or an address", out->place);
	uint32_t n = 0;
	if (!number(port, 65535, &n) || n == 0)
		return refuse(r, "\"%.20s\" is no port, expected 1 to 65535", port);
	out->port = (uint16_t)n;
	return 0;
}

static int read_mqtt(struct reader *r, const char *rest, struct link_address *out)
{
	int rc = take_place(r, rest, strlen(rest), "name", out);
	if (rc == 0 && strpbrk(out->place, "#+$"))
		rc = refuse(r, "the name contains a wildcard or a $, expected the device's name on the broker");
	return rc;
}

static int read_replay(struct reader *r, const char *rest, struct link_address *out)
{
	size_t size = 0;
	const char *speed = NULL;
	int rc = split_query(r, rest, "speed", &size, &speed);
	if (rc == 0)
		rc = take_place(r, rest, size, "file", out);
	if (rc != 0)
		return rc;
	out->speed = 1;
	if (!speed)
		return 0;
	char *end = NULL;
	double n = strtod(speed, &end);
	bool digits = speed[0] >= '0' && speed[0] <= '9';
	if (!digits || *end != '\0' || !isfinite(n) || n > 1000)
		return refuse(r, "\"%.20s\" is no speed, expected 0 (as fast as possible) to 1000", speed);
	out->speed = n;
	return 0;
}

/* Six bytes in hexadecimal, with colons between. */
static bool is_radio_address(const char *text)
{
	if (strlen(text) != 17)
		return false;
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

static int read_ble(struct reader *r, const char *rest, struct link_address *out)
{
	size_t size = 0;
	const char *adapter = NULL;
	int rc = split_query(r, rest, "adapter", &size, &adapter);
	if (rc == 0)
		rc = take_place(r, rest, size, "address", out);
	if (rc != 0)
		return rc;
	if (!is_radio_address(out->place))
		return refuse(r, "\"%.40s\" is no Bluetooth address, expected one such as AA:BB:CC:DD:EE:FF",
			      out->place);
	for (char *p = out->place; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (!adapter)
		return 0;
	size_t n = strlen(adapter);
	uint32_t index = 0;
	if (n >= sizeof out->adapter || strncmp(adapter, "hci", 3) != 0 || !number(adapter + 3, 9999, &index))
		return refuse(r, "\"%.20s\" is no Bluetooth adapter, expected one such as hci0", adapter);
	memcpy(out->adapter, adapter, n + 1);
	return 0;
}

int link_address_parse(const char *text, struct link_address *out, char *why, size_t why_size)
{
	static const struct {
		const char *scheme;
		enum link_kind kind;
		int (*read)(struct reader *, const char *, struct link_address *);
	} schemes[] = {
	    {"serial:", LINK_SERIAL, read_serial}, {"tcp:", LINK_TCP, read_tcp},
	    {"mqtt:", LINK_MQTT, read_mqtt},       {"ble:", LINK_BLE, read_ble},
	    {"replay:", LINK_REPLAY, read_replay},
	};
	struct reader r = {.text = text};
	str_init(&r.why, why, why_size);
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i].scheme);
		if (strncmp(text, schemes[i].scheme, n) != 0)
			continue;
		struct link_address address = {.kind = schemes[i].kind};
		int rc = schemes[i].read(&r, text + n, &address);
		if (rc == 0)
			*out = address;
		return rc;
	}
	return refuse(&r, "is no link; " FORMS);
}

uint32_t link_kind_mask(enum link_kind kind)
{
	switch (kind) {
	case LINK_SERIAL:
		return THERAPY_LINK_SERIAL;
	case LINK_TCP:
		return THERAPY_LINK_TCP;
	case LINK_MQTT:
		return THERAPY_LINK_MQTT;
	case LINK_BLE:
		return THERAPY_LINK_BLE;
	case LINK_REPLAY:
		return UINT32_MAX;
	}
	return 0;
}

/* Two names of one file: /dev/serial/by-id/... is a link to /dev/ttyUSB0. A path that is not there is only itself. */
static bool same_path(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];
	if (realpath(a, real_a))
		a = real_a;
	if (realpath(b, real_b))
		b = real_b;
	return strcmp(a, b) == 0;
}

bool link_address_same(const struct link_address *a, const struct link_address *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case LINK_SERIAL:
	case LINK_REPLAY:
		return same_path(a->place, b->place);
	case LINK_TCP:
		return a->port == b->port && strcasecmp(a->place, b->place) == 0;
	case LINK_MQTT:
	case LINK_BLE: /* whatever the adapter */
		return strcmp(a->place, b->place) == 0;
	}
	return false;
}
