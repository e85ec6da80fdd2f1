/* SPDX-License-Identifier: Apache-2.0 */
#include "history/job.h"

#include <stdlib.h>

#include "history/sessions.h"

struct job *job_new(enum job_kind kind, void *user)
{
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		return NULL;
	job->kind = kind;
	job->user = user;
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	free(job->name);
	free(job->text);
	free(job->rows);
	people_free(&job->people);
	free(job->value);
	free(job);
}

bool job_reads(const struct job *job)
{
	return job->kind == JOB_SESSIONS || job->kind == JOB_PEOPLE || job->kind == JOB_SETTING;
}

bool job_is_asked(const struct job *job)
{
	return job_reads(job) || job->kind == JOB_ERASE_PERSON ||
	       (job->kind == JOB_PUT_PERSON && job->done.person != NULL);
}

void job_tell(const struct job *job)
{
	switch (job->kind) {
	case JOB_SESSIONS:
		job->done.sessions(job->user,
				   &(struct history_answer){job->error, job->rows, job->error ? 0 : job->n, job->more});
		break;
	case JOB_PEOPLE:
		job->done.people(job->user, &(struct history_people){job->error, job->people.items, job->people.n});
		break;
	case JOB_SETTING:
		job->done.setting(job->user, job->error, job->value);
		break;
	case JOB_PUT_PERSON:
		if (job->done.person)
			job->done.person(job->user, job->error, job->id);
		break;
	case JOB_ERASE_PERSON:
		job->done.erased(job->user, job->error, job->n);
		break;
	case JOB_OPEN:
	case JOB_PROBE:
	case JOB_PUT_SESSION:
	case JOB_PLACE:
	case JOB_CUT_RUNNING:
	case JOB_FORGET:
	case JOB_PUT_SETTING:
	case JOB_SHUT:
		break;
	}
}

/* ---- on the worker ---- */

static int put_person(struct database *d, struct job *job)
{
	int rc = people_put(d, job->number, job->name, job->text, &job->id);
	if ((rc & 0xff) == SQLITE_CONSTRAINT)
		job->error = UV_EEXIST;
	else if (rc == SQLITE_OK && job->id == 0)
		job->error = UV_ENOENT;
	return rc;
}

static int erase_person(struct database *d, struct job *job)
{
	bool found = false;
	int rc = people_erase(d, job->number, &found, &job->n);
	if (rc == SQLITE_OK && !found)
		job->error = UV_ENOENT;
	d->scrub_owed = d->scrub_owed || (rc == SQLITE_OK && found);
	return rc;
}

/* The part within the transaction, if it has one. */
static int attempt(struct database *d, struct job *job)
{
	bool erased;
	switch (job->kind) {
	case JOB_PUT_SESSION:
		return sessions_put(d, &job->record, &erased);
	case JOB_PLACE:
		return sessions_place(d, job->name, job->number);
	case JOB_CUT_RUNNING:
		return sessions_cut_running(d);
	case JOB_FORGET:
		return sessions_forget_before(d, job->number);
	case JOB_PUT_PERSON:
		return put_person(d, job);
	case JOB_ERASE_PERSON:
		return erase_person(d, job);
	case JOB_PUT_SETTING:
		return people_put_setting(d, job->name, job->text);
	case JOB_SESSIONS:
		return sessions_find(d, &job->query, &job->rows, &job->n, &job->more);
	case JOB_PEOPLE:
		return people_all(d, &job->people);
	case JOB_SETTING:
		return people_setting(d, job->name, &job->value);
	case JOB_PROBE:
		return database_probe(d);
	case JOB_OPEN:
	case JOB_SHUT:
		break;
	}
	return SQLITE_OK;
}

static bool writes(const struct job *job)
{
	return job->kind >= JOB_PUT_SESSION && job->kind <= JOB_PUT_SETTING;
}

static void set_all(struct job *chain, enum job_outcome outcome, int error)
{
	for (; chain; chain = chain->next) {
		chain->outcome = outcome;
		chain->error = error;
		chain->changed = false;
	}
}

/* A change that cannot be undoes itself alone (SQLite's ABORT): the others of the transaction stand. */
static int attempt_all(struct database *d, struct job *chain)
{
	for (struct job *job = chain; job; job = job->next) {
		int before = sqlite3_total_changes(d->db);
		job->outcome = JOB_DONE;
		job->error = 0;
		int rc = attempt(d, job);
		if (database_refused(rc))
			return rc;
		if (rc != SQLITE_OK && !job->error)
			job->error = UV_EINVAL;
		if (job->error)
			job->outcome = JOB_FAULTY;
		job->changed = writes(job) && sqlite3_total_changes(d->db) != before;
	}
	return SQLITE_OK;
}

static int transact(struct database *d, struct job *chain)
{
	bool transaction = writes(chain);
	int rc = transaction ? database_begin(d) : SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = attempt_all(d, chain);
	if (rc == SQLITE_OK && transaction)
		rc = database_commit(d);
	return rc;
}

void job_run(struct database *d, struct job *chain)
{
	if (chain->kind == JOB_SHUT) {
		database_shut(d);
		return;
	}
	int error = database_open(d);
	if (error) {
		set_all(chain, error == UV_ENOTSUP ? JOB_FAULTY : JOB_REFUSED, error);
		return;
	}
	int rc = transact(d, chain);
	bool scrubs = chain->kind == JOB_ERASE_PERSON || chain->kind == JOB_PROBE || chain->kind == JOB_OPEN;
	if (rc == SQLITE_OK && d->scrub_owed && scrubs)
		rc = database_scrub(d);
	if (rc != SQLITE_OK)
		set_all(chain, JOB_REFUSED, database_explain(d, rc));
}
