/* SPDX-License-Identifier: Apache-2.0
 * What a described device says and hears, from the words of its definition to readings and bytes. */
#include "generic/generic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/testing.h"
#include "config/test_home.h"
#include "device/plugin_file.h"

enum { ROOM = 16 };

struct fixture {
	struct test_home home;
	struct config *config;
	struct generic *generic;
	struct plugin_file *file;
	const struct therapy_model *model;
	void *state;
	char told[1024];
};

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	test_home_make(&f->home);
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	free(f->state);
	plugin_file_close(f->file);
	generic_free(f->generic);
	config_free(f->config);
	f->state = NULL;
	f->file = NULL;
	f->generic = NULL;
	f->config = NULL;
}

static int drop(void **state)
{
	struct fixture *f = *state;
	forget(f);
	test_home_remove(&f->home);
	free(f);
	return 0;
}

static void connect_again(struct fixture *f)
{
	memset(f->state, 0, f->model->state_size);
	assert_int_equal(f->model->init_row(f->state, f->model, NULL, 1), 0);
}

static void begin(struct fixture *f, const char *link, const char *definition)
{
	char text[4096];
	struct faults faults = {0};
	int size =
	    snprintf(text, sizeof text,
		     "gateway = { id = \"home\"; }; mqtt = { url = \"mqtt://broker\"; };\n"
		     "devices = ( { id = \"d\"; plugin = \"generic\"; link = \"%s\"; definition = {\n%s }; } );\n",
		     link, definition);
	assert_in_range(size, 1, sizeof text - 1);
	forget(f);
	test_home_write(&f->home, "home.cfg", text, (size_t)size, 0640);
	test_home_load(&f->home, &f->config, &faults);
	char *told = test_home_told(&f->home, &faults);
	assert_string_equal(told, "");
	free(told);
	faults_release(&faults);
	f->generic = f->config ? generic_new(f->config->devices[0].definition) : NULL;
	assert_non_null(f->generic);
	char why[1024] = "";
	plugin_table_open(generic_plugin(f->generic), "its definition", &f->file, why, sizeof why);
	assert_string_equal(why, "");
	f->model = plugin_file_model(f->file, "");
	f->state = malloc(f->model->state_size);
	assert_non_null(f->state);
	connect_again(f);
}

static void tell(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct fixture *f, const char *format, ...)
{
	size_t n = strlen(f->told);
	va_list args;
	va_start(args, format);
	vsnprintf(f->told + n, sizeof f->told - n, format, args);
	va_end(args);
}

static void decode(struct fixture *f, const struct therapy_message *message)
{
	static const char *const refusals[] = {"OK", "LENGTH", "CHECKSUM", "TYPE", "FORMAT", "VALUE"};
	struct therapy_reading readings[ROOM];
	struct therapy_out out = {.readings = readings, .max_readings = ROOM};
	enum therapy_refusal refusal = f->model->decode(f->state, message, &out);
	if (refusal != THERAPY_OK) {
		tell(f, "refused %s; ", refusals[refusal]);
		return;
	}
	if (out.presence != THERAPY_PRESENCE_SAME)
		tell(f, out.presence == THERAPY_PRESENT ? "here; " : "gone; ");
	for (size_t i = 0; i < out.n_readings; i++) {
		const char *key = f->model->metrics[readings[i].metric].key;
		if (readings[i].quality == THERAPY_GOOD)
			tell(f, "%s %g; ", key, readings[i].value);
		else
			tell(f, "%s %s; ", key, readings[i].quality == THERAPY_ERROR ? "error" : "unknown");
	}
	if (out.reply)
		tell(f, "reply; ");
	if (out.n_readings == 0 && out.presence == THERAPY_PRESENCE_SAME && !out.reply)
		tell(f, "nothing; ");
}

/* A message on a channel; what was read of it, "" after the last "; ". */
static const char *hear_kept(struct fixture *f, const char *topic, const char *text, bool retained)
{
	uint8_t channel = 0;
	while (channel < f->model->n_channels && strcmp(f->model->channels[channel].address, topic) != 0)
		channel++;
	assert_true(channel < f->model->n_channels);
	f->told[0] = '\0';
	decode(f, &(struct therapy_message){
		      .data = (const uint8_t *)text, .size = strlen(text), .channel = channel, .retained = retained});
	return f->told;
}

