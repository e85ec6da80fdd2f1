/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal.h"

#include <stdlib.h>
#include <string.h>

#include "store/spool.h"

#define RECORDS    2048u
#define BYTES      (1u << 20)
#define SWEEP_MS   5000u
#define FILE_TIMES 3u /* the file is written anew when it has this many times the bytes that may wait */

struct item {
	uint64_t sequence;
	uint8_t priority;
	bool delivered;
	uint8_t *bytes;
	size_t size;
};

struct journal {
	uv_loop_t *loop;
	struct journal_callbacks callbacks;
	char *path; /* NULL: memory only */
	struct item *items;
	size_t n, cap, bytes, bytes_max;
	uint64_t next, delivered_to; /* every record up to that one was delivered or is gone */
	uint64_t durable_to;         /* every one up to that is on disk, or need not be */
	uint64_t told_delivered;     /* what the file says of delivered_to */
	struct journal_counters counters;

	uint8_t *pending; /* what is to be appended next */
	size_t n_pending, cap_pending;
	uv_work_t work;
	uint8_t *writing; /* what the worker has */
	size_t n_writing, file_bytes;
	uint64_t writing_to, writing_delivered;
	bool busy, replacing, anew; /* anew: the file must be written as a whole */
	bool broken;
	int written; /* the worker's answer */
	uv_timer_t sweep;
	uint32_t sweep_ms;
	bool closing;
	void (*closed)(void *);
	void *closed_user;
};

/* ---- the list ---- */

static void remove_item(struct journal *j, size_t i)
{
	if (!j->items[i].delivered)
		j->counters.waiting--;
	j->bytes -= j->items[i].size;
	free(j->items[i].bytes);
	memmove(&j->items[i], &j->items[i + 1], (j->n - i - 1) * sizeof *j->items);
	j->n--;
}

/* The oldest of the least important; a delivered one costs nothing. */
static size_t dispensable(const struct journal *j)
{
	size_t found = 0;
	for (size_t i = 0; i < j->n; i++) {
		if (j->items[i].delivered)
			return i;
		if (j->items[i].priority < j->items[found].priority)
			found = i;
	}
	return found;
}

static void make_room(struct journal *j, size_t size)
{
	while (j->n > 0 && (j->n == j->cap || j->bytes + size > j->bytes_max)) {
		size_t i = dispensable(j);
		j->counters.dropped += !j->items[i].delivered;
		remove_item(j, i);
	}
}

static int keep(struct journal *j, uint64_t sequence, uint8_t priority, const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return UV_ENOMEM;
	if (size > 0)
		memcpy(copy, bytes, size);
	make_room(j, size);
	j->items[j->n++] = (struct item){sequence, priority, false, copy, size};
	j->bytes += size;
	j->counters.waiting++;
	/* cppcheck-suppress memleak ; the item has it: remove_item frees it */
	return 0;
}

static void advance(struct journal *j)
{
	uint64_t to = j->next - 1;
	for (size_t i = 0; i < j->n; i++)
		if (!j->items[i].delivered) {
			to = j->items[i].sequence - 1;
			break;
		}
	j->delivered_to = to;
}

/* ---- the file ---- */

static bool reserve(struct journal *j, size_t more)
{
	if (j->n_pending + more <= j->cap_pending)
		return true;
	size_t cap = (j->n_pending + more) * 2;
	uint8_t *bigger = realloc(j->pending, cap);
	if (!bigger)
		return false;
	j->pending = bigger;
	j->cap_pending = cap;
	return true;
}

static bool put(struct journal *j, enum spool_kind kind, uint64_t sequence, const struct item *item)
{
	struct spool_item record = {kind, item ? item->priority : 0, sequence, item ? item->bytes : NULL,
				    item ? item->size : 0};
	if (!reserve(j, SPOOL_HEADER + record.size))
		return false;
	j->n_pending += spool_pack(&record, j->pending + j->n_pending);
	return true;
}

/* The file as it should be: what waits, and the next number. */
static bool put_all(struct journal *j)
{
	j->n_pending = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < j->n; i++)
		if (!j->items[i].delivered)
			ok = put(j, SPOOL_RECORD, j->items[i].sequence, &j->items[i]);
	return ok && put(j, SPOOL_NEXT, j->next, NULL); /* last: what comes after it has that number */
}

