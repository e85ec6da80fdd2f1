/* SPDX-License-Identifier: Apache-2.0
 * Where a frame ends on a byte link. */
#include "generic/inside.h"

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

static long cut_frame(const Therapy__V1__FrameLayout *frames, const uint8_t *bytes, size_t size)
{
	const ProtobufCBinaryData *start = &frames->start;
	for (size_t skip = 0; skip < size; skip++) {
		size_t seen = size - skip < start->len ? size - skip : start->len;
		if (memcmp(bytes + skip, start->data, seen) != 0)
			continue;
		if (skip > 0)
			return -(long)skip;
		return size < frames->size ? 0 : (long)frames->size;
	}
	return -(long)size;
}

long generic_frame(void *state, const uint8_t *bytes, size_t size)
{
	struct generic_state *s = state;
	const Therapy__V1__Definition *d = s->generic->definition;
	if (size == 0)
		return 0;
	return d->lines ? cut_line(s, d->lines, bytes, size) : cut_frame(d->frames, bytes, size);
}
