/* SPDX-License-Identifier: Apache-2.0
 * With real programs: what viewers see of one that talks, and of one that does not do as it should. */
#include "page/talk.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

struct watched {
	uv_loop_t loop;
	struct talk *talk;
	bool ended;
	enum talk_end end;
	struct json_object *told;
};

static void on_changed(void *user)
{
	struct watched *w = user;
	char *text = talk_text(w->talk);
	json_object_put(w->told);
	w->told = json_tokener_parse(text);
	assert_non_null(w->told);
	free(text);
}

static void on_ended(void *user, enum talk_end end)
{
	struct watched *w = user;
	w->ended = true;
	w->end = end;
}

static void begin(struct watched *w, const char *program, const char *script, const char *first)
{
	const char *const words[] = {program, "-c", script, NULL};
	const struct talk_config config = {.program = program, .arguments = words, .first = first};
	const struct talk_callbacks callbacks = {w, on_changed, on_ended};
	*w = (struct watched){0};
	assert_int_equal(uv_loop_init(&w->loop), 0);
	w->talk = talk_new(&w->loop, &config, &callbacks);
	assert_non_null(w->talk);
	talk_begin(w->talk);
}

static struct json_object *part(const struct watched *w, const char *key)
{
	struct json_object *found = NULL;
	json_object_object_get_ex(w->told, key, &found);
	return found;
}

static void until_asked(struct watched *w)
{
	while (!part(w, "ask") && !w->ended)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_false(w->ended);
}

static const char *said(const struct watched *w, size_t i, const char *key)
{
	struct json_object *entry = json_object_array_get_idx(part(w, "said"), i), *text = NULL;
	return json_object_object_get_ex(entry, key, &text) ? json_object_get_string(text) : NULL;
}

static void over(struct watched *w)
{
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_true(w->ended);
	assert_false(json_object_get_boolean(part(w, "running")));
	assert_null(part(w, "ask"));
}

static void done(struct watched *w)
{
	talk_close(w->talk, NULL, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	json_object_put(w->told);
}

static void what_it_says_and_asks_is_told_and_an_answer_is_its_next_line(void **state)
{
	struct watched w;
	(void)state;
	begin(&w, "/bin/sh",
	      "read first; echo '{\"say\":\"begun\"}'; echo "
	      "'{\"ask\":\"line\",\"question\":\"which?\",\"fallback\":\"\"}'\n"
	      "read answer; echo '{\"answer\":\"'$answer'\"}'; echo '{\"text\":\"'$first'\"}'; printf "
	      "'{\"end\":\"start\"}'; echo",
	      "before");
	assert_false(talk_begin(w.talk)); /* one at a time */
	until_asked(&w);
	assert_string_equal(said(&w, 0, "say"), "begun");
	uint64_t number = json_object_get_uint64(part(&w, "number"));
	assert_false(talk_answer(w.talk, number + 1, "this"));
	assert_false(talk_answer(w.talk, number, "this\nthat"));
	assert_true(talk_answer(w.talk, number, "this"));
	assert_false(talk_answer(w.talk, number, "this")); /* it is asked no more */
	over(&w);
	assert_string_equal(said(&w, 1, "answer"), "this");
	assert_string_equal(said(&w, 2, "text"), "before");
	assert_int_equal(w.end, TALK_START);
	done(&w);
}

static void what_is_no_word_of_it_is_shown_to_nobody(void **state)
{
	struct watched w;
	(void)state;
	begin(&w, "/bin/sh",
	      "echo nonsense; echo '[1]'; echo '{\"other\":1}'; echo '{\"say\":'; echo '{\"say\":\"yes\"}'; "
	      "echo '{\"end\":\"nowhere\"}'; printf '{\"say\":\"no end of line\"}'",
	      NULL);
	over(&w);
	assert_int_equal(json_object_array_length(part(&w, "said")), 1);
	assert_string_equal(said(&w, 0, "say"), "yes");
	assert_int_equal(w.end, TALK_STOPPED);
	done(&w);
}

static void one_that_says_too_much_is_bounded(void **state)
{
	struct watched w;
	(void)state;
	begin(&w, "/bin/sh", "i=0; while [ $i -lt 400 ]; do printf '{\"say\":\"%01000d\"}\\n' $i; i=$((i+1)); done",
	      NULL);
	over(&w);
	char *text = talk_text(w.talk);
	assert_true(strlen(text) <= TALK_SAID_MAX + 4096);
	free(text);
	size_t n = json_object_array_length(part(&w, "said"));
	assert_non_null(strstr(said(&w, n - 1, "say"), "399")); /* the oldest went */
	done(&w);
	begin(&w, "/bin/sh", "while :; do printf x; done", NULL); /* a line without an end */
	over(&w);
	assert_non_null(strstr(said(&w, 0, "say"), "ended by itself"));
	done(&w);
}

static void one_that_dies_or_is_not_there_is_told_and_can_begin_again(void **state)
{
	struct watched w;
	(void)state;
	begin(&w, "/bin/sh", "kill -SEGV $$", NULL);
	over(&w);
	assert_non_null(strstr(said(&w, 0, "say"), "signal 11"));
	assert_true(talk_begin(w.talk));
	w.ended = false;
	over(&w);
	assert_int_equal(json_object_array_length(part(&w, "said")), 1); /* anew */
	done(&w);
	begin(&w, "/nonexistent/therapy-setup", "", NULL);
	assert_false(talk_cancel(w.talk)); /* there is nobody to send a signal to, least of all ourselves */
	over(&w);
	assert_non_null(strstr(said(&w, 0, "say"), "/nonexistent/therapy-setup"));
	done(&w);
}

static void it_ends_when_it_is_asked_to_or_when_it_is_closed(void **state)
{
	static const char asks[] = "trap 'echo \"{\\\"say\\\":\\\"left\\\"}\"; exit 130' TERM\n"
				   "echo '{\"ask\":\"yes\",\"question\":\"?\",\"fallback\":\"n\"}'; read answer";
	struct watched w;
	(void)state;
	begin(&w, "/bin/sh", asks, NULL);
	until_asked(&w);
	assert_true(talk_cancel(w.talk));
	over(&w);
	assert_string_equal(said(&w, 0, "say"), "left");
	assert_int_equal(json_object_array_length(part(&w, "said")), 1); /* an end that was asked for is no fault */
	assert_false(talk_cancel(w.talk));
	done(&w);
	begin(&w, "/bin/sh", asks, NULL);
	until_asked(&w);
	done(&w); /* does not wait for it */
	assert_false(w.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_says_and_asks_is_told_and_an_answer_is_its_next_line),
	    cmocka_unit_test(what_is_no_word_of_it_is_shown_to_nobody),
	    cmocka_unit_test(one_that_says_too_much_is_bounded),
	    cmocka_unit_test(one_that_dies_or_is_not_there_is_told_and_can_begin_again),
	    cmocka_unit_test(it_ends_when_it_is_asked_to_or_when_it_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
