/* SPDX-License-Identifier: Apache-2.0
 * The directory: the first start is told from a lost file, a write is whole, the copy before it is kept, only the
 * latest of what waits is written, and what cannot be written is told. */
#include "base/testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

struct fixture {
	uv_loop_t loop;
	char base[64], directory[96];
	struct store *store;
	uint64_t revisions[16];
	int errors[16];
	size_t n_written;
	bool closed;
	struct state_image image;
};

static void written(void *user, uint64_t revision, int error)
{
	struct fixture *f = user;
	assert_true(f->n_written < 16);
	f->revisions[f->n_written] = revision;
	f->errors[f->n_written++] = error;
}

static void closed(void *user)
{
	((struct fixture *)user)->closed = true;
}

static char *words(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = {text};
	return u.out;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	strcpy(f->base, "/tmp/therapy-store-XXXXXX");
	assert_non_null(mkdtemp(f->base));
	snprintf(f->directory, sizeof f->directory, "%s/deeper/home", f->base);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	const struct store_callbacks callbacks = {f, written, closed};
	assert_int_equal(store_new(&f->loop, f->directory, &callbacks, &f->store), 0);
	*state = f;
	return 0;
}

static void in(const struct fixture *f, const char *name, char path[160])
{
	snprintf(path, 160, "%s/%s", f->directory, name);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[160];
	store_close(f->store);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	static const char *const names[] = {"state", "state.previous", "state.new", "state.previous.new"};
	for (size_t i = 0; i < 4; i++) {
		in(f, names[i], path);
		unlink(path);
		rmdir(path);
	}
	rmdir(f->directory);
	snprintf(path, sizeof path, "%s/deeper", f->base);
	rmdir(path);
	assert_int_equal(rmdir(f->base), 0);
	state_image_release(&f->image);
	free(f);
	return 0;
}

static void write_revision(struct fixture *f, uint64_t revision)
{
	state_image_begin(&f->image);
	f->image.head.gateway_id = words("home");
	f->image.head.revision = revision;
	assert_int_equal(state_image_pack(&f->image), 0);
	assert_int_equal(store_write(f->store, f->image.bytes, f->image.size, revision), 0);
}

static enum store_found found(struct fixture *f, uint64_t *revision)
{
	struct state read;
	enum store_found what;
	assert_int_equal(store_read(f->directory, "home", &what, &read), 0);
	*revision = read.memory ? read.memory->revision : 0;
	state_release(&read);
	return what;
}

static void damage(const struct fixture *f, const char *name)
{
	char path[160];
	in(f, name, path);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "?", 1, 20), 1);
	close(fd);
}

static void the_first_start_is_told_from_a_lost_file(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	assert_int_equal(found(f, &revision), STORE_FIRST);
	assert_int_equal(found(f, &revision), STORE_LOST); /* the directory is there, its file is not */
	write_revision(f, 7);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 7);
}

static void the_copy_before_is_kept(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	found(f, &revision);
	for (uint64_t r = 1; r <= 3; r++) {
		write_revision(f, r);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	damage(f, "state");
	assert_int_equal(found(f, &revision), STORE_PREVIOUS);
	assert_int_equal(revision, 2);
	damage(f, "state.previous");
	assert_int_equal(found(f, &revision), STORE_LOST);
}

static void a_write_that_was_cut_off_changes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	char path[160];
	found(f, &revision);
	write_revision(f, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	in(f, "state.new", path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "THERAPYS", 8), 8);
	close(fd);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 1);
	write_revision(f, 2);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 2);
}

static void of_what_waits_only_the_latest_is_written(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	found(f, &revision);
	for (uint64_t r = 1; r <= 10; r++) /* the loop does not turn, so the first is still being written */
		write_revision(f, r);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_written, 2);
	assert_int_equal(f->revisions[0], 1);
	assert_int_equal(f->revisions[1], 10);
	assert_int_equal(f->errors[1], 0);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 10);
}

static void what_cannot_be_written_is_told_and_harms_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	char path[160];
	found(f, &revision);
	write_revision(f, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	in(f, "state.new", path);
	assert_int_equal(mkdir(path, 0700), 0); /* in the way, also for root */
	write_revision(f, 2);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_written, 2);
	assert_true(f->errors[1] < 0);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 1);
	rmdir(path);
	write_revision(f, 3);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->errors[2], 0);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 3);
}

static void closing_writes_what_was_handed_over(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	found(f, &revision);
	write_revision(f, 1);
	write_revision(f, 2);
	store_close(f->store);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 2);
	const struct store_callbacks callbacks = {f, written, closed};
	assert_int_equal(store_new(&f->loop, f->directory, &callbacks, &f->store), 0); /* for the teardown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_first_start_is_told_from_a_lost_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_copy_before_is_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_write_that_was_cut_off_changes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_what_waits_only_the_latest_is_written, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_and_harms_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(closing_writes_what_was_handed_over, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
