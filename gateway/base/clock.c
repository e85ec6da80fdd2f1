/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

/* 2026-01-01T00:00:00Z: no copy of this program is older, so an earlier clock was never set. */
#define EARLIEST_S 1767225600

uint64_t clock_boot_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t clock_boot_ms(void)
{
	return clock_boot_us() / 1000u;
}

int64_t clock_wall_ms(bool *trusted)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (trusted) {
		struct timex x = {0};
		*trusted = adjtimex(&x) >= 0 && !(x.status & STA_UNSYNC) && t.tv_sec >= EARLIEST_S;
	}
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool clock_plausible(int64_t wall_ms)
{
	return wall_ms / 1000 >= EARLIEST_S;
}

void clock_boot_id(char out[37])
{
	memcpy(out, "unknown", sizeof "unknown");
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (!f)
		return;
	char line[64];
	if (fgets(line, sizeof line, f) && strlen(line) >= 36) {
		memcpy(out, line, 36);
		out[36] = '\0';
	}
	fclose(f);
}