static void on_work(uv_work_t *work)
{
	struct journal *j = work->data; /* the loop leaves path, writing and written alone meanwhile */
	j->written = j->replacing ? spool_replace(j->path, j->writing, j->n_writing)
				  : spool_append(j->path, j->writing, j->n_writing);
}

static void start_writing(struct journal *j);
static void finish(struct journal *j);

static void disk_refused(struct journal *j, int error)
{
	bool told = j->broken;
	j->broken = true;
	j->anew = true; /* what was written may be half a record: only a whole new file is known to be good */
	j->durable_to = UINT64_MAX;
	if (!told && j->callbacks.failed)
		j->callbacks.failed(j->callbacks.user, uv_strerror(error));
}

static void on_written(uv_work_t *work, int status)
{
	struct journal *j = work->data;
	j->busy = false;
	int error = status != 0 ? status : j->written;
	if (error) {
		disk_refused(j, error);
	} else {
		j->file_bytes = (j->replacing ? 0 : j->file_bytes) + j->n_writing;
		j->durable_to = j->writing_to;
		j->broken = false;
		j->told_delivered = j->writing_delivered;
	}
	if (j->closing) {
		finish(j);
		return;
	}
	if (j->callbacks.ready)
		j->callbacks.ready(j->callbacks.user);
	if (!error)
		start_writing(j);
}

static void start_writing(struct journal *j)
{
	if (!j->path || j->busy)
		return;
	if (j->file_bytes > FILE_TIMES * j->bytes_max)
		j->anew = true;
	if (j->anew && !put_all(j))
		return; /* no memory: the next record tries again */
	if (j->n_pending == 0)
		return;
	free(j->writing);
	j->writing = j->pending;
	j->n_writing = j->n_pending;
	j->pending = NULL;
	j->n_pending = j->cap_pending = 0;
	j->writing_to = j->next - 1;
	j->writing_delivered = j->delivered_to;
	j->replacing = j->anew;
	j->anew = false;
	j->work.data = j;
	j->busy = uv_queue_work(j->loop, &j->work, on_work, on_written) == 0;
	if (!j->busy)
		disk_refused(j, UV_ENOMEM);
}

/* Strikes from the file what was delivered: all of it if nothing waits, else by a mark. */
static void on_sweep(uv_timer_t *timer)
{
	struct journal *j = timer->data;
	if (j->busy) {
		uv_timer_start(timer, on_sweep, j->sweep_ms, 0);
		return;
	}
	if (j->counters.waiting == 0)
		j->anew = true;
	else if (j->told_delivered != j->delivered_to && !j->anew)
		(void)put(j, SPOOL_DELIVERED, j->delivered_to, NULL);
	start_writing(j);
}

static void sweep_soon(struct journal *j)
{
	if (j->path && !j->closing && !uv_is_active((uv_handle_t *)&j->sweep))
		uv_timer_start(&j->sweep, on_sweep, j->sweep_ms, 0);
}

/* ---- the start ---- */

static void take(void *user, const struct spool_item *item)
{
	struct journal *j = user;
	switch (item->kind) {
	case SPOOL_RECORD:
		/* Only the first of a number counts, and their order is that of the numbers. */
		if (item->sequence >= j->next && item->sequence < UINT64_MAX &&
		    keep(j, item->sequence, item->priority, item->bytes, item->size) == 0)
			j->next = item->sequence + 1;
		break;
	case SPOOL_DELIVERED:
		while (j->n > 0 && j->items[0].sequence <= item->sequence)
			remove_item(j, 0);
		break;
	case SPOOL_NEXT:
		if (item->sequence > j->next && item->sequence < UINT64_MAX)
			j->next = item->sequence;
		break;
	}
}

static void recover(struct journal *j)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int error = spool_read(j->path, &bytes, &size);
	if (error == 0)
		j->counters.damaged = spool_scan(bytes, size, j, take);
	free(bytes);
	j->counters.recovered = j->counters.waiting + j->counters.dropped;
	advance(j);
	j->durable_to = j->next - 1;
	j->anew = true;
}

