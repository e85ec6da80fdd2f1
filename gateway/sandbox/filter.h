/* SPDX-License-Identifier: Apache-2.0
 * The seccomp filters: which system calls which part of a device's life may make. They add up; the strictest answer
 * holds. Each applies to the calling thread and what it starts. 0 or a negative UV_E* code. */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>

#include "sandbox/sandbox.h"

bool filter_available(void);
/* While the plugin is loaded and for ever after. `network`: it will make its own connection, with threads. `program`:
 * the one process that may be killed; 0: none. */
int filter_begin(bool network, pid_t program);
/* For the thread that loads a plugin into a process with a network. */
int filter_load(void);
/* The allow-list. */
int filter_confine(enum sandbox_kind kind, pid_t program);
int filter_program(void);

#endif
