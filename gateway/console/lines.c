/* SPDX-License-Identifier: Apache-2.0 */
#include "console/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define BACKLOG 8

struct lines_client {
	struct lines *lines;
	uv_pipe_t pipe;
	struct lines_client *next;
	unsigned mark;
	bool closing, finishing;
	uid_t uid;
	pid_t pid;
	size_t n;
	char buffer[LINES_LINE_MAX + 1];
};

struct lines {
	uv_loop_t *loop;
	struct lines_callbacks callbacks;
	uv_pipe_t listener;
	struct lines_client *clients;
	unsigned n_clients, handles;
	bool closing;
	void (*closed)(void *);
	void *closed_user;
};

struct sending {
	uv_write_t request;
	struct lines_client *client;
	char text[];
};

/* ---- the file ---- */

static int refuse(char *why, size_t size, int code, const char *format, ...) __attribute__((format(printf, 4, 5)));

static int refuse(char *why, size_t size, int code, const char *format, ...)
{
	struct str s;
	va_list args;
	str_init(&s, why, size);
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	return code;
}

/* Whoever may write to the directory could put a socket of their own in our place. A sticky one (/tmp) is as good as
 * ours, for files in it are their owner's. */
static int check_directory(const char *path, char *why, size_t size)
{
	char directory[PATH_MAX];
	struct stat st;
	if (!str_copy(directory, sizeof directory, path))
		return refuse(why, size, UV_ENAMETOOLONG, "the path is too long");
	char *slash = strrchr(directory, '/');
	if (!slash || slash == directory)
		return refuse(why, size, UV_EINVAL, "expected a path like /run/therapy-gateway/home.sock");
	*slash = '\0';
	if (mkdir(directory, 0750) != 0 && errno != EEXIST)
		return refuse(why, size, uv_translate_sys_error(errno), "its directory %s cannot be made: %s",
			      directory, strerror(errno));
	if (stat(directory, &st) != 0)
		return refuse(why, size, uv_translate_sys_error(errno), "its directory %s: %s", directory,
			      strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(why, size, UV_ENOTDIR, "%s is no directory", directory);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(why, size, UV_EPERM, "its directory %s belongs to user %u: expected the gateway's own",
			      directory, (unsigned)st.st_uid);
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return refuse(why, size, UV_EPERM, "everybody may write to its directory %s: chmod o-w it", directory);
	return 0;
}

/* Does somebody listen there? */
static int probe(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	(void)str_copy(address.sun_path, sizeof address.sun_path, path);
	int rc = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : uv_translate_sys_error(errno);
	close(fd);
	return rc;
}

static int clear_place(const char *path, char *why, size_t size)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : refuse(why, size, uv_translate_sys_error(errno), "%s", strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return refuse(why, size, UV_EEXIST, "there is something that is no socket: move it away");
	int rc = probe(path);
	if (rc == 0 || rc == UV_EAGAIN)
		return refuse(why, size, UV_EADDRINUSE,
			      "another gateway listens there: stop it, or give this one "
			      "its own gateway.control_socket");
	if (rc != UV_ECONNREFUSED && rc != UV_ENOENT)
		return refuse(why, size, rc, "whether somebody listens there cannot be told: %s", uv_strerror(rc));
	if (unlink(path) != 0 && errno != ENOENT)
		return refuse(why, size, uv_translate_sys_error(errno),
			      "the socket that an earlier run left cannot "
			      "be removed: %s",
			      strerror(errno));
	return 0;
}

/* ---- clients ---- */

static void one_closed(struct lines *l)
{
	if (--l->handles > 0 || !l->closing)
		return;
	void (*closed)(void *) = l->closed;
	void *user = l->closed_user;
	free(l);
	if (closed)
		closed(user);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct lines_client *c = handle->data;
	struct lines *l = c->lines;
	free(c);
	one_closed(l);
}

static void drop(struct lines_client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	struct lines *l = c->lines;
	for (struct lines_client **at = &l->clients; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	l->n_clients--;
	if (l->callbacks.gone)
		l->callbacks.gone(l->callbacks.user, c);
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_shut(uv_shutdown_t *request, int status)
{
	(void)status;
	struct lines_client *c = request->data;
	free(request);
	drop(c);
}

void lines_finish(struct lines_client *c)
{
	if (c->closing || c->finishing)
		return;
	uv_shutdown_t *request = malloc(sizeof *request);
	if (request)
		request->data = c;
	c->finishing = true;
	uv_read_stop((uv_stream_t *)&c->pipe);
	if (!request || uv_shutdown(request, (uv_stream_t *)&c->pipe, on_shut) != 0) {
		free(request);
		drop(c);
	}
}

static void on_sent(uv_write_t *request, int status)
{
	struct sending *s = request->data;
	struct lines_client *c = s->client;
	free(s);
	if (status < 0 && status != UV_ECANCELED)
		drop(c);
}

void lines_send(struct lines_client *c, const char *text)
{
	size_t size = strlen(text);
	if (c->closing || c->finishing)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) + size > LINES_WAITING_MAX) {
		log_warn("console", "a client does not read what it asked for: dropped");
		drop(c);
		return;
	}
	struct sending *s = malloc(sizeof *s + size + 1);
	if (!s)
		return;
	memcpy(s->text, text, size);
	s->text[size] = '\n';
	s->client = c;
	s->request.data = s;
	uv_buf_t buffer = uv_buf_init(s->text, (unsigned)size + 1);
	if (uv_write(&s->request, (uv_stream_t *)&c->pipe, &buffer, 1, on_sent) != 0) {
		free(s);
		drop(c);
	}
}

size_t lines_waiting(const struct lines_client *c)
{
	return c->closing ? 0 : uv_stream_get_write_queue_size((const uv_stream_t *)&c->pipe);
}

unsigned *lines_mark(struct lines_client *c)
{
	return &c->mark;
}

void lines_each(struct lines *l, void *user, void (*visit)(void *, struct lines_client *))
{
	for (struct lines_client *c = l->clients, *next; c; c = next) {
		next = c->next; /* the visit may drop it */
		visit(user, c);
	}
}

/* ---- what comes in ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)suggested;
	struct lines_client *c = handle->data;
	*out = uv_buf_init(c->buffer + c->n, (unsigned)(LINES_LINE_MAX - c->n));
}

static void take_lines(struct lines_client *c)
{
	size_t from = 0;
	char *end;
	while (!c->closing && !c->finishing && (end = memchr(c->buffer + from, '\n', c->n - from))) {
		size_t size = (size_t)(end - (c->buffer + from));
		*end = '\0';
		if (size > 0)
			c->lines->callbacks.line(c->lines->callbacks.user, c, c->buffer + from, size);
		from += size + 1;
	}
	memmove(c->buffer, c->buffer + from, c->n - from);
	c->n -= from;
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	(void)buffer;
	struct lines_client *c = stream->data;
	if (got < 0) {
		drop(c);
		return;
	}
	c->n += (size_t)got;
	take_lines(c);
	if (c->n < LINES_LINE_MAX || c->closing || c->finishing)
		return;
	lines_send(c, "{\"ok\":false,\"error\":\"the line is too long: at most 8192 bytes are read\"}");
	lines_finish(c);
}

static void note_peer(struct lines_client *c)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	uv_os_fd_t fd;
	c->uid = (uid_t)-1;
	if (uv_fileno((uv_handle_t *)&c->pipe, &fd) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return;
	c->uid = peer.uid;
	c->pid = peer.pid;
}

void lines_peer(const struct lines_client *c, uid_t *uid, pid_t *pid)
{
	*uid = c->uid;
	*pid = c->pid;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct lines *l = listener->data;
	struct lines_client *c = status == 0 ? calloc(1, sizeof *c) : NULL;
	if (!c || l->closing) {
		free(c);
		return;
	}
	c->lines = l;
	uv_pipe_init(l->loop, &c->pipe, 0);
	c->pipe.data = c;
	l->handles++;
	c->next = l->clients;
	l->clients = c;
	l->n_clients++;
	if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0) {
		drop(c);
		return;
	}
	note_peer(c);
	if (l->n_clients > LINES_CLIENTS_MAX) {
		static char text[] = "{\"ok\":false,\"error\":\"16 clients are connected already: close one\"}\n";
		uv_buf_t buffer = uv_buf_init(text, sizeof text - 1);
		(void)uv_try_write((uv_stream_t *)&c->pipe, &buffer, 1); /* and is not waited for */
		drop(c);
		return;
	}
	uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read);
}

