/* SPDX-License-Identifier: Apache-2.0
 * What runs, noted every second: a few hundred bytes in a file that a restart of the program does not lose. It lies
 * where the control socket would by default, in memory: no flash is worn. With history.checkpoint = "disk" it lies
 * beside the history and is synced, and outlives a power cut too (docs/configuration.md says what that costs). A worker
 * writes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "logbook_inside.h"
#include "tell/session.h"

#define NOTE_MAX 65536u /* bytes of it that are read */

/* Several gateways of one name may run as the same user, from other state directories (FNV-1a). */
static uint32_t told_apart(const char *state)
{
	uint32_t hash = 2166136261u;
	for (; *state; state++)
		hash = (hash ^ (uint8_t)*state) * 16777619u;
	return hash;
}

static bool find_place(struct logbook *c)
{
	const struct config *config = c->g->config;
	char state[512], socket[512];
	struct str s;
	str_init(&s, c->note_path, sizeof c->note_path);
	if (!memory_keeper_place(config, state, sizeof state))
		return false;
	if (config->history.on_disk) {
		str_add(&s, "%s/running", state);
		return !s.overflow;
	}
	if (!desk_socket_place(NULL, config->gateway_id, socket, sizeof socket))
		return false;
	str_add(&s, "%.*s/%s-%08x.running", (int)(strrchr(socket, '/') - socket), socket, config->gateway_id,
		told_apart(state));
	return !s.overflow;
}

/* ---- writing ---- */

static void pack(struct logbook *c, uint64_t now_ms, uint8_t **bytes, size_t *size)
{
	size_t n = sessions_n(c->sessions), used = 0;
	Therapy__V1__RunningSessions all = THERAPY__V1__RUNNING_SESSIONS__INIT;
	struct one {
		Therapy__V1__RunningSessions__One one, *pointer;
		Therapy__V1__SessionRecord record;
	} *items = calloc(n + 1, sizeof *items);
	Therapy__V1__RunningSessions__One **pointers = calloc(n + 1, sizeof(Therapy__V1__RunningSessions__One *));
	*bytes = NULL;
	for (size_t i = 0; items && pointers && i < n; i++) {
		bool active;
		const struct session_record *r = sessions_running(c->sessions, i, &active);
		if (!r)
			continue;
		struct one *to = &items[used];
		to->one = (Therapy__V1__RunningSessions__One)THERAPY__V1__RUNNING_SESSIONS__ONE__INIT;
		to->record = tell_session_message(r, c->g->config->gateway_id);
		to->one.record = &to->record;
		to->one.at_boot_ms = (int64_t)now_ms;
		to->one.active = active;
		pointers[used++] = &to->one;
	}
	all.boot_id = c->boot_id;
	all.sessions = pointers;
	all.n_sessions = used;
	*size = therapy__v1__running_sessions__get_packed_size(&all);
	if (used > 0 && (*bytes = malloc(*size)))
		therapy__v1__running_sessions__pack(&all, *bytes);
	free(items);
	free(pointers);
}

static int write_file(const char *path, const struct logbook_note_job *job)
{
	char beside[sizeof((struct logbook *)0)->note_path + 8];
	struct str s;
	str_init(&s, beside, sizeof beside);
	str_add(&s, "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return uv_translate_sys_error(errno);
	errno = 0;
	bool whole = write(fd, job->bytes, job->size) == (ssize_t)job->size && (!job->sync || fdatasync(fd) == 0);
	int error = whole ? 0 : uv_translate_sys_error(errno ? errno : ENOSPC);
	close(fd);
	if (whole && rename(beside, path) == 0)
		return 0;
	error = whole ? uv_translate_sys_error(errno) : error;
	unlink(beside);
	return error;
}

static void on_work(uv_work_t *work)
{
	struct logbook *c = work->data;
	if (c->job.bytes)
		c->job.error = write_file(c->note_path, &c->job);
	else
		c->job.error = unlink(c->note_path) == 0 || errno == ENOENT ? 0 : uv_translate_sys_error(errno);
}

static void on_worked(uv_work_t *work, int status)
{
	struct logbook *c = work->data;
	int error = status ? status : c->job.error;
	c->note_busy = false;
	c->noted = c->job.bytes != NULL;
	free(c->job.bytes);
	c->job.bytes = NULL;
	if (error) {
		log_warn("sessions", "cannot note what runs in %s: %s; a restart now would cut it short", c->note_path,
			 uv_strerror(error));
		c->note_path[0] = '\0'; /* said once: the history has it every five minutes */
		c->noted = false;
	}
	if (c->note_again)
		logbook_note(c);
	if (!c->note_busy)
		logbook_noted(c);
}

void logbook_note(struct logbook *c)
{
	c->note_again = c->note_busy;
	if (!c->note_path[0] || c->note_busy)
		return;
	pack(c, clock_boot_ms(), &c->job.bytes, &c->job.size);
	if (!c->job.bytes && !c->noted)
		return;
	c->job.sync = c->g->config->history.on_disk;
	c->job.work.data = c;
	c->note_busy = uv_queue_work(&c->g->loop, &c->job.work, on_work, on_worked) == 0;
}

/* ---- reading ---- */

static Therapy__V1__RunningSessions *read_file(const char *path)
{
	Therapy__V1__RunningSessions *all = NULL;
	/* O_NONBLOCK: a FIFO in its place is not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	uint8_t *bytes = malloc(NOTE_MAX);
	ssize_t size = bytes ? read(fd, bytes, NOTE_MAX) : -1;
	if (size > 0)
		all = therapy__v1__running_sessions__unpack(NULL, (size_t)size, bytes);
	free(bytes);
	close(fd);
	return all;
}

/* Of another boot nobody knows when it was cut: until it was noted last. */
static void cut(struct logbook *c, struct session_record *r)
{
	r->end = SESSION_CUT;
	logbook_put(c, r);
	logbook_send(c, r);
}

static void take_one(struct logbook *c, const Therapy__V1__RunningSessions__One *one, bool same_boot, uint64_t now_ms)
{
	struct session_record r;
	if (!one->record || !tell_session_of_message(one->record, &r) || one->at_boot_ms < 0)
		return;
	bool believed = same_boot && (uint64_t)one->at_boot_ms <= now_ms && strcmp(r.boot_id, c->boot_id) == 0 &&
			r.begun_boot_ms + r.lasted_ms <= one->at_boot_ms;
	if (believed && sessions_resume(c->sessions, &r, (uint64_t)one->at_boot_ms, one->active)) {
		log_info("sessions", "%s: %s ran when this program ended %.1f s ago; it goes on, or is over", r.device,
			 tell_session_kind(r.kind), (double)(now_ms - (uint64_t)one->at_boot_ms) / 1e3);
		logbook_put(c, &r);
	} else {
		cut(c, &r);
	}
}

void logbook_note_open(struct logbook *c, uint64_t now_ms)
{
	if (!find_place(c)) {
		c->note_path[0] = '\0';
		return;
	}
	Therapy__V1__RunningSessions *all = read_file(c->note_path);
	for (size_t i = 0; all && i < all->n_sessions; i++)
		take_one(c, all->sessions[i], strcmp(all->boot_id, c->boot_id) == 0, now_ms);
	if (all)
		therapy__v1__running_sessions__free_unpacked(all, NULL);
	c->noted = true; /* whatever is there is ours to replace or remove */
}
