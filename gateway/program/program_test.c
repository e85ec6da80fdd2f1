/* SPDX-License-Identifier: Apache-2.0
 * Every program here is a process of its own (testing_program.c). */
#include "base/testing.h"
#include "device/device.h"
#include "device/plugin_file.h"
#include "program/inside.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	struct program *program;
	struct plugin_file *file;
	const struct therapy_model *model;
	uint64_t state[8];
	struct therapy_value values[2];
	char text[4096];
	struct str why;
	struct therapy_reading readings[8];
	struct therapy_frame frames[PROGRAM_FRAMES];
	struct therapy_out out;
	uv_loop_t loop;
	unsigned ended, waited;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	str_init(&f->why, f->text, sizeof f->text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	plugin_file_close(f->file);
	program_free(f->program);
	free(f);
	return 0;
}

static void on_waiting(void *user)
{
	((struct fixture *)user)->waited++;
}

/* Starts the testing program with up to two words, "decode=hang". */
static int start(struct fixture *f, const char *first, const char *second)
{
	char words[2][64] = {"", ""}, *args[] = {words[0], words[1]};
	size_t n = first ? (second ? 2 : 1) : 0;
	snprintf(words[0], sizeof words[0], "%s", first ? first : "");
	snprintf(words[1], sizeof words[1], "%s", second ? second : "");
	struct program_config config = {
	    .path = TESTING_PROGRAM, .args = args, .n_args = n, .waiting = on_waiting, .user = f};
	if (first && strcmp(first, "describe=hang") == 0)
		config.start_ms = 300;
	return program_start(&config, &f->program, &f->why);
}

static int init(struct fixture *f)
{
	return f->model->init_row(f->state, f->model, f->values, 1);
}

/* Started, checked, and its model at the beginning of a connection. */
static void begin(struct fixture *f, const char *first, const char *second)
{
	if (start(f, first, second) != 0)
		fail_msg("%s", f->text);
	if (plugin_table_open(program_plugin(f->program), "table", &f->file, f->text, sizeof f->text) != 0)
		fail_msg("%s", f->text);
	f->model = plugin_file_model(f->file, "");
	assert_non_null(f->model);
}

static void begin_and_init(struct fixture *f, const char *first, const char *second)
{
	begin(f, first, second);
	if (init(f) != 0)
		fail_msg("%s", program_fault(f->program));
	program_turn(f->program);
}

static void clear(struct fixture *f)
{
	f->out = (struct therapy_out){
	    .readings = f->readings, .max_readings = 8, .frames = f->frames, .max_frames = PROGRAM_FRAMES};
}

static enum therapy_refusal decode(struct fixture *f, const char *line)
{
	struct therapy_message m = {.data = (const uint8_t *)line, .size = strlen(line), .now_ms = 1000};
	clear(f);
	return f->model->decode(f->state, &m, &f->out);
}

static int encode(struct fixture *f, uint8_t verb, double value)
{
	clear(f);
	return f->model->encode(f->state, 1000, verb, value, &f->out);
}

enum { ON, OFF, KEEP, ASK };

static void assert_sends(struct fixture *f, uint8_t verb, const char *expected)
{
	assert_int_equal(encode(f, verb, 0), 0);
	assert_int_equal(f->out.n_frames, 1);
	assert_int_equal(f->frames[0].size, strlen(expected));
	assert_memory_equal(f->frames[0].bytes, expected, strlen(expected));
}

/* ---- as it should be ---- */

