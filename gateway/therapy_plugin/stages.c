/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/stages.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "device/plugin_file.h"
#include "kit/advice.h"
#include "kit/noise.h"
#include "kit/twins.h"
#include "therapy_plugin/open.h"
#include "therapy_plugin/show.h"

#define WHY_BYTES    16384
#define FAULTS_MAX   20 /* of one stage and model: more say no more */
#define NOISE_A_TIME 250

struct run {
	const struct stage *stage;
	FILE *report;
	struct plugin_file *file;
	const struct therapy_plugin *plugin;
	const struct therapy_model *model;
	struct model_vectors vectors;
	size_t n_faults;
};

static void say(struct run *r, char what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct run *r, char what, const char *format, ...)
{
	if (what == '!' && r->n_faults++ >= FAULTS_MAX)
		return;
	va_list args;
	va_start(args, format);
	fprintf(r->report, "%c ", what);
	vfprintf(r->report, format, args);
	fputs("\n", r->report);
	va_end(args);
}

/* One fault for each line, without what stands before all of them. */
static void say_lines(struct run *r, char *text, const char *before)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t n = strlen(before);
		bool begins = strncmp(line, before, n) == 0 && strncmp(line + n, ": ", 2) == 0;
		say(r, '!', "%s", begins ? line + n + 2 : line);
	}
}

static bool load(struct run *r)
{
	static char why[WHY_BYTES];
	struct str text;
	str_init(&text, why, sizeof why);
	if (!open_plugin(r->stage->path, r->stage->note, &r->file, &text)) {
		say_lines(r, why, r->stage->path);
		return false;
	}
	r->plugin = plugin_file_plugin(r->file);
	r->model = r->stage->model ? plugin_file_model(r->file, r->stage->model) : NULL;
	return true;
}

/* ---- tables ---- */

static void check_file(struct run *r, const struct vector_text *t)
{
	static struct vector_file file;
	char why[VECTORS_WHY], *copy = strdup(t->text);
	if (!copy)
		abort();
	if (vectors_parse(t->path, copy, r->plugin, &file, why))
		vectors_close(&file);
	else if (!t->named && (strstr(why, "has no model") || strstr(why, "is for plugin")))
		say(r, '?', "%s is not played: it is for no model of this plugin", t->path);
	else
		say(r, '!', "%s", why);
}

static void tables(struct run *r)
{
	static char why[WHY_BYTES];
	struct str text;
	str_init(&text, why, sizeof why);
	struct plugin_faults faults = {.text = &text, .where = "table"};
	say(r, ' ', "%s %s: a plugin for the kind \"%s\", abi %u, %u model%s", r->plugin->key, r->plugin->version,
	    r->plugin->kind, r->plugin->abi, r->plugin->n_models, r->plugin->n_models == 1 ? "" : "s");
	advice_check(&faults, r->plugin);
	say_lines(r, why, "table");
	for (size_t i = 0; i < r->stage->files->n; i++)
		check_file(r, &r->stage->files->at[i]);
	for (size_t i = 0; i < r->plugin->n_models; i++)
		say(r, 'm', "%s", r->plugin->models[i].key);
}

static void show(struct run *r)
{
	static const char *const names[] = {"serial", "TCP", "MQTT", "BLE"};
	char links[64] = "";
	for (unsigned i = 0; i < 4; i++)
		if (r->model->links & 1u << i)
			snprintf(links + strlen(links), sizeof links - strlen(links), "%s%s", links[0] ? ", " : "",
				 names[i]);
	say(r, ' ', " ");
	say(r, ' ', "model %s: %s, %s, reached by %s, %zu bytes of state", r->model->key, r->model->name,
	    r->model->manufacturer, links, r->model->state_size);
	say(r, ' ', "  Home Assistant would show");
	if (!show_entities(r->report, "      ", r->plugin, r->model))
		say(r, '!', "what Home Assistant would show could not be made: out of memory");
}

/* ---- vectors ---- */

struct coverage {
	bool measured[UINT8_MAX], told[UINT8_MAX];
	size_t n_spoilt;
};

static void cover(struct coverage *c, const struct session *session)
{
	for (size_t i = 0; i < UINT8_MAX; i++) {
		c->measured[i] |= session->measured[i];
		c->told[i] |= session->told[i];
	}
	c->n_spoilt += session->n_spoilt;
}

static bool play(struct run *r, const struct vector *vector, bool mutate, struct coverage *coverage,
		 char why[VECTORS_WHY])
{
	struct vector copy = *vector;
	struct player player;
	copy.mutate = mutate;
	player_begin(&player, &copy, r->stage->note);
	while (player_step(&player))
		;
	bool good = player_end(&player);
	if (!good)
		memcpy(why, player.why, VECTORS_WHY);
	cover(coverage, player.session);
	player_release(&player);
	return good;
}

static void say_uncovered(struct run *r, const struct coverage *c)
{
	char text[2000] = "";
	struct str s;
	str_init(&s, text, sizeof text);
	unsigned n = 0;
	for (size_t i = 0; i < r->model->n_metrics; i++)
		if (!c->measured[i])
			str_add(&s, "%s metric \"%s\"", n++ ? "," : "", r->model->metrics[i].key);
	for (size_t i = 0; i < r->model->n_verbs; i++)
		if (!c->told[i])
			str_add(&s, "%s verb \"%s\"", n++ ? "," : "", r->model->verbs[i].key);
	if (n > 0)
		say(r, '?', "no vector of model \"%s\" is about%s", r->model->key, text);
}

