/* SPDX-License-Identifier: Apache-2.0
 *
 * replay FILE.so RECORDING [--model M] [--option KEY=VALUE]... [--sent]
 *
 * The recording goes through the device machine of the gateway in its own time, which passes as fast as it can: what is
 * printed is what the gateway would hear, every time the same. In a child process, in the sandbox. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "description.h"
#include "device/device.h"
#include "device/plugin_file.h"
#include "kit/contain.h"
#include "link/recording.h"
#include "therapy_plugin/command.h"
#include "therapy_plugin/given.h"
#include "therapy_plugin/open.h"
#include "therapy_plugin/spoken.h"

#define BEGIN_MS      3600000u /* on the machine's clock: an hour after it was switched on */
#define RECORDING_MAX ((size_t)64 << 20)

struct replay {
	char path[4096];
	const char *recording;
	char *text; /* of the recording: read before the plugin is loaded */
	const char *model;
	struct given given;
	bool sent; /* print what is sent, too */
	struct note *note;
	bool failed; /* in the parent: a fault was told */
};

/* ---- in the child ---- */

struct playing {
	const struct replay *replay;
	FILE *report;
	const struct therapy_model *model;
	struct device *device;
};

static void print_time(const struct playing *p, uint64_t now_ms)
{
	uint64_t ms = now_ms - BEGIN_MS;
	fprintf(p->report, "  %6llu.%03u s  ", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

static void print_readings(const struct playing *p, const struct device_outputs *out)
{
	for (size_t i = 0; i < out->n_readings; i++) {
		const struct device_reading *r = &out->readings[i];
		const struct therapy_metric *m = &p->model->metrics[r->metric];
		const struct spoken metric = {m->key, m->words, m->unit, m->precision};
		char text[256];
		struct str s;
		str_init(&s, text, sizeof text);
		spoken_reading(&s, &metric, (enum therapy_quality)r->quality, r->value);
		print_time(p, r->stamp_ms);
		fprintf(p->report, "%s\n", text);
	}
}

static void print_sent(const struct playing *p, uint64_t now_ms, const struct device_outputs *out)
{
	for (size_t i = 0; i < out->n_sends && p->replay->sent; i++) {
		print_time(p, now_ms);
		fputs(">", p->report);
		for (size_t b = 0; b < out->sends[i].size; b++)
			fprintf(p->report, " %02X", out->sends[i].data[b]);
		fputs("\n", p->report);
	}
}

static void step(struct playing *p, uint64_t now_ms, const struct device_input *input)
{
	struct note *note = p->replay->note;
	note->function = NOTE_STEP;
	atomic_fetch_add(&note->calls, 1);
	struct device_outputs out = device_step(p->device, now_ms, input);
	atomic_fetch_add(&note->calls, 1);
	print_sent(p, now_ms, &out);
	print_readings(p, &out);
}

/* What the device machine would have done meanwhile: polls, replies that did not come, rest that was not proved. */
static void let_pass(struct playing *p, uint64_t until_ms)
{
	uint64_t due_ms = 0;
	while ((due_ms = device_deadline(p->device)) < until_ms)
		step(p, due_ms, &(struct device_input){.type = DEVICE_IN_TICK});
}

static bool play_lines(struct playing *p)
{
	static uint8_t bytes[RECORDING_BYTES_MAX + 1];
	uint64_t now_ms = BEGIN_MS, number = 0;
	step(p, now_ms, &(struct device_input){.type = DEVICE_IN_LINK_UP});
	for (char *at = p->replay->text, *line = NULL; (line = at);) {
		const char *why = NULL;
		struct recording_line read;
		at = strchr(line, '\n');
		if (at)
			*at++ = '\0';
		number++;
		int error = recording_read(line, &read, bytes, &why);
		if (!error && read.kind != RECORDING_NOTHING && BEGIN_MS + read.at_ms < now_ms) {
			why = "expected a time that is not before the line above";
			error = UV_EINVAL;
		}
		if (error) {
			fprintf(p->report, "! %s:%llu: %s\n", p->replay->recording, (unsigned long long)number, why);
			return false;
		}
		if (read.kind == RECORDING_NOTHING)
			continue;
		uint8_t channel = description_channel(p->model, read.address);
		if (!read.address[0] != (p->model->frame != NULL) ||
		    (read.address[0] && channel == p->model->n_channels)) {
			fprintf(p->report, "! %s:%llu: model %s is reached by %s\n", p->replay->recording,
				(unsigned long long)number, p->model->key,
				p->model->frame
				    ? "bytes, expected them without an address"
				    : "messages, expected @ and an address of its channels before the bytes");
			return false;
		}
		bytes[read.size] = '\0';
		now_ms = BEGIN_MS + read.at_ms;
		snprintf(p->replay->note->about, sizeof p->replay->note->about, "line %llu of the recording",
			 (unsigned long long)number);
		let_pass(p, now_ms);
		if (read.kind == RECORDING_RECEIVED)
			step(p, now_ms,
			     &(struct device_input){.type = read.address[0] ? DEVICE_IN_MESSAGE : DEVICE_IN_BYTES,
						    .data = bytes,
						    .size = read.size,
						    .channel = channel,
						    .retained = read.retained});
	}
	return true;
}

static void print_counters(const struct playing *p)
{
	static const char *const causes[THERAPY_REFUSED_COUNT_] = {"", "length", "checksum", "type", "format", "value"};
	const struct device_counters *c = device_counters(p->device);
	fprintf(p->report, "%llu frames, %llu readings", (unsigned long long)c->frames,
		(unsigned long long)c->readings);
	for (int i = THERAPY_OK + 1; i < THERAPY_REFUSED_COUNT_; i++)
		if (c->refused[i])
			fprintf(p->report, ", %llu refused for their %s", (unsigned long long)c->refused[i], causes[i]);
	const struct {
		uint64_t n;
		const char *what;
	} others[] = {{c->skipped_bytes, "bytes were no frame"},
		      {c->frames_lost, "frames lost on the way"},
		      {c->out_of_range, "readings implausible"},
		      {c->polls_unanswered, "questions unanswered"},
		      {c->overflows, "overflows"}};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].n)
			fprintf(p->report, ", %llu %s", (unsigned long long)others[i].n, others[i].what);
	fputs("\n", p->report);
}