static const char *hear(struct fixture *f, const char *topic, const char *text)
{
	return hear_kept(f, topic, text, false);
}

/* Bytes of a byte link, cut as the machine would. */
static const char *stream(struct fixture *f, const void *bytes, size_t size)
{
	uint8_t held[1024];
	assert_true(size <= sizeof held);
	memcpy(held, bytes, size);
	f->told[0] = '\0';
	for (size_t at = 0; at < size;) {
		long n = f->model->frame(f->state, held + at, size - at);
		if (n == 0)
			break;
		if (n > 0)
			decode(f, &(struct therapy_message){.data = held + at, .size = (size_t)n});
		at += (size_t)(n > 0 ? n : -n);
	}
	return f->told;
}

static const char *lines(struct fixture *f, const char *text)
{
	return stream(f, text, strlen(text));
}

/* What a verb sends, as text or bytes: "topic: text". */
static const char *say(struct fixture *f, const char *verb, double value, bool hex)
{
	struct therapy_frame frame = {.size = 0};
	struct therapy_out out = {.frames = &frame, .max_frames = 1};
	uint8_t i = 0;
	while (i < f->model->n_verbs && strcmp(f->model->verbs[i].key, verb) != 0)
		i++;
	assert_true(i < f->model->n_verbs);
	f->told[0] = '\0';
	if (f->model->encode(f->state, 0, i, value, &out) != 0)
		return "no such value";
	assert_int_equal(out.n_frames, 1);
	if (f->model->n_channels)
		tell(f, "%s: ", f->model->channels[frame.channel].address);
	for (size_t k = 0; hex && k < frame.size; k++)
		tell(f, "%02X ", frame.bytes[k]);
	if (!hex)
		tell(f, "%.*s", (int)frame.size, (const char *)frame.bytes);
	return f->told;
}

#define METRIC(settings) "metrics = ( { id = \"m\"; every = \"1 s\"; " settings " } );"
#define RANGED(settings) METRIC("min = -1000; max = 1000; " settings)

/* ---- messages ---- */

static void a_part_that_is_not_there_is_no_reading_and_never_zero(void **state)
{
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " RANGED("pointer = \"/a/0/b\";"));
	assert_string_equal(hear(*state, "t", "{\"a\":[{\"b\":12.5}]}"), "m 12.5; ");
	assert_string_equal(hear(*state, "t", "{\"a\":[{\"c\":1}]}"), "nothing; ");
	assert_string_equal(hear(*state, "t", "{}"), "nothing; ");
	assert_string_equal(hear(*state, "t", "{\"a\":5}"), "nothing; ");
}

static void what_a_device_does_not_know_is_unknown(void **state)
{
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " RANGED("pointer = \"/a\";"));
	assert_string_equal(hear(*state, "t", "{\"a\":null}"), "m unknown; ");
	assert_string_equal(hear(*state, "t", "{\"a\":\"unavailable\"}"), "m unknown; ");
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " RANGED(""));
	assert_string_equal(hear(*state, "t", "nan"), "m unknown; "); /* an ESPHome sensor that lost its chip */
	assert_string_equal(hear(*state, "t", "  "), "m unknown; ");
	assert_string_equal(hear(*state, "t", ""), "refused LENGTH; ");
	assert_string_equal(hear(*state, "t", " 7.25 "), "m 7.25; ");
}

static void what_is_no_number_where_one_should_be_is_an_error_at_once(void **state)
{
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " RANGED("pointer = \"/a\";"));
	static const char *const wrong[] = {
	    "{\"a\":\"hot\"}",      "{\"a\":true}", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":99999999999999999999}",
	    "{\"a\":\"1\\u00002\"}"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_string_equal(hear(*state, "t", wrong[i]), "m error; ");
	assert_string_equal(hear(*state, "t", "{\"a\":\"12\"}"), "m 12; ");
}

