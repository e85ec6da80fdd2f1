/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/probe_try.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "device/device.h"
#include "kit/contain.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/open.h"
#include "therapy_plugin/spoken.h"

#define BEGIN_MS 3600000u /* on the machine's clock */
#define CHECKED  0.85     /* of the frames that one wrong bit spoilt are refused: there is a checksum */
#define ENOUGH   3u       /* frames: less may be chance */

struct trying {
	char path[1024];
	uint32_t links;
	const struct probe_heard *heard; /* NULL: what would be asked is wanted */
	struct note *note;
	/* in the parent: */
	struct probe_match *best;
	struct probe_question *questions;
	size_t n, max;
	const char *wanted; /* only whether there is a model of that key */
	bool offered;
};

/* ---- in the child ---- */

struct outcome {
	struct device_counters counters;
	double values[256];
	uint8_t quality[256];
	bool said[256];
};

static void step(struct note *note, struct device *device, uint64_t now_ms, const struct device_input *input,
		 const struct therapy_model *m, struct outcome *out)
{
	note->function = NOTE_STEP;
	atomic_fetch_add(&note->calls, 1);
	struct device_outputs o = device_step(device, now_ms, input);
	atomic_fetch_add(&note->calls, 1);
	for (size_t i = 0; i < o.n_readings; i++) {
		const struct device_reading *r = &o.readings[i];
		if (r->metric >= m->n_metrics || r->metric >= 256)
			continue;
		out->values[r->metric] = r->value;
		out->quality[r->metric] = r->quality;
		out->said[r->metric] = true;
	}
}

static bool play(const struct trying *t, const struct therapy_model *m, const struct therapy_value *values,
		 size_t spoil_every, struct outcome *out)
{
	const struct device_config config = {.model = m, .options = values, .seed = 1};
	const struct probe_heard *h = t->heard;
	struct device *device = NULL;
	uint8_t bytes[PROBE_BYTES];
	*out = (struct outcome){0};
	memcpy(bytes, h->bytes, h->n);
	for (size_t i = 0; spoil_every > 0 && i < h->n; i += spoil_every)
		bytes[i] ^= 0x01;
	if (device_new(&config, BEGIN_MS, &device) != 0)
		return false;
	step(t->note, device, BEGIN_MS, &(struct device_input){.type = DEVICE_IN_LINK_UP}, m, out);
	for (size_t i = 0, from = 0; i < h->n_pieces; from = h->end[i++]) {
		uint64_t now_ms = BEGIN_MS + h->at_ms[i], due_ms;
		while ((due_ms = device_deadline(device)) < now_ms)
			step(t->note, device, due_ms, &(struct device_input){.type = DEVICE_IN_TICK}, m, out);
		const struct device_input input = {
		    .type = DEVICE_IN_BYTES, .data = bytes + from, .size = h->end[i] - from};
		step(t->note, device, now_ms, &input, m, out);
	}
	out->counters = *device_counters(device);
	device_free(device);
	return true;
}

static uint64_t accepted(const struct device_counters *c)
{
	uint64_t refused = 0;
	for (int i = THERAPY_OK + 1; i < THERAPY_REFUSED_COUNT_; i++)
		refused += c->refused[i];
	return c->frames - refused;
}

static void say_values(const struct therapy_model *m, const struct outcome *o, struct str *out)
{
	for (size_t i = 0; i < m->n_metrics && i < 256; i++) {
		const struct therapy_metric *row = &m->metrics[i];
		const struct spoken metric = {row->key, row->words, row->unit, row->precision};
		char text[160];
		struct str s;
		str_init(&s, text, sizeof text);
		spoken_reading(&s, &metric, (enum therapy_quality)o->quality[i], o->values[i]);
		char *gap = strchr(text, ' ');
		size_t blanks = gap ? strspn(gap, " ") : 0;
		if (gap && o->said[i])
			str_add(out, "%s%.*s %s", out->len > 0 ? ", " : "", (int)(gap - text), text, gap + blanks);
	}
}

