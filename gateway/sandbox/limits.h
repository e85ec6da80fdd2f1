/* SPDX-License-Identifier: Apache-2.0
 * Resource limits of a process that runs foreign code. Soft and hard: they are not moved again. */
#ifndef SANDBOX_LIMITS_H
#define SANDBOX_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct limits {
	uint64_t memory_mb;   /* of writable memory, beyond what the process has mapped already if `relative`; 0: any */
	bool relative;        /* false: of the program that is about to be run in its place */
	unsigned descriptors; /* open at a time */
	bool threads;         /* it may start some; else the user's processes count as used up (does not bind root) */
};

/* No core dump, and those. 0 or a negative UV_E* code. */
int limits_set(const struct limits *limits);

#endif
