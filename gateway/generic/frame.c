/* SPDX-License-Identifier: Apache-2.0
 * Where a frame ends on a byte link. */
#include "generic/inside.h"
#include "generic/number.h"

static bool frame_is_whole(const Therapy__V1__FrameLayout *frames, const uint8_t *bytes)
{
	uint8_t sum[4];
	size_t n = checksum_size(frames->checksum), before = frames->size - frames->end.len - n;
	checksum_put(frames->checksum, bytes, before, sum);
	return memcmp(bytes + before, sum, n) == 0 &&
	       (frames->end.len == 0 || memcmp(bytes + before + n, frames->end.data, frames->end.len) == 0);
}

/* The first bytes after a connect may be the second half of a line, and "25.0" of "125.0" is a number too: only what
 * follows an end is a line. */
static long cut_line(struct generic_state *s, const Therapy__V1__LineLayout *lines, const uint8_t *bytes, size_t size)
{
	size = size < THERAPY_FRAME_MAX ? size : THERAPY_FRAME_MAX;
	const uint8_t *end = memchr(bytes, (int)lines->ends, size);
	if (!end) { /* longer than a line may be: what follows is not its beginning */
		s->synced = s->synced && size < THERAPY_FRAME_MAX;
		return size < THERAPY_FRAME_MAX ? 0 : -(long)size;
	}
	long length = end - bytes + 1;
	if (!s->synced) {
		s->synced = true;
		return -length;
	}
	return length;
}

/* Where the next frame may begin, from `at`; `size`: nowhere. */
static size_t find_start(const ProtobufCBinaryData *start, const uint8_t *bytes, size_t at, size_t size)
{
	for (; at < size; at++) {
		size_t seen = size - at < start->len ? size - at : start->len;
		if (memcmp(bytes + at, start->data, seen) == 0)
			return at;
	}
	return size;
}

/* What begins like a frame and is none may be the middle of one: then the next beginning within it is tried, or the two
 * would stay out of step for as long as the device says the same. Without one it goes on whole, to be refused by cause.
 */
static long cut_frame(const Therapy__V1__FrameLayout *frames, const uint8_t *bytes, size_t size)
{
	size_t at = find_start(&frames->start, bytes, 0, size);
	if (at > 0)
		return -(long)at;
	if (size < frames->size)
		return 0;
	if (frame_is_whole(frames, bytes))
		return (long)frames->size;
	at = find_start(&frames->start, bytes, 1, frames->size);
	return at < frames->size ? -(long)at : (long)frames->size;
}

long generic_frame(void *state, const uint8_t *bytes, size_t size)
{
	struct generic_state *s = state;
	const Therapy__V1__Definition *d = s->generic->definition;
	if (size == 0)
		return 0;
	return d->lines ? cut_line(s, d->lines, bytes, size) : cut_frame(d->frames, bytes, size);
}
