/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/ended.h"

#include <signal.h>
#include <string.h>

#define WORDS_MAX 300u

void ended_say(struct str *out, int status, int signal_number, const char *doing, const char *words)
{
	if (signal_number)
		str_add(out, "device process was ended by signal %d (%s)", signal_number, strsignal(signal_number));
	else
		str_add(out, "device process exited with status %d", status);
	str_add(out, "%s", doing);
	if (*words) {
		str_add(out, "; its last words: ");
		str_add_printable(out, words, strlen(words), WORDS_MAX);
	} else if (signal_number == SIGSYS) {
		str_add(out, ": it made a system call that a device process may not");
	}
}
