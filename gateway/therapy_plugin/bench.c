/* SPDX-License-Identifier: Apache-2.0
 *
 * bench FILE.so [--model M] [--vectors DIR] [--rounds N] VECTORS...
 *
 * How long decode takes for the frames of the vectors, against two floors measured in turns with it in the same run: a
 * call that does nothing, and copying the frames. In a child process, in the sandbox. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kit/contain.h"
#include "kit/noise.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/open.h"
#include "therapy_plugin/vector_files.h"

#define ROUND_NS                                                                                                       \
	2000000u /* of one measurement: long against the clock's steps, short against a switch of processes            \
		  */
#define ROUNDS     31u
#define ROUNDS_MAX 1001u
#define INSTANCES  64u /* whose memory is looked at */

struct bench {
	char path[4096];
	const char *only;
	unsigned rounds;
	struct vector_files files;
	struct note *note;
	bool failed;
};

/* ---- in the child ---- */

typedef enum therapy_refusal (*decode_function)(void *, const struct therapy_message *, struct therapy_out *);

struct frames {
	struct therapy_message at[NOISE_CORPUS];
	size_t n, bytes, readings; /* what one pass over all of them has and gives */
};

/* What is measured: a pass over all frames. */
struct subject {
	void (*pass)(struct subject *subject);
	decode_function decode;
	const struct frames *frames;
	struct caller *caller;
	void *state;
	uint8_t *copy;
	double ns[ROUNDS_MAX]; /* a frame, round by round */
};

static enum therapy_refusal do_nothing(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state, (void)message, (void)out;
	return THERAPY_OK;
}

static void pass_decode(struct subject *s)
{
	decode_function volatile decode = s->decode; /* not to be called in any shorter way */
	for (size_t i = 0; i < s->frames->n; i++) {
		struct therapy_out out = caller_out(s->caller);
		decode(s->state, &s->frames->at[i], &out);
	}
}

