/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "sandbox/calls.h"
#include "sandbox/words.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define END SCMP_ACT_TRAP /* named by words.c, then the end */

bool filter_available(void)
{
	return seccomp_api_get() > 0;
}

/* What failed first is kept; the rest is skipped. */
struct build {
	scmp_filter_ctx filter;
	int error;
};

static void add(struct build *b, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(name);
	if (b->error || number < 0)
		return; /* no such call on this machine */
	int error = seccomp_rule_add_array(b->filter, action, number, n, arguments);
	/* a filter need not say what is its default, and one answer to a call is enough */
	if (error && error != -EACCES && error != -EEXIST)
		b->error = error;
}

static void add_if(struct build *b, uint32_t action, const char *name, struct scmp_arg_cmp argument)
{
	add(b, action, name, 1, &argument);
}

static void add_all(struct build *b, uint32_t action, const char *const *names)
{
	for (; *names; names++) {
		if (action == END)
			words_know(seccomp_syscall_resolve_name(*names), *names);
		add(b, action, *names, 0, NULL);
	}
}

static struct build begin(uint32_t otherwise)
{
	struct build b = {.filter = seccomp_init(otherwise)};
	if (!b.filter)
		b.error = -ENOMEM;
	else /* a call of another architecture (32-bit ones on x86_64) is a way around */
		b.error = seccomp_attr_set(b.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return b;
}

static int load(struct build *b)
{
	if (!b->error)
		b->error = seccomp_load(b->filter);
	if (b->filter)
		seccomp_release(b->filter);
	return b->error ? uv_translate_sys_error(-b->error) : 0;
}

/* ---- parts ---- */

static void deny_write(struct build *b)
{
	static const char *const opens[] = {"open", "openat"};
	for (unsigned i = 0; i < 2; i++) {
		add_if(b, SCMP_ACT_ERRNO(EPERM), opens[i], SCMP_CMP32(i + 1, SCMP_CMP_MASKED_EQ, O_WRONLY, O_WRONLY));
		add_if(b, SCMP_ACT_ERRNO(EPERM), opens[i], SCMP_CMP32(i + 1, SCMP_CMP_MASKED_EQ, O_RDWR, O_RDWR));
		add_if(b, SCMP_ACT_ERRNO(EPERM), opens[i], SCMP_CMP32(i + 1, SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
		add_if(b, SCMP_ACT_ERRNO(EPERM), opens[i], SCMP_CMP32(i + 1, SCMP_CMP_MASKED_EQ, O_TRUNC, O_TRUNC));
	}
	add_all(b, SCMP_ACT_ERRNO(EPERM), calls_alter);
}

/* Limits may be read, not moved; a descriptor may not send its signals to others, nor type into a terminal. */
static void deny_tricks(struct build *b)
{
	static const int terminal[] = {TIOCSTI, TIOCSCTTY, TIOCSETD};
	static const int owner[] = {F_SETOWN, F_SETSIG, F_SETOWN_EX};
	add(b, SCMP_ACT_ERRNO(EPERM), "setrlimit", 0, NULL);
	add_if(b, SCMP_ACT_ERRNO(EPERM), "prlimit64", SCMP_CMP64(2, SCMP_CMP_NE, 0));
	for (unsigned i = 0; i < sizeof terminal / sizeof *terminal; i++)
		add_if(b, SCMP_ACT_ERRNO(EPERM), "ioctl", SCMP_CMP32(1, SCMP_CMP_EQ, (uint32_t)terminal[i]));
	for (unsigned i = 0; i < sizeof owner / sizeof *owner; i++)
		add_if(b, SCMP_ACT_ERRNO(EPERM), "fcntl", SCMP_CMP32(1, SCMP_CMP_EQ, (uint32_t)owner[i]));
}

/* Processes by `action`, threads by EAGAIN where there are to be none: pthread_create blocks every signal first, so
 * that an end could not be named. */
static void deny_clone(struct build *b, uint32_t action, bool threads)
{
	/* its flags lie in memory: the C library then takes clone */
	add(b, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (action == END)
		words_know(seccomp_syscall_resolve_name("clone"), "fork");
	add_if(b, action, "clone", SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (!threads)
		add_if(b, SCMP_ACT_ERRNO(EAGAIN), "clone",
		       SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

static void deny_signals(struct build *b, uint32_t action, pid_t program)
{
	if (action == END) {
		words_know(seccomp_syscall_resolve_name("tgkill"), "tgkill");
		words_know(seccomp_syscall_resolve_name("kill"), "kill");
	}
	add_if(b, action, "tgkill", SCMP_CMP32(0, SCMP_CMP_NE, (uint32_t)getpid()));
	add_all(b, action, calls_signal);
	if (program > 0) {
		add_if(b, action, "kill", SCMP_CMP32(0, SCMP_CMP_NE, (uint32_t)program));
		add_if(b, action, "kill", SCMP_CMP32(1, SCMP_CMP_NE, SIGKILL));
	} else {
		add(b, action, "kill", 0, NULL);
	}
}

/* ---- the filters ---- */

int filter_begin(bool network, pid_t program)
{
	struct build b = begin(SCMP_ACT_ALLOW);
	add_all(&b, END, calls_process);
	deny_clone(&b, END, network);
	deny_signals(&b, END, program);
	add_all(&b, END, calls_inspect);
	add_all(&b, END, calls_machine);
	if (!network)
		add_all(&b, END, calls_network);
	else /* the gateway's own control socket, a container's or a bus's: none of them is the broker */
		add_if(&b, SCMP_ACT_ERRNO(EPERM), "socket", SCMP_CMP32(0, SCMP_CMP_EQ, AF_UNIX));
	deny_write(&b);
	deny_tricks(&b);
	add_all(&b, SCMP_ACT_ERRNO(ENOSYS), calls_around);
	/* words.c is to be the only one who hears of SIGSYS, and ends by asking for this */
	add_if(&b, SCMP_ACT_KILL_PROCESS, "rt_sigaction", SCMP_CMP32(0, SCMP_CMP_EQ, SIGSYS));
	return load(&b);
}

int filter_load(void)
{
	struct build b = begin(SCMP_ACT_ALLOW);
	add_all(&b, END, calls_network);
	deny_clone(&b, END, false);
	return load(&b);
}

static void allow_prctl(struct build *b)
{
	static const int harmless[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_SECCOMP};
	for (unsigned i = 0; i < sizeof harmless / sizeof *harmless; i++)
		add_if(b, SCMP_ACT_ALLOW, "prctl", SCMP_CMP32(0, SCMP_CMP_EQ, (uint32_t)harmless[i]));
}

static void allow_memory(struct build *b, bool code)
{
	static const char *const maps[] = {"mmap", "mmap2", "mprotect"};
	for (unsigned i = 0; i < sizeof maps / sizeof *maps; i++)
		if (code)
			add(b, SCMP_ACT_ALLOW, maps[i], 0, NULL);
		else /* no new code once all is loaded */
			add_if(b, SCMP_ACT_ALLOW, maps[i], SCMP_CMP32(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* TCP to the broker, UDP to a name server, and netlink, which the C library asks for the machine's addresses. */
static void allow_sockets(struct build *b)
{
	static const unsigned families[] = {AF_INET, AF_INET6};
	static const unsigned types[] = {SOCK_STREAM, SOCK_DGRAM};
	for (unsigned i = 0; i < 4; i++)
		add(b, SCMP_ACT_ALLOW, "socket", 2,
		    (struct scmp_arg_cmp[]){SCMP_CMP32(0, SCMP_CMP_EQ, families[i / 2]),
					    SCMP_CMP32(1, SCMP_CMP_MASKED_EQ, 0xf, types[i % 2])});
	add(b, SCMP_ACT_ALLOW, "socket", 2,
	    (struct scmp_arg_cmp[]){SCMP_CMP32(0, SCMP_CMP_EQ, AF_NETLINK), SCMP_CMP32(2, SCMP_CMP_EQ, 0)});
	add_if(b, SCMP_ACT_ERRNO(EPERM), "socket", SCMP_CMP32(0, SCMP_CMP_EQ, AF_UNIX));
	add_if(b, SCMP_ACT_ERRNO(EPERM), "socket", SCMP_CMP32(0, SCMP_CMP_GT, AF_NETLINK));
}

/* The filter of before the load still holds, with all that ends the process: this need not name it again. */
int filter_confine(enum sandbox_kind kind, pid_t program)
{
	struct build b = begin(SCMP_ACT_ERRNO(ENOSYS));
	bool network = kind == SANDBOX_MQTT;
	add_all(&b, SCMP_ACT_ALLOW, calls_ordinary);
	/* these are left to the filter of before the load, which ends what they must not do */
	add(&b, SCMP_ACT_ALLOW, "fcntl", 0, NULL);
	add(&b, SCMP_ACT_ALLOW, "ioctl", 0, NULL);
	add(&b, SCMP_ACT_ALLOW, "prlimit64", 0, NULL);
	add(&b, SCMP_ACT_ALLOW, "rt_sigaction", 0, NULL);
	add(&b, SCMP_ACT_ALLOW, "tgkill", 0, NULL);
	if (program > 0) {
		add(&b, SCMP_ACT_ALLOW, "kill", 0, NULL);
		add(&b, SCMP_ACT_ALLOW, "wait4", 0, NULL);
	}
	allow_prctl(&b);
	allow_memory(&b, network);
	if (network) {
		add_all(&b, SCMP_ACT_ALLOW, calls_connect);
		add(&b, SCMP_ACT_ALLOW, "clone", 0, NULL);
		allow_sockets(&b);
	} else {
		add(&b, SCMP_ACT_ERRNO(EPERM), "open", 0, NULL);
		add(&b, SCMP_ACT_ERRNO(EPERM), "openat", 0, NULL);
	}
	add_all(&b, SCMP_ACT_ERRNO(EPERM), calls_alter);
	return load(&b);
}

int filter_program(void)
{
	struct build b = begin(SCMP_ACT_ALLOW);
	uint32_t fails = SCMP_ACT_ERRNO(EPERM);
	static const char *const network[] = {"socket", "connect", "bind", "listen", "accept", "accept4", NULL};
	add_all(&b, fails, network); /* a pair of sockets leads nowhere: event loops wake themselves with one */
	deny_clone(&b, fails, true);
	add_all(&b, fails, (const char *const[]){"fork", "vfork", NULL});
	deny_signals(&b, fails, 0);
	add_all(&b, fails, calls_inspect);
	add_all(&b, fails, calls_machine);
	add_all(&b, fails, calls_alter);
	deny_tricks(&b);
	add_all(&b, SCMP_ACT_ERRNO(ENOSYS), calls_around);
	return load(&b);
}
