/* SPDX-License-Identifier: Apache-2.0
 * The gateway: the one place that knows every part and joins them. main.c calls it. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>

/* Reads the configuration at `path`, lets each device process describe its plugin, compiles the rules, prints every
 * fault on standard error as file:line, and otherwise what the home covers on standard output, for people or as JSON.
 * Exit status: 0, or 1 with a fault. */
int gateway_check(const char *path, bool as_json);

/* The same first; then, if there is no fault, runs until SIGTERM or SIGINT. Exit status. */
int gateway_run(const char *path);

#endif
