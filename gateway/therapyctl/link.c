/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/link.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

/* 0, or an errno. */
static int try(struct link_line *link, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!str_copy(address.sun_path, sizeof address.sun_path, path))
		return ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		int error = errno;
		close(fd);
		return error;
	}
	*link = (struct link_line){.fd = fd};
	return 0;
}

static void explain(struct str *s, const char *path, int error)
{
	str_add(s, "%s: %s", path, strerror(error));
	if (error == EACCES)
		str_add(s, ": become a member of the socket's group, or use sudo");
	else if (error == ECONNREFUSED)
		str_add(s, ": no gateway listens there any more; start it");
}

/* Where gateways listen by default. Several on one machine: the user must say which. */
static int find(struct link_line *link, struct str *s)
{
	const char *session = getenv("XDG_RUNTIME_DIR");
	char pattern[256];
	struct str p;
	glob_t found = {0};
	str_init(&p, pattern, sizeof pattern);
	str_add(&p, "%s/therapy-gateway/*.sock", session ? session : "/nonexistent");
	glob("/run/therapy-gateway/*.sock", 0, NULL, &found);
	glob(pattern, GLOB_APPEND, NULL, &found);
	int rc = -1;
	if (found.gl_pathc == 0)
		str_add(s,
			"no gateway was found: looked for /run/therapy-gateway/*.sock%s%s; start it, or name its "
			"socket with --socket PATH",
			session ? " and " : "", session ? pattern : "");
	else if (found.gl_pathc > 1)
		str_add(s, "several gateways were found; choose one with --socket:");
	else
		rc = try(link, found.gl_pathv[0]);
	if (rc > 0)
		explain(s, found.gl_pathv[0], rc);
	for (size_t i = 0; i < found.gl_pathc && found.gl_pathc > 1; i++)
		str_add(s, " %s", found.gl_pathv[i]);
	globfree(&found);
	return rc == 0 ? 0 : -1;
}

int link_open(struct link_line *link, const char *path, char *why, size_t why_size)
{
	struct str s;
	str_init(&s, why, why_size);
	if (!path || !path[0])
		path = getenv("THERAPY_SOCKET");
	if (!path || !path[0])
		return find(link, &s);
	int error = try(link, path);
	if (error == 0)
		return 0;
	explain(&s, path, error);
	return -1;
}

void link_close(struct link_line *link)
{
	if (link->fd >= 0)
		close(link->fd);
	free(link->buffer);
}

int link_send(struct link_line *link, struct json_object *object)
{
	size_t size;
	const char *text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &size);
	char end = '\n';
	while (size > 0) {
		ssize_t n = send(link->fd, text, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		size -= (size_t)n;
	}
	return send(link->fd, &end, 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static struct json_object *take_line(struct link_line *link)
{
	char *end = link->n ? memchr(link->buffer, '\n', link->n) : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	struct json_object *object = json_tokener_parse(link->buffer);
	size_t used = (size_t)(end - link->buffer) + 1;
	memmove(link->buffer, link->buffer + used, link->n - used);
	link->n -= used;
	return object;
}

static bool make_room(struct link_line *link)
{
	if (link->cap - link->n >= 4096)
		return true;
	size_t cap = link->cap ? link->cap * 2 : 65536;
	char *bigger = cap <= LINK_LINE_MAX ? realloc(link->buffer, cap) : NULL;
	if (!bigger)
		return false;
	link->buffer = bigger;
	link->cap = cap;
	return true;
}

struct json_object *link_read(struct link_line *link, int wait_ms, bool *gone)
{
	uint64_t begun_ms = clock_boot_ms();
	*gone = false;
	for (;;) {
		struct json_object *object = take_line(link);
		if (object)
			return object;
		uint64_t waited = clock_boot_ms() - begun_ms;
		if (wait_ms >= 0 && waited >= (uint64_t)wait_ms)
			return NULL;
		struct pollfd p = {.fd = link->fd, .events = POLLIN};
		int ready = poll(&p, 1, wait_ms < 0 ? -1 : wait_ms - (int)waited);
		if (ready < 0 && errno != EINTR) {
			*gone = true;
			return NULL;
		}
		if (ready <= 0)
			continue;
		*gone = !make_room(link);
		ssize_t n = *gone ? 0 : recv(link->fd, link->buffer + link->n, link->cap - link->n, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*gone = true;
			return NULL;
		}
		link->n += (size_t)n;
	}
}
