/* SPDX-License-Identifier: Apache-2.0
 *
 * check FILE.so [--model M] [--vectors DIR] [--seed N] [--frames N] [VECTORS...] */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/contain.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/stages.h"

enum { MODELS_MAX = 255, FAILED_MAX = 64, PRINTED_SHOWN = 300 };

struct check {
	char path[4096];
	const char *only; /* model; NULL: all */
	uint64_t seed;
	size_t frames;
	struct vector_files files;
	struct note *note;
	char *models[MODELS_MAX];
	size_t n_models, n_checked;
	size_t failed[FAILED_MAX]; /* vectors of the last stage, */
	char *failed_why[FAILED_MAX];
	size_t n_failed;
	size_t n_faults;
	bool printed; /* it was said that the plugin prints */
};

static void fault(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct check *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("FAULT: ", stdout);
	vprintf(format, args);
	fputs("\n", stdout);
	va_end(args);
	c->n_faults++;
}

static char *copy_of(const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		abort();
	return copy;
}

static void take_failed(struct check *c, const char *text)
{
	if (c->n_failed == FAILED_MAX)
		return;
	char *why = NULL;
	c->failed[c->n_failed] = strtoul(text, &why, 10);
	c->failed_why[c->n_failed++] = copy_of(*why == ' ' ? why + 1 : why);
}

static void on_line(void *user, const char *line)
{
	struct check *c = user;
	const char *text = line[0] && line[1] == ' ' ? line + 2 : line;
	if (line[0] == '!')
		fault(c, "%s", text);
	else if (line[0] == '?')
		printf("note: %s\n", text);
	else if (line[0] == 'f')
		take_failed(c, text);
	else if (line[0] == 'm' && c->n_models < MODELS_MAX)
		c->models[c->n_models++] = copy_of(text);
	else
		puts(text);
}

/* False if it did not come to its end. */
static bool run(struct check *c, enum stage_type type, const char *model, size_t vector)
{
	struct stage stage = {.type = type,
			      .path = c->path,
			      .model = model,
			      .vector = vector,
			      .seed = c->seed,
			      .frames = c->frames,
			      .files = &c->files,
			      .note = c->note};
	const struct contain_work work = {.run = stage_run, .line = on_line, .user = &stage, .listener = c};
	struct contained end;
	char text[2048];
	struct str why;
	contain(c->note, &work, &end);
	str_init(&why, text, sizeof text);
	contain_explain(c->note, &end, &why);
	if (end.end != CONTAINED_DONE) {
		bool noise = strncmp(c->note->about, "noise", 5) == 0;
		fault(c, "%s%s%s%s", model ? "model " : "", model ? model : "", model ? ": " : "", text);
		if (noise)
			printf("       --seed %llu does it again\n", (unsigned long long)c->seed);
	}
	if (end.printed > 0 && (end.end != CONTAINED_DONE || !c->printed)) {
		if (end.end == CONTAINED_DONE)
			fault(c, "it printed %zu bytes, expected none: a plugin calls nothing outside of itself",
			      end.printed);
		c->printed = true;
		printf("       it said: %.*s%s\n", PRINTED_SHOWN, end.said, end.printed > PRINTED_SHOWN ? " ..." : "");
	}
	return end.end == CONTAINED_DONE;
}

/* Fails it alone as well, or only after others? */
static void judge_failed(struct check *c, const char *model)
{
	size_t n = c->n_failed, failed[FAILED_MAX];
	char *why[FAILED_MAX];
	memcpy(failed, c->failed, sizeof failed);
	memcpy(why, c->failed_why, sizeof why);
	for (size_t i = 0; i < n; i++) {
		c->n_failed = 0;
		bool ran = run(c, STAGE_ALONE, model, failed[i]);
		if (ran && c->n_failed == 0)
			fault(c,
			      "%s; as the first thing that this process does it comes as written: something of the "
			      "vectors before it outlives a connect, such as a static variable",
			      why[i]);
		else
			fault(c, "%s", why[i]);
		if (c->n_failed > 0)
			free(c->failed_why[0]);
		free(why[i]);
	}
	c->n_failed = 0;
}

static void check_model(struct check *c, const char *model)
{
	c->n_checked++;
	c->n_failed = 0;
	bool ended = run(c, STAGE_VECTORS, model, 0), good = ended && c->n_failed == 0;
	judge_failed(c, model);
	/* Both play the vectors first: they would only find the same again. */
	if (good)
		run(c, STAGE_TWINS, model, 0);
	if (ended)
		run(c, STAGE_NOISE, model, 0);
}

static int conclude(struct check *c, const char *given)
{
	if (c->n_faults > 0) {
		printf("\n%s: %zu fault%s\n", given, c->n_faults, c->n_faults == 1 ? "" : "s");
		return COMMAND_FAULT;
	}
	printf("\n%s: no fault found in %zu model%s\n", given, c->n_checked, c->n_checked == 1 ? "" : "s");
	return COMMAND_GOOD;
}

static bool read_options(struct check *c, int argc, char **argv)
{
	unsigned long long number = 0;
	for (int i = 1; i < argc; i++) {
		bool option = argv[i][0] == '-' && argv[i][1];
		if (option && i + 1 == argc) {
			command_usage("check: %s: expected a value behind it", argv[i]);
			return false;
		}
		if (!option) {
			if (!vector_files_add(&c->files, argv[i]))
				return false;
		} else if (strcmp(argv[i], "--model") == 0) {
			c->only = argv[++i];
		} else if (strcmp(argv[i], "--vectors") == 0) {
			if (!vector_files_add(&c->files, argv[++i]))
				return false;
		} else if (strcmp(argv[i], "--seed") == 0) {
			if (!command_number("--seed", argv[++i], UINT64_MAX, &number))
				return false;
			c->seed = number;
		} else if (strcmp(argv[i], "--frames") == 0) {
			if (!command_number("--frames", argv[++i], 100000000, &number))
				return false;
			c->frames = number;
		} else {
			command_usage(
			    "check: found '%s', expected --model, --vectors, --seed, --frames or a vector file",
			    argv[i]);
			return false;
		}
	}
	return true;
}

static bool is_wanted(const struct check *c, const char *model)
{
	return !c->only || strcmp(c->only, model) == 0;
}

int command_check(int argc, char **argv)
{
	static struct check c;
	c = (struct check){.seed = 1, .frames = 20000};
	if (argc < 1)
		return command_usage("check: expected FILE.so");
	if (!command_plugin_path(argv[0], c.path, sizeof c.path))
		return COMMAND_USAGE;
	int status = COMMAND_USAGE;
	if (!read_options(&c, argc, argv))
		goto out;
	c.note = note_new();
	if (!c.note) {
		command_usage("no memory");
		goto out;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	run(&c, STAGE_TABLES, NULL, 0);
	for (size_t i = 0; i < c.n_models; i++)
		if (is_wanted(&c, c.models[i]))
			check_model(&c, c.models[i]);
	if (c.only && c.n_checked == 0 && c.n_models > 0)
		fault(&c, "it has no model '%s'", c.only);
	else if (c.n_checked == 0 && c.n_faults == 0)
		fault(&c, "nothing of it could be looked at");
	status = conclude(&c, argv[0]);
out:
	for (size_t i = 0; i < c.n_models; i++)
		free(c.models[i]);
	vector_files_release(&c.files);
	note_free(c.note);
	return status;
}
