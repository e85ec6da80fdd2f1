/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/telemetry.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "mqtt/pool.h"
#include "therapy/v1/reading.pb-c.h"

#define READING_MAX  48u   /* packed, without its key: 2 tags, lengths, metric, quality, value, time */
#define ENVELOPE_MAX 512u  /* ids and times of a batch */
#define ON_WAY_MAX   4096u /* batches that are not acknowledged; more wait */
#define AT_ONCE_MS   250u  /* of history, upon a connect */

/* Each device has two lanes. */
enum manner { LIVE, HISTORY, MANNERS };

struct source { /* what is known of a device's numbers */
	uint32_t generation;
	uint64_t expected; /* next sequence; 0: not known yet */
};

struct on_way { /* a batch that was sent and is not acknowledged */
	uint32_t lane;
	uint32_t n;
};

struct telemetry {
	struct telemetry_config config;
	struct pool *pool;
	struct source *sources;
	size_t unsent[MANNERS];
	struct on_way ring[ON_WAY_MAX];
	uint64_t sent, settled; /* batches since the start; the ring holds those between */
	size_t *forgotten;      /* of each lane: were on their way when they had to be dropped */
	bool up;
	uint64_t paced_ms; /* until then history was paid out */
	struct telemetry_counters counters;
	Therapy__V1__Reading readings[TELEMETRY_BATCH_MAX];
	Therapy__V1__Reading *pointers[TELEMETRY_BATCH_MAX];
	uint8_t *buffer;
	size_t buffer_size;
	size_t batch_max; /* readings of one message that the broker takes */
};

static size_t lane_of(size_t device, enum manner manner)
{
	return device * MANNERS + manner;
}

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
	size_t lanes = config->n_devices * MANNERS;
	t->config = *config;
	t->buffer_size = ENVELOPE_MAX + TELEMETRY_BATCH_MAX * (READING_MAX + longest_key(config));
	t->sources = calloc(config->n_devices + 1, sizeof *t->sources);
	t->forgotten = calloc(lanes + 1, sizeof *t->forgotten);
	t->buffer = malloc(t->buffer_size);
	if (pool_new(config->queue, lanes, &t->pool) != 0 || !t->sources || !t->forgotten || !t->buffer) {
		telemetry_free(t);
		return UV_ENOMEM;
	}
	for (size_t i = 0; i < TELEMETRY_BATCH_MAX; i++)
		t->pointers[i] = &t->readings[i];
	*out = t;
	return 0;
}

void telemetry_free(struct telemetry *t)
{
	if (!t)
		return;
	pool_free(t->pool);
	free(t->sources);
	free(t->forgotten);
	free(t->buffer);
	free(t);
}

/* ---- taking ---- */

/* Batches of which nothing is left on its way. */
static void settle_forgotten(struct telemetry *t)
{
	for (; t->settled < t->sent; t->settled++) {
		const struct on_way *way = &t->ring[t->settled % ON_WAY_MAX];
		if (t->forgotten[way->lane] < way->n)
			return;
		t->forgotten[way->lane] -= way->n;
	}
}

static void drop_oldest(struct telemetry *t)
{
	size_t lane = pool_oldest(t->pool);
	if (pool_lane(t->pool, lane)->sent > 0)
		t->forgotten[lane]++;
	else
		t->unsent[lane % MANNERS]--;
	pool_pop(t->pool, lane);
	t->counters.dropped++;
	settle_forgotten(t);
}

