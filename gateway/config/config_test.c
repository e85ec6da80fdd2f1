/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/testing.h"
#include "config/test_home.h"

static struct config *load(struct test_home *home, const char *text)
{
	struct config *config = NULL;
	struct faults faults = {0};
	test_home_write(home, "home.cfg", text, strlen(text), 0640);
	int result = test_home_load(home, &config, &faults);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "");
	assert_int_equal(result, 0);
	free(told);
	faults_release(&faults);
	return config;
}

static int make_home(void **state)
{
	struct test_home *home = malloc(sizeof *home);
	test_home_make(home);
	*state = home;
	return 0;
}

static int remove_home(void **state)
{
	test_home_remove(*state);
	free(*state);
	return 0;
}

static void small_file_gets_every_default(void **state)
{
	struct config *c =
	    load(*state, "gateway = { id = \"home\"; };\n"
			 "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"tcp://plug:1\"; } );\n");
	assert_string_equal(c->gateway_id, "home");
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->lease_ms, 1000);
	assert_int_equal(c->renew_ms, 250);
	assert_int_equal(c->deadline_ms, 1000);
	assert_int_equal(c->quiet_ms, 500);
	assert_false(c->mqtt.enabled);
	assert_false(c->page.enabled);
	assert_null(c->mqtt.url);
	assert_int_equal(c->mqtt.keep_alive_s, 10);
	assert_int_equal(c->mqtt.queue, 65536);
	assert_string_equal(c->mqtt.discovery_prefix, "homeassistant");
	assert_string_equal(c->mqtt.birth_topic, "homeassistant/status");
	assert_int_equal(c->n_devices, 1);
	assert_string_equal(c->devices[0].name, "Pad");
	assert_string_equal(c->devices[0].model, "");
	assert_false(c->devices[0].accept_no_device_timer);
	assert_true(c->devices[0].test_before_session);
	assert_false(c->devices[0].clear_retained_commands);
	assert_int_equal(c->devices[0].n_options, 0);
	assert_int_equal(c->n_owned_unmonitored, 0);
	assert_int_equal(c->units, UNIT_METRIC);
	assert_int_equal(c->language, LANGUAGE_EN);
	assert_int_equal(c->n_rules, 1);
	assert_string_equal(c->rules[0].id, "shipped");
	assert_int_equal(c->rules[0].hazard, 0);
	assert_int_equal(c->rules[0].max_age_ms, 0);
	assert_int_equal(c->rules[0].grace_ms, 0);
	assert_null(c->rules[0].hard.text);
	assert_null(c->rules[0].rearms.text);
	assert_int_equal(c->rules[0].priority, CORE_PRIORITY_MEDIUM);
	assert_string_equal(c->rules[0].because, "");
	config_free(c);
}

static void gateway_and_broker_are_as_the_file_says(void **state)
{
	struct test_home *home = *state;
	char ca[96];
	struct config *c = load(
	    home, "gateway = { id = \"attic-2\"; log = \"debug\"; lease = \"2 s\"; renew = \"500 ms\"; "
		  "deadline = \"1500 ms\"; quiet = \"0 ms\"; };\n"
		  "devices = ( );\n"
		  "mqtt = { url = \"mqtts://broker.lan:8883\"; username_file = \"user\"; password_file = "
		  "\"secret\"; ca_file = \"ca.pem\"; cert_file = \"ca.pem\"; key_file = \"key.pem\"; "
		  "protocol = \"3.1.1\"; keep_alive = \"5 s\"; discovery_prefix = \"\"; birth_topic = \"ha/birth\"; "
		  "queue = 100; };\n");
	assert_string_equal(c->gateway_id, "attic-2");
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->lease_ms, 2000);
	assert_int_equal(c->renew_ms, 500);
	assert_int_equal(c->deadline_ms, 1500);
	assert_int_equal(c->quiet_ms, 0);
	assert_true(c->mqtt.enabled);
	assert_string_equal(c->mqtt.url, "mqtts://broker.lan:8883");
	assert_string_equal(c->mqtt.account.username, "gateway");
	assert_string_equal(c->mqtt.account.password, "hunter2");
	snprintf(ca, sizeof ca, "%s/ca.pem", home->dir);
	assert_string_equal(c->mqtt.ca_file, ca);
	assert_string_equal(c->mqtt.account.cert_file, ca);
	assert_contains(c->mqtt.account.key_file, "/key.pem");
	assert_int_equal(c->mqtt.protocol, CONFIG_MQTT_311);
	assert_int_equal(c->mqtt.keep_alive_s, 5);
	assert_string_equal(c->mqtt.discovery_prefix, "");
	assert_string_equal(c->mqtt.birth_topic, "ha/birth");
	assert_int_equal(c->mqtt.queue, 100);
	config_free(c);
}

