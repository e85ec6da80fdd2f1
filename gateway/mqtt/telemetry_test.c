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
	int refuse;                /* code to answer with */
	size_t room;               /* batches taken before it refuses; 0: no bound */
	size_t largest, too_large; /* bytes that it takes, 0: no bound; how often there were more */
	size_t batches, readings, history;
	uint16_t device;
	uint64_t mark; /* the last one; 0: of the last batch there is none */
	Therapy__V1__ReadingBatch *last;
	uint64_t next[N_DEVICES][2]; /* what must come next of each device, of live ones and of history */
	size_t gaps, repeats;
};

static int take(void *user, uint16_t device, const uint8_t *bytes, size_t size, uint64_t mark)
{
	struct sink *s = user;
	if (s->refuse || (s->room && s->batches == s->room))
		return s->refuse ? s->refuse : UV_ENOBUFS;
	if (s->largest && size > s->largest) {
		s->too_large++;
		return TELEMETRY_TOO_LARGE;
	}
	if (s->last)
		therapy__v1__reading_batch__free_unpacked(s->last, NULL);
	s->last = therapy__v1__reading_batch__unpack(NULL, size, bytes);
	assert_non_null(s->last);
	size_t n = s->last->n_readings;
	uint64_t *next = &s->next[device][s->last->historical];
	s->gaps += *next != 0 && s->last->first_sequence != *next;
	s->repeats += s->last->first_sequence < *next;
	*next = s->last->first_sequence + n;
	s->device = device;
	s->mark = mark;
	s->batches++;
	s->readings += n;
	s->history += s->last->historical ? n : 0;
	return 0;
}

struct fixture {
	struct sink sink;
	struct telemetry *t;
	uint64_t now_ms;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct telemetry_config config = {"home", "boot", testing_devices(), N_DEVICES, QUEUE, &f->sink, take};
	assert_int_equal(telemetry_new(&config, &f->t), 0);
	telemetry_up(f->t, 0);
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

static void flush(struct fixture *f)
{
	telemetry_flush(f->t, f->now_ms, 0, false);
}

/* The broker answers the last batch. */
static void acknowledge(struct fixture *f)
{
	assert_int_not_equal(f->sink.mark, 0);
	telemetry_arrived(f->t, f->sink.mark);
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
	flush(f);
	assert_int_equal(f->sink.batches, 4);
	assert_int_equal(f->sink.readings, 20);
	assert_int_equal(telemetry_counters(f->t).lost_in_process, 2);
	assert_accounted(f);
}

static void a_long_queue_leaves_in_batches_of_bounded_size(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 700);
	flush(f);
	assert_int_equal(f->sink.batches, 3);
	assert_int_equal(f->sink.readings, 700);
	assert_int_equal(f->sink.gaps, 0);
	assert_accounted(f);
}

static void what_the_broker_has_acknowledged_is_delivered_and_nothing_before(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 300);
	add(f, PAD, 1, 1, 10);
	flush(f);
	assert_int_equal(f->sink.readings, 310);
	assert_int_equal(telemetry_counters(f->t).delivered, 0);
	assert_int_equal(telemetry_queued(f->t), 310);
	acknowledge(f); /* of the last batch: it speaks for the two before it */
	assert_int_equal(telemetry_counters(f->t).delivered, 310);
	assert_int_equal(telemetry_queued(f->t), 0);
	flush(f);
	assert_int_equal(f->sink.batches, 3); /* nothing goes twice */
}

static void what_is_refused_waits_and_leaves_later_in_order(void **state)
{
	struct fixture *f = *state;
	f->sink.refuse = UV_ENOBUFS;
	add(f, TABLE, 1, 1, 300);
	flush(f);
	assert_int_equal(telemetry_queued(f->t), 300);
	assert_accounted(f);
	f->sink.refuse = 0;
	f->sink.room = 1;
	flush(f);
	assert_int_equal(f->sink.mark, 0);
	f->sink.room = 0;
	add(f, TABLE, 1, 301, 1);
	flush(f);
	acknowledge(f);
	assert_int_equal(f->sink.readings, 301);
	assert_int_equal(f->sink.gaps, 0);
	assert_int_equal(f->sink.history, 0);
	assert_int_equal(telemetry_counters(f->t).delivered, 301);
	assert_accounted(f);
}

