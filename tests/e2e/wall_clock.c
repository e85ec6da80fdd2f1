/* SPDX-License-Identifier: Apache-2.0
 * Preloaded into the gateway, this moves its wall clock, and no other clock, by as many seconds as the file named in
 * WALL_CLOCK holds at that moment. For test_time.py alone. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* NOLINTNEXTLINE: the C library's own prototype */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, clock, out);
	const char *path = getenv("WALL_CLOCK");
	if (result != 0 || clock != CLOCK_REALTIME || !path)
		return result;
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return result;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n > 0)
		out->tv_sec += strtol(text, NULL, 10);
	return result;
}
