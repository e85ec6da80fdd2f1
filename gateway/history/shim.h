/* SPDX-License-Identifier: Apache-2.0
 *
 * shim - a thin VFS of SQLite over the system's own: counts the bytes that are written, and lets a test stand between
 * SQLite and the disk. One per database and in its memory; it must not move while registered. It has no shared memory
 * (a WAL's -shm file): the kernel would write those pages out, too, and one process alone needs none.
 */
#ifndef HISTORY_SHIM_H
#define HISTORY_SHIM_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>

enum shim_op { SHIM_WRITE, SHIM_SYNC, SHIM_TRUNCATE, SHIM_REMOVE };

struct shim_call {
	enum shim_op op;
	const char *path;
	int64_t at;        /* WRITE: offset; TRUNCATE: the new size */
	const void *bytes; /* WRITE */
	int size;          /* WRITE */
};

/* For tests; on the worker's thread. */
struct shim_hook {
	void *user;
	/* Before each call. 0, or the SQLite code that it fails with, undone. */
	int (*before)(void *user, const struct shim_call *call);
	void (*after)(void *user, const struct shim_call *call);
};

struct shim {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	char name[40]; /* that sqlite3_open_v2 is given */
	struct shim_hook hook;
	int system_error; /* errno of the last read, write or sync that failed: SQLite loses that of a COMMIT */
	_Atomic uint64_t written;
};

/* 0 or an SQLite code. `hook` may be NULL. */
int shim_register(struct shim *shim, const struct shim_hook *hook);
void shim_unregister(struct shim *shim);

#endif
