/* SPDX-License-Identifier: Apache-2.0
 *
 * therapy-history-bench [DIRECTORY] - what ten years of three sessions a day cost in gateway/history, as one JSON
 * object: the questions that people and plans ask, the file, and the bytes that a day of use writes. Its floor is
 * write() and fdatasync() of as many bytes in as many pieces. The directory (else /tmp) should be on a disk, not in
 * memory.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/history.h"

enum { YEARS = 10, A_DAY = 3, PEOPLE = 3, PUTS = 8, USE_DAYS = 60, REPEATS = 20, DAY_MS = 86400000 };

struct bench {
	uv_loop_t loop;
	struct history *history;
	char directory[256], path[300];
	unsigned answered;
	int error;
	size_t n;
	bool more;
	struct session_record last;
	int64_t person;
};

static void die(const char *why)
{
	fprintf(stderr, "therapy-history-bench: %s\n", why);
	exit(1);
}

static double ms_since(uint64_t ns)
{
	return (double)(uv_hrtime() - ns) / 1e6;
}

static void on_trouble(void *user, const char *why)
{
	(void)user;
	if (why)
		die(why);
}

static void on_closed(void *user)
{
	(void)user;
}

static void on_sessions(void *user, const struct history_answer *answer)
{
	struct bench *b = user;
	b->answered++;
	b->error = answer->error;
	b->n = answer->n;
	b->more = answer->more;
	if (answer->n > 0)
		b->last = answer->rows[answer->n - 1];
}

static void on_people(void *user, const struct history_people *answer)
{
	struct bench *b = user;
	b->answered++;
	b->error = answer->error;
	b->n = answer->n;
}

static void on_person(void *user, int error, int64_t id)
{
	struct bench *b = user;
	b->answered++;
	b->error = error;
	b->person = id;
}

static void on_erased(void *user, int error, size_t sessions)
{
	struct bench *b = user;
	b->answered++;
	b->error = error;
	b->n = sessions;
}

static void wait_for_answer(struct bench *b, int error)
{
	if (error)
		die(uv_strerror(error));
	for (unsigned before = b->answered; b->answered == before;)
		uv_run(&b->loop, UV_RUN_ONCE);
	if (b->error)
		die(uv_strerror(b->error));
}

static void ask(struct bench *b, const struct history_query *query)
{
	wait_for_answer(b, history_sessions(b->history, query, b, on_sessions));
}

/* ---- sessions as they are ---- */

static int64_t begin_ms(unsigned number)
{
	return 1600000000000 + (int64_t)(number / A_DAY) * DAY_MS + (int64_t)(number % A_DAY) * 21600000;
}

static struct session_record make(unsigned number)
{
	struct session_record r = {.person = 1 + number % PEOPLE,
				   .kind = (enum session_kind)(number % SESSION_ACTIVITY),
				   .begun_boot_ms = 1000 * (int64_t)number,
				   .placed = true,
				   .begun_ms = begin_ms(number),
				   .lasted_ms = 600000 + number,
				   .active_ms = 590000,
				   .unknown_ms = 100,
				   .has_value = true,
				   .unit = THERAPY_UNIT_DEG,
				   .peak = 31.25 + number % 7,
				   .mean = 24.5,
				   .has_limit = true,
				   .limit = 60,
				   .alarms = number % 2,
				   .end = SESSION_ENDED,
				   .pain_before = 4,
				   .pain_after = 2,
				   .step = 1 + (int)(number % 12)};
	/* Ids are drawn at random: the order in which they come is that of no index. */
	uint64_t dice = number * 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 2; i++) {
		dice = (dice ^ (dice >> 29)) * 0xbf58476d1ce4e5b9u;
		snprintf(r.id + 16u * i, 17, "%016" PRIx64, dice);
	}
	snprintf(r.boot_id, sizeof r.boot_id, "2f1b7f6e-0000-4000-8000-%012u", number / 60);
	snprintf(r.device, sizeof r.device, "inclinometer");
	snprintf(r.plan, sizeof r.plan, "beginner-inversion");
	if (number % 4 == 0)
		snprintf(r.note, sizeof r.note,
			 "Slept well, the back was stiff in the morning and better after the second round");
	return r;
}

static void put(struct bench *b, const struct session_record *r)
{
	int error;
	while ((error = history_put_session(b->history, r)) == UV_ENOBUFS)
		uv_run(&b->loop, UV_RUN_ONCE);
	if (error)
		die(uv_strerror(error));
}

static void fill(struct bench *b, unsigned sessions)
{
	static const char *const names[PEOPLE] = {"Ada", "Bob", "Cem"};
	for (unsigned i = 0; i < PEOPLE; i++) {
		struct history_person person = {.document = "{\"weight_kg\":70,\"cleared_by\":\"Dr. Example\"}"};
		snprintf(person.name, sizeof person.name, "%s", names[i]);
		wait_for_answer(b, history_put_person(b->history, &person, b, on_person));
	}
	for (unsigned i = 0; i < sessions; i++) {
		struct session_record r = make(i);
		put(b, &r);
	}
	wait_for_answer(b, history_people(b->history, b, on_people));
}

/* ---- questions ---- */

static void all_pages(struct bench *b, unsigned sessions)
{
	struct history_query query = {.person = HISTORY_EVERYBODY, .most = HISTORY_ROWS_MAX};
	size_t n = 0;
	do {
		ask(b, &query);
		n += b->n;
		query.after = true;
		query.after_ms = b->last.begun_ms;
		memcpy(query.after_id, b->last.id, sizeof query.after_id);
	} while (b->more);
	if (n != sessions)
		die("expected all sessions on the pages");
}

