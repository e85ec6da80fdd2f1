/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/sandbox.h"

#define CHUNK 4096u
#define TURN  65536u /* a pipe's size: what one turn of the loop reads at most */

struct output {
	uv_poll_t poll;
	uv_timer_t timer; /* the end of a pause, and of the window in which lines are counted */
	const char *name;
	const char *const *devices; /* in whose names it may log, too */
	size_t n_devices;
	int fd;
	bool ended;
	uint64_t window_ends_ms;
	unsigned lines; /* in this window */
	unsigned long long left_out, left_out_said;
	char line[OUTPUT_LINE_MAX + 1]; /* what has come of the line that is being read */
	size_t size;
	char last[OUTPUT_LINE_MAX + 1], telling[OUTPUT_LINE_MAX + 1];
	unsigned open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- lines ---- */

/* Whose name the text begins with, followed by ": ". NULL: nobody's who is in there. */
static const char *speaker(const struct output *o, const char *text)
{
	size_t size = strcspn(text, ":");
	if (text[size] != ':' || text[size + 1] != ' ')
		return NULL;
	for (size_t i = 0; i <= o->n_devices; i++) {
		const char *name = i < o->n_devices ? o->devices[i] : o->name;
		if (strncmp(name, text, size) == 0 && name[size] == '\0')
			return name;
	}
	return NULL;
}

/* "<4>pad: text" or "warn  pad: text": what the process's own log wrote. Who, its level, and the text in *out. */
static const char *own_line(const struct output *o, const char *line, enum log_level *level, const char **out)
{
	static const char *const words[] = {
	    [LOG_ERROR] = "error ", [LOG_WARN] = "warn  ", [LOG_INFO] = "info  ", [LOG_DEBUG] = "debug "};
	static const char *const numbers[] = {
	    [LOG_ERROR] = "<3>", [LOG_WARN] = "<4>", [LOG_INFO] = "<6>", [LOG_DEBUG] = "<7>"};
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		const char *prefix = line[0] == '<' ? numbers[i] : words[i];
		size_t n = strlen(prefix);
		const char *who = strncmp(line, prefix, n) == 0 ? speaker(o, line + n) : NULL;
		if (!who)
			continue;
		*level = (enum log_level)i;
		*out = line + n + strlen(who) + 2;
		return who;
	}
	return NULL;
}

static bool tells(const char *line)
{
	return strncmp(line, SANDBOX_WORDS, strlen(SANDBOX_WORDS)) == 0 || strstr(line, "ERROR: AddressSanitizer") ||
	       strstr(line, ": runtime error: ") || strstr(line, ": Assertion ");
}

static void say_left_out(struct output *o)
{
	if (o->left_out > o->left_out_said)
		log_warn(o->name, "its process printed more than %u lines in %u s: at least %llu were left out",
			 OUTPUT_LINES, OUTPUT_WINDOW_MS / 1000, o->left_out - o->left_out_said);
	o->left_out_said = o->left_out;
}

static void end_window(struct output *o)
{
	say_left_out(o);
	o->lines = 0;
	o->window_ends_ms = uv_now(o->poll.loop) + OUTPUT_WINDOW_MS;
}

static void on_line(struct output *o)
{
	enum log_level level = LOG_WARN;
	const char *text = o->line;
	o->line[o->size] = '\0';
	if (o->size == 0)
		return;
	const char *own = own_line(o, o->line, &level, &text);
	if (!own) {
		memcpy(o->last, o->line, sizeof o->last);
		if (!o->telling[0] && tells(o->line))
			memcpy(o->telling, o->line, sizeof o->telling);
	}
	if (uv_now(o->poll.loop) >= o->window_ends_ms)
		end_window(o);
	if (++o->lines > OUTPUT_LINES) {
		o->left_out++;
		return;
	}
	if (own)
		log_write(level, own, "%s", text);
	else
		log_warn(o->name, "its process says: %s", text);
	if (o->lines == OUTPUT_LINES)
		log_warn(o->name, "its process prints more than %u lines in %u s: what follows is left out",
			 OUTPUT_LINES, OUTPUT_WINDOW_MS / 1000);
}

static void take(struct output *o, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			on_line(o);
			o->size = 0;
		} else if (o->size < OUTPUT_LINE_MAX) {
			o->line[o->size++] = bytes[i];
		}
	}
}

/* ---- the pipe ---- */

void output_drain(struct output *o)
{
	char bytes[CHUNK];
	for (size_t total = 0; total < TURN && !o->ended;) {
		ssize_t n = read(o->fd, bytes, sizeof bytes);
		if (n > 0) {
			take(o, bytes, (size_t)n);
			total += (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			o->ended = true; /* nobody has the other end any more */
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

static void on_timer(uv_timer_t *timer);

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct output *o = poll->data;
	(void)status;
	(void)events;
	output_drain(o);
	if (o->ended)
		uv_poll_stop(&o->poll);
	if (o->lines <= OUTPUT_LINES || o->ended)
		return;
	uv_poll_stop(&o->poll);
	uv_timer_start(&o->timer, on_timer, OUTPUT_PAUSE_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct output *o = timer->data;
	if (uv_now(timer->loop) >= o->window_ends_ms)
		end_window(o);
	uv_poll_start(&o->poll, UV_READABLE, on_readable);
}

int output_new(uv_loop_t *loop, const char *name, const char *const *devices, size_t n, struct output **out,
	       int *child_end)
{
	int ends[2];
	struct output *o = calloc(1, sizeof *o);
	if (!o)
		return UV_ENOMEM;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		int error = uv_translate_sys_error(errno);
		free(o);
		return error;
	}
	o->name = name;
	o->devices = devices;
	o->n_devices = n;
	o->fd = ends[0];
	int error = uv_poll_init(loop, &o->poll, o->fd);
	if (error) {
		close(ends[0]);
		close(ends[1]);
		free(o);
		return error;
	}
	uv_timer_init(loop, &o->timer);
	o->poll.data = o->timer.data = o;
	o->open_handles = 2;
	o->window_ends_ms = uv_now(loop) + OUTPUT_WINDOW_MS;
	uv_poll_start(&o->poll, UV_READABLE, on_readable);
	*out = o;
	*child_end = ends[1];
	return 0;
}

const char *output_words(const struct output *o, bool last)
{
	return o->telling[0] || !last ? o->telling : o->last;
}

unsigned long long output_left_out(const struct output *o)
{
	return o->left_out;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct output *o = handle->data;
	if (--o->open_handles > 0)
		return;
	close(o->fd);
	if (o->closed)
		o->closed(o->closed_user);
	free(o);
}

void output_close(struct output *o, void (*closed)(void *user), void *user)
{
	on_line(o); /* the last one may have no end */
	o->size = 0;
	say_left_out(o);
	o->closed = closed;
	o->closed_user = user;
	uv_close((uv_handle_t *)&o->poll, on_handle_closed);
	uv_close((uv_handle_t *)&o->timer, on_handle_closed);
}
