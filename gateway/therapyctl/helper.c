/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define WORDS_MAX 16

bool helper_needs_file(char **words)
{
	for (size_t i = 1; strcmp(words[0], "discover") == 0 && words[i]; i++)
		if (strcmp(words[i], "-c") == 0 || strcmp(words[i], "--broker") == 0)
			return false;
	return strcmp(words[0], "discover") == 0;
}

bool helper_has(const char *command)
{
	return strcmp(command, "probe") == 0 || strcmp(command, "discover") == 0;
}

/* Beside this program, as both are installed, or where a build tree has it. */
static bool find(char *out, size_t size)
{
	static const char *const places[] = {"therapy-plugin", "../therapy_plugin/therapy-plugin"};
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	if (n <= 0)
		return false;
	own[n] = '\0';
	char *slash = strrchr(own, '/');
	for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
		struct str s;
		str_init(&s, out, size);
		str_add(&s, "%.*s/%s", (int)(slash - own), own, places[i]);
		if (!s.overflow && access(out, X_OK) == 0)
			return true;
	}
	return false;
}

void helper_become(char **words, char *file)
{
	static char name[] = "therapyctl", program[PATH_MAX]; /* what a person typed is what says things */
	static char option[] = "-c";
	char *args[WORDS_MAX + 4] = {name};
	size_t n = 0;
	for (; n < WORDS_MAX && words[n]; n++)
		args[n + 1] = words[n];
	if (file && file[0]) {
		args[++n] = option;
		args[++n] = file;
	}
	if (!find(program, sizeof program)) {
		fprintf(stderr, "therapyctl: %s: therapy-plugin, which does it, is not beside this program\n",
			words[0]);
		return;
	}
	execv(program, args);
	fprintf(stderr, "therapyctl: %s: %s\n", program, strerror(errno));
}
