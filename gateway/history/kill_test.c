/* SPDX-License-Identifier: Apache-2.0
 * Promise: a power cut at any write, sync or truncation leaves a whole file, with all that was answered before it, and
 * at most the one change more that was being made.
 *
 * A story is lived once, and before each of its calls to the disk the files are kept as they would be found if the
 * power failed there: with all that was written, with the first half of that call's bytes too, and with nothing that
 * was not synced, as when the kernel had not written it out. Then each is opened. Of a sample the process is killed in
 * truth. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"
#include "history/testing_history.h"

enum { STEPS = 12, DUMP = 8192, FILES = 3, FOUND_MAX = 4096, SAMPLE = 40 };

static const char *const suffixes[FILES] = {"", "-wal", "-journal"};

/* One file as it is on a disk; NULL: it is not there. */
struct image {
	unsigned char *bytes;
	size_t size;
};

/* What a start after a power cut finds. */
struct found {
	unsigned call, answered;
	const char *how;
	struct image files[FILES];
};

struct story {
	struct testing_history *t;
	unsigned calls;
	unsigned end_at; /* the process ends before that call; 0: it does not */
	_Atomic unsigned answered;
	struct image synced[FILES]; /* what the disk has for certain */
	struct found found[FOUND_MAX];
	unsigned n_found;
};

/* ---- files ---- */

static void *must(void *memory)
{
	if (!memory)
		abort(); /* on the worker: no place for an assert of cmocka */
	return memory;
}

static struct image copy_of(const struct image *image)
{
	struct image copy = {NULL, image->size};
	if (image->bytes) {
		copy.bytes = must(malloc(image->size + 1));
		memcpy(copy.bytes, image->bytes, image->size);
	}
	return copy;
}

