/* SPDX-License-Identifier: Apache-2.0 */
#include "history/shim.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The system's own file follows in the same memory, which SQLite allocates (szOsFile). */
struct shim_file {
	sqlite3_file base;
	struct shim *shim;
	const char *path; /* SQLite keeps it while the file is open */
};

static struct shim_file *ours(sqlite3_file *file)
{
	return (struct shim_file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)(ours(file) + 1);
}

static int before(struct shim *shim, const struct shim_call *call)
{
	return shim->hook.before ? shim->hook.before(shim->hook.user, call) : SQLITE_OK;
}

static int after(struct shim *shim, const struct shim_call *call, int rc)
{
	if (rc == SQLITE_OK && shim->hook.after)
		shim->hook.after(shim->hook.user, call);
	return rc;
}

static int noted(struct shim *shim, int rc)
{
	if ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_SHORT_READ)
		shim->system_error = errno;
	return rc;
}

/* ---- a file ---- */

static int file_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *buffer, int size, sqlite3_int64 at)
{
	return noted(ours(file)->shim, real(file)->pMethods->xRead(real(file), buffer, size, at));
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
	struct shim *shim = ours(file)->shim;
	struct shim_call call = {SHIM_WRITE, ours(file)->path, at, bytes, size};
	int rc = before(shim, &call);
	if (rc == SQLITE_OK)
		rc = noted(shim, real(file)->pMethods->xWrite(real(file), bytes, size, at));
	if (rc == SQLITE_OK)
		atomic_fetch_add_explicit(&shim->written, (uint64_t)size, memory_order_relaxed);
	return after(shim, &call, rc);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim *shim = ours(file)->shim;
	struct shim_call call = {SHIM_TRUNCATE, ours(file)->path, size, NULL, 0};
	int rc = before(shim, &call);
	if (rc == SQLITE_OK)
		rc = noted(shim, real(file)->pMethods->xTruncate(real(file), size));
	return after(shim, &call, rc);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct shim *shim = ours(file)->shim;
	struct shim_call call = {SHIM_SYNC, ours(file)->path, 0, NULL, 0};
	int rc = before(shim, &call);
	if (rc == SQLITE_OK)
		rc = noted(shim, real(file)->pMethods->xSync(real(file), flags));
	return after(shim, &call, rc);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
	return real(file)->pMethods->xFileControl(real(file), op, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int file_traits(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory, no mapped pages */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *out_flags)
{
	struct shim *shim = vfs->pAppData;
	struct shim_file *f = ours(file);
	f->base.pMethods = NULL; /* what SQLite closes is what has methods */
	f->shim = shim;
	f->path = path ? path : "";
	int rc = shim->real->xOpen(shim->real, path, real(file), flags, out_flags);
	if (real(file)->pMethods)
		f->base.pMethods = &methods;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
	struct shim *shim = vfs->pAppData;
	struct shim_call call = {SHIM_REMOVE, path, 0, NULL, 0};
	int rc = before(shim, &call);
	return after(shim, &call, rc ? rc : shim->real->xDelete(shim->real, path, sync_directory));
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	struct shim *shim = vfs->pAppData;
	return shim->real->xAccess(shim->real, path, flags, out);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	struct shim *shim = vfs->pAppData;
	return shim->real->xFullPathname(shim->real, path, size, out);
}

int shim_register(struct shim *shim, const struct shim_hook *hook)
{
	shim->real = sqlite3_vfs_find(NULL);
	if (!shim->real)
		return SQLITE_ERROR;
	/* Time, randomness and sleep are the system's own, which do not look at whose they are. */
	shim->vfs = *shim->real;
	shim->vfs.pNext = NULL;
	shim->vfs.pAppData = shim;
	shim->vfs.szOsFile = (int)sizeof(struct shim_file) + shim->real->szOsFile;
	shim->vfs.xOpen = vfs_open;
	shim->vfs.xDelete = vfs_delete;
	shim->vfs.xAccess = vfs_access;
	shim->vfs.xFullPathname = vfs_full_path;
	snprintf(shim->name, sizeof shim->name, "history-%p", (void *)shim);
	shim->vfs.zName = shim->name;
	shim->hook = hook ? *hook : (struct shim_hook){0};
	return sqlite3_vfs_register(&shim->vfs, 0);
}

void shim_unregister(struct shim *shim)
{
	sqlite3_vfs_unregister(&shim->vfs);
}
