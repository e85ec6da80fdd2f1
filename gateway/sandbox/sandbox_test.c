/* SPDX-License-Identifier: Apache-2.0
 * Each test does the forbidden thing in a child of its own and looks at how that ends and what it says. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"
#include "sandbox/sandbox.h"
#include "sandbox/sanitizer.h"

#define FINE 42

struct outcome {
	int status; /* as waitpid has it */
	char said[4096];
};

/* Runs it in a child, which is to exit with FINE; anything else is what the sandbox did. */
static struct outcome outcome_of(void (*run)(void))
{
	struct outcome o = {.status = -1};
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		run();
		_exit(FINE);
	}
	close(ends[1]);
	size_t size = 0;
	for (ssize_t n; size + 1 < sizeof o.said && (n = read(ends[0], o.said + size, sizeof o.said - 1 - size)) > 0;)
		size += (size_t)n;
	o.said[size] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	return o;
}

/* In the child: what must hold. Says what did not, and the test fails with it. */
#define must(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			dprintf(STDERR_FILENO, "line %d: not so: %s (errno %d)\n", __LINE__, #condition, errno);       \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static void assert_fine(void (*run)(void))
{
	struct outcome o = outcome_of(run);
	if (!WIFEXITED(o.status) || WEXITSTATUS(o.status) != FINE)
		fail_msg("status %#x, said: %s", (unsigned)o.status, o.said);
}

static void assert_ended(void (*run)(void), const char *name)
{
	struct outcome o = outcome_of(run);
	char line[200];
	snprintf(line, sizeof line, SANDBOX_WORDS "the plugin called %s(), which", name);
	if (!WIFSIGNALED(o.status) || WTERMSIG(o.status) != SIGSYS || !strstr(o.said, line))
		fail_msg("%s: status %#x, said: %s", name, (unsigned)o.status, o.said);
}

static const struct sandbox_config stream = {.kind = SANDBOX_STREAM};
static struct sandbox_config mqtt = {.kind = SANDBOX_MQTT};
static char why[300];
static char secret[] = "/tmp/therapy-sandbox-XXXXXX"; /* a file that is none of a plugin's business */

static void begin(const struct sandbox_config *config)
{
	must(sandbox_begin(config, why, sizeof why) == 0);
}

static void confine(const struct sandbox_config *config)
{
	begin(config);
	must(sandbox_confine(config, why, sizeof why) == 0);
}

/* ---- what ends a process, from a constructor on ---- */

static void do_socket(void)
{
	socket(AF_INET, SOCK_DGRAM, 0);
}

static void do_unix_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void do_connect(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	connect(STDERR_FILENO, (struct sockaddr *)&a, sizeof a);
}

static void do_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	execv("/bin/true", argv);
}

static void do_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void do_kill(void)
{
	kill(getppid(), 0);
}

