/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of one plugin, whose sources are linked into this program: its vectors (files named as arguments), played
 * once as written and once with every frame spoilt in every way, and what holds for every plugin.
 */
#include "base/testing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit/vectors.h"

enum { VECTORS_MAX = 400, FILES_MAX = 8 };

static void play(void **state)
{
	struct player player;
	player_begin(&player, *state, NULL);
	while (player_step(&player))
		;
	if (!player_end(&player))
		fail_msg("%s", player.why);
	player_release(&player);
}

/* No promise was broken meanwhile. */
static void end(struct session *session)
{
	if (session->n_broken > 0)
		fail_msg("%s", session->broken);
	session_free(session);
}

static bool is_key(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '_')
			return false;
	return n > 0;
}

static void check_metrics(const struct therapy_model *m)
{
	assert_true(m->n_metrics > 0);
	for (size_t i = 0; i < m->n_metrics; i++) {
		const struct therapy_metric *row = &m->metrics[i];
		assert_true(is_key(row->key));
		assert_non_null(row->name);
		assert_true(row->unit < THERAPY_UNIT_COUNT_);
		assert_true(row->min < row->max);
		assert_true(row->interval_ms > 0);
		assert_true(row->stale_ms == 0 || row->stale_ms >= 2 * row->interval_ms);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->key, m->metrics[j].key);
	}
}

static void check_steps(const struct therapy_model *m, const struct therapy_step *steps, size_t n)
{
	assert_in_range(n, 1, 8);
	for (size_t i = 0; i < n; i++) {
		assert_true(steps[i].verb < m->n_verbs);
		assert_int_equal(m->verbs[steps[i].verb].effect, THERAPY_STOP);
	}
}

static void check_controls(const struct therapy_model *m)
{
	for (size_t i = 0; i < m->n_controls; i++) {
		const struct therapy_control *c = &m->controls[i];
		assert_true(is_key(c->key));
		assert_true(c->set < m->n_verbs);
		assert_int_equal(m->verbs[c->set].effect, THERAPY_ACT);
		if (c->renew != THERAPY_NONE) {
			assert_true(c->renew < m->n_verbs);
			assert_int_equal(m->verbs[c->renew].effect, THERAPY_RENEW);
			/* One lost renewal must not end the lease of the device. */
			assert_true(c->device_timer_ms >= 2 * c->renew_ms && c->renew_ms > 0);
		}
		assert_true(c->confirm < m->n_metrics);
		assert_true(c->min < c->max && c->step > 0 && c->confirm_ms > 0);
		assert_true(c->rest_max < (c->type == THERAPY_SWITCH ? c->max : c->min));
		check_steps(m, c->rest, c->n_rest);
		check_steps(m, c->stop, c->n_stop);
	}
}

static void every_row_of_the_table_is_sound(void **state)
{
	const struct therapy_model *m = ((const struct vector_file *)*state)->model;
	assert_true(is_key(m->key));
	assert_true(m->links != 0 && m->decode != NULL);
	assert_true(!m->frame == !(m->links & (THERAPY_LINK_SERIAL | THERAPY_LINK_TCP)));
	assert_true(!m->n_channels == !(m->links & (THERAPY_LINK_MQTT | THERAPY_LINK_BLE)));
	assert_true(!(m->links & THERAPY_LINK_SERIAL) || m->baud > 0);
	assert_true(m->n_verbs == 0 || m->encode != NULL);
	check_metrics(m);
	check_controls(m);
	for (size_t i = 0; i < m->n_polls; i++) {
		assert_int_equal(m->verbs[m->polls[i].verb].effect, THERAPY_QUERY);
		assert_true(m->polls[i].verb < m->n_verbs && m->polls[i].every_ms > m->polls[i].reply_ms);
	}
	for (size_t i = 0; i < m->n_on_connect; i++) {
		assert_true(m->on_connect[i] < m->n_verbs);
		assert_int_not_equal(m->verbs[m->on_connect[i]].effect, THERAPY_ACT);
	}
	for (size_t i = 0; i < m->n_options; i++)
		assert_true(is_key(m->options[i].key) && m->options[i].help != NULL);
}

