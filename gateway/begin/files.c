/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum { FILE_MOST = 1 << 20 };

static bool failed(char *why, size_t size, const char *path)
{
	snprintf(why, size, "%s: %s", path, strerror(errno));
	return false;
}

static void folder_of(const char *path, char out[PATH_MAX])
{
	char copy[PATH_MAX];
	(void)str_copy(copy, sizeof copy, path);
	(void)str_copy(out, PATH_MAX, dirname(copy));
}

bool files_find(struct files *f, const char *file, bool *there, char *why, size_t why_size)
{
	char folder[PATH_MAX];
	*f = (struct files){0};
	*there = access(file, F_OK) == 0;
	if (*there ? !realpath(file, f->place) : !str_copy(f->place, sizeof f->place, file))
		return failed(why, why_size, file);
	folder_of(f->place, folder);
	if (!*there && access(folder, F_OK) != 0) {
		if (mkdir(folder, 0755) != 0)
			return failed(why, why_size, folder);
		(void)str_copy(f->made, sizeof f->made, folder);
	}
	struct stat is;
	if (stat(folder, &is) == 0 && !S_ISDIR(is.st_mode)) {
		errno = ENOTDIR;
		return failed(why, why_size, folder);
	}
	return access(folder, W_OK) == 0 || failed(why, why_size, folder);
}

char *files_read(const struct files *f, char *why, size_t why_size)
{
	char *text = calloc(1, FILE_MOST + 1);
	int fd = open(f->place, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	if (text && fd >= 0)
		n = read(fd, text, FILE_MOST);
	if (n < 0)
		failed(why, why_size, f->place);
	if (fd >= 0)
		close(fd);
	if (n >= 0 && strlen(text) == (size_t)n && n < FILE_MOST)
		return text;
	if (n >= 0)
		snprintf(why, why_size, "%s is no text, or longer than 1 MiB", f->place);
	free(text);
	return NULL;
}

/* A new file with that in it, on the disk. */
static bool put(const char *path, const char *text, mode_t mode, const struct stat *like, char *why, size_t why_size)
{
	size_t size = strlen(text), at = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failed(why, why_size, path);
	bool ok = !like || fchown(fd, like->st_uid, like->st_gid) == 0 || geteuid() != 0;
	ok = ok && fchmod(fd, mode) == 0;
	while (ok && at < size) {
		ssize_t n = write(fd, text + at, size - at);
		if (n < 0 && errno == EINTR)
			continue;
		ok = n > 0;
		at += ok ? (size_t)n : 0;
	}
	ok = ok && fsync(fd) == 0;
	if (!ok) {
		failed(why, why_size, path);
		unlink(path);
	}
	close(fd);
	return ok;
}

bool files_secret(struct files *f, enum files_secret which, const char *secret, char name[64], char *why,
		  size_t why_size)
{
	static const char *const names[] = {"mqtt-password", "page-token"};
	char folder[PATH_MAX], path[PATH_MAX], line[1100];
	folder_of(f->place, folder);
	snprintf(line, sizeof line, "%s\n", secret);
	for (unsigned i = 1; i < 100; i++) { /* one that is there may be of another configuration */
		struct str s;
		if (i == 1)
			snprintf(name, 64, "%s", names[which]);
		else
			snprintf(name, 64, "%s-%u", names[which], i);
		str_init(&s, path, sizeof path);
		str_add(&s, "%s/%s", folder, name);
		if (s.overflow || access(path, F_OK) == 0)
			continue;
		if (!put(path, line, 0600, NULL, why, why_size))
			return false;
		(void)str_copy(f->secrets[which], sizeof f->secrets[which], path);
		return true;
	}
	snprintf(why, why_size, "%s has a hundred files %s-...", folder, names[which]);
	return false;
}

/* They stay, or are gone already. */
static void forget(struct files *f)
{
	f->fresh[0] = f->secrets[FILES_PASSWORD][0] = f->secrets[FILES_TOKEN][0] = f->made[0] = '\0';
}

bool files_write(struct files *f, const char *text, char *why, size_t why_size)
{
	char path[PATH_MAX];
	struct stat was;
	bool there = stat(f->place, &was) == 0;
	struct str s;
	str_init(&s, path, sizeof path);
	str_add(&s, "%s.setup-%d", f->place, (int)getpid());
	if (s.overflow || !put(path, text, there ? was.st_mode & 0777 : 0644, there ? &was : NULL, why, why_size))
		return false;
	(void)str_copy(f->fresh, sizeof f->fresh, path);
	return true;
}

bool files_take(struct files *f, char *why, size_t why_size)
{
	char before[PATH_MAX], folder[PATH_MAX];
	struct str s;
	str_init(&s, before, sizeof before);
	str_add(&s, "%s.before", f->place);
	if (access(f->place, F_OK) == 0 && !s.overflow) {
		unlink(before);
		if (link(f->place, before) != 0)
			return failed(why, why_size, before);
	}
	if (rename(f->fresh, f->place) != 0)
		return failed(why, why_size, f->place);
	forget(f);
	folder_of(f->place, folder);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	return true;
}

void files_drop(struct files *f)
{
	if (f->fresh[0])
		unlink(f->fresh);
	for (size_t i = 0; i < sizeof f->secrets / sizeof *f->secrets; i++)
		if (f->secrets[i][0])
			unlink(f->secrets[i]);
	if (f->made[0])
		rmdir(f->made);
	forget(f);
}