static void pass_copy(struct subject *s)
{
	for (size_t i = 0; i < s->frames->n; i++) {
		memcpy(s->copy, s->frames->at[i].data, s->frames->at[i].size);
		__asm__ volatile("" : : "r"(s->copy) : "memory"); /* somebody reads it */
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double measure(struct subject *s)
{
	uint64_t began = now_ns(), passed = 0, passes = 0;
	do {
		for (int i = 0; i < 16; i++)
			s->pass(s);
		passes += 16;
		passed = now_ns() - began;
	} while (passed < ROUND_NS);
	return (double)passed / (double)(passes * s->frames->n);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(struct subject *s, unsigned rounds)
{
	qsort(s->ns, rounds, sizeof *s->ns, by_size);
	return s->ns[rounds / 2];
}

/* Frames of the vectors that the model takes in this order. */
static void gather(const struct model_vectors *vectors, struct note *note, struct noise *noise)
{
	noise_init(noise, 1);
	for (size_t i = 0; i < vectors->n_vectors; i++) {
		struct player player;
		player_begin(&player, vectors->vectors[i], note);
		player.session->heard = noise_hear;
		player.session->heard_user = noise;
		while (player_step(&player))
			;
		player_release(&player);
	}
}

static void choose(const struct noise *noise, struct session *session, struct frames *out)
{
	*out = (struct frames){.n = 0};
	for (size_t i = 0; i < noise->n_corpus; i++) {
		struct therapy_message *m = &out->at[out->n];
		struct therapy_out made;
		uint8_t *copy = calloc(1, noise->corpus[i].size + 1); /* and the NUL */
		if (!copy)
			abort();
		if (noise->corpus[i].size > 0)
			memcpy(copy, noise->corpus[i].bytes, noise->corpus[i].size);
		*m = (struct therapy_message){
		    .data = copy, .size = noise->corpus[i].size, .channel = noise->corpus[i].channel};
		if (session_decode(session, session->state, m, &made) != THERAPY_OK) {
			free(copy);
			continue;
		}
		out->n++;
		out->bytes += m->size;
		out->readings += made.n_readings;
	}
}

static void drop(struct frames *frames)
{
	for (size_t i = 0; i < frames->n; i++) {
		union {
			const uint8_t *in;
			uint8_t *out;
		} data = {frames->at[i].data};
		free(data.out);
	}
}

/* What the plugin takes from the heap for one device beyond its state: nothing, as the contract has it. */
static size_t heap_bytes(struct session *session, const struct frames *frames)
{
	size_t before = mallinfo2().uordblks;
	void *states[INSTANCES];
	for (unsigned i = 0; i < INSTANCES; i++) {
		states[i] = caller_state_new(session->model);
		caller_connect(&session->caller, states[i], session->values, i);
		for (size_t f = 0; f < frames->n; f++) {
			struct therapy_out out = caller_out(&session->caller);
			caller_decode(&session->caller, states[i], &frames->at[f], &out);
		}
	}
	size_t after = mallinfo2().uordblks;
	for (unsigned i = 0; i < INSTANCES; i++)
		caller_state_free(session->model, states[i]);
	return after > before ? (after - before) / INSTANCES : 0;
}

static void compare(const struct bench *b, struct session *session, const struct frames *frames, FILE *report)
{
	static uint8_t copy[NOISE_FRAME];
	static struct subject subjects[3];
	const struct therapy_model *m = session->model;
	for (int i = 0; i < 3; i++)
		subjects[i] = (struct subject){.pass = i == 2 ? pass_copy : pass_decode,
					       .decode = i == 0 ? m->decode : do_nothing,
					       .frames = frames,
					       .caller = &session->caller,
					       .state = session->state,
					       .copy = copy};
	struct note *note = b->note;
	note->function = NOTE_DECODE;
	for (unsigned round = 0; round < b->rounds; round++) {
		atomic_fetch_add(&note->calls, 2); /* it moves */
		for (int i = 0; i < 3; i++)
			subjects[i].ns[round] = measure(&subjects[i]);
	}
	note->function = NOTE_NONE;
	double decode = median(&subjects[0], b->rounds), nothing = median(&subjects[1], b->rounds);
	double copying = median(&subjects[2], b->rounds);
	double per_second = decode > 0 ? 1e9 / decode : 0;
	fprintf(report, "model %s: %zu frames of %.1f bytes\n", m->key, frames->n,
		(double)frames->bytes / (double)frames->n);
	fprintf(report, "  decode      %8.1f ns a frame (%.1f to %.1f in %u rounds)\n", decode, subjects[0].ns[0],
		subjects[0].ns[b->rounds - 1], b->rounds);
	fprintf(report, "  floor       %8.1f ns for a call that does nothing, %.1f ns to copy the frame\n", nothing,
		copying);
	fprintf(report, "  readings    %8.2f million a second, of %.2f million frames\n",
		per_second * (double)frames->readings / (double)frames->n / 1e6, per_second / 1e6);
	fprintf(report, "  memory      %8zu bytes of state for each device, %zu bytes of heap\n", m->state_size,
		heap_bytes(session, frames));
}

/* A device that speaks only when it is asked is asked, or it would be heard by nobody. */
static void ask(struct session *session)
{
	const struct therapy_model *m = session->model;
	for (size_t i = 0; i < m->n_polls; i++)
		session_tell(session, m->polls[i].verb, 0);
}

static void bench_model(const struct bench *b, const struct therapy_plugin *plugin, const struct therapy_model *model,
			FILE *report)
{
	static struct model_vectors vectors;
	static struct noise noise;
	static struct frames frames;
	model_vectors_open(&b->files, plugin, model, &vectors);
	if (vectors.n_vectors == 0) {
		fprintf(report, "model %s: no vectors, so nothing to measure\n", model->key);
		return;
	}
	gather(&vectors, b->note, &noise);
	struct session *session = vectors_session(&vectors.files[0], b->note);
	session_connect(session, 1);
	ask(session);
	choose(&noise, session, &frames);
	if (frames.n > 0)
		compare(b, session, &frames, report);
	else
		fprintf(report, "! model %s takes none of the frames of its vectors\n", model->key);
	drop(&frames);
	session_free(session);
	noise_release(&noise);
}

static void run(void *user, FILE *report)
{
	const struct bench *b = user;
	static char text[16384];
	struct str why;
	struct plugin_file *file = NULL;
	str_init(&why, text, sizeof text);
	if (!open_plugin(b->path, b->note, &file, &why)) {
		fprintf(report, "! %s\n", text);
		return;
	}
	const struct therapy_plugin *plugin = plugin_file_plugin(file);
	size_t n = 0;
	for (size_t i = 0; i < plugin->n_models; i++) {
		if (b->only && strcmp(b->only, plugin->models[i].key) != 0)
			continue;
		n++;
		bench_model(b, plugin, &plugin->models[i], report);
	}
	if (n == 0)
		fprintf(report, "! it has no model '%s'\n", b->only);
}

/* ---- in the parent ---- */

static void on_line(void *user, const char *line)
{
	struct bench *b = user;
	if (line[0] == '!' && line[1] == ' ') {
		fflush(stdout);
		fprintf(stderr, "therapy-plugin: %s\n", line + 2);
		b->failed = true;
	} else {
		puts(line);
	}
}

static bool read_options(struct bench *b, int argc, char **argv)
{
	unsigned long long number = 0;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-') {
			if (!vector_files_add(&b->files, argv[i]))
				return false;
			continue;
		}
		bool known = strcmp(argv[i], "--model") == 0 || strcmp(argv[i], "--vectors") == 0 ||
			     strcmp(argv[i], "--rounds") == 0;
		if (!known || i + 1 == argc) {
			command_usage(
			    "bench: found '%s', expected --model M, --vectors DIR, --rounds N or a vector file",
			    argv[i]);
			return false;
		}
		const char *option = argv[i], *value = argv[++i];
		bool good = true;
		if (strcmp(option, "--model") == 0)
			b->only = value;
		else if (strcmp(option, "--vectors") == 0)
			good = vector_files_add(&b->files, value);
		else
			good = command_number(option, value, ROUNDS_MAX, &number);
		if (!good)
			return false;
		if (number > 0)
			b->rounds = (unsigned)number;
	}
	if (b->files.n == 0)
		command_usage("bench: expected vector files: their frames are what is measured");
	return b->files.n > 0;
}

static int contained(struct bench *b, const char *given)
{
	const struct contain_work work = {.run = run, .line = on_line, .user = b, .listener = b};
	struct contained end;
	char text[2048];
	struct str why;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	puts("note: this program was built with a sanitizer, its figures are not those of a gateway");
#endif
	contain(b->note, &work, &end);
	str_init(&why, text, sizeof text);
	contain_explain(b->note, &end, &why);
	if (end.end != CONTAINED_DONE)
		fprintf(stderr, "therapy-plugin: %s: %s\n", given, text);
	return end.end == CONTAINED_DONE && !b->failed ? COMMAND_GOOD : COMMAND_FAULT;
}

int command_bench(int argc, char **argv)
{
	static struct bench b;
	if (argc < 1)
		return command_usage("bench: expected FILE.so and vector files");
	b = (struct bench){.rounds = ROUNDS};
	int status = COMMAND_USAGE;
	if (command_plugin_path(argv[0], b.path, sizeof b.path) && read_options(&b, argc, argv)) {
		b.note = note_new();
		status = b.note ? contained(&b, argv[0]) : command_usage("no memory");
		note_free(b.note);
	}
	vector_files_release(&b.files);
	return status;
}
