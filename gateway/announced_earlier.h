/* SPDX-License-Identifier: Apache-2.0
 * A configuration file whose gateway has another id than before: what was announced under the old one is in that one's
 * state directory, beside ours, and is to be taken back. Blocks: start-up only. Used by outward.c alone. */
#ifndef ANNOUNCED_EARLIER_H
#define ANNOUNCED_EARLIER_H

/* `directory`: our state directory; in it the path of the configuration file is noted. `own`: what we announced, taken
 * over; NULL: nothing. Returns it with what a directory beside ours has that is of the same configuration file and in
 * use by nobody, as announced_file_read does; that directory forgets it once ours has it. */
char *announced_earlier(const char *directory, const char *configuration, char *own);

#endif
