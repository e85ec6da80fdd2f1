/* SPDX-License-Identifier: Apache-2.0 */
#include "program/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

struct report {
	int error; /* errno of exec; 0: `why` says it */
	char why[256];
};

/* The new process, until it is the program or says why it cannot be. */
static _Noreturn void become(const char *path, char *const *argv, pid_t parent, int wire, int to)
{
	setpgid(0, 0); /* the terminal's Ctrl-C is not for it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	/* INT, TERM and HUP stay ignored: it is needed until the device is at rest. */
	signal(SIGPIPE, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	struct report report = {0};
	if (dup2(wire, STDIN_FILENO) < 0 || dup2(wire, STDOUT_FILENO) < 0) {
		report.error = errno;
	} else {
		if (to > STDERR_FILENO + 1)
			close_range(STDERR_FILENO + 1, (unsigned)to - 1, 0);
		close_range((unsigned)to + 1, ~0u, 0);
		if (sandbox_enter_program(path, report.why, sizeof report.why) == 0) {
			execv(path, argv);
			report.error = errno;
		}
	}
	while (write(to, &report, sizeof report) < 0 && errno == EINTR)
		;
	_exit(127);
}

static const char *hint(int error)
{
	if (error == ENOEXEC)
		return "; a script begins with a line like #!/usr/bin/python3";
	if (error == ENOENT)
		return "; of a script the program in its first line must be there, too";
	if (error == EACCES)
		return "; it must be a file that may be executed";
	return "";
}

/* What became of it. False: it is the program; then its end of `from` has closed by itself. */
static bool failed(int from, struct report *report)
{
	ssize_t n;
	do {
		n = read(from, report, sizeof *report);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *report;
}

static void close_all(int a, int b)
{
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
}

int spawn_program(const struct program_config *config, pid_t *pid, int *fd, struct str *why)
{
	int ends[2] = {-1, -1}, to[2] = {-1, -1};
	struct report report = {0};
	bool good = true;
	/* execv takes them as char *const, and writes to none. */
	union {
		const char *in;
		char *out;
	} path = {config->path};
	char **argv = calloc(config->n_args + 2, sizeof *argv);
	if (!argv)
		return UV_ENOMEM;
	argv[0] = path.out;
	for (size_t i = 0; i < config->n_args; i++)
		argv[i + 1] = config->args[i];
	pid_t parent = getpid(), child = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 || pipe2(to, O_CLOEXEC) != 0 ||
	    (child = fork()) < 0) {
		report.error = errno;
		good = false;
	}
	if (child == 0)
		become(config->path, argv, parent, ends[1], to[1]);
	free(argv);
	close_all(ends[1], to[1]);
	if (child > 0 && failed(to[0], &report)) {
		waitpid(child, NULL, 0);
		good = false;
	}
	close_all(to[0], good ? -1 : ends[0]);
	if (good) {
		*pid = child;
		*fd = ends[0];
		return 0;
	}
	str_add(why, "program %s cannot be started: %s%s", config->path,
		report.error ? strerror(report.error) : report.why, child > 0 ? hint(report.error) : "");
	return report.error ? uv_translate_sys_error(report.error) : UV_EPERM;
}
