/* SPDX-License-Identifier: Apache-2.0
 * The device process: the second wiring of this program (gateway.c is the first). It joins the pure device machine to
 * its wire, its plugin and its link, and decides nothing itself. */
#ifndef DEVICE_PROCESS_H
#define DEVICE_PROCESS_H

/* Its loop moves three times in this, or the kernel ends it: also while it, or the gateway, is stopped. */
#define DEVICE_PROCESS_WATCHDOG_MS 3000u

/* Runs until the gateway's socket on descriptor 3 closes and the device is at rest. Returns the exit status. */
int device_process_main(void);

#endif
