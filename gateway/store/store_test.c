/* SPDX-License-Identifier: Apache-2.0
 * The directory: the first start is told from a lost file, a write is whole, the copy before it is kept, only the
 * latest of what waits is written, and what cannot be written is told. */
#include "base/testing.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

static bool own_mounts; /* what this process mounts nobody else sees */

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
	static const char *const names[] = {"state", "state.previous", "state.new", "state.previous.new", "state.spare",
					    "lock"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
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
	assert_int_equal(store_read(f->store, "home", &what, &read), 0);
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
	const struct store_callbacks callbacks = {f, written, closed};
	assert_int_equal(store_new(&f->loop, f->directory, &callbacks, &f->store), 0);
	assert_int_equal(found(f, &revision), STORE_GOOD);
	assert_int_equal(revision, 2);
}

/* A process that ends by SIGKILL does not tidy up; and what it has started does not hold on to the directory. */
static void the_directory_is_one_process_s_until_that_is_gone_however_it_ends(void **state)
{
	struct fixture *f = *state;
	struct store *other;
	const struct store_callbacks callbacks = {f, written, closed};
	int ready[2], until[2]; /* what the child starts goes on until the test closes that */
	char byte;
	pid_t holder = 0;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(until, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool ok = store_take(f->store, &holder) == 0;
		if (fork() == 0) {
			if (dup2(until[0], 0) == 0)
				execlp("cat", "cat", (char *)NULL);
			_exit(1);
		}
		if (!ok || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(store_take(f->store, &holder), UV_EBUSY);
	assert_int_equal(holder, child);
	write_revision(f, 1); /* not even so */
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->errors[0], UV_EBUSY);
	/* The write end closes in all that the child has started when they exec: read it to its end first. */
	close(ready[1]);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	assert_int_equal(store_take(f->store, &holder), 0);
	assert_int_equal(store_new(&f->loop, f->directory, &callbacks, &other), 0);
	holder = 0;
	assert_int_equal(store_take(other, &holder), UV_EBUSY);
	assert_int_equal(holder, getpid());
	store_close(other);
	f->closed = false;
	close(until[0]);
	close(until[1]);
}

/* Fills the file system to the last byte. */
static void fill(const struct fixture *f)
{
	static const char zeros[4096];
	char path[160];
	in(f, "../fill", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	size_t size = sizeof zeros;
	while (size > 0)
		if (write(fd, zeros, size) <= 0)
			size /= 2;
	close(fd);
}

/* The latches of the next write have to be on it, and of those after. */
static void a_disk_that_others_have_filled_still_takes_the_next_writes(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	char path[160];
	if (!own_mounts || mount("none", f->base, "tmpfs", 0, "size=256k") != 0) {
		print_message("SKIPPED: mounting a small tmpfs needs root\n");
		skip();
	}
	found(f, &revision);
	for (uint64_t r = 1; r <= 12; r++) {
		if (r == 2 || r == 5)
			fill(f); /* soon after the first start, and when all is as ever */
		write_revision(f, r);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		assert_int_equal(f->errors[r - 1], 0);
		assert_int_equal(found(f, &revision), STORE_GOOD);
		assert_int_equal(revision, r);
	}
	damage(f, "state");
	assert_int_equal(found(f, &revision), STORE_PREVIOUS);
	assert_int_equal(revision, 11);
	in(f, "../fill", path);
	unlink(path);
	assert_int_equal(umount2(f->base, MNT_DETACH), 0);
}

/* A cut in the middle may leave one file under two names: to write over the spare one must not change the other. */
static void a_spare_file_that_is_still_the_copy_before_is_not_written_over(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;
	char path[160], spare[160];
	found(f, &revision);
	for (uint64_t r = 1; r <= 3; r++) {
		write_revision(f, r);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	in(f, "state.spare", spare);
	unlink(spare);
	in(f, "state", path);
	assert_int_equal(link(path, spare), 0);
	int fd = open(path, O_RDONLY);
	struct stat before, after;
	assert_int_equal(fstat(fd, &before), 0);
	write_revision(f, 4);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	close(fd);
	damage(f, "state");
	assert_int_equal(found(f, &revision), STORE_PREVIOUS);
	assert_int_equal(revision, 3);
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
	    cmocka_unit_test_setup_teardown(the_directory_is_one_process_s_until_that_is_gone_however_it_ends, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_spare_file_that_is_still_the_copy_before_is_not_written_over, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_disk_that_others_have_filled_still_takes_the_next_writes, setup,
					    teardown),
	};
	/* Before libuv starts its threads: each has the name space of the thread that made it. */
	own_mounts =
	    geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
