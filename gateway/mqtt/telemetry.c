/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/telemetry.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "therapy/v1/reading.pb-c.h"

#define NONE         UINT32_MAX
#define READING_MAX  48u  /* packed, without its key: 2 tags, lengths, metric, quality, value, time */
#define ENVELOPE_MAX 512u /* ids and times of a batch */

struct node {
	uint64_t sequence, stamp_ms;
	double value;
	uint32_t generation;
	uint32_t next;         /* of its device, or free */
	uint32_t older, newer; /* of all */
	uint16_t device, metric;
	uint8_t quality;
};

struct lane { /* of one device */
	uint32_t first, last;
	uint32_t n;
	uint32_t generation;
	uint64_t expected; /* next sequence; 0: not known yet */
};

struct telemetry {
	struct telemetry_config config;
	struct node *nodes;
	uint32_t n_used; /* nodes that were ever taken; the others are as calloc left them */
	uint32_t free, oldest, newest;
	size_t queued;
	struct lane *lanes;
	struct telemetry_counters counters;
	Therapy__V1__Reading readings[TELEMETRY_BATCH_MAX];
	Therapy__V1__Reading *pointers[TELEMETRY_BATCH_MAX];
	uint8_t *buffer;
	size_t buffer_size;
};

static size_t longest_key(const struct telemetry_config *config)
{
	size_t longest = 0;
	for (size_t d = 0; d < config->n_devices; d++)
		for (size_t m = 0; m < config->devices[d]->n_metrics; m++) {
			size_t len = strlen(config->devices[d]->metrics[m]->key);
			longest = len > longest ? len : longest;
		}
	return longest;
}

int telemetry_new(const struct telemetry_config *config, struct telemetry **out)
{
	struct telemetry *t = calloc(1, sizeof *t);
	if (!t)
		return UV_ENOMEM;
	t->config = *config;
	t->buffer_size = ENVELOPE_MAX + TELEMETRY_BATCH_MAX * (READING_MAX + longest_key(config));
	/* calloc leaves pages untouched until used: nodes are taken from the start, and given back last in, first out,
	 * so that a queue that never fills costs next to nothing */
	t->nodes = calloc(config->queue, sizeof *t->nodes);
	t->lanes = calloc(config->n_devices + 1, sizeof *t->lanes);
	t->buffer = malloc(t->buffer_size);
	if (config->queue == 0 || config->queue >= NONE || !t->nodes || !t->lanes || !t->buffer) {
		telemetry_free(t);
		return UV_ENOMEM;
	}
	t->free = NONE;
	t->oldest = t->newest = NONE;
	for (size_t i = 0; i < config->n_devices; i++)
		t->lanes[i].first = t->lanes[i].last = NONE;
	for (size_t i = 0; i < TELEMETRY_BATCH_MAX; i++)
		t->pointers[i] = &t->readings[i];
	*out = t;
	return 0;
}

void telemetry_free(struct telemetry *t)
{
	if (!t)
		return;
	free(t->nodes);
	free(t->lanes);
	free(t->buffer);
	free(t);
}

/* Takes the first reading of a lane out of everything and frees its node. */
static void pop(struct telemetry *t, struct lane *lane)
{
	uint32_t at = lane->first;
	struct node *node = &t->nodes[at];
	lane->first = node->next;
	if (lane->first == NONE)
		lane->last = NONE;
	lane->n--;
	*(node->older == NONE ? &t->oldest : &t->nodes[node->older].newer) = node->newer;
	*(node->newer == NONE ? &t->newest : &t->nodes[node->newer].older) = node->older;
	node->next = t->free;
	t->free = at;
	t->queued--;
}

static struct node *push(struct telemetry *t, uint16_t device)
{
	struct lane *lane = &t->lanes[device];
	if (t->free == NONE && t->n_used == t->config.queue) { /* the oldest of all is the first of its lane */
		pop(t, &t->lanes[t->nodes[t->oldest].device]);
		t->counters.dropped++;
	}
	uint32_t at = t->free == NONE ? t->n_used++ : t->free;
	struct node *node = &t->nodes[at];
	if (at == t->free)
		t->free = node->next;
	*node = (struct node){.next = NONE, .older = t->newest, .newer = NONE, .device = device};
	*(lane->last == NONE ? &lane->first : &t->nodes[lane->last].next) = at;
	lane->last = at;
	*(t->newest == NONE ? &t->oldest : &t->nodes[t->newest].newer) = at;
	t->newest = at;
	lane->n++;
	t->queued++;
	return node;
}