static void a_page_is_on_loopback_unless_it_is_told_where(void **state)
{
	static const char head[] = "gateway = { id = \"home\"; };\ndevices = ( );\n";
	char text[512];
	snprintf(text, sizeof text, "%spage = { token_file = \"token\"; };\n", head);
	struct config *c = load(*state, text);
	assert_true(c->page.enabled);
	assert_string_equal(c->page.address, "127.0.0.1");
	assert_int_equal(c->page.port, 8723);
	assert_string_equal(c->page.token, "0123456789abcdef");
	assert_null(c->page.ingress);
	assert_false(c->page.stop_needs_login);
	config_free(c);
	snprintf(text, sizeof text,
		 "%spage = { token_file = \"token\"; listen = \"[fd00::5]:80\"; ingress = \"FD00:0::7\"; "
		 "stop_needs_login = true; };\n",
		 head);
	c = load(*state, text);
	assert_string_equal(c->page.address, "fd00::5");
	assert_int_equal(c->page.port, 80);
	assert_string_equal(c->page.ingress, "fd00::7");
	assert_true(c->page.stop_needs_login);
	config_free(c);
}

static void inline_secrets_are_taken_from_a_file_that_others_cannot_read(void **state)
{
	struct config *c =
	    load(*state, "gateway = { id = \"home\"; };\ndevices = ( );\n"
			 "mqtt = { url = \"mqtt://h\"; username = \"me\"; password = \" h\\\"2 \"; };\n");
	assert_string_equal(c->mqtt.account.username, "me");
	assert_string_equal(c->mqtt.account.password, " h\"2 ");
	config_free(c);
}

static void group_may_read_a_password_file(void **state)
{
	struct config *c =
	    load(*state, "gateway = { id = \"home\"; };\ndevices = ( );\n"
			 "mqtt = { url = \"mqtt://h\"; username = \"me\"; password_file = \"group_secret\"; };\n");
	assert_string_equal(c->mqtt.account.password, "hunter2");
	config_free(c);
}

static void a_sensor_s_key_is_read_from_its_file(void **state)
{
	static const uint8_t key[] = {0x23, 0x1d, 0x39, 0xc1, 0xd7, 0xcc, 0x1a, 0xb1,
				      0xae, 0xe2, 0x24, 0xcd, 0x09, 0x6d, 0xb9, 0x32};
	struct test_home *home = *state;
	static const char text[] = "231D39C1d7cc1ab1aee224cd096db932\n";
	test_home_write(home, "pack.key", text, sizeof text - 1, 0640);
	struct config *c =
	    load(home, "gateway = { id = \"home\"; };\n"
		       "devices = ( { id = \"pack\"; plugin = \"heat_pad\"; link = \"ble:54:48:e6:8f:80:a5\";\n"
		       "    bind_key_file = \"pack.key\"; } );\n");
	assert_true(c->devices[0].has_bind_key);
	assert_memory_equal(c->devices[0].bind_key, key, sizeof key);
	config_free(c);
}

static void a_device_may_have_an_account_of_its_own(void **state)
{
	struct test_home *home = *state;
	struct config *c =
	    load(home, "gateway = { id = \"home\"; };\n"
		       "mqtt = { url = \"mqtts://h\"; username = \"gateway\"; password_file = \"secret\"; };\n"
		       "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"mqtt:plug\";\n"
		       "    account = { username = \"pad\"; password_file = \"group_secret\"; cert_file = \"ca.pem\"; "
		       "key_file = \"key.pem\"; }; },\n"
		       "  { id = \"lamp\"; plugin = \"heat_pad\"; link = \"mqtt:lamp\"; } );\n");
	assert_true(c->devices[0].has_account);
	assert_string_equal(c->devices[0].account.username, "pad");
	assert_string_equal(c->devices[0].account.password, "hunter2");
	assert_contains(c->devices[0].account.cert_file, "/ca.pem");
	assert_contains(c->devices[0].account.key_file, "/key.pem");
	assert_string_equal(c->mqtt.account.username, "gateway");
	assert_false(c->devices[1].has_account);
	config_free(c);
}

