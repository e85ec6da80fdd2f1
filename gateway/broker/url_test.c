/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/url.h"

#include <string.h>
#include <uv.h>

#include "base/testing.h"
#include "broker/broker.h"

static void a_url_gives_host_port_and_tls(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host;
		uint16_t port;
		bool tls;
	} rows[] = {
	    {"mqtt://broker", "broker", 1883, false},
	    {"mqtts://broker", "broker", 8883, true},
	    {"mqtt://192.168.1.2:1884", "192.168.1.2", 1884, false},
	    {"mqtts://home-assistant.local:65535", "home-assistant.local", 65535, true},
	    {"mqtt://[::1]:1883", "::1", 1883, false},
	    {"mqtt://[fe80::1%eth0]", "fe80::1%eth0", 1883, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct url url;
		char why[200];
		assert_int_equal(url_parse(rows[i].text, &url, why, sizeof why), 0);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_int_equal(url.tls, rows[i].tls);
	}
}

static void a_web_socket_has_a_path_and_ports_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host, *path;
		uint16_t port;
		bool tls;
	} rows[] = {
	    {"ws://broker", "broker", "/mqtt", 80, false},
	    {"wss://broker", "broker", "/mqtt", 443, true},
	    {"wss://broker.example:8084/a/b?c=d", "broker.example", "/a/b?c=d", 8084, true},
	    {"ws://[::1]:9001/", "::1", "/", 9001, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct url url;
		char why[300];
		assert_int_equal(url_parse(rows[i].text, &url, why, sizeof why), 0);
		assert_true(url.web);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.path, rows[i].path);
		assert_int_equal(url.port, rows[i].port);
		assert_int_equal(url.tls, rows[i].tls);
	}
}

static void what_is_no_url_is_refused_with_what_was_expected(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "",
	    "broker",
	    "tcp://broker",
	    "mqtt://",
	    "mqtt://:1883",
	    "mqtt://a b",
	    "mqtt://broker:",
	    "mqtt://broker:0",
	    "mqtt://broker:65536",
	    "mqtt://broker:18x",
	    "mqtt://broker:+5",
	    "mqtt://broker:123456",
	    "mqtt://[::1",
	    "mqtt://[::1]x",
	    "mqtt://[bad]",
	    "mqtt://broker/path",
	    "mqtt://broker?x",
	    "MQTT://broker",
	    "ws:///mqtt",
	    "ws://broker?x",
	    "ws://broker/a b",
	    "ws://broker/a\r\nX: y",
	    "wss://broker:0/mqtt",
	    "mqtt://brok\ner",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char why[400] = "";
		assert_int_equal(broker_url_check(rows[i], why, sizeof why), UV_EINVAL);
		assert_non_null(strstr(why, "expected mqtt://host[:port]"));
	}
}

static void an_account_in_the_url_is_refused_without_repeating_it(void **state)
{
	(void)state;
	char why[256];
	assert_int_equal(broker_url_check("mqtt://me:secret@broker", why, sizeof why), UV_EINVAL);
	assert_null(strstr(why, "secret"));
	assert_non_null(strstr(why, "username and password"));
}

static void an_endless_host_is_refused(void **state)
{
	(void)state;
	char text[400], why[256];
	memset(text, 'a', sizeof text);
	memcpy(text, "mqtt://", 7);
	text[sizeof text - 1] = '\0';
	assert_int_equal(broker_url_check(text, why, sizeof why), UV_EINVAL);
	assert_non_null(strstr(why, "253"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_url_gives_host_port_and_tls),
	    cmocka_unit_test(a_web_socket_has_a_path_and_ports_of_its_own),
	    cmocka_unit_test(what_is_no_url_is_refused_with_what_was_expected),
	    cmocka_unit_test(an_account_in_the_url_is_refused_without_repeating_it),
	    cmocka_unit_test(an_endless_host_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