static void what_is_no_json_is_refused(void **state)
{
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " RANGED("pointer = \"/a\";"));
	assert_string_equal(hear(*state, "t", "{\"a\":1"), "refused FORMAT; ");
	assert_string_equal(hear(*state, "t", "{\"a\":1} x"), "refused FORMAT; ");
	assert_string_equal(hear(*state, "t", "5"), "refused FORMAT; ");
	assert_string_equal(hear(*state, "t", ""), "refused LENGTH; ");
}

static void words_of_the_device_become_numbers_and_others_errors(void **state)
{
	begin(*state, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; " METRIC("unit = \"bool\"; values = [ \"OFF\", \"ON\" ];"));
	assert_string_equal(hear(*state, "t", "ON"), "m 1; ");
	assert_string_equal(hear(*state, "t", "OFF"), "m 0; ");
	assert_string_equal(hear(*state, "t", "on"), "m error; "); /* a changed text is not guessed */
	assert_string_equal(hear(*state, "t", "1"), "m error; ");
	begin(*state, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; " METRIC("pointer = \"/s\"; values = [ \"off\", \"low\", \"high\" ];"));
	assert_string_equal(hear(*state, "t", "{\"s\":\"high\"}"), "m 2; ");
	assert_string_equal(((struct fixture *)*state)->model->metrics[0].words, "off|low|high");
	begin(*state, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " METRIC("pointer = \"/s\"; unit = \"bool\";"));
	assert_string_equal(hear(*state, "t", "{\"s\":true}"), "m 1; ");
}

static void units_scale_and_range_become_inner_ones(void **state)
{
	struct fixture *f = *state;
	begin(f, "mqtt:n",
	      "kind = \"traction\"; topic = \"t\"; metrics = ( { id = \"m\"; unit = \"kgf\"; min = -1; max = 100; "
	      "scale = 0.001; offset = 0.5; deadband = 0.1; max_rate = 10; stale = \"3 s\"; } );");
	assert_string_equal(hear(f, "t", "12000"), "m 122.583; "); /* (12 + 0.5) kgf */
	const struct therapy_metric *m = &f->model->metrics[0];
	assert_int_equal(m->unit, THERAPY_UNIT_NEWTON);
	assert_true(fabs(m->min + 9.80665) < 1e-9 && fabs(m->max - 980.665) < 1e-9);
	assert_true(fabs(m->deadband - 0.980665) < 1e-9 && fabs(m->max_rate - 98.0665) < 1e-9);
	assert_int_equal(m->interval_ms, 1000);
	assert_int_equal(m->stale_ms, 3000);
	begin(f, "mqtt:n", "kind = \"heat\"; topic = \"t\"; " METRIC("unit = \"degF\"; min = 32; max = 212;"));
	assert_string_equal(hear(f, "t", "212"), "m 100; ");
	assert_true(fabs(f->model->metrics[0].min) < 1e-9 && fabs(f->model->metrics[0].max - 100) < 1e-9);
}

static void what_the_broker_kept_is_no_reading_but_tells_who_is_there(void **state)
{
	begin(
	    *state, "mqtt:n",
	    "kind = \"heat\"; topic = \"t\"; " RANGED("") " availability = { topic = \"s\"; pointer = \"/state\"; };");
	assert_string_equal(hear_kept(*state, "t", "5", true), "nothing; ");
	assert_string_equal(hear_kept(*state, "s", "{\"state\":\"online\"}", true), "here; ");
	assert_string_equal(hear(*state, "s", "{\"state\":\"offline\"}"), "gone; ");
	assert_string_equal(hear(*state, "s", "{\"state\":\"asleep\"}"), "refused FORMAT; ");
	assert_string_equal(hear(*state, "s", "{}"), "refused FORMAT; ");
}