static bool same(const struct image *a, const struct image *b)
{
	return !a->bytes == !b->bytes && a->size == b->size && (!a->bytes || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static struct image read_image(const struct testing_history *t, size_t file)
{
	char path[128];
	struct stat st;
	struct image image = {0};
	snprintf(path, sizeof path, "%s%s", t->path, suffixes[file]);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return image;
	if (fstat(fd, &st) != 0)
		abort();
	image.size = (size_t)st.st_size;
	image.bytes = must(malloc(image.size + 1));
	if (read(fd, image.bytes, image.size) != st.st_size)
		abort();
	close(fd);
	return image;
}

static void write_images(const struct testing_history *t, const struct image files[FILES])
{
	for (size_t i = 0; i < FILES; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s%s", t->path, suffixes[i]);
		unlink(path);
		if (!files[i].bytes)
			continue;
		int fd = open(path, O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, files[i].bytes, files[i].size), (ssize_t)files[i].size);
		close(fd);
	}
}

static size_t file_of(const struct story *s, const char *path)
{
	for (size_t i = FILES - 1; i > 0; i--)
		if (strcmp(path + strlen(s->t->path), suffixes[i]) == 0)
			return i;
	return 0;
}

/* ---- before each call, on the worker ---- */

/* Takes the images. What would be found twice in a row is kept once. */
static void keep(struct story *s, const char *how, struct image files[FILES])
{
	struct found *last = NULL;
	for (unsigned i = s->n_found; i > 0 && !last; i--)
		if (strcmp(s->found[i - 1].how, how) == 0)
			last = &s->found[i - 1];
	bool again = last && last->answered == s->answered;
	for (size_t i = 0; again && i < FILES; i++)
		again = same(&files[i], &last->files[i]);
	if (s->n_found == FOUND_MAX)
		abort();
	if (!again)
		s->found[s->n_found++] = (struct found){s->calls, s->answered, how, {files[0], files[1], files[2]}};
	for (size_t i = 0; again && i < FILES; i++)
		free(files[i].bytes);
}

static void tear(struct image *image, const struct shim_call *call)
{
	size_t half = (size_t)call->size / 2, at = (size_t)call->at;
	if (at + half > image->size) {
		image->bytes = must(realloc(image->bytes, at + half + 1));
		memset(image->bytes + image->size, 0, at + half - image->size);
		image->size = at + half;
	}
	if (image->bytes && half > 0)
		memcpy(image->bytes + at, call->bytes, half);
}

static int before(void *user, const struct shim_call *call)
{
	struct story *s = user;
	s->calls++;
	if (s->end_at) {
		if (s->calls == s->end_at)
			_exit(7);
		return SQLITE_OK;
	}
	struct image now[FILES], torn[FILES], synced[FILES];
	for (size_t i = 0; i < FILES; i++) {
		now[i] = read_image(s->t, i);
		torn[i] = copy_of(&now[i]);
		synced[i] = copy_of(&s->synced[i]);
	}
	if (call->op == SHIM_WRITE)
		tear(&torn[file_of(s, call->path)], call);
	keep(s, "all that was written", now);
	keep(s, "half a write", torn);
	keep(s, "what was synced", synced);
	return SQLITE_OK;
}

static void after(void *user, const struct shim_call *call)
{
	struct story *s = user;
	size_t file = file_of(s, call->path);
	if (call->op == SHIM_WRITE || s->end_at)
		return;
	free(s->synced[file].bytes);
	s->synced[file] = read_image(s->t, file);
}

/* ---- the story ---- */

/* One change each; it is acknowledged by an answer. */
static void do_step(struct testing_history *t, unsigned step)
{
	struct session_record r = testing_session("first", SESSION_NOBODY, 1000);
	memset(r.note, 'n', 300);
	switch (step) {
	case 1:
		testing_put_person(t, 0, "Ada", "{}");
		break;
	case 2:
		r.end = SESSION_RUNNING;
		history_put_session(t->history, &r);
		break;
	case 3:
		r.lasted_ms = 60000;
		history_put_session(t->history, &r);
		break;
	case 4:
		testing_put(t, "hers", 1, 0);
		break;
	case 5:
		history_place(t->history, "a-boot", 5000);
		break;
	case 6:
		history_put_setting(t->history, "person", "1");
		break;
	case 7: /* pages are divided */
	case 8:
	case 9:
		history_place(t->history, "no-boot", 1); /* the worker is busy: the five go together, all or none */
		for (unsigned i = 0; i < 5; i++) {
			snprintf(r.id, sizeof r.id, "more-%u-%u", step, i);
			r.begun_ms = 7000 - (int64_t)i;
			history_put_session(t->history, &r);
		}
		break;
	case 10:
		testing_erase(t, 1);
		break;
	case 11:
		history_forget_before(t->history, 6999);
		break;
	default:
		testing_put_person(t, 0, "Bob", "");
		break;
	}
	testing_people(t);
}

static void live(struct story *s, unsigned steps, int out)
{
	s->t->options.hook = (struct shim_hook){s, before, after};
	testing_open(s->t);
	testing_people(s->t);
	for (unsigned step = 1; step <= steps; step++) {
		do_step(s->t, step);
		s->answered = step;
		if (out >= 0 && write(out, "+", 1) != 1)
			_exit(9);
	}
	testing_close(s->t);
}

/* ---- what is found ---- */

static void add_rows(sqlite3 *db, const char *sql, char out[DUMP])
{
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	size_t n = strlen(out);
	while (sqlite3_step(s) == SQLITE_ROW)
		n += (size_t)snprintf(out + n, DUMP - n, "%s\n", (const char *)sqlite3_column_text(s, 0));
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_true(n < DUMP);
}

/* All rows, as the next start finds them. */
static void dump(struct testing_history *t, char out[DUMP])
{
	struct database *d = malloc(sizeof *d);
	assert_non_null(d);
	assert_int_equal(database_init(d, t->path, schema_ladder(), NULL), 0);
	assert_int_equal(database_open(d), 0);
	assert_string_equal(d->aside, "");
	out[0] = '\0';
	add_rows(d->db, "SELECT * FROM pragma_integrity_check", out);
	assert_string_equal(out, "ok\n");
	add_rows(d->db,
		 "SELECT id || coalesce(person, '-') || kind || placed || begun_ms || ' ' || lasted_ms || ended || "
		 "length(note) FROM session ORDER BY id",
		 out);
	add_rows(d->db, "SELECT id || name FROM person ORDER BY id", out);
	add_rows(d->db, "SELECT name || value FROM setting WHERE name = 'person'", out);
	database_release(d);
	free(d);
}

struct states {
	char after[STEPS + 1][DUMP]; /* that many steps */
};

static void clean(struct testing_history *t)
{
	char path[512];
	while (testing_files(t, "", path, sizeof path) > 0)
		assert_int_equal(unlink(path), 0);
}

static void make_states(struct testing_history *t, struct states *states)
{
	t->options.hook = (struct shim_hook){0};
	for (unsigned steps = 0; steps <= STEPS; steps++) {
		testing_open(t);
		for (unsigned step = 1; step <= steps; step++)
			do_step(t, step);
		testing_people(t);
		testing_close(t);
		dump(t, states->after[steps]);
		assert_true(steps == 0 || strcmp(states->after[steps], states->after[steps - 1]) != 0);
		clean(t);
	}
}

static void assert_nothing_lost(struct testing_history *t, const struct states *states, unsigned call,
				unsigned answered, const char *how)
{
	char found[DUMP];
	dump(t, found);
	bool as_answered = strcmp(found, states->after[answered]) == 0;
	bool one_more = answered < STEPS && strcmp(found, states->after[answered + 1]) == 0;
	if (!as_answered && !one_more)
		fail_msg("cut before call %u, %u steps were answered, on disk: %s; found:\n%s", call, answered, how,
			 found);
}

static void a_power_cut_at_any_write_loses_nothing_that_was_answered(void **state)
{
	struct testing_history *t = *state;
	struct states *states = must(calloc(1, sizeof *states));
	struct story *s = must(calloc(1, sizeof *s));
	make_states(t, states);
	s->t = t;
	live(s, STEPS, -1);
	assert_int_equal(s->answered, STEPS);
	assert_true(s->calls > 100);
	assert_true(s->n_found > s->calls);
	for (unsigned i = 0; i < s->n_found; i++) {
		struct found *f = &s->found[i];
		write_images(t, f->files);
		assert_nothing_lost(t, states, f->call, f->answered, f->how);
		for (size_t k = 0; k < FILES; k++)
			free(f->files[k].bytes);
	}
	print_message("%u calls, %u different finds\n", s->calls, s->n_found);
	for (size_t k = 0; k < FILES; k++)
		free(s->synced[k].bytes);
	free(s);
	free(states);
}

/* ---- in truth ---- */

/* How many steps were answered. *ended: it was not killed before its end. */
static unsigned run_child(struct story *s, bool *ended)
{
	int pipes[2], status;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		s->calls = 0;
		live(s, STEPS, pipes[1]);
		_exit(0);
	}
	close(pipes[1]);
	char marks[STEPS + 1];
	unsigned n = 0;
	ssize_t got;
	while ((got = read(pipes[0], marks, sizeof marks)) > 0)
		n += (unsigned)got;
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
	*ended = WEXITSTATUS(status) == 0;
	return n;
}

static void a_process_that_is_killed_loses_nothing_that_was_answered(void **state)
{
	struct testing_history *t = *state;
	struct states *states = must(calloc(1, sizeof *states));
	struct story *s = must(calloc(1, sizeof *s));
	s->t = t;
	unsigned kills = 0;
	bool ended = false;
	make_states(t, states);
	for (s->end_at = 1; !ended; s->end_at += SAMPLE) {
		unsigned answered = run_child(s, &ended);
		assert_nothing_lost(t, states, s->end_at, answered, "killed");
		clean(t);
		kills += !ended;
	}
	assert_true(kills > 5);
	free(s);
	free(states);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_power_cut_at_any_write_loses_nothing_that_was_answered),
	    TEST(a_process_that_is_killed_loses_nothing_that_was_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
