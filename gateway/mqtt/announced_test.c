/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/announced.h"

#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

#define PAD "homeassistant/device/therapy-home-pad/config"

static const char payload[] = "{\"device\":{},\"components\":{\"heat\":{\"platform\":\"switch\",\"unique_id\":\"a\"},"
			      "\"old\":{\"platform\":\"sensor\"}}}";

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	struct announced *a = announced_new(NULL), *b;
	announced_add(a, PAD, payload);
	announced_add(a, "therapy/home/pad/state", NULL);
	char *text = announced_text(a);
	assert_string_equal(text, "{\"topics\":{\"" PAD "\":{\"heat\":\"switch\"},\"therapy/home/pad/state\":{}}}");
	b = announced_new(text);
	char *again = announced_text(b);
	assert_string_equal(text, again);
	free(text);
	free(again);
	announced_free(a);
	announced_free(b);
}

static void what_cannot_be_read_is_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "{", "[]", "{\"topics\":[]}", "{\"topics\":{\"a\":", "\xff"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct announced *a = announced_new(bad[i]);
		char *text = announced_text(a);
		assert_string_equal(text, "{\"topics\":{}}");
		free(text);
		announced_free(a);
	}
}

static void a_topic_that_is_not_any_more_is_told(void **state)
{
	(void)state;
	struct announced *before = announced_new(NULL), *now = announced_new(NULL);
	announced_add(before, "a", NULL);
	announced_add(before, PAD, payload);
	announced_add(before, "b", NULL);
	announced_add(now, PAD, payload);
	announced_add(now, "c", NULL);
	assert_string_equal(announced_gone(before, now, 0), "a");
	assert_string_equal(announced_gone(before, now, 1), "b");
	assert_null(announced_gone(before, now, 2));
	assert_true(announced_join(now, before)); /* not forgotten before they are taken back */
	assert_null(announced_gone(before, now, 0));
	assert_false(announced_join(now, before));
	assert_false(announced_same(now, before));
	assert_true(announced_join(before, now));
	assert_true(announced_same(now, before));
	announced_free(before);
	announced_free(now);
}

static void a_component_that_is_not_any_more_is_removed_and_not_left_out(void **state)
{
	(void)state;
	struct announced *before =
	    announced_new("{\"topics\":{\"" PAD "\":{\"heat\":\"switch\",\"light\":\"switch\"}}}");
	char *text = announced_remove(before, PAD, strdup(payload));
	assert_contains(text, "\"light\":{\"platform\":\"switch\"}}");
	assert_contains(text, "\"heat\":{\"platform\":\"switch\",\"unique_id\":\"a\"}");
	free(text);
	text = announced_remove(before, "elsewhere", strdup(payload));
	assert_string_equal(text, payload);
	free(text);
	announced_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(what_cannot_be_read_is_nothing),
	    cmocka_unit_test(a_topic_that_is_not_any_more_is_told),
	    cmocka_unit_test(a_component_that_is_not_any_more_is_removed_and_not_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
