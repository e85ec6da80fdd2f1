/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "store/lock.h"

#define PATH_BYTES 512u
#define BLOCK      4096u
#define ROOM       4096u /* that a file keeps at least beyond its end: some 40 latches more */

static const char file_name[] = "state", previous_name[] = "state.previous", new_name[] = "state.new",
		  new_previous_name[] = "state.previous.new", spare_name[] = "state.spare";

struct bytes {
	uint8_t *at;
	size_t size, cap;
	uint64_t revision;
	bool full;
};

struct store {
	uv_loop_t *loop;
	struct store_callbacks callbacks;
	char directory[PATH_BYTES];
	uv_work_t work;
	struct bytes writing, waiting; /* the worker's; the loop's */
	bool busy, closing;
	bool first; /* the directory was made by this process, and not read since */
	int lock;   /* -1: not held yet; the loop's until the first write, then the worker's */
	int error;
};

/* ---- read ---- */

/* Makes the directory and those above it. True in *made: there was none. */
static int make_directory(const char *directory, bool *made)
{
	char path[PATH_BYTES];
	if (!str_copy(path, sizeof path, directory))
		return UV_ENAMETOOLONG;
	struct stat s;
	*made = false;
	if (stat(path, &s) == 0)
		return S_ISDIR(s.st_mode) ? 0 : UV_ENOTDIR;
	if (errno != ENOENT)
		return -errno;
	for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return -errno;
	}
	if (mkdir(path, 0700) != 0)
		return -errno;
	*made = true;
	return 0;
}

static int read_copy(int directory, const char *name, const char *gateway_id, struct state *out)
{
	struct stat s;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = -1;
	if (fd < 0)
		return -1;
	uint8_t *bytes = NULL;
	if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0 && s.st_size <= STATE_SIZE_MAX) {
		size_t size = (size_t)s.st_size, n = 0;
		bytes = malloc(size);
		for (ssize_t got = 1; bytes && got > 0 && n<size; n += got> 0 ? (size_t)got : 0)
			got = read(fd, bytes + n, size - n);
		if (bytes && n == size)
			result = state_parse(bytes, size, gateway_id, out);
	}
	free(bytes);
	close(fd);
	return result;
}

static int take(struct store *store, pid_t *holder)
{
	if (store->lock >= 0)
		return 0;
	int fd = lock_take(store->directory, holder);
	if (fd < 0)
		return fd;
	store->lock = fd;
	return 0;
}

int store_take(struct store *store, pid_t *holder)
{
	bool made;
	int error = make_directory(store->directory, &made);
	if (error)
		return error;
	store->first |= made;
	return take(store, holder);
}

int store_read(struct store *store, const char *gateway_id, enum store_found *found, struct state *out)
{
	bool made;
	*out = (struct state){0};
	*found = STORE_LOST;
	int error = make_directory(store->directory, &made);
	if (error)
		return error;
	if (made || store->first) {
		store->first = false;
		*found = STORE_FIRST;
		return 0;
	}
	int fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read_copy(fd, file_name, gateway_id, out) == 0)
		*found = STORE_GOOD;
	else if (read_copy(fd, previous_name, gateway_id, out) == 0)
		*found = STORE_PREVIOUS;
	close(fd);
	return 0;
}

/* ---- written, on the worker's thread ---- */

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	for (size_t n = 0; n < size;) {
		ssize_t put = write(fd, bytes + n, size - n);
		if (put < 0 && errno != EINTR)
			return -errno;
		n += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

/* The space of a file is kept over the writes, so that a disk that is full still takes the next latch: the file that is
 * dropped becomes the next new one and is written over. Only what is too long is cut, and room beyond the end kept
 * again. Where a file system cannot do that, a write needs space as any other. */
static int write_over(int fd, const struct bytes *bytes)
{
	struct stat s;
	if (fstat(fd, &s) != 0)
		return -errno;
	int error = write_all(fd, bytes->at, bytes->size);
	if (!error && s.st_size > (off_t)bytes->size && ftruncate(fd, (off_t)bytes->size) != 0)
		error = -errno;
	if (error)
		return error;
	(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)((bytes->size + ROOM + BLOCK - 1) / BLOCK * BLOCK));
	return fsync(fd) != 0 ? -errno : 0;
}

