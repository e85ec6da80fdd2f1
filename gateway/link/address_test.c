/* SPDX-License-Identifier: Apache-2.0 */
#include "link/address.h"

#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "therapy/plugin.h"

static struct link_address parsed(const char *text)
{
	struct link_address a;
	char why[512];
	if (link_address_parse(text, &a, why, sizeof why) != 0)
		fail_msg("%s", why);
	return a;
}

static void every_form_of_address_is_read(void **state)
{
	(void)state;
	struct link_address a = parsed("serial:/dev/ttyUSB0?baud=9600");
	assert_int_equal(a.kind, LINK_SERIAL);
	assert_string_equal(a.place, "/dev/ttyUSB0");
	assert_int_equal(a.baud, 9600);
	assert_int_equal(parsed("serial:/dev/ttyS1").baud, 0);
	a = parsed("tcp://belt.local:7001");
	assert_int_equal(a.kind, LINK_TCP);
	assert_string_equal(a.place, "belt.local");
	assert_int_equal(a.port, 7001);
	a = parsed("tcp://[fe80::1%eth0]:65535");
	assert_string_equal(a.place, "fe80::1%eth0");
	assert_int_equal(a.port, 65535);
	a = parsed("mqtt:zigbee2mqtt/heat-pad");
	assert_int_equal(a.kind, LINK_MQTT);
	assert_string_equal(a.place, "zigbee2mqtt/heat-pad");
	a = parsed("ble:aa:bb:cc:dd:ee:0f");
	assert_int_equal(a.kind, LINK_BLE);
	assert_string_equal(a.place, "AA:BB:CC:DD:EE:0F");
	assert_string_equal(a.adapter, "");
	assert_string_equal(parsed("ble:AA:BB:CC:DD:EE:FF?adapter=hci12").adapter, "hci12");
	a = parsed("replay:etc/table.rec");
	assert_int_equal(a.kind, LINK_REPLAY);
	assert_near(a.speed, 1, 0);
	assert_near(parsed("replay:a?speed=0").speed, 0, 0);
	assert_near(parsed("replay:a?speed=2.5").speed, 2.5, 0);
}

static void what_is_no_address_is_refused_with_what_was_found_and_expected(void **state)
{
	(void)state;
	const struct {
		const char *text, *why;
	} rows[] = {
	    {"", "is no link"},
	    {"/dev/ttyUSB0", "is no link; expected serial:"},
	    {"SERIAL:/dev/ttyUSB0", "is no link"},
	    {"serial:", "has no path"},
	    {"serial:?baud=9600", "has no path"},
	    {"serial:ttyUSB0", "the path is relative"},
	    {"serial:/dev/tty USB0", "blank or control character"},
	    {"serial:/dev/ttyUSB0?baud=9601", "9601 is no baud rate"},
	    {"serial:/dev/ttyUSB0?baud=", "is no baud rate"},
	    {"serial:/dev/ttyUSB0?baud=-9600", "is no baud rate"},
	    {"serial:/dev/ttyUSB0?baud=9600x", "is no baud rate"},
	    {"serial:/dev/ttyUSB0?baud=99999999999999999999", "is no baud rate"},
	    {"serial:/dev/ttyUSB0?parity=even", "expected ?baud="},
	    {"tcp:belt:7001", "expected serial:"},
	    {"tcp://belt", "has no port"},
	    {"tcp://belt:", "is no port"},
	    {"tcp://belt:0", "is no port, expected 1 to 65535"},
	    {"tcp://belt:65536", "is no port"},
	    {"tcp://belt:7001/x", "is no port"},
	    {"tcp://:7001", "has no host"},
	    {"tcp://user@belt:7001", "is no host"},
	    {"tcp://::1:7001", "in brackets"},
	    {"tcp://[::1]7001", "expected tcp://[address]:port"},
	    {"tcp://[::1", "expected tcp://[address]:port"},
	    {"tcp://[]:1", "has no host"},
	    {"mqtt:", "has no name"},
	    {"mqtt:#", "wildcard"},
	    {"mqtt:a/+/b", "wildcard"},
	    {"mqtt:$SYS", "wildcard"},
	    {"mqtt:a\nb", "blank or control"},
	    {"ble:", "has no address"},
	    {"ble:AA:BB:CC:DD:EE", "is no Bluetooth address, expected one such as AA:BB:"},
	    {"ble:AA:BB:CC:DD:EE:FF:00", "is no Bluetooth address"},
	    {"ble:AA-BB-CC-DD-EE-FF", "is no Bluetooth address"},
	    {"ble:AA:BB:CC:DD:EE:GG", "is no Bluetooth address"},
	    {"ble:AA:BB:CC:DD:EE:FF?adapter=wlan0", "is no Bluetooth adapter, expected one such as hci0"},
	    {"ble:AA:BB:CC:DD:EE:FF?adapter=hci", "is no Bluetooth adapter"},
	    {"ble:AA:BB:CC:DD:EE:FF?adapter=hci0/x", "is no Bluetooth adapter"},
	    {"ble:AA:BB:CC:DD:EE:FF?name=x", "expected ?adapter="},
	    {"replay:", "has no file"},
	    {"replay:a?speed=-1", "is no speed"},
	    {"replay:a?speed=nan", "is no speed"},
	    {"replay:a?speed=1001", "is no speed"},
	    {"replay:a?speed=", "is no speed"},
	    {"replay:a?loop=1", "expected ?speed="},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct link_address a = {.port = 77};
		char why[512];
		assert_int_equal(link_address_parse(rows[i].text, &a, why, sizeof why), UV_EINVAL);
		assert_int_equal(a.port, 77);
		if (!strstr(why, rows[i].why))
			fail_msg("%s: expected \"%s\" in: %s", rows[i].text, rows[i].why, why);
	}
	char text[400], why[512];
	memset(text, 'a', sizeof text);
	memcpy(text, "mqtt:", 5);
	text[sizeof text - 1] = '\0';
	struct link_address a;
	assert_int_equal(link_address_parse(text, &a, why, sizeof why), UV_EINVAL);
	assert_non_null(strstr(why, "expected at most 255"));
}

