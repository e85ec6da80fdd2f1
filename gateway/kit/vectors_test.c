/* SPDX-License-Identifier: Apache-2.0
 * Vector files are refused with file and line, and a vector fails exactly where what came is not what was expected. The
 * plugin is that of ../therapy_plugin/fixtures without a fault. */
#include "kit/vectors.h"

#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit/noise.h"
#include "kit/twins.h"

static char *copy_of(const char *text)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	return copy;
}

static void refused(const char *text, const char *expected)
{
	struct vector_file file;
	char why[VECTORS_WHY];
	assert_false(vectors_parse("x.vec", copy_of(text), &therapy_plugin, &file, why));
	assert_string_equal(why, expected);
}

static void a_file_that_cannot_be_played_is_refused_with_its_line(void **state)
{
	(void)state;
	refused("", "x.vec:1: expected a line 'model KEY'");
	refused("\nmodel other\n", "x.vec:2: plugin bad has no model 'other'");
	refused("plugin good\nmodel pad\n", "x.vec:1: is for plugin 'good', found bad");
	refused("model pad\nbytes A5\n", "x.vec:2: expected 'vector NAME' first");
	refused("model pad\n", "x.vec: holds no vector, expected 'vector NAME'");
}

/* Plays the first vector of the text; NULL: it comes as written. */
static const char *played(const char *lines, bool mutate)
{
	static char why[VECTORS_WHY];
	struct vector_file file;
	struct player player;
	char *text = NULL;
	if (asprintf(&text, "model pad\nchecksummed\nvector v\n%s", lines) < 0)
		abort();
	if (!vectors_parse("x.vec", text, &therapy_plugin, &file, why))
		return why;
	file.vectors[0].mutate = mutate;
	player_begin(&player, &file.vectors[0], NULL);
	while (player_step(&player))
		;
	bool good = player_end(&player);
	memcpy(why, player.why, sizeof why);
	player_release(&player);
	vectors_close(&file);
	return good ? NULL : why;
}

#define OFF_5 "bytes A5 05 AA\n> power 5.00\n> relay 0.00\n"

static void what_comes_as_written_passes_also_damaged(void **state)
{
	(void)state;
	assert_null(played(OFF_5, false));
	assert_null(played(OFF_5, true));
	assert_null(played("bytes A5 05 # a comment\n> waiting 2\nbytes AA\n> power 5\n> relay 0\n", false));
	assert_null(played("tell on 1\n> send 5A 01 5B\ntell on 2\n> no such verb or value\n", false));
	assert_null(played("bytes 00 01\n> dropped 2\n", false));
}

static void what_does_not_is_told_with_what_was_expected(void **state)
{
	(void)state;
	assert_string_equal(played("bytes A5 05 AA\n> power 6.00\n> relay 0.00\n", false),
			    "x.vec:5: vector v: expected 'power 6.00', found 'power 5.000000'");
	assert_string_equal(played("bytes A5 05 AA\n> power 5.00\n", false),
			    "x.vec:5: vector v: expected 'the step before to bring no more', found 'relay 0.000000'");
	assert_string_equal(played("bytes A5\n> waiting 1\n> relay 0.00\n", false),
			    "x.vec:6: vector v: expected 'relay 0.00', found 'nothing more'");
	assert_string_equal(played("bytes A5 05 AA\n> nothing\n", false),
			    "x.vec:5: vector v: expected 'nothing', found 'power 5.000000'");
	assert_string_equal(played("bytes A5 0\n> waiting 1\n", false),
			    "x.vec:4: vector v: expected 'bytes like 'A0 01'', found '0'");
	assert_string_equal(played("tell boil\n> nothing\n", false),
			    "x.vec:4: vector v: expected 'one of the model's verbs', found 'boil'");
	assert_string_equal(played("at 5\n", false),
			    "x.vec:4: vector v: expected 'a line that begins with >', found 'none'");
}

static void two_in_turns_are_read_as_each_alone(void **state)
{
	(void)state;
	struct vector_file file;
	char why[VECTORS_WHY];
	assert_true(vectors_parse(
	    "x.vec", copy_of("model pad\nvector a\n" OFF_5 "vector b\nbytes A5 69 0E\n> power 105\n> relay 1\n"),
	    &therapy_plugin, &file, why));
	struct session *s = session_new(file.model, NULL);
	bool good = twins_play(&file.vectors[0], &file.vectors[1], s->caller.note, why);
	session_free(s);
	vectors_close(&file);
	if (!good)
		fail_msg("%s", why);
}

struct fed {
	uint64_t hash;
	size_t n, taken;
};

static void hash_frame(void *user, const struct therapy_message *message)
{
	struct fed *fed = user;
	for (size_t i = 0; i < message->size; i++)
		fed->hash = (fed->hash ^ message->data[i]) * 0x100000001b3u;
	fed->n++;
}

static struct fed feed(uint64_t seed)
{
	static const uint8_t frames[3][3] = {{0xA5, 0x05, 0xAA}, {0xA5, 0x69, 0x0E}, {0xA5, 0x04, 0xA9}};
	static struct noise noise;
	struct fed fed = {.hash = 1};
	struct session *s = session_new(&therapy_plugin.models[0], NULL);
	noise_init(&noise, seed);
	for (size_t i = 0; i < 3; i++)
		noise_hear(&noise, &(struct therapy_message){.data = frames[i], .size = 3});
	noise_hear(&noise, &(struct therapy_message){.data = frames[0], .size = 3}); /* it knows that one */
	assert_int_equal(noise.n_corpus, 3);
	s->heard = hash_frame;
	s->heard_user = &fed;
	noise_feed(&noise, s, 2000);
	assert_int_equal(noise.seal.type, SEAL_SUM);
	assert_int_equal(s->n_broken, 0);
	fed.taken = s->n_taken;
	session_free(s);
	noise_release(&noise);
	return fed;
}

static void the_same_seed_makes_the_same_noise(void **state)
{
	(void)state;
	struct fed a = feed(1), b = feed(1), c = feed(2);
	assert_true(a.hash == b.hash && a.n == b.n);
	assert_true(a.hash != c.hash);
	assert_true(a.taken > 100 && a.taken < 1900); /* neither all of it whole, nor all of it refused at the door */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_that_cannot_be_played_is_refused_with_its_line),
	    cmocka_unit_test(what_comes_as_written_passes_also_damaged),
	    cmocka_unit_test(what_does_not_is_told_with_what_was_expected),
	    cmocka_unit_test(two_in_turns_are_read_as_each_alone),
	    cmocka_unit_test(the_same_seed_makes_the_same_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
