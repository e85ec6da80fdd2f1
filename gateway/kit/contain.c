/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/contain.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define STATUS_DONE 0
#define STEP_MS     50

struct note *note_new(void)
{
	void *map = mmap(NULL, sizeof(struct note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return map == MAP_FAILED ? NULL : map;
}

void note_free(struct note *note)
{
	if (note)
		munmap(note, sizeof *note);
}

/* ---- in the child ---- */

static struct note *noted; /* for the signal handler, which has no other way to it */

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	uintptr_t at = (uintptr_t)info->si_addr;
	noted->signal = number;
	noted->place = NOTE_ELSEWHERE;
	for (int i = NOTE_PAST_INPUT; i < NOTE_PLACES_ && number == SIGSEGV; i++)
		if (noted->guard[i] && at >= noted->guard[i] && at - noted->guard[i] < noted->guard_size)
			noted->place = (enum note_place)i;
	raise(number); /* the handler was for once: now it ends the process */
}

static void watch_faults(struct note *note)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	static uint8_t stack[32768]; /* a stack that overflowed can hold no handler */
	noted = note;
	stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
	sigaltstack(&other, NULL);
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
}

static void limit(void)
{
	const struct rlimit none = {0, 0}, seconds = {CONTAIN_WHOLE_MS / 1000, CONTAIN_WHOLE_MS / 1000};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
}

static _Noreturn void be_child(struct note *note, const struct contain_work *work, int report_fd, int print_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0); /* what it starts ends with it */
	dup2(print_fd, STDOUT_FILENO);
	dup2(print_fd, STDERR_FILENO);
	close(print_fd);
	FILE *report = fdopen(report_fd, "w");
	if (!report)
		_exit(127);
	setvbuf(report, NULL, _IOLBF, BUFSIZ); /* what was found is told before the next thing can crash */
	watch_faults(note);
	limit();
	work->run(work->user, report);
	note->done = true; /* a plugin that calls exit(0) comes to no end */
	fflush(NULL);
	_exit(STATUS_DONE);
}

/* ---- in the parent ---- */

struct listening {
	const struct contain_work *work;
	struct contained *out;
	char line[4096];
	size_t n;
	struct str said;
};

static void take_report(struct listening *l, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != '\n' && l->n + 1 < sizeof l->line) {
			l->line[l->n++] = bytes[i];
			continue;
		}
		l->line[l->n] = '\0';
		l->n = 0;
		l->work->line(l->work->listener, l->line);
		if (bytes[i] != '\n')
			l->line[l->n++] = bytes[i];
	}
}

static void take_print(struct listening *l, const char *bytes, size_t size)
{
	l->out->printed += size;
	for (size_t i = 0; i < size && l->said.len + 1 < l->said.cap; i++)
		str_add_cut(&l->said, (char[2]){bytes[i] >= ' ' && bytes[i] < 0x7F ? bytes[i] : ' ', '\0'});
}