static void device_is_as_the_file_says(void **state)
{
	struct test_home *home = *state;
	char path[128];
	test_home_write(home, "mine.so", "", 0, 0755);
	struct config *c = load(
	    home, "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://127.0.0.1\"; };\n"
		  "devices = (\n"
		  "  { id = \"table\"; name = \"Inversion table\"; plugin = \"inversion_table\"; model = \"wt901\";\n"
		  "    link = \"serial:/dev/ttyUSB0?baud=9600\"; accept_no_device_timer = true; "
		  "test_before_session = false;\n"
		  "    options = { axis = \"roll\"; sign = \"normal\"; zero_deg = 1.5;\n"
		  "                whole = -5; big = 5000000000L; }; },\n"
		  "  { id = \"belt\"; plugin = \"./mine.so\"; link = "
		  "\"tcp://${THERAPY_TEST_HOST}:${THERAPY_TEST_PORT}\"; },\n"
		  "  { id = \"pad\"; plugin = \"heat_pad\"; link = \"mqtt:plug\"; clear_retained_commands = true; "
		  "heats_when_powered = false; }\n"
		  ");\n");
	assert_int_equal(c->n_devices, 3);
	const struct config_device *table = &c->devices[0], *belt = &c->devices[1];
	assert_string_equal(table->id, "table");
	assert_string_equal(table->name, "Inversion table");
	assert_string_equal(table->plugin, "inversion_table");
	snprintf(path, sizeof path, "%s/inversion_table.so", home->plugin_dir);
	assert_string_equal(table->plugin_path, path);
	assert_string_equal(table->model, "wt901");
	assert_string_equal(table->link, "serial:/dev/ttyUSB0?baud=9600");
	assert_int_equal(table->address.kind, LINK_SERIAL);
	assert_string_equal(table->address.place, "/dev/ttyUSB0");
	assert_int_equal(table->address.baud, 9600);
	assert_true(table->accept_no_device_timer);
	assert_false(table->test_before_session);
	assert_false(table->clear_retained_commands);
	assert_true(c->devices[2].clear_retained_commands);
	assert_true(table->heats_when_powered && !table->says_heats_when_powered); /* nobody has answered */
	assert_true(!c->devices[2].heats_when_powered && c->devices[2].says_heats_when_powered);
	assert_int_equal(table->line, 3);
	assert_string_equal(table->file, c->file);
	assert_int_equal(table->n_options, 5);
	assert_string_equal(table->options[0].key, "axis");
	assert_true(table->options[0].is_word);
	assert_string_equal(table->options[0].word, "roll");
	assert_int_equal(table->options[0].line, 5);
	assert_string_equal(table->options[2].key, "zero_deg");
	assert_false(table->options[2].is_word);
	assert_null(table->options[2].word);
	assert_near(table->options[2].number, 1.5, 0);
	assert_near(table->options[3].number, -5, 0); /* libconfig: no float */
	assert_int_equal(table->options[3].line, 6);
	assert_near(table->options[4].number, 5e9, 0);
	assert_string_equal(belt->link, "tcp://127.0.0.1:4711");
	assert_int_equal(belt->address.port, 4711);
	snprintf(path, sizeof path, "%s/./mine.so", home->dir);
	assert_string_equal(belt->plugin_path, path);
	assert_int_equal(belt->line, 7);
	config_free(c);
}

static void program_is_as_the_file_says(void **state)
{
	struct test_home *home = *state;
	char path[128];
	test_home_write(home, "lamp.py", "#!", 2, 0755);
	struct config *c = load(home, "gateway = { id = \"home\"; };\n"
				      "devices = (\n"
				      "  { id = \"lamp\"; exec = \"./lamp.py\"; args = [ \"--verbose\", \"it's 2\" ];\n"
				      "    link = \"tcp://127.0.0.1:1\"; },\n"
				      "  { id = \"pad\"; plugin = \"heat_pad\"; link = \"tcp://127.0.0.1:2\"; }\n"
				      ");\n");
	const struct config_device *lamp = &c->devices[0];
	snprintf(path, sizeof path, "%s/./lamp.py", home->dir);
	assert_string_equal(lamp->program, path);
	assert_int_equal(lamp->n_program_args, 2);
	assert_string_equal(lamp->program_args[0], "--verbose");
	assert_string_equal(lamp->program_args[1], "it's 2");
	assert_null(lamp->plugin);
	assert_null(lamp->plugin_path);
	assert_null(c->devices[1].program);
	assert_int_equal(c->devices[1].n_program_args, 0);
	config_free(c);
}

/* "p0", "p1", ... in one process, `n` of them. */
static void write_sharers(const struct test_home *home, unsigned n)
{
	char text[64 * 1024];
	int at = snprintf(text, sizeof text, "gateway = { id = \"home\"; };\ndevices = (\n");
	for (unsigned i = 0; i < n; i++)
		at += snprintf(text + at, sizeof text - (size_t)at,
			       "%s{ id = \"p%u\"; plugin = \"heat_pad\"; process = \"pads\"; link = \"tcp://h:%u\"; }",
			       i ? ",\n" : "", i, i + 1);
	at += snprintf(text + at, sizeof text - (size_t)at, " );\n");
	test_home_write(home, "home.cfg", text, (size_t)at, 0644);
}

