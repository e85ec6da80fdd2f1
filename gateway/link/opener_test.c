/* SPDX-License-Identifier: Apache-2.0
 * On real pseudo-terminals, loopback listeners and files. */
#include "link/opener.h"

#include "link/testing_loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "link/serial.h"

struct probe {
	uv_loop_t loop;
	struct opener *opener;
	size_t descriptors;
	int fd; /* given to us */
	int n_opened, n_failed;
	uint64_t waits[16], failed_at[16];
	char why[512];
	bool opened, failed, closed, close_at_failed, close_at_opened;
	int want_failed;
};

static void on_closed(void *user)
{
	struct probe *p = user;
	assert_false(p->closed);
	p->closed = true;
}

static void close_opener(struct probe *p)
{
	struct opener *o = p->opener;
	p->opener = NULL;
	opener_close(o, on_closed, p);
}

static void on_opened(void *user, int fd)
{
	struct probe *p = user;
	p->opened = true;
	p->n_opened++;
	p->fd = fd;
	if (p->close_at_opened)
		close_opener(p);
}

static void on_failed(void *user, const char *why, uint64_t retry_ms)
{
	struct probe *p = user;
	if (p->n_failed < 16) {
		p->waits[p->n_failed] = retry_ms;
		p->failed_at[p->n_failed] = clock_boot_ms();
	}
	p->n_failed++;
	p->failed = p->n_failed >= p->want_failed;
	snprintf(p->why, sizeof p->why, "%s", why);
	if (p->close_at_failed)
		close_opener(p);
}

static int setup(void **state)
{
	struct probe *p = calloc(1, sizeof *p);
	p->fd = -1;
	p->want_failed = 1;
	p->descriptors = open_descriptors();
	*state = p;
	return uv_loop_init(&p->loop);
}

