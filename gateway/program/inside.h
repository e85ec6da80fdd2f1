/* SPDX-License-Identifier: Apache-2.0
 *
 * inside - struct program, shared by the files of this folder and by nobody else.
 *
 * program.c  its life: start, watch, end
 * spawn.c    fork and exec
 * call.c     one question and its answer, within the time there is
 * table.c    what it described as a struct therapy_plugin
 * codec.c    the functions of that table
 * kept.c     the frames of its STOP verbs, asked for beforehand
 */
#ifndef PROGRAM_INSIDE_H
#define PROGRAM_INSIDE_H

#include <sys/types.h>

#include "program/program.h"
#include "therapy/v1/program.pb-c.h"
#include "wire/framing.h"

#define PROGRAM_PROTOCOL 1u
#define PROGRAM_FRAMES   4u /* of one answer, as the device machine has room for */
/* Bytes of one message from a link, so that with its numbers it fits the wire. */
#define PROGRAM_MESSAGE_MAX (WIRE_MESSAGE_MAX - 64u)

/* What a STOP verb sends. */
struct kept {
	uint8_t verb;
	double value;
	struct therapy_frame frames[PROGRAM_FRAMES];
	size_t n;
};

/* The rows of one model, and what they cannot say. */
struct program_model {
	struct program *program; /* what `own` of the row points to is this struct */
	bool ends;               /* frames end with this byte */
	uint8_t end;
	void *rows[6]; /* metrics, verbs, controls, channels, polls, options */
	struct therapy_step *steps;
	uint8_t *on_connect;
};

struct program {
	char *path;
	pid_t pid; /* 0: reaped */
	int fd;
	char why[640];     /* filled: it is over */
	uint64_t until_ms; /* by call_now_ms(): when this turn's time is up; 0: nothing was asked in it */
	uint32_t calls;
	bool asked;        /* since the last program_idle */
	uint8_t *in, *out; /* WIRE_MESSAGE_MAX + WIRE_PREFIX each */
	struct wire_arena arena;

	Therapy__V1__FromProgram *described; /* the table's texts are its */
	struct therapy_plugin plugin;
	struct therapy_model *models;
	struct program_model *insides; /* one for each */

	struct kept *kept, *spare; /* of the model that is used; `spare` is filled, then they change places */
	size_t n_kept;

	void (*waiting)(void *user); /* until it is watched */
	void *waiting_user;
	void (*ended)(void *user);
	void *user;
	bool watched;
	uv_poll_t poll;
};

/* ---- spawn.c ---- */
/* 0, its id and our end of its standard input and output; or a negative UV_E* code and a sentence. */
int spawn_program(const struct program_config *config, pid_t *pid, int *fd, struct str *why);

/* ---- call.c ---- */
/* Asks, and waits for the answer that `expected` says (a FROM_PROGRAM__ANSWER_... case), until `until_ms`. The answer
 * is valid until the next call. NULL: the program is over. `what` is for people. */
Therapy__V1__FromProgram *call_until(struct program *program, Therapy__V1__ToProgram *ask, int expected,
				     const char *what, uint64_t until_ms);
/* The same within what this turn has left. */
Therapy__V1__FromProgram *call_program(struct program *program, Therapy__V1__ToProgram *ask, int expected,
				       const char *what);
uint64_t call_now_ms(void);
/* It is over: kills it and keeps "program PATH " and the sentence. The first fault stays. */
void program_over(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It closed its end: how did it end? */
void program_gone(struct program *program);

/* ---- table.c ---- */
/* Fills in `plugin`, `models` and `insides` from `described`. 0, or a negative UV_E* code and a sentence per fault. */
int table_make(struct program *program, struct str *why);
void table_release(struct program *program);

/* ---- codec.c ---- */
void codec_fill(struct therapy_model *model, struct program_model *inside);
/* Asks for the frames of `verb`. False: refused, or over. */
bool codec_encode(struct program *program, const struct therapy_model *model, uint8_t verb, double value,
		  struct therapy_out *out);

/* ---- kept.c ---- */
/* Asks for what each STOP verb of the model's sequences sends. False: a step gives nothing to send; the program is
 * over, and what was kept before is kept. */
bool kept_learn(struct program *program, const struct therapy_model *model);
const struct kept *kept_find(const struct program *program, uint8_t verb, double value);

#endif