static void at_most_so_many_devices_share_a_process(void **state)
{
	const struct test_home *home = *state;
	struct config *c = NULL;
	struct faults faults = {0};
	write_sharers(home, CONFIG_SHARE_MAX);
	assert_int_equal(test_home_load(home, &c, &faults), 0);
	assert_string_equal(c->devices[CONFIG_SHARE_MAX - 1].process, "pads");
	config_free(c);
	write_sharers(home, CONFIG_SHARE_MAX + 2);
	assert_int_equal(test_home_load(home, &c, &faults), -1);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "home.cfg:253: device \"p250\": process: found more than 250 devices in \"pads\", "
				  "expected at most so many: give the others another process\n");
	free(told);
	faults_release(&faults);
}

static void rule_is_as_the_file_says(void **state)
{
	struct config *c =
	    load(*state, "gateway = { id = \"home\"; };\ndevices = ( );\nowned_unmonitored = [ \"inversion\" ]; units "
			 "= \"imperial\"; language = \"de\";\n"
			 "rules = (\n"
			 "  { id = \"r\"; hazard = 11; max_age = \"5 s\"; grace = \"1 s\"; priority = \"high\";\n"
			 "    permits = [ \"kind:heat\",\n"
			 "                \"pad.heat\" ];\n"
			 "    only_while = \"all inversion.tilt <= 10 deg\n"
			 "\t and any inversion.tilt >= 0 deg\";\n"
			 "    hard = \"all inversion.tilt\"\n"
			 "           \" <= 20 deg\";\n"
			 "    rearms = \"all inversion.tilt <= 8 deg for 10 s\";\n"
			 "    because = \"Wärme.\"; } );\n");
	assert_int_equal(c->n_owned_unmonitored, 1);
	assert_int_equal(c->units, UNIT_IMPERIAL);
	assert_int_equal(c->language, LANGUAGE_DE);
	assert_string_equal(c->owned_unmonitored[0], "inversion");
	assert_int_equal(c->n_rules, 1);
	const struct core_rule *r = &c->rules[0];
	assert_string_equal(r->file, c->file);
	assert_int_equal(r->line, 5);
	assert_string_equal(r->id, "r");
	assert_int_equal(r->hazard, 11);
	assert_int_equal(r->n_permits, 2);
	assert_string_equal(r->permits[0].text, "kind:heat");
	assert_int_equal(r->permits[0].line, 6);
	assert_string_equal(r->permits[1].text, "pad.heat");
	assert_int_equal(r->permits[1].line, 7);
	assert_string_equal(r->only_while.text, "all inversion.tilt <= 10 deg   and any inversion.tilt >= 0 deg");
	assert_int_equal(r->only_while.line, 8);
	assert_string_equal(r->hard.text, "all inversion.tilt <= 20 deg");
	assert_int_equal(r->hard.line, 10);
	assert_string_equal(r->rearms.text, "all inversion.tilt <= 8 deg for 10 s");
	assert_int_equal(r->rearms.line, 12);
	assert_int_equal(r->max_age_ms, 5000);
	assert_int_equal(r->grace_ms, 1000);
	assert_int_equal(r->priority, CORE_PRIORITY_HIGH);
	assert_string_equal(r->because, "Wärme.");
	config_free(c);
}

static void rules_of_several_files_are_all_taken_and_the_shipped_ones_then_are_not(void **state)
{
	struct test_home *home = *state;
	static const char more[] = "rules = ( { id = \"more\"; permits = [ \"kind:heat\" ]; only_while = \"x\"; } );\n";
	test_home_write(home, "more.cfg", more, sizeof more - 1, 0644);
	struct config *c =
	    load(home, "gateway = { id = \"home\"; };\ndevices = ( );\nrule_files = [ \"more.cfg\" ];\n"
		       "rules = ( { id = \"own\"; permits = ( \"kind:heat\" ); only_while = \"x\"; } );\n");
	assert_int_equal(c->n_rules, 2);
	assert_string_equal(c->rules[0].id, "own");
	assert_string_equal(c->rules[1].id, "more");
	assert_string_equal(strrchr(c->rules[1].file, '/'), "/more.cfg");
	assert_int_equal(c->rules[1].line, 1);
	config_free(c);
}