static bool find_model(const struct replay *r, const struct plugin_file *file, struct str *why,
		       const struct therapy_model **out)
{
	*out = plugin_file_model(file, r->model ? r->model : "");
	if (!*out)
		description_no_model(plugin_file_plugin(file), r->model ? r->model : "", why);
	return *out != NULL;
}

static void play(void *user, FILE *report)
{
	struct replay *r = user;
	char text[2048];
	struct str why;
	struct plugin_file *file = NULL;
	struct therapy_value *values = NULL;
	struct playing p = {.replay = r, .report = report};
	Therapy__V1__Setup setup = THERAPY__V1__SETUP__INIT;
	setup.options = r->given.pointers;
	setup.n_options = r->given.n;
	str_init(&why, text, sizeof text);
	if (!open_plugin(r->path, r->note, &file, &why) || !find_model(r, file, &why, &p.model) ||
	    !description_options(p.model, &setup, "replay", &values, &why)) {
		fprintf(report, "! %s\n", text);
		return;
	}
	const struct device_config config = {.model = p.model, .options = values, .seed = 1};
	int error = device_new(&config, BEGIN_MS, &p.device);
	if (error == UV_EINVAL)
		description_refused_options(p.model, values, &why);
	else if (error)
		str_add(&why, "%s", uv_strerror(error));
	if (error)
		fprintf(report, "! %s\n", text);
	else if (play_lines(&p))
		print_counters(&p);
	device_free(p.device);
	free(values);
}

/* ---- in the parent ---- */

static void on_line(void *user, const char *line)
{
	struct replay *r = user;
	if (line[0] == '!' && line[1] == ' ') {
		fflush(stdout);
		fprintf(stderr, "therapy-plugin: %s\n", line + 2);
		r->failed = true;
	} else {
		puts(line);
	}
}

static char *read_recording(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0, n = 0, cap = 0;
	while (file && n + 1 < RECORDING_MAX) {
		if (n + 65536 > cap) {
			cap = cap ? cap * 2 : 131072;
			char *more = realloc(text, cap);
			if (!more)
				break;
			text = more;
		}
		size = fread(text + n, 1, 65535, file);
		n += size;
		text[n] = '\0';
		if (size == 0)
			break;
	}
	bool good = file && text && !ferror(file) && feof(file) && strlen(text) == n;
	if (!good)
		command_usage("%s: %s; expected a recording, see docs/recording-format.md", path,
			      file ? "is no text of at most 64 MB" : strerror(errno));
	if (file)
		fclose(file);
	if (good)
		return text;
	free(text);
	return NULL;
}

static bool read_options(struct replay *r, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		bool valued = strcmp(argv[i], "--model") == 0 || strcmp(argv[i], "--option") == 0;
		if (strcmp(argv[i], "--sent") == 0) {
			r->sent = true;
		} else if (!valued || i + 1 == argc) {
			command_usage("replay: found '%s', expected --model M, --option KEY=VALUE or --sent", argv[i]);
			return false;
		} else if (strcmp(argv[i], "--model") == 0) {
			r->model = argv[++i];
		} else if (!given_add(&r->given, argv[++i])) {
			return false;
		}
	}
	return true;
}

int command_replay(int argc, char **argv)
{
	static struct replay r;
	if (argc < 2)
		return command_usage("replay: expected FILE.so RECORDING");
	r = (struct replay){.recording = argv[1]};
	if (!command_plugin_path(argv[0], r.path, sizeof r.path) || !read_options(&r, argc, argv))
		return COMMAND_USAGE;
	r.text = read_recording(argv[1]);
	if (!r.text)
		return COMMAND_USAGE;
	r.note = note_new();
	int status = COMMAND_FAULT;
	if (r.note) {
		const struct contain_work work = {.run = play, .line = on_line, .user = &r, .listener = &r};
		struct contained end;
		char text[2048];
		struct str why;
		contain(r.note, &work, &end);
		str_init(&why, text, sizeof text);
		contain_explain(r.note, &end, &why);
		if (end.end != CONTAINED_DONE)
			fprintf(stderr, "therapy-plugin: %s: %s\n%s%s", argv[0], text, end.said,
				end.said[0] ? "\n" : "");
		if (end.end == CONTAINED_DONE && !r.failed)
			status = COMMAND_GOOD;
	}
	note_free(r.note);
	free(r.text);
	return status;
}
