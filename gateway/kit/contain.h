/* SPDX-License-Identifier: Apache-2.0
 *
 * contain - runs work that calls a plugin in a child process, so that whatever the plugin does is found out and not
 * suffered: it crashes, hangs, ends its process, eats memory, calls what it may not, prints. The child reports in lines
 * of text. Blocks until the child is gone; the parent must have one thread.
 */
#ifndef KIT_CONTAIN_H
#define KIT_CONTAIN_H

#include <stdio.h>

#include "base/str.h"
#include "kit/note.h"

enum {
	CONTAIN_HANG_MS = 2000,   /* one call of a plugin; what it may take is a thousandth of that */
	CONTAIN_WHOLE_MS = 60000, /* all of the work */
	CONTAIN_MEMORY_MB = 512,  /* resident */
};

struct contain_work {
	void (*run)(void *user, FILE *report);          /* in the child */
	void (*line)(void *listener, const char *line); /* in the parent: each line of the report, without its end */
	void *user, *listener;
};

enum contained_end {
	CONTAINED_DONE,
	CONTAINED_SIGNAL,
	CONTAINED_EXIT,
	CONTAINED_HUNG,
	CONTAINED_SLOW,
	CONTAINED_GREEDY,
	CONTAINED_ERROR
};

struct contained {
	enum contained_end end;
	int number;     /* of the signal, the exit status or the errno */
	size_t printed; /* bytes on standard output and error, where a plugin has no business */
	char said[600]; /* the first of them, printable */
};

/* Memory that parent and children share, zeroed; NULL: none left. */
struct note *note_new(void);
void note_free(struct note *note);

void contain(struct note *note, const struct contain_work *work, struct contained *out);
/* One sentence about an end other than DONE: in which function, with which input. */
void contain_explain(const struct note *note, const struct contained *end, struct str *out);

#endif