static void file_that_is_not_there_is_a_fault(void **state)
{
	struct test_home *home = *state;
	struct faults faults = {0};
	struct config *config = NULL;
	char path[128];
	snprintf(path, sizeof path, "%s/nowhere.cfg", home->dir);
	assert_int_equal(config_load(path, &home->places, &config, &faults), -1);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "nowhere.cfg: cannot be read: No such file or directory\n");
	free(told);
	assert_null(config);
	faults_release(&faults);
}

static void link_that_is_none_is_told_at_its_line(void **state)
{
	struct test_home *home = *state;
	struct faults faults = {0};
	struct config *config = NULL;
	static const char text[] = "gateway = { id = \"home\"; };\n"
				   "devices = ( { id = \"pad\"; plugin = \"heat_pad\";\n link = \"zigbee:pad\"; } );\n";
	static const char start[] = "device \"pad\": link: ";
	test_home_write(home, "home.cfg", text, sizeof text - 1, 0640);
	assert_int_equal(test_home_load(home, &config, &faults), -1);
	assert_int_equal(faults.n, 1);
	assert_int_equal(faults.items[0].line, 3);
	assert_memory_equal(faults.items[0].text, start, sizeof start - 1);
	assert_true(strlen(faults.items[0].text) > sizeof start); /* the rest is link_address_parse's to say */
	assert_null(config);
	faults_release(&faults);
}

static void missing_shipped_rules_are_a_fault(void **state)
{
	struct test_home *home = *state;
	struct faults faults = {0};
	struct config *config = NULL;
	static const char text[] = "gateway = { id = \"home\"; };\ndevices = ( );\n";
	assert_int_equal(unlink(home->rules), 0);
	test_home_write(home, "home.cfg", text, sizeof text - 1, 0640);
	assert_int_equal(test_home_load(home, &config, &faults), -1);
	char *told = test_home_told(home, &faults);
	assert_string_equal(
	    told, "home.cfg:1: names no rules, and the shipped ones, shipped.cfg cannot be read: No such file or "
		  "directory\n");
	free(told);
	assert_null(config);
	faults_release(&faults);
}

static void earlier_faults_of_the_caller_do_not_fail_a_good_file(void **state)
{
	struct test_home *home = *state;
	struct faults faults = {0};
	struct config *config = NULL;
	static const char text[] = "gateway = { id = \"home\"; };\ndevices = ( );\n";
	faults_add(&faults, NULL, 0, "told before");
	test_home_write(home, "home.cfg", text, sizeof text - 1, 0640);
	assert_int_equal(test_home_load(home, &config, &faults), 0);
	assert_int_equal(faults.n, 1);
	config_free(config);
	config_free(NULL);
	faults_release(&faults);
}

static void ten_thousand_rules_are_read_and_one_more_is_refused(void **state)
{
	struct test_home *home = *state;
	struct config *config = NULL;
	struct faults faults = {0};
	for (size_t n = 10000; n <= 10001; n++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		fprintf(out, "gateway = { id = \"home\"; };\ndevices = ( );\nrules = (\n");
		for (size_t i = 0; i < n; i++)
			fprintf(out,
				"  { id = \"r%zu\";\n\n\n\n\n\n\n    permits = [ \"kind:heat\" ]; only_while = \"x\"; "
				"}%s\n",
				i, i + 1 < n ? "," : " );");
		fclose(out);
		test_home_write(home, "home.cfg", text, size, 0640);
		free(text);
		assert_int_equal(test_home_load(home, &config, &faults), n == 10000 ? 0 : -1);
	}
	assert_int_equal(config->n_rules, 10000);
	assert_int_equal(config->rules[9999].line, 4 + 9999 * 8); /* more than 65535 */
	config_free(config);
	char *told = test_home_told(home, &faults);
	assert_string_equal(told, "home.cfg:80004: more than 10000 rules, expected at most so many\n");
	free(told);
	faults_release(&faults);
}

static void thousand_devices_are_read_and_a_shared_link_among_them_is_found(void **state)
{
	struct test_home *home = *state;
	struct config *config = NULL;
	struct faults faults = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	fprintf(out, "gateway = { id = \"home\"; };\ndevices = (\n");
	for (size_t i = 0; i < 1000; i++)
		fprintf(out, "  { id = \"d%zu\"; plugin = \"heat_pad\"; link = \"serial:/dev/pts/%zu\"; }%s\n", i,
			i == 999 ? 7 : i, i < 999 ? "," : " );");
	fclose(out);
	test_home_write(home, "home.cfg", text, size, 0640);
	free(text);
	assert_int_equal(test_home_load(home, &config, &faults), -1);
	char *told = test_home_told(home, &faults);
	assert_string_equal(
	    told, "home.cfg:1002: device \"d999\": link: found \"serial:/dev/pts/7\", which device \"d7\" (line "
		  "10) has already: expected one device on each\n");
	free(told);
	faults_release(&faults);
}