static void what_was_on_its_way_when_the_connection_went_goes_again_as_history(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, 10);
	flush(f);
	uint64_t mark = f->sink.mark;
	add(f, TABLE, 1, 11, 5);
	telemetry_down(f->t);
	telemetry_arrived(f->t, mark); /* too late to mean anything */
	add(f, TABLE, 1, 16, 5);
	flush(f);
	assert_int_equal(f->sink.batches, 1); /* there is no connection */
	assert_int_equal(telemetry_queued(f->t), 20);
	f->now_ms = 5000;
	telemetry_up(f->t, f->now_ms);
	flush(f); /* so few go at once */
	acknowledge(f);
	assert_true(f->sink.last->historical);
	assert_int_equal(f->sink.last->first_sequence, 1);
	assert_int_equal(f->sink.last->n_readings, 20);
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.delivered, 20);
	assert_int_equal(c.historical, 20);
	assert_accounted(f);
}

static void history_comes_at_its_pace_and_live_readings_before_it(void **state)
{
	struct fixture *f = *state;
	telemetry_down(f->t);
	add(f, TABLE, 1, 1, 900);
	telemetry_up(f->t, 0);
	add(f, TABLE, 1, 901, 1);
	f->now_ms = 100;
	flush(f); /* 100 ms at TELEMETRY_PACE */
	assert_int_equal(f->sink.next[TABLE][0], 902);
	assert_int_equal(f->sink.history, TELEMETRY_PACE / 10);
	assert_true(f->sink.last->historical); /* went last */
	acknowledge(f);
	assert_int_equal(telemetry_queued(f->t), 900 - TELEMETRY_PACE / 10);
	flush(f); /* no time has passed */
	assert_int_equal(f->sink.history, TELEMETRY_PACE / 10);
	f->now_ms = 10000; /* however long nobody asked: the connection is not flooded */
	flush(f);
	assert_int_equal(f->sink.history, 900);
	assert_int_equal(f->sink.gaps, 0);
	assert_accounted(f);
}

static void when_full_the_oldest_of_all_devices_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	telemetry_down(f->t);
	add(f, PAD, 1, 1, 10);
	add(f, TABLE, 1, 1, QUEUE);
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.dropped, 10);
	assert_int_equal(telemetry_queued(f->t), QUEUE);
	telemetry_up(f->t, 0);
	f->now_ms = 1000;
	flush(f);
	assert_int_equal(f->sink.readings, QUEUE);
	assert_int_equal(f->sink.next[PAD][1], 0); /* all of the pad's were older */
	assert_int_equal(f->sink.next[TABLE][1], QUEUE + 1);
	assert_accounted(f);
}

