/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void faults_add(struct faults *faults, const char *file, unsigned line, const char *format, ...)
{
	if (faults->n == faults->cap) {
		size_t cap = faults->cap ? faults->cap * 2 : 8;
		struct fault *items = realloc(faults->items, cap * sizeof *items);
		if (!items)
			abort(); /* start-up, and nothing is energised yet: a fault that cannot be told must not be
				    passed over */
		faults->items = items;
		faults->cap = cap;
	}
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	va_list args;
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fclose(out);
	faults->items[faults->n++] = (struct fault){.file = file ? strdup(file) : NULL, .line = line, .text = text};
}

void faults_print(const struct faults *faults, FILE *to)
{
	for (size_t i = 0; i < faults->n; i++) {
		const struct fault *f = &faults->items[i];
		if (f->file && f->line)
			fprintf(to, "%s:%u: %s\n", f->file, f->line, f->text);
		else if (f->file)
			fprintf(to, "%s: %s\n", f->file, f->text);
		else
			fprintf(to, "%s\n", f->text);
	}
}

void faults_release(struct faults *faults)
{
	for (size_t i = 0; i < faults->n; i++) {
		free(faults->items[i].file);
		free(faults->items[i].text);
	}
	free(faults->items);
	*faults = (struct faults){0};
}
