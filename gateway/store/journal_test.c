/* SPDX-License-Identifier: Apache-2.0
 * Promise: an event that left the gateway is on disk, and one that is on disk is delivered, whatever happens between:
 * kill -9, a torn end, a damaged byte, a full disk. Numbers go on over restarts, and are never given twice. */
#include "store/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"
#include "store/spool.h"

struct bench {
	char directory[64], path[96];
	uv_loop_t loop;
	struct journal *journal;
	unsigned ready, failed, closed;
};

static void on_ready(void *user)
{
	((struct bench *)user)->ready++;
}

static void on_failed(void *user, const char *why)
{
	assert_true(strlen(why) > 0);
	((struct bench *)user)->failed++;
}

static void on_closed(void *user)
{
	((struct bench *)user)->closed++;
}

static void open_journal(struct bench *b, size_t records, size_t bytes)
{
	struct journal_config config = {b->path, records, bytes, 10};
	struct journal_callbacks callbacks = {b, on_ready, on_failed};
	assert_int_equal(uv_loop_init(&b->loop), 0);
	assert_int_equal(journal_new(&b->loop, &config, &callbacks, &b->journal), 0);
}

static void close_journal(struct bench *b)
{
	journal_close(b->journal, on_closed, b);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(b->closed, 1);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	b->closed = 0;
}

static int setup(void **state)
{
	static struct bench b;
	b = (struct bench){0};
	snprintf(b.directory, sizeof b.directory, "/tmp/journal-XXXXXX");
	assert_non_null(mkdtemp(b.directory));
	snprintf(b.path, sizeof b.path, "%s/events", b.directory);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	unlink(b->path);
	rmdir(b->path);
	rmdir(b->directory);
	return 0;
}

static void add(struct bench *b, unsigned priority)
{
	char text[32];
	snprintf(text, sizeof text, "event %llu", (unsigned long long)journal_next(b->journal));
	assert_int_equal(journal_add(b->journal, text, strlen(text) + 1, priority), 0);
}

static void until_waiting(struct bench *b, uint64_t sequence)
{
	struct journal_record r;
	while (!journal_waiting(b->journal, sequence - 1, &r))
		uv_run(&b->loop, UV_RUN_ONCE);
}

static void assert_is(const struct journal_record *r, uint64_t sequence)
{
	char text[32];
	snprintf(text, sizeof text, "event %llu", (unsigned long long)sequence);
	assert_int_equal(r->sequence, sequence);
	assert_string_equal((const char *)r->bytes, text);
}

static void nothing_leaves_before_it_is_on_disk(void **state)
{
	struct bench *b = *state;
	struct journal_record r;
	open_journal(b, 0, 0);
	assert_int_equal(journal_next(b->journal), 1);
	add(b, 2);
	assert_false(journal_waiting(b->journal, 0, &r));
	assert_true(journal_after(b->journal, 0, &r)); /* to be looked at, it is there at once */
	until_waiting(b, 1);
	assert_true(b->ready > 0);
	uint8_t *bytes;
	size_t size;
	assert_int_equal(spool_read(b->path, &bytes, &size), 0);
	assert_true(size > SPOOL_HEADER);
	free(bytes);
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close_journal(b);
}

static void what_was_not_delivered_comes_again_after_a_restart_and_numbers_go_on(void **state)
{
	struct bench *b = *state;
	struct journal_record r;
	open_journal(b, 0, 0);
	for (int i = 0; i < 5; i++)
		add(b, 1);
	until_waiting(b, 5);
	journal_delivered(b->journal, 1);
	journal_delivered(b->journal, 2);
	journal_delivered(b->journal, 4);
	assert_int_equal(journal_counters(b->journal).waiting, 2);
	close_journal(b);
	open_journal(b, 0, 0);
	assert_int_equal(journal_counters(b->journal).recovered, 2);
	assert_int_equal(journal_counters(b->journal).damaged, 0);
	assert_int_equal(journal_next(b->journal), 6);
	assert_true(journal_waiting(b->journal, 0, &r)); /* it was on disk before */
	assert_is(&r, 3);
	assert_true(journal_waiting(b->journal, 3, &r));
	assert_is(&r, 5);
	assert_false(journal_waiting(b->journal, 5, &r));
	journal_delivered(b->journal, 3);
	journal_delivered(b->journal, 5);
	close_journal(b);
	open_journal(b, 0, 0); /* all is delivered, and the number is kept all the same */
	assert_int_equal(journal_counters(b->journal).recovered, 0);
	assert_int_equal(journal_next(b->journal), 6);
	close_journal(b);
}

static size_t file_size(const struct bench *b)
{
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	return (size_t)st.st_size;
}