static void bytes_of_a_message_are_read_where_they_stand(void **state)
{
	struct fixture *f = *state;
	begin(
	    f, "replay:x",
	    "kind = \"traction\"; characteristics = true; topic = \"7e4e1702-1ea6-40c9-9dcc-13d34ffead57\"; "
	    "metrics = ( { id = \"force\"; unit = \"kgf\"; begins = \"01\"; type = \"f32le\"; at = 2; min = "
	    "-10; max = 200; stale = \"1 s\"; }, "
	    "{ id = \"low\"; unit = \"bool\"; begins = \"04\"; type = \"u8\"; at = 0; bit = 2; stale = \"1 s\"; } );");
	static const uint8_t weight[] = {0x01, 0x08, 0x00, 0x00, 0x48, 0x41, 0x40, 0x42, 0x0F, 0x00, 0};
	f->told[0] = '\0';
	decode(f, &(struct therapy_message){.data = weight, .size = 10});
	assert_string_equal(f->told, "force 122.583; ");
	f->told[0] = '\0';
	decode(f, &(struct therapy_message){.data = weight, .size = 5});
	assert_string_equal(f->told, "refused LENGTH; ");
	f->told[0] = '\0';
	decode(f, &(struct therapy_message){.data = (const uint8_t *)"\x04\x00", .size = 2});
	assert_string_equal(f->told, "low 1; ");
	f->told[0] = '\0';
	decode(f, &(struct therapy_message){.data = (const uint8_t *)"\x09\x00", .size = 2});
	assert_string_equal(f->told, "refused TYPE; ");
	assert_int_equal(f->model->links, THERAPY_LINK_BLE);
}

/* ---- lines ---- */

#define FORCE                                                                                                          \
	"kind = \"traction\"; lines = { separator = \",\"; begins = \"ST,\"; }; "                                      \
	"metrics = ( { id = \"force\"; unit = \"N\"; field = 3; suffix = \"kg\"; min = -5; max = 100; every = \"1 "    \
	"s\"; } );"

static void half_a_line_after_a_connect_is_never_a_reading(void **state)
{
	begin(*state, "tcp://h:1", FORCE);
	assert_string_equal(lines(*state, "25.0kg\r\nST,GS,+ 12.5kg\r\n"), "force 12.5; ");
	connect_again(*state);
	assert_string_equal(lines(*state, "ST,GS,+ 12.5kg\r\nST,GS,- 1.5kg\r\nST,GS,"), "force -1.5; ");
}

static void lines_that_are_cut_or_not_meant_are_refused_by_cause(void **state)
{
	begin(*state, "tcp://h:1", FORCE);
	lines(*state, "\n");
	assert_string_equal(lines(*state, "US,GS,+ 12.5kg\n"), "refused TYPE; ");
	assert_string_equal(lines(*state, "ST,GS\n"), "refused FORMAT; ");
	assert_string_equal(lines(*state, "ST,GS,+ 12.5\n"), "refused FORMAT; ");
	assert_string_equal(lines(*state, "ST,GS,12,5kg\n"), "refused FORMAT; ");
	assert_string_equal(stream(*state, "ST,GS,\0kg\n", 10), "refused FORMAT; ");
	assert_string_equal(lines(*state, "\r\n"), "nothing; ");
	assert_string_equal(lines(*state, "ST,GS,nankg\n"), "refused FORMAT; ");
}

static void an_endless_line_is_dropped_with_its_tail(void **state)
{
	char flood[700];
	begin(*state, "tcp://h:1", FORCE);
	memset(flood, '7', sizeof flood);
	assert_string_equal(lines(*state, "\nST,GS,1kg\n"), "force 1; ");
	assert_string_equal(stream(*state, flood, THERAPY_FRAME_MAX), "");
	assert_string_equal(lines(*state, "7kg\nST,GS,2kg\n"), "force 2; ");
}

static void blanks_separate_fields_however_many(void **state)
{
	begin(*state, "tcp://h:1",
	      "kind = \"scale\"; lines = { separator = \" \"; ends = \";\"; }; " RANGED("field = 2;"));
	assert_string_equal(lines(*state, ";  a   5  x;"), "m 5; ");
	assert_string_equal(lines(*state, "a;"), "refused FORMAT; ");
}

static void a_line_of_json_is_read_by_pointer(void **state)
{
	begin(*state, "tcp://h:1", "kind = \"scale\"; lines = { }; " RANGED("pointer = \"/kg\";"));
	assert_string_equal(lines(*state, "\n{\"kg\":70.5}\r\n"), "m 70.5; ");
	assert_string_equal(lines(*state, "{\"kg\":70\n"), "refused FORMAT; ");
}

/* ---- frames ---- */