size_t telemetry_add(struct telemetry *t, uint16_t device, uint32_t generation, uint64_t first_sequence,
		     const struct core_reading *readings, size_t n)
{
	if (device >= t->config.n_devices)
		return 0;
	struct source *source = &t->sources[device];
	enum manner manner = t->up ? LIVE : HISTORY;
	if (source->expected != 0 && source->generation == generation && first_sequence > source->expected)
		t->counters.lost_in_process += first_sequence - source->expected;
	source->generation = generation;
	source->expected = first_sequence + n;
	for (size_t i = 0; i < n; i++) {
		if (readings[i].metric >= t->config.devices[device]->n_metrics)
			continue;
		const struct pool_reading reading = {first_sequence + i, readings[i].stamp_ms, readings[i].value,
						     generation,         readings[i].metric,   readings[i].quality};
		if (pool_room(t->pool) == 0)
			drop_oldest(t);
		pool_push(t->pool, lane_of(device, manner), &reading);
		t->unsent[manner]++;
		t->counters.produced++;
	}
	const struct pool_lane *live = pool_lane(t->pool, lane_of(device, LIVE));
	return live->n - live->sent;
}

/* ---- sending ---- */

/* Fills the batch's readings from what the lane has not sent: same process, no gap. How many. */
static size_t gather(struct telemetry *t, const struct pool_lane *lane, size_t most,
		     const Therapy__V1__DeviceDescription *device)
{
	const struct pool_reading *first = pool_get(t->pool, lane->at);
	size_t n = 0;
	for (uint32_t at = lane->at; at != POOL_NONE && n < most; at = pool_next(t->pool, at)) {
		const struct pool_reading *from = pool_get(t->pool, at);
		if (from->generation != first->generation || from->sequence != first->sequence + n)
			break;
		Therapy__V1__Reading *r = &t->readings[n++];
		therapy__v1__reading__init(r);
		r->metric = from->metric;
		r->key = device->metrics[from->metric]->key;
		r->quality = (Therapy__V1__Quality)(from->quality + 1); /* the order is the plugin's, after the zero */
		r->monotonic_ms = from->stamp_ms;
		if (from->quality != THERAPY_UNKNOWN) {
			r->presence_case = THERAPY__V1__READING__PRESENCE_VALUE;
			r->value = from->value;
		}
	}
	return n;
}

union text { /* protobuf-c's members are not const, but packing only reads them */
	const char *from;
	char *to;
};

struct moment {
	uint64_t now_ms;
	int64_t wall_ms;
	bool trusted;
};

/* Sends one batch of a lane, of at most so many; `rest`: how many more are to be sent after those. How many went; 0:
 * the connection takes no more. */
static size_t send_batch(struct telemetry *t, size_t index, size_t most, size_t rest, const struct moment *moment)
{
	const struct pool_lane *lane = pool_lane(t->pool, index);
	const struct pool_reading *first = pool_get(t->pool, lane->at);
	uint16_t of = (uint16_t)(index / MANNERS);
	const Therapy__V1__DeviceDescription *device = t->config.devices[of];
	Therapy__V1__ReadingBatch batch = THERAPY__V1__READING_BATCH__INIT;
	if (t->sent - t->settled == ON_WAY_MAX)
		return 0;
	batch.gateway_id = (union text){.from = t->config.gateway_id}.to;
	batch.boot_id = (union text){.from = t->config.boot_id}.to;
	batch.device_id = device->device_id;
	batch.first_sequence = first->sequence;
	batch.process_generation = first->generation;
	batch.historical = index % MANNERS == HISTORY;
	batch.n_readings = gather(t, lane, most < t->batch_max ? most : t->batch_max, device);
	batch.readings = t->pointers;
	batch.monotonic_ms = moment->now_ms;
	batch.wall_unix_ms = moment->wall_ms;
	batch.wall_clock_trusted = moment->trusted;
	if (therapy__v1__reading_batch__get_packed_size(&batch) > t->buffer_size)
		batch.n_readings =
		    1; /* cannot be: the buffer was sized for the longest key; never overrun it all the same */
	size_t size = therapy__v1__reading_batch__pack(&batch, t->buffer);
	size_t n = batch.n_readings;
	uint64_t mark = n >= rest ? t->sent + 1 : 0; /* the last one speaks for all */
	int rc = t->config.send(t->config.user, of, t->buffer, size, mark);
	if (rc == TELEMETRY_TOO_LARGE && n > 1) { /* for this broker; the next takes another half, and so on */
		t->batch_max = n / 2;
		return send_batch(t, index, most, rest, moment);
	}
	if (rc != 0)
		return 0;
	t->ring[t->sent++ % ON_WAY_MAX] = (struct on_way){(uint32_t)index, (uint32_t)n};
	pool_sent(t->pool, index, n);
	t->unsent[index % MANNERS] -= n;
	return n;
}