static void write_text(struct test_home *home, const char *name, const char *text)
{
	test_home_write(home, name, text, strlen(text), 0644);
}

#define SMALL "gateway = { id = \"home\"; };\ndevices = ( );\n"

static void directory_of_rule_files_is_read_in_the_order_of_names(void **state)
{
	struct test_home *home = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/rules.d", home->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	write_text(home, "rules.d/20-b.cfg",
		   "rules = ( { id = \"b\"; permits = [\"kind:heat\"]; only_while = \"x\"; } );\n");
	write_text(home, "rules.d/10-a.cfg",
		   "rules = ( { id = \"a\"; permits = [\"kind:heat\"]; only_while = \"x\"; } );\n");
	write_text(home, "rules.d/README", "no rules");
	write_text(home, "rules.d/.30-c.cfg", "no rules");
	struct config *c = load(home, SMALL "rule_files = [ \"rules.d\", \"shipped.cfg\" ];\n");
	assert_int_equal(c->n_rules, 3);
	assert_string_equal(c->rules[0].id, "a");
	assert_string_equal(c->rules[1].id, "b");
	assert_string_equal(c->rules[2].id, "shipped");
	config_free(c);
	home->places.default_rules = path; /* the shipped rules may be a directory, too */
	c = load(home, SMALL);
	assert_int_equal(c->n_rules, 2);
	config_free(c);
}

static void rule_files_declare_limits_conditions_derived_metrics_and_invariants(void **state)
{
	struct test_home *home = *state;
	write_text(
	    home, "more.cfg",
	    "limits = ( { id = \"force\"; unit = \"N\"; default = \"10 kgf\"; caps = [ \"kind:traction\" ]; },\n"
	    "  { id = \"sessions\"; default = 2; }, { id = \"rest\"; unit = \"min\"; minimum = true; } );\n"
	    "conditions = ( { id = \"level\"; when = \"all inversion.tilt\n <= 10 deg\"; } );\n"
	    "derived = ( { id = \"hot\"; kind = \"heat\"; type = \"time\"; of = \"on(self)\"; gap = \"30 s\"; },\n"
	    "  { id = \"dose\"; kind = \"heat\"; type = \"dose\"; of = \"self.skin_temp\"; within = \"1 d\"; } );\n"
	    "invariants = ( \"whenever permitted(kind:heat): level\" );\n"
	    "rules = ( { id = \"w\"; watches = [ \"kind:inversion\" ]; only_while = \"level\"; },\n"
	    "  { id = \"l\"; permits = [ \"kind:heat\" ]; only_while = \"level\"; latch = true; stop = true;\n"
	    "    where_measured = true; } );\n");
	struct config *c = load(home, SMALL "rule_files = [ \"more.cfg\" ];\n");
	assert_int_equal(c->n_limits, 3);
	assert_string_equal(c->limits[0].id, "force");
	assert_int_equal(c->limits[0].line, 1);
	assert_int_equal(c->limits[0].unit, THERAPY_UNIT_NEWTON);
	assert_true(c->limits[0].has_default);
	assert_float_equal(c->limits[0].value, 98.0665, 1e-9);
	assert_int_equal(c->limits[0].n_caps, 1);
	assert_string_equal(c->limits[0].caps[0].text, "kind:traction");
	assert_false(c->limits[0].minimum);
	assert_int_equal(c->limits[1].unit, THERAPY_UNIT_ONE);
	assert_float_equal(c->limits[1].value, 2, 0);
	assert_int_equal(c->limits[2].unit, THERAPY_UNIT_SECOND);
	assert_true(c->limits[2].minimum);
	assert_false(c->limits[2].has_default);
	assert_int_equal(c->n_conditions, 1);
	assert_string_equal(c->conditions[0].when.text, "all inversion.tilt  <= 10 deg");
	assert_int_equal(c->n_derived, 2);
	assert_int_equal(c->derived[0].type, CORE_DERIVE_TIME);
	assert_int_equal(c->derived[0].gap_ms, 30000);
	assert_int_equal(c->derived[1].within_ms, 86400000);
	assert_int_equal(c->n_invariants, 1);
	assert_string_equal(c->invariants[0].text.text, "whenever permitted(kind:heat): level");
	assert_int_equal(c->invariants[0].text.line, 7);
	assert_string_equal(c->rules[0].watches[0].text, "kind:inversion");
	assert_int_equal(c->rules[0].n_permits, 0);
	assert_true(c->rules[1].latch);
	assert_true(c->rules[1].where_measured);
	assert_false(c->rules[0].where_measured);
	assert_true(c->rules[1].stop);
	config_free(c);
}

