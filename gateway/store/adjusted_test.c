/* SPDX-License-Identifier: Apache-2.0
 * Promise: what a calibration found is there after a restart, for the same plugin, model and link and no other; it is
 * known only once it is on disk; and of a file with one wrong byte nothing is believed. */
#include "store/adjusted.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

static const struct adjusted_key table = {"inversion_table", "wt901", "serial:/dev/ttyUSB0"};

struct bench {
	char directory[64], path[96];
	uv_loop_t loop;
	unsigned done;
	int error;
};

static int setup(void **state)
{
	static struct bench b;
	b = (struct bench){.directory = "/tmp/adjusted-XXXXXX"};
	assert_non_null(mkdtemp(b.directory));
	snprintf(b.path, sizeof b.path, "%s/adjusted", b.directory);
	uv_loop_init(&b.loop);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	assert_int_equal(uv_loop_close(&b->loop), 0);
	chmod(b->directory, 0700);
	unlink(b->path);
	rmdir(b->directory);
	return 0;
}

static struct adjusted *start(struct bench *b, const char *gateway, enum adjusted_found expected)
{
	struct adjusted *a;
	enum adjusted_found found;
	assert_int_equal(adjusted_new(&b->loop, b->directory, gateway, &a, &found), 0);
	assert_int_equal(found, expected);
	return a;
}

static void on_done(void *user, int error)
{
	struct bench *b = user;
	b->done++;
	b->error = error;
}

static int put(struct bench *b, struct adjusted *a, const struct adjusted_key *key, double zero, bool forget)
{
	char sign[] = "sign", word[] = "reversed", zero_deg[] = "zero_deg";
	Therapy__V1__OptionValue values[2] = {THERAPY__V1__OPTION_VALUE__INIT, THERAPY__V1__OPTION_VALUE__INIT};
	Therapy__V1__OptionValue *options[] = {&values[0], &values[1]};
	values[0].key = sign;
	values[0].value_case = THERAPY__V1__OPTION_VALUE__VALUE_WORD;
	values[0].word = word;
	values[1].key = zero_deg;
	values[1].value_case = THERAPY__V1__OPTION_VALUE__VALUE_NUMBER;
	values[1].number = zero;
	b->done = 0;
	return adjusted_put(a, key, options, forget ? 0 : 2, 1234, b, on_done);
}

static void keep(struct bench *b, struct adjusted *a, const struct adjusted_key *key, double zero)
{
	assert_int_equal(put(b, a, key, zero, false), 0);
	assert_null(adjusted_find(a, key)); /* not before it is on disk */
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error, 0);
}

static void what_was_found_is_there_after_a_restart(void **state)
{
	struct bench *b = *state;
	struct adjusted *a = start(b, "home", ADJUSTED_NONE);
	keep(b, a, &table, -1.25);
	adjusted_free(a);
	a = start(b, "home", ADJUSTED_READ);
	const Therapy__V1__AdjustedDevice *d = adjusted_find(a, &table);
	assert_non_null(d);
	assert_int_equal(d->n_options, 2);
	assert_string_equal(d->options[0]->word, "reversed");
	assert_near(d->options[1]->number, -1.25, 0);
	assert_int_equal(d->wall_unix_ms, 1234);
	adjusted_free(a);
}

static void another_plugin_model_or_link_is_not_calibrated_by_it(void **state)
{
	struct bench *b = *state;
	struct adjusted *a = start(b, "home", ADJUSTED_NONE);
	keep(b, a, &table, 0);
	const struct adjusted_key others[] = {{"my_table", "wt901", "serial:/dev/ttyUSB0"},
					      {"inversion_table", "firmware", "serial:/dev/ttyUSB0"},
					      {"inversion_table", "wt901", "serial:/dev/ttyUSB1"}};
	for (size_t i = 0; i < 3; i++)
		assert_null(adjusted_find(a, &others[i]));
	adjusted_free(a);
	adjusted_free(start(b, "cellar", ADJUSTED_DAMAGED)); /* nor is another gateway's */
}

static void a_new_calibration_replaces_the_old_one_and_leaves_the_others(void **state)
{
	struct bench *b = *state;
	const struct adjusted_key belt = {"traction_belt", "firmware", "tcp://belt:4000"};
	struct adjusted *a = start(b, "home", ADJUSTED_NONE);
	keep(b, a, &table, 1);
	keep(b, a, &belt, 2);
	assert_int_equal(put(b, a, &table, 3, false), 0);
	assert_int_equal(put(b, a, &belt, 4, false), UV_EBUSY);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_near(adjusted_find(a, &table)->options[1]->number, 3, 0);
	assert_near(adjusted_find(a, &belt)->options[1]->number, 2, 0);
	assert_int_equal(put(b, a, &table, 0, true), 0);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_null(adjusted_find(a, &table));
	adjusted_free(a);
	a = start(b, "home", ADJUSTED_READ);
	assert_null(adjusted_find(a, &table));
	assert_non_null(adjusted_find(a, &belt));
	adjusted_free(a);
}

static size_t read_file(const struct bench *b, uint8_t *bytes, size_t cap)
{
	FILE *f = fopen(b->path, "rb");
	assert_non_null(f);
	size_t n = fread(bytes, 1, cap, f);
	fclose(f);
	return n;
}

static void write_file(const struct bench *b, const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(b->path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void of_a_damaged_file_nothing_is_believed(void **state)
{
	struct bench *b = *state;
	uint8_t bytes[512];
	struct adjusted *a = start(b, "home", ADJUSTED_NONE);
	keep(b, a, &table, 7);
	adjusted_free(a);
	size_t n = read_file(b, bytes, sizeof bytes);
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= 0x10;
		write_file(b, bytes, n);
		a = start(b, "home", ADJUSTED_DAMAGED);
		assert_null(adjusted_find(a, &table));
		adjusted_free(a);
		bytes[i] ^= 0x10;
		write_file(b, bytes, i); /* and cut there; of nothing at all, too */
		adjusted_free(start(b, "home", ADJUSTED_DAMAGED));
	}
}

static void a_disk_that_refuses_leaves_what_was(void **state)
{
	struct bench *b = *state;
	struct adjusted *a = start(b, "home", ADJUSTED_NONE), *nowhere;
	enum adjusted_found found;
	keep(b, a, &table, 1);
	const struct adjusted_key belt = {"traction_belt", "firmware", "tcp://belt:4000"};
	char fresh[112];
	snprintf(fresh, sizeof fresh, "%s.new", b->path);
	assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of the new file, of root's too */
	assert_int_equal(put(b, a, &belt, 2, false), 0);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(b->done, 1);
	assert_true(b->error < 0);
	assert_null(adjusted_find(a, &belt));
	assert_near(adjusted_find(a, &table)->options[1]->number, 1, 0);
	rmdir(fresh);
	adjusted_free(a);
	assert_int_equal(adjusted_new(&b->loop, NULL, "home", &nowhere, &found), 0);
	assert_int_equal(put(b, nowhere, &table, 1, false), UV_ENOENT);
	adjusted_free(nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_was_found_is_there_after_a_restart, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_plugin_model_or_link_is_not_calibrated_by_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_new_calibration_replaces_the_old_one_and_leaves_the_others, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(of_a_damaged_file_nothing_is_believed, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_disk_that_refuses_leaves_what_was, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
