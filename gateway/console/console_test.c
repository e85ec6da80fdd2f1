/* SPDX-License-Identifier: Apache-2.0
 * Promise: whoever may use the control socket gets exactly one answer to each line, and nobody who misuses it, or does
 * not read, holds the gateway up. A request from there is judged like any other; one that waited too long is late. */
#include "console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "console/lines.h"
#include "core/testing_rig.h"
#include "tell/tell.h"

#define LIMIT_MS 5000u

struct bench {
	char directory[64], path[96];
	uv_loop_t loop;
	struct console *console;
	struct rig rig;
	unsigned asked, reloads, closed;
	struct core_request last;
	bool refuse_reload;
	unsigned adjusts;
	char adjusted[64];
	size_t n_events;
	uint8_t event[2048];
	size_t event_size;
	int recorded[3]; /* by device: told on, less told off */
};

/* ---- the gateway's side ---- */

static const struct core *core_now(void *user)
{
	struct bench *b = user;
	rig_tick(&b->rig);
	return b->rig.core;
}

static void on_request(void *user, const struct core_request *request)
{
	struct bench *b = user;
	b->asked++;
	b->last = *request;
	const struct core_input input = {.type = CORE_IN_REQUEST, .request = *request};
	b->rig.last = core_step(b->rig.core, b->rig.now, &input);
	for (size_t i = 0; i < b->rig.last.n; i++)
		console_core(b->console, &b->rig.last.items[i]);
}

static void on_status(void *user, struct json_object *status)
{
	(void)user;
	tell_put(status, "gateway", "home");
	tell_put(status, "version", "1");
}

static bool on_event(void *user, uint64_t after, struct console_event *out)
{
	struct bench *b = user;
	if (after >= b->n_events)
		return false;
	*out = (struct console_event){after + 1, b->event, b->event_size};
	return true;
}

static bool on_reload(void *user, struct json_object *lines)
{
	struct bench *b = user;
	b->reloads++;
	if (b->refuse_reload)
		json_object_array_add(lines, json_object_new_string("rules.cfg:3: no"));
	return !b->refuse_reload;
}

static bool on_record(void *user, uint16_t device, bool on)
{
	struct bench *b = user;
	if (device > PAD)
		return false;
	b->recorded[device] += on ? 1 : -1;
	return true;
}

static void on_origin(void *user, uint16_t device, struct str *out)
{
	(void)user;
	str_add(out, "device %u\nprivate", (unsigned)device);
}

static void on_adjust(void *user, const struct console_adjust *asked, struct json_object *answer)
{
	struct bench *b = user;
	b->adjusts++;
	snprintf(b->adjusted, sizeof b->adjusted, "%s %s %s %llu", asked->tare ? "tare" : "calibrate", asked->device,
		 asked->step, (unsigned long long)asked->session);
	tell_put_bool(answer, "ok", true);
}

static void on_closed(void *user)
{
	((struct bench *)user)->closed++;
}

static int listen_there(struct bench *b, char why[256])
{
	const struct console_callbacks callbacks = {.user = b,
						    .core = core_now,
						    .request = on_request,
						    .status = on_status,
						    .event = on_event,
						    .reload = on_reload,
						    .record = on_record,
						    .origin = on_origin,
						    .adjust = on_adjust};
	return console_new(&b->loop, b->path, 3, &callbacks, &b->console, why, 256);
}

static int setup(void **state)
{
	static struct bench b;
	char why[256];
	b = (struct bench){0};
	snprintf(b.directory, sizeof b.directory, "/tmp/console-XXXXXX");
	assert_non_null(mkdtemp(b.directory));
	snprintf(b.path, sizeof b.path, "%s/s", b.directory);
	log_set_level(LOG_ERROR);
	uv_loop_init(&b.loop);
	rig_start_full(&b.rig);
	rig_calm(&b.rig);
	assert_int_equal(listen_there(&b, why), 0);
	*state = &b;
	return 0;
}

static void close_console(struct bench *b)
{
	if (!b->console)
		return;
	b->closed = 0;
	console_close(b->console, on_closed, b);
	b->console = NULL;
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(b->closed, 1);
}

