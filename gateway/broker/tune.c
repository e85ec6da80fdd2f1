/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tune.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h> /* glibc's own tcp_info ends before tcpi_bytes_received */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#define FDS_MAX 2048 /* more than a confined process may have (sandbox.c) */

static bool same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET) {
		struct sockaddr_in x, y;
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		return x.sin_port == y.sin_port && x.sin_addr.s_addr == y.sin_addr.s_addr;
	}
	if (a->ss_family == AF_INET6) {
		struct sockaddr_in6 x, y;
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		return x.sin6_port == y.sin6_port && memcmp(&x.sin6_addr, &y.sin6_addr, sizeof x.sin6_addr) == 0;
	}
	return false;
}

bool tune_connected_to(int fd, const struct sockaddr_storage *peers, size_t n_peers)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof peer;
	if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
		return false;
	for (size_t i = 0; i < n_peers; i++)
		if (same(&peer, &peers[i]))
			return true;
	return false;
}

static bool claimed(int fd)
{
	int on = 1;
	socklen_t size = sizeof on;
	return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) != 0 || on;
}

/* Was something received on it, and all of it read? Then how long ago, else UINT32_MAX. */
static uint32_t read_out_ms(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	int waiting = 0;
	if (ioctl(fd, FIONREAD, &waiting) != 0 || waiting > 0)
		return UINT32_MAX;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return UINT32_MAX;
	if (size > offsetof(struct tcp_info, tcpi_bytes_received) && info.tcpi_bytes_received == 0)
		return UINT32_MAX;
	return info.tcpi_last_data_recv;
}

/* Calls `each` for all sockets of this process that are connected to one of `peers`. */
static void for_sockets(const struct sockaddr_storage *peers, size_t n_peers, void (*each)(void *user, int fd),
			void *user)
{
	DIR *dir = opendir("/proc/self/fd");
	if (!dir) { /* a confined process sees no /proc, and may have few descriptors: look at each */
		struct rlimit limit = {0};
		getrlimit(RLIMIT_NOFILE, &limit);
		for (int fd = 0; fd < FDS_MAX && (rlim_t)fd < limit.rlim_cur; fd++)
			if (tune_connected_to(fd, peers, n_peers))
				each(user, fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir));) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);
		if (end != entry->d_name && *end == '\0' && fd != dirfd(dir) &&
		    tune_connected_to((int)fd, peers, n_peers))
			each(user, (int)fd);
	}
	closedir(dir);
}

struct best {
	int fd;
	uint32_t ms;
};

static void prefer_latest(void *user, int fd)
{
	struct best *best = user;
	uint32_t ms = claimed(fd) ? UINT32_MAX : read_out_ms(fd);
	if (ms < best->ms)
		*best = (struct best){fd, ms};
}

int tune_claim(const struct sockaddr_storage *peers, size_t n_peers)
{
	struct best best = {-1, UINT32_MAX};
	for_sockets(peers, n_peers, prefer_latest, &best);
	int on = 1;
	if (best.fd < 0 || setsockopt(best.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
	    fcntl(best.fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	tune_acknowledge(best.fd);
	return best.fd;
}

static void seal(void *user, int fd)
{
	(void)user;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail for an open descriptor */
}

void tune_close_on_exec(const struct sockaddr_storage *peer)
{
	for_sockets(peer, 1, seal, NULL);
}

void tune_acknowledge(int fd)
{
	int on = 1;
	/* A socket that is just going away may refuse; then there is nothing to hurry. */
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