/* False at its end. */
static bool read_some(struct listening *l, int fd, void (*take)(struct listening *, const char *, size_t))
{
	char bytes[8192];
	ssize_t n = read(fd, bytes, sizeof bytes);
	if (n > 0)
		take(l, bytes, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Has the plugin been in the same call for too long? */
struct patience {
	uint64_t began_ms, calls, since_ms;
};

static size_t resident_mb(pid_t child)
{
	char path[64], text[128] = "";
	unsigned long pages = 0;
	snprintf(path, sizeof path, "/proc/%d/statm", (int)child);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(text, sizeof text, file) || sscanf(text, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE) >> 20;
}

static enum contained_end judge(struct patience *p, const struct note *note, pid_t child)
{
	uint64_t now_ms = clock_boot_ms(), calls = atomic_load(&note->calls);
	if (calls != p->calls) {
		p->calls = calls;
		p->since_ms = now_ms;
	}
	if (calls % 2 == 1 && now_ms - p->since_ms >= CONTAIN_HANG_MS)
		return CONTAINED_HUNG;
	/* No limit of the kernel's: a sanitizer needs all of the address space. */
	if (resident_mb(child) > CONTAIN_MEMORY_MB)
		return CONTAINED_GREEDY;
	return now_ms - p->began_ms >= CONTAIN_WHOLE_MS ? CONTAINED_SLOW : CONTAINED_DONE;
}

/* Until the child is gone: what it started may hold the pipes open. The status of waitpid. */
static int listen_to(struct listening *l, struct note *note, pid_t child, int report_fd, int print_fd)
{
	struct pollfd fds[2] = {{.fd = report_fd, .events = POLLIN}, {.fd = print_fd, .events = POLLIN}};
	struct patience patience = {.began_ms = clock_boot_ms(), .since_ms = clock_boot_ms()};
	int status = 0;
	for (;;) {
		poll(fds, 2, fds[0].fd < 0 ? 1 : STEP_MS);
		if (fds[1].fd >= 0 && fds[1].revents && !read_some(l, print_fd, take_print))
			fds[1].fd = -1;
		if (fds[0].fd >= 0 && fds[0].revents && !read_some(l, report_fd, take_report))
			fds[0].fd = -1;
		if ((fds[0].fd < 0 || fds[0].revents == 0) && waitpid(child, &status, WNOHANG) == child)
			return status;
		enum contained_end end = judge(&patience, note, child);
		if (end != CONTAINED_DONE) {
			l->out->end = end;
			kill(-child, SIGKILL);
			while (waitpid(child, &status, 0) < 0 && errno == EINTR)
				;
			return status;
		}
	}
}

/* What is in the pipe still, without waiting for those who hold it open. */
static void drain(struct listening *l, int fd, void (*take)(struct listening *, const char *, size_t))
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	for (int i = 0; i < 64 && poll(&waiting, 1, 0) > 0; i++)
		if (!read_some(l, fd, take))
			return;
}

static void fail(struct contained *out)
{
	out->end = CONTAINED_ERROR;
	out->number = errno;
}

void contain(struct note *note, const struct contain_work *work, struct contained *out)
{
	int report[2], print[2];
	*out = (struct contained){.end = CONTAINED_DONE};
	memset(note, 0, sizeof *note);
	if (pipe(report) != 0) {
		fail(out);
		return;
	}
	if (pipe(print) != 0) {
		fail(out);
		close(report[0]);
		close(report[1]);
		return;
	}
	fflush(NULL); /* else the child would write it once more */
	pid_t child = fork();
	if (child == 0) {
		close(report[0]);
		close(print[0]);
		be_child(note, work, report[1], print[1]);
	}
	close(report[1]);
	close(print[1]);
	if (child < 0) {
		fail(out);
	} else {
		setpgid(child, child);
		struct listening l = {.work = work, .out = out};
		str_init(&l.said, out->said, sizeof out->said);
		int status = listen_to(&l, note, child, report[0], print[0]);
		drain(&l, report[0], take_report);
		drain(&l, print[0], take_print);
		kill(-child, SIGKILL); /* what it started */
		if (out->end == CONTAINED_DONE && WIFSIGNALED(status))
			out->end = CONTAINED_SIGNAL, out->number = WTERMSIG(status);
		else if (out->end == CONTAINED_DONE && (WEXITSTATUS(status) != STATUS_DONE || !note->done))
			out->end = CONTAINED_EXIT, out->number = WEXITSTATUS(status);
	}
	close(report[0]);
	close(print[0]);
}

/* ---- in words ---- */

static void add_input(const struct note *note, struct str *out)
{
	size_t shown = note->size < 64 ? note->size : 64;
	str_add(out, "the %s of %zu bytes", note->function == NOTE_FRAME ? "piece of stream" : "frame", note->size);
	for (size_t i = 0; i < shown; i++)
		str_add(out, "%s%02X", i ? " " : ": ", note->bytes[i]);
	if (shown < note->size)
		str_add(out, " ...");
}

/* "while it decoded the frame of 3 bytes: 55 51 00 (vector x)" */
static void add_where(const struct note *note, struct str *out)
{
	switch (note->function) {
	case NOTE_LOAD:
		str_add(out, "while it was loaded");
		break;
	case NOTE_UNLOAD:
		str_add(out, "while it was unloaded");
		break;
	case NOTE_STEP:
		str_add(out, "as a device at work");
		break;
	case NOTE_INIT:
		str_add(out, "in init()");
		break;
	case NOTE_FRAME:
		str_add(out, "in frame(), given ");
		add_input(note, out);
		break;
	case NOTE_DECODE:
		str_add(out, "in decode(), given ");
		add_input(note, out);
		break;
	case NOTE_ENCODE:
		str_add(out, "in encode(), given verb %s with the value %g", note->verb, note->value);
		break;
	case NOTE_NONE:
	case NOTE_COUNT_:
	default:
		str_add(out, "outside of its functions");
		break;
	}
	if (note->about[0])
		str_add(out, " (%s)", note->about);
}

static const char *const places[NOTE_PLACES_] = {
    [NOTE_ELSEWHERE] = "",
    [NOTE_PAST_INPUT] = ", because it looked past the end of what it was given",
    [NOTE_PAST_STATE] = ", because it went past the end of its state: state_size is too small",
    [NOTE_PAST_READINGS] = ", because it wrote past the end of the readings: see max_readings, or use therapy_emit",
    [NOTE_PAST_FRAMES] = ", because it wrote past the end of the frames: see max_frames, or use therapy_send",
    [NOTE_PAST_FOUND] = ", because it wrote past the end of what is found: see max_found, or use therapy_found",
};

void contain_explain(const struct note *note, const struct contained *end, struct str *out)
{
	switch (end->end) {
	case CONTAINED_SIGNAL:
		if (end->number == SIGSYS)
			str_add(out, "it made a system call that no plugin may make ");
		else if (end->number == SIGXCPU || end->number == SIGKILL)
			str_add(out, "it was ended (%s) ", strsignal(end->number));
		else
			str_add(out, "it crashed (%s) ", strsignal(end->number));
		add_where(note, out);
		str_add(out, "%s", note->signal == end->number ? places[note->place] : "");
		break;
	case CONTAINED_EXIT:
		str_add(out, "it ended its process with status %d ", end->number);
		add_where(note, out);
		break;
	case CONTAINED_HUNG:
		str_add(out, "it did not come back within %d s ", CONTAIN_HANG_MS / 1000);
		add_where(note, out);
		break;
	case CONTAINED_SLOW:
		str_add(out, "it was not done after %d s; it was last busy ", CONTAIN_WHOLE_MS / 1000);
		add_where(note, out);
		break;
	case CONTAINED_GREEDY:
		str_add(out, "it took more than %d MB of memory; it was last busy ", CONTAIN_MEMORY_MB);
		add_where(note, out);
		break;
	case CONTAINED_ERROR:
		str_add(out, "no child process could be started: %s", strerror(end->number));
		break;
	case CONTAINED_DONE:
	default:
		break;
	}
}