static void what_it_describes_is_a_plugin_like_any(void **state)
{
	struct fixture *f = *state;
	begin(f, NULL, NULL);
	const struct therapy_plugin *p = plugin_file_plugin(f->file);
	assert_string_equal(p->key, "testing");
	assert_string_equal(p->kind, "heat");
	const struct therapy_model *m = f->model;
	assert_int_equal(m->links, THERAPY_LINK_TCP | THERAPY_LINK_SERIAL);
	assert_int_equal(m->baud, 9600);
	assert_int_equal(m->n_metrics, 2);
	assert_int_equal(m->metrics[1].unit, THERAPY_UNIT_CELSIUS);
	assert_near(m->metrics[1].min, -20, 0);
	assert_int_equal(m->metrics[1].stale_ms, 1500);
	assert_int_equal(m->verbs[KEEP].effect, THERAPY_RENEW);
	const struct therapy_control *c = &m->controls[0];
	assert_int_equal(c->set, ON);
	assert_int_equal(c->renew, KEEP);
	assert_int_equal(c->confirm, 0);
	assert_int_equal(c->n_rest, 1);
	assert_int_equal(c->rest[0].verb, OFF);
	assert_int_equal(c->measures, THERAPY_NONE);
	assert_int_equal(m->polls[0].verb, ASK);
	assert_string_equal(m->options[1].words, "red|infrared");
}

static void what_it_reads_are_readings(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, NULL, NULL);
	assert_int_equal(decode(f, "1 21.5\n"), THERAPY_OK);
	assert_int_equal(f->out.n_readings, 2);
	assert_int_equal(f->readings[0].metric, 0);
	assert_int_equal(f->readings[0].quality, THERAPY_GOOD);
	assert_near(f->readings[0].value, 1, 0);
	assert_int_equal(f->readings[1].metric, 1);
	assert_near(f->readings[1].value, 21.5, 0);
	assert_int_equal(f->readings[1].age_ms, 30);
	assert_true(f->out.reply);
	assert_int_equal(decode(f, "1 nan\n"), THERAPY_OK);
	assert_int_equal(f->readings[1].quality, THERAPY_ERROR);
	assert_int_equal(decode(f, "1 5!\n"), THERAPY_OK);
	assert_int_equal(f->readings[1].quality, THERAPY_ERROR);
	assert_int_equal(decode(f, "1 ?\n"), THERAPY_OK);
	assert_int_equal(f->readings[1].quality, THERAPY_UNKNOWN);
	assert_int_equal(decode(f, "what?\n"), THERAPY_REFUSED_FORMAT);
	assert_null(program_fault(f->program));
}

static void more_readings_than_there_is_room_for_are_an_overflow(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, NULL, NULL);
	struct therapy_message m = {.data = (const uint8_t *)"1 2\n", .size = 4};
	clear(f);
	f->out.max_readings = 1;
	assert_int_equal(f->model->decode(f->state, &m, &f->out), THERAPY_OK);
	assert_int_equal(f->out.n_readings, 1);
	assert_true(f->out.overflow);
}

static void frames_end_where_the_table_says(void **state)
{
	struct fixture *f = *state;
	uint8_t much[THERAPY_FRAME_MAX];
	memset(much, 'x', sizeof much);
	begin_and_init(f, "cut=exit", NULL); /* it is not asked */
	assert_int_equal(f->model->frame(f->state, (const uint8_t *)"1 2\n3", 5), 4);
	assert_int_equal(f->model->frame(f->state, (const uint8_t *)"1 2", 3), 0);
	assert_int_equal(f->model->frame(f->state, much, sizeof much), -(long)sizeof much);
	assert_null(program_fault(f->program));
}

static void frames_end_where_the_program_says(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "describe=cut", NULL);
	assert_int_equal(f->model->frame(f->state, (const uint8_t *)"1 2\n3", 5), 4);
	assert_int_equal(f->model->frame(f->state, (const uint8_t *)"1 2", 3), 0);
}

static void it_is_given_the_options_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	int extra = open("/dev/null", O_RDONLY); /* no close-on-exec: ours to keep from it */
	assert_true(extra > STDERR_FILENO);
	begin_and_init(f, "init=descriptors", NULL);
	close(extra);
	teardown(state);
	setup(state);
	f = *state;
	f->values[0] = (struct therapy_value){.set = true, .number = 1.5};
	f->values[1] = (struct therapy_value){.set = true, .word = "infrared"};
	begin(f, "init=show", NULL);
	assert_int_equal(init(f), -1);
	assert_contains(program_fault(f->program), "options contradict each other: lamp zero=1.5 colour=infrared");
}

/* ---- the way to rest ---- */

