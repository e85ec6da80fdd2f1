/* SPDX-License-Identifier: Apache-2.0 */
#include "history/testing_history.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/testing.h"

/* ---- what it says ---- */

static void on_trouble(void *user, const char *why)
{
	struct testing_history *t = user;
	t->troubles += why != NULL;
	t->wells += why == NULL;
	snprintf(t->trouble, sizeof t->trouble, "%s", why ? why : "");
}

static void on_closed(void *user)
{
	((struct testing_history *)user)->closed++;
}

static int before(void *user, const struct shim_call *call)
{
	struct testing_history *t = user;
	t->tried++;
	return call->op == SHIM_REMOVE ? SQLITE_OK : t->refuse_with;
}

static void answer(struct testing_history *t, int error)
{
	assert_false(t->answered); /* once each */
	t->answered = true;
	t->error = error;
}

void testing_on_sessions(void *user, const struct history_answer *a)
{
	struct testing_history *t = user;
	answer(t, a->error);
	t->n = a->n;
	t->more = a->more;
	for (size_t i = 0; i < a->n; i++)
		t->rows[i] = a->rows[i];
}

static void on_people(void *user, const struct history_people *a)
{
	struct testing_history *t = user;
	answer(t, a->error);
	t->n = a->n;
	for (size_t i = 0; i < a->n; i++) {
		t->people[i] = a->items[i];
		snprintf(t->document, sizeof t->document, "%s", a->items[i].document);
	}
}

void testing_on_person(void *user, int error, int64_t id)
{
	struct testing_history *t = user;
	answer(t, error);
	t->id = id;
}

static void on_erased(void *user, int error, size_t sessions)
{
	struct testing_history *t = user;
	answer(t, error);
	t->n = sessions;
}

static void on_setting(void *user, int error, const char *value)
{
	struct testing_history *t = user;
	answer(t, error);
	t->none = !value;
	snprintf(t->value, sizeof t->value, "%s", value ? value : "");
}

/* ---- life ---- */

