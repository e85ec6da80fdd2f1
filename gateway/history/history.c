/* SPDX-License-Identifier: Apache-2.0 */
#include "history/history.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "history/inside.h"

#define RETRY_MS 10000u
#define TOGETHER 64u /* puts of sessions that one transaction takes: what is queued while the disk is slow */

struct history {
	uv_loop_t *loop;
	struct history_callbacks callbacks;
	uint64_t retry_ms;
	struct job *first, *last; /* what waits */
	size_t waiting;           /* with what the worker has */
	uint64_t writes, dropped;

	uv_work_t work;
	struct job *running; /* the worker's, as `database` is, while busy */
	struct job own;      /* opening, probing, shutting: they need no memory that may not be there */
	bool busy;
	struct database database;

	bool broken; /* the disk refused: only who asks is served, until the timer lets one try */
	bool due;
	bool left_alone;
	bool overflowed; /* something was dropped since the disk refuses */
	uv_timer_t retry;
	char why[sizeof((struct database *)NULL)->aside];        /* the worker's last sentence ... */
	char told[sizeof((struct database *)NULL)->aside + 160]; /* ... and what was told of it; "": all is well */

	bool closing, shut;
	uint64_t given_up;
};

/* ---- the list ---- */

static void append(struct history *h, struct job *job)
{
	job->next = NULL;
	if (h->last)
		h->last->next = job;
	else
		h->first = job;
	h->last = job;
}

static void put_back(struct history *h, struct job *chain)
{
	struct job *last = chain;
	while (last->next)
		last = last->next;
	last->next = h->first;
	h->first = chain;
	if (!h->last)
		h->last = last;
}

/* The first that is (or is not) asked for, with nothing behind it. */
static struct job *take_first(struct history *h, bool asked)
{
	struct job *before = NULL;
	for (struct job *job = h->first; job; before = job, job = job->next) {
		if (job_is_asked(job) != asked)
			continue;
		if (before)
			before->next = job->next;
		else
			h->first = job->next;
		if (h->last == job)
			h->last = before;
		job->next = NULL;
		return job;
	}
	return NULL;
}

static struct job *take_head(struct history *h)
{
	struct job *head = h->first, *end = head;
	if (!head)
		return NULL;
	for (size_t n = 1; n < TOGETHER && head->kind == JOB_PUT_SESSION; n++) {
		if (!end->next || end->next->kind != JOB_PUT_SESSION)
			break;
		end = end->next;
	}
	h->first = end->next;
	if (!h->first)
		h->last = NULL;
	end->next = NULL;
	return head;
}

struct job *history_newest(const struct history *h)
{
	return h->closing ? NULL : h->last;
}

static struct job *own_job(struct history *h, enum job_kind kind)
{
	h->own = (struct job){.kind = kind};
	return &h->own;
}

/* ---- what is said ---- */

static void tell(struct history *h)
{
	char text[sizeof h->told];
	struct str s;
	str_init(&s, text, sizeof text);
	if (h->left_alone || h->broken)
		str_add(&s, "%s", h->why);
	else
		str_add(&s, "%s", h->database.aside);
	if (h->broken && h->overflowed)
		str_add(&s, ". More than %u changes wait: newer ones are lost", HISTORY_WAITING_MAX);
	if (h->given_up > 0)
		str_add(&s, ". The gateway ends, and %llu changes that waited are lost",
			(unsigned long long)h->given_up);
	if (strcmp(text, h->told) == 0)
		return;
	memcpy(h->told, text, sizeof text);
	h->callbacks.trouble(h->callbacks.user, text[0] ? h->told : NULL);
}

/* ---- the worker ---- */

static void on_work(uv_work_t *work)
{
	struct history *h = work->data; /* the loop leaves database and running alone meanwhile */
	job_run(&h->database, h->running);
}

static void start(struct history *h);

static void on_retry(uv_timer_t *timer)
{
	struct history *h = timer->data;
	h->due = true;
	start(h);
}

static void finish(struct history *h, struct job *job, int error)
{
	if (job == &h->own)
		return;
	h->waiting--;
	job->error = error;
	job_tell(job);
	job_free(job);
}

static void cancel_reads(struct history *h)
{
	struct job *kept = NULL, **end = &kept, *last = NULL, *job = h->first;
	h->first = h->last = NULL; /* `done` may look at us */
	while (job) {
		struct job *next = job->next;
		job->next = NULL;
		if (job_reads(job)) {
			finish(h, job, UV_ECANCELED);
		} else {
			*end = last = job;
			end = &job->next;
		}
		job = next;
	}
	h->first = kept;
	h->last = last;
}