static void the_file_is_emptied_when_all_is_delivered(void **state)
{
	struct bench *b = *state;
	open_journal(b, 0, 0);
	for (int i = 0; i < 50; i++)
		add(b, 1);
	until_waiting(b, 50);
	size_t full = file_size(b);
	assert_true(full > 50 * SPOOL_HEADER);
	for (uint64_t i = 1; i <= 50; i++)
		journal_delivered(b->journal, i);
	while (file_size(b) == full)
		uv_run(&b->loop, UV_RUN_ONCE);
	assert_int_equal(file_size(b), SPOOL_HEADER); /* only the next number */
	close_journal(b);
}

/* ---- damage ---- */

struct recovered {
	unsigned whole; /* of the three */
	uint64_t next;
	size_t damaged;
};

static struct recovered recover(struct bench *b, const uint8_t *bytes, size_t size)
{
	struct journal_record r;
	struct recovered out = {0};
	int fd = open(b->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	open_journal(b, 0, 0);
	for (uint64_t after = 0; journal_waiting(b->journal, after, &r); after = r.sequence, out.whole++)
		assert_is(&r, r.sequence); /* what is found is whole */
	out.next = journal_next(b->journal);
	out.damaged = (size_t)journal_counters(b->journal).damaged;
	add(b, 1); /* and it can go on */
	until_waiting(b, out.next);
	close_journal(b);
	assert_int_equal(b->failed, 0);
	return out;
}

static size_t three_records(uint8_t *bytes, size_t ends[3])
{
	size_t n = 0;
	for (uint64_t i = 1; i <= 3; i++) {
		char text[32];
		snprintf(text, sizeof text, "event %llu", (unsigned long long)i);
		struct spool_item item = {SPOOL_RECORD, 2, i, (const uint8_t *)text, strlen(text) + 1};
		n += spool_pack(&item, bytes + n);
		ends[i - 1] = n;
	}
	return n;
}

static void a_file_that_ends_anywhere_keeps_every_whole_record(void **state)
{
	struct bench *b = *state;
	uint8_t bytes[256];
	size_t ends[3], size = three_records(bytes, ends);
	for (size_t cut = 0; cut <= size; cut++) {
		struct recovered r = recover(b, bytes, cut);
		size_t whole = (size_t)(cut >= ends[0]) + (size_t)(cut >= ends[1]) + (size_t)(cut >= ends[2]);
		assert_int_equal(r.whole, whole);
		assert_int_equal(r.next, whole + 1); /* what was torn never left: its number is free */
		assert_int_equal(r.damaged, cut - (whole ? ends[whole - 1] : 0));
	}
}

static void a_damaged_byte_costs_its_own_record_only(void **state)
{
	struct bench *b = *state;
	uint8_t bytes[256];
	size_t ends[3], size = three_records(bytes, ends);
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0x20;
		struct recovered r = recover(b, bytes, size);
		bytes[at] ^= 0x20;
		assert_int_equal(r.whole, 2);
		assert_true(r.damaged > 0);
		assert_int_equal(r.next, at < ends[1] ? 4 : 3);
	}
}

/* ---- bounds ---- */

static void the_least_important_go_first_and_are_counted(void **state)
{
	struct bench *b = *state;
	struct journal_record r;
	open_journal(b, 4, 0);
	add(b, 2); /* 1 */
	add(b, 0); /* 2 */
	add(b, 2); /* 3 */
	add(b, 0); /* 4 */
	add(b, 2); /* 5: 2 goes */
	assert_int_equal(journal_counters(b->journal).dropped, 1);
	add(b, 2); /* 6: 4 goes */
	until_waiting(b, 6);
	uint64_t expected[] = {1, 3, 5, 6}, after = 0;
	for (size_t i = 0; i < 4; i++, after = r.sequence) {
		assert_true(journal_waiting(b->journal, after, &r));
		assert_is(&r, expected[i]);
	}
	journal_delivered(b->journal, 5);
	add(b, 0); /* 7: 5 goes, which costs nothing */
	assert_int_equal(journal_counters(b->journal).dropped, 2);
	add(b, 2); /* 8: 7 goes */
	add(b, 2); /* 9: all are important: the oldest goes */
	assert_int_equal(journal_counters(b->journal).dropped, 4);
	assert_true(journal_after(b->journal, 0, &r));
	assert_is(&r, 3);
	close_journal(b);
	open_journal(b, 4, 0); /* what was dropped does not come back */
	assert_true(journal_waiting(b->journal, 0, &r));
	assert_is(&r, 3);
	assert_int_equal(journal_next(b->journal), 10);
	close_journal(b);
}