int testing_setup(void **state)
{
	struct testing_history *t = calloc(1, sizeof *t);
	assert_non_null(t);
	/* In memory where there is some: the tests sync some thousand times. */
	snprintf(t->directory, sizeof t->directory, "%s/history-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(t->directory));
	snprintf(t->path, sizeof t->path, "%s/history.db", t->directory);
	t->options = (struct history_options){TESTING_RETRY_MS, schema_ladder(), {t, before, NULL}};
	*state = t;
	return 0;
}

int testing_teardown(void **state)
{
	struct testing_history *t = *state;
	char path[512];
	while (testing_files(t, "", path, sizeof path) > 0)
		if (remove(path) != 0)
			break;
	rmdir(t->directory);
	free(t);
	return 0;
}

void testing_open(struct testing_history *t)
{
	struct history_callbacks callbacks = {t, on_trouble, on_closed};
	assert_int_equal(uv_loop_init(&t->loop), 0);
	assert_int_equal(history_open_with(&t->loop, t->path, &callbacks, &t->options, &t->history), 0);
}

void testing_close(struct testing_history *t)
{
	history_close(t->history);
	assert_int_equal(t->closed, 0); /* never from within the call */
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(t->closed, 1);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	t->closed = 0;
	t->history = NULL;
}

/* ---- asking ---- */

struct session_record testing_session(const char *id, int64_t person, int64_t begun_ms)
{
	struct session_record r = {.person = person,
				   .kind = SESSION_INVERSION,
				   .placed = begun_ms != 0,
				   .begun_ms = begun_ms,
				   .end = SESSION_ENDED,
				   .pain_before = SESSION_PAIN_NOT_TOLD,
				   .pain_after = SESSION_PAIN_NOT_TOLD};
	snprintf(r.id, sizeof r.id, "%s", id);
	snprintf(r.boot_id, sizeof r.boot_id, "a-boot");
	return r;
}

void testing_put(struct testing_history *t, const char *id, int64_t person, int64_t begun_ms)
{
	struct session_record r = testing_session(id, person, begun_ms);
	assert_int_equal(history_put_session(t->history, &r), 0);
}

static void wait_for_answer(struct testing_history *t)
{
	assert_false(t->answered); /* never from within the call */
	while (!t->answered)
		uv_run(&t->loop, UV_RUN_ONCE);
	t->answered = false;
}

void testing_ask(struct testing_history *t, const struct history_query *query)
{
	assert_int_equal(history_sessions(t->history, query, t, testing_on_sessions), 0);
	wait_for_answer(t);
}

void testing_all(struct testing_history *t)
{
	testing_ask(t, &(struct history_query){.person = HISTORY_EVERYBODY, .most = HISTORY_ROWS_MAX});
}

void testing_people(struct testing_history *t)
{
	assert_int_equal(history_people(t->history, t, on_people), 0);
	wait_for_answer(t);
}

int testing_put_person(struct testing_history *t, int64_t id, const char *name, const char *document)
{
	struct history_person person = {.id = id, .document = document};
	assert_true(str_copy(person.name, sizeof person.name, name));
	assert_int_equal(history_put_person(t->history, &person, t, testing_on_person), 0);
	wait_for_answer(t);
	return t->error;
}

int testing_erase(struct testing_history *t, int64_t id)
{
	assert_int_equal(history_erase_person(t->history, id, t, on_erased), 0);
	wait_for_answer(t);
	return t->error;
}

const char *testing_setting(struct testing_history *t, const char *name)
{
	assert_int_equal(history_setting(t->history, name, t, on_setting), 0);
	wait_for_answer(t);
	assert_int_equal(t->error, 0);
	return t->none ? NULL : t->value;
}

void testing_until_trouble(struct testing_history *t)
{
	while (t->trouble[0] == '\0')
		uv_run(&t->loop, UV_RUN_ONCE);
}

void testing_until_well(struct testing_history *t)
{
	while (t->trouble[0] != '\0')
		uv_run(&t->loop, UV_RUN_ONCE);
}

/* ---- the files ---- */

static sqlite3 *open_plain(const char *path)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
	return db;
}

int64_t testing_number(const char *path, const char *sql)
{
	sqlite3 *db = open_plain(path);
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return value;
}

void testing_sql(const char *path, const char *sql)
{
	sqlite3 *db = open_plain(path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

size_t testing_files(const struct testing_history *t, const char *part, char *out, size_t cap)
{
	DIR *directory = opendir(t->directory);
	assert_non_null(directory);
	size_t n = 0;
	for (struct dirent *e; (e = readdir(directory));) {
		if (e->d_name[0] == '.' || !strstr(e->d_name, part))
			continue;
		if (n++ == 0 && out)
			snprintf(out, cap, "%s/%s", t->directory, e->d_name);
	}
	closedir(directory);
	return n;
}

static size_t grep_file(const char *path, const char *bytes)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	struct stat st;
	assert_int_equal(fstat(fileno(file), &st), 0);
	char *all = malloc((size_t)st.st_size + 1);
	assert_non_null(all);
	size_t size = fread(all, 1, (size_t)st.st_size, file), n = 0;
	fclose(file);
	for (char *at = all; (at = memmem(at, size - (size_t)(at - all), bytes, strlen(bytes))); at++)
		n++;
	free(all);
	return n;
}

size_t testing_grep(const struct testing_history *t, const char *bytes)
{
	DIR *directory = opendir(t->directory);
	assert_non_null(directory);
	size_t n = 0;
	for (struct dirent *e; (e = readdir(directory));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", t->directory, e->d_name);
		if (e->d_name[0] != '.')
			n += grep_file(path, bytes);
	}
	closedir(directory);
	return n;
}

void testing_overwrite(const char *path, long at, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, at), (ssize_t)size);
	close(fd);
}
