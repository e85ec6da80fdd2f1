/* SPDX-License-Identifier: Apache-2.0
 * Promise: what was put is answered, every field of it, in the order that was asked for, a page at a time, over
 * restarts; and a question sees all that was put before it. */
#include "history/history.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/testing.h"
#include "history/testing_history.h"

/* ---- sessions ---- */

static struct session_record full_session(void)
{
	return (struct session_record){
	    .id = "0123456789abcdef0123456789abcdef",
	    .kind = SESSION_TRACTION,
	    .what = "stretching",
	    .device = "bench",
	    .boot_id = "2f1b7f6e-0000-4000-8000-123456789abc",
	    .begun_boot_ms = 81234,
	    .placed = true,
	    .begun_ms = 1790000000123,
	    .lasted_ms = 600001,
	    .active_ms = 590002,
	    .unknown_ms = 1003,
	    .has_value = true,
	    .unit = THERAPY_UNIT_NEWTON,
	    .peak = 231.5,
	    .mean = 199.25,
	    .has_limit = true,
	    .limit = 250,
	    .over_ms = 17,
	    .has_dose = true,
	    .dose_min = 0.5,
	    .trips = 2,
	    .alarms = 3,
	    .end = SESSION_TRIPPED,
	    .rule = "not-too-hard",
	    .pain_before = 4,
	    .pain_after = 0,
	    .note = "R\xc3\xbc"
		    "cken \xe2\x80\x93 'besser'; DROP TABLE session",
	    .plan = "lumbar",
	    .step = 7,
	};
}

static void assert_same(const struct session_record *a, const struct session_record *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->person, b->person);
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->what, b->what);
	assert_string_equal(a->device, b->device);
	assert_string_equal(a->boot_id, b->boot_id);
	assert_int_equal(a->begun_boot_ms, b->begun_boot_ms);
	assert_int_equal(a->placed, b->placed);
	assert_int_equal(a->begun_ms, b->begun_ms);
	assert_int_equal(a->lasted_ms, b->lasted_ms);
	assert_int_equal(a->active_ms, b->active_ms);
	assert_int_equal(a->unknown_ms, b->unknown_ms);
	assert_int_equal(a->has_value, b->has_value);
	assert_int_equal(a->unit, b->unit);
	assert_near(a->peak, b->peak, 0);
	assert_near(a->mean, b->mean, 0);
	assert_int_equal(a->has_limit, b->has_limit);
	assert_near(a->limit, b->limit, 0);
	assert_int_equal(a->over_ms, b->over_ms);
	assert_int_equal(a->has_dose, b->has_dose);
	assert_near(a->dose_min, b->dose_min, 0);
	assert_int_equal(a->trips, b->trips);
	assert_int_equal(a->alarms, b->alarms);
	assert_int_equal(a->end, b->end);
	assert_string_equal(a->rule, b->rule);
	assert_int_equal(a->pain_before, b->pain_before);
	assert_int_equal(a->pain_after, b->pain_after);
	assert_string_equal(a->note, b->note);
	assert_string_equal(a->plan, b->plan);
	assert_int_equal(a->step, b->step);
}

static void every_field_comes_back_over_a_restart(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = full_session();
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Ada", "{}"), 0);
	r.person = t->id;
	assert_int_equal(history_put_session(t->history, &r), 0);
	testing_all(t);
	assert_int_equal(t->n, 1);
	assert_same(&t->rows[0], &r);
	testing_close(t);
	testing_open(t);
	testing_all(t);
	assert_int_equal(t->error, 0);
	assert_int_equal(t->n, 1);
	assert_false(t->more);
	assert_same(&t->rows[0], &r);
	testing_close(t);
	assert_int_equal(t->troubles, 0);
}

static void putting_again_replaces_every_field(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = full_session(), empty = testing_session(r.id, SESSION_NOBODY, 0);
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), 0);
	empty.boot_id[0] = '\0';
	empty.end = SESSION_RUNNING;
	assert_int_equal(history_put_session(t->history, &empty), 0);
	testing_all(t);
	assert_same(&t->rows[0], &empty);
	r.person = t->id;
	assert_int_equal(history_put_session(t->history, &r), 0);
	testing_all(t);
	assert_int_equal(t->n, 1);
	assert_same(&t->rows[0], &r);
	assert_int_equal(history_put_session(t->history, &empty), 0);
	testing_all(t);
	assert_int_equal(t->n, 1);
	assert_same(&t->rows[0], &empty);
	/* And the indexes say the same as the table. */
	testing_ask(t, &(struct history_query){.person = r.person, .most = 1});
	assert_int_equal(t->n, 0);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM pragma_integrity_check "
						 "WHERE integrity_check != 'ok'"),
			 0);
}

