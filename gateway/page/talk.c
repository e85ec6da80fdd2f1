/* SPDX-License-Identifier: Apache-2.0 */
#include "page/talk.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tell/tell.h"

#define JSON_DEPTH 3

struct talk {
	struct talk_callbacks callbacks;
	uv_loop_t *loop;
	char *program, **arguments;
	const char *first;
	bool only;
	uv_process_t process;
	uv_pipe_t in, out; /* of the program: what it reads and writes */
	unsigned open;     /* handles */
	bool alive;        /* the process; without one its id is 0, which to a signal means all of us */
	bool running, closing;
	struct json_object *said, *ask; /* ask NULL: it asks nothing now */
	size_t said_size;
	uint64_t number; /* of the latest question */
	enum talk_end end;
	char *line; /* that it has not ended yet; while it runs */
	size_t n;
	void (*closed)(void *);
	void *closed_user;
};

static bool ask_to_end(struct talk *t)
{
	return t->alive && uv_process_kill(&t->process, SIGTERM) == 0;
}

/* ---- what it says ---- */

static size_t size_of(struct json_object *entry)
{
	size_t n = 0;
	(void)json_object_to_json_string_length(entry, JSON_C_TO_STRING_PLAIN, &n);
	return n;
}

static void keep(struct talk *t, struct json_object *entry)
{
	t->said_size += size_of(entry);
	json_object_array_add(t->said, entry);
	while (t->said_size > TALK_SAID_MAX && json_object_array_length(t->said) > 1) {
		t->said_size -= size_of(json_object_array_get_idx(t->said, 0));
		json_object_array_del_idx(t->said, 0, 1);
	}
}

static void tell(struct talk *t, const char *text)
{
	struct json_object *entry = json_object_new_object();
	tell_put(entry, "say", text);
	keep(t, entry);
}

static void ended_as(struct talk *t, const char *what)
{
	static const char *const ends[] = {"stopped", "done", "start", "restart"};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (strcmp(ends[i], what) == 0)
			t->end = (enum talk_end)i;
}

/* It is our own program; what is no line of its protocol is a fault in it, and shown to nobody. */
static void take(struct talk *t, const char *line)
{
	static const char *const kept[] = {"say", "text", "row", "answer"};
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *o = tokener ? json_tokener_parse_ex(tokener, line, (int)strlen(line)) : NULL, *part;
	bool known = json_object_is_type(o, json_type_object);
	if (tokener)
		json_tokener_free(tokener);
	if (known && json_object_object_get_ex(o, "ask", &part)) {
		json_object_put(t->ask);
		t->ask = json_object_get(o);
		t->number++;
	} else if (known && json_object_object_get_ex(o, "end", &part)) {
		ended_as(t, json_object_get_string(part));
	} else {
		bool said = false;
		for (size_t i = 0; known && i < sizeof kept / sizeof *kept; i++)
			said |= json_object_object_get_ex(o, kept[i], NULL) != 0;
		if (said)
			keep(t, json_object_get(o));
		else
			log_warn("page", "the set-up program said what is none of its words; this is a bug");
	}
	json_object_put(o);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct talk *t = stream->data;
	bool news = false;
	(void)buffer;
	if (n < 0) {
		uv_read_stop(stream);
		return;
	}
	t->n += (size_t)n;
	for (char *end; (end = memchr(t->line, '\n', t->n)); news = true) {
		size_t size = (size_t)(end + 1 - t->line);
		*end = '\0';
		take(t, t->line);
		t->n -= size;
		memmove(t->line, end + 1, t->n);
	}
	if (t->n == TALK_LINE_MAX)
		(void)ask_to_end(t); /* no line of ours is that long */
	if (news)
		t->callbacks.changed(t->callbacks.user);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct talk *t = handle->data;
	(void)suggested;
	*out = uv_buf_init(t->line + t->n, (unsigned)(TALK_LINE_MAX - t->n));
}

/* ---- its life ---- */

static void release(struct talk *t)
{
	for (size_t i = 0; t->arguments && t->arguments[i]; i++)
		free(t->arguments[i]);
	free(t->arguments);
	free(t->program);
	json_object_put(t->said);
	json_object_put(t->ask);
	free(t->line);
	free(t);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct talk *t = handle->data;
	if (--t->open > 0)
		return;
	void (*closed)(void *) = t->closed;
	void *user = t->closed_user;
	enum talk_end end = t->end;
	t->running = false;
	free(t->line);
	t->line = NULL;
	json_object_put(t->ask);
	t->ask = NULL;
	if (!t->closing) {
		struct talk_callbacks callbacks = t->callbacks;
		callbacks.changed(callbacks.user);
		callbacks.ended(callbacks.user, end);
		return;
	}
	release(t);
	if (closed)
		closed(user);
}

static void close_handles(struct talk *t)
{
	uv_handle_t *const handles[] = {(uv_handle_t *)&t->process, (uv_handle_t *)&t->in, (uv_handle_t *)&t->out};
	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], on_handle_closed);
}