static void two_names_of_one_device_are_the_same(void **state)
{
	(void)state;
	char dir[] = "/tmp/therapy-address-XXXXXX", file[64], link[64], text[2][96];
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/port", dir);
	snprintf(link, sizeof link, "%s/by-id", dir);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(symlink(file, link), 0);
	snprintf(text[0], sizeof text[0], "serial:%s", file);
	snprintf(text[1], sizeof text[1], "serial:%s?baud=9600", link);
	struct link_address a = parsed(text[0]), b = parsed(text[1]);
	assert_true(link_address_same(&a, &b));
	unlink(link);
	unlink(file);
	rmdir(dir);
	const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	    {"serial:/dev/absent0", "serial:/dev/absent0?baud=9600", true},
	    {"serial:/dev/absent0", "serial:/dev/absent1", false},
	    {"tcp://Belt:7001", "tcp://belt:7001", true},
	    {"tcp://belt:7001", "tcp://belt:7002", false},
	    {"mqtt:pad", "mqtt:pad", true},
	    {"mqtt:pad", "mqtt:Pad", false},
	    {"ble:AA:BB:CC:DD:EE:FF", "ble:aa:bb:cc:dd:ee:ff?adapter=hci1", true},
	    {"ble:AA:BB:CC:DD:EE:FF", "ble:AA:BB:CC:DD:EE:FE", false},
	    {"mqtt:/dev/absent0", "serial:/dev/absent0", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		a = parsed(rows[i].a);
		b = parsed(rows[i].b);
		assert_int_equal(link_address_same(&a, &b), rows[i].same);
	}
}

static void every_model_can_be_replayed(void **state)
{
	(void)state;
	const uint32_t links[] = {THERAPY_LINK_SERIAL, THERAPY_LINK_TCP, THERAPY_LINK_MQTT, THERAPY_LINK_BLE};
	for (size_t i = 0; i < 4; i++)
		assert_true((link_kind_mask(LINK_REPLAY) & links[i]) != 0);
	assert_int_equal(link_kind_mask(LINK_SERIAL), THERAPY_LINK_SERIAL);
	assert_int_equal(link_kind_mask(LINK_TCP), THERAPY_LINK_TCP);
	assert_int_equal(link_kind_mask(LINK_MQTT), THERAPY_LINK_MQTT);
	assert_int_equal(link_kind_mask(LINK_BLE), THERAPY_LINK_BLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_of_address_is_read),
	    cmocka_unit_test(what_is_no_address_is_refused_with_what_was_found_and_expected),
	    cmocka_unit_test(two_names_of_one_device_are_the_same),
	    cmocka_unit_test(every_model_can_be_replayed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
