/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

/* What kernels after the header that we are built with know; the numbers are the kernel's. */
#define FS_REFER          (UINT64_C(1) << 13) /* version 2 */
#define FS_TRUNCATE       (UINT64_C(1) << 14) /* 3 */
#define FS_IOCTL_DEV      (UINT64_C(1) << 15) /* 5 */
#define NET_BIND_TCP      (UINT64_C(1) << 0)  /* 4 */
#define NET_CONNECT_TCP   (UINT64_C(1) << 1)
#define RULE_NET_PORT     2
#define SCOPE_ABSTRACT    (UINT64_C(1) << 0) /* 6: Unix sockets without a file ... */
#define SCOPE_SIGNAL      (UINT64_C(1) << 1) /* ... and signals to who is not restricted like this */
#define FS_ALL_OF_FIRST   ((UINT64_C(1) << 13) - 1)
#define FS_READ           (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_READ_AND_RUN   (FS_READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define FS_READ_AND_WRITE (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_OF_FILES                                                                                                    \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE)

struct ruleset {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t access, port;
};

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return version > 0 ? (int)version : 0;
}

/* Everything that this version can deny, and how long its ruleset is. */
static size_t handled(int version, struct ruleset *out)
{
	*out = (struct ruleset){.fs = FS_ALL_OF_FIRST};
	if (version >= 2)
		out->fs |= FS_REFER;
	if (version >= 3)
		out->fs |= FS_TRUNCATE;
	if (version >= 5)
		out->fs |= FS_IOCTL_DEV;
	if (version < 4)
		return sizeof out->fs;
	out->net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (version < 6)
		return sizeof out->fs + sizeof out->net;
	out->scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return sizeof *out;
}

static int add_path(int ruleset, uint64_t handled_fs, const struct landlock_path *path)
{
	static const uint64_t uses[] = {[LANDLOCK_READ] = FS_READ,
					[LANDLOCK_READ_AND_RUN] = FS_READ_AND_RUN,
					[LANDLOCK_READ_AND_WRITE] = FS_READ_AND_WRITE};
	int fd = open(path->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return 0; /* not there, or not ours to see: then it cannot be used either */
	struct stat st;
	uint64_t access = uses[path->use] & handled_fs;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access &= FS_OF_FILES;
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
	long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = rc == 0 ? 0 : uv_translate_sys_error(errno);
	close(fd);
	return error;
}

static int fill(int ruleset, const struct ruleset *handled, const struct landlock_rules *rules)
{
	int error = 0;
	for (size_t i = 0; i < rules->n_paths && error == 0; i++)
		error = add_path(ruleset, handled->fs, &rules->paths[i]);
	for (size_t i = 0; i < rules->n_ports && handled->net && error == 0; i++) {
		struct port_rule rule = {NET_CONNECT_TCP, rules->ports[i]};
		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) != 0)
			error = uv_translate_sys_error(errno);
	}
	if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		error = uv_translate_sys_error(errno);
	return error;
}

int landlock_restrict(const struct landlock_rules *rules)
{
	int version = landlock_version();
	if (version == 0)
		return 0;
	struct ruleset all;
	size_t size = handled(version, &all);
	if (rules->signals && size == sizeof all)
		all.scoped &= ~(uint64_t)SCOPE_SIGNAL;
	long ruleset = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (ruleset < 0)
		return uv_translate_sys_error(errno);
	int error = fill((int)ruleset, &all, rules);
	close((int)ruleset);
	return error;
}
