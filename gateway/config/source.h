/* SPDX-License-Identifier: Apache-2.0
 * The text of one configuration file, read once and looked over before libconfig sees it, for what libconfig tells
 * badly or not at all: a bracket that is never closed, numbers that it would turn into others without a word
 * (5000000000 becomes 705032704, 1e999 infinity), and sizes at which it would take minutes. Start-up only, one thread.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "config/arena.h"

/* Bounds of what is read. Ours nests four deep and the longest group has 12 members; libconfig takes time by the square
 * of a group's members and of a string's length. */
#define SOURCE_SIZE_MAX      (8u << 20)
#define SOURCE_STRING_MAX    4096u
#define SOURCE_MEMBERS_MAX   256u
#define SOURCE_DEPTH_MAX     16u
#define SOURCE_OVERFLOWS_MAX 100u /* numbers too large; then it is no configuration */

struct source {
	const char *file;
	char *text;
	size_t size;
	mode_t mode; /* its permissions */
};

/* Reads a whole regular file of at most `max` bytes into the arena, without waiting on a pipe or device. 0, or -1 with
 * a reason in `why`. */
int source_read(struct arena *arena, const char *file, size_t max, struct source *out, char why[256]);
/* Looks the text over. Adds every fault; false if libconfig should not be given it at all. */
bool source_check(const struct source *source, struct faults *faults);
/* What one line says up to its first quote, for fault texts. Never what is quoted, and nothing of a line that has to do
 * with a password: fault texts end up in logs. */
void source_line(const struct source *source, unsigned line, char *out, size_t cap);

#endif