static void tell_odd_values(struct session *session, uint8_t verb)
{
	static const double values[] = {0, 1, -1, 0.5, 1e-9, 1e9, -1e300, HUGE_VAL, -HUGE_VAL, (double)NAN};
	enum therapy_effect effect = session->model->verbs[verb].effect;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		session->n_lines = 0;
		session_tell(session, verb, values[i]);
		bool refused = session->n_lines == 1 && strncmp(session->lines[0], "no such", 7) == 0;
		/* For a STOP the value means nothing: it must go out whatever the value is. */
		if (effect == THERAPY_STOP)
			assert_true(session->n_lines > 0 && !refused);
		else if (effect == THERAPY_ACT && !(values[i] >= 0 && values[i] <= 1e6))
			assert_true(refused);
	}
}

static void no_verb_takes_a_value_that_is_no_number_and_a_stop_is_never_refused(void **state)
{
	const struct vector_file *file = *state;
	const struct therapy_model *m = file->model;
	struct session *session = vectors_session(file, NULL);
	session_connect(session, 1);
	for (unsigned verb = 0; verb < m->n_verbs; verb++)
		tell_odd_values(session, (uint8_t)verb);
	if (m->encode) {
		session->n_lines = 0;
		session_tell(session, m->n_verbs, 0);
		session_tell(session, THERAPY_NONE, 0);
		assert_string_equal(session->lines[0], "no such verb or value");
		assert_string_equal(session->lines[1], "no such verb or value");
	}
	end(session);
}

/* xorshift64: the same noise on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Noise of all bytes, and noise made of what frames are made of, which gets further in. */
static uint8_t noise_byte(uint64_t *seed, bool likely)
{
	static const uint8_t alphabet[] = "\x55\x51\x52\x53\x00\x01\x03\x06\x90\x81\x82\xFF\x80{}[]\":,.-+eE0123456789 "
					  "truefalsnONF\\/PWR";
	uint64_t r = next_random(seed);
	return likely ? alphabet[(r >> 8) % (sizeof alphabet - 1)] : (uint8_t)(r >> 8);
}

static void a_flood_of_noise_does_no_harm(void **state)
{
	const struct vector_file *file = *state;
	const struct therapy_model *m = file->model;
	struct session *session = vectors_session(file, NULL);
	session_connect(session, 7);
	uint64_t seed = 0x9E3779B97F4A7C15u;
	static uint8_t noise[4096];
	for (size_t round = 0; round < 3000; round++) {
		size_t size = next_random(&seed) % (round % 50 ? 80 : sizeof noise);
		for (size_t i = 0; i < size; i++)
			noise[i] = noise_byte(&seed, round % 2);
		session->now_ms += next_random(&seed) % 200;
		session->n_lines = 0;
		if (m->frame) {
			session_bytes(session, noise, size);
			continue;
		}
		for (uint8_t channel = 0; channel < m->n_channels; channel++) {
			session->n_lines = 0;
			session_message(session, channel, round % 3 == 0, noise, size);
		}
	}
	end(session);
}

/* A host that has no room left says so and is not written past. */
static void a_full_out_overflows_and_is_not_written_past(void **state)
{
	const struct vector_file *file = *state;
	const struct therapy_model *m = file->model;
	struct session *session = vectors_session(file, NULL);
	session_connect(session, 7);
	for (uint8_t verb = 0; verb < m->n_verbs; verb++) {
		struct therapy_out none = {0};
		double value = m->n_controls ? m->controls[0].max : 0;
		if (m->verbs[verb].effect != THERAPY_STOP && m->verbs[verb].effect != THERAPY_QUERY)
			continue;
		assert_int_equal(m->encode(session->state, 0, verb, value, &none), 0);
		assert_true(none.overflow);
	}
	end(session);
}

struct bomb {
	const char *head, *unit, *tail;
	size_t repeats;
};