static int teardown(void **state)
{
	struct bench *b = *state;
	close_console(b);
	assert_int_equal(access(b->path, F_OK), -1); /* it takes its file with it */
	assert_int_equal(uv_loop_close(&b->loop), 0);
	rig_stop(&b->rig);
	rmdir(b->directory);
	return 0;
}

/* ---- a client's side ---- */

static int client(const struct bench *b)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", b->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t size = strlen(text);
	assert_int_equal(write(fd, text, size), (ssize_t)size);
}

/* The next line, or "" at the end of the connection. */
static const char *hear(struct bench *b, int fd)
{
	static char line[1 << 17];
	size_t n = 0;
	for (uint64_t end = clock_boot_ms() + LIMIT_MS; clock_boot_ms() < end;) {
		uv_run(&b->loop, UV_RUN_NOWAIT);
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 1) != 1)
			continue;
		ssize_t got = read(fd, line + n, 1);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return "";
		assert_true(got == 1 || errno == EAGAIN);
		if (got == 1 && line[n] == '\n') {
			line[n] = '\0';
			return line;
		}
		n += got == 1;
		assert_true(n < sizeof line);
	}
	fail_msg("no answer within 5 s");
	return "";
}

static const char *ask(struct bench *b, int fd, const char *text)
{
	say(fd, text);
	say(fd, "\n");
	return hear(b, fd);
}

/* With the time of asking added. */
static const char *ask_now(struct bench *b, int fd, const char *object)
{
	char text[256];
	snprintf(text, sizeof text, "%.*s,\"at_ms\":%llu}", (int)strlen(object) - 1, object,
		 (unsigned long long)clock_boot_ms());
	return ask(b, fd, text);
}

/* ---- the file ---- */