static void figures_are_the_homes_and_its_devices(void **state)
{
	struct config *c =
	    load(*state, "gateway = { id = \"home\"; state_dir = \"state\"; control_socket = \"/run/x\"; };\n"
			 "limits = { force = \"150 N\"; sessions = 2; };\n"
			 "devices = ( { id = \"pad\"; plugin = \"heat_pad\"; link = \"tcp://plug:1\";\n"
			 "  limits = { heat_time = \"15 min\"; }; cutoff = \"plug.power\"; },\n"
			 "  { id = \"plug\"; plugin = \"heat_pad\"; link = \"tcp://plug:2\"; } );\n");
	const struct test_home *home = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/state", home->dir);
	assert_string_equal(c->state_dir, path);
	assert_string_equal(c->control_socket, "/run/x");
	assert_int_equal(c->n_figures, 3);
	assert_string_equal(c->figures[0].limit, "force");
	assert_null(c->figures[0].device);
	assert_float_equal(c->figures[0].value, 150, 0);
	assert_int_equal(c->figures[1].unit, THERAPY_UNIT_ONE);
	assert_string_equal(c->figures[2].device, "pad");
	assert_float_equal(c->figures[2].value, 900, 0);
	assert_int_equal(c->figures[2].line, 4);
	assert_string_equal(c->devices[0].cutoff, "plug.power");
	assert_null(c->devices[1].cutoff);
	config_free(c);
}

static void profile_is_what_the_file_says_and_nothing_else(void **state)
{
	struct config *c = load(*state, SMALL);
	assert_int_equal(c->profile.line, 0);
	assert_false(c->profile.has_weight);
	assert_false(c->profile.has_cleared);
	assert_false(c->profile.heat_acknowledged);
	config_free(c);
	c = load(*state, SMALL "profile = { weight = \"70 kg\"; cleared_on = \"2026-05-01\"; cleared_by = \"Dr. A\";\n"
			       "  heat_acknowledged = true; presence = \"2 min\"; };\n");
	assert_true(c->profile.has_weight);
	assert_float_equal(c->profile.weight_kg, 70, 0);
	assert_true(c->profile.has_cleared);
	assert_int_equal(c->profile.cleared_s, 1777593600); /* date -u -d 2026-05-01 +%s */
	assert_string_equal(c->profile.cleared_by, "Dr. A");
	assert_true(c->profile.heat_acknowledged);
	assert_int_equal(c->profile.presence_ms, 120000);
	config_free(c);
}

static void a_limit_whose_default_is_not_in_its_unit_is_told(void **state)
{
	struct test_home *home = *state;
	struct config *c = NULL;
	struct faults faults = {0};
	write_text(home, "home.cfg", SMALL "rule_files = [ \"more.cfg\" ];\n");
	write_text(
	    home, "more.cfg",
	    "limits = ( { id = \"a\"; unit = \"N\"; default = \"5 kPa\"; },\n { id = \"b\"; unit = \"furlong\"; },\n"
	    " { id = \"c\"; unit = \"N\"; default = \"nan N\"; caps = [ ]; },\n { id = \"a\"; } );\n");
	assert_int_equal(test_home_load(home, &c, &faults), -1);
	char *told = test_home_told(home, &faults);
	assert_string_equal(
	    told, "more.cfg:1: limit \"a\": default: found \"5 kPa\", expected a number in N, kgf or lbf\n"
		  "more.cfg:2: limit \"b\": unit: found \"furlong\", expected one that is known, like N, deg, "
		  "degC, kPa or min\n"
		  "more.cfg:3: limit \"c\": default: found \"nan N\", expected a number in N, kgf or lbf\n"
		  "more.cfg:3: limit \"c\": caps: found an empty list, expected a list like [ "
		  "\"kind:traction\" ] or [ \"belt.tension\" ]\n"
		  "more.cfg:4: limit \"a\" is there already, at more.cfg:1: expected another id\n");
	free(told);
	faults_release(&faults);
}

struct many {
	const char *head, *before, *after; /* each item is before, its number, after */
	size_t n;
	const char *between, *tail, *says; /* says NULL: it is read */
};

static void write_many(struct test_home *home, const struct many *m)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	fputs(m->head, to);
	for (size_t i = 0; i < m->n; i++)
		fprintf(to, "%s%s%zu%s", i ? m->between : "", m->before, i, m->after);
	fputs(m->tail, to);
	fclose(to);
	test_home_write(home, "many.cfg", text, size, 0644);
	free(text);
}