static void try_model(const struct trying *t, const struct therapy_plugin *plugin, const struct therapy_model *m,
		      const struct therapy_value *values, const char *needs, FILE *report)
{
	static struct outcome heard, spoilt;
	if (!play(t, m, values, 0, &heard))
		return;
	const struct device_counters *c = &heard.counters;
	uint64_t good = accepted(c);
	/* Once more with a wrong bit in each frame, at another place each time. */
	size_t length = good > 0 ? t->heard->n / (size_t)c->frames : 0;
	if (good < ENOUGH || !play(t, m, values, length > 2 ? length - 1 : 2, &spoilt))
		return;
	uint64_t still = accepted(&spoilt.counters);
	char text[400] = "";
	struct str says;
	str_init(&says, text, sizeof text);
	say_values(m, &heard, &says);
	if (c->readings == 0 || c->readings <= c->out_of_range || text[0] == '\0')
		return;
	double strength = still < good ? 1.0 - (double)still / (double)good : 0.0;
	double frames = (double)good / (double)c->frames;
	double bytes = c->skipped_bytes < t->heard->n ? 1.0 - (double)c->skipped_bytes / (double)t->heard->n : 0.0;
	double score = frames * bytes * (0.4 + 0.6 * strength) * (1.0 - (double)c->out_of_range / (double)c->readings);
	fprintf(report, "= %s %s %" PRIu64 " %" PRIu64 " %.4f %d\n", plugin->key, m->key, c->frames, good, score,
		strength >= CHECKED);
	if (needs[0])
		fprintf(report, "! %s\n", needs);
	fprintf(report, ", %s\n", text);
}

static void ask(const struct therapy_plugin *plugin, const struct therapy_model *m, void *state, uint8_t verb,
		FILE *report)
{
	static struct therapy_frame frames[4];
	struct therapy_out out = {.frames = frames, .max_frames = sizeof frames / sizeof *frames};
	if (m->verbs[verb].effect != THERAPY_QUERY || m->encode(state, BEGIN_MS, verb, 0, &out) != 0)
		return;
	for (size_t i = 0; i < out.n_frames && i < sizeof frames / sizeof *frames; i++) {
		fprintf(report, "? %s %s %u ", plugin->key, m->key, m->baud);
		for (size_t b = 0; b < frames[i].size && b < THERAPY_FRAME_MAX; b++)
			fprintf(report, "%02X", frames[i].bytes[b]);
		fputs("\n", report);
	}
}

static bool starts(const struct therapy_model *m, void *state, const struct therapy_value *values)
{
	if (m->init_row)
		return m->init_row(state, m, values, 1) == 0;
	return !m->init || m->init(state, values, 1) == 0;
}

/* Some models need to be told what nobody can hear, as what a scale shows: then any value will do here. */
static void fill_in(const struct therapy_model *m, struct therapy_value *values, struct str *needs)
{
	static char words[64][64];
	for (uint8_t i = 0; i < m->n_options && i < 64; i++) {
		const struct therapy_option *o = &m->options[i];
		if (o->type == THERAPY_OPTION_CLIENT || values[i].set)
			continue;
		values[i].set = true;
		values[i].number = o->min > 0 ? o->min : o->max < 0 ? o->max : 0;
		if (o->type == THERAPY_OPTION_WORD && o->words) {
			snprintf(words[i], sizeof words[i], "%.*s", (int)strcspn(o->words, "|"), o->words);
			values[i].word = words[i];
		}
		str_add(needs, "%s%s", needs->len > 0 ? ", " : "", o->key);
	}
}

static bool usable(const struct therapy_model *m, struct therapy_value *values, struct str *needs)
{
	void *state = calloc(1, m->state_size + 1);
	bool ready = state && starts(m, state, values);
	if (state && !ready) {
		fill_in(m, values, needs);
		memset(state, 0, m->state_size + 1);
		ready = starts(m, state, values);
	}
	free(state);
	return ready;
}

static void ask_model(const struct therapy_plugin *plugin, const struct therapy_model *m,
		      const struct therapy_value *values, FILE *report)
{
	void *state = calloc(1, m->state_size + 1);
	bool ready = state && m->encode && starts(m, state, values);
	for (uint8_t i = 0; ready && i < m->n_on_connect; i++)
		ask(plugin, m, state, m->on_connect[i], report);
	for (uint8_t i = 0; ready && i < m->n_polls; i++)
		ask(plugin, m, state, m->polls[i].verb, report);
	free(state);
}

