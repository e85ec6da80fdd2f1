/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/events.h"

#include <stdlib.h>
#include <uv.h>

int events_init(struct events *e)
{
	*e = (struct events){.items = calloc(EVENTS_MAX, sizeof *e->items)};
	return e->items ? 0 : UV_ENOMEM;
}

void events_release(struct events *e)
{
	free(e->items);
	e->items = NULL;
}

static void drop_first(struct events *e)
{
	e->first = (e->first + 1) % EVENTS_MAX;
	e->n--;
}

void events_add(struct events *e, const struct core_output *output, uint64_t now_ms, int64_t wall_ms, bool trusted)
{
	if (e->n == EVENTS_MAX) {
		drop_first(e);
		e->dropped++;
	}
	e->items[(e->first + e->n++) % EVENTS_MAX] =
	    (struct events_item){*output, {++e->sequence, now_ms, wall_ms, trusted}};
}

void events_flush(struct events *e, const struct safety_config *config, int (*send)(void *, const uint8_t *, size_t),
		  void *user)
{
	uint8_t buffer[EVENTS_PACKED_MAX];
	while (e->n > 0) {
		const struct events_item *item = &e->items[e->first];
		size_t size = safety_event(config, &item->output, &item->stamp, buffer, sizeof buffer);
		if (size == 0)
			e->dropped++; /* cannot be packed: counted, so that it is missed */
		else if (send(user, buffer, size) != 0)
			return;
		drop_first(e);
	}
}
