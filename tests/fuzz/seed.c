/* SPDX-License-Identifier: Apache-2.0
 *
 * seed OUT VECTORS...
 *
 * Writes each vector of the files as a life, OUT/FILE.VECTOR, for the fuzzer to begin with; then plays what it wrote.
 * The kit plays the vectors; what it does with its session on the way is heard by the linker's --wrap.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit/vectors.h"
#include "life.h"
#include "subject.h"

enum { LIFE_MAX = 1 << 16 };

static struct {
	uint8_t bytes[LIFE_MAX];
	size_t size;
	uint64_t now_ms;
	size_t options; /* where their choices stand */
	bool born;      /* connected once: what comes are steps */
} life;

static void put(unsigned byte)
{
	if (life.size < LIFE_MAX)
		life.bytes[life.size++] = (uint8_t)byte;
}

static void put_bytes(const uint8_t *bytes, size_t size)
{
	put((unsigned)size & 0xFF);
	put((unsigned)size >> 8);
	for (size_t i = 0; i < size; i++)
		put(bytes[i]);
}

/* Time passes by at most 65535 ms a step. */
static void put_time(uint64_t now_ms)
{
	while (life.now_ms < now_ms) {
		uint64_t ms = now_ms - life.now_ms > UINT16_MAX ? UINT16_MAX : now_ms - life.now_ms;
		put(LIFE_TIME);
		put((unsigned)ms & 0xFF);
		put((unsigned)ms >> 8);
		life.now_ms += ms;
	}
}

/* The choice that comes closest to what the vector gives. */
static uint8_t choice_of(const struct therapy_option *row, const struct therapy_value *value)
{
	uint8_t best = 0;
	double off = HUGE_VAL;
	for (unsigned choice = 1; value->set && choice <= 16; choice++) {
		char word[LIFE_WORD_MAX];
		double number = 0;
		life_choose(row, (uint8_t)choice, word, &number);
		double here =
		    row->type == THERAPY_OPTION_NUMBER ? fabs(number - value->number) : strcmp(word, value->word) != 0;
		if (here >= off)
			continue;
		best = (uint8_t)choice;
		off = here;
	}
	return best;
}

void __real_session_connect(struct session *session, uint32_t seed);
void __real_session_bytes(struct session *session, const uint8_t *bytes, size_t size);
void __real_session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size);
void __real_session_tell(struct session *session, uint8_t verb, double value);
void __wrap_session_connect(struct session *session, uint32_t seed);
void __wrap_session_bytes(struct session *session, const uint8_t *bytes, size_t size);
void __wrap_session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size);
void __wrap_session_tell(struct session *session, uint8_t verb, double value);

void __wrap_session_connect(struct session *session, uint32_t seed)
{
	if (life.born) {
		put(LIFE_CONNECT);
		put(seed);
	}
	for (size_t i = 0; !life.born && i < session->model->n_options; i++)
		life.bytes[life.options + i] = choice_of(&session->model->options[i], &session->values[i]);
	life.born = true;
	__real_session_connect(session, seed);
}

void __wrap_session_bytes(struct session *session, const uint8_t *bytes, size_t size)
{
	put_time(session->now_ms);
	put(LIFE_BYTES);
	put_bytes(bytes, size);
	__real_session_bytes(session, bytes, size);
}

void __wrap_session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size)
{
	put_time(session->now_ms);
	put(retained ? LIFE_RETAINED : LIFE_MESSAGE);
	put(channel);
	put_bytes(bytes, size);
	__real_session_message(session, channel, retained, bytes, size);
}

void __wrap_session_tell(struct session *session, uint8_t verb, double value)
{
	put_time(session->now_ms);
	put(LIFE_TELL);
	put(verb);
	unsigned best = 0;
	for (unsigned i = 1; i < LIFE_VALUES; i++)
		if (life_values[i] == value)
			best = i;
	put(best);
	__real_session_tell(session, verb, value);
}

static void play(const struct vector *vector)
{
	struct player player;
	player_begin(&player, vector, NULL);
	life.now_ms = player.session->now_ms;
	while (player_step(&player))
		;
	if (!player_end(&player)) {
		fprintf(stderr, "%s\n", player.why);
		exit(1);
	}
	player_release(&player);
}

static void seed_from(const char *out, const struct vector_file *file, const struct vector *vector)
{
	const struct therapy_plugin *plugin = subject();
	char path[4096], name[1024];
	snprintf(name, sizeof name, "%s", file->path);
	snprintf(path, sizeof path, "%s/%s.%s", out, basename(name), vector->name);
	memset(&life, 0, sizeof life);
	put((unsigned)(file->model - plugin->models));
	life.options = life.size;
	life.size += file->model->n_options;
	play(vector);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(life.bytes, 1, life.size, f) != life.size || fclose(f) != 0) {
		fprintf(stderr, "%s cannot be written\n", path);
		exit(1);
	}
	life_play(plugin, life.bytes, life.size);
}

int main(int argc, char **argv)
{
	size_t n = 0;
	for (int i = 2; i < argc; i++) {
		struct vector_file file;
		char why[VECTORS_WHY];
		if (!vectors_open(argv[i], subject(), &file, why)) {
			fprintf(stderr, "%s\n", why);
			return 1;
		}
		for (size_t v = 0; v < file.n_vectors; v++, n++)
			seed_from(argv[1], &file, &file.vectors[v]);
		vectors_close(&file);
	}
	printf("%zu lives\n", n);
	return n == 0;
}
