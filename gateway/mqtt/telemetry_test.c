/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/telemetry.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/testing.h"
#include "mqtt/testing_devices.h"
#include "therapy/v1/reading.pb-c.h"

#define QUEUE 1000u

struct sink {
	int refuse;  /* code to answer with */
	size_t room; /* batches taken before it refuses; 0: no bound */
	size_t batches, readings;
	uint16_t device;
	Therapy__V1__ReadingBatch *last;
	uint64_t next[N_DEVICES]; /* what must come next of each device */
	size_t gaps;
};

static int take(void *user, uint16_t device, const uint8_t *bytes, size_t size, size_t n)
{
	struct sink *s = user;
	if (s->refuse || (s->room && s->batches == s->room))
		return s->refuse ? s->refuse : UV_ENOBUFS;
	if (s->last)
		therapy__v1__reading_batch__free_unpacked(s->last, NULL);
	s->last = therapy__v1__reading_batch__unpack(NULL, size, bytes);
	assert_non_null(s->last);
	assert_int_equal(s->last->n_readings, n);
	s->gaps += s->next[device] != 0 && s->last->first_sequence != s->next[device];
	s->next[device] = s->last->first_sequence + n;
	s->device = device;
	s->batches++;
	s->readings += n;
	return 0;
}

struct fixture {
	struct sink sink;
	struct telemetry *t;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct telemetry_config config = {"home", "boot", testing_devices(), N_DEVICES, QUEUE, &f->sink, take};
	assert_int_equal(telemetry_new(&config, &f->t), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	telemetry_free(f->t);
	if (f->sink.last)
		therapy__v1__reading_batch__free_unpacked(f->sink.last, NULL);
	free(f);
	return 0;
}

static void add(struct fixture *f, uint16_t device, uint32_t generation, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct core_reading r = {
		    .metric = TILT, .quality = THERAPY_GOOD, .value = (double)(first + i), .stamp_ms = 5};
		telemetry_add(f->t, device, generation, first + i, &r, 1);
	}
}

static void assert_accounted(struct fixture *f)
{
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.produced, c.delivered + telemetry_queued(f->t) + c.dropped);
}

static void a_batch_carries_everything_about_its_readings(void **state)
{
	struct fixture *f = *state;
	const struct core_reading readings[] = {
	    {.metric = TILT, .quality = THERAPY_GOOD, .value = -3.25, .stamp_ms = 100},
	    {.metric = OCCUPIED, .quality = THERAPY_UNKNOWN, .value = 7, .stamp_ms = 101},
	    {.metric = TILT, .quality = THERAPY_ERROR, .value = 400, .stamp_ms = 102},
	};
	assert_int_equal(telemetry_add(f->t, TABLE, 2, 11, readings, 3), 3);
	telemetry_flush(f->t, 200, 1772388000000, true);
	const Therapy__V1__ReadingBatch *b = f->sink.last;
	assert_string_equal(b->gateway_id, "home");
	assert_string_equal(b->boot_id, "boot");
	assert_string_equal(b->device_id, "table");
	assert_int_equal(b->first_sequence, 11);
	assert_int_equal(b->process_generation, 2);
	assert_int_equal(b->monotonic_ms, 200);
	assert_int_equal(b->wall_unix_ms, 1772388000000);
	assert_true(b->wall_clock_trusted);
	assert_int_equal(b->n_readings, 3);
	assert_string_equal(b->readings[0]->key, "tilt");
	assert_int_equal(b->readings[0]->quality, THERAPY__V1__QUALITY__QUALITY_GOOD);
	assert_near(b->readings[0]->value, -3.25, 0);
	assert_int_equal(b->readings[0]->monotonic_ms, 100);
	assert_int_equal(b->readings[1]->quality, THERAPY__V1__QUALITY__QUALITY_UNKNOWN);
	assert_int_equal(b->readings[1]->presence_case, THERAPY__V1__READING__PRESENCE__NOT_SET);
	assert_int_equal(b->readings[2]->quality, THERAPY__V1__QUALITY__QUALITY_ERROR);
	assert_near(b->readings[2]->value, 400, 0);
	assert_accounted(f);
}

static void devices_processes_and_gaps_get_batches_of_their_own(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 10);
	add(f, PAD, 1, 1, 5);
	add(f, TABLE, 1, 13, 2); /* two were lost on the way to us */
	add(f, TABLE, 2, 1, 3);  /* the process was started again */
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(f->sink.batches, 4);
	assert_int_equal(f->sink.readings, 20);
	assert_int_equal(telemetry_counters(f->t).lost_in_process, 2);
	assert_accounted(f);
}

