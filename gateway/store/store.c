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

#define PATH_BYTES 512u

static const char file_name[] = "state", previous_name[] = "state.previous", new_name[] = "state.new",
		  new_previous_name[] = "state.previous.new";

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

int store_read(const char *directory, const char *gateway_id, enum store_found *found, struct state *out)
{
	bool made;
	*out = (struct state){0};
	*found = STORE_LOST;
	int error = make_directory(directory, &made);
	if (error)
		return error;
	if (made) {
		*found = STORE_FIRST;
		return 0;
	}
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static int write_new(int directory, const struct bytes *bytes)
{
	int fd = openat(directory, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int error = write_all(fd, bytes->at, bytes->size);
	if (!error && fsync(fd) != 0)
		error = -errno;
	if (close(fd) != 0 && !error)
		error = -errno;
	return error;
}

/* The copy of before gets a second name before the first is given to the new one. Where names cannot be shared (FAT)
 * there is no copy. */
static void keep_previous(int directory)
{
	unlinkat(directory, new_previous_name, 0);
	if (linkat(directory, file_name, directory, new_previous_name, 0) == 0)
		renameat(directory, new_previous_name, directory, previous_name);
}

static int replace(const char *path, const struct bytes *bytes)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	int error = write_new(directory, bytes);
	if (!error) {
		keep_previous(directory);
		if (renameat(directory, new_name, directory, file_name) != 0 || fsync(directory) != 0)
			error = -errno;
	} else {
		unlinkat(directory, new_name, 0); /* what fills a disk is not ours to keep */
	}
	close(directory);
	return error;
}

static void work(uv_work_t *request)
{
	struct store *store = request->data;
	store->error = replace(store->directory, &store->writing);
}

/* ---- on the loop ---- */

static void free_store(struct store *store)
{
	struct store_callbacks callbacks = store->callbacks;
	free(store->writing.at);
	free(store->waiting.at);
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

void store_close(struct store *store)
{
	store->closing = true;
	if (!store->busy)
		free_store(store);
}
