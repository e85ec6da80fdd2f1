/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

/* Private writable memory as RLIMIT_DATA counts it. That, not the address space: a sanitizer reserves terabytes of it,
 * a program's files and libraries count too, and neither is what eats a router. 0: not known. */
static uint64_t mapped_bytes(void)
{
	char line[128];
	unsigned long long kb = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmData: %llu kB", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return kb * 1024u;
}

/* glibc has an enum where POSIX has an int. */
#ifdef __GLIBC__
typedef __rlimit_resource_t resource_id;
#else
typedef int resource_id;
#endif

static int set(resource_id resource, uint64_t value)
{
	struct rlimit now;
	if (getrlimit(resource, &now) != 0)
		return uv_translate_sys_error(errno);
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max; /* whoever started us was stricter */
	struct rlimit limit = {value, value};
	return setrlimit(resource, &limit) == 0 ? 0 : uv_translate_sys_error(errno);
}

int limits_set(const struct limits *limits)
{
	uint64_t memory = limits->memory_mb << 20;
	if (limits->relative)
		memory += mapped_bytes();
	int error = set(RLIMIT_CORE, 0);
	if (!error)
		error = set(RLIMIT_NOFILE, limits->descriptors);
	if (!error && !limits->threads)
		error = set(RLIMIT_NPROC, 0);
	if (!error && limits->memory_mb)
		error = set(RLIMIT_DATA, memory);
	return error;
}
