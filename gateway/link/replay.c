/* SPDX-License-Identifier: Apache-2.0
 * A recording played as if it were a link. What is written to it is taken and forgotten. */
#include "link/stream_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "link/recording.h"

/* Lines per turn of the loop at full speed: the gateway must get on with its other work between. */
#define LINES_PER_TURN 64

struct replay {
	struct stream base;
	uv_timer_t timer;
	FILE *file;
	double speed;
	bool started, pending; /* `line` waits for its time */
	uint64_t start_ms;
	uint64_t line_number, last_at_ms;
	struct recording_line line;
	char why[160];
	char text[RECORDING_LINE_MAX + 2];
	uint8_t bytes[RECORDING_BYTES_MAX + 1];
};

static bool fault(struct replay *r, const char *why)
{
	struct str s;
	str_init(&s, r->why, sizeof r->why);
	str_add(&s, "line %llu of the recording: %s", (unsigned long long)r->line_number, why);
	return false;
}

/* Goes on to the next line that was received. False at the end, with r->why. */
static bool next_line(struct replay *r)
{
	while (fgets(r->text, sizeof r->text, r->file)) {
		const char *why = NULL;
		r->line_number++;
		size_t n = strlen(r->text);
		if (n == 0 || (r->text[n - 1] != '\n' && !feof(r->file)))
			return fault(r, "expected text in lines of at most 4096 bytes of data");
		if (recording_read(r->text, &r->line, r->bytes, &why) != 0)
			return fault(r, why);
		if (r->line.kind == RECORDING_NOTHING)
			continue;
		if (r->line.at_ms < r->last_at_ms)
			return fault(r, "expected a time that is not before the line above");
		r->last_at_ms = r->line.at_ms;
		if (r->line.kind == RECORDING_RECEIVED)
			return true;
	}
	str_copy(r->why, sizeof r->why, ferror(r->file) ? "the recording cannot be read" : "end of recording");
	return false;
}

/* How long until the pending line is due. */
static uint64_t wait_ms(const struct replay *r)
{
	if (r->speed <= 0)
		return 0;
	uint64_t due = r->start_ms + (uint64_t)((double)r->line.at_ms / r->speed), now = clock_boot_ms();
	return due > now ? due - now : 0;
}

static void hand_on(struct replay *r)
{
	const struct stream_callbacks *to = &r->base.callbacks;
	r->bytes[r->line.size] = '\0';
	if (r->line.address[0] && to->message)
		to->message(to->user, clock_boot_ms(), r->line.address, r->bytes, r->line.size, r->line.retained);
	else
		to->bytes(to->user, clock_boot_ms(), r->bytes, r->line.size);
}

static void on_timer(uv_timer_t *timer)
{
	struct replay *r = timer->data;
	if (!r->started)
		r->start_ms = clock_boot_ms();
	r->started = true;
	for (int i = 0; i < LINES_PER_TURN; i++) {
		if (!r->pending && !next_line(r)) {
			stream_lose(&r->base, r->why);
			return;
		}
		r->pending = true;
		uint64_t wait = wait_ms(r);
		if (wait > 0) {
			uv_timer_start(&r->timer, on_timer, wait, 0);
			return;
		}
		r->pending = false;
		hand_on(r);
		if (r->base.closing)
			return;
	}
	uv_timer_start(&r->timer, on_timer, 1, 0); /* 0 would run again before the loop looks at anything else */
}

static int replay_write(struct stream *s, const uint8_t *data, size_t size)
{
	(void)s;
	(void)data;
	return size <= STREAM_WRITE_MAX ? 0 : UV_ENOBUFS;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct replay *r = handle->data;
	fclose(r->file);
	stream_closed(&r->base);
}

static void replay_close(struct stream *s)
{
	struct replay *r = (struct replay *)s;
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

int stream_new_replay(uv_loop_t *loop, int fd, double speed, const struct stream_callbacks *callbacks,
		      struct stream **out)
{
	static const struct stream_ops ops = {.write = replay_write, .close = replay_close};
	struct stat st;
	if (fstat(fd, &st) != 0)
		return UV_EBADF;
	if (!S_ISREG(st.st_mode)) /* reading it must not block */
		return UV_EINVAL;
	struct replay *r = calloc(1, sizeof *r);
	if (!r)
		return UV_ENOMEM;
	r->file = fdopen(fd, "r");
	if (!r->file) {
		free(r);
		return UV_EBADF;
	}
	r->base.ops = &ops;
	r->base.callbacks = *callbacks;
	r->speed = speed;
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	uv_timer_start(&r->timer, on_timer, 0, 0);
	*out = &r->base;
	return 0;
}
