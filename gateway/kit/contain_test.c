/* SPDX-License-Identifier: Apache-2.0
 * Whatever happens in the child is found out, told in a sentence, and harms nobody else. */
#include "kit/contain.h"

#include "base/testing.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit/caller.h"

struct heard {
	char text[4096];
	size_t n;
};

static void on_line(void *user, const char *line)
{
	struct heard *h = user;
	h->n++;
	snprintf(h->text + strlen(h->text), sizeof h->text - strlen(h->text), "%s|", line);
}

static struct note *note;

static int setup(void **state)
{
	(void)state;
	note = note_new();
	return note ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	note_free(note);
	return 0;
}

/* Runs it and expects that end, and that sentence. */
static void expect(void (*run)(void *, FILE *), enum contained_end end, int number, const char *sentence,
		   struct contained *out)
{
	struct heard heard = {.n = 0};
	const struct contain_work work = {.run = run, .line = on_line, .listener = &heard};
	struct contained own = {.end = CONTAINED_DONE};
	out = out ? out : &own;
	contain(note, &work, out);
	char text[1024];
	struct str s;
	str_init(&s, text, sizeof text);
	contain_explain(note, out, &s);
	if (out->end != end || out->number != number || strcmp(text, sentence) != 0)
		fail_msg("end %d, number %d: %s; heard %s; it said %s", (int)out->end, out->number, text, heard.text,
			 out->said);
}

static void say_two_lines(void *user, FILE *report)
{
	(void)user;
	fputs("one\ntwo\n", report);
}

static void lines_arrive_in_order_and_a_good_end_needs_no_words(void **state)
{
	(void)state;
	struct heard heard = {.n = 0};
	const struct contain_work work = {.run = say_two_lines, .line = on_line, .listener = &heard};
	struct contained end;
	contain(note, &work, &end);
	assert_int_equal(end.end, CONTAINED_DONE);
	assert_string_equal(heard.text, "one|two|");
	assert_int_equal(end.printed, 0);
}

static void say_and_crash(void *user, FILE *report)
{
	(void)user;
	fputs("before\n", report);
	note->function = NOTE_LOAD;
	raise(SIGSEGV);
}

static void what_was_said_before_a_crash_is_kept(void **state)
{
	(void)state;
	struct heard heard = {.n = 0};
	const struct contain_work work = {.run = say_and_crash, .line = on_line, .listener = &heard};
	struct contained end;
	contain(note, &work, &end);
	assert_string_equal(heard.text, "before|");
	expect(say_and_crash, CONTAINED_SIGNAL, SIGSEGV, "it crashed (Segmentation fault) while it was loaded", NULL);
}

static enum therapy_refusal look_past(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state, (void)out;
	return message->data[message->size + 1] ? THERAPY_REFUSED_VALUE : THERAPY_OK;
}

static void decode_past_its_frame(void *user, FILE *report)
{
	(void)user, (void)report;
	const struct therapy_model model = {.decode = look_past};
	struct caller caller;
	const uint8_t bytes[] = {0x55, 0x53};
	caller_init(&caller, &model, note);
	snprintf(note->about, sizeof note->about, "vector x");
	struct therapy_out out = caller_out(&caller);
	struct therapy_message message = {.data = bytes, .size = 2};
	caller_decode(&caller, caller_state_new(&model), &message, &out);
}

static void one_byte_too_far_is_said_with_the_frame(void **state)
{
	(void)state;
	expect(decode_past_its_frame, CONTAINED_SIGNAL, SIGSEGV,
	       "it crashed (Segmentation fault) in decode(), given the frame of 2 bytes: 55 53 (vector x), because it "
	       "looked "
	       "past the end of what it was given",
	       NULL);
}

static void call_what_is_forbidden(void *user, FILE *report)
{
	(void)user, (void)report;
	note->function = NOTE_INIT;
	signal(SIGSYS, SIG_DFL); /* cmocka has its own */
	raise(SIGSYS);
}

static void a_forbidden_system_call_has_its_own_words(void **state)
{
	(void)state;
	expect(call_what_is_forbidden, CONTAINED_SIGNAL, SIGSYS,
	       "it made a system call that no plugin may make in init()", NULL);
}

static void leave(void *user, FILE *report)
{
	(void)user, (void)report;
	puts("good bye");
	fflush(stdout);
	_exit(3);
}

static void one_that_ends_its_process_is_said_and_what_it_printed(void **state)
{
	(void)state;
	struct contained end;
	expect(leave, CONTAINED_EXIT, 3, "it ended its process with status 3 outside of its functions", &end);
	assert_int_equal(end.printed, 9);
	assert_string_equal(end.said, "good bye ");
}

static void leave_as_if_done(void *user, FILE *report)
{
	(void)user, (void)report;
	note->function = NOTE_DECODE;
	_exit(0);
}

static void one_that_ends_its_process_well_is_not_done(void **state)
{
	(void)state;
	expect(leave_as_if_done, CONTAINED_EXIT, 0,
	       "it ended its process with status 0 in decode(), given the frame of 0 bytes", NULL);
}

static void hang_in_a_call(void *user, FILE *report)
{
	(void)user, (void)report;
	note->function = NOTE_FRAME;
	atomic_fetch_add(&note->calls, 1);
	for (;;)
		pause();
}

static void one_that_hangs_is_ended(void **state)
{
	(void)state;
	expect(hang_in_a_call, CONTAINED_HUNG, 0,
	       "it did not come back within 2 s in frame(), given the piece of stream of 0 bytes", NULL);
}

static void leave_a_child(void *user, FILE *report)
{
	(void)user;
	fputs("done\n", report);
	if (fork() == 0)
		for (;;) /* holds the pipes open */
			pause();
}

static void what_it_started_holds_nobody_up(void **state)
{
	(void)state;
	expect(leave_a_child, CONTAINED_DONE, 0, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(lines_arrive_in_order_and_a_good_end_needs_no_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_said_before_a_crash_is_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_byte_too_far_is_said_with_the_frame, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_forbidden_system_call_has_its_own_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_ends_its_process_is_said_and_what_it_printed, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_ends_its_process_well_is_not_done, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_hangs_is_ended, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_it_started_holds_nobody_up, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