static void do_tgkill(void)
{
	syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void do_ptrace(void)
{
	ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void do_peek(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {secret, 1};
	process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static void do_mount(void)
{
	syscall(SYS_unshare, 0);
}

static const struct {
	void (*run)(void);
	const char *name;
} forbidden[] = {{do_socket, "socket"}, {do_unix_socket, "socket"}, {do_connect, "connect"},
		 {do_exec, "execve"},   {do_fork, "fork"},          {do_kill, "kill"},
		 {do_tgkill, "tgkill"}, {do_ptrace, "ptrace"},      {do_peek, "process_vm_readv"},
		 {do_mount, "unshare"}};
static size_t which;

static void while_loading(void)
{
	begin(&stream);
	forbidden[which].run();
}

static void when_confined(void)
{
	confine(&stream);
	forbidden[which].run();
}

static void a_call_that_reaches_out_ends_the_process_and_is_named(void **state)
{
	(void)state;
	for (which = 0; which < sizeof forbidden / sizeof *forbidden; which++) {
		assert_ended(while_loading, forbidden[which].name);
		assert_ended(when_confined, forbidden[which].name);
	}
}

static void catch (int number)
{
	(void)number;
}

static void catch_and_go_on(void)
{
	begin(&stream);
	signal(SIGSYS, catch);
	do_socket();
}

static void block_and_go_on(void)
{
	begin(&stream);
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	do_socket();
}

static void nobody_survives_by_catching_the_signal(void **state)
{
	(void)state;
	void (*const ways[])(void) = {catch_and_go_on, block_and_go_on};
	for (size_t i = 0; i < 2; i++) {
		struct outcome o = outcome_of(ways[i]);
		assert_true(WIFSIGNALED(o.status));
		assert_int_equal(WTERMSIG(o.status), SIGSYS);
	}
}

static void *nothing(void *user)
{
	return user;
}

static void start_a_thread(void)
{
	begin(&stream);
	pthread_t thread;
	must(pthread_create(&thread, NULL, nothing, NULL) == EAGAIN);
}

static void a_plugin_gets_no_thread(void **state)
{
	(void)state;
	assert_fine(start_a_thread);
}

/* ---- its own program ---- */

static pid_t start_child(void)
{
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent) /* it may be gone already */
			pause();
		_exit(0);
	}
	must(pid > 0);
	return pid;
}

static void end_its_program(void)
{
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .program = start_child()};
	int status = 0;
	confine(&config);
	must(waitpid(config.program, &status, WNOHANG) == 0);
	must(kill(config.program, SIGKILL) == 0);
	must(waitpid(config.program, &status, 0) == config.program);
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The kernel asks the sandbox of whoever dies, too. */
static void die_before_its_program(void)
{
	int ends[2];
	must(pipe(ends) == 0);
	pid_t between = fork();
	if (between == 0) {
		close(ends[0]);
		struct sandbox_config config = {.kind = SANDBOX_STREAM, .program = start_child()};
		confine(&config);
		_exit(FINE);
	}
	close(ends[1]);
	struct pollfd end = {.fd = ends[0]}; /* the program holds the other one */
	must(poll(&end, 1, 10000) == 1 && (end.revents & POLLHUP));
}

static void end_another(void)
{
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .program = start_child()};
	confine(&config);
	kill(getppid(), SIGKILL);
}

static void end_its_group(void)
{
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .program = start_child()};
	confine(&config);
	kill(0, SIGKILL);
}

static void signal_its_program(void)
{
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .program = start_child()};
	confine(&config);
	kill(config.program, SIGUSR1);
}

static void a_device_process_may_end_its_own_program_and_that_alone(void **state)
{
	(void)state;
	assert_fine(end_its_program);
	assert_fine(die_before_its_program);
	assert_ended(end_another, "kill");
	assert_ended(end_its_group, "kill");
	assert_ended(signal_its_program, "kill");
}

/* ---- what fails ---- */

