/* SPDX-License-Identifier: Apache-2.0
 * Faults in what the user wrote, gathered so that all are told at once: "file:line: what, and what was expected".
 * One thread; allocates (start-up only). */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stddef.h>
#include <stdio.h>

struct fault {
	char *file; /* NULL: no file is to blame */
	unsigned line;
	char *text;
};

struct faults {
	struct fault *items;
	size_t n, cap;
};

/* Adds a fault at file:line (file may be NULL, line 0: unknown). The text says what was found and what was expected. */
void faults_add(struct faults *faults, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One line each on `to`. */
void faults_print(const struct faults *faults, FILE *to);
/* Frees what was added; the struct is empty and usable again. */
void faults_release(struct faults *faults);

#endif