size_t telemetry_add(struct telemetry *t, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n)
{
	if (device >= t->config.n_devices)
		return 0;
	struct lane *lane = &t->lanes[device];
	if (lane->expected != 0 && lane->generation == generation && first_sequence > lane->expected)
		t->counters.lost_in_process += first_sequence - lane->expected;
	lane->generation = generation;
	lane->expected = first_sequence + n;
	for (size_t i = 0; i < n; i++) {
		if (readings[i].metric >= t->config.devices[device]->n_metrics)
			continue;
		struct node *node = push(t, device);
		node->sequence = first_sequence + i;
		node->generation = generation;
		node->metric = readings[i].metric;
		node->quality = readings[i].quality;
		node->value = readings[i].value;
		node->stamp_ms = readings[i].stamp_ms;
		t->counters.produced++;
	}
	return lane->n;
}

/* Fills the batch's readings from the lane's front: same process, no gap. How many. */
static size_t gather(struct telemetry *t, const struct lane *lane, const Therapy__V1__DeviceDescription *device)
{
	const struct node *first = &t->nodes[lane->first];
	size_t n = 0;
	for (uint32_t at = lane->first; at != NONE && n < TELEMETRY_BATCH_MAX; at = t->nodes[at].next) {
		const struct node *node = &t->nodes[at];
		if (node->generation != first->generation || node->sequence != first->sequence + n)
			break;
		Therapy__V1__Reading *r = &t->readings[n++];
		therapy__v1__reading__init(r);
		r->metric = node->metric;
		r->key = device->metrics[node->metric]->key;
		r->quality = (Therapy__V1__Quality)(node->quality + 1); /* the order is the plugin's, after the zero */
		r->monotonic_ms = node->stamp_ms;
		if (node->quality != THERAPY_UNKNOWN) {
			r->presence_case = THERAPY__V1__READING__PRESENCE_VALUE;
			r->value = node->value;
		}
	}
	return n;
}

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

/* Sends one batch of a lane. False: the connection takes no more. */
static bool send_batch(struct telemetry *t, uint16_t index, uint64_t now_ms, int64_t wall_ms, bool trusted)
{
	struct lane *lane = &t->lanes[index];
	const Therapy__V1__DeviceDescription *device = t->config.devices[index];
	Therapy__V1__ReadingBatch batch = THERAPY__V1__READING_BATCH__INIT;
	batch.gateway_id = (union text){.from = t->config.gateway_id}.to;
	batch.boot_id = (union text){.from = t->config.boot_id}.to;
	batch.device_id = device->device_id;
	batch.first_sequence = t->nodes[lane->first].sequence;
	batch.process_generation = t->nodes[lane->first].generation;
	batch.n_readings = gather(t, lane, device);
	batch.readings = t->pointers;
	batch.monotonic_ms = now_ms;
	batch.wall_unix_ms = wall_ms;
	batch.wall_clock_trusted = trusted;
	if (therapy__v1__reading_batch__get_packed_size(&batch) > t->buffer_size)
		batch.n_readings =
		    1; /* cannot be: the buffer was sized for the longest key; never overrun it all the same */
	size_t size = therapy__v1__reading_batch__pack(&batch, t->buffer);
	if (t->config.send(t->config.user, index, t->buffer, size, batch.n_readings) != 0)
		return false;
	t->counters.delivered += batch.n_readings;
	for (size_t i = 0; i < batch.n_readings; i++)
		pop(t, lane);
	return true;
}

void telemetry_flush(struct telemetry *t, uint64_t now_ms, int64_t wall_ms, bool wall_trusted)
{
	for (size_t d = 0; d < t->config.n_devices; d++)
		while (t->lanes[d].n > 0)
			if (!send_batch(t, (uint16_t)d, now_ms, wall_ms, wall_trusted))
				return;
}

void telemetry_failed(struct telemetry *t, size_t n)
{
	t->counters.delivered -= n;
	t->counters.dropped += n;
}

size_t telemetry_queued(const struct telemetry *t)
{
	return t->queued;
}

struct telemetry_counters telemetry_counters(const struct telemetry *t)
{
	return t->counters;
}
