/* SPDX-License-Identifier: Apache-2.0
 * What the gateway says to a device process, one function per member of therapy.v1.ToDevice; docs/wire.md says when.
 * All return what wire_send does. On the loop's thread; nothing allocated. */
#ifndef SUPERVISOR_TO_DEVICE_H
#define SUPERVISOR_TO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "therapy/v1/wire.pb-c.h"
#include "wire/wire.h"

/* `generation` counts starts of this device's process. */
int to_device_setup(struct wire *wire, const Therapy__V1__Setup *setup, uint32_t generation);
/* `fd`: the link's descriptor, which stays the caller's; -1: the process makes its own connection. */
int to_device_open(struct wire *wire, int fd);
/* `expires_ms`: CLOCK_BOOTTIME, absolute. `adopt`: what somebody else switched on is kept; nothing is switched. */
int to_device_lease(struct wire *wire, uint16_t control, uint64_t grant, double value, uint64_t expires_ms, bool adopt);
int to_device_off_test(struct wire *wire, uint16_t control, uint64_t grant, uint64_t expires_ms);
int to_device_rest(struct wire *wire, uint16_t control, bool stop);
int to_device_record(struct wire *wire, bool on);
int to_device_setting_kept(struct wire *wire, uint32_t setting);
int to_device_release(struct wire *wire, Therapy__V1__Release *release);
int to_device_ping(struct wire *wire, uint64_t nonce);

#endif
