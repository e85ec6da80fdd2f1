/* SPDX-License-Identifier: Apache-2.0
 * One gateway a directory: the file `lock` in it, held for as long as the process lives. The kernel lets go of it
 * however the process ends, and no program that it starts inherits it. Any thread. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <sys/types.h>

/* A descriptor to keep open, or a negative UV_E* code. UV_EBUSY: another process holds it, *holder is its id (0: it did
 * not say). */
int lock_take(const char *directory, pid_t *holder);

#endif