static void write_files(void)
{
	begin(&stream);
	must(open(secret, O_WRONLY | O_CLOEXEC) < 0 && errno == EPERM);
	must(open(secret, O_RDWR | O_CLOEXEC) < 0 && errno == EPERM);
	must(open("/tmp/therapy-sandbox-new", O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EPERM);
	must(unlink(secret) < 0 && errno == EPERM);
	must(rename(secret, "/tmp/therapy-sandbox-new") < 0 && errno == EPERM);
	must(chmod(secret, 0666) < 0 && errno == EPERM);
	struct rlimit more = {1 << 20, 1 << 20};
	must(setrlimit(RLIMIT_FSIZE, &more) < 0 && errno == EPERM);
}

static void read_files(void)
{
	static const char *const plugins[] = {"/proc/self/exe"};
	struct sandbox_config config = {.kind = SANDBOX_STREAM, .plugins = plugins, .n_plugins = 1};
	begin(&config);
	must(open(secret, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	must(open("/proc/1/environ", O_RDONLY | O_CLOEXEC) < 0);
	int libc = open("/usr/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(libc >= 0);
	close(libc);
}

static void a_plugin_can_write_no_file_and_only_read_what_loading_needs(void **state)
{
	(void)state;
	assert_fine(write_files);
	if (sandbox_support().landlock)
		assert_fine(read_files);
}

static void eat_memory(void)
{
	begin(&stream);
	/* half of it is there, all of it and a bit more is not; nothing is touched: the machine that tests is small */
	void *half =
	    mmap(NULL, (size_t)SANDBOX_MEMORY_MB << 19, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(half != MAP_FAILED);
	void *more =
	    mmap(NULL, (size_t)SANDBOX_MEMORY_MB << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(more == MAP_FAILED && errno == ENOMEM);
}

static void memory_ends_at_its_limit(void **state)
{
	(void)state;
	assert_fine(eat_memory);
}

static void use_descriptors(void)
{
	confine(&stream);
	must(open("/usr/lib", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM);
	/* what a loop, its clock and its link do */
	int ends[2];
	must(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
	char byte = 'x';
	must(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
	must(timer >= 0 && timerfd_settime(timer, 0, &soon, NULL) == 0);
	struct pollfd poll_fd = {.fd = timer, .events = POLLIN};
	must(poll(&poll_fd, 1, 5000) == 1);
	struct timespec now;
	must(syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now) == 0);
	void *big = malloc(1 << 20);
	must(big);
	free(big);
	/* no new code */
	must(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void a_confined_process_can_do_its_work(void **state)
{
	(void)state;
	assert_fine(use_descriptors);
}

static void give_up(void)
{
	confine(&stream);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void a_failed_assertion_still_ends_as_one(void **state)
{
	(void)state;
	struct outcome o = outcome_of(give_up);
	assert_true(WIFSIGNALED(o.status));
	assert_int_equal(WTERMSIG(o.status), SIGABRT);
}

/* ---- one that makes its own connection ---- */

static void reach_out(void *user)
{
	(void)user;
	do_socket();
}

static void load_and_connect(void)
{
	begin(&mqtt);
	sandbox_load(&mqtt, reach_out, NULL, why, sizeof why);
}

static void no_constructor_reaches_the_network_of_its_process(void **state)
{
	(void)state;
	assert_ended(load_and_connect, "socket");
}

static int port_of(int listener)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t size = sizeof a;
	must(getsockname(listener, (struct sockaddr *)&a, &size) == 0);
	return ntohs(a.sin_port);
}

static int listen_somewhere(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0);
	return fd;
}

static int connect_to(int port)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd >= 0);
	return connect(fd, (struct sockaddr *)&a, sizeof a);
}

static void *connect_on_thread(void *user)
{
	must(connect_to(*(int *)user) == 0);
	return NULL;
}

static void mark_loaded(void *user)
{
	*(bool *)user = true;
}

static void reach_the_broker(void)
{
	int broker = listen_somewhere(), other = listen_somewhere(), port = port_of(broker),
	    other_port = port_of(other);
	bool loaded = false;
	mqtt.port = (uint16_t)port;
	begin(&mqtt);
	must(sandbox_load(&mqtt, mark_loaded, &loaded, why, sizeof why) == 0 && loaded);
	must(sandbox_confine(&mqtt, why, sizeof why) == 0);
	struct addrinfo *found = NULL;
	must(getaddrinfo("localhost", NULL, NULL, &found) == 0);
	freeaddrinfo(found);
	pthread_t thread;
	must(pthread_create(&thread, NULL, connect_on_thread, &port) == 0 && pthread_join(thread, NULL) == 0);
	must(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0);
	must(open(secret, O_WRONLY | O_CLOEXEC) < 0 && errno == EPERM);
	if (sandbox_support().landlock >= 4)
		must(connect_to(other_port) < 0 && errno == EACCES);
	if (sandbox_support().landlock)
		must(open(secret, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
}

static void an_mqtt_process_reaches_its_broker_and_nothing_else(void **state)
{
	(void)state;
	assert_fine(reach_the_broker);
}

static void fork_with_network(void)
{
	confine(&mqtt);
	do_fork();
}

static void fork_and_run_with_network(void)
{
	confine(&mqtt);
	do_exec();
}

static void an_mqtt_process_starts_no_other(void **state)
{
	(void)state;
	assert_ended(fork_with_network, "fork");
	assert_ended(fork_and_run_with_network, "execve");
}

/* ---- programs ---- */

static void enter_and_run_a_shell(void)
{
	char name[] = "sh", option[] = "-c";
	char script[] =
	    "{ ulimit -d; ulimit -c; kill -0 $PPID || echo no-kill; : >/dev/null && echo null; "
	    "echo >/tmp/therapy-sandbox-new || echo no-file; command read x <\"$0\" || echo no-read; (echo forked) || "
	    ":; } 1>&2";
	char *argv[] = {name, option, script, secret, NULL};
	must(sandbox_enter_program("/bin/sh", why, sizeof why) == 0);
	execv("/bin/sh", argv);
}

static void a_program_runs_but_only_with_what_it_was_given(void **state)
{
	(void)state;
	struct outcome o = outcome_of(enter_and_run_a_shell);
	char memory[32];
	if (sanitizer_present())
		snprintf(memory, sizeof memory, "\n0\n");
	else
		snprintf(memory, sizeof memory, "%u\n0\n", SANDBOX_PROGRAM_MEMORY_MB << 10);
	assert_contains(o.said, memory);
	assert_contains(o.said, "no-kill");
	assert_contains(o.said, "null");
	assert_non_null(strstr(o.said, "no-file"));
	assert_int_not_equal(access("/tmp/therapy-sandbox-new", F_OK), 0);
	if (sandbox_support().landlock)
		assert_contains(o.said, "no-read");
	assert_null(strstr(o.said, "forked"));
}

static void enter_and_reach_out(void)
{
	must(sandbox_enter_program("/bin/sh", why, sizeof why) == 0);
	must(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	must(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	must(fork() < 0 && errno == EPERM);
	must(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && errno == EPERM);
	pthread_t thread;
	must(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void a_program_is_told_no_rather_than_ended(void **state)
{
	(void)state;
	assert_fine(enter_and_reach_out);
}

static void what_a_kernel_lacks_is_said(void **state)
{
	(void)state;
	const struct sandbox_support all = {.landlock = 7, .seccomp = true}, none = {0}, old = {.seccomp = true},
				     unfiltered = {.landlock = 1};
	assert_null(sandbox_missing(&all));
	assert_contains(sandbox_missing(&none), "neither seccomp nor Landlock");
	assert_contains(sandbox_missing(&old), "no Landlock");
	assert_contains(sandbox_missing(&unfiltered), "no seccomp");
}

static int make_secret(void **state)
{
	(void)state;
	int fd = mkstemp(secret);
	if (fd < 0 || write(fd, "secret\n", 7) != 7)
		return -1;
	return close(fd);
}

static int remove_secret(void **state)
{
	(void)state;
	return unlink(secret);
}

int main(void)
{
	if (!sandbox_support().seccomp) {
		puts("this kernel has no seccomp: skipped");
		return 0;
	}
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_kernel_lacks_is_said),
	    cmocka_unit_test(a_call_that_reaches_out_ends_the_process_and_is_named),
	    cmocka_unit_test(nobody_survives_by_catching_the_signal),
	    cmocka_unit_test(a_plugin_gets_no_thread),
	    cmocka_unit_test(a_plugin_can_write_no_file_and_only_read_what_loading_needs),
	    cmocka_unit_test(memory_ends_at_its_limit),
	    cmocka_unit_test(a_device_process_may_end_its_own_program_and_that_alone),
	    cmocka_unit_test(a_confined_process_can_do_its_work),
	    cmocka_unit_test(a_failed_assertion_still_ends_as_one),
	    cmocka_unit_test(no_constructor_reaches_the_network_of_its_process),
	    cmocka_unit_test(an_mqtt_process_reaches_its_broker_and_nothing_else),
	    cmocka_unit_test(an_mqtt_process_starts_no_other),
	    cmocka_unit_test(a_program_runs_but_only_with_what_it_was_given),
	    cmocka_unit_test(a_program_is_told_no_rather_than_ended),
	};
	return cmocka_run_group_tests(tests, make_secret, remove_secret);
}
