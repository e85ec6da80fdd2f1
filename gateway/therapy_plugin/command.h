/* SPDX-License-Identifier: Apache-2.0
 *
 * command - the commands of therapy-plugin, one file each. Each takes the words behind its name and returns an exit
 * status; what it prints for people goes to standard output, what went wrong to standard error. */
#ifndef THERAPY_PLUGIN_COMMAND_H
#define THERAPY_PLUGIN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "therapy/v1/definition.pb-c.h"

enum { COMMAND_GOOD = 0, COMMAND_FAULT = 1, COMMAND_USAGE = 2 };

int command_bench(int argc, char **argv);
int command_check(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_discover(int argc, char **argv);
int command_new(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_try(int argc, char **argv);

/* Says it on standard error, with the program's name before it; returns COMMAND_USAGE. */
int command_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The path as the loader wants it, with a slash, in `out`; and that there is such a file. One that ends with .cfg is a
 * definition (docs/generic.md), and is read. False, and said why not. */
bool command_plugin_path(const char *given, char *out, size_t size);
/* The definition that command_plugin_path read; NULL: it was the path of a shared object. */
Therapy__V1__Definition *command_definition(void);
/* "500ms", "10s", "2min" or "1h", up to an hour. False if the text is none; said for `option`. */
bool command_duration(const char *option, const char *text, uint64_t *out_ms);
/* A whole number from 0 to `max`. False if the text is none; said for `option`. */
bool command_number(const char *option, const char *text, unsigned long long max, unsigned long long *out);

#endif