/* Of all devices, at most so many. How many could not go because the connection takes no more, or is left over. */
static bool send_all(struct telemetry *t, enum manner manner, size_t *left, size_t after, const struct moment *moment)
{
	for (size_t d = 0; d<t->config.n_devices && * left> 0; d++) {
		size_t lane = lane_of(d, manner);
		while (*left > 0 && pool_lane(t->pool, lane)->at != POOL_NONE) {
			size_t n = send_batch(t, lane, *left, *left + after, moment);
			if (n == 0)
				return false;
			*left -= n;
		}
	}
	return true;
}

static size_t history_due(const struct telemetry *t, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms - t->paced_ms < 1000 ? now_ms - t->paced_ms : 1000;
	size_t due = (size_t)(passed_ms * TELEMETRY_PACE / 1000);
	return due < t->unsent[HISTORY] ? due : t->unsent[HISTORY];
}

void telemetry_flush(struct telemetry *t, uint64_t now_ms, int64_t wall_ms, bool wall_trusted)
{
	const struct moment moment = {now_ms, wall_ms, wall_trusted};
	if (!t->up)
		return;
	size_t live = t->unsent[LIVE], history = history_due(t, now_ms);
	if (!send_all(t, LIVE, &live, history, &moment))
		return;
	if (history > 0 || t->unsent[HISTORY] == 0)
		t->paced_ms = now_ms;
	(void)send_all(t, HISTORY, &history, 0, &moment); /* what did not go is due again later */
}

/* ---- what became of it ---- */

void telemetry_up(struct telemetry *t, uint64_t now_ms)
{
	t->up = true;
	t->batch_max = TELEMETRY_BATCH_MAX;
	/* What little waits after a short loss goes at once, and so before what is live: nobody has to sort it. */
	t->paced_ms = now_ms > AT_ONCE_MS ? now_ms - AT_ONCE_MS : 0;
}

void telemetry_down(struct telemetry *t)
{
	t->up = false;
	t->settled = t->sent; /* an acknowledgement that comes yet says nothing any more */
	for (size_t d = 0; d < t->config.n_devices; d++) {
		size_t live = lane_of(d, LIVE), history = lane_of(d, HISTORY);
		pool_take_back(t->pool, live);
		pool_take_back(t->pool, history);
		pool_move(t->pool, live, history);
		t->forgotten[live] = t->forgotten[history] = 0;
	}
	t->unsent[LIVE] = 0;
	t->unsent[HISTORY] = pool_used(t->pool);
}

void telemetry_arrived(struct telemetry *t, uint64_t mark)
{
	for (; t->settled < mark && t->settled < t->sent; t->settled++) {
		const struct on_way *way = &t->ring[t->settled % ON_WAY_MAX];
		size_t *forgotten = &t->forgotten[way->lane];
		size_t dropped = *forgotten < way->n ? *forgotten : way->n;
		*forgotten -= dropped;
		for (size_t i = dropped; i < way->n; i++)
			pool_pop(t->pool, way->lane);
		t->counters.delivered += way->n - dropped;
		if (way->lane % MANNERS == HISTORY)
			t->counters.historical += way->n - dropped;
	}
}

size_t telemetry_queued(const struct telemetry *t)
{
	return pool_used(t->pool);
}

struct telemetry_counters telemetry_counters(const struct telemetry *t)
{
	return t->counters;
}
