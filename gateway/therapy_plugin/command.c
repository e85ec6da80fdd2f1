/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/definition_file.h"

int command_usage(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return COMMAND_USAGE;
}

/* Of the plugin that was named last; whatever child is made of it has a copy. */
static struct definition_file *described;

Therapy__V1__Definition *command_definition(void)
{
	return described ? definition_file_get(described) : NULL;
}

static bool read_definition(const char *path)
{
	struct faults faults = {0};
	if (definition_file_open(path, &described, &faults) != 0)
		faults_print(&faults, stderr);
	bool good = described != NULL;
	faults_release(&faults);
	return good;
}

static bool is_definition(const char *path)
{
	size_t n = strlen(path);
	return n > 4 && strcmp(path + n - 4, ".cfg") == 0;
}

bool command_plugin_path(const char *given, char *out, size_t size)
{
	struct stat st;
	definition_file_close(described); /* of the one before */
	described = NULL;
	int n = snprintf(out, size, "%s%s", strchr(given, '/') ? "" : "./", given);
	if (n < 0 || (size_t)n >= size) {
		command_usage("%s: the path is too long", given);
		return false;
	}
	if (stat(out, &st) != 0) {
		command_usage("%s: %s; expected a plugin, which is a shared object such as build/my_device.so", given,
			      strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		command_usage("%s: is no file; expected a plugin, which is a shared object such as build/my_device.so",
			      given);
		return false;
	}
	return !is_definition(out) || read_definition(out);
}

bool command_number(const char *option, const char *text, unsigned long long max, unsigned long long *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value > max) {
		command_usage("%s: found '%s', expected a whole number up to %llu", option, text, max);
		return false;
	}
	*out = value;
	return true;
}

bool command_duration(const char *option, const char *text, uint64_t *out_ms)
{
	static const struct {
		const char *unit;
		unsigned long long ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}};
	char *end = NULL;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	for (size_t i = 0; text[0] >= '0' && text[0] <= '9' && !errno && i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].unit) == 0 && n > 0 && n <= 3600000 / units[i].ms) {
			*out_ms = n * units[i].ms;
			return true;
		}
	command_usage("%s: found '%s', expected how long, up to an hour, like 10s or 2min", option, text);
	return false;
}