static void what_is_no_number_was_not_measured(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = full_session();
	testing_open(t);
	r.mean = (double)NAN;
	r.limit = (double)NAN;
	r.dose_min = (double)NAN;
	assert_int_equal(history_put_session(t->history, &r), 0);
	testing_all(t);
	assert_true(t->rows[0].has_value);
	assert_true(isnan(t->rows[0].mean));
	assert_false(t->rows[0].has_limit);
	assert_false(t->rows[0].has_dose);
	r.peak = (double)NAN;
	assert_int_equal(history_put_session(t->history, &r), 0);
	testing_all(t);
	assert_false(t->rows[0].has_value);
	testing_close(t);
}

static void a_later_programs_numbers_are_no_index_beyond_an_array(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_put(t, "a", SESSION_NOBODY, 5);
	testing_close(t);
	testing_sql(t->path, "UPDATE session SET kind = 1000, ended = -7, unit = 9999, peak = 1, "
			     "note = printf('%.600c', 'x')");
	testing_open(t);
	testing_all(t);
	assert_in_range(t->rows[0].kind, 0, SESSION_KIND_COUNT_ - 1);
	assert_in_range(t->rows[0].end, 0, SESSION_END_COUNT_ - 1);
	assert_in_range(t->rows[0].unit, 0, THERAPY_UNIT_COUNT_ - 1);
	testing_close(t);
}

static void a_text_without_its_end_is_cut_not_read_beyond(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = testing_session("a", SESSION_NOBODY, 5);
	testing_open(t);
	memset(r.note, 'x', sizeof r.note);
	memset(r.plan, 'y', sizeof r.plan);
	assert_int_equal(history_put_session(t->history, &r), 0);
	testing_all(t);
	assert_int_equal(strlen(t->rows[0].note), SESSION_NOTE_MAX - 1);
	assert_int_equal(strlen(t->rows[0].plan), ID_MAX - 1);
	testing_close(t);
}

/* ---- pages ---- */

/* Reads all in pages of `most`; the ids go to `ids`, one letter each. */
static void read_pages(struct testing_history *t, struct history_query query, char *ids)
{
	size_t n = 0;
	do {
		testing_ask(t, &query);
		assert_int_equal(t->error, 0);
		assert_true(t->n <= query.most);
		assert_true(t->n == query.most || !t->more);
		for (size_t i = 0; i < t->n; i++)
			ids[n++] = t->rows[i].id[0];
		if (t->n == 0)
			break;
		const struct session_record *last = &t->rows[t->n - 1];
		query.after = true;
		query.after_ms = last->begun_ms;
		snprintf(query.after_id, sizeof query.after_id, "%s", last->id);
	} while (t->more);
	ids[n] = '\0';
}

static void assert_pages(struct testing_history *t, struct history_query query, const char *expected)
{
	for (query.most = 1; query.most <= strlen(expected) + 1; query.most++) {
		char ids[64];
		read_pages(t, query, ids);
		assert_string_equal(ids, expected);
	}
}

static void pages_have_each_session_once_in_both_orders(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), 0);
	int64_t ada = t->id;
	assert_int_equal(testing_put_person(t, 0, "Bob", NULL), 0);
	int64_t bob = t->id;
	/* c, d and e began in the same millisecond; u and v nobody knows when. */
	testing_put(t, "d", bob, 200);
	testing_put(t, "u", ada, 0);
	testing_put(t, "a", ada, 100);
	testing_put(t, "e", ada, 200);
	testing_put(t, "v", SESSION_NOBODY, 0);
	testing_put(t, "c", ada, 200);
	testing_put(t, "f", SESSION_NOBODY, 300);
	struct history_query everybody = {.person = HISTORY_EVERYBODY}, query = everybody;
	assert_pages(t, query, "uvacdef");
	query.newest_first = true;
	assert_pages(t, query, "fedcavu");
	query.person = ada;
	assert_pages(t, query, "ecau");
	query.newest_first = false;
	assert_pages(t, query, "uace");
	query.person = bob;
	assert_pages(t, query, "d");
	query.person = SESSION_NOBODY;
	assert_pages(t, query, "vf");
	query.person = bob + 1;
	assert_pages(t, query, "");
	/* Where a moment is given only what has its place in time counts. */
	query = everybody;
	query.since_ms = 200;
	assert_pages(t, query, "cdef");
	query.until_ms = 300;
	assert_pages(t, query, "cde");
	query.newest_first = true;
	assert_pages(t, query, "edc");
	query.since_ms = 0;
	assert_pages(t, query, "edca");
	query.newest_first = false;
	assert_pages(t, query, "acde");
	query.person = ada;
	query.since_ms = 101;
	assert_pages(t, query, "ce");
	query.since_ms = 400;
	query.until_ms = 0;
	assert_pages(t, query, "");
	testing_close(t);
}