#define ROLL                                                                                                           \
	"kind = \"inversion\"; frames = { start = \"55\"; size = 11; checksum = \"sum8\"; }; metrics = ( "             \
	"{ id = \"tilt\"; unit = \"deg\"; begins = \"55 53\"; type = \"i16le\"; at = 2; scale = 0.0054931640625; "     \
	"min = -180; max = 180; every = \"100 ms\"; } );"
static const uint8_t roll60[] = {0x55, 0x53, 0xAB, 0x2A, 0, 0, 0, 0, 0x65, 0x46, 0x28};

static void a_frame_is_read_wherever_it_begins(void **state)
{
	uint8_t bytes[40] = {0x28, 0x00, 0x54};
	memcpy(bytes + 3, roll60, sizeof roll60);
	memcpy(bytes + 14, roll60, sizeof roll60);
	begin(*state, "tcp://h:1", ROLL);
	assert_string_equal(stream(*state, bytes, 25), "tilt 60.0018; tilt 60.0018; ");
	assert_string_equal(stream(*state, bytes, 13), "");
}

static void a_frame_that_lost_or_changed_a_byte_is_refused(void **state)
{
	uint8_t bytes[44];
	begin(*state, "tcp://h:1", ROLL);
	for (size_t lost = 0; lost < sizeof roll60; lost++) {
		size_t n = sizeof roll60 - 1;
		memcpy(bytes, roll60, lost);
		memcpy(bytes + lost, roll60 + lost + 1, n - lost);
		for (int i = 0; i < 3; i++)
			memcpy(bytes + n + (size_t)i * sizeof roll60, roll60, sizeof roll60);
		const char *told = stream(*state, bytes, n + 3 * sizeof roll60);
		assert_non_null(strstr(told, "tilt 60.0018; "));
		for (const char *at = told; (at = strstr(at, "tilt ")); at++)
			assert_memory_equal(at, "tilt 60.0018", 12);
	}
	for (size_t bit = 0; bit < 8 * sizeof roll60; bit++) {
		memcpy(bytes, roll60, sizeof roll60);
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
		assert_null(strstr(stream(*state, bytes, sizeof roll60), "tilt"));
	}
	memcpy(bytes, roll60, sizeof roll60);
	bytes[10]++;
	assert_string_equal(stream(*state, bytes, sizeof roll60), "refused CHECKSUM; ");
}

/* What looks like a beginning in the middle of each frame must not be taken for one for ever. */
static void a_frame_that_holds_its_own_start_is_found(void **state)
{
	static const uint8_t frame[] = {0xAA, 0x01, 0x02, 0xAA, 0x00, 0x57};
	uint8_t bytes[40];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = frame[(i + 2) % sizeof frame];
	begin(*state, "tcp://h:1",
	      "kind = \"scale\"; frames = { start = \"AA\"; size = 6; checksum = \"sum8\"; }; metrics = ( "
	      "{ id = \"m\"; type = \"u16be\"; at = 1; min = 0; max = 65535; stale = \"1 s\"; } );");
	const char *told = stream(*state, bytes, sizeof bytes);
	assert_non_null(strstr(told, "m 258; m 258; m 258; "));
}

static void end_bytes_guard_a_frame_without_checksum(void **state)
{
	begin(*state, "tcp://h:1",
	      "kind = \"scale\"; frames = { start = \"AA\"; size = 5; end = \"0D 0A\"; }; metrics = ( "
	      "{ id = \"m\"; type = \"u16be\"; at = 1; min = 0; max = 65535; stale = \"1 s\"; } );");
	assert_string_equal(stream(*state, "\xAA\x01\x02\x0D\x0A", 5), "m 258; ");
	assert_string_equal(stream(*state, "\xAA\x01\x02\x0D\x0B", 5), "refused FORMAT; ");
}

/* ---- what is sent ---- */