static void refused(struct history *h, struct job *chain)
{
	h->broken = true;
	if (!job_is_asked(chain) && chain != &h->own) {
		if (!h->closing) {
			put_back(h, chain);
			return;
		}
		for (struct job *job = chain; job; job = job->next)
			h->given_up++, h->dropped++;
	}
	while (chain) {
		struct job *next = chain->next;
		finish(h, chain, chain->error);
		chain = next;
	}
}

static void done(struct history *h, struct job *chain)
{
	bool proof = chain->kind == JOB_PROBE;
	for (struct job *job = chain; job; job = job->next)
		proof = proof || job->changed;
	if (proof)
		h->broken = h->overflowed = false;
	else if (!job_is_asked(chain))
		h->due = h->broken; /* it changed nothing, so the disk is not known to be well: the next */
	while (chain) {
		struct job *next = chain->next;
		h->writes += chain->changed;
		h->left_alone = h->left_alone || chain->error == UV_ENOTSUP;
		h->dropped += chain->outcome == JOB_FAULTY && !job_is_asked(chain) && chain != &h->own;
		finish(h, chain, chain->error);
		chain = next;
	}
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct history *h = handle->data;
	struct history_callbacks callbacks = h->callbacks;
	database_release(&h->database);
	free(h);
	callbacks.closed(callbacks.user);
}

static void on_worked(uv_work_t *work, int status)
{
	struct history *h = work->data;
	(void)status; /* nobody cancels it */
	struct job *chain = h->running;
	h->running = NULL;
	memcpy(h->why, h->database.why, sizeof h->database.why);
	h->shut = chain->kind == JOB_SHUT;
	if (chain->outcome == JOB_REFUSED)
		refused(h, chain);
	else
		done(h, chain);
	if (h->closing)
		cancel_reads(h);
	tell(h);
	h->busy = false;
	start(h);
}

/* ---- what is next ---- */

static struct job *next_job(struct history *h)
{
	if (h->closing) {
		struct job *head = take_head(h);
		return head ? head : own_job(h, JOB_SHUT);
	}
	if (!h->broken)
		return take_head(h);
	struct job *asked = take_first(h, true);
	if (asked || !h->due)
		return asked;
	h->due = false;
	struct job *head = take_head(h);
	return head ? head : own_job(h, JOB_PROBE);
}

static void start(struct history *h)
{
	if (h->busy)
		return;
	if (h->shut) {
		uv_close((uv_handle_t *)&h->retry, on_retry_closed);
		h->busy = true; /* nothing more is begun */
		return;
	}
	h->running = next_job(h);
	if (!h->running) {
		if (h->broken && !uv_is_active((uv_handle_t *)&h->retry))
			uv_timer_start(&h->retry, on_retry, h->retry_ms, 0);
		return;
	}
	h->busy = true;
	h->work.data = h;
	uv_queue_work(h->loop, &h->work, on_work, on_worked); /* fails only without a work callback */
}

int history_enqueue(struct history *h, struct job *job)
{
	if (!job)
		return UV_ENOMEM;
	int error = h->closing ? UV_ECANCELED : h->waiting >= HISTORY_WAITING_MAX ? UV_ENOBUFS : 0;
	if (error) {
		h->dropped += !job_reads(job);
		h->overflowed = h->overflowed || (h->broken && error == UV_ENOBUFS);
		job_free(job);
		return error;
	}
	h->waiting++;
	append(h, job);
	start(h);
	return 0;
}

/* ---- life ---- */

int history_open_with(uv_loop_t *loop, const char *path, const struct history_callbacks *callbacks,
		      const struct history_options *options, struct history **out)
{
	if (path[0] == '\0' || strlen(path) >= PATH_MAX)
		return UV_EINVAL;
	struct history *h = calloc(1, sizeof *h);
	if (!h || database_init(&h->database, path, options->ladder, &options->hook) != SQLITE_OK) {
		free(h);
		return UV_ENOMEM;
	}
	h->loop = loop;
	h->callbacks = *callbacks;
	h->retry_ms = options->retry_ms;
	uv_timer_init(loop, &h->retry); /* cannot fail */
	h->retry.data = h;
	append(h, own_job(h, JOB_OPEN));
	start(h);
	*out = h;
	return 0;
}

int history_open(uv_loop_t *loop, const char *path, const struct history_callbacks *callbacks, struct history **out)
{
	struct history_options options = {.retry_ms = RETRY_MS, .ladder = schema_ladder()};
	return history_open_with(loop, path, callbacks, &options, out);
}

void history_close(struct history *h)
{
	if (h->closing)
		return;
	h->closing = true;
	uv_timer_stop(&h->retry);
	start(h);
}

struct history_counters history_counters(const struct history *h)
{
	uint64_t written = atomic_load_explicit(&h->database.shim.written, memory_order_relaxed);
	return (struct history_counters){h->writes, written, h->dropped, h->waiting};
}
