/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit/session.h"

const double life_values[LIFE_VALUES] = {0, 1, 2, 5, 35, 50, 0.25, -1, 1e9, HUGE_VAL, (double)NAN, 1e-9};

struct reader {
	const uint8_t *at, *end;
};

static uint8_t take(struct reader *r)
{
	return r->at < r->end ? *r->at++ : 0;
}

static size_t take_size(struct reader *r)
{
	size_t low = take(r);
	return low | (size_t)take(r) << 8;
}

/* At most what is left. */
static const uint8_t *take_bytes(struct reader *r, size_t *size)
{
	*size = take_size(r);
	size_t left = (size_t)(r->end - r->at);
	if (*size > left)
		*size = left;
	const uint8_t *bytes = r->at;
	r->at += *size;
	return bytes;
}

static void choose_word(const char *words, unsigned choice, char word[LIFE_WORD_MAX])
{
	const char *from = words;
	for (; choice > 0 && strchr(from, '|'); choice--)
		from = strchr(from, '|') + 1;
	size_t n = strcspn(from, "|");
	snprintf(word, LIFE_WORD_MAX, "%.*s", (int)n, from);
}

void life_choose(const struct therapy_option *row, uint8_t choice, char word[LIFE_WORD_MAX], double *number)
{
	word[0] = '\0';
	*number = 0;
	if (row->type == THERAPY_OPTION_NUMBER)
		*number = row->min + (row->max - row->min) * ((choice - 1) % LIFE_NUMBERS) / (LIFE_NUMBERS - 1);
	else if (row->words)
		choose_word(row->words, choice - 1u, word);
	else
		snprintf(word, LIFE_WORD_MAX, "fuzz");
}

static void set_options(struct session *session, struct reader *r, char words[][LIFE_WORD_MAX])
{
	for (size_t i = 0; i < session->model->n_options && i < LIFE_OPTIONS_MAX; i++) {
		struct therapy_value *value = &session->values[i];
		uint8_t choice = take(r);
		*value = (struct therapy_value){.set = choice != 0};
		if (choice == 0)
			continue;
		life_choose(&session->model->options[i], choice, words[i], &value->number);
		if (session->model->options[i].type != THERAPY_OPTION_NUMBER)
			value->word = words[i];
	}
}

/* So many at a time, as a link reads them: a session has room for the lines that come of that, and not for more. */
static void give_bytes(struct session *session, const uint8_t *bytes, size_t size)
{
	for (size_t n = 0; size > 0; bytes += n, size -= n) {
		n = size < LIFE_READ ? size : LIFE_READ;
		session_bytes(session, bytes, n);
		session->n_lines = 0;
	}
}

static void step(struct session *session, struct reader *r)
{
	const struct therapy_model *model = session->model;
	enum life_step what = take(r) % LIFE_STEPS;
	uint8_t row = 0;
	size_t size = 0;
	const uint8_t *bytes = NULL;
	switch (what) {
	case LIFE_BYTES:
		bytes = take_bytes(r, &size);
		if (model->frame)
			give_bytes(session, bytes, size);
		break;
	case LIFE_MESSAGE:
	case LIFE_RETAINED:
		row = take(r);
		bytes = take_bytes(r, &size);
		if (model->n_channels > 0)
			session_message(session, row % model->n_channels, what == LIFE_RETAINED, bytes, size);
		break;
	case LIFE_TELL:
		row = take(r);
		if (model->n_verbs > 0)
			session_tell(session, row % model->n_verbs, life_values[take(r) % LIFE_VALUES]);
		break;
	case LIFE_TIME:
		session->now_ms += take_size(r);
		break;
	default:
		session_connect(session, take(r));
		break;
	}
	session->n_lines = 0;
	if (session->n_broken == 0)
		return;
	fprintf(stderr, "%s: %s\n", model->key, session->broken);
	abort();
}

/* Of each model, for their memory with its guards is dear to make. */
static struct session *sessions[UINT8_MAX + 1];

static void free_sessions(void)
{
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
		if (sessions[i])
			session_free(sessions[i]);
}

static struct session *session_of(const struct therapy_plugin *plugin, size_t which)
{
	static bool asked;
	if (!asked)
		atexit(free_sessions);
	asked = true;
	if (!sessions[which])
		sessions[which] = session_new(&plugin->models[which], NULL);
	return sessions[which];
}

void life_play(const struct therapy_plugin *plugin, const uint8_t *bytes, size_t size)
{
	struct reader r = {bytes, bytes + size};
	char words[LIFE_OPTIONS_MAX][LIFE_WORD_MAX];
	struct session *session = session_of(plugin, take(&r) % plugin->n_models);
	session->now_ms = 1000;
	set_options(session, &r, words);
	session_connect(session, 0);
	bool refused = session->n_lines > 0; /* the host goes no further then */
	session->n_lines = 0;
	while (!refused && r.at < r.end)
		step(session, &r);
}
