/* SPDX-License-Identifier: Apache-2.0 */
#include "announced_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define SIZE_MAX_READ (4u * 1024 * 1024) /* a thousand devices take some 300 kB */

void announced_file_init(struct announced_file *file, uv_loop_t *loop, const char *directory)
{
	struct str path, new_path;
	*file = (struct announced_file){.loop = loop};
	str_init(&path, file->path, sizeof file->path);
	str_init(&new_path, file->new_path, sizeof file->new_path);
	if (directory) {
		str_add(&path, "%s/announced.json", directory);
		str_add(&new_path, "%s/announced.new", directory);
	}
	if (path.overflow || new_path.overflow)
		file->path[0] = '\0';
}

char *announced_file_read(const struct announced_file *file)
{
	int fd = file->path[0] ? open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0)
		return NULL;
	off_t end = lseek(fd, 0, SEEK_END);
	char *text = end > 0 && end <= SIZE_MAX_READ ? malloc((size_t)end + 1) : NULL;
	ssize_t n = text ? pread(fd, text, (size_t)end, 0) : -1;
	close(fd);
	if (!text || n != end) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static int write_whole(const struct announced_file *file)
{
	size_t size = strlen(file->writing);
	int fd = open(file->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), error = 0;
	if (fd < 0)
		return -errno;
	for (size_t n = 0; n < size && !error;) {
		ssize_t put = write(fd, file->writing + n, size - n);
		if (put < 0 && errno != EINTR)
			error = -errno;
		n += put > 0 ? (size_t)put : 0;
	}
	if (!error && fsync(fd) != 0)
		error = -errno;
	close(fd);
	if (!error && rename(file->new_path, file->path) != 0)
		error = -errno;
	return error;
}

static void work(uv_work_t *request)
{
	struct announced_file *file = request->data;
	file->error = write_whole(file);
}

static void begin(struct announced_file *file);

static void done(uv_work_t *request, int status)
{
	struct announced_file *file = request->data;
	if (status != 0 || file->error != 0)
		log_warn("mqtt",
			 "%s cannot be written: %s; a device that is taken out of the configuration may stay in Home "
			 "Assistant",
			 file->path, uv_strerror(status != 0 ? status : file->error));
	free(file->writing);
	file->writing = NULL;
	begin(file);
}

static void begin(struct announced_file *file)
{
	if (file->writing || !file->waiting)
		return;
	file->writing = file->waiting;
	file->waiting = NULL;
	file->work.data = file;
	if (uv_queue_work(file->loop, &file->work, work, done) != 0) {
		free(file->writing);
		file->writing = NULL;
	}
}

void announced_file_write(struct announced_file *file, const char *text)
{
	if (!file->path[0])
		return;
	free(file->waiting);
	file->waiting = strdup(text);
	begin(file);
}
