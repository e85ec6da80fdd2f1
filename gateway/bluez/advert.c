/* SPDX-License-Identifier: Apache-2.0
 * Advertisements: service data becomes messages, once it has been decrypted. */
#include <string.h>

#include "bluez/inside.h"
#include "bluez/values.h"

#include "base/clock.h"
#include "base/log.h"

#define TELL_MS 600000u /* how often the same refusal is told */

static void refuse(struct bluez_link *l, uint64_t now_ms, enum seal_result result)
{
	const char *words = seal_words(result);
	if (!words)
		return;
	uint64_t n = ++l->refused[result];
	if ((l->told_ms[result] && now_ms - l->told_ms[result] < TELL_MS))
		return;
	l->told_ms[result] = now_ms;
	log_warn(l->name, "%s (%llu so far)", words, (unsigned long long)n);
}

static void hear(struct bluez_link *l, uint8_t channel, const uint8_t *data, size_t size)
{
	uint8_t opened[CHANNEL_ADVERT_MAX];
	uint64_t now_ms = clock_boot_ms();
	if (size == 0 || size > sizeof opened) {
		refuse(l, now_ms, SEAL_MALFORMED);
		return;
	}
	if (strcmp(l->uuids[channel], CHANNEL_BTHOME) != 0) {
		link_hand_on(l, channel, data, size);
		return;
	}
	size_t n = 0;
	enum seal_result result = seal_open(&l->seal, now_ms, data, size, opened, &n);
	if (result == SEAL_OPEN)
		link_hand_on(l, channel, opened, n);
	else
		refuse(l, now_ms, result);
}

void advert_heard(struct bluez_link *l, const DBusMessageIter *properties)
{
	const struct library *d = l->bluez->d;
	DBusMessageIter services, value;
	const uint8_t *data;
	size_t size;
	if (l->state != LINK_UP || !values_find(d, properties, "ServiceData", &services))
		return;
	for (size_t i = 0; i < l->n_channels; i++)
		if (l->incoming[i] && values_find(d, &services, l->uuids[i], &value) &&
		    values_bytes(d, &value, &data, &size))
			hear(l, (uint8_t)i, data, size);
}
