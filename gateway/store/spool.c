/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>

#include "base/str.h"

#define FILE_MAX  (16u << 20) /* what a journal of ours can never have grown to */
#define FILE_MODE 0600        /* events tell what somebody does at home */

static const uint8_t magic[4] = {'T', 'G', 'J', '1'};

static void put(uint8_t *at, uint64_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, unsigned n)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

/* Of everything but the magic and itself. */
static uint64_t checksum(const uint8_t *record, size_t size)
{
	return crc32_z(crc32_z(0, record + 4, 4), record + 12, SPOOL_HEADER - 12 + size);
}

size_t spool_pack(const struct spool_item *item, uint8_t *out)
{
	memcpy(out, magic, sizeof magic);
	put(out + 4, item->size, 4);
	out[12] = (uint8_t)item->kind;
	out[13] = item->priority;
	put(out + 14, 0, 2);
	put(out + 16, item->sequence, 8);
	if (item->size > 0)
		memcpy(out + SPOOL_HEADER, item->bytes, item->size);
	put(out + 8, checksum(out, item->size), 4);
	return SPOOL_HEADER + item->size;
}

static bool item_at(const uint8_t *at, size_t left, struct spool_item *out)
{
	if (left < SPOOL_HEADER || memcmp(at, magic, sizeof magic) != 0)
		return false;
	size_t size = (size_t)get(at + 4, 4);
	if (size > left - SPOOL_HEADER)
		return false;
	if (get(at + 8, 4) != checksum(at, size))
		return false;
	*out = (struct spool_item){(enum spool_kind)at[12], at[13], get(at + 16, 8), at + SPOOL_HEADER, size};
	return true;
}

size_t spool_scan(const uint8_t *bytes, size_t size, void *user, void (*take)(void *, const struct spool_item *))
{
	size_t strange = 0;
	for (size_t at = 0; at < size;) {
		struct spool_item item;
		if (item_at(bytes + at, size - at, &item)) {
			take(user, &item);
			at += SPOOL_HEADER + item.size;
		} else {
			at++;
			strange++;
		}
	}
	return strange;
}

int spool_read(const char *path, uint8_t **bytes, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	struct stat st;
	int rc = fstat(fd, &st) != 0 ? uv_translate_sys_error(errno) : !S_ISREG(st.st_mode) ? UV_EINVAL : 0;
	if (rc == 0 && st.st_size > FILE_MAX)
		rc = UV_EFBIG;
	uint8_t *buffer = rc == 0 ? malloc((size_t)st.st_size + 1) : NULL;
	if (rc == 0 && !buffer)
		rc = UV_ENOMEM;
	size_t n = 0;
	while (rc == 0 && n < (size_t)st.st_size) {
		ssize_t got = read(fd, buffer + n, (size_t)st.st_size - n);
		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			rc = uv_translate_sys_error(errno);
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (rc != 0) {
		free(buffer);
		return rc;
	}
	*bytes = buffer;
	*size = n;
	return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return uv_translate_sys_error(errno);
		bytes += n;
		size -= (size_t)n;
	}
	return fdatasync(fd) == 0 ? 0 : uv_translate_sys_error(errno);
}

static int write_file(const char *path, int flags, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, FILE_MODE);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	int rc = write_all(fd, bytes, size);
	if (close(fd) != 0 && rc == 0)
		rc = uv_translate_sys_error(errno);
	return rc;
}

int spool_append(const char *path, const uint8_t *bytes, size_t size)
{
	return write_file(path, O_APPEND, bytes, size); /* replace makes it: its name must be on disk too */
}

static int sync_directory(const char *path)
{
	char copy[PATH_MAX];
	if (!str_copy(copy, sizeof copy, path))
		return UV_ENAMETOOLONG;
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	int rc = fsync(fd) == 0 ? 0 : uv_translate_sys_error(errno);
	close(fd);
	return rc;
}

int spool_replace(const char *path, const uint8_t *bytes, size_t size)
{
	char fresh[PATH_MAX];
	struct str s;
	str_init(&s, fresh, sizeof fresh);
	str_add(&s, "%s.new", path);
	if (s.overflow)
		return UV_ENAMETOOLONG;
	int rc = write_file(fresh, O_CREAT | O_TRUNC, bytes, size);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = uv_translate_sys_error(errno);
	if (rc != 0)
		(void)unlink(fresh);
	return rc == 0 ? sync_directory(path) : rc;
}