static void no_json_bomb_becomes_a_reading(void **state)
{
	static const struct bomb bombs[] = {
	    {"", "[", "", 4096},
	    {"", "{\"a\":", "", 800},
	    {"", "{\"POWER\":", "", 400},
	    {"{\"a\":", "[[[[[[[[", "", 500},
	    {"", "[", "]", 100000},
	    {"{\"ENERGY\":{\"Power\":", "9", "}}", 4000},
	    {"{\"ENERGY\":", "9", "}", 4000},
	    {"{\"POWER\":\"", "O", "\"}", 4080},
	    {"{", "\"a\":1,", "\"b\":2}", 600},
	    {"{\"POWER\":\"", "ON", "", 2000},
	    {"", " ", "", 4096},
	    {"", "\xFF", "", 4096},
	    {"", "\0", "", 1},
	    {"{\"output\":", "t", "rue}", 4000},
	    {"{\"POWER\":\"ON\"}", " ", "", 5000},
	    {"{\"output\":true}", " ", "", 5000},
	    {"{\"POWER\":\"O\xC3", "\xC3", "\"}", 3},
	    {"{\"a\":1e", "9", "}", 3000},
	};
	const struct vector_file *file = *state;
	const struct therapy_model *m = file->model;
	if (m->frame)
		return; /* no JSON comes over a byte link */
	struct session *session = vectors_session(file, NULL);
	char *text = malloc(1 << 18);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		const struct bomb *b = &bombs[i];
		size_t n = (size_t)sprintf(text, "%s", b->head), unit = b->unit[0] ? strlen(b->unit) : 1;
		for (size_t k = 0; k < b->repeats; k++, n += unit)
			memcpy(text + n, b->unit, unit);
		n += (size_t)sprintf(text + n, "%s", b->tail);
		for (uint8_t channel = 0; channel < m->n_channels; channel++) {
			struct therapy_out out;
			struct therapy_message message = {.data = (uint8_t *)text, .size = n, .channel = channel};
			session_connect(session, 1);
			if (session_decode(session, session->state, &message, &out) == THERAPY_OK)
				assert_int_equal(out.n_readings + out.n_frames, 0);
		}
	}
	free(text);
	end(session);
}

static void add_properties(struct vector_file *file, struct CMUnitTest *tests, size_t *n)
{
	static const struct CMUnitTest rows[] = {
	    cmocka_unit_test(every_row_of_the_table_is_sound),
	    cmocka_unit_test(no_verb_takes_a_value_that_is_no_number_and_a_stop_is_never_refused),
	    cmocka_unit_test(a_flood_of_noise_does_no_harm),
	    cmocka_unit_test(a_full_out_overflows_and_is_not_written_past),
	    cmocka_unit_test(no_json_bomb_becomes_a_reading),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tests[*n] = rows[i];
		tests[(*n)++].initial_state = file;
	}
}

static void add_vectors(struct vector_file *file, struct CMUnitTest *tests, size_t *n)
{
	for (size_t i = 0; i < 2 * file->n_vectors; i++) {
		struct vector *vector = calloc(1, sizeof *vector);
		char *name = NULL;
		*vector = file->vectors[i / 2];
		vector->mutate = i % 2;
		if (asprintf(&name, "%s%s", vector->name, vector->mutate ? " (every frame spoilt)" : "") < 0)
			abort();
		tests[(*n)++] = (struct CMUnitTest){name, play, NULL, NULL, vector};
	}
}

int main(int argc, char **argv)
{
	static struct vector_file files[FILES_MAX];
	static struct CMUnitTest tests[2 * VECTORS_MAX + 64];
	size_t n = 0, n_properties = 0, n_files = (size_t)(argc - 1);
	if (n_files != therapy_plugin.n_models || n_files > FILES_MAX) {
		fprintf(stderr, "usage: %s FILE.vec... (one for each of %u models)\n", argv[0],
			therapy_plugin.n_models);
		return 2;
	}
	for (size_t i = 0; i < n_files; i++) {
		char why[VECTORS_WHY];
		if (!vectors_open(argv[i + 1], &therapy_plugin, &files[i], why) ||
		    n + 2 * files[i].n_vectors > 2 * VECTORS_MAX) {
			fprintf(stderr, "%s\n", why);
			return 2;
		}
		add_properties(&files[i], tests, &n);
	}
	n_properties = n;
	for (size_t i = 0; i < n_files; i++)
		add_vectors(&files[i], tests, &n);
	int failed = _cmocka_run_group_tests(therapy_plugin.key, tests, n, NULL, NULL);
	for (size_t i = n_properties; i < n; i++) {
		union {
			const char *in;
			char *out;
		} name = {tests[i].name};
		free(name.out);
		free(tests[i].initial_state);
	}
	for (size_t i = 0; i < n_files; i++)
		vectors_close(&files[i]);
	return failed;
}