static void what_had_to_go_while_it_was_on_its_way_is_not_delivered_as_well(void **state)
{
	struct fixture *f = *state;
	add(f, TABLE, 1, 1, QUEUE);
	flush(f);
	uint64_t mark = f->sink.mark;
	add(f, TABLE, 1, QUEUE + 1, 300);
	assert_int_equal(telemetry_counters(f->t).dropped, 300);
	flush(f);
	telemetry_arrived(f->t, mark);
	assert_int_equal(telemetry_counters(f->t).delivered, QUEUE - 300);
	assert_int_equal(telemetry_queued(f->t), 300);
	acknowledge(f);
	assert_int_equal(telemetry_counters(f->t).delivered, QUEUE);
	assert_int_equal(telemetry_queued(f->t), 0);
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

/* Whatever happens in whatever order keeps the account; nothing that a broker acknowledged comes again, and live ones
 * never. */
static void the_account_holds_in_any_order_of_things(void **state)
{
	struct fixture *f = *state;
	uint64_t sequence[N_DEVICES] = {1, 1};
	unsigned random = 1;
	for (unsigned i = 0; i < 40000; i++) {
		random = random * 1103515245u + 12345u;
		uint16_t device = (random >> 16) % N_DEVICES;
		size_t n = (random >> 20) % 7;
		f->now_ms = i;
		f->sink.refuse = (i / 1500) % 3 == 1 ? UV_ENOBUFS : 0;
		add(f, device, 1, sequence[device], n);
		sequence[device] += n;
		if (i % 2500 == 1700) {
			telemetry_down(f->t);
			memset(f->sink.next, 0, sizeof f->sink.next); /* history begins where acknowledgements ended */
		}
		if (i % 2500 == 2300)
			telemetry_up(f->t, i);
		if (i % 13 == 0)
			flush(f);
		if (i % 29 == 0 && f->sink.mark)
			telemetry_arrived(f->t, f->sink.mark);
		if (i % 100 == 0)
			assert_accounted(f);
	}
	f->sink.refuse = 0;
	while (f->now_ms += 1000, flush(f), f->sink.mark && telemetry_queued(f->t) > 0)
		acknowledge(f);
	struct telemetry_counters c = telemetry_counters(f->t);
	assert_accounted(f);
	assert_int_equal(telemetry_queued(f->t), 0);
	assert_true(c.dropped > 0);
	assert_true(c.historical > 0 && c.historical < c.delivered);
	assert_int_equal(f->sink.repeats, 0);
	assert_true(f->sink.readings >= c.delivered);
}

#define WITH_TELEMETRY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* ---- a broker that takes only small messages ---- */

static void what_is_too_large_goes_in_parts_and_that_is_remembered(void **state)
{
	struct fixture *f = *state;
	f->sink.largest = 1000;
	add(f, TABLE, 1, 1, 200);
	flush(f);
	assert_int_equal(f->sink.readings, 200);
	assert_int_equal(f->sink.gaps + f->sink.repeats, 0);
	assert_true(f->sink.mark > 0); /* the last one speaks for all */
	size_t tries = f->sink.too_large;
	assert_in_range(tries, 1, 8);
	add(f, TABLE, 1, 201, 200);
	flush(f);
	assert_int_equal(f->sink.readings, 400);
	assert_int_equal(f->sink.too_large, tries);
}

static void a_broker_that_takes_not_even_one_ends_no_loop_and_loses_no_count(void **state)
{
	struct fixture *f = *state;
	f->sink.largest = 10;
	add(f, TABLE, 1, 1, QUEUE + 5);
	flush(f);
	assert_int_equal(f->sink.readings, 0);
	const struct telemetry_counters c = telemetry_counters(f->t);
	assert_int_equal(c.produced, c.delivered + c.dropped + telemetry_queued(f->t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TELEMETRY(a_batch_carries_everything_about_its_readings),
	    WITH_TELEMETRY(devices_processes_and_gaps_get_batches_of_their_own),
	    WITH_TELEMETRY(a_long_queue_leaves_in_batches_of_bounded_size),
	    WITH_TELEMETRY(what_the_broker_has_acknowledged_is_delivered_and_nothing_before),
	    WITH_TELEMETRY(what_is_refused_waits_and_leaves_later_in_order),
	    WITH_TELEMETRY(what_was_on_its_way_when_the_connection_went_goes_again_as_history),
	    WITH_TELEMETRY(history_comes_at_its_pace_and_live_readings_before_it),
	    WITH_TELEMETRY(when_full_the_oldest_of_all_devices_is_dropped_and_counted),
	    WITH_TELEMETRY(what_had_to_go_while_it_was_on_its_way_is_not_delivered_as_well),
	    WITH_TELEMETRY(rows_that_do_not_exist_are_ignored),
	    WITH_TELEMETRY(the_account_holds_in_any_order_of_things),
	    WITH_TELEMETRY(what_is_too_large_goes_in_parts_and_that_is_remembered),
	    WITH_TELEMETRY(a_broker_that_takes_not_even_one_ends_no_loop_and_loses_no_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