/* ---- life ---- */

static int listen_at(struct lines *l, const char *path, char *why, size_t size)
{
	mode_t before = umask(0117); /* from the first moment on */
	int rc = uv_pipe_bind(&l->listener, path);
	umask(before);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&l->listener, BACKLOG, on_connection);
	return rc == 0 ? 0 : refuse(why, size, rc, "cannot listen there: %s", uv_strerror(rc));
}

int lines_new(uv_loop_t *loop, const char *path, const struct lines_callbacks *callbacks, struct lines **out, char *why,
	      size_t why_size)
{
	if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return refuse(why, why_size, UV_ENAMETOOLONG, "the path has %zu bytes: at most %zu fit", strlen(path),
			      sizeof((struct sockaddr_un *)0)->sun_path - 1);
	int rc = check_directory(path, why, why_size);
	if (rc == 0)
		rc = clear_place(path, why, why_size);
	if (rc != 0)
		return rc;
	struct lines *l = calloc(1, sizeof *l);
	if (!l)
		return refuse(why, why_size, UV_ENOMEM, "out of memory");
	l->loop = loop;
	l->callbacks = *callbacks;
	uv_pipe_init(loop, &l->listener, 0);
	l->listener.data = l;
	l->handles = 1;
	rc = listen_at(l, path, why, why_size);
	if (rc != 0) {
		lines_close(l, NULL, NULL);
		return rc;
	}
	*out = l;
	return 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
	one_closed(handle->data);
}

void lines_close(struct lines *l, void (*closed)(void *user), void *user)
{
	l->closing = true;
	l->closed = closed;
	l->closed_user = user;
	while (l->clients)
		drop(l->clients);
	uv_close((uv_handle_t *)&l->listener, on_listener_closed); /* which removes the file */
}
