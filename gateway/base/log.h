/* SPDX-License-Identifier: Apache-2.0
 * One line per event on standard error: "<6>part: text" under systemd's journal, the same without the prefix on a
 * terminal. The level is the only global of the program. Any thread. Never given a secret or a health reading. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above `level` are dropped. */
void log_set_level(enum log_level level);
/* "error", "warn", "info" or "debug". False if it is none of them. */
bool log_level_parse(const char *text, enum log_level *out);
/* Writes one line for `part` ("mqtt", or a device id). Levels as in syslog(3). */
void log_write(enum log_level level, const char *part, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(part, ...) log_write(LOG_ERROR, part, __VA_ARGS__)
#define log_warn(part, ...)  log_write(LOG_WARN, part, __VA_ARGS__)
#define log_info(part, ...)  log_write(LOG_INFO, part, __VA_ARGS__)
#define log_debug(part, ...) log_write(LOG_DEBUG, part, __VA_ARGS__)

#endif
