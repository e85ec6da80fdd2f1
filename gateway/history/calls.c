/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "history/inside.h"

#define DOCUMENT_MAX 65536u

/* ---- sessions ---- */

/* What is read behind a char array without a NUL would be another field's. */
static void end_texts(struct session_record *r)
{
	r->id[sizeof r->id - 1] = r->what[sizeof r->what - 1] = r->device[sizeof r->device - 1] = '\0';
	r->boot_id[sizeof r->boot_id - 1] = r->rule[sizeof r->rule - 1] = '\0';
	r->note[sizeof r->note - 1] = r->plan[sizeof r->plan - 1] = '\0';
}

int history_put_session(struct history *h, const struct session_record *record)
{
	/* The newest word on one session is enough, as long as nothing came between. */
	struct job *newest = history_newest(h);
	struct job *job = newest;
	bool again = newest && newest->kind == JOB_PUT_SESSION && strcmp(newest->record.id, record->id) == 0;
	if (!again)
		job = job_new(JOB_PUT_SESSION, NULL);
	if (job) {
		job->record = *record;
		end_texts(&job->record);
	}
	return again ? 0 : history_enqueue(h, job);
}

int history_place(struct history *h, const char *boot_id, int64_t offset_ms)
{
	struct job *job = job_new(JOB_PLACE, NULL);
	if (job && !(job->name = strdup(boot_id))) {
		job_free(job);
		job = NULL;
	}
	if (job)
		job->number = offset_ms;
	return history_enqueue(h, job);
}

int history_cut_running(struct history *h)
{
	return history_enqueue(h, job_new(JOB_CUT_RUNNING, NULL));
}

int history_forget_before(struct history *h, int64_t before_ms)
{
	struct job *job = job_new(JOB_FORGET, NULL);
	if (job)
		job->number = before_ms;
	return history_enqueue(h, job);
}

int history_sessions(struct history *h, const struct history_query *query, void *user,
		     void (*done)(void *user, const struct history_answer *answer))
{
	if (query->most < 1 || query->most > HISTORY_ROWS_MAX)
		return UV_EINVAL;
	struct job *job = job_new(JOB_SESSIONS, user);
	if (job) {
		job->done.sessions = done;
		job->query = *query;
		job->query.after_id[sizeof job->query.after_id - 1] = '\0';
	}
	return history_enqueue(h, job);
}

/* ---- people ---- */

int history_people(struct history *h, void *user, void (*done)(void *user, const struct history_people *answer))
{
	struct job *job = job_new(JOB_PEOPLE, user);
	if (job)
		job->done.people = done;
	return history_enqueue(h, job);
}

int history_put_person(struct history *h, const struct history_person *person, void *user,
		       void (*done)(void *user, int error, int64_t id))
{
	const char *document = person->document ? person->document : "";
	if (person->id < 0 || person->name[0] == '\0' || !memchr(person->name, '\0', sizeof person->name) ||
	    strlen(document) > DOCUMENT_MAX)
		return UV_EINVAL;
	struct job *job = job_new(JOB_PUT_PERSON, user);
	if (job) {
		job->done.person = done;
		job->number = person->id;
		job->name = strdup(person->name);
		job->text = strdup(document);
		if (!job->name || !job->text) {
			job_free(job);
			job = NULL;
		}
	}
	return history_enqueue(h, job);
}

int history_erase_person(struct history *h, int64_t person, void *user,
			 void (*done)(void *user, int error, size_t sessions))
{
	struct job *job = job_new(JOB_ERASE_PERSON, user);
	if (job) {
		job->done.erased = done;
		job->number = person;
	}
	return history_enqueue(h, job);
}

/* ---- settings ---- */

static struct job *of_setting(enum job_kind kind, const char *name, const char *value, void *user)
{
	struct job *job = job_new(kind, user);
	if (!job)
		return NULL;
	job->name = strdup(name);
	job->text = value ? strdup(value) : NULL;
	if (job->name && (job->text || !value))
		return job;
	job_free(job);
	return NULL;
}

int history_put_setting(struct history *h, const char *name, const char *value)
{
	if (strcmp(name, DATABASE_SCRUB_OWED) == 0)
		return UV_EINVAL;
	return history_enqueue(h, of_setting(JOB_PUT_SETTING, name, value, NULL));
}

int history_setting(struct history *h, const char *name, void *user,
		    void (*done)(void *user, int error, const char *value))
{
	struct job *job = of_setting(JOB_SETTING, name, NULL, user);
	if (job)
		job->done.setting = done;
	return history_enqueue(h, job);
}
