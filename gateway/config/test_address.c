/* SPDX-License-Identifier: Apache-2.0
 * Stands in for link/address.c where therapy_link is not built: just enough for this folder's tests. */
#include "link/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

int link_address_parse(const char *text, struct link_address *out, char *why, size_t why_size)
{
	static const struct {
		const char *prefix;
		enum link_kind kind;
	} kinds[] = {{"serial:", LINK_SERIAL}, {"tcp://", LINK_TCP}, {"mqtt:", LINK_MQTT}, {"replay:", LINK_REPLAY}};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t n = strlen(kinds[i].prefix);
		if (strncmp(text, kinds[i].prefix, n) != 0 || !text[n])
			continue;
		struct link_address a = {.kind = kinds[i].kind};
		snprintf(a.place, sizeof a.place, "%.*s", (int)strcspn(text + n, "?"), text + n);
		if (a.kind == LINK_TCP) {
			char *colon = strrchr(a.place, ':');
			if (!colon)
				break;
			a.port = (uint16_t)atoi(colon + 1);
			*colon = 0;
		}
		const char *baud = strstr(text, "?baud=");
		a.baud = baud ? (uint32_t)atoi(baud + 6) : 0;
		*out = a;
		return 0;
	}
	snprintf(why, why_size, "found \"%.80s\", expected serial:, tcp://, mqtt: or replay:", text);
	return UV_EINVAL;
}

bool link_address_same(const struct link_address *a, const struct link_address *b)
{
	return a->kind == b->kind && strcmp(a->place, b->place) == 0 && a->port == b->port;
}