static void a_question_asks_for_a_sensible_number(void **state)
{
	struct testing_history *t = *state;
	struct history_query query = {.person = HISTORY_EVERYBODY};
	testing_open(t);
	assert_int_equal(history_sessions(t->history, &query, t, testing_on_sessions), UV_EINVAL);
	query.most = HISTORY_ROWS_MAX + 1;
	assert_int_equal(history_sessions(t->history, &query, t, testing_on_sessions), UV_EINVAL);
	testing_close(t);
	assert_false(t->answered);
}

/* ---- time, ends ---- */

static void sessions_of_a_boot_are_placed_and_move_with_the_clock(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = testing_session("a", SESSION_NOBODY, 0), other = r, before = r;
	testing_open(t);
	r.begun_boot_ms = 5000;
	snprintf(other.id, sizeof other.id, "b");
	snprintf(other.boot_id, sizeof other.boot_id, "another-boot");
	before = testing_session("c", SESSION_NOBODY, 77);
	snprintf(before.boot_id, sizeof before.boot_id, "an-earlier-boot");
	history_put_session(t->history, &r);
	history_put_session(t->history, &other);
	history_put_session(t->history, &before);
	assert_int_equal(history_place(t->history, "a-boot", 1000000), 0);
	testing_all(t);
	assert_string_equal(t->rows[0].id, "b");
	assert_false(t->rows[0].placed);
	assert_string_equal(t->rows[1].id, "c");
	assert_int_equal(t->rows[1].begun_ms, 77);
	assert_string_equal(t->rows[2].id, "a");
	assert_true(t->rows[2].placed);
	assert_int_equal(t->rows[2].begun_ms, 1005000);
	assert_int_equal(t->rows[2].begun_boot_ms, 5000);
	assert_int_equal(history_place(t->history, "a-boot", 2000000), 0); /* the clock was set */
	testing_all(t);
	assert_int_equal(t->rows[1].begun_ms, 77);
	assert_int_equal(t->rows[2].begun_ms, 2005000);
	testing_close(t);
}

static void what_an_earlier_process_left_running_was_cut(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = testing_session("a", SESSION_NOBODY, 100);
	testing_open(t);
	r.end = SESSION_RUNNING;
	history_put_session(t->history, &r);
	testing_put(t, "b", SESSION_NOBODY, 200);
	testing_close(t);
	testing_open(t);
	assert_int_equal(history_cut_running(t->history), 0);
	snprintf(r.id, sizeof r.id, "c");
	r.begun_ms = 300;
	history_put_session(t->history, &r);
	testing_all(t);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->rows[0].end, SESSION_CUT);
	assert_int_equal(t->rows[1].end, SESSION_ENDED);
	assert_int_equal(t->rows[2].end, SESSION_RUNNING);
	testing_close(t);
}

static void what_is_too_old_is_forgotten_what_has_no_time_stays(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_put(t, "u", SESSION_NOBODY, 0);
	testing_put(t, "a", SESSION_NOBODY, 100);
	testing_put(t, "b", SESSION_NOBODY, 200);
	assert_int_equal(history_forget_before(t->history, 200), 0);
	assert_pages(t, (struct history_query){.person = HISTORY_EVERYBODY}, "ub");
	testing_close(t);
}

/* ---- order ---- */

static void the_calls_are_done_in_their_order(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	for (unsigned i = 0; i < 200; i++) { /* more than one transaction takes */
		char id[8];
		snprintf(id, sizeof id, "%c%u", 'a' + (int)(i % 26), i);
		testing_put(t, id, SESSION_NOBODY, (int64_t)i + 1);
	}
	history_forget_before(t->history, 101); /* sees all of them, and nothing that follows */
	for (unsigned i = 0; i < 50; i++) {
		char id[8];
		snprintf(id, sizeof id, "z%u", i);
		testing_put(t, id, SESSION_NOBODY, 1);
	}
	history_put_setting(t->history, "person", "1");
	history_put_setting(t->history, "person", NULL);
	history_put_setting(t->history, "person", "2");
	assert_int_equal(history_counters(t->history).waiting, 254);
	testing_all(t);
	assert_int_equal(t->n, 150);
	assert_false(t->more);
	assert_string_equal(testing_setting(t, "person"), "2");
	struct history_counters c = history_counters(t->history);
	assert_int_equal(c.waiting, 0);
	assert_int_equal(c.writes, 254);
	assert_int_equal(c.dropped, 0);
	assert_true(c.written > 150u * 100u);
	testing_close(t);
}

