/* SPDX-License-Identifier: Apache-2.0 */
#include "page/board.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/testing.h"

static void is_next(struct board *b, uint64_t *seen, const char *expected)
{
	struct board_text *text = board_take(b, seen);
	assert_non_null(text);
	assert_int_equal(text->size, strlen(expected));
	assert_memory_equal(text->bytes, expected, text->size);
	board_release(text);
}

static void a_new_viewer_is_told_everything_once(void **state)
{
	(void)state;
	struct board *b = board_new(3);
	uint64_t seen = 0;
	assert_false(board_has(b, 0));
	assert_true(board_put(b, 2, "device", "{\"a\":1}"));
	assert_true(board_put(b, 0, "home", "{}"));
	assert_true(board_has(b, seen));
	is_next(b, &seen, "event: device\ndata: {\"a\":1}\n\n");
	is_next(b, &seen, "event: home\ndata: {}\n\n");
	assert_false(board_has(b, seen));
	assert_null(board_take(b, &seen));
	board_free(b);
}

static void who_was_slow_is_told_the_latest_and_nothing_in_between(void **state)
{
	(void)state;
	struct board *b = board_new(2);
	uint64_t seen = 0;
	char text[16];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof text, "%d", i);
		assert_true(board_put(b, 0, "beat", text));
	}
	is_next(b, &seen, "event: beat\ndata: 999\n\n");
	assert_null(board_take(b, &seen));
	board_free(b);
}

static void what_is_the_same_is_not_told_again(void **state)
{
	(void)state;
	struct board *b = board_new(1);
	uint64_t seen = 0;
	board_put(b, 0, "home", "{}");
	is_next(b, &seen, "event: home\ndata: {}\n\n");
	board_put(b, 0, "home", "{}");
	assert_false(board_has(b, seen));
	board_free(b);
}

static void a_line_break_ends_no_event(void **state)
{
	(void)state;
	struct board *b = board_new(1);
	uint64_t seen = 0;
	board_put(b, 0, "log", "a\nb\r\nc\r\rd");
	is_next(b, &seen, "event: log\ndata: a\ndata: b\ndata: c\ndata: \ndata: d\n\n");
	board_free(b);
}

/* Under the address sanitizer: it is neither lost nor used after. */
static void a_text_that_is_being_sent_outlives_its_successor_and_the_board(void **state)
{
	(void)state;
	struct board *b = board_new(1);
	uint64_t seen = 0;
	board_put(b, 0, "home", "1");
	struct board_text *text = board_take(b, &seen);
	board_put(b, 0, "home", "2");
	board_free(b);
	assert_memory_equal(text->bytes, "event: home\ndata: 1\n\n", text->size);
	board_release(text);
	board_release(NULL);
	board_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_viewer_is_told_everything_once),
	    cmocka_unit_test(who_was_slow_is_told_the_latest_and_nothing_in_between),
	    cmocka_unit_test(what_is_the_same_is_not_told_again),
	    cmocka_unit_test(a_line_break_ends_no_event),
	    cmocka_unit_test(a_text_that_is_being_sent_outlives_its_successor_and_the_board),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
