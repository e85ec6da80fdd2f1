/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE_MAX (1u << 20) /* bytes a client may leave unread */

struct control_client {
	uv_pipe_t pipe;
	struct control *control;
	struct control_client *next;
	bool subscribed, closing;
	size_t n;
	char line[CONTROL_LINE_MAX];
	char buffer[1024];
};

struct answer {
	uv_write_t request;
	char text[];
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop(struct control_client *client)
{
	struct control_client **at = &client->control->clients;
	if (client->closing)
		return;
	client->closing = true;
	while (*at && *at != client)
		at = &(*at)->next;
	if (*at)
		*at = client->next;
	uv_close((uv_handle_t *)&client->pipe, on_closed);
}

static void on_written(uv_write_t *request, int status)
{
	struct control_client *client = request->handle->data;
	free(request->data);
	if (status < 0 && status != UV_ECANCELED)
		drop(client);
}

static void say(struct control_client *client, const char *json)
{
	size_t n = strlen(json);
	struct answer *answer = NULL;
	if (client->closing)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) > QUEUE_MAX ||
	    !(answer = malloc(sizeof *answer + n + 1))) {
		drop(client);
		return;
	}
	memcpy(answer->text, json, n);
	answer->text[n] = '\n';
	answer->request.data = answer;
	uv_buf_t buffer = uv_buf_init(answer->text, (unsigned)n + 1);
	if (uv_write(&answer->request, (uv_stream_t *)&client->pipe, &buffer, 1, on_written)) {
		free(answer);
		drop(client);
	}
}

static void take_line(struct control_client *client)
{
	char text[CONTROL_ANSWER_MAX];
	struct str answer;
	bool subscribe = false;
	client->line[client->n] = 0;
	client->n = 0;
	str_init(&answer, text, sizeof text);
	client->control->command(client->control->user, client->line, &answer, &subscribe);
	say(client, text);
	client->subscribed = client->subscribed || subscribe;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct control_client *client = stream->data;
	if (n < 0) {
		drop(client);
		return;
	}
	for (ssize_t i = 0; i < n && !client->closing; i++) {
		if (buffer->base[i] == '\n')
			take_line(client);
		else if (client->n + 1 < sizeof client->line)
			client->line[client->n++] = buffer->base[i];
		else
			drop(client);
	}
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_client *client = handle->data;
	(void)suggested;
	*out = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct control_client *client = status < 0 ? NULL : calloc(1, sizeof *client);
	if (!client)
		return;
	uv_pipe_init(listener->loop, &client->pipe, 0);
	client->pipe.data = client;
	client->control = control;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe)) {
		uv_close((uv_handle_t *)&client->pipe, on_closed);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	uv_read_start((uv_stream_t *)&client->pipe, give_buffer, on_read);
}

/* A socket file that a killed simulator left behind is removed; one that somebody answers on is not. */
static int clear_stale(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int code = 0;
	if (!str_copy(address.sun_path, sizeof address.sun_path, path))
		return UV_ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		code = UV_EADDRINUSE;
	else if (errno == ECONNREFUSED)
		unlink(path);
	close(fd);
	return code;
}

int control_open(struct control *control, uv_loop_t *loop, const char *dir,
		 void (*command)(void *user, char *line, struct str *answer, bool *subscribe), void *user)
{
	*control = (struct control){.command = command, .user = user};
	struct str path;
	str_init(&path, control->path, sizeof control->path);
	str_add(&path, "%s/control", dir);
	int code = path.overflow ? UV_ENAMETOOLONG : clear_stale(control->path);
	if (code)
		return code;
	uv_pipe_init(loop, &control->listener, 0);
	control->listener.data = control;
	control->open = true;
	code = uv_pipe_bind(&control->listener, control->path);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&control->listener, 8, on_connection);
	if (code)
		control_close(control);
	return code;
}

void control_tell(struct control *control, const char *json)
{
	struct control_client *next;
	for (struct control_client *client = control->clients; client; client = next) {
		next = client->next;
		if (client->subscribed)
			say(client, json);
	}
}

void control_close(struct control *control)
{
	if (!control->open)
		return;
	control->open = false;
	while (control->clients)
		drop(control->clients);
	uv_close((uv_handle_t *)&control->listener, NULL); /* unlinks the socket file */
}
