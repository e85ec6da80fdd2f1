/* SPDX-License-Identifier: Apache-2.0
 *
 * programs - the other programs of this installation, as children: what they print is read here, and Ctrl-C at the
 * terminal reaches them only through us. */
#ifndef BEGIN_PROGRAMS_H
#define BEGIN_PROGRAMS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct programs {
	char gateway[PATH_MAX]; /* therapy-gateway */
	char plugin[PATH_MAX];  /* therapy-plugin; "": it is not there */
};

/* `gateway`: its path, beside which the other is sought. */
void programs_find(struct programs *out, const char *gateway);
/* Runs it to its end; what it printed on standard output and error, which the caller frees. Its exit status, or -1: it
 * could not be run, or stop_asked(). */
int programs_run(const char *const *argv, char **printed);
/* Starts `therapy-gateway run -c file` with its control socket in `folder` and its log in folder/log. Its process, or
 * -1. It ends with us. */
pid_t programs_start(const struct programs *programs, const char *file, const char *folder);
/* Asks it to end and waits: it brings what is on to rest. */
void programs_stop(pid_t process);

#endif
