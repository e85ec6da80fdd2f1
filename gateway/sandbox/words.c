/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/words.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "sandbox/sandbox.h"

#define KNOWN_MAX 160

/* A signal handler sees nothing else: the calls that end the process, filled before the first can. */
static struct {
	int number;
	const char *name;
} known[KNOWN_MAX];
static size_t n_known;

void words_know(int number, const char *name)
{
	for (size_t i = 0; i < n_known; i++)
		if (known[i].number == number)
			return;
	if (number < 0 || n_known == KNOWN_MAX)
		return;
	known[n_known].number = number;
	known[n_known++].name = name;
}

static size_t put(char *line, size_t at, size_t size, const char *text)
{
	while (*text && at < size)
		line[at++] = *text++;
	return at;
}

/* Only what a signal handler may. Whatever the process was doing, it does not go on. */
static void on_denied(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)context;
	const char *name = "a system call of no name";
	for (size_t i = 0; i < n_known; i++)
		if (known[i].number == info->si_syscall)
			name = known[i].name;
	char line[160];
	size_t at = put(line, 0, sizeof line, SANDBOX_WORDS "the plugin called ");
	at = put(line, at, sizeof line, name);
	at = put(line, at, sizeof line, "(), which a device process may not: it is ended\n");
	ssize_t told = write(STDERR_FILENO, line, at);
	(void)told; /* nobody may be left to tell */
	/* The filter kills for this, with SIGSYS; a plugin that caught the signal could otherwise go on. */
	syscall(SYS_rt_sigaction, SIGSYS, NULL, NULL, sizeof(long));
	_exit(128 + SIGSYS); /* where there is no filter there is no such signal */
}

int words_listen(void)
{
	struct sigaction action = {.sa_sigaction = on_denied, .sa_flags = SA_SIGINFO | SA_NODEFER};
	sigemptyset(&action.sa_mask);
	return sigaction(SIGSYS, &action, NULL) == 0 ? 0 : uv_translate_sys_error(errno);
}
