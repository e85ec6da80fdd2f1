/* SPDX-License-Identifier: Apache-2.0
 * Promise: a disk that refuses costs nothing older and stops nothing: it is said once, what is put waits and is written
 * when there is room again, and who asks is answered meanwhile. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"
#include "history/testing_history.h"

static void put_many(struct testing_history *t, const char *letter, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char id[16];
		snprintf(id, sizeof id, "%s%u", letter, i);
		testing_put(t, id, SESSION_NOBODY, 1000 + (int64_t)i);
	}
}

/* Runs the loop until the worker has tried as often again. */
static void until_tried(struct testing_history *t, unsigned times)
{
	unsigned from = t->tried;
	while (t->tried - from < times)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void refuse_and_recover(struct testing_history *t, int code, const char *word)
{
	testing_open(t);
	put_many(t, "old", 3);
	testing_all(t);
	t->refuse_with = code;
	put_many(t, "new", 100);
	testing_until_trouble(t);
	assert_contains(t->trouble, t->path);
	assert_contains(t->trouble, word);
	history_put_setting(t->history, "person", "1");
	until_tried(t, 5); /* several times, and said once */
	assert_int_equal(t->troubles, 1);
	assert_int_equal(history_counters(t->history).waiting, 101);
	assert_int_equal(history_counters(t->history).dropped, 0);
	/* Who asks does not wait: what is on disk is there. */
	testing_all(t);
	assert_int_equal(t->error, 0);
	assert_int_equal(t->n, 3);
	assert_true(testing_put_person(t, 0, "Ada", NULL) != 0);
	assert_int_equal(t->wells, 0);

	t->refuse_with = 0;
	testing_until_well(t);
	assert_int_equal(t->troubles, 1);
	assert_int_equal(t->wells, 1);
	testing_all(t);
	assert_int_equal(t->n, 103);
	assert_string_equal(testing_setting(t, "person"), "1");
	assert_int_equal(history_counters(t->history).waiting, 0);
	assert_int_equal(history_counters(t->history).dropped, 0);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM session"), 103);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM pragma_integrity_check "
						 "WHERE integrity_check != 'ok'"),
			 0);
	assert_int_equal(testing_files(t, "", NULL, 0), 1); /* nothing was set aside */
}

static void a_full_disk_costs_nothing(void **state)
{
	refuse_and_recover(*state, SQLITE_FULL, "disk is full");
}

static void a_disk_that_fails_costs_nothing(void **state)
{
	refuse_and_recover(*state, SQLITE_IOERR_WRITE, "cannot be read or written");
}

static void a_disk_that_became_read_only_costs_nothing(void **state)
{
	refuse_and_recover(*state, SQLITE_READONLY, "may only read");
}

static void a_disk_that_refuses_from_the_start_is_tried_again(void **state)
{
	struct testing_history *t = *state;
	t->refuse_with = SQLITE_FULL;
	testing_open(t);
	put_many(t, "a", 10);
	testing_until_trouble(t);
	until_tried(t, 3);
	assert_int_equal(t->troubles, 1);
	testing_all(t);
	assert_int_equal(t->error, UV_ENOSPC); /* there is no history to look at */
	assert_int_equal(t->n, 0);
	t->refuse_with = 0;
	testing_until_well(t);
	testing_all(t);
	assert_int_equal(t->n, 10);
	testing_close(t);
}

static void a_folder_that_is_missing_is_waited_for(void **state)
{
	struct testing_history *t = *state;
	char directory[80];
	snprintf(directory, sizeof directory, "%s/later", t->directory);
	snprintf(t->path, sizeof t->path, "%s/history.db", directory);
	testing_open(t);
	testing_put(t, "a", SESSION_NOBODY, 5);
	testing_until_trouble(t);
	assert_contains(t->trouble, "no such file or directory");
	assert_int_equal(mkdir(directory, 0700), 0);
	testing_until_well(t);
	testing_all(t);
	assert_int_equal(t->n, 1);
	testing_close(t);
	assert_int_equal(unlink(t->path), 0);
}

static void somebody_who_holds_the_file_is_named_and_waited_for(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_put(t, "a", SESSION_NOBODY, 5);
	testing_close(t);
	sqlite3 *other;
	assert_int_equal(sqlite3_open(t->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE; UPDATE session SET step = 1", NULL, NULL, NULL), 0);
	testing_open(t);
	testing_until_trouble(t);
	assert_contains(t->trouble, "another program has it open");
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), 0);
	sqlite3_close(other);
	testing_until_well(t);
	testing_all(t);
	assert_int_equal(t->n, 1);
	testing_close(t);
}

