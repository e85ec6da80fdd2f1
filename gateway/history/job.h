/* SPDX-License-Identifier: Apache-2.0
 *
 * job - one thing to do for the worker, with what it needs and what it found. The loop makes it, hands it to the
 * worker, gets it back, tells its `done` and frees it: it is never in two hands.
 */
#ifndef HISTORY_JOB_H
#define HISTORY_JOB_H

#include "history/database.h"
#include "history/history.h"
#include "history/people.h"

enum job_kind {
	JOB_OPEN,  /* no more than that */
	JOB_PROBE, /* does the disk take something again? */
	JOB_PUT_SESSION,
	JOB_PLACE,
	JOB_CUT_RUNNING,
	JOB_FORGET,
	JOB_PUT_PERSON,
	JOB_ERASE_PERSON,
	JOB_PUT_SETTING,
	JOB_SESSIONS, /* from here on it only reads */
	JOB_PEOPLE,
	JOB_SETTING,
	JOB_SHUT, /* the end */
};

enum job_outcome {
	JOB_DONE,
	JOB_REFUSED, /* by the disk: the same may work later */
	JOB_FAULTY,  /* it cannot be, now or later; `error` says why */
};

struct job {
	struct job *next;
	enum job_kind kind;
	void *user;
	union {
		void (*sessions)(void *user, const struct history_answer *answer);
		void (*people)(void *user, const struct history_people *answer);
		void (*person)(void *user, int error, int64_t id);
		void (*erased)(void *user, int error, size_t sessions);
		void (*setting)(void *user, int error, const char *value);
	} done;

	union {
		struct session_record record;
		struct history_query query;
	};
	int64_t number; /* an offset, a moment, a person */
	char *name, *text;

	enum job_outcome outcome;
	int error;
	bool changed; /* the file */
	struct session_record *rows;
	size_t n;
	bool more;
	struct people_list people;
	int64_t id;
	char *value;
};

/* NULL: no memory. */
struct job *job_new(enum job_kind kind, void *user);
void job_free(struct job *job);
bool job_reads(const struct job *job);
/* Somebody waits for its answer: it is given what the disk says, and not kept until that takes it. */
bool job_is_asked(const struct job *job);
/* Tells `done`, if there is one. */
void job_tell(const struct job *job);
/* On the worker: does a chain of jobs in one transaction (more than one: all are JOB_PUT_SESSION), and sets their
 * outcome and error. Refused is the whole chain or none of it. */
void job_run(struct database *d, struct job *chain);

#endif