static void in_child(void *user, FILE *report)
{
	struct trying *t = user;
	char text[2048];
	struct str why;
	struct plugin_file *file = NULL;
	Therapy__V1__Setup setup = THERAPY__V1__SETUP__INIT;
	str_init(&why, text, sizeof text);
	if (!open_plugin(t->path, t->note, &file, &why))
		return; /* one that cannot be loaded is `check`'s to judge */
	const struct therapy_plugin *plugin = plugin_file_plugin(file);
	for (uint8_t i = 0; t->wanted && i < plugin->n_models; i++)
		if (strcmp(plugin->models[i].key, t->wanted) == 0)
			fputs("+\n", report);
	for (uint8_t i = 0; !t->wanted && i < plugin->n_models; i++) {
		const struct therapy_model *m = &plugin->models[i];
		struct therapy_value *values = NULL;
		char missing[400] = "";
		struct str needs;
		str_init(&needs, missing, sizeof missing);
		str_init(&why, text, sizeof text);
		if (!m->frame || !(m->links & t->links) || !description_options(m, &setup, "probe", &values, &why))
			continue;
		snprintf(t->note->about, sizeof t->note->about, "model %s", m->key);
		atomic_fetch_add(&t->note->calls, 1);
		bool ready = usable(m, values, &needs);
		if (ready && !t->heard)
			ask_model(plugin, m, values, report);
		atomic_fetch_add(&t->note->calls, 1);
		if (ready && t->heard)
			try_model(t, plugin, m, values, missing, report);
		free(values);
	}
}

/* ---- in the parent: a plugin could have written these lines, so they are believed no further than they are bounded
 * ---- */

static void take_question(struct trying *t, const char *line)
{
	if (t->n == t->max)
		return;
	struct probe_question *q = &t->questions[t->n];
	static char hex[2 * THERAPY_FRAME_MAX + 1];
	*q = (struct probe_question){0};
	if (sscanf(line, "? %63s %63s %" SCNu32 " %1024s", q->plugin, q->model, &q->baud, hex) != 4)
		return;
	for (unsigned byte; q->size < THERAPY_FRAME_MAX && sscanf(hex + 2u * q->size, "%2x", &byte) == 1; q->size++)
		q->bytes[q->size] = (uint8_t)byte;
	t->n += q->size > 0;
}

static void take_line(void *user, const char *line)
{
	static struct probe_match now;
	struct trying *t = user;
	struct str s;
	int checked = 0;
	t->offered |= line[0] == '+';
	if (line[0] == '?')
		take_question(t, line);
	if (line[0] == '=') {
		now = (struct probe_match){0};
		if (sscanf(line, "= %63s %63s %" SCNu64 " %" SCNu64 " %lf %d", now.plugin, now.model, &now.frames,
			   &now.accepted, &now.score, &checked) != 6)
			now.score = 0;
		now.checked = checked == 1;
	}
	str_init(&s, line[0] == '!' ? now.needs : now.says, line[0] == '!' ? sizeof now.needs : sizeof now.says);
	if ((line[0] == '!' || line[0] == ',') && line[1])
		str_add_cut(&s, line + 2);
	if (line[0] == ',' && t->best && now.score > t->best->score)
		*t->best = now;
}

static void run(struct trying *t)
{
	struct contained end;
	char given[1024], path[1100];
	t->note = note_new();
	if (!t->note || !str_copy(given, sizeof given, t->path) || !command_plugin_path(given, path, sizeof path)) {
		note_free(t->note);
		return;
	}
	const struct contain_work work = {.run = in_child, .line = take_line, .user = t, .listener = t};
	contain(t->note, &work, &end);
	note_free(t->note);
}

bool probe_try(const char *path, uint32_t links, const struct probe_heard *heard, struct probe_match *best)
{
	static struct trying t;
	*best = (struct probe_match){0};
	t = (struct trying){.links = links, .heard = heard, .best = best};
	if (!str_copy(t.path, sizeof t.path, path))
		return false;
	run(&t);
	best->baud = heard->baud;
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (command_definition())
		snprintf(best->definition, sizeof best->definition, "%.*s", (int)strcspn(name, "."), name);
	return best->score > 0;
}

bool probe_offers(const char *path, const char *model)
{
	static struct trying t;
	t = (struct trying){.wanted = model};
	if (str_copy(t.path, sizeof t.path, path))
		run(&t);
	return t.offered;
}

size_t probe_questions(const char *path, uint32_t links, struct probe_question *out, size_t max)
{
	static struct trying t;
	t = (struct trying){.links = links, .questions = out, .max = max};
	if (!str_copy(t.path, sizeof t.path, path))
		return 0;
	run(&t);
	return t.n;
}
