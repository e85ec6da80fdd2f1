/* SPDX-License-Identifier: Apache-2.0
 * The edges' only way to the time. Pure code gets it as an argument. Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* CLOCK_BOOTTIME: goes on in suspend, never jumps. Rules, leases and ages use this one. */
uint64_t clock_boot_ms(void);
uint64_t clock_boot_us(void);
/* Wall clock, ms since the Unix epoch. Only for stamps on what leaves. `trusted` (may be NULL) is false while the
 * kernel says that nobody set it (adjtimex: STA_UNSYNC) or it lies before this program was built. */
int64_t clock_wall_ms(bool *trusted);
/* Not before this program was built: a router that was switched on thinks that it is 1970. Pure. */
bool clock_plausible(int64_t wall_ms);
/* The kernel's boot id, 36 characters and a NUL. "unknown" if it cannot be read. */
void clock_boot_id(char out[37]);

#endif
