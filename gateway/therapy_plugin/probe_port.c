/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/probe_port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "link/serial.h"

#define CONNECT_MS 5000

/* ---- who has the port ---- */

static bool has_open(const char *pid, const struct stat *port)
{
	char folder[64], path[400];
	snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
	DIR *dir = opendir(folder);
	bool found = false;
	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		struct stat st;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		found = stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == port->st_rdev;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* As far as this user may look. */
static void name_holder(const char *place, struct str *why)
{
	struct stat port;
	DIR *dir = stat(place, &port) == 0 ? opendir("/proc") : NULL;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char path[64], name[32] = "";
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || atoi(e->d_name) == getpid() ||
		    !has_open(e->d_name, &port))
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/comm", e->d_name);
		FILE *file = fopen(path, "r");
		if (file && fgets(name, sizeof name, file))
			name[strcspn(name, "\n")] = '\0';
		if (file)
			fclose(file);
		if (strncmp(name, "therapy-", 8) == 0)
			str_add(
			    why,
			    ". It is the gateway (process %.20s): `therapyctl devices` shows what it hears there and "
			    "`therapyctl record` every byte; or stop it first",
			    e->d_name);
		else
			str_add(why, ". It is %s (process %.20s)", name[0] ? name : "some program", e->d_name);
		break;
	}
	if (dir)
		closedir(dir);
}

/* ---- opening ---- */

static int connect_within(int fd, const struct addrinfo *to)
{
	int error = 0;
	socklen_t size = sizeof error;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, CONNECT_MS) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static int open_tcp(const struct link_address *address, struct str *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1;
	snprintf(port, sizeof port, "%u", (unsigned)address->port);
	int error = getaddrinfo(address->place, port, &hints, &found);
	if (error) {
		str_add(why, "%s: %s", address->place, gai_strerror(error));
		return -1;
	}
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		error = fd < 0 ? errno : connect_within(fd, a);
		if (fd >= 0 && error) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	if (fd < 0)
		str_add(why, "%s port %s: %s", address->place, port, strerror(error));
	return fd;
}

int probe_open(const struct link_address *address, uint32_t baud, struct str *why)
{
	int fd = -1;
	if (address->kind == LINK_TCP)
		return open_tcp(address, why);
	int error = serial_open(address->place, baud, &fd, why);
	if (error == UV_EBUSY || error == UV_EAGAIN)
		name_holder(address->place, why);
	return error ? -1 : fd;
}

/* ---- hearing ---- */

bool probe_listen(int fd, uint32_t at_ms, uint32_t wait_ms, uint32_t quiet_ms, struct probe_heard *h)
{
	uint64_t begun_ms = clock_boot_ms(), heard_ms = 0;
	for (;;) {
		uint64_t now_ms = clock_boot_ms(), end_ms = begun_ms + wait_ms;
		if (heard_ms > 0 && quiet_ms > 0 && heard_ms + quiet_ms < end_ms)
			end_ms = heard_ms + quiet_ms;
		if (now_ms >= end_ms || h->n == PROBE_BYTES || h->n_pieces == PROBE_PIECES)
			return true;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, (int)(end_ms - now_ms)) <= 0)
			continue;
		ssize_t n = read(fd, h->bytes + h->n, PROBE_BYTES - h->n);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return false;
		heard_ms = clock_boot_ms();
		h->n += (size_t)n;
		h->at_ms[h->n_pieces] = at_ms + (uint32_t)(heard_ms - begun_ms);
		h->end[h->n_pieces++] = h->n;
	}
}

bool probe_write(int fd, const uint8_t *bytes, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	return poll(&p, 1, 1000) == 1 && write(fd, bytes, size) == (ssize_t)size;
}
