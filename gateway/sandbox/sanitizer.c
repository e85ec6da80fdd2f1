/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sanitizer.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <stdint.h>
#include <unistd.h>

static int confined;

/* Looking for leaks at the end takes a second process that stops and reads this one: just what is denied. */
int __lsan_is_turned_off(void)
{
	return confined;
}

/* Freed memory that ASan keeps back, 256 MB of it unless told, would count as the plugin's. */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

bool sanitizer_present(void)
{
	return true;
}

void sanitizer_confine(void)
{
	confined = 1;
	/* a report could not be written to a file of its own */
	__sanitizer_set_report_fd((void *)(intptr_t)STDERR_FILENO);
	__sanitizer_sandbox_arguments arguments = {.coverage_fd = -1};
	__sanitizer_sandbox_on_notify(&arguments); /* reads /proc/self/maps while it can */
}
#else
bool sanitizer_present(void)
{
	return false;
}

void sanitizer_confine(void)
{
}
#endif
