/* SPDX-License-Identifier: Apache-2.0 */
#include "history/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/str.h"

#define NAMES_MAX 1000u

/* The database itself last: while it is there, the others are its own, and nobody else's. */
static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
enum { SUFFIXES = sizeof suffixes / sizeof *suffixes };

static int own_alone(const char *path, int flags)
{
	/* O_NONBLOCK: a FIFO in its place is found out, not waited for. */
	int fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	struct stat st;
	int error = fstat(fd, &st) != 0 ? -errno : S_ISREG(st.st_mode) ? 0 : UV_EINVAL;
	if (!error && (st.st_mode & 07777) != 0600 && fchmod(fd, 0600) != 0)
		error = -errno;
	close(fd);
	return error;
}

static bool joined(char out[PATH_MAX], const char *path, const char *suffix)
{
	struct str s;
	str_init(&s, out, PATH_MAX);
	str_add(&s, "%s%s", path, suffix);
	return !s.overflow;
}

int place_make(const char *path)
{
	for (size_t i = 0; i < SUFFIXES - 1; i++) {
		char name[PATH_MAX];
		if (!joined(name, path, suffixes[i]))
			return UV_ENAMETOOLONG;
		int error = own_alone(name, 0);
		if (error && error != UV_ENOENT)
			return error;
	}
	return own_alone(path, O_CREAT);
}

void place_tidy(const char *path)
{
	char name[PATH_MAX];
	struct stat st;
	if (joined(name, path, "-wal") && stat(name, &st) == 0 && st.st_size == 0)
		(void)unlink(name);
}

static bool taken(const char *name)
{
	for (size_t i = 0; i < SUFFIXES; i++) {
		char each[PATH_MAX];
		struct stat st;
		if (!joined(each, name, suffixes[i]) || lstat(each, &st) == 0)
			return true;
	}
	return false;
}

static int free_name(const char *path, char out[PATH_MAX])
{
	char when[32];
	struct tm tm;
	time_t now = time(NULL);
	strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (unsigned i = 1; i <= NAMES_MAX; i++) {
		struct str s;
		str_init(&s, out, PATH_MAX);
		str_add(&s, "%s.damaged-%s", path, when);
		if (i > 1)
			str_add(&s, "-%u", i);
		if (s.overflow)
			return UV_ENAMETOOLONG;
		if (!taken(out))
			return 0;
	}
	return UV_EEXIST;
}

/* No more than a try: a power cut before it was done finds the damaged file in its place, and sets it aside again. */
static void sync_directory_of(const char *path)
{
	char copy[PATH_MAX];
	str_copy(copy, sizeof copy, path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int place_set_aside(const char *path, char *name, size_t cap)
{
	char to[PATH_MAX];
	int error = free_name(path, to);
	if (!error && strlen(to) >= cap)
		error = UV_ENAMETOOLONG;
	for (size_t i = 0; !error && i < SUFFIXES; i++) {
		char from[PATH_MAX], each[PATH_MAX];
		if (!joined(from, path, suffixes[i]) || !joined(each, to, suffixes[i]))
			error = UV_ENAMETOOLONG;
		else if (rename(from, each) != 0 && (errno != ENOENT || suffixes[i][0] == '\0'))
			error = -errno;
	}
	if (error)
		return error;
	sync_directory_of(path);
	str_copy(name, cap, to);
	return 0;
}
