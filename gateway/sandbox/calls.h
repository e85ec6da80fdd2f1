/* SPDX-License-Identifier: Apache-2.0
 * System calls by what they are for, as NULL-terminated lists of names; one that this machine or libseccomp does not
 * know is skipped. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

extern const char *const calls_network[];  /* new ways out */
extern const char *const calls_process[];  /* other programs and processes; clone and clone3 are treated apart */
extern const char *const calls_signal[];   /* to others; kill, and tgkill to itself (abort()), are treated apart */
extern const char *const calls_inspect[];  /* other processes' memory and descriptors */
extern const char *const calls_machine[];  /* what an administrator does */
extern const char *const calls_alter[];    /* files: make, remove, rename, change */
extern const char *const calls_around[];   /* ways to do any of these that a filter could not see */
extern const char *const calls_ordinary[]; /* the allow-list of every confined process */
extern const char *const calls_connect[];  /* beyond that, what one MQTT connection needs */

#endif
