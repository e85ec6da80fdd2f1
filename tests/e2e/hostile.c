/* SPDX-License-Identifier: Apache-2.0
 * For test_hostile.py: a plugin that does what no plugin may, each by a copy of this file. The copy's name says what
 * and where: hostile_decode_segv.so reads nowhere in decode, once the device says "go"; hostile.so behaves. The device
 * says lines: "n 17" is a reading.
 *
 * Compiled four times: HOSTILE_SYMBOL exports another name, HOSTILE_ABI is of a later abi, HOSTILE_SIZES was built with
 * rows that are too small to be any.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "therapy/plugin.h"

#define STATE_SIZE 64u

enum { NUMBER, METRICS };
enum { ASK, VERBS };

static volatile int sink;
static volatile int *volatile nowhere;
static bool told;                /* by the device */
static char place[32], deed[32]; /* "decode", "segv" */
static char *kept[1024];

static void do_memory(void)
{
	for (size_t n = 0;; n++) {
		char *more = malloc(1 << 20);
		if (!more) {
			fprintf(stderr, "no memory after %zu MB\n", n);
			abort();
		}
		memset(more, 1, 1 << 20);
		kept[n % 1024] = more;
	}
}

static void do_flood(void)
{
	for (unsigned i = 0; i < 200000; i++)
		printf("flood %u\n", i);
}

static void do_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	execv("/bin/true", argv);
}

static void do_open(void)
{
	const char *const files[] = {"/etc/passwd", "/proc/1/environ", "/etc/shadow"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		fprintf(stderr, "%s: %s\n", files[i], fd < 0 ? strerror(errno) : "OPENED");
	}
	int fd = open("/tmp/therapy-hostile", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	fprintf(stderr, "writing: %s\n", fd < 0 ? strerror(errno) : "OPENED");
}

/* What is asked of this copy, if it is asked for here. */
static void perhaps(const char *here)
{
	if (strcmp(here, place) != 0)
		return;
	if (strcmp(deed, "segv") == 0)
		sink = *nowhere;
	else if (strcmp(deed, "loop") == 0)
		for (;;)
			sink++;
	else if (strcmp(deed, "memory") == 0)
		do_memory();
	else if (strcmp(deed, "flood") == 0)
		do_flood();
	else if (strcmp(deed, "exit") == 0)
		exit(0);
	else if (strcmp(deed, "stop") == 0)
		raise(SIGSTOP);
	else if (strcmp(deed, "open") == 0)
		do_open();
	else if (strcmp(deed, "socket") == 0)
		sink = socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(deed, "exec") == 0)
		do_exec();
	else if (strcmp(deed, "fork") == 0)
		sink = fork();
	else if (strcmp(deed, "kill") == 0)
		kill(getppid(), SIGKILL);
	else if (strcmp(deed, "ptrace") == 0)
		sink = (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void at_exit(void)
{
	perhaps("atexit");
}

__attribute__((constructor)) static void construct(void)
{
	Dl_info info;
	if (dladdr(place, &info) && strstr(info.dli_fname, "hostile_"))
		sscanf(strstr(info.dli_fname, "hostile_"), "hostile_%31[a-z]_%31[a-z]", place, deed);
	atexit(at_exit);
	perhaps("constructor");
}

__attribute__((destructor)) static void destruct(void)
{
	perhaps("destructor");
}

static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)state;
	(void)values;
	(void)seed;
	perhaps("init");
	return 0;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	const uint8_t *end = memchr(bytes, '\n', size);
	(void)state;
	if (end && bytes[0] == 'g') {
		perhaps("frame");
		if (strcmp(place, "frame") == 0 && strcmp(deed, "longer") == 0)
			return 400; /* than there is */
	}
	return end ? (long)(end - bytes) + 1 : size < THERAPY_FRAME_MAX ? 0 : -(long)size;
}

static void too_much(void *state, struct therapy_out *out)
{
	if (strcmp(deed, "many") == 0)
		for (unsigned i = 0; i < 60000; i++)
			therapy_emit(out, NUMBER, i);
	else if (strcmp(deed, "claim") == 0)
		out->n_readings = 60000;
	else if (strcmp(deed, "metric") == 0)
		therapy_emit(out, 77, 1);
	else if (strcmp(deed, "past") == 0)
		memset(state, 1, STATE_SIZE + (size_t)sink + 1);
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	unsigned n;
	if (message->data[0] == 'g') {
		told = true;
		perhaps("decode");
		if (strcmp(place, "decode") == 0)
			too_much(state, out);
		return THERAPY_OK;
	}
	if (sscanf((const char *)message->data, "n %u", &n) != 1)
		return THERAPY_REFUSED_FORMAT;
	therapy_emit(out, NUMBER, n);
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state;
	(void)now_ms;
	(void)verb;
	(void)value;
	if (told)
		perhaps("encode");
	therapy_send(out, 0, "ask\n", 4);
	return 0;
}

static const struct therapy_metric metrics[METRICS] = {
    {.key = "number", .name = "Number", .unit = THERAPY_UNIT_ONE, .max = 1e9, .interval_ms = 20, .stale_ms = 2000}};
static const struct therapy_verb verbs[VERBS] = {{"ask", THERAPY_QUERY}};
static const struct therapy_poll polls[] = {{.verb = ASK, .every_ms = 500}};
static const struct therapy_model models[] = {{.key = "lines",
					       .name = "Lines",
					       .manufacturer = "Nobody",
					       .links = THERAPY_LINK_TCP,
					       .metrics = metrics,
					       .n_metrics = METRICS,
					       .verbs = verbs,
					       .n_verbs = VERBS,
					       .polls = polls,
					       .n_polls = 1,
					       .state_size = STATE_SIZE,
					       .init = init,
					       .frame = frame,
					       .decode = decode,
					       .encode = encode}};

#ifdef HOSTILE_SYMBOL
extern THERAPY_EXPORT const struct therapy_plugin another_plugin;
#define TABLE another_plugin
#else
#define TABLE therapy_plugin
#endif
THERAPY_EXPORT const struct therapy_plugin TABLE = {
#ifdef HOSTILE_ABI
    .abi = THERAPY_ABI + 1,
#else
    .abi = THERAPY_ABI,
#endif
#ifdef HOSTILE_SIZES
    .sizes = {8, 8, 8, 8, 8, 8, 8, 8, 8},
#else
    .sizes = THERAPY_SIZES,
#endif
    .key = "hostile",
    .kind = "lines",
    .version = "1",
    .models = models,
    .n_models = 1,
};