static void only_owner_and_group_may_connect(void **state)
{
	struct bench *b = *state;
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void a_socket_that_an_earlier_run_left_is_replaced_and_one_in_use_is_not(void **state)
{
	struct bench *b = *state;
	char why[256];
	struct console *first = b->console;
	assert_int_equal(listen_there(b, why), UV_EADDRINUSE);
	assert_contains(why, "another gateway listens there");
	b->console = first;
	int fd = client(b);
	assert_contains(ask(b, fd, "{\"do\":\"status\"}"), "\"ok\":true"); /* undisturbed */
	close(fd);
	close_console(b);
	/* as after kill -9: a socket file at which nobody listens */
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", b->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	assert_int_equal(listen_there(b, why), 0);
	fd = client(b);
	assert_contains(ask(b, fd, "{\"do\":\"status\"}"), "\"ok\":true");
	close(fd);
}

static void what_is_no_socket_or_lies_open_to_all_is_refused_and_left_alone(void **state)
{
	struct bench *b = *state;
	char why[256];
	close_console(b);
	int fd = open(b->path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_int_equal(listen_there(b, why), UV_EEXIST);
	assert_contains(why, "no socket");
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(b->path);
	assert_int_equal(chmod(b->directory, 0777), 0);
	assert_int_equal(listen_there(b, why), UV_EPERM);
	assert_contains(why, "chmod o-w");
	assert_int_equal(chmod(b->directory, 0700), 0);
	char path[sizeof b->path];
	memcpy(path, b->path, sizeof path);
	memset(b->path, 'x', sizeof b->path - 1);
	b->path[0] = '/';
	b->path[sizeof b->path - 1] = '\0';
	assert_true(listen_there(b, why) < 0); /* its directory is the root: not ours to make */
	memcpy(b->path, path, sizeof path);
	b->console = NULL;
}

/* ---- lines ---- */

static void each_line_has_one_answer_whatever_it_says(void **state)
{
	struct bench *b = *state;
	static const struct {
		const char *line, *answer;
	} rows[] = {
	    {"{\"do\":\"status\",\"id\":7}", "{\"id\":7,\"ok\":true,\"status\":{\"gateway\":\"home\""},
	    {"{\"do\":\"devices\",\"id\":\"x\"}", "\"metric\":\"tilt\",\"value\":0"},
	    {"{\"do\":\"explain\",\"control\":\"pad.heat\"}", "\"rule\":\"no-heat-during-inversion\""},
	    {"{\"do\":\"explain\",\"control\":\"pad.cold\"}",
	     "no control 'pad.cold'; there is: belt.tension, pad.heat"},
	    {"{\"do\":\"explain\",\"control\":\"pad\"}", "found 'pad', expected a control like"},
	    {"{\"do\":\"explain\"}", "'control' is missing"},
	    {"{\"do\":\"alarms\"}", "\"alarms\":[],\"latches\":[]"},
	    {"{\"do\":\"events\"}", "\"events\":[]"},
	    {"{\"do\":\"dance\",\"id\":3}",
	     "{\"id\":3,\"ok\":false,\"error\":\"found \\\"do\\\": \\\"dance\\\", expected"},
	    {"{\"do\":7}", "\"ok\":false"},
	    {"{}", "\"ok\":false"},
	    {"[1]", "found no JSON object"},
	    {"{\"do\":\"status\"} x", "found no JSON object"},
	    {"[[[[[[[[[[", "found no JSON object"},
	    {"\xff\xfe", "found no JSON object"},
	    {"{\"do\":\"events\",\"most\":-1}", "'most' is no count"},
	    {"{\"do\":\"set\",\"control\":\"pad.heat\"}", "'value' is missing"},
	    {"{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":[1]}", "'value' is none"},
	    {"{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":1}", "'at_ms' is missing"},
	    {"{\"do\":\"set\",\"control\":\"belt.tension\",\"value\":\"150 W\"}", "is in N, kgf or lbf"},
	    {"{\"do\":\"park\",\"device\":\"table.tilt\"}", "expected a device"},
	};
	int fd = client(b);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_contains(ask(b, fd, rows[i].line), rows[i].answer);
	assert_int_equal(b->asked, 0);
	/* several at once, and one in pieces */
	say(fd, "{\"do\":\"alarms\",\"id\":1}\n\n{\"do\":\"alarms\",\"id\":2}\n{\"do\":\"ala");
	assert_contains(hear(b, fd), "{\"id\":1,");
	assert_contains(hear(b, fd), "{\"id\":2,");
	say(fd, "rms\",\"id\":3}\n");
	assert_contains(hear(b, fd), "{\"id\":3,");
	close(fd);
}

static void a_line_without_an_end_is_cut_off(void **state)
{
	struct bench *b = *state;
	char *big = malloc(LINES_LINE_MAX + 1);
	memset(big, 'x', LINES_LINE_MAX);
	big[LINES_LINE_MAX] = '\0';
	int fd = client(b);
	say(fd, big);
	assert_contains(hear(b, fd), "too long");
	assert_string_equal(hear(b, fd), "");
	close(fd);
	free(big);
}

static void clients_are_bounded_and_who_leaves_makes_room(void **state)
{
	struct bench *b = *state;
	int fds[LINES_CLIENTS_MAX];
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++) {
		fds[i] = client(b);
		assert_contains(ask(b, fds[i], "{\"do\":\"alarms\"}"), "\"ok\":true");
	}
	int more = client(b);
	assert_contains(hear(b, more), "16 clients");
	assert_string_equal(hear(b, more), "");
	close(more);
	close(fds[3]);
	for (int i = 0; i < 50; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	fds[3] = client(b);
	assert_contains(ask(b, fds[3], "{\"do\":\"alarms\"}"), "\"ok\":true");
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void who_does_not_read_is_dropped_and_holds_nobody_up(void **state)
{
	struct bench *b = *state;
	int slow = client(b), quick = client(b);
	bool dropped = false;
	for (int i = 0; i < 20000 && !dropped; i++) {
		static const char line[] = "{\"do\":\"devices\"}\n";
		ssize_t n = write(slow, line, sizeof line - 1);
		dropped = n < 0 && errno != EAGAIN;
		uv_run(&b->loop, UV_RUN_NOWAIT);
	}
	assert_true(dropped);
	assert_contains(ask(b, quick, "{\"do\":\"status\"}"), "\"ok\":true");
	close(slow);
	close(quick);
}

/* ---- recordings ---- */

static void send_piece(const struct bench *b, uint16_t device, const char *address, const void *bytes, size_t size)
{
	const struct console_traffic traffic = {
	    .at_ms = clock_boot_ms(), .sent = true, .address = address, .data = bytes, .size = size};
	console_traffic(b->console, device, &traffic);
}

/* What follows the time of a line. */
static const char *behind_time(const char *line)
{
	return strpbrk(line, "<>");
}

static void what_a_device_says_is_told_to_who_records_it_and_asked_for_only_so_long(void **state)
{
	struct bench *b = *state;
	int one = client(b), two = client(b);
	send_piece(b, TABLE, "", "no", 2); /* nobody hears it */
	assert_string_equal(ask(b, one, "{\"id\":5,\"do\":\"record\",\"device\":\"table\"}"), "{\"id\":5,\"ok\":true}");
	assert_string_equal(hear(b, one), "{\"line\":\"# device 0\"}");
	assert_string_equal(hear(b, one), "{\"line\":\"# private\"}");
	(void)ask(b, two, "{\"do\":\"record\",\"device\":\"table\"}");
	assert_int_equal(b->recorded[TABLE], 2);
	send_piece(b, PAD, "", "no", 2);
	send_piece(b, TABLE, "", "\x55\xA0", 2);
	assert_string_equal(behind_time(hear(b, one)), "> 55 A0\"}");
	const struct console_traffic kept = {.at_ms = 1,
					     .retained = true,
					     .address = "tele/{name}/LWT",
					     .data = (const uint8_t *)"1",
					     .size = 1,
					     .missing_pieces = 7,
					     .missing_bytes = 70};
	console_traffic(b->console, TABLE, &kept);
	assert_contains(hear(b, one), "7 lines, 70 bytes, are missing here");
	assert_string_equal(behind_time(hear(b, one)), "< retained @tele/{name}/LWT \\\"1\\\"\"}");
	send_piece(b, TABLE, "cmnd/{name}/PulseTime1", "", 0); /* a question */
	assert_string_equal(behind_time(hear(b, one)), "> @cmnd/{name}/PulseTime1 \\\"\\\"\"}");
	const struct console_traffic missing = {.at_ms = 1, .address = "", .missing_pieces = 3, .missing_bytes = 30};
	console_traffic(b->console, TABLE, &missing);
	assert_contains(hear(b, one), "3 lines, 30 bytes, are missing here"); /* and no line of nothing */
	console_presence(b->console, TABLE, false);
	assert_contains(hear(b, one), ": the device is gone\"}");
	assert_contains(ask(b, one, "{\"do\":\"record\",\"device\":\"pad\"}"), "records already");
	close(one);
	close(two);
	for (int i = 0; i < 50; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	assert_int_equal(b->recorded[TABLE], 1); /* on, on, and off once nobody does any more */
	assert_int_equal(b->recorded[PAD], 0);
}

static void what_cannot_be_recorded_is_refused(void **state)
{
	struct bench *b = *state;
	int fd = client(b);
	assert_contains(ask(b, fd, "{\"do\":\"record\",\"device\":\"chair\"}"),
			"there is no device 'chair'; there is: table");
	assert_contains(ask(b, fd, "{\"do\":\"record\"}"), "'device' is missing");
	close(fd);
}

static void who_does_not_read_a_recording_is_told_at_its_end_and_holds_nobody_up(void **state)
{
	struct bench *b = *state;
	int slow = client(b), quick = client(b);
	static const char piece[4096];
	(void)ask(b, slow, "{\"do\":\"record\",\"device\":\"table\"}");
	for (int i = 0; i < 400 && b->recorded[TABLE] > 0; i++) {
		send_piece(b, TABLE, "", piece, sizeof piece);
		uv_run(&b->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(b->recorded[TABLE], 0);
	assert_contains(ask(b, quick, "{\"do\":\"status\"}"), "\"ok\":true");
	const char *line;
	do
		line = hear(b, slow);
	while (strncmp(line, "{\"line\":", 8) == 0);
	assert_contains(line, "{\"ended\":\"what was recorded was not read in time\"}");
	assert_string_equal(hear(b, slow), "");
	close(slow);
	close(quick);
}

/* ---- requests ---- */

static void requests_go_through_the_core_and_say_what_it_said(void **state)
{
	struct bench *b = *state;
	int fd = client(b);
	assert_contains(ask_now(b, fd, "{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":\"on\"}"),
			"\"ok\":true,\"outcome\":\"accepted\"");
	assert_string_equal(b->last.by, "therapyctl");
	assert_true(rig_permission(&b->rig, PAD, PAD_HEAT).granted);
	assert_contains(ask_now(b, fd, "{\"do\":\"set\",\"control\":\"belt.tension\",\"value\":9999}"),
			"\"ok\":false,\"outcome\":\"out_of_range\"");
	(void)ask_now(b, fd, "{\"do\":\"set\",\"control\":\"belt.tension\",\"value\":\"30 lbf\"}");
	assert_near(b->last.value, 133.4466, 0.001);
	assert_contains(ask_now(b, fd, "{\"do\":\"set\",\"control\":\"x.y\",\"value\":1}"), "unknown_control");
	/* a stop needs no time stamp, and none that makes sense */
	assert_contains(ask(b, fd, "{\"do\":\"stop\",\"at_ms\":\"soon\",\"most\":-1}"), "\"ok\":true");
	assert_contains(ask(b, fd, "{\"do\":\"stop\",\"at_ms\":99999999999999}"), "\"ok\":true");
	assert_contains(ask(b, fd, "{\"do\":\"stop\"}"), "\"ok\":true");
	assert_int_equal(b->last.verb, CORE_STOP);
	assert_false(rig_permission(&b->rig, PAD, PAD_HEAT).granted);
	(void)ask_now(b, fd, "{\"do\":\"reset\",\"control\":\"a-rule\"}");
	assert_int_equal(b->last.verb, CORE_RESET);
	assert_string_equal(b->last.device, "");
	assert_string_equal(b->last.control, "a-rule");
	(void)ask_now(b, fd, "{\"do\":\"park\",\"device\":\"table\"}");
	assert_int_equal(b->last.verb, CORE_PARK);
	assert_string_equal(b->last.device, "table");
	(void)ask_now(b, fd, "{\"do\":\"off_test\",\"control\":\"pad.heat\"}");
	assert_int_equal(b->last.verb, CORE_OFF_TEST);
	close(fd);
}

/* A gateway that was stopped finds a minute's requests in its socket. */
static void a_request_that_waited_is_late_but_rest_is_not(void **state)
{
	struct bench *b = *state;
	char text[200];
	int fd = client(b);
	unsigned long long old = clock_boot_ms() - CORE_LATE_MS - 1000;
	snprintf(text, sizeof text, "{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":1,\"at_ms\":%llu}", old);
	assert_contains(ask(b, fd, text), "\"outcome\":\"late\"");
	snprintf(text, sizeof text, "{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":0,\"at_ms\":%llu}", old);
	assert_contains(ask(b, fd, text), "\"outcome\":\"accepted\"");
	snprintf(text, sizeof text, "{\"do\":\"reset\",\"at_ms\":%llu}", old);
	assert_contains(ask(b, fd, text), "\"ok\":false");
	snprintf(text, sizeof text, "{\"do\":\"set\",\"control\":\"pad.heat\",\"value\":1,\"at_ms\":%llu}",
		 old + 3600000);
	assert_contains(ask(b, fd, text), "lies in the future");
	snprintf(text, sizeof text, "{\"do\":\"stop\",\"at_ms\":%llu}", old);
	assert_contains(ask(b, fd, text), "\"ok\":true");
	close(fd);
}

static void a_step_of_a_calibration_is_handed_on_unless_it_waited(void **state)
{
	struct bench *b = *state;
	int fd = client(b);
	char text[160];
	assert_contains(ask_now(b, fd, "{\"do\":\"calibrate\",\"device\":\"table\",\"step\":\"level\",\"session\":7}"),
			"\"ok\":true");
	assert_string_equal(b->adjusted, "calibrate table level 7");
	assert_contains(ask_now(b, fd, "{\"do\":\"tare\",\"device\":\"belt\",\"step\":\"begin\"}"), "\"ok\":true");
	assert_string_equal(b->adjusted, "tare belt begin 0");
	assert_contains(ask(b, fd, "{\"do\":\"tare\",\"device\":\"belt\",\"step\":\"begin\"}"), "'at_ms' is missing");
	snprintf(text, sizeof text, "{\"do\":\"tare\",\"device\":\"belt\",\"step\":\"store\",\"at_ms\":%llu}",
		 (unsigned long long)clock_boot_ms() - 6000);
	assert_contains(ask(b, fd, text), "it was asked 6.0 s ago, expected at most 5 s");
	assert_int_equal(b->adjusts, 2);
	/* To look or to give up changes nothing, and may come late. */
	assert_contains(ask(b, fd, "{\"do\":\"tare\",\"device\":\"belt\",\"step\":\"look\"}"), "\"ok\":true");
	assert_contains(ask(b, fd, "{\"do\":\"tare\",\"device\":\"belt\",\"step\":\"cancel\"}"), "\"ok\":true");
	assert_contains(ask_now(b, fd, "{\"do\":\"calibrate\",\"device\":\"table\"}"), "'step' is missing");
	assert_contains(ask_now(b, fd, "{\"do\":\"calibrate\",\"step\":\"begin\"}"), "'device' is missing");
	close(fd);
}

static void a_refused_reload_says_every_fault(void **state)
{
	struct bench *b = *state;
	int fd = client(b);
	assert_contains(ask(b, fd, "{\"do\":\"reload\"}"), "\"ok\":true");
	b->refuse_reload = true;
	const char *answer = ask(b, fd, "{\"do\":\"reload\"}");
	assert_contains(answer, "the old one stays in force");
	assert_contains(answer, "rules.cfg:3: no");
	assert_int_equal(b->reloads, 2);
	close(fd);
}

static void pack_event(struct bench *b)
{
	const struct tell_stamp stamp = {"home", "boot", 1, b->rig.now, 0, false};
	const struct core_output event = {.type = CORE_OUT_EVENT,
					  .event = CORE_EVENT_STOPPED,
					  .device = CORE_NO_DEVICE,
					  .control = CORE_NO_CONTROL,
					  .cause.device = CORE_NO_DEVICE,
					  .why = "somebody stopped it"};
	b->event_size = tell_event_pack(b->rig.core, &event, &stamp, b->event, sizeof b->event);
	assert_true(b->event_size > 0);
}

static void a_watcher_hears_events_and_changes_and_others_do_not(void **state)
{
	struct bench *b = *state;
	int watcher = client(b), other = client(b);
	pack_event(b);
	assert_contains(ask(b, watcher, "{\"do\":\"watch\"}"), "\"devices\":[");
	const struct console_event event = {1, b->event, b->event_size};
	console_event(b->console, &event);
	assert_contains(hear(b, watcher), "{\"event\":{\"sequence\":1,\"event\":\"stopped\"");
	rig_read(&b->rig, TABLE, TABLE_TILT, 7.5);
	console_touched(b->console, TABLE);
	const char *line = hear(b, watcher);
	assert_contains(line, "{\"device\":{\"device\":\"table\"");
	assert_contains(line, "7.5");
	assert_contains(ask(b, other, "{\"do\":\"alarms\"}"), "\"alarms\""); /* nothing came before the answer */
	close(watcher);
	for (int i = 0; i < 50; i++)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	console_event(b->console, &event); /* to nobody */
	assert_contains(ask(b, other, "{\"do\":\"alarms\"}"), "\"alarms\"");
	close(other);
}

static void the_newest_events_are_told_when_there_are_too_many(void **state)
{
	struct bench *b = *state;
	pack_event(b);
	b->n_events = 5;
	int fd = client(b);
	struct json_object *o = json_tokener_parse(ask(b, fd, "{\"do\":\"events\",\"most\":2}")), *list;
	assert_true(json_object_object_get_ex(o, "events", &list));
	assert_int_equal(json_object_array_length(list), 2);
	json_object_put(o);
	o = json_tokener_parse(ask(b, fd, "{\"do\":\"events\",\"after\":4}"));
	assert_true(json_object_object_get_ex(o, "events", &list));
	assert_int_equal(json_object_array_length(list), 1);
	json_object_put(o);
	close(fd);
}

/* ---- therapyctl itself ---- */

/* Its exit status; what it prints is in `out`. */
static int therapyctl(struct bench *b, char *const words[], char *out, size_t size)
{
	int pipes[2], status = -1;
	size_t n = 0;
	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setenv("THERAPY_SOCKET", b->path, 1);
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execv(THERAPYCTL, words);
		_exit(99);
	}
	close(pipes[1]);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	for (uint64_t end = clock_boot_ms() + 2 * LIMIT_MS; clock_boot_ms() < end;) {
		uv_run(&b->loop, UV_RUN_NOWAIT);
		struct pollfd p = {.fd = pipes[0], .events = POLLIN};
		if (poll(&p, 1, 1) != 1)
			continue;
		ssize_t got = read(pipes[0], out + n, size - n - 1);
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	out[n] = '\0';
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void therapyctl_shows_asks_and_tells_by_its_exit_status(void **state)
{
	struct bench *b = *state;
	char out[8192];
	static char name[] = "therapyctl", s_status[] = "status", json[] = "--json", s_explain[] = "explain",
		    heat[] = "pad.heat", s_command[] = "command", on[] = "on", s_stop[] = "stop", nonsense[] = "dance",
		    cold[] = "pad.cold", s_alarms[] = "alarms", socket_option[] = "--socket",
		    nowhere[] = "/nonexistent/s";
	assert_int_equal(therapyctl(b, (char *[]){name, s_status, NULL}, out, sizeof out), 0);
	assert_contains(out, "pad.heat           off, may be used");
	assert_null(strchr(out, '\033')); /* no colours in a pipe */
	assert_int_equal(therapyctl(b, (char *[]){name, s_status, json, NULL}, out, sizeof out), 0);
	assert_int_equal(out[0], '{');
	assert_int_equal(therapyctl(b, (char *[]){name, s_explain, heat, NULL}, out, sizeof out), 0);
	assert_contains(out, "+ table.tilt 0°, must be <= 10 deg");
	assert_int_equal(therapyctl(b, (char *[]){name, s_command, heat, on, NULL}, out, sizeof out), 0);
	assert_true(rig_permission(&b->rig, PAD, PAD_HEAT).granted);
	assert_int_equal(therapyctl(b, (char *[]){name, s_stop, NULL}, out, sizeof out), 0);
	assert_false(rig_permission(&b->rig, PAD, PAD_HEAT).granted);
	assert_int_equal(therapyctl(b, (char *[]){name, s_alarms, NULL}, out, sizeof out), 0);
	assert_contains(out, "therapyctl reset");
	assert_int_equal(therapyctl(b, (char *[]){name, s_command, heat, on, NULL}, out, sizeof out), 1);
	assert_contains(out, "stopped by therapyctl");
	assert_int_equal(therapyctl(b, (char *[]){name, s_explain, cold, NULL}, out, sizeof out), 1);
	assert_contains(out, "there is: belt.tension, pad.heat");
	assert_int_equal(therapyctl(b, (char *[]){name, nonsense, NULL}, out, sizeof out), 2);
	assert_contains(out, "found 'dance'");
	assert_int_equal(therapyctl(b, (char *[]){name, s_explain, NULL}, out, sizeof out), 2);
	assert_contains(out, "expected a control like pad.heat");
	assert_int_equal(therapyctl(b, (char *[]){name, socket_option, nowhere, s_status, NULL}, out, sizeof out), 3);
	assert_contains(out, "/nonexistent/s: No such file");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(only_owner_and_group_may_connect, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_socket_that_an_earlier_run_left_is_replaced_and_one_in_use_is_not, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_socket_or_lies_open_to_all_is_refused_and_left_alone, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(each_line_has_one_answer_whatever_it_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_line_without_an_end_is_cut_off, setup, teardown),
	    cmocka_unit_test_setup_teardown(clients_are_bounded_and_who_leaves_makes_room, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_does_not_read_is_dropped_and_holds_nobody_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_a_device_says_is_told_to_who_records_it_and_asked_for_only_so_long,
					    setup, teardown),
	    cmocka_unit_test_setup_teardown(what_cannot_be_recorded_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_does_not_read_a_recording_is_told_at_its_end_and_holds_nobody_up, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(requests_go_through_the_core_and_say_what_it_said, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_request_that_waited_is_late_but_rest_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_step_of_a_calibration_is_handed_on_unless_it_waited, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_refused_reload_says_every_fault, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_watcher_hears_events_and_changes_and_others_do_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_newest_events_are_told_when_there_are_too_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(therapyctl_shows_asks_and_tells_by_its_exit_status, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
