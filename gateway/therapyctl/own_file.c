/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "therapyctl/talk.h"

static bool write_all(int fd, const struct text *content)
{
	for (size_t at = 0; at < content->len;) {
		ssize_t n = write(fd, content->at + at, content->len - at);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int say_unwritable(const char *command, const char *file, int error)
{
	fprintf(stderr,
		"therapyctl: %s: %s cannot be written: %s; expected a file in a directory that you may write to, "
		"or - for standard output\n",
		command, file, strerror(error));
	return REFUSED;
}

static int write_file(const char *command, const char *file, const struct text *content)
{
	char beside[PATH_MAX];
	struct str s;
	str_init(&s, beside, sizeof beside);
	str_add(&s, "%s.XXXXXX", file);
	int fd = s.overflow ? -1 : mkostemp(beside, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return say_unwritable(command, file, s.overflow ? ENAMETOOLONG : errno);
	bool written = write_all(fd, content) && fsync(fd) == 0;
	int error = errno;
	if (close(fd) != 0 && written) {
		written = false;
		error = errno;
	}
	if (written && rename(beside, file) != 0) {
		written = false;
		error = errno;
	}
	if (written)
		return DONE;
	unlink(beside);
	return say_unwritable(command, file, error);
}

int own_file_put(const char *command, const char *file, const struct text *content)
{
	if (content->failed) {
		fprintf(stderr, "therapyctl: %s: no memory for all of it\n", command);
		return REFUSED;
	}
	if (strcmp(file, "-") != 0)
		return write_file(command, file, content);
	return write_all(STDOUT_FILENO, content) ? DONE : say_unwritable(command, "standard output", errno);
}