static void end(struct probe *p)
{
	if (p->opener)
		close_opener(p);
	run_until(&p->loop, &p->closed);
	p->closed = p->opened = false;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static int teardown(void **state)
{
	struct probe *p = *state;
	assert_null(p->opener);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	assert_int_equal(open_descriptors(), p->descriptors);
	free(p);
	return 0;
}

static void begin(struct probe *p, const char *text)
{
	struct link_address address;
	char why[512];
	assert_int_equal(link_address_parse(text, &address, why, sizeof why), 0);
	struct opener_callbacks callbacks = {.user = p, .opened = on_opened, .failed = on_failed};
	assert_int_equal(opener_new(&p->loop, &address, 9600, &callbacks, &p->opener), 0);
	opener_start(p->opener);
	assert_int_equal(p->n_opened + p->n_failed, 0); /* nothing from inside */
}

/* A listener on a free loopback port. */
static int listener(char text[64])
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof at;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(text, 64, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

/* A port nobody listens on, bound so that nobody gets it meanwhile. */
static int closed_port(char text[64])
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof at;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(text, 64, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t size = sizeof value;
	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void assert_ours(int fd)
{
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void a_listener_is_connected_at_once_without_delays_of_ours(void **state)
{
	struct probe *p = *state;
	char text[64];
	int server = listener(text);
	uint64_t start = clock_boot_ms();
	begin(p, text);
	run_until(&p->loop, &p->opened);
	assert_true(clock_boot_ms() - start < 100);
	assert_ours(p->fd);
	assert_int_equal(option(p->fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option(p->fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	int peer = accept(server, NULL, NULL);
	assert_int_equal(write(peer, "hello", 5), 5);
	char got[8];
	fcntl(p->fd, F_SETFL, 0);
	assert_int_equal(read(p->fd, got, sizeof got), 5);
	run_for(&p->loop, 30);
	assert_int_equal(p->n_opened, 1); /* no second one unasked */
	close(peer);
	close(server);
	end(p);
}

static void a_name_is_looked_up(void **state)
{
	struct probe *p = *state;
	char text[64], named[80];
	int server = listener(text);
	snprintf(named, sizeof named, "tcp://localhost%s", strrchr(text, ':'));
	begin(p, named);
	run_until(&p->loop, &p->opened); /* ::1 refuses where it exists; 127.0.0.1 is tried next */
	close(server);
	end(p);
}

static void a_name_that_does_not_exist_is_told_with_what_to_do(void **state)
{
	struct probe *p = *state;
	begin(p, "tcp://no-such-name.invalid:7001");
	run_until(&p->loop, &p->failed);
	assert_non_null(strstr(p->why, "tcp://no-such-name.invalid:7001: the name is not resolved"));
	end(p);
}

static void a_refused_connection_is_tried_again_ever_more_slowly(void **state)
{
	struct probe *p = *state;
	char text[64];
	int port = closed_port(text);
	p->want_failed = 4;
	begin(p, text);
	run_until(&p->loop, &p->failed);
	assert_non_null(strstr(p->why, "connection refused: is the device ready, and is this its port?"));
	uint64_t base = 100;
	for (int i = 0; i < 4; i++, base *= 2) {
		assert_in_range(p->waits[i], base, base + base / 4);
		if (i > 0)
			assert_true(p->failed_at[i] + 1 >= p->failed_at[i - 1] + p->waits[i - 1]);
	}
	assert_int_equal(listen(port, 4), 0); /* the device starts */
	run_until(&p->loop, &p->opened);
	assert_int_equal(p->n_failed, 4);
	close(port);
	end(p);
}

/* A listener whose queue is full answers nobody, as a device that is off. */
static void a_device_that_does_not_answer_is_given_up_after_five_seconds(void **state)
{
	struct probe *p = *state;
	char text[64];
	int server = listener(text), queued[3];
	assert_int_equal(listen(server, 0), 0);
	struct sockaddr_in at;
	socklen_t size = sizeof at;
	assert_int_equal(getsockname(server, (struct sockaddr *)&at, &size), 0);
	for (size_t i = 0; i < 3; i++) {
		queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(queued[i], (struct sockaddr *)&at, size);
	}
	uint64_t start = clock_boot_ms();
	begin(p, text);
	run_until(&p->loop, &p->failed);
	assert_in_range(clock_boot_ms() - start, 4990, 6000);
	assert_non_null(strstr(p->why, "no answer within 5 s: is the device on"));
	for (size_t i = 0; i < 3; i++)
		close(queued[i]);
	close(server);
	end(p);
}

static void a_link_that_breaks_at_once_waits_before_it_is_opened_again(void **state)
{
	struct probe *p = *state;
	char text[64];
	int server = listener(text);
	begin(p, text);
	run_until(&p->loop, &p->opened);
	for (uint64_t base = 100; base <= 200; base *= 2) {
		close(p->fd);
		p->fd = -1;
		p->opened = false;
		uint64_t start = clock_boot_ms();
		opener_start(p->opener);
		opener_start(p->opener); /* while one is under way: nothing */
		run_until(&p->loop, &p->opened);
		assert_true(clock_boot_ms() + 1 >= start + base);
		assert_true(clock_boot_ms() < start + 2 * base + 1000);
	}
	assert_int_equal(p->n_opened, 3);
	close(server);
	end(p);
}

static void a_serial_port_is_raw_at_its_speed_and_ours_alone(void **state)
{
	struct probe *p = *state;
	int master, slave;
	char name[64], text[96];
	assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
	close(slave);
	snprintf(text, sizeof text, "serial:%s?baud=115200", name);
	begin(p, text);
	run_until(&p->loop, &p->opened);
	assert_ours(p->fd);
	struct termios t;
	assert_int_equal(tcgetattr(p->fd, &t), 0);
	assert_int_equal(cfgetispeed(&t), B115200);
	assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(t.c_iflag & (IXON | ICRNL | INLCR), 0);
	assert_int_equal(t.c_oflag & OPOST, 0);
	assert_int_equal(t.c_cflag & (CSIZE | PARENB | CSTOPB), CS8);
	const char bytes[] = "\x03\x04\r\n\x11\x13";
	char got[8];
	assert_int_equal(write(master, bytes, 6), 6);
	assert_int_equal(read(p->fd, got, sizeof got), 6);
	assert_memory_equal(got, bytes, 6);
	assert_int_equal(read(p->fd, got, 1), -1); /* nothing there is "later", not the end */

	int second = -1;
	char why[256];
	struct str s;
	str_init(&s, why, sizeof why);
	assert_true(serial_open(name, 9600, &second, &s) < 0);
	assert_int_equal(second, -1);
	assert_non_null(strstr(why, "another program has it open: end that one"));
	tcgetattr(p->fd, &t);
	assert_int_equal(cfgetospeed(&t), B115200); /* and left as it was */

	int copy = dup(p->fd); /* the lock lives as long as any copy: the device process's */
	end(p);
	str_init(&s, why, sizeof why);
	assert_true(serial_open(name, 9600, &second, &s) < 0);
	close(copy);
	assert_int_equal(serial_open(name, 9600, &second, &s), 0);
	close(second);
	close(master);
}

static void a_busy_port_is_tried_until_it_is_free(void **state)
{
	struct probe *p = *state;
	int master, slave, held = -1;
	char name[64], text[96], why[256];
	assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
	close(slave);
	struct str s;
	str_init(&s, why, sizeof why);
	assert_int_equal(serial_open(name, 9600, &held, &s), 0);
	snprintf(text, sizeof text, "serial:%s", name);
	begin(p, text);
	run_until(&p->loop, &p->failed);
	close(held);
	run_until(&p->loop, &p->opened);
	end(p);
	close(master);
}

static void every_port_that_cannot_be_opened_says_what_to_do(void **state)
{
	struct probe *p = *state;
	const struct {
		const char *text, *why;
	} rows[] = {
	    {"serial:/dev/there-is-no-such-port",
	     "/dev/there-is-no-such-port: there is no such port: is the device plugged in?"},
	    {"serial:/dev/null", "/dev/null: is no serial port, expected one such as /dev/ttyUSB0"},
	    {"serial:/tmp", "/tmp: is no serial port"},
	    {"replay:/there/is/no/such/file", "the recording cannot be opened: No such file"},
	    {"replay:/dev/null", "/dev/null: is no file, expected a recording"},
	    {"replay:/tmp", "/tmp: is no file, expected a recording"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		p->failed = false;
		p->n_failed = 0;
		begin(p, rows[i].text);
		run_until(&p->loop, &p->failed);
		if (!strstr(p->why, rows[i].why))
			fail_msg("expected \"%s\" in: %s", rows[i].why, p->why);
		end(p);
		p->n_failed = 0;
	}
}

static void a_port_without_permission_names_the_group(void **state)
{
	struct probe *p = *state;
	char dir[] = "/tmp/therapy-opener-XXXXXX", path[64], why[256];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/port", dir);
	int made = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0);
	assert_true(made >= 0);
	close(made);
	int fd = -1;
	struct str s;
	str_init(&s, why, sizeof why);
	assert_true(serial_open(path, 9600, &fd, &s) < 0);
	if (geteuid() != 0) /* root may open it, and finds no serial port */
		assert_non_null(strstr(why, "permission denied: add the gateway's user to group dialout"));
	else
		assert_non_null(strstr(why, "is no serial port"));
	unlink(path);
	rmdir(dir);
	assert_null(p->opener);
}

static void a_recording_is_just_opened(void **state)
{
	struct probe *p = *state;
	char path[] = "/tmp/therapy-recording-XXXXXX", text[64];
	int made = mkstemp(path);
	assert_true(made >= 0);
	close(made);
	snprintf(text, sizeof text, "replay:%s", path);
	begin(p, text);
	run_until(&p->loop, &p->opened);
	assert_true((fcntl(p->fd, F_GETFD) & FD_CLOEXEC) != 0);
	unlink(path);
	end(p);
}

static void what_it_cannot_open_is_refused_at_once(void **state)
{
	struct probe *p = *state;
	struct opener_callbacks callbacks = {.user = p, .opened = on_opened, .failed = on_failed};
	struct link_address mqtt = {.kind = LINK_MQTT, .place = "pad"};
	assert_int_equal(opener_new(&p->loop, &mqtt, 0, &callbacks, &p->opener), UV_EINVAL);
	struct link_address serial = {.kind = LINK_SERIAL, .place = "/dev/ttyUSB0"};
	assert_int_equal(opener_new(&p->loop, &serial, 0, &callbacks, &p->opener), UV_EINVAL);
	assert_int_equal(opener_new(&p->loop, &serial, 9601, &callbacks, &p->opener), UV_EINVAL);
	assert_null(p->opener);
}

static void it_may_be_closed_at_any_moment(void **state)
{
	struct probe *p = *state;
	char text[64], named[80];
	int port = closed_port(text);
	begin(p, text); /* before the first turn */
	end(p);
	begin(p, text); /* while connecting */
	uv_run(&p->loop, UV_RUN_NOWAIT);
	end(p);
	snprintf(named, sizeof named, "tcp://localhost%s", strrchr(text, ':'));
	p->n_failed = 0;
	begin(p, named); /* while looking up */
	uv_run(&p->loop, UV_RUN_NOWAIT);
	end(p);
	p->n_failed = 0;
	p->close_at_failed = true;
	begin(p, text);
	end(p);
	assert_true(p->n_failed <= 1);
	close(port);
}

static void it_may_be_closed_from_inside_its_callbacks(void **state)
{
	struct probe *p = *state;
	char text[64];
	int server = listener(text);
	p->close_at_opened = true;
	begin(p, text);
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->n_opened, 1);
	p->closed = true; /* end() waits for it */
	end(p);
	p->n_opened = 0;
	p->close_at_failed = true;
	begin(p, "replay:/there/is/no/such/file");
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->n_failed, 1);
	end(p);
	close(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_listener_is_connected_at_once_without_delays_of_ours),
	    TEST(a_name_is_looked_up),
	    TEST(a_name_that_does_not_exist_is_told_with_what_to_do),
	    TEST(a_refused_connection_is_tried_again_ever_more_slowly),
	    TEST(a_device_that_does_not_answer_is_given_up_after_five_seconds),
	    TEST(a_link_that_breaks_at_once_waits_before_it_is_opened_again),
	    TEST(a_serial_port_is_raw_at_its_speed_and_ours_alone),
	    TEST(a_busy_port_is_tried_until_it_is_free),
	    TEST(every_port_that_cannot_be_opened_says_what_to_do),
	    TEST(a_port_without_permission_names_the_group),
	    TEST(a_recording_is_just_opened),
	    TEST(what_it_cannot_open_is_refused_at_once),
	    TEST(it_may_be_closed_at_any_moment),
	    TEST(it_may_be_closed_from_inside_its_callbacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