static void a_long_queue_leaves_in_batches_of_bounded_size(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 700);
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(f->sink.batches, 3);
	assert_int_equal(f->sink.readings, 700);
	assert_int_equal(f->sink.gaps, 0);
	assert_int_equal(telemetry_queued(f->t), 0);
}

static void what_is_refused_waits_and_leaves_later_in_order(void **state)
{
	struct fixture *f = *state;
	f->sink.refuse = UV_ENOTCONN;
	add(f, TABLE, 1, 1, 300);
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(telemetry_queued(f->t), 300);
	assert_accounted(f);
	f->sink.refuse = 0;
	f->sink.room = 1;
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(telemetry_queued(f->t), 300 - TELEMETRY_BATCH_MAX);
	f->sink.room = 0;
	add(f, TABLE, 1, 301, 1);
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(f->sink.readings, 301);
	assert_int_equal(f->sink.gaps, 0);
	assert_accounted(f);
}

static void when_full_the_oldest_of_all_devices_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	f->sink.refuse = UV_ENOTCONN;
	add(f, PAD, 1, 1, 10);
	add(f, TABLE, 1, 1, QUEUE);
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.dropped, 10);
	assert_int_equal(telemetry_queued(f->t), QUEUE);
	f->sink.refuse = 0;
	telemetry_flush(f->t, 0, 0, false);
	assert_int_equal(f->sink.readings, QUEUE);
	assert_int_equal(f->sink.next[PAD], 0); /* all of the pad's were older */
	assert_int_equal(f->sink.next[TABLE], QUEUE + 1);
	assert_accounted(f);
}

static void a_batch_that_did_not_leave_after_all_counts_as_dropped(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 10);
	telemetry_flush(f->t, 0, 0, false);
	telemetry_failed(f->t, 10);
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.delivered, 0);
	assert_int_equal(c.dropped, 10);
	assert_accounted(f);
}

static void rows_that_do_not_exist_are_ignored(void **state)
{
	struct fixture *f = *state;
	const struct core_reading r = {.metric = 99};
	telemetry_add(f->t, TABLE, 1, 1, &r, 1);
	telemetry_add(f->t, N_DEVICES, 1, 1, &r, 1);
	assert_int_equal(telemetry_queued(f->t), 0);
}

/* Any order of adding, refusing and sending keeps the account, and nothing comes twice or out of order. */
static void the_account_holds_in_any_order_of_things(void **state)
{
	struct fixture *f = *state;
	uint64_t sequence[N_DEVICES] = {1, 1};
	unsigned random = 1;
	for (unsigned i = 0; i < 20000; i++) {
		random = random * 1103515245u + 12345u;
		uint16_t device = (random >> 16) % N_DEVICES;
		size_t n = (random >> 20) % 7;
		f->sink.refuse = (i / 1500) % 2 ? UV_ENOTCONN : 0;
		add(f, device, 1, sequence[device], n);
		sequence[device] += n;
		if (i % 13 == 0)
			telemetry_flush(f->t, i, 0, false);
		if (i % 100 == 0)
			assert_accounted(f);
	}
	f->sink.refuse = 0;
	telemetry_flush(f->t, 0, 0, false);
	assert_accounted(f);
	assert_int_equal(f->sink.readings, telemetry_counters(f->t).delivered);
	assert_true(telemetry_counters(f->t).dropped > 0);
	assert_int_equal(f->sink.next[TABLE], sequence[TABLE]);
	assert_int_equal(f->sink.next[PAD], sequence[PAD]);
}

#define WITH_TELEMETRY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TELEMETRY(a_batch_carries_everything_about_its_readings),
	    WITH_TELEMETRY(devices_processes_and_gaps_get_batches_of_their_own),
	    WITH_TELEMETRY(a_long_queue_leaves_in_batches_of_bounded_size),
	    WITH_TELEMETRY(what_is_refused_waits_and_leaves_later_in_order),
	    WITH_TELEMETRY(when_full_the_oldest_of_all_devices_is_dropped_and_counted),
	    WITH_TELEMETRY(a_batch_that_did_not_leave_after_all_counts_as_dropped),
	    WITH_TELEMETRY(rows_that_do_not_exist_are_ignored),
	    WITH_TELEMETRY(the_account_holds_in_any_order_of_things),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
