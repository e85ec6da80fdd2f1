/* SPDX-License-Identifier: Apache-2.0
 * Promise: a recording has all that a device says at the speed of a serial line; of a flood it has a part, and says how
 * much is missing; and while nobody records, nothing is handed on. */
#include "tap.h"

#include "base/testing.h"

struct heard {
	bool full;
	unsigned n;
	size_t bytes;
	uint64_t missing_pieces, missing_bytes;
	struct tap_piece last;
};

static bool on_piece(void *user, const struct tap_piece *piece)
{
	struct heard *h = user;
	if (h->full)
		return false;
	h->n += piece->size > 0;
	h->bytes += piece->size;
	h->missing_pieces += piece->missing_pieces;
	h->missing_bytes += piece->missing_bytes;
	h->last = *piece;
	return true;
}

static const uint8_t bytes[TAP_PIECE_MAX + 1];

static struct tap new_tap(struct heard *heard)
{
	*heard = (struct heard){0};
	return (struct tap){.user = heard, .give = on_piece};
}

static void take(struct tap *tap, uint64_t now_ms, size_t size)
{
	tap_take(tap, now_ms, &(struct tap_piece){.at_ms = now_ms, .data = bytes, .size = size});
}

static void nothing_is_handed_on_unless_asked_for(void **state)
{
	struct heard heard;
	struct tap tap = new_tap(&heard);
	(void)state;
	take(&tap, 1, 10);
	tap_set(&tap, true, 2);
	take(&tap, 2, 10);
	tap_set(&tap, false, 3);
	take(&tap, 3, 10);
	tap_tick(&tap, 1003);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.last.at_ms, 2);
}

static void a_serial_line_at_its_fastest_is_whole(void **state)
{
	struct heard heard;
	struct tap tap = new_tap(&heard);
	(void)state;
	tap_set(&tap, true, 0);
	for (uint64_t ms = 0; ms < 60000; ms += 10)
		take(&tap, ms, 115); /* 115,200 baud, 8N1 */
	assert_int_equal(heard.n, 6000);
	assert_int_equal(heard.missing_pieces, 0);
}

static void of_a_flood_every_byte_is_there_or_counted(void **state)
{
	struct heard heard;
	struct tap tap = new_tap(&heard);
	(void)state;
	tap_set(&tap, true, 0);
	for (uint64_t ms = 0; ms < 10000; ms++)
		take(&tap, ms, 1000);
	tap_tick(&tap, 10000);
	assert_in_range(heard.bytes, 9 * TAP_PER_S, 10 * TAP_PER_S + TAP_BURST);
	assert_int_equal(heard.n + heard.missing_pieces, 10000);
	assert_int_equal(heard.bytes + heard.missing_bytes, 10000 * 1000);
	assert_int_equal(heard.last.size, 0);
}

static void what_has_no_room_or_is_too_long_is_counted_and_said_as_soon_as_it_can_be(void **state)
{
	struct heard heard;
	struct tap tap = new_tap(&heard);
	(void)state;
	tap_set(&tap, true, 0);
	heard.full = true;
	take(&tap, 0, 10);
	tap_tick(&tap, 1000);
	heard.full = false;
	take(&tap, 1000, TAP_PIECE_MAX + 1);
	take(&tap, 1000, TAP_PIECE_MAX);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.last.missing_pieces, 2);
	assert_int_equal(heard.last.missing_bytes, 10 + TAP_PIECE_MAX + 1);
	tap_tick(&tap, 2000);
	assert_int_equal(heard.last.size, TAP_PIECE_MAX); /* there was nothing more to say */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_handed_on_unless_asked_for),
	    cmocka_unit_test(a_serial_line_at_its_fastest_is_whole),
	    cmocka_unit_test(of_a_flood_every_byte_is_there_or_counted),
	    cmocka_unit_test(what_has_no_room_or_is_too_long_is_counted_and_said_as_soon_as_it_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
