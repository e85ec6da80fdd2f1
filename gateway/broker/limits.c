/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/limits.h"

#define SOON_MS                                                                                                        \
	5000u /* a broker that hangs up on a message does so at once; its closing may take a while to be seen          \
	       */
#define SUSPECT_MIN 512u /* bytes; no broker is that small: such a loss has another cause */

void limits_up(struct limits *l, const struct limits_told *told)
{
	l->told = *told;
	l->largest = 0;
}

size_t limits_max(const struct limits *l)
{
	size_t max = l->told.packet_max ? l->told.packet_max : SIZE_MAX;
	return l->learned && l->learned - 1 < max ? l->learned - 1 : max;
}

bool limits_fits(const struct limits *l, size_t size)
{
	return size <= limits_max(l);
}

size_t limits_sent(struct limits *l, size_t size, uint64_t now_ms)
{
	if (size > l->largest) {
		l->largest = size;
		l->largest_ms = now_ms;
	}
	return l->largest;
}

void limits_proved(struct limits *l, size_t size)
{
	if (size > l->proved)
		l->proved = size;
	if (l->suspect && size >= l->suspect)
		l->suspect = 0;
}

bool limits_lost(struct limits *l, uint64_t now_ms, bool too_large)
{
	size_t size = l->largest;
	l->largest = 0;
	bool suspicious = size > l->proved && size >= SUSPECT_MIN && now_ms - l->largest_ms <= SOON_MS;
	/* Once it is known that the broker does this, or said by itself, one loss is enough. */
	bool sure = suspicious && (too_large || l->suspect || l->learned);
	l->suspect = suspicious ? size : 0;
	if (!sure || (l->learned && size >= l->learned))
		return false;
	l->learned = size;
	return true;
}

static size_t varint(size_t value)
{
	return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

size_t limits_packet(size_t topic, size_t payload, int qos, size_t properties)
{
	size_t rest = 2 + topic + (qos > 0 ? 2 : 0) + payload;
	if (properties != SIZE_MAX)
		rest += varint(properties) + properties;
	return 1 + varint(rest) + rest;
}