static void bytes_are_bounded_in_memory_and_on_disk(void **state)
{
	struct bench *b = *state;
	uint8_t big[1000] = {0};
	open_journal(b, 100000, 20000);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(journal_add(b->journal, big, sizeof big, 1), 0);
		uv_run(&b->loop, UV_RUN_NOWAIT);
	}
	until_waiting(b, 500);
	assert_int_equal(journal_counters(b->journal).waiting, 20);
	assert_int_equal(journal_counters(b->journal).dropped, 480);
	assert_true(file_size(b) < 4 * 20000 + 50 * 1100);
	assert_int_equal(journal_add(b->journal, big, 20001, 1), UV_E2BIG);
	assert_int_equal(journal_next(b->journal), 502); /* it is missed */
	close_journal(b);
}

static void without_a_file_it_is_a_list_in_memory(void **state)
{
	struct bench *b = *state;
	struct journal_record r;
	struct journal_config config = {.records = 3};
	struct journal_callbacks callbacks = {b, on_ready, on_failed};
	uv_loop_init(&b->loop);
	assert_int_equal(journal_new(&b->loop, &config, &callbacks, &b->journal), 0);
	for (int i = 0; i < 5; i++)
		add(b, 0);
	assert_true(journal_waiting(b->journal, 0, &r)); /* nothing to wait for */
	assert_is(&r, 3);
	close_journal(b);
}

/* A disk that refuses costs the memory over a restart, never an event now; and it is said once. */
static void a_disk_that_refuses_is_told_once_and_holds_nothing_up(void **state)
{
	struct bench *b = *state;
	assert_int_equal(mkdir(b->path, 0700), 0); /* no file can be there */
	struct journal_record r;
	open_journal(b, 0, 0);
	while (b->failed == 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	add(b, 2);
	assert_true(journal_waiting(b->journal, 0, &r));
	unsigned ready = b->ready;
	while (b->ready == ready) /* it tries again, and fails again */
		uv_run(&b->loop, UV_RUN_ONCE);
	assert_int_equal(b->failed, 1);
	rmdir(b->path);
	add(b, 2);
	until_waiting(b, 2);
	while (access(b->path, R_OK) != 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	close_journal(b);
	open_journal(b, 0, 0); /* the first one is there too */
	assert_true(journal_waiting(b->journal, 0, &r));
	assert_is(&r, 1);
	close_journal(b);
}

/* ---- kill -9 ---- */

static void on_ready_in_child(void *user)
{
	struct bench *b = user;
	struct journal_record r;
	uint64_t after = b->ready, first = after;
	while (journal_waiting(b->journal, after, &r))
		after = r.sequence;
	b->ready = (unsigned)after;
	if (after != first && write(STDOUT_FILENO, &after, sizeof after) != sizeof after)
		_exit(2);
	for (int i = 0; i < 3; i++)
		add(b, 1);
}

static void child(struct bench *b, int out)
{
	dup2(out, STDOUT_FILENO);
	struct journal_config config = {.path = b->path};
	struct journal_callbacks callbacks = {b, on_ready_in_child, on_failed};
	uv_loop_init(&b->loop);
	if (journal_new(&b->loop, &config, &callbacks, &b->journal) != 0)
		_exit(3);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	_exit(4);
}

static void what_could_leave_survives_kill_9(void **state)
{
	struct bench *b = *state;
	uint64_t expected = 0;
	for (int round = 0; round < 10; round++) {
		int pipes[2];
		assert_int_equal(pipe(pipes), 0);
		pid_t pid = fork();
		if (pid == 0)
			child(b, pipes[1]);
		close(pipes[1]);
		for (int i = 0; i < 3 + round; i++)
			assert_int_equal(read(pipes[0], &expected, sizeof expected), sizeof expected);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (uint64_t more; read(pipes[0], &more, sizeof more) == sizeof more;)
			expected = more; /* it said so before it died */
		close(pipes[0]);
		struct journal_record r;
		open_journal(b, 0, 0);
		uint64_t after = 0;
		while (journal_waiting(b->journal, after, &r)) {
			assert_is(&r, after + 1); /* in order, without a gap */
			after = r.sequence;
		}
		assert_true(after >= expected);
		close_journal(b);
		b->ready = (unsigned)after;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_leaves_before_it_is_on_disk, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_not_delivered_comes_again_after_a_restart_and_numbers_go_on, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(the_file_is_emptied_when_all_is_delivered, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_that_ends_anywhere_keeps_every_whole_record, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_byte_costs_its_own_record_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_least_important_go_first_and_are_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(bytes_are_bounded_in_memory_and_on_disk, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_a_file_it_is_a_list_in_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_disk_that_refuses_is_told_once_and_holds_nothing_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_could_leave_survives_kill_9, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