/* Its last words may still be in the pipe. */
static void on_exit_(uv_process_t *process, int64_t status, int number)
{
	struct talk *t = process->data;
	char text[160];
	ssize_t n;
	uv_os_fd_t fd;
	t->alive = false;
	if (uv_fileno((uv_handle_t *)&t->out, &fd) == 0)
		while (t->n < TALK_LINE_MAX && (n = read(fd, t->line + t->n, TALK_LINE_MAX - t->n)) > 0)
			on_read((uv_stream_t *)&t->out, n, NULL);
	if (number || status > 1) {
		snprintf(text, sizeof text,
			 "The set-up ended by itself (%s %d). What it had written is whole. Begin it again; the "
			 "gateway's log may say more.",
			 number ? "signal" : "status", number ? number : (int)status);
		if (status != 130)
			tell(t, text);
	}
	close_handles(t);
}

struct talk *talk_new(uv_loop_t *loop, const struct talk_config *config, const struct talk_callbacks *callbacks)
{
	struct talk *t = calloc(1, sizeof *t);
	size_t n = 0;
	if (!t)
		return NULL;
	while (config->arguments[n])
		n++;
	t->callbacks = *callbacks;
	t->loop = loop;
	t->first = config->first;
	t->only = config->only;
	t->program = strdup(config->program);
	t->arguments = calloc(n + 1, sizeof *t->arguments);
	t->said = json_object_new_array();
	bool whole = t->program && t->arguments && t->said;
	for (size_t i = 0; whole && i < n; i++)
		whole = (t->arguments[i] = strdup(config->arguments[i])) != NULL;
	if (whole)
		return t;
	release(t);
	return NULL;
}

static bool write_line(struct talk *t, const char *text)
{
	char line[TALK_ANSWER_MAX + 2];
	int n = snprintf(line, sizeof line, "%s\n", text);
	const uv_buf_t part = uv_buf_init(line, (unsigned)n);
	/* it waits for nothing else: there is room in a pipe */
	return n < (int)sizeof line && uv_try_write((uv_stream_t *)&t->in, &part, 1) == n;
}

static int start(struct talk *t)
{
	uv_stdio_container_t io[] = {
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&t->in},
	    {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&t->out},
	    {.flags = UV_INHERIT_FD, .data.fd = 2}};
	const uv_process_options_t options = {
	    .exit_cb = on_exit_, .file = t->program, .args = t->arguments, .stdio_count = 3, .stdio = io};
	uv_pipe_init(t->loop, &t->in, 0); /* cannot fail */
	uv_pipe_init(t->loop, &t->out, 0);
	t->in.data = t->out.data = t->process.data = t;
	t->open = 3;
	int rc = uv_spawn(t->loop, &t->process, &options);
	t->alive = rc == 0;
	return rc ? rc : uv_read_start((uv_stream_t *)&t->out, on_room, on_read);
}

bool talk_begin(struct talk *t)
{
	if (t->running || t->closing || !(t->line = malloc(TALK_LINE_MAX)))
		return false;
	json_object_put(t->said);
	t->said = json_object_new_array();
	t->said_size = t->n = 0;
	t->end = TALK_STOPPED;
	t->running = true;
	int rc = start(t);
	if (rc) {
		char text[640];
		snprintf(text, sizeof text, "The set-up cannot be started: %.400s: %s. Is all of it installed?",
			 t->program, uv_strerror(rc));
		tell(t, text);
		close_handles(t);
	} else if (t->first && !write_line(t, t->first)) {
		(void)ask_to_end(t);
	}
	t->callbacks.changed(t->callbacks.user);
	return rc == 0;
}

bool talk_answer(struct talk *t, uint64_t number, const char *text)
{
	if (!t->ask || number != t->number || strlen(text) > TALK_ANSWER_MAX || strpbrk(text, "\r\n"))
		return false;
	json_object_put(t->ask);
	t->ask = NULL;
	if (!write_line(t, text))
		(void)ask_to_end(t);
	t->callbacks.changed(t->callbacks.user);
	return true;
}

bool talk_cancel(struct talk *t)
{
	return ask_to_end(t);
}

char *talk_text(const struct talk *t)
{
	struct json_object *o = json_object_new_object();
	tell_put_bool(o, "only", t->only);
	tell_put_bool(o, "running", t->running);
	tell_put_count(o, "number", t->number);
	json_object_object_add(o, "said", json_object_get(t->said));
	json_object_object_add(o, "ask", json_object_get(t->ask));
	return tell_text(o);
}

void talk_close(struct talk *t, void (*closed)(void *user), void *user)
{
	t->closing = true;
	if (t->running) {
		t->closed = closed;
		t->closed_user = user;
		(void)ask_to_end(t);
		close_handles(t);
		return;
	}
	release(t);
	if (closed)
		closed(user);
}
