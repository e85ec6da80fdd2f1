/* SPDX-License-Identifier: Apache-2.0
 * Promise: a file that is not whole is set aside and said, never written over; one that is not ours is not touched; an
 * older one is brought up with all that is in it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"
#include "history/testing_history.h"

static const char *const all_is_well = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check != 'ok'";

static void make_history(struct testing_history *t, unsigned sessions)
{
	testing_open(t);
	for (unsigned i = 0; i < sessions; i++) {
		char id[16];
		snprintf(id, sizeof id, "s%u", i);
		struct session_record r = testing_session(id, SESSION_NOBODY, 1000 + (int64_t)i);
		memset(r.note, 'n', 400); /* two in a page */
		assert_int_equal(history_put_session(t->history, &r), 0);
		if (i % 500 == 499) /* no more may wait than HISTORY_WAITING_MAX */
			testing_all(t);
	}
	testing_close(t);
	assert_int_equal(t->troubles, 0);
}

static char *contents(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	struct stat st;
	assert_int_equal(fstat(fileno(file), &st), 0);
	char *bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	*size = fread(bytes, 1, (size_t)st.st_size, file);
	fclose(file);
	return bytes;
}

static void assert_same_bytes(const char *path, const char *bytes, size_t size)
{
	size_t now_size;
	char *now = contents(path, &now_size);
	assert_int_equal(now_size, size);
	assert_memory_equal(now, bytes, size);
	free(now);
}

/* ---- damage ---- */

/* Opens what was damaged: it is beside, byte by byte as it was, said with both names, and a new file works. */
static void assert_set_aside(struct testing_history *t)
{
	size_t size;
	char *bytes = contents(t->path, &size), aside[512];
	unsigned before = (unsigned)testing_files(t, ".damaged-", NULL, 0);
	t->trouble[0] = '\0';
	testing_open(t);
	testing_until_trouble(t);
	assert_contains(t->trouble, t->path);
	assert_contains(t->trouble, ".damaged-");
	testing_put(t, "new", SESSION_NOBODY, 5);
	testing_all(t);
	assert_int_equal(t->error, 0);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->wells, 0); /* it stays said */
	testing_close(t);
	assert_int_equal(testing_number(t->path, all_is_well), 0);
	assert_int_equal(testing_files(t, ".damaged-", aside, sizeof aside), before + 1);
	if (before == 0)
		assert_same_bytes(aside, bytes, size);
	free(bytes);
}

static void a_damaged_header_is_set_aside(void **state)
{
	struct testing_history *t = *state;
	make_history(t, 50);
	testing_overwrite(t->path, 0, "not SQLite format", 17);
	assert_set_aside(t);
}

static void a_damaged_page_in_the_middle_is_set_aside(void **state)
{
	struct testing_history *t = *state;
	char garbage[1024];
	make_history(t, 50);
	memset(garbage, 0xa5, sizeof garbage);
	long page = (long)testing_number(t->path, "SELECT max(pageno) FROM dbstat WHERE name = 'session'");
	testing_overwrite(t->path, (page - 1) * 1024, garbage, sizeof garbage);
	assert_set_aside(t);
}

static void a_file_that_was_cut_is_set_aside_wherever(void **state)
{
	(void)state;
	static const off_t sizes[] = {2, 99, 512, 1024, 1500, 10240};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct testing_history *each;
		void *inner;
		assert_int_equal(testing_setup(&inner), 0);
		each = inner;
		make_history(each, 50);
		assert_int_equal(truncate(each->path, sizes[i]), 0);
		assert_set_aside(each);
		testing_teardown(&inner);
	}
}

static void text_in_its_place_is_set_aside_an_empty_file_is_a_new_one(void **state)
{
	struct testing_history *t = *state;
	FILE *file = fopen(t->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 500; i++)
		fputs("my shopping list: eggs, milk\n", file);
	fclose(file);
	assert_set_aside(t);
	file = fopen(t->path, "w");
	assert_non_null(file);
	fclose(file);
	t->troubles = 0;
	make_history(t, 2); /* without trouble */
}

static void tables_that_are_missing_are_damage(void **state)
{
	struct testing_history *t = *state;
	make_history(t, 2);
	testing_sql(t->path, "DROP TABLE session");
	assert_set_aside(t);
}

static void no_damaged_file_is_written_over(void **state)
{
	struct testing_history *t = *state;
	for (unsigned i = 0; i < 4; i++) { /* within a second or two: the same name */
		make_history(t, 3);
		testing_overwrite(t->path, 0, "xxxxxxxxxxxxxxxxx", 17);
		assert_set_aside(t);
		t->troubles = 0;
		unlink(t->path);
	}
	assert_int_equal(testing_files(t, ".damaged-", NULL, 0), 4);
}