/* A trouble of which nothing waits: only a question was asked. */
static void it_is_well_again_without_anything_that_waits(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_all(t);
	t->refuse_with = SQLITE_FULL;
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), UV_ENOSPC);
	testing_until_trouble(t);
	until_tried(t, 3);
	t->refuse_with = 0;
	testing_until_well(t);
	assert_int_equal(t->wells, 1);
	testing_close(t);
}

static void what_waits_is_bounded_and_what_is_lost_is_said(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_all(t);
	t->refuse_with = SQLITE_FULL;
	put_many(t, "a", HISTORY_WAITING_MAX);
	testing_until_trouble(t);
	struct session_record r = testing_session("too-many", SESSION_NOBODY, 5);
	assert_int_equal(history_put_session(t->history, &r), UV_ENOBUFS);
	assert_int_equal(history_put_session(t->history, &r), UV_ENOBUFS);
	assert_int_equal(history_counters(t->history).dropped, 2);
	while (!strstr(t->trouble, "newer ones are lost"))
		uv_run(&t->loop, UV_RUN_ONCE);
	/* The newest that has a place is told anew, and has it still. */
	r = testing_session("a999", SESSION_NOBODY, 1999);
	r.lasted_ms = 77;
	assert_int_equal(history_put_session(t->history, &r), 0);
	until_tried(t, 3);
	assert_int_equal(t->troubles, 2);
	t->refuse_with = 0;
	testing_until_well(t);
	while (history_counters(t->history).waiting > 0)
		uv_run(&t->loop, UV_RUN_ONCE);
	testing_ask(t, &(struct history_query){.person = HISTORY_EVERYBODY, .newest_first = true, .most = 1});
	assert_int_equal(t->rows[0].lasted_ms, 77);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM session"), HISTORY_WAITING_MAX);
}

static void what_the_disk_refuses_at_the_end_is_given_up_and_said(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_put(t, "old", SESSION_NOBODY, 5);
	testing_all(t);
	t->refuse_with = SQLITE_FULL;
	put_many(t, "a", 100);
	history_put_setting(t->history, "person", "1");
	testing_until_trouble(t);
	testing_close(t);
	assert_contains(t->trouble, "101 changes that waited are lost");
	t->refuse_with = 0;
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM session"), 1);
}

static void an_erasing_that_found_no_room_is_finished_when_there_is(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Wilhelmina-Secret", NULL), 0);
	int64_t her = t->id;
	testing_put(t, "a", her, 5);
	testing_all(t);
	t->refuse_with = SQLITE_FULL;
	assert_int_equal(testing_erase(t, her), UV_ENOSPC);
	t->refuse_with = 0;
	testing_until_well(t);
	assert_int_equal(testing_erase(t, her), 0);
	assert_int_equal(t->n, 1);
	assert_int_equal(testing_grep(t, "Wilhelmina-Secret"), 0);
	testing_close(t);
}

/* The system itself refuses, not the hook. */
static void a_limit_of_the_system_costs_nothing(void **state)
{
	struct testing_history *t = *state;
	struct rlimit before, small;
	t->options.hook = (struct shim_hook){0};
	testing_open(t);
	put_many(t, "old", 3);
	testing_all(t);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 40000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	put_many(t, "new", 300);
	testing_until_trouble(t);
	assert_contains(t->trouble, "file too large");
	testing_all(t);
	assert_true(t->n >= 3);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	testing_until_well(t);
	while (history_counters(t->history).waiting > 0)
		uv_run(&t->loop, UV_RUN_ONCE);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM session"), 303);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_full_disk_costs_nothing),
	    TEST(a_disk_that_fails_costs_nothing),
	    TEST(a_disk_that_became_read_only_costs_nothing),
	    TEST(a_disk_that_refuses_from_the_start_is_tried_again),
	    TEST(a_folder_that_is_missing_is_waited_for),
	    TEST(somebody_who_holds_the_file_is_named_and_waited_for),
	    TEST(it_is_well_again_without_anything_that_waits),
	    TEST(what_waits_is_bounded_and_what_is_lost_is_said),
	    TEST(what_the_disk_refuses_at_the_end_is_given_up_and_said),
	    TEST(an_erasing_that_found_no_room_is_finished_when_there_is),
	    TEST(a_limit_of_the_system_costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