static void rest_lies_ready_when_it_is_dead(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "decode=abort", NULL);
	assert_sends(f, OFF, "off 0\n");
	assert_sends(f, ON, "on\n");
	program_turn(f->program);
	assert_int_equal(decode(f, "1 2\n"), THERAPY_REFUSED_FORMAT);
	assert_contains(program_fault(f->program), "was ended by signal 9 (Killed)");
	assert_sends(f, OFF, "off 1\n"); /* as it was after the grant */
	assert_int_equal(encode(f, ON, 1), -1);
	assert_int_equal(encode(f, KEEP, 1), -1);
	assert_int_equal(f->out.n_frames, 0);
}

static void rest_does_not_wait_for_one_that_hangs(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "keep=stop", NULL);
	assert_sends(f, ON, "on\n");
	kill(f->program->pid, SIGSTOP);
	program_turn(f->program);
	uint64_t before = call_now_ms();
	assert_sends(f, OFF, "off 1\n");
	assert_null(program_fault(f->program)); /* it was not even asked */
	assert_true(call_now_ms() - before < PROGRAM_TURN_MS);
	assert_int_equal(encode(f, KEEP, 1), -1);
	assert_contains(program_fault(f->program), "did not answer 'encode' in time");
	assert_sends(f, OFF, "off 1\n");
}

static void a_control_without_a_way_to_rest_is_refused(void **state)
{
	static const char *const ways[] = {"off=nothing", "off=refuse", "encode=channel"};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct fixture *f = *state;
		begin(f, ways[i], NULL);
		assert_int_equal(init(f), -1);
		assert_contains(program_fault(f->program),
				"gives no frames for step 1 of the rest sequence of light (verb \"off\", value 0)");
		teardown(state);
		setup(state);
	}
}

static void nothing_is_switched_on_whose_rest_is_gone(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "off=once", NULL);
	assert_int_equal(encode(f, ON, 1), -1);
	assert_int_equal(f->out.n_frames, 0);
	assert_contains(program_fault(f->program), "gives no frames for step 1 of the rest sequence");
	assert_sends(f, OFF, "off 0\n");
}

/* The machine over it, as a device process drives it. */
static struct device_outputs step(struct device *d, uint64_t now_ms, struct device_input input)
{
	return device_step(d, now_ms, &input);
}

static bool sends(const struct device_outputs *out, const char *frame)
{
	for (size_t i = 0; i < out->n_sends; i++)
		if (out->sends[i].size == strlen(frame) && memcmp(out->sends[i].data, frame, strlen(frame)) == 0)
			return true;
	return false;
}

static void a_lamp_that_is_on_goes_off_though_its_program_hangs(void **state)
{
	struct fixture *f = *state;
	begin(f, "keep=hang", NULL);
	struct device_config config = {.model = f->model, .options = f->values, .seed = 1};
	struct device *d = NULL;
	assert_int_equal(device_new(&config, 1000, &d), 0);
	struct device_outputs out = step(d, 1000, (struct device_input){.type = DEVICE_IN_LINK_UP});
	assert_true(sends(&out, "off 0\n"));
	step(d, 1010, (struct device_input){.type = DEVICE_IN_BYTES, .data = (const uint8_t *)"0 20\n", .size = 5});
	program_turn(f->program);
	out = step(d, 1020, (struct device_input){.type = DEVICE_IN_LEASE, .grant = 1, .value = 1, .expires_ms = 9000});
	assert_true(sends(&out, "on\n"));
	program_turn(f->program);
	out = step(d, 1520, (struct device_input){.type = DEVICE_IN_TICK}); /* the renewal is due */
	assert_contains(program_fault(f->program), "did not answer 'encode' in time");
	out = step(d, 1720, (struct device_input){.type = DEVICE_IN_ORPHANED});
	assert_true(sends(&out, "off 1\n"));
	assert_true(device_told(d));
	device_free(d);
}

/* ---- what can go wrong ---- */

