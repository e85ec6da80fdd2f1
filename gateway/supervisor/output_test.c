/* SPDX-License-Identifier: Apache-2.0
 * What is written into the pipe here is what a device process prints; what comes out is this process's log, on a
 * standard error that the test has replaced by a file. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/testing.h"
#include "sandbox/sandbox.h"
#include "supervisor/ended.h"
#include "supervisor/output.h"

struct fixture {
	uv_loop_t loop;
	struct output *output;
	int end, log, error; /* the process's end; our log; the standard error there was */
	bool closed;
	char text[65536];
};

static void on_closed(void *user)
{
	struct fixture *f = user;
	f->closed = true;
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	if (!f || uv_loop_init(&f->loop) != 0 || output_new(&f->loop, "pad", NULL, 0, &f->output, &f->end) != 0)
		return -1;
	char name[] = "/tmp/therapy-output-XXXXXX";
	f->log = mkstemp(name);
	unlink(name);
	f->error = dup(STDERR_FILENO);
	dup2(f->log, STDERR_FILENO);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	dup2(f->error, STDERR_FILENO);
	close(f->error);
	close(f->log);
	close(f->end);
	if (!f->closed)
		output_close(f->output, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	int rc = uv_loop_close(&f->loop);
	free(f);
	return rc;
}

static void print(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->end, text, strlen(text)), strlen(text));
}

static const char *logged(struct fixture *f)
{
	ssize_t n = pread(f->log, f->text, sizeof f->text - 1, 0);
	f->text[n > 0 ? n : 0] = '\0';
	return f->text;
}

static void what_a_plugin_prints_is_logged_under_its_devices_name(void **state)
{
	struct fixture *f = *state;
	print(f, "hello\nwarn  pad: ");
	output_drain(f->output);
	assert_string_equal(logged(f), "warn  pad: its process says: hello\n");
	print(f, "the link does not take it\n\nerror belt: not mine\n\033[2J\n");
	output_drain(f->output);
	assert_string_equal(logged(f), "warn  pad: its process says: hello\n"
				       "warn  pad: the link does not take it\n"
				       "warn  pad: its process says: error belt: not mine\n"
				       "warn  pad: its process says: ?[2J\n");
}

static void a_process_of_several_devices_logs_in_their_names(void **state)
{
	struct fixture *f = *state;
	static const char *const devices[] = {"pad", "table"};
	struct output *shared;
	int end;
	assert_int_equal(output_new(&f->loop, "bench", devices, 2, &shared, &end), 0);
	static const char text[] = "warn  table: the link does not take it\nerror tab: no\nerror belt: not mine\n";
	assert_int_equal(write(end, text, sizeof text - 1), sizeof text - 1);
	output_drain(shared);
	assert_string_equal(logged(f), "warn  table: the link does not take it\n"
				       "warn  bench: its process says: error tab: no\n"
				       "warn  bench: its process says: error belt: not mine\n");
	close(end);
	output_close(shared, NULL, NULL);
}

static void a_line_without_an_end_is_cut_and_told(void **state)
{
	struct fixture *f = *state;
	char line[2000];
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\0';
	print(f, line);
	output_drain(f->output);
	assert_string_equal(logged(f), "");
	output_close(f->output, on_closed, f);
	f->closed = true;
	assert_int_equal(strspn(strchr(logged(f), 'x'), "x"), OUTPUT_LINE_MAX);
}

static void a_flood_is_bounded_counted_and_blocks_nobody(void **state)
{
	struct fixture *f = *state;
	static char flood[1 << 20];
	for (size_t i = 0; i < sizeof flood; i++)
		flood[i] = i % 16 == 15 ? '\n' : 'f';
	ssize_t taken = write(f->end, flood, sizeof flood);
	assert_true(taken > 0 && taken < (ssize_t)sizeof flood); /* the pipe is full, and the writer goes on */
	assert_int_equal(write(f->end, flood, sizeof flood), -1);
	uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(output_left_out(f->output), taken / 16 - OUTPUT_LINES);
	assert_contains(logged(f), "prints more than 200 lines in 10 s");
	assert_int_equal(f->text[0], 'w');
	size_t lines = 0;
	for (const char *c = f->text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, OUTPUT_LINES + 1);
	/* in the pause the loop has nothing to do with it */
	assert_int_equal(write(f->end, flood, 16), 16);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(output_left_out(f->output), taken / 16 - OUTPUT_LINES);
	uv_run(&f->loop, UV_RUN_ONCE); /* the pause ends */
	uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(output_left_out(f->output), taken / 16 - OUTPUT_LINES + 1);
	output_close(f->output, on_closed, f);
	f->closed = true;
	assert_contains(logged(f), "were left out\n");
}

static void last_words_are_those_that_tell(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(output_words(f->output, true), "");
	print(f, "about to do it\n" SANDBOX_WORDS "the plugin called socket()\nmore\n");
	output_drain(f->output);
	assert_string_equal(output_words(f->output, false), SANDBOX_WORDS "the plugin called socket()");
	assert_string_equal(output_words(f->output, true), SANDBOX_WORDS "the plugin called socket()");
}

static void without_telling_words_the_last_line_is_asked_for(void **state)
{
	struct fixture *f = *state;
	print(f, "one\ntwo\nwarn  pad: our own\n");
	output_drain(f->output);
	assert_string_equal(output_words(f->output, true), "two");
	assert_string_equal(output_words(f->output, false), "");
}

static void an_end_is_a_sentence(void **state)
{
	(void)state;
	char text[600];
	struct str s;
	str_init(&s, text, sizeof text);
	ended_say(&s, 0, SIGSEGV, "", "");
	assert_string_equal(text, "device process was ended by signal 11 (Segmentation fault)");
	str_init(&s, text, sizeof text);
	ended_say(&s, 0, SIGSYS, " while loading plugin x.so", "");
	assert_string_equal(
	    text, "device process was ended by signal 31 (Bad system call) while loading plugin x.so: it made a "
		  "system call that a device process may not");
	str_init(&s, text, sizeof text);
	ended_say(&s, 1, 0, "", "x.c:3: runtime error: \033division by zero");
	assert_string_equal(
	    text, "device process exited with status 1; its last words: x.c:3: runtime error: ?division by zero");
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	unsetenv("JOURNAL_STREAM");
	const struct CMUnitTest tests[] = {
	    T(what_a_plugin_prints_is_logged_under_its_devices_name),
	    T(a_process_of_several_devices_logs_in_their_names),
	    T(a_line_without_an_end_is_cut_and_told),
	    T(a_flood_is_bounded_counted_and_blocks_nobody),
	    T(last_words_are_those_that_tell),
	    T(without_telling_words_the_last_line_is_asked_for),
	    cmocka_unit_test(an_end_is_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