static void its_wal_goes_with_it(void **state)
{
	struct testing_history *t = *state;
	char wal[160], aside[512];
	make_history(t, 3);
	testing_overwrite(t->path, 0, "xxxxxxxxxxxxxxxxx", 17);
	snprintf(wal, sizeof wal, "%s-wal", t->path);
	int fd = open(wal, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "half a frame", 12), 12);
	close(fd);
	testing_open(t);
	testing_all(t);
	assert_int_equal(testing_files(t, ".damaged-", NULL, 0), 2);
	assert_int_equal(testing_files(t, "Z-wal", aside, sizeof aside), 1);
	assert_same_bytes(aside, "half a frame", 12);
	struct stat st;
	assert_int_equal(stat(aside, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	testing_close(t);
}

/* Pages that are read again long after the start. */
static void damage_that_is_found_later_is_set_aside_without_a_restart(void **state)
{
	struct testing_history *t = *state;
	char garbage[1024];
	make_history(t, 1000); /* more than the pages that are kept in memory */
	long pages = (long)testing_number(t->path, "PRAGMA page_count");
	memset(garbage, 0xa5, sizeof garbage);
	testing_open(t);
	testing_ask(t, &(struct history_query){.person = HISTORY_EVERYBODY, .newest_first = true, .most = 1});
	for (long page = 1; page < pages; page++)
		testing_overwrite(t->path, page * 1024, garbage, sizeof garbage);
	testing_all(t);
	assert_int_equal(t->error, UV_EIO);
	assert_int_equal(t->n, 0);
	testing_put(t, "kept", SESSION_NOBODY, 5);
	while (!strstr(t->trouble, ".damaged-"))
		uv_run(&t->loop, UV_RUN_ONCE);
	testing_all(t);
	assert_int_equal(t->error, 0);
	assert_int_equal(t->n, 1);
	assert_string_equal(t->rows[0].id, "kept");
	testing_close(t);
}

/* ---- others' files ---- */

static void assert_left_alone(struct testing_history *t, const char *word)
{
	size_t size;
	char *bytes = contents(t->path, &size);
	testing_open(t);
	testing_until_trouble(t);
	assert_contains(t->trouble, t->path);
	assert_contains(t->trouble, word);
	testing_put(t, "a", SESSION_NOBODY, 5);
	assert_int_equal(history_put_setting(t->history, "person", "1"), 0);
	testing_all(t);
	assert_int_equal(t->error, UV_ENOTSUP);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), UV_ENOTSUP);
	assert_int_equal(history_counters(t->history).dropped, 2);
	assert_int_equal(history_counters(t->history).waiting, 0);
	assert_int_equal(history_counters(t->history).written, 0);
	testing_close(t);
	assert_int_equal(t->troubles, 1);
	assert_int_equal(t->wells, 0);
	assert_same_bytes(t->path, bytes, size);
	assert_int_equal(testing_files(t, "", NULL, 0), 1);
	free(bytes);
}

static void a_newer_programs_file_is_left_alone(void **state)
{
	struct testing_history *t = *state;
	make_history(t, 3);
	testing_sql(t->path, "PRAGMA user_version = 7");
	assert_left_alone(t, "found 7");
}

static void another_programs_file_is_left_alone(void **state)
{
	struct testing_history *t = *state;
	testing_sql(t->path, "PRAGMA application_id = 99; CREATE TABLE song(name TEXT)");
	assert_left_alone(t, "another program (application_id 99)");
}

static void a_file_of_nobody_with_tables_is_another_programs(void **state)
{
	struct testing_history *t = *state;
	testing_sql(t->path, "CREATE TABLE person(favourite_colour TEXT)");
	assert_left_alone(t, "another program");
}

/* ---- the ladder ---- */

static void a_new_file_is_of_the_last_version_and_says_whose_it_is(void **state)
{
	struct testing_history *t = *state;
	make_history(t, 1);
	assert_int_equal(testing_number(t->path, "PRAGMA user_version"), 1);
	assert_int_equal(testing_number(t->path, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
	assert_int_equal(testing_number(t->path, "PRAGMA page_size"), 1024);
	assert_int_equal(testing_number(t->path, all_is_well), 0);
}

static void the_ladder_keeps_the_rows(void **state)
{
	struct testing_history *t = *state;
	const char *two[] = {schema_ladder().steps[0],
			     "ALTER TABLE session ADD COLUMN mood INTEGER; UPDATE session SET mood = 5;"};
	make_history(t, 100);
	t->options.ladder = (struct schema_ladder){two, 2};
	testing_open(t);
	testing_all(t);
	assert_int_equal(t->n, 100);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "PRAGMA user_version"), 2);
	assert_int_equal(testing_number(t->path, "SELECT sum(mood) FROM session"), 500);
	assert_int_equal(t->troubles, 0);
	/* And this program, which knows one step, leaves it alone now. */
	t->options.ladder = schema_ladder();
	assert_left_alone(t, "found 2");
}

static void a_step_that_fails_is_undone_as_a_whole(void **state)
{
	struct testing_history *t = *state;
	const char *two[] = {schema_ladder().steps[0],
			     "ALTER TABLE session ADD COLUMN mood INTEGER; INSERT INTO nowhere VALUES(1);"};
	make_history(t, 3);
	t->options.ladder = (struct schema_ladder){two, 2};
	testing_open(t);
	testing_until_trouble(t);
	testing_close(t);
	assert_int_equal(testing_number(t->path, "PRAGMA user_version"), 1);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM pragma_table_info('session') "
						 "WHERE name = 'mood'"),
			 0);
	assert_int_equal(testing_files(t, ".damaged-", NULL, 0), 0);
	t->options.ladder = schema_ladder();
	t->trouble[0] = '\0';
	testing_open(t);
	testing_all(t);
	assert_int_equal(t->n, 3);
	testing_close(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_damaged_header_is_set_aside),
	    TEST(a_damaged_page_in_the_middle_is_set_aside),
	    TEST(a_file_that_was_cut_is_set_aside_wherever),
	    TEST(text_in_its_place_is_set_aside_an_empty_file_is_a_new_one),
	    TEST(tables_that_are_missing_are_damage),
	    TEST(no_damaged_file_is_written_over),
	    TEST(its_wal_goes_with_it),
	    TEST(damage_that_is_found_later_is_set_aside_without_a_restart),
	    TEST(a_newer_programs_file_is_left_alone),
	    TEST(another_programs_file_is_left_alone),
	    TEST(a_file_of_nobody_with_tables_is_another_programs),
	    TEST(a_new_file_is_of_the_last_version_and_says_whose_it_is),
	    TEST(the_ladder_keeps_the_rows),
	    TEST(a_step_that_fails_is_undone_as_a_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