static void month(struct bench *b, unsigned sessions)
{
	int64_t from = begin_ms(sessions / 2);
	struct history_query query = {.person = 2,
				      .since_ms = from,
				      .until_ms = from + 30 * (int64_t)DAY_MS,
				      .newest_first = true,
				      .most = HISTORY_ROWS_MAX};
	ask(b, &query);
	if (b->n != 30)
		die("expected one session a day of that person");
}

static void newest(struct bench *b, unsigned sessions)
{
	(void)sessions;
	ask(b, &(struct history_query){.person = HISTORY_EVERYBODY, .newest_first = true, .most = 20});
}

static void people(struct bench *b, unsigned sessions)
{
	(void)sessions;
	wait_for_answer(b, history_people(b->history, b, on_people));
}

static void measure(struct bench *b, const char *name, void (*question)(struct bench *, unsigned), unsigned sessions)
{
	double most = 0, sum = 0;
	for (unsigned i = 0; i < REPEATS; i++) {
		uint64_t from = uv_hrtime();
		question(b, sessions);
		double ms = ms_since(from);
		sum += ms;
		most = ms > most ? ms : most;
	}
	printf("  \"%s_ms\": {\"mean\": %.2f, \"most\": %.2f},\n", name, sum / REPEATS, most);
}

/* ---- a day of use ---- */

static uint64_t use(struct bench *b, unsigned from)
{
	uint64_t before = history_counters(b->history).written;
	for (unsigned i = 0; i < USE_DAYS * A_DAY; i++) {
		struct session_record r = make(from + i);
		for (unsigned k = 1; k <= PUTS; k++) {
			r.end = k < PUTS ? SESSION_RUNNING : SESSION_ENDED;
			r.lasted_ms = 60000 * (int64_t)k;
			put(b, &r);
			newest(b, 0); /* it is on disk before the next is put: none is spared */
		}
	}
	return history_counters(b->history).written - before;
}

/* What the kernel was made to write back, in its pages of 4 KiB: without the file system's own journal. */
static double pages_kb(void)
{
	unsigned long long bytes = 0;
	char line[128];
	FILE *io = fopen("/proc/self/io", "r");
	while (io && fgets(line, sizeof line, io))
		if (sscanf(line, "write_bytes: %llu", &bytes) == 1)
			break;
	if (io)
		fclose(io);
	return (double)bytes / 1e3;
}

static double floor_ms(const struct bench *b, uint64_t bytes, unsigned pieces)
{
	char path[320];
	static const char zeros[65536];
	snprintf(path, sizeof path, "%s/floor", b->directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	uint64_t from = uv_hrtime();
	for (unsigned i = 0; i < pieces; i++)
		if (fd < 0 || write(fd, zeros, bytes / pieces) < 0 || fdatasync(fd) != 0)
			die("the floor's file cannot be written");
	double ms = ms_since(from);
	close(fd);
	unlink(path);
	return ms;
}

static void open_history(struct bench *b)
{
	struct history_callbacks callbacks = {b, on_trouble, on_closed};
	uv_loop_init(&b->loop);
	if (history_open(&b->loop, b->path, &callbacks, &b->history) != 0)
		die("no memory");
}

static void close_history(struct bench *b)
{
	history_close(b->history);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
}

static double file_kb(const struct bench *b)
{
	struct stat st;
	if (stat(b->path, &st) != 0)
		die("the file is gone");
	return (double)st.st_size / 1e3;
}

int main(int argc, char **argv)
{
	static struct bench b;
	const unsigned sessions = YEARS * 365 * A_DAY;
	snprintf(b.directory, sizeof b.directory, "%s/therapy-history-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	if (!mkdtemp(b.directory))
		die("expected a directory that can be written");
	snprintf(b.path, sizeof b.path, "%s/history.db", b.directory);

	open_history(&b);
	uint64_t from = uv_hrtime();
	fill(&b, sessions);
	printf("{\n  \"sessions\": %u,\n  \"fill_ms\": %.0f,\n", sessions, ms_since(from));
	close_history(&b);
	printf("  \"file_kb\": %.0f,\n", file_kb(&b));

	from = uv_hrtime();
	open_history(&b);
	newest(&b, 0);
	printf("  \"start_to_first_answer_ms\": %.1f,\n", ms_since(from));
	measure(&b, "newest_20", newest, sessions);
	measure(&b, "month_of_a_person", month, sessions);
	measure(&b, "people", people, sessions);
	measure(&b, "all_pages", all_pages, sessions);

	from = uv_hrtime();
	double pages = pages_kb();
	uint64_t written = use(&b, sessions);
	double took = ms_since(from);
	pages = pages_kb() - pages;
	const unsigned puts = USE_DAYS * A_DAY * PUTS;
	printf("  \"puts\": %u,\n  \"written_kb_a_day\": %.1f,\n  \"pages_kb_a_day\": %.1f,\n  \"put_to_answer_ms\": "
	       "%.2f,\n",
	       puts, (double)written / 1e3 / USE_DAYS, pages / USE_DAYS, took / puts);
	printf("  \"floor_put_ms\": %.2f,\n", floor_ms(&b, written, puts) / puts);

	uint64_t before = history_counters(b.history).written;
	from = uv_hrtime();
	wait_for_answer(&b, history_erase_person(b.history, 1, &b, on_erased));
	printf("  \"erase_ms\": %.0f,\n  \"erased_sessions\": %zu,\n  \"erase_written_kb\": %.0f,\n", ms_since(from),
	       b.n, (double)(history_counters(b.history).written - before) / 1e3);
	close_history(&b);
	printf("  \"file_after_kb\": %.0f\n}\n", file_kb(&b));
	unlink(b.path);
	rmdir(b.directory);
	return 0;
}
