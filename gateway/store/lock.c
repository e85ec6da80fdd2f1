/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/str.h"

#define LINE 16 /* bytes, always as many: an id over an older one then needs no space on a full disk */

static pid_t read_holder(int fd)
{
	char line[LINE + 1] = "";
	ssize_t n = pread(fd, line, LINE, 0);
	return n > 0 ? (pid_t)strtol(line, NULL, 10) : 0;
}

/* Only for the sentence that the second one prints. */
static void write_holder(int fd)
{
	char line[LINE + 1];
	snprintf(line, sizeof line, "%-*ld\n", LINE - 1, (long)getpid());
	if (pwrite(fd, line, LINE, 0) != LINE && ftruncate(fd, 0) != 0)
		return; /* then an old one is named */
}

int lock_take(const char *directory, pid_t *holder)
{
	char path[512];
	struct str s;
	str_init(&s, path, sizeof path);
	str_add(&s, "%s/lock", directory);
	if (s.overflow)
		return UV_ENAMETOOLONG;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno == EWOULDBLOCK ? UV_EBUSY : uv_translate_sys_error(errno);
		if (error == UV_EBUSY)
			*holder = read_holder(fd);
		close(fd);
		return error;
	}
	write_holder(fd);
	return fd;
}