static void only_the_exact_token_is_replaced(void **state)
{
	struct fixture *f = *state;
	begin(f, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; command_topic = \"c\"; " RANGED(
		  "unit = \"degC\";") " controls = ( { id = \"heat\"; set = \"{\\\"on\\\":{\\\"to\\\":{value}}}\"; "
				      "rest = \"{\\\"on\\\":0}\"; stop = \"STOP\"; "
				      "unit = \"degC\"; min = 30; max = 42; step = 0.5; scale = 0.1; confirm = \"m\"; "
				      "} );");
	assert_string_equal(say(f, "heat_set", 36.5, false), "c: {\"on\":{\"to\":365}}");
	assert_string_equal(say(f, "heat_rest", 0, false), "c: {\"on\":0}");
	assert_string_equal(say(f, "heat_stop", (double)NAN, false), "c: STOP");
	assert_string_equal(say(f, "heat_set", 29, false), "no such value");
	assert_string_equal(say(f, "heat_set", 43, false), "no such value");
	assert_string_equal(say(f, "heat_set", (double)NAN, false), "no such value");
	assert_string_equal(say(f, "heat_set", 0, false), "no such value");
}

static void a_switch_is_on_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	begin(f, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; " METRIC(
		  "unit = \"bool\";") " controls = ( { id = \"heat\"; topic = \"c\"; on = \"ON\"; rest = \"OFF\"; "
				      "confirm = \"m\"; device_timer = \"30 s\"; "
				      "renew = \"PRESS\"; renew_topic = \"k\"; renew_every = \"5 s\"; test = \"ON5\"; "
				      "test_timer = \"5 s\"; } );"
				      " polls = ( { topic = \"q\"; send = \"?\"; every = \"1 s\"; energised = \"500 "
				      "ms\"; } ); on_connect = ( { topic = \"q\"; send = \"??\"; } );");
	assert_string_equal(say(f, "heat_set", 1, false), "c: ON");
	assert_string_equal(say(f, "heat_set", 0.5, false), "no such value");
	assert_string_equal(say(f, "heat_rest", 5, false), "c: OFF");
	assert_string_equal(say(f, "heat_renew", 1, false), "k: PRESS");
	assert_string_equal(say(f, "heat_test", 1, false), "c: ON5");
	assert_string_equal(say(f, "ask0_poll", 0, false), "q: ?");
	assert_string_equal(say(f, "ask0_connect", 0, false), "q: ??");
	const struct therapy_control *c = &f->model->controls[0];
	assert_int_equal(c->device_timer_ms, 30000);
	assert_int_equal(c->renew_ms, 5000);
	assert_int_equal(c->test_ms, 5000);
	assert_int_equal(c->confirm_ms, 2000);
	assert_int_equal(f->model->polls[0].energised_ms, 500);
	struct therapy_out out = {0};
	assert_int_equal(f->model->encode(f->state, 0, f->model->n_verbs, 1, &out), -1);
	assert_int_equal(f->model->encode(f->state, 0, THERAPY_NONE, 1, &out), -1);
}

static void bytes_to_send_hold_the_value_and_their_checksum(void **state)
{
	struct fixture *f = *state;
	begin(f, "tcp://h:1",
	      "kind = \"traction\"; frames = { start = \"A5\"; size = 8; checksum = \"crc16-modbus\"; }; metrics = ( "
	      "{ id = \"m\"; unit = \"N\"; type = \"u16le\"; at = 1; min = 0; max = 300; stale = \"1 s\"; } ); "
	      "controls = ( { id = \"pull\"; set = \"01 06 {value:u16be} {checksum}\"; rest = \"01 03 00 06 00 03 "
	      "{checksum}\"; "
	      "unit = \"N\"; min = 10; max = 300; scale = 0.1; confirm = \"m\"; rest_max = 5; } );");
	assert_string_equal(say(f, "pull_rest", 0, true), "01 03 00 06 00 03 E5 CA ");
	assert_memory_equal(say(f, "pull_set", 120, true), "01 06 04 B0 ", 12);
}

static void limits_are_in_the_unit_that_their_metric_is_written_in(void **state)
{
	struct fixture *f = *state;
	begin(
	    f, "mqtt:n",
	    "kind = \"heat\"; topic = \"t\"; metrics = ( { id = \"m\"; unit = \"degF\"; min = 32; max = 212; every = "
	    "\"1 s\"; }, "
	    "{ id = \"p\"; topic = \"p\"; unit = \"mmHg\"; min = 0; max = 300; every = \"1 s\"; } ); "
	    "controls = ( { id = \"heat\"; topic = \"c\"; on = \"ON\"; rest = \"OFF\"; confirm = \"m\"; rest_max = 90; "
	    "load = \"p\"; load_max = 30; load_within = \"5 s\"; } );");
	assert_true(fabs(f->model->controls[0].rest_max - (90 - 32) / 1.8) < 1e-9);
	assert_true(fabs(f->model->controls[0].load_max - 30 * 0.133322387415) < 1e-6);
}

