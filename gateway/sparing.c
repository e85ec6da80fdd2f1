/* SPDX-License-Identifier: Apache-2.0 */
#include "sparing.h"

#include <malloc.h>

/* There is one of these per device. Tables of some tens of kilobytes that are mostly zero are mapped, so that pages
 * that nobody writes cost nothing; the threads of an MQTT device share one heap. */
void sparing_begin(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 * 1024);
	mallopt(M_TRIM_THRESHOLD, 32 * 1024);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_ARENA_MAX, 1);
#endif
}
