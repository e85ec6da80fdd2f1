/* SPDX-License-Identifier: Apache-2.0 */
#include "begin/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "begin/stop.h"

enum { PRINTED_MAX = 1 << 20 };

void programs_find(struct programs *out, const char *gateway)
{
	/* where a build tree has it, and where an installation has */
	static const char *const places[] = {"therapy_plugin/therapy-plugin", "../bin/therapy-plugin",
					     "therapy-plugin"};
	const char *slash = strrchr(gateway, '/');
	*out = (struct programs){0};
	(void)str_copy(out->gateway, sizeof out->gateway, gateway);
	for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
		struct str s;
		str_init(&s, out->plugin, sizeof out->plugin);
		str_add(&s, "%.*s/%s", (int)(slash - gateway), gateway, places[i]);
		if (!s.overflow && access(out->plugin, X_OK) == 0)
			return;
	}
	out->plugin[0] = '\0';
}

/* In the child: a group of its own, so that the terminal's Ctrl-C is ours, and an end with ours. */
static void become(const char *const *argv, int out)
{
	union {
		const char *const *in;
		char *const *out;
	} words = {argv};
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(127);
	execv(argv[0], words.out);
	_exit(127);
}

static pid_t start(const char *const *argv, int out)
{
	fflush(stdout);
	pid_t process = fork();
	if (process == 0)
		become(argv, out);
	return process;
}

int programs_run(const char *const *argv, char **printed)
{
	int ends[2], status = -1;
	char *text = calloc(1, PRINTED_MAX);
	if (!text || pipe2(ends, O_CLOEXEC) != 0) {
		free(text);
		return -1;
	}
	pid_t process = start(argv, ends[1]);
	size_t n = 0;
	close(ends[1]);
	while (process > 0) {
		ssize_t got = stop_or_readable(ends[0], -1) ? read(ends[0], text + n, PRINTED_MAX - 1 - n) : -1;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (process > 0 && stop_asked())
		kill(process, SIGTERM);
	close(ends[0]);
	while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR)
		;
	*printed = text;
	return process > 0 && WIFEXITED(status) && !stop_asked() ? WEXITSTATUS(status) : -1;
}

pid_t programs_start(const struct programs *programs, const char *file, const char *folder)
{
	const char *const argv[] = {programs->gateway, "run", "-c", file, NULL};
	char path[PATH_MAX];
	struct str s;
	str_init(&s, path, sizeof path);
	str_add(&s, "%s/log", folder);
	int log = s.overflow ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log < 0)
		return -1;
	const char *was = getenv("RUNTIME_DIRECTORY");
	char *before = was ? strdup(was) : NULL;
	setenv("RUNTIME_DIRECTORY", folder, 1);
	pid_t process = start(argv, log);
	if (before)
		setenv("RUNTIME_DIRECTORY", before, 1);
	else
		unsetenv("RUNTIME_DIRECTORY");
	free(before);
	close(log);
	return process;
}

void programs_stop(pid_t process)
{
	kill(process, SIGTERM);
	while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
		;
}
