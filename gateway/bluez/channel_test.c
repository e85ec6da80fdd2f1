/* SPDX-License-Identifier: Apache-2.0 */
#include "bluez/channel.h"

#include "base/testing.h"

static void a_uuid_in_full_is_a_characteristic(void **state)
{
	(void)state;
	enum channel_mode mode = CHANNEL_ADVERTISED;
	char uuid[CHANNEL_UUID_MAX];
	assert_true(channel_parse("7e4e1702-1ea6-40c9-9dcc-13d34ffead57", &mode, uuid));
	assert_int_equal(mode, CHANNEL_CHARACTERISTIC);
	assert_string_equal(uuid, "7e4e1702-1ea6-40c9-9dcc-13d34ffead57");
	assert_true(channel_parse("6E400003-B5A3-F393-E0A9-E50E24DCCA9E", &mode, uuid));
	assert_string_equal(uuid, "6e400003-b5a3-f393-e0a9-e50e24dcca9e");
}

static void service_data_is_advertised(void **state)
{
	(void)state;
	enum channel_mode mode = CHANNEL_CHARACTERISTIC;
	char uuid[CHANNEL_UUID_MAX];
	assert_true(channel_parse("service-data:fcd2", &mode, uuid));
	assert_int_equal(mode, CHANNEL_ADVERTISED);
	assert_string_equal(uuid, CHANNEL_BTHOME);
}

static void what_is_neither_is_refused(void **state)
{
	(void)state;
	const char *const texts[] = {
	    "",
	    "2a1c",
	    "service-data:",
	    "service-data:fcd",
	    "service-data:fcd20",
	    "service-data:fcdg",
	    "service-data:0000fcd2-0000-1000-8000-00805f9b34fb",
	    "7e4e1702-1ea6-40c9-9dcc-13d34ffead5",
	    "7e4e1702-1ea6-40c9-9dcc-13d34ffead577",
	    "7e4e17021ea640c99dcc13d34ffead57----",
	    "7e4e1702-1ea6-40c9-9dcc-13d34ffeadxx",
	    "tele/{name}/SENSOR",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		enum channel_mode mode;
		char uuid[CHANNEL_UUID_MAX] = "untouched";
		assert_false(channel_parse(texts[i], &mode, uuid));
		assert_string_equal(uuid, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_uuid_in_full_is_a_characteristic),
	    cmocka_unit_test(service_data_is_advertised),
	    cmocka_unit_test(what_is_neither_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
