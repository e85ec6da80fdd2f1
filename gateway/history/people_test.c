/* SPDX-License-Identifier: Apache-2.0
 * Promise: people and choices are kept as they were put; who was erased is gone to the last byte of the files, and does
 * not come back. */
#include "history/people.h"

#include <stdio.h>

#include "base/testing.h"
#include "history/testing_history.h"

static void people_are_listed_by_name_and_changed(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_people(t);
	assert_int_equal(t->n, 0);
	assert_int_equal(testing_put_person(t, 0, "Zo\xc3\xab", "{\"weight_kg\":61}"), 0);
	int64_t zoe = t->id;
	assert_int_equal(testing_put_person(t, 0, "ada", NULL), 0);
	int64_t ada = t->id;
	assert_true(zoe > 0 && ada > 0 && zoe != ada);
	for (unsigned i = 0; i < 10; i++) {
		char name[8];
		snprintf(name, sizeof name, "m%u", i);
		assert_int_equal(testing_put_person(t, 0, name, ""), 0);
	}
	testing_close(t);
	testing_open(t);
	testing_people(t);
	assert_int_equal(t->n, 12);
	assert_string_equal(t->people[0].name, "ada");
	assert_int_equal(t->people[0].id, ada);
	assert_string_equal(t->people[11].name, "Zo\xc3\xab");
	assert_int_equal(t->people[11].id, zoe);
	assert_string_equal(t->document, "{\"weight_kg\":61}");
	assert_int_equal(testing_put_person(t, zoe, "Zora", "{}"), 0);
	assert_int_equal(t->id, zoe);
	testing_people(t);
	assert_int_equal(t->n, 12);
	assert_string_equal(t->people[11].name, "Zora");
	assert_string_equal(t->document, "{}");
	testing_close(t);
}

static void a_name_is_one_persons(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), 0);
	int64_t ada = t->id;
	assert_int_equal(testing_put_person(t, 0, "ADA", NULL), UV_EEXIST);
	assert_int_equal(testing_put_person(t, 0, "Bob", NULL), 0);
	int64_t bob = t->id;
	assert_int_equal(testing_put_person(t, bob, "ada", NULL), UV_EEXIST);
	assert_int_equal(testing_put_person(t, ada, "ada", NULL), 0); /* one's own in another way */
	assert_int_equal(testing_put_person(t, bob + 1, "Cem", NULL), UV_ENOENT);
	testing_people(t);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->troubles, 0); /* none of that is the disk's fault */
	struct history_person nobody = {.id = 0};
	assert_int_equal(history_put_person(t->history, &nobody, t, testing_on_person), UV_EINVAL);
	memset(nobody.name, 'x', sizeof nobody.name);
	assert_int_equal(history_put_person(t->history, &nobody, t, testing_on_person), UV_EINVAL);
	snprintf(nobody.name, sizeof nobody.name, "nobody asks");
	assert_int_equal(history_put_person(t->history, &nobody, NULL, NULL), 0);
	testing_people(t);
	assert_int_equal(t->n, 3);
	testing_close(t);
}

static void choices_are_kept_and_withdrawn(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_null(testing_setting(t, "person"));
	history_put_setting(t->history, "person", "1");
	history_put_setting(t->history, "person", "2");
	history_put_setting(t->history, "quiet", "22:00");
	testing_close(t);
	testing_open(t);
	assert_string_equal(testing_setting(t, "person"), "2");
	uint64_t writes = history_counters(t->history).writes;
	history_put_setting(t->history, "person", "2"); /* says nothing new: costs nothing */
	testing_setting(t, "person");
	assert_int_equal(history_counters(t->history).writes, writes);
	history_put_setting(t->history, "person", NULL);
	assert_null(testing_setting(t, "person"));
	assert_string_equal(testing_setting(t, "quiet"), "22:00");
	assert_int_equal(history_put_setting(t->history, "history.scrub", "1"), UV_EINVAL);
	testing_close(t);
}

/* ---- erasing ---- */

#define SECRET_NAME "Wilhelmina-Secret"
#define SECRET_NOTE "her-private-note"

static unsigned dice(uint64_t *state, unsigned sides)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % sides;
}

/* Notes that grow and shrink, rows between rows and rows that go: pages are divided and put in order again, and what
 * was moved is still where it was. (Without the VACUUM of database_scrub some of it is found.) */
static void live_together(struct testing_history *t, int64_t her, int64_t him)
{
	uint64_t state = 17;
	for (unsigned i = 0; i < 900; i++) {
		char id[SESSION_ID_SIZE];
		unsigned who = dice(&state, 400);
		snprintf(id, sizeof id, "%s%u", who % 2 ? SECRET_NOTE : "his-own-words", who);
		struct session_record r = testing_session(id, who % 2 ? her : him, 1000 + (int64_t)dice(&state, 1000));
		for (unsigned k = dice(&state, 28); k > 0; k--) {
			size_t n = strlen(r.note);
			snprintf(r.note + n, sizeof r.note - n, "%s ", who % 2 ? SECRET_NOTE : "his-own-words");
		}
		assert_int_equal(history_put_session(t->history, &r), 0);
		if (i % 300 == 299) {
			assert_int_equal(history_forget_before(t->history, 1000 + (int64_t)i), 0);
			testing_all(t);
		}
	}
}

