/* SPDX-License-Identifier: Apache-2.0
 * The gateway: the one place that knows every part and joins them. main.c calls it. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stddef.h>

#include <stdbool.h>

/* Reads the configuration at `path`, lets each device process describe its plugin, compiles the rules, prints every
 * fault on standard error as file:line, and otherwise what the home covers on standard output, for people or as JSON.
 * Exit status: 0, or 1 with a fault. */
int gateway_check(const char *path, bool as_json);

/* Checks it in the same way, then proves or refutes its invariants and these `n_invariants` others, and prints what
 * came of it on standard output (verify/verify.h, docs/verify.md). Exit status: 0 all proved, 1 one is refuted, 3 none
 * is but one is possible, 2 with a fault. */
int gateway_verify(const char *path, const char *const *invariants, size_t n_invariants);

/* Checks first as gateway_check does; then, if there is no fault, runs until SIGTERM or SIGINT. Exit status. */
int gateway_run(const char *path);

#endif