/* Never a file that has another name as well: what is written over would be that one, too. */
static int open_new(int directory)
{
	struct stat s;
	renameat(directory, spare_name, directory, new_name);
	if (fstatat(directory, new_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && (!S_ISREG(s.st_mode) || s.st_nlink != 1))
		unlinkat(directory, new_name, 0);
	int fd = openat(directory, new_name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

static int write_new(int directory, const struct bytes *bytes)
{
	int fd = open_new(directory);
	if (fd < 0)
		return fd;
	int error = write_over(fd, bytes);
	if (close(fd) != 0 && !error)
		error = -errno;
	return error;
}

/* The copy of before gets a second name before the first is given to the new one, and the copy before that becomes the
 * spare. Where names cannot be shared (FAT) there is neither. */
static void keep_previous(int directory)
{
	unlinkat(directory, new_previous_name, 0);
	if (linkat(directory, file_name, directory, new_previous_name, 0) != 0)
		return;
	unlinkat(directory, spare_name, 0);
	linkat(directory, previous_name, directory, spare_name, 0);
	renameat(directory, new_previous_name, directory, previous_name);
}

/* At the beginning nothing has been dropped yet. */
static void make_spare(int directory, size_t size)
{
	int fd = openat(directory, spare_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)((size + ROOM + BLOCK - 1) / BLOCK * BLOCK)) != 0)
		unlinkat(directory, spare_name, 0); /* the next write tries again */
	close(fd);
}

static int replace_once(const char *path, const struct bytes *bytes)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	int error = write_new(directory, bytes);
	if (!error) {
		keep_previous(directory);
		if (renameat(directory, new_name, directory, file_name) != 0)
			error = -errno;
		make_spare(directory, bytes->size);
		if (!error && fsync(directory) != 0)
			error = -errno;
	}
	close(directory);
	return error;
}

/* The very first time twice: then there are a copy before it and a spare, and no later write needs space. */
static int replace(const char *path, const struct bytes *bytes)
{
	char previous[PATH_BYTES];
	struct str s;
	str_init(&s, previous, sizeof previous);
	str_add(&s, "%s/%s", path, previous_name);
	bool alone = !s.overflow && access(previous, F_OK) != 0;
	int error = replace_once(path, bytes);
	return error || !alone ? error : replace_once(path, bytes);
}

static void work(uv_work_t *request)
{
	struct store *store = request->data;
	pid_t holder;
	store->error = take(store, &holder); /* a disk that was full at the start may have room by now */
	if (!store->error)
		store->error = replace(store->directory, &store->writing);
}

/* ---- on the loop ---- */

static void free_store(struct store *store)
{
	struct store_callbacks callbacks = store->callbacks;
	free(store->writing.at);
	free(store->waiting.at);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
	callbacks.closed(callbacks.user);
}

static void done(uv_work_t *request, int status);

static int begin(struct store *store)
{
	struct bytes swap = store->writing;
	store->writing = store->waiting;
	store->waiting = swap;
	store->waiting.full = false;
	store->work.data = store;
	int error = uv_queue_work(store->loop, &store->work, work, done);
	store->busy = error == 0;
	return error;
}

static void done(uv_work_t *request, int status)
{
	struct store *store = request->data;
	store->busy = false;
	int error = status ? status : store->error;
	store->callbacks.written(store->callbacks.user, store->writing.revision, error);
	if (!store->busy && store->waiting.full)
		begin(store);
	if (!store->busy && store->closing)
		free_store(store);
}

int store_new(uv_loop_t *loop, const char *directory, const struct store_callbacks *callbacks, struct store **out)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return UV_ENOMEM;
	store->loop = loop;
	store->callbacks = *callbacks;
	store->lock = -1;
	if (!str_copy(store->directory, sizeof store->directory, directory)) {
		free(store);
		return UV_ENAMETOOLONG;
	}
	*out = store;
	return 0;
}

int store_write(struct store *store, const uint8_t *bytes, size_t size, uint64_t revision)
{
	struct bytes *w = &store->waiting;
	if (size > w->cap) {
		uint8_t *grown = realloc(w->at, size);
		if (!grown)
			return UV_ENOMEM;
		w->at = grown;
		w->cap = size;
	}
	memcpy(w->at, bytes, size);
	w->size = size;
	w->revision = revision;
	w->full = true;
	return store->busy ? 0 : begin(store);
}

bool store_waits(const struct store *store)
{
	return store->waiting.full;
}

void store_close(struct store *store)
{
	store->closing = true;
	if (!store->busy)
		free_store(store);
}