static void what_a_device_cannot_measure_is_an_error(void **state)
{
	begin(*state, "tcp://h:1",
	      "kind = \"traction\"; lines = { separator = \",\"; }; " RANGED(
		  "field = 2; begins = [ \"ST\", \"US\" ]; errors = \"OL\";"));
	assert_string_equal(lines(*state, "\nST,5\nUS,6\nOL,999\nXX,7\n"), "m 5; m 6; m error; refused TYPE; ");
}

static void what_is_between_two_words_is_an_error(void **state)
{
	begin(*state, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; " METRIC("pointer = \"/s\"; words = [ \"off\", \"low\", \"high\" ];"));
	assert_string_equal(hear(*state, "t", "{\"s\":2}"), "m 2; ");
	assert_string_equal(hear(*state, "t", "{\"s\":1.5}"), "m error; ");
}

static void stages_are_sent_by_their_words(void **state)
{
	struct fixture *f = *state;
	begin(f, "mqtt:n",
	      "kind = \"heat\"; topic = \"t\"; command_topic = \"c\"; " METRIC(
		  "values = [ \"off\", \"low\", \"high\" ];") " controls = ( { id = \"heat\"; set = \"mode={value}\"; "
							      "rest = \"mode=OFF\"; words = [ \"off\", \"low\", "
							      "\"high\" ]; "
							      "values = [ \"OFF\", \"LO\", \"HI\" ]; confirm = \"m\"; "
							      "} );");
	assert_string_equal(say(f, "heat_set", 2, false), "c: mode=HI");
	assert_string_equal(say(f, "heat_set", 1.5, false), "no such value");
	assert_string_equal(say(f, "heat_set", 3, false), "no such value");
}

static void an_answer_ends_a_transaction(void **state)
{
	begin(*state, "tcp://h:1",
	      "kind = \"scale\"; lines = { }; " RANGED(
		  "field = 1;") " polls = ( { send = \"R\\r\\n\"; every = \"1 s\"; reply = \"200 ms\"; } );");
	assert_string_equal(lines(*state, "\n5\n"), "m 5; reply; ");
	assert_string_equal(lines(*state, "?\n"), "refused FORMAT; ");
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_part_that_is_not_there_is_no_reading_and_never_zero),
	    T(what_a_device_does_not_know_is_unknown),
	    T(what_is_no_number_where_one_should_be_is_an_error_at_once),
	    T(what_is_no_json_is_refused),
	    T(words_of_the_device_become_numbers_and_others_errors),
	    T(units_scale_and_range_become_inner_ones),
	    T(what_the_broker_kept_is_no_reading_but_tells_who_is_there),
	    T(bytes_of_a_message_are_read_where_they_stand),
	    T(half_a_line_after_a_connect_is_never_a_reading),
	    T(lines_that_are_cut_or_not_meant_are_refused_by_cause),
	    T(an_endless_line_is_dropped_with_its_tail),
	    T(blanks_separate_fields_however_many),
	    T(a_line_of_json_is_read_by_pointer),
	    T(a_frame_is_read_wherever_it_begins),
	    T(a_frame_that_lost_or_changed_a_byte_is_refused),
	    T(a_frame_that_holds_its_own_start_is_found),
	    T(end_bytes_guard_a_frame_without_checksum),
	    T(only_the_exact_token_is_replaced),
	    T(a_switch_is_on_and_nothing_else),
	    T(bytes_to_send_hold_the_value_and_their_checksum),
	    T(limits_are_in_the_unit_that_their_metric_is_written_in),
	    T(what_a_device_cannot_measure_is_an_error),
	    T(what_is_between_two_words_is_an_error),
	    T(stages_are_sent_by_their_words),
	    T(an_answer_ends_a_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
