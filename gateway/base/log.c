/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic int threshold = LOG_INFO;

static const struct {
	const char *word;
	int syslog;
} levels[] = {
    [LOG_ERROR] = {"error", 3}, [LOG_WARN] = {"warn", 4}, [LOG_INFO] = {"info", 6}, [LOG_DEBUG] = {"debug", 7}};

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

bool log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(text, levels[i].word) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

void log_write(enum log_level level, const char *part, const char *format, ...)
{
	if ((int)level > atomic_load(&threshold))
		return;
	/* One write per line, so that lines of several processes do not mix. */
	char line[1024];
	int n = getenv("JOURNAL_STREAM") ? snprintf(line, sizeof line, "<%d>%s: ", levels[level].syslog, part)
					 : snprintf(line, sizeof line, "%-5s %s: ", levels[level].word, part);
	if (n < 0)
		return;
	size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
	va_list args;
	va_start(args, format);
	n = vsnprintf(line + len, sizeof line - len, format, args);
	va_end(args);
	if (n < 0)
		return;
	len = len + (size_t)n < sizeof line - 1 ? len + (size_t)n : sizeof line - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?'; /* what a device or a topic says must not forge a line or drive a terminal */
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nobody is left to tell */
}
