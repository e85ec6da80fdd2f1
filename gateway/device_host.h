/* SPDX-License-Identifier: Apache-2.0
 * A device process as a whole: the second wiring of this program (gateway.c is the first). One loop, one watchdog, one
 * sandbox, and a struct device_process for each of its devices, of which there are several where the configuration
 * names one `process` for them. */
#ifndef DEVICE_HOST_H
#define DEVICE_HOST_H

/* Its loop moves three times in this, or the kernel ends it: also while it, or the gateway, is stopped. */
#define DEVICE_HOST_WATCHDOG_MS 3000u
/* Devices of one process. Each has a wire and a link, and a process without special rights has 1,024 descriptors. */
#define DEVICE_HOST_MAX 250u

/* `device-process NAME [WIRES]`, as the supervisor starts it: WIRES, 1 unless given, are the gateway's sockets on
 * descriptor 3 and those after it. Runs until they have closed and every device is at rest. Returns the exit status. */
int device_host_main(int argc, char **argv);

#endif