static void whatever_it_does_wrong_it_is_over_by_name(void **state)
{
	static const struct {
		const char *how, *why;
	} rows[] = {
	    {"decode=exit", "ended with status 7"},
	    {"decode=abort", "was ended by signal 9 (Killed)"},
	    {"decode=hang", "did not answer 'decode' in time"},
	    {"decode=stop", "did not answer 'decode' in time"},
	    {"decode=drip", "did not answer 'decode' in time"},
	    {"decode=endless", "did not answer 'decode' in time"},
	    {"decode=close", "closed its standard output"},
	    {"decode=print",
	     "announced a message of 1768693857 bytes, expected at most 262144: its standard output is the wire, so "
	     "what is for people goes to standard error (it began \"a li\")"},
	    {"decode=junk", "answered 'decode' with 3 bytes that are no FromProgram message"},
	    {"decode=twice", "bytes more than its answer, expected one answer to each question"},
	    {"decode=other-call", "it says the number that it was asked with"},
	    {"decode=kind", "answered 'decode' with another kind of answer (field 7, expected 5)"},
	    {"decode=metric", "read the metric \"relais\", which is not in its table"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture *f = *state;
		begin_and_init(f, rows[i].how, NULL);
		assert_sends(f, ON, "on\n");
		program_turn(f->program);
		assert_int_equal(decode(f, "1 2\n"), THERAPY_REFUSED_FORMAT);
		if (!program_fault(f->program) || !strstr(program_fault(f->program), rows[i].why))
			fail_msg("%s: %s", rows[i].how, program_fault(f->program));
		assert_contains(program_fault(f->program), "program " TESTING_PROGRAM);
		assert_sends(f, OFF, "off 1\n");
		pid_t pid = f->program->pid;
		teardown(state);
		if (pid > 0) /* reaped before, or dies now */
			waitpid(pid, NULL, 0);
		setup(state);
	}
}

static void a_refusal_that_there_is_not_is_one_of_format(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "decode=refusal", NULL);
	assert_int_equal(decode(f, "1 2\n"), THERAPY_REFUSED_FORMAT);
	assert_null(program_fault(f->program));
}

static void a_frame_that_is_too_long_is_the_end(void **state)
{
	struct fixture *f = *state;
	begin(f, "encode=big", NULL);
	assert_int_equal(init(f), -1);
	assert_contains(program_fault(f->program), "a frame of 600 bytes for channel 0, expected at most 512");
}

static void all_calls_of_a_turn_share_its_time(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "decode=slow", NULL); /* 60 ms each */
	for (int i = 0; i < 4; i++) {
		program_turn(f->program);
		assert_int_equal(decode(f, "1 2\n"), THERAPY_OK);
	}
	program_turn(f->program);
	unsigned answered = 0;
	while (answered < 4 && decode(f, "1 2\n") == THERAPY_OK)
		answered++;
	assert_true(answered < 4);
	assert_contains(program_fault(f->program), "did not answer 'decode' in time");
}

static void one_that_nobody_asks_is_asked_whether_it_is_there(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, "ping=exit", NULL);
	program_idle(f->program); /* it was asked for its way to rest */
	assert_null(program_fault(f->program));
	program_idle(f->program);
	assert_contains(program_fault(f->program), "ended with status 7");
}

static void on_ended(void *user)
{
	struct fixture *f = user;
	f->ended++;
	program_unwatch(f->program);
}