int journal_new(uv_loop_t *loop, const struct journal_config *config, const struct journal_callbacks *callbacks,
		struct journal **out)
{
	struct journal *j = calloc(1, sizeof *j);
	if (!j)
		return UV_ENOMEM;
	j->loop = loop;
	j->callbacks = *callbacks;
	j->cap = config->records ? config->records : RECORDS;
	j->bytes_max = config->bytes ? config->bytes : BYTES;
	j->sweep_ms = config->sweep_ms ? config->sweep_ms : SWEEP_MS;
	j->next = 1;
	j->items = calloc(j->cap, sizeof *j->items);
	j->path = config->path ? strdup(config->path) : NULL;
	if (!j->items || (config->path && !j->path)) {
		free(j->items);
		free(j->path);
		free(j);
		return UV_ENOMEM;
	}
	uv_timer_init(loop, &j->sweep); /* cannot fail */
	j->sweep.data = j;
	j->durable_to = UINT64_MAX;
	if (j->path) {
		recover(j);
		start_writing(j); /* a file that cannot be written is found out now, not with the first trip */
	}
	*out = j;
	return 0;
}

/* ---- use ---- */

uint64_t journal_next(const struct journal *j)
{
	return j->next;
}

int journal_add(struct journal *j, const void *bytes, size_t size, unsigned priority)
{
	uint64_t sequence = j->next++;
	j->counters.added++;
	int rc = size > JOURNAL_SIZE_MAX || size > j->bytes_max
		     ? UV_E2BIG
		     : keep(j, sequence, (uint8_t)(priority < 255 ? priority : 255), bytes, size);
	if (rc != 0) {
		j->counters.dropped++;
		return rc;
	}
	advance(j);
	/* A worker that is slow, or no memory: the whole file, later, will have it. */
	if (j->path && !j->anew &&
	    (j->n_pending > j->bytes_max || !put(j, SPOOL_RECORD, sequence, &j->items[j->n - 1])))
		j->anew = true;
	if (!j->broken)
		start_writing(j);
	else
		sweep_soon(j);
	return 0;
}

bool journal_after(const struct journal *j, uint64_t sequence, struct journal_record *out)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct item *item = &j->items[i];
		if (item->sequence <= sequence)
			continue;
		*out =
		    (struct journal_record){item->sequence, item->priority, item->delivered, item->bytes, item->size};
		return true;
	}
	return false;
}

bool journal_waiting(const struct journal *j, uint64_t sequence, struct journal_record *out)
{
	for (size_t i = 0; i < j->n && j->items[i].sequence <= j->durable_to; i++) {
		const struct item *item = &j->items[i];
		if (item->sequence <= sequence || item->delivered)
			continue;
		*out = (struct journal_record){item->sequence, item->priority, false, item->bytes, item->size};
		return true;
	}
	return false;
}

void journal_delivered(struct journal *j, uint64_t sequence)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->items[i].sequence == sequence && !j->items[i].delivered) {
			j->items[i].delivered = true;
			j->counters.delivered++;
			j->counters.waiting--;
			advance(j);
			sweep_soon(j);
			return;
		}
}

struct journal_counters journal_counters(const struct journal *j)
{
	return j->counters;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
	struct journal *j = handle->data;
	void (*closed)(void *) = j->closed;
	void *user = j->closed_user;
	while (j->n > 0)
		remove_item(j, j->n - 1);
	free(j->items);
	free(j->pending);
	free(j->writing);
	free(j->path);
	free(j);
	if (closed)
		closed(user);
}

/* What the file is still to be told goes in one last write; a disk that refused is not asked again. */
static void finish(struct journal *j)
{
	if (!j->broken && j->path && (j->n_pending > 0 || j->told_delivered != j->delivered_to)) {
		j->anew = true;
		start_writing(j);
	}
	if (!j->busy)
		uv_close((uv_handle_t *)&j->sweep, on_closed);
}

void journal_close(struct journal *j, void (*closed)(void *user), void *user)
{
	if (!j) {
		if (closed)
			closed(user);
		return;
	}
	j->closing = true;
	j->closed = closed;
	j->closed_user = user;
	uv_timer_stop(&j->sweep);
	if (!j->busy)
		finish(j);
}
