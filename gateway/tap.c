/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

void tap_set(struct tap *t, bool on, uint64_t now_ms)
{
	t->on = on;
	t->room = TAP_BURST;
	t->room_ms = now_ms;
	t->missing_pieces = t->missing_bytes = 0;
}

/* A bucket that fills with time. */
static bool has_room(struct tap *t, uint64_t now_ms, size_t size)
{
	uint64_t passed_ms = now_ms > t->room_ms ? now_ms - t->room_ms : 0;
	uint64_t more = passed_ms < 1000u * TAP_BURST / TAP_PER_S ? passed_ms * TAP_PER_S / 1000u : TAP_BURST;
	if (more > 0) {
		t->room = t->room + more < TAP_BURST ? t->room + (size_t)more : TAP_BURST;
		t->room_ms = now_ms;
	}
	return size <= t->room;
}

static bool give(struct tap *t, const struct tap_piece *piece)
{
	struct tap_piece whole = *piece;
	whole.missing_pieces = t->missing_pieces;
	whole.missing_bytes = t->missing_bytes;
	if (!t->give(t->user, &whole))
		return false;
	t->missing_pieces = t->missing_bytes = 0;
	return true;
}

void tap_take(struct tap *t, uint64_t now_ms, const struct tap_piece *piece)
{
	if (!t->on)
		return;
	size_t costs = piece->size + TAP_PIECE;
	if (piece->size <= TAP_PIECE_MAX && has_room(t, now_ms, costs) && give(t, piece)) {
		t->room -= costs;
		return;
	}
	t->missing_pieces++;
	t->missing_bytes += piece->size;
}

void tap_tick(struct tap *t, uint64_t now_ms)
{
	if (t->on && t->missing_pieces > 0)
		(void)give(t, &(struct tap_piece){.at_ms = now_ms});
}