static void its_end_and_its_prints_are_noticed_between_calls(void **state)
{
	static const struct {
		const char *how, *why;
	} rows[] = {
	    {"decode=then-exit", "ended with status 9"},
	    {"decode=then-print", "said \"hello\" without being asked"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture *f = *state;
		begin_and_init(f, rows[i].how, NULL);
		uv_loop_init(&f->loop);
		assert_int_equal(program_watch(f->program, &f->loop, on_ended, f), 0);
		assert_int_equal(decode(f, "1 2\n"), THERAPY_OK);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		assert_int_equal(f->ended, 1);
		assert_contains(program_fault(f->program), rows[i].why);
		assert_int_equal(uv_loop_close(&f->loop), 0);
		teardown(state);
		setup(state);
	}
}

static void it_can_start_nothing(void **state)
{
	struct fixture *f = *state;
	if (!sandbox_support().seccomp)
		skip();
	begin_and_init(f, "decode=fork", NULL);
	assert_int_equal(decode(f, "1 2\n"), THERAPY_REFUSED_FORMAT);
	assert_contains(program_fault(f->program), "ended with status 11");
}

static void it_does_not_outlive_us(void **state)
{
	struct fixture *f = *state;
	begin_and_init(f, NULL, NULL);
	pid_t pid = f->program->pid;
	int status = 0;
	program_free(f->program);
	f->program = NULL;
	pid_t reaped = waitpid(pid, &status, 0); /* -1: program_free has seen it dead */
	assert_true(reaped < 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

/* ---- its start ---- */

static void a_table_that_names_what_is_not_there_is_told(void **state)
{
	static const struct {
		const char *how, *why;
	} rows[] = {
	    {"describe=no-verb", "model \"lamp\": control \"light\" names the verb \"onn\", expected one of its verbs"},
	    {"describe=no-metric", "control \"light\" names the metric \"relais\", expected one of its metrics"},
	    {"describe=odd-link", "model \"lamp\": it names the link 77, expected one of enum ProgramLink"},
	    {"describe=bytes", "its table has the text \"T?\", expected UTF-8 without control characters"},
	    {"describe=control", "its table has the text \"T?[1m\", expected UTF-8 without control characters"},
	    {"describe=protocol", "speaks protocol 2, expected 1"},
	    {"describe=exit", "ended with status 7"},
	    {"describe=hang", "did not answer 'describe' in time"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture *f = *state;
		assert_true(start(f, rows[i].how, NULL) < 0);
		if (!strstr(f->text, rows[i].why))
			fail_msg("%s: %s", rows[i].how, f->text);
		assert_contains(f->text, TESTING_PROGRAM);
		assert_true(f->waited > 0 || strcmp(rows[i].how, "describe=hang") != 0);
		teardown(state);
		setup(state);
	}
}

static void a_table_that_a_plugin_may_not_have_is_refused_like_any(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(start(f, "describe=no-range", NULL), 0);
	assert_true(plugin_table_open(program_plugin(f->program), "lamp.py", &f->file, f->text, sizeof f->text) < 0);
	assert_contains(f->text, "lamp.py: model \"lamp\": metric \"temp\" has the range 90 to 80");
}

static void what_cannot_be_started_says_why(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/program_test.XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/script", dir);
	struct program_config config = {.path = path};
	assert_int_equal(program_start(&config, &f->program, &f->why), UV_ENOENT);
	assert_contains(f->text, "cannot be started: No such file or directory");
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	fputs("print('no first line')\n", to);
	fclose(to);
	chmod(path, 0755);
	str_init(&f->why, f->text, sizeof f->text);
	assert_true(program_start(&config, &f->program, &f->why) < 0);
	assert_contains(f->text, "Exec format error; a script begins with a line like #!/usr/bin/python3");
	unlink(path);
	rmdir(dir);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_it_describes_is_a_plugin_like_any),
	    T(what_it_reads_are_readings),
	    T(more_readings_than_there_is_room_for_are_an_overflow),
	    T(frames_end_where_the_table_says),
	    T(frames_end_where_the_program_says),
	    T(it_is_given_the_options_and_nothing_else),
	    T(rest_lies_ready_when_it_is_dead),
	    T(rest_does_not_wait_for_one_that_hangs),
	    T(a_lamp_that_is_on_goes_off_though_its_program_hangs),
	    T(a_control_without_a_way_to_rest_is_refused),
	    T(nothing_is_switched_on_whose_rest_is_gone),
	    T(whatever_it_does_wrong_it_is_over_by_name),
	    T(a_refusal_that_there_is_not_is_one_of_format),
	    T(a_frame_that_is_too_long_is_the_end),
	    T(all_calls_of_a_turn_share_its_time),
	    T(one_that_nobody_asks_is_asked_whether_it_is_there),
	    T(its_end_and_its_prints_are_noticed_between_calls),
	    T(it_can_start_nothing),
	    T(it_does_not_outlive_us),
	    T(a_table_that_names_what_is_not_there_is_told),
	    T(a_table_that_a_plugin_may_not_have_is_refused_like_any),
	    T(what_cannot_be_started_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
