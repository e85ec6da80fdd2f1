/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/topic.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

#define TOPIC_MAX 65535u /* its length travels in 16 bits */

static bool refuse(char *why, size_t why_size, const char *text)
{
	struct str s;
	str_init(&s, why, why_size);
	str_add(&s, "%s", text);
	return false;
}

/* Length of the code point at `p`, 0 if there is none. */
static size_t code_point(const unsigned char *p, size_t room)
{
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000}; /* shorter forms must be used below these */
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF8 ? 4 : 0;
	if (len == 0 || len > room)
		return 0;
	uint32_t value = len == 1 ? p[0] : p[0] & (0x7Fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3Fu);
	}
	if (value < least[len] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return 0;
	return len;
}

bool topic_utf8(const char *bytes, size_t size)
{
	const unsigned char *p = (const unsigned char *)bytes;
	while (size > 0) {
		size_t len = code_point(p, size);
		if (len == 0)
			return false;
		p += len;
		size -= len;
	}
	return true;
}

static bool common(const char *topic, char *why, size_t why_size)
{
	size_t len = strlen(topic);
	if (len == 0)
		return refuse(why, why_size, "the topic is empty; expected at least one character");
	if (len > TOPIC_MAX)
		return refuse(why, why_size, "the topic is longer than the 65535 bytes that MQTT allows");
	if (!topic_utf8(topic, len))
		return refuse(why, why_size, "the topic is not UTF-8");
	return true;
}

bool topic_name_valid(const char *topic, char *why, size_t why_size)
{
	if (!common(topic, why, why_size))
		return false;
	if (strpbrk(topic, "+#"))
		return refuse(why, why_size, "the topic holds a wildcard (+ or #), which only a subscription may");
	return true;
}

bool topic_filter_valid(const char *topic, char *why, size_t why_size)
{
	if (!common(topic, why, why_size))
		return false;
	for (const char *level = topic;; level++) {
		size_t len = strcspn(level, "/");
		size_t wild = strcspn(level, "+#/");
		if (wild < len && len != 1)
			return refuse(why, why_size, "a wildcard (+ or #) must be a whole level of its own");
		if (level[0] == '#' && level[len] != '\0')
			return refuse(why, why_size, "the wildcard # must be the last level");
		if (level[len] == '\0')
			return true;
		level += len;
	}
}

bool topic_matches(const char *filter, const char *topic)
{
	if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
		return false;
	for (;;) {
		if (filter[0] == '#')
			return true;
		size_t f = strcspn(filter, "/"), t = strcspn(topic, "/");
		if (filter[0] != '+' && (f != t || memcmp(filter, topic, f) != 0))
			return false;
		filter += f;
		topic += t;
		if (*filter == '\0' || *topic == '\0')
			return *topic == '\0' && (*filter == '\0' || strcmp(filter, "/#") == 0);
		filter++;
		topic++;
	}
}
