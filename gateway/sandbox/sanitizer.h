/* SPDX-License-Identifier: Apache-2.0
 * What a sanitizer must be told before its process is confined; nothing in ordinary builds. */
#ifndef SANDBOX_SANITIZER_H
#define SANDBOX_SANITIZER_H

#include <stdbool.h>

/* This program is one: its kind maps terabytes at the start, so that no limit fits a program that is about to run. */
bool sanitizer_present(void);
void sanitizer_confine(void);

#endif
