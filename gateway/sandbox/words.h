/* SPDX-License-Identifier: Apache-2.0
 * The last words of a process that made a call which the filter ends it for: what it was, on standard error. */
#ifndef SANDBOX_WORDS_H
#define SANDBOX_WORDS_H

/* The call's name, a constant. Before words_listen. */
void words_know(int number, const char *name);
/* From now on a filtered call is named, then the process ends with SIGSYS. 0 or a negative UV_E* code. */
int words_listen(void);

#endif
