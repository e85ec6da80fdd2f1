/* SPDX-License-Identifier: Apache-2.0
 * Landlock through its system calls: which files, TCP ports, and other processes a process can still reach. What the
 * kernel does not know yet is left out; a kernel without Landlock restricts nothing. */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum landlock_use { LANDLOCK_READ, LANDLOCK_READ_AND_RUN, LANDLOCK_READ_AND_WRITE };

/* A file, or a folder with all that is in it; one that is not there is skipped. */
struct landlock_path {
	const char *path;
	enum landlock_use use;
};

struct landlock_rules {
	const struct landlock_path *paths;
	size_t n_paths;
	const uint16_t *ports; /* TCP ports that may be connected to; none may be bound */
	size_t n_ports;
	/* It may signal processes from before this call, among them what the kernel sends to its children when it dies.
	 */
	bool signals;
};

/* The version of the kernel's interface; 0: there is none. */
int landlock_version(void);
/* Restricts the calling thread and what it starts. Needs "no new privileges". 0 or a negative UV_E* code. */
int landlock_restrict(const struct landlock_rules *rules);

#endif