static void the_newest_word_on_a_session_is_enough_but_never_overtakes(void **state)
{
	struct testing_history *t = *state;
	struct session_record r = testing_session("a", SESSION_NOBODY, 100);
	testing_open(t); /* the worker is busy with opening */
	for (r.lasted_ms = 1; r.lasted_ms <= 10; r.lasted_ms++)
		history_put_session(t->history, &r);
	assert_int_equal(history_counters(t->history).waiting, 1);
	history_forget_before(t->history, 200);
	history_put_session(t->history, &r); /* after it was forgotten: it is there again */
	testing_all(t);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->rows[0].lasted_ms, 11);
	assert_int_equal(history_counters(t->history).writes, 3);
	testing_close(t);
}

static void closing_does_what_waits_and_cancels_questions(void **state)
{
	struct testing_history *t = *state;
	struct history_query query = {.person = HISTORY_EVERYBODY, .most = 10};
	testing_open(t);
	testing_put(t, "a", SESSION_NOBODY, 100);
	assert_int_equal(history_sessions(t->history, &query, t, testing_on_sessions), 0);
	testing_put(t, "b", SESSION_NOBODY, 200);
	history_put_setting(t->history, "person", "3");
	testing_close(t);
	assert_true(t->answered);
	assert_int_equal(t->error, UV_ECANCELED);
	t->answered = false;
	assert_int_equal(testing_files(t, "-wal", NULL, 0), 0); /* the file alone is all of it */
	testing_open(t);
	testing_all(t);
	assert_int_equal(t->n, 2);
	assert_string_equal(testing_setting(t, "person"), "3");
	testing_close(t);
}

static void on_last_question(void *user, const struct history_answer *answer)
{
	struct testing_history *t = user;
	testing_on_sessions(user, answer);
	history_close(t->history);
	struct session_record r = testing_session("z", SESSION_NOBODY, 1);
	assert_int_equal(history_put_session(t->history, &r), UV_ECANCELED);
}

static void it_may_be_closed_from_within_an_answer(void **state)
{
	struct testing_history *t = *state;
	struct history_query query = {.person = HISTORY_EVERYBODY, .most = 10};
	testing_open(t);
	assert_int_equal(history_sessions(t->history, &query, t, on_last_question), 0);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(t->closed, 1);
	assert_int_equal(t->error, 0);
	assert_int_equal(uv_loop_close(&t->loop), 0);
}

static void nobody_else_may_read_it(void **state)
{
	struct testing_history *t = *state;
	struct stat st;
	mode_t mask = umask(0);
	testing_open(t);
	testing_put(t, "a", SESSION_NOBODY, 100);
	testing_all(t);
	char wal[160];
	snprintf(wal, sizeof wal, "%s-wal", t->path);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(testing_files(t, "", NULL, 0), 2); /* nothing else: no -shm */
	testing_close(t);
	chmod(t->path, 0644); /* a backup was copied back */
	testing_open(t);
	testing_all(t);
	assert_int_equal(stat(t->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	testing_close(t);
	umask(mask);
}

static void a_path_must_be_one(void **state)
{
	struct testing_history *t = *state;
	struct history_callbacks callbacks = {0};
	assert_int_equal(history_open(&t->loop, "", &callbacks, &t->history), UV_EINVAL);
	assert_null(t->history);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_field_comes_back_over_a_restart),
	    TEST(putting_again_replaces_every_field),
	    TEST(what_is_no_number_was_not_measured),
	    TEST(a_later_programs_numbers_are_no_index_beyond_an_array),
	    TEST(a_text_without_its_end_is_cut_not_read_beyond),
	    TEST(pages_have_each_session_once_in_both_orders),
	    TEST(a_question_asks_for_a_sensible_number),
	    TEST(sessions_of_a_boot_are_placed_and_move_with_the_clock),
	    TEST(what_an_earlier_process_left_running_was_cut),
	    TEST(what_is_too_old_is_forgotten_what_has_no_time_stays),
	    TEST(the_calls_are_done_in_their_order),
	    TEST(the_newest_word_on_a_session_is_enough_but_never_overtakes),
	    TEST(closing_does_what_waits_and_cancels_questions),
	    TEST(it_may_be_closed_from_within_an_answer),
	    TEST(nobody_else_may_read_it),
	    TEST(a_path_must_be_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
