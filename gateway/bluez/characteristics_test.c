/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/characteristics.h"

#include "base/testing.h"

#include <string.h>

#define RX "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
#define TX "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
#define OX "00002a00-0000-1000-8000-00805f9b34fb"

static const char uart[2][CHANNEL_UUID_MAX] = {RX, TX};

static void the_one_of_that_uuid_is_chosen(void **state)
{
	(void)state;
	const struct characteristic all[] = {{"/d/service1/char1", OX, CAN_WRITE},
					     {"/d/service2/char1", RX, CAN_WRITE},
					     {"/d/service2/char2", TX, CAN_NOTIFY}};
	assert_ptr_equal(characteristics_choose(all, 3, RX, CAN_WRITE | CAN_COMMAND, uart, 2), &all[1]);
	assert_ptr_equal(characteristics_choose(all, 3, TX, CAN_NOTIFY, uart, 2), &all[2]);
}

static void swapped_names_of_a_uart_are_told_by_what_they_can(void **state)
{
	(void)state;
	const struct characteristic all[] = {{"/d/service2/char1", RX, CAN_NOTIFY},
					     {"/d/service2/char2", TX, CAN_COMMAND}};
	assert_ptr_equal(characteristics_choose(all, 2, RX, CAN_WRITE | CAN_COMMAND, uart, 2), &all[1]);
	assert_ptr_equal(characteristics_choose(all, 2, TX, CAN_NOTIFY, uart, 2), &all[0]);
}

static void nothing_else_is_taken_for_it(void **state)
{
	(void)state;
	/* another service's, one that the model does not name, and two that could be meant */
	const struct characteristic all[] = {
	    {"/d/service2/char1", RX, 0}, {"/d/service3/char2", TX, CAN_WRITE}, {"/d/service2/char3", OX, CAN_WRITE}};
	assert_null(characteristics_choose(all, 3, RX, CAN_WRITE, uart, 2));
	const struct characteristic two[] = {
	    {"/d/service2/char1", RX, 0}, {"/d/service2/char2", TX, CAN_WRITE}, {"/d/service2/char3", TX, CAN_WRITE}};
	assert_null(characteristics_choose(two, 3, RX, CAN_WRITE, uart, 2));
	assert_null(characteristics_choose(all, 3, "nothing", CAN_WRITE, uart, 2));
	assert_null(characteristics_choose(NULL, 0, RX, CAN_WRITE, uart, 2));
}

static void what_is_missing_is_said_with_what_there_is(void **state)
{
	(void)state;
	const struct characteristic all[] = {{"/d/service1/char1", OX, CAN_WRITE}};
	char text[500];
	struct str s;
	str_init(&s, text, sizeof text);
	characteristics_missing(all, 1, RX, CAN_WRITE, &s);
	assert_string_equal(text, "it has no characteristic " RX ", found " OX ": is it a device of this model?");
	str_init(&s, text, sizeof text);
	characteristics_missing(all, 0, RX, CAN_WRITE, &s);
	assert_string_equal(text, "it has no characteristic " RX ", found none: is it a device of this model?");
	str_init(&s, text, sizeof text);
	characteristics_missing(all, 1, OX, CAN_NOTIFY, &s);
	assert_string_equal(text, "its characteristic " OX " cannot notify: is it a device of this model?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_one_of_that_uuid_is_chosen),
	    cmocka_unit_test(swapped_names_of_a_uart_are_told_by_what_they_can),
	    cmocka_unit_test(nothing_else_is_taken_for_it),
	    cmocka_unit_test(what_is_missing_is_said_with_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