#define RULE_BEFORE "{ id = \"r"
#define RULE_AFTER  "\"; permits = [ \"kind:heat\" ]; only_while = \"x\"; }"

static void huge_rule_files_are_read_or_refused_in_bounded_time(void **state)
{
	struct test_home *home = *state;
	static const struct many rows[] = {
	    {"rules = (", RULE_BEFORE, RULE_AFTER, 10000, ",\n", ");\n", NULL},
	    {"rules = (", RULE_BEFORE, RULE_AFTER, 10001, ",\n", ");\n",
	     "more than 10000 rules, expected at most so many"},
	    {"conditions = (", RULE_BEFORE, "\"; when = \"x\"; }", 10001, ",\n", ");\n",
	     "more than 10000 conditions, expected at most so many"},
	    {"derived = (", RULE_BEFORE, "\"; kind = \"heat\"; type = \"rate\"; of = \"self.x\"; }", 1001, ",\n",
	     ");\n", "more than 1000 derived, expected at most so many"},
	    {"limits = (", RULE_BEFORE, "\"; }", 1001, ",\n", ");\n",
	     "more than 1000 limits, expected at most so many"},
	    {"invariants = (", "\"x", "\"", 10001, ",\n", ");\n",
	     "more than 10000 invariants, expected at most so many"},
	    {"# ", "", " ", 1u << 18, "", "\n", "says nothing"}, /* a line of more than 1 MB */
	    {"rules = ( { id = \"", "", " ", 1u << 18, "", "\"; } );\n", "bytes, expected at most 4096"},
	    {"rules = ", "(", "", 1u << 18, "", "", "brackets stand more than 16 deep"},
	    {"limits = ( { id = \"a\"; default = ", "", "", 1u << 18, "", "; } );\n", "digits, expected at most 63"},
	};
	test_home_write(home, "home.cfg", SMALL "rule_files = [ \"many.cfg\" ];\n",
			strlen(SMALL "rule_files = [ \"many.cfg\" ];\n"), 0644);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config *c = NULL;
		struct faults faults = {0};
		struct timespec from, to;
		write_many(home, &rows[i]);
		clock_gettime(CLOCK_MONOTONIC, &from);
		int result = test_home_load(home, &c, &faults);
		clock_gettime(CLOCK_MONOTONIC, &to);
		char *told = test_home_told(home, &faults);
		if (rows[i].says ? !strstr(told, rows[i].says) : result != 0)
			fail_msg("row %zu: expected '%s' in '%.300s'", i, rows[i].says ? rows[i].says : "", told);
		assert_int_equal(result, rows[i].says ? -1 : 0);
		assert_true(to.tv_sec - from.tv_sec < 10); /* sanitized, on a busy machine */
		config_free(c);
		free(told);
		faults_release(&faults);
	}
}

int main(void)
{
	setenv("THERAPY_TEST_HOST", "127.0.0.1", 1);
	setenv("THERAPY_TEST_PORT", "4711", 1);
#define T(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
	const struct CMUnitTest tests[] = {
	    T(small_file_gets_every_default),
	    T(gateway_and_broker_are_as_the_file_says),
	    T(a_page_is_on_loopback_unless_it_is_told_where),
	    T(inline_secrets_are_taken_from_a_file_that_others_cannot_read),
	    T(group_may_read_a_password_file),
	    T(a_sensor_s_key_is_read_from_its_file),
	    T(a_device_may_have_an_account_of_its_own),
	    T(device_is_as_the_file_says),
	    T(program_is_as_the_file_says),
	    T(at_most_so_many_devices_share_a_process),
	    T(rule_is_as_the_file_says),
	    T(rules_of_several_files_are_all_taken_and_the_shipped_ones_then_are_not),
	    T(file_that_is_not_there_is_a_fault),
	    T(link_that_is_none_is_told_at_its_line),
	    T(missing_shipped_rules_are_a_fault),
	    T(earlier_faults_of_the_caller_do_not_fail_a_good_file),
	    T(ten_thousand_rules_are_read_and_one_more_is_refused),
	    T(thousand_devices_are_read_and_a_shared_link_among_them_is_found),
	    T(directory_of_rule_files_is_read_in_the_order_of_names),
	    T(rule_files_declare_limits_conditions_derived_metrics_and_invariants),
	    T(figures_are_the_homes_and_its_devices),
	    T(profile_is_what_the_file_says_and_nothing_else),
	    T(a_limit_whose_default_is_not_in_its_unit_is_told),
	    T(huge_rule_files_are_read_or_refused_in_bounded_time),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