static void vectors(struct run *r)
{
	static char why[VECTORS_WHY];
	static struct coverage coverage;
	size_t n = r->vectors.n_vectors, failed = 0;
	show(r);
	if (n == 0) {
		say(r, '?', "there is no vector of model \"%s\": what it makes of right frames was not looked at",
		    r->model->key);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool good = play(r, r->vectors.vectors[i], false, &coverage, why);
		failed += !good;
		if (!good)
			fprintf(r->report, "f %zu %s\n", i, why);
	}
	for (size_t i = 0; i < n && failed == 0; i++)
		if (!play(r, r->vectors.vectors[i], true, &coverage, why))
			say(r, '!', "%s", why);
	say(r, ' ', "  vectors    %zu of %zu come as written, %zu damaged frames", n - failed, n, coverage.n_spoilt);
	say_uncovered(r, &coverage);
}

static void alone(struct run *r)
{
	static char why[VECTORS_WHY];
	static struct coverage coverage;
	if (r->stage->vector < r->vectors.n_vectors &&
	    !play(r, r->vectors.vectors[r->stage->vector], false, &coverage, why))
		fprintf(r->report, "f %zu %s\n", r->stage->vector, why);
}

/* Each with the one behind it, the last with the first. */
static void twins(struct run *r)
{
	static char why[VECTORS_WHY];
	size_t n = r->vectors.n_vectors;
	for (size_t i = 0; i < n; i++)
		if (!twins_play(r->vectors.vectors[i], r->vectors.vectors[(i + 1) % n], r->stage->note, why))
			say(r, '!',
			    "two devices of this plugin in one process disturb each other: something lies outside of "
			    "the "
			    "state, such as a static variable: %s",
			    why);
	if (n > 0)
		say(r, ' ', "  instances  %zu pairs of vectors in turns read as each alone", n - r->n_faults);
}

/* ---- noise ---- */

static struct session *new_session(struct run *r)
{
	if (r->vectors.n_files > 0)
		return vectors_session(&r->vectors.files[0], r->stage->note);
	return session_new(r->model, r->stage->note);
}

static void hear(struct run *r, struct noise *noise)
{
	for (size_t i = 0; i < r->vectors.n_vectors; i++) {
		struct player player;
		player_begin(&player, r->vectors.vectors[i], r->stage->note);
		player.session->heard = noise_hear;
		player.session->heard_user = noise;
		while (player_step(&player))
			;
		player_release(&player);
	}
}

/* What a user may give must be taken, or refused with -1, and do no harm. */
static void try_options(struct run *r, struct session *session)
{
	static char words[UINT8_MAX];
	struct note *note = r->stage->note;
	for (size_t i = 0; i < r->model->n_options; i++) {
		const struct therapy_option *o = &r->model->options[i];
		struct therapy_value before = session->values[i];
		snprintf(note->about, sizeof note->about, "option \"%.60s\"", o->key);
		for (int end = 0; o->type == THERAPY_OPTION_NUMBER && end < 2; end++) {
			session->values[i] = (struct therapy_value){.set = true, .number = end ? o->max : o->min};
			session_connect(session, 1);
		}
		const char *word = o->type == THERAPY_OPTION_WORD ? o->words : "";
		while (*word) {
			size_t size = strcspn(word, "|");
			snprintf(words, sizeof words, "%.*s", (int)size, word);
			session->values[i] = (struct therapy_value){.set = true, .word = words};
			session_connect(session, 1);
			word += size + (word[size] == '|');
		}
		session->values[i] = before;
	}
	session_connect(session, 1);
}

/* A device of its own, so that what is found here hides nothing of the noise. */
static void try_odd_values(struct run *r)
{
	struct session *session = new_session(r);
	try_options(r, session);
	if (r->model->encode)
		noise_tell(session);
	if (session->n_broken > 0)
		say(r, '!', "model %s: %s", r->model->key, session->broken);
	session_free(session);
}

static void noise(struct run *r)
{
	static struct noise noise;
	noise_init(&noise, r->stage->seed);
	hear(r, &noise);
	try_odd_values(r);
	struct session *session = new_session(r);
	uint64_t began_ms = clock_boot_ms();
	while (noise.n_fed < r->stage->frames && session->n_broken == 0 && clock_boot_ms() - began_ms < STAGE_NOISE_MS)
		noise_feed(&noise, session, NOISE_A_TIME);
	if (session->n_broken > 0)
		say(r, '!', "model %s: %s (%s; seed %llu)", r->model->key, session->broken, r->stage->note->about,
		    (unsigned long long)r->stage->seed);
	say(r, ' ',
	    "  noise      %zu frames, seed %llu, made of %zu heard ones: decode took %zu, %zu readings out of range",
	    noise.n_fed, (unsigned long long)r->stage->seed, noise.n_corpus, session->n_taken, session->n_out_of_range);
	session_free(session);
	noise_release(&noise);
}

void stage_run(void *user, FILE *report)
{
	static struct run run;
	run = (struct run){.stage = user, .report = report};
	if (!load(&run))
		return;
	if (run.stage->type != STAGE_TABLES && !run.model)
		return; /* the parent has it from a stage before: it cannot be */
	if (run.model)
		model_vectors_open(run.stage->files, run.plugin, run.model, &run.vectors);
	switch (run.stage->type) {
	case STAGE_TABLES:
		tables(&run);
		break;
	case STAGE_VECTORS:
		vectors(&run);
		break;
	case STAGE_ALONE:
		alone(&run);
		break;
	case STAGE_TWINS:
		twins(&run);
		break;
	case STAGE_NOISE:
	default:
		noise(&run);
		break;
	}
	open_close(run.file, run.stage->note);
}