/* Sessions of hers and of others. */
static void count(struct testing_history *t, int64_t her, size_t *hers, size_t *others)
{
	testing_all(t);
	assert_false(t->more);
	*hers = *others = 0;
	for (size_t i = 0; i < t->n; i++)
		(*(t->rows[i].person == her ? hers : others))++;
}

static void who_is_erased_is_gone_to_the_last_byte(void **state)
{
	struct testing_history *t = *state;
	char document[2000] = "";
	for (size_t n = 0; n < 1900; n = strlen(document)) /* more than a page */
		snprintf(document + n, sizeof document - n, "%s in a document, ", SECRET_NOTE);
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, SECRET_NAME, document), 0);
	int64_t her = t->id;
	assert_int_equal(testing_put_person(t, 0, "Bob", "{}"), 0);
	int64_t him = t->id;
	assert_int_equal(testing_put_person(t, her, SECRET_NAME, document), 0);
	char value[24];
	snprintf(value, sizeof value, "%lld", (long long)her);
	history_put_setting(t->history, "person", value);
	history_put_setting(t->history, "other", value);
	live_together(t, her, him);
	size_t hers, others, now;
	count(t, her, &hers, &others);
	assert_true(hers > 10 && others > 10);
	assert_true(testing_grep(t, SECRET_NAME) > 0);
	assert_true(testing_grep(t, SECRET_NOTE) > 0);

	assert_int_equal(testing_erase(t, her), 0);
	assert_int_equal(t->n, hers);
	/* While it is open, with its WAL, and when it is closed. */
	assert_int_equal(testing_grep(t, SECRET_NAME), 0);
	assert_int_equal(testing_grep(t, SECRET_NOTE), 0);
	assert_true(testing_grep(t, "his-own-words") > 0);
	assert_null(testing_setting(t, "person")); /* nobody is chosen */
	assert_string_equal(testing_setting(t, "other"), value);
	assert_null(testing_setting(t, DATABASE_SCRUB_OWED));
	testing_people(t);
	assert_int_equal(t->n, 1);
	count(t, her, &hers, &now);
	assert_int_equal(hers, 0);
	assert_int_equal(now, others);
	testing_close(t);
	assert_int_equal(testing_grep(t, SECRET_NAME), 0);
	assert_int_equal(testing_grep(t, SECRET_NOTE), 0);
	assert_int_equal(testing_number(t->path, "SELECT count(*) FROM pragma_integrity_check "
						 "WHERE integrity_check != 'ok'"),
			 0);
}

static void who_is_erased_does_not_come_back(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), 0);
	int64_t ada = t->id;
	testing_put(t, "a", ada, 100);
	assert_int_equal(testing_erase(t, ada), 0);
	assert_int_equal(t->n, 1);
	assert_int_equal(testing_erase(t, ada), UV_ENOENT);
	testing_put(t, "a", ada, 100); /* it was still running, and is told once more */
	testing_all(t);
	assert_int_equal(t->n, 0);
	assert_int_equal(testing_put_person(t, 0, "Ada", NULL), 0);
	assert_true(t->id > ada); /* another one: what named the first does not name her */
	testing_close(t);
}

static void a_session_of_somebody_whom_the_file_never_had_is_nobodys(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	testing_put(t, "a", 12, 100);
	testing_all(t);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->rows[0].person, SESSION_NOBODY);
	testing_close(t);
}

/* The process ended between erasing the rows and overwriting their bytes. */
static void an_erasing_that_was_cut_short_is_finished_at_the_next_start(void **state)
{
	struct testing_history *t = *state;
	testing_open(t);
	assert_int_equal(testing_put_person(t, 0, SECRET_NAME, NULL), 0);
	int64_t her = t->id;
	live_together(t, her, SESSION_NOBODY);
	size_t hers, others, now;
	count(t, her, &hers, &others);
	testing_close(t);
	/* As another program would: the bytes stay. */
	testing_sql(t->path, "PRAGMA secure_delete = OFF; PRAGMA foreign_keys = OFF;"
			     "DELETE FROM session WHERE person IS NOT NULL; DELETE FROM person;"
			     "INSERT INTO setting VALUES('" DATABASE_SCRUB_OWED "', '1');");
	assert_true(testing_grep(t, SECRET_NOTE) > 0);
	testing_open(t);
	assert_null(testing_setting(t, DATABASE_SCRUB_OWED));
	assert_int_equal(testing_grep(t, SECRET_NOTE), 0);
	assert_int_equal(testing_grep(t, SECRET_NAME), 0);
	count(t, her, &hers, &now);
	assert_int_equal(hers, 0);
	assert_int_equal(now, others);
	testing_close(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(people_are_listed_by_name_and_changed),
	    TEST(a_name_is_one_persons),
	    TEST(choices_are_kept_and_withdrawn),
	    TEST(who_is_erased_is_gone_to_the_last_byte),
	    TEST(who_is_erased_does_not_come_back),
	    TEST(a_session_of_somebody_whom_the_file_never_had_is_nobodys),
	    TEST(an_erasing_that_was_cut_short_is_finished_at_the_next_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
