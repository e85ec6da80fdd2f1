/* SPDX-License-Identifier: Apache-2.0
 * On real pseudo-terminals, sockets and files. */
#include "link/stream.h"

#include "link/testing_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

struct probe {
	uv_loop_t loop;
	struct stream *stream;
	int other; /* the device's side */
	size_t descriptors;
	uint8_t got[1 << 17];
	size_t n_got, calls;
	uint64_t stamps[256];
	size_t want; /* `enough` when n_got reaches it */
	bool enough, lost, closed, close_at_bytes, close_at_lost;
	int n_lost, n_closed;
	char why[160];
	size_t largest; /* of `calls` */
};

static void on_closed(void *user)
{
	struct probe *p = user;
	p->closed = true;
	p->n_closed++;
}

static void on_bytes(void *user, uint64_t now_ms, const uint8_t *data, size_t size)
{
	struct probe *p = user;
	assert_in_range(size, 1, STREAM_READ_MAX);
	assert_true(p->n_got + size <= sizeof p->got);
	assert_false(p->lost);
	memcpy(p->got + p->n_got, data, size);
	p->largest = size > p->largest ? size : p->largest;
	p->n_got += size;
	if (p->calls < 256)
		p->stamps[p->calls] = now_ms;
	p->calls++;
	p->enough = p->n_got >= p->want;
	if (p->close_at_bytes) {
		stream_close(p->stream, on_closed, p);
		p->stream = NULL;
	}
}

static void on_lost(void *user, const char *why)
{
	struct probe *p = user;
	p->lost = true;
	p->n_lost++;
	snprintf(p->why, sizeof p->why, "%s", why);
	if (p->close_at_lost) {
		stream_close(p->stream, on_closed, p);
		p->stream = NULL;
	}
}

static int setup(void **state)
{
	struct probe *p = calloc(1, sizeof *p);
	p->other = -1;
	p->descriptors = open_descriptors();
	*state = p;
	return uv_loop_init(&p->loop);
}

static int teardown(void **state)
{
	struct probe *p = *state;
	if (p->stream) {
		stream_close(p->stream, on_closed, p);
		run_until(&p->loop, &p->closed);
	}
	if (p->other >= 0)
		close(p->other);
	assert_true(p->n_closed <= 1);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	assert_int_equal(open_descriptors(), p->descriptors);
	free(p);
	return 0;
}

static void watch(struct probe *p, int fd)
{
	struct stream_callbacks callbacks = {.user = p, .bytes = on_bytes, .lost = on_lost};
	assert_int_equal(stream_new(&p->loop, fd, &callbacks, &p->stream), 0);
}

static struct probe *on_pty(void **state)
{
	struct probe *p = *state;
	int slave;
	assert_int_equal(openpty(&p->other, &slave, NULL, NULL, NULL), 0);
	struct termios t;
	tcgetattr(slave, &t);
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	watch(p, slave);
	return p;
}

static struct probe *on_socket(void **state)
{
	struct probe *p = *state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	p->other = pair[0];
	watch(p, pair[1]);
	return p;
}

static void bytes_arrive_whole_and_stamped(void **state)
{
	struct probe *p = on_pty(state);
	uint64_t before = clock_boot_ms();
	const uint8_t sent[] = {0x55, 0x53, 0, 0x0D, 0x0A, 0x03, 0x04, 0x11, 0x13, 0xFF};
	p->want = sizeof sent;
	assert_int_equal(write(p->other, sent, sizeof sent), sizeof sent);
	run_until(&p->loop, &p->enough);
	assert_memory_equal(p->got, sent, sizeof sent);
	assert_in_range(p->stamps[0], before, clock_boot_ms());
	assert_int_equal(p->n_lost, 0);
}

static void what_is_written_arrives(void **state)
{
	struct probe *p = on_pty(state);
	assert_int_equal(stream_write(p->stream, (const uint8_t *)"OFF\n\0", 5), 0);
	uint8_t got[8];
	assert_int_equal(read(p->other, got, sizeof got), 5);
	assert_memory_equal(got, "OFF\n\0", 5);
}

static void a_device_that_is_unplugged_is_told_once(void **state)
{
	struct probe *p = on_pty(state);
	close(p->other);
	p->other = -1;
	run_until(&p->loop, &p->lost);
	run_for(&p->loop, 50);
	assert_int_equal(p->n_lost, 1);
	assert_non_null(strstr(p->why, "unplugged"));
	assert_int_equal(stream_write(p->stream, (const uint8_t *)"x", 1), UV_EPIPE);
}

static void the_end_of_a_connection_is_told_once_after_its_last_bytes(void **state)
{
	struct probe *p = on_socket(state);
	assert_int_equal(write(p->other, "last", 4), 4);
	close(p->other);
	p->other = -1;
	run_until(&p->loop, &p->lost);
	run_for(&p->loop, 50);
	assert_int_equal(p->n_lost, 1);
	assert_int_equal(p->n_got, 4);
	assert_string_equal(p->why, "the other end closed the link");
}

static void a_write_that_fails_tells_of_the_loss_later_and_kills_nobody(void **state)
{
	struct probe *p = on_socket(state);
	close(p->other); /* the loop has not seen it yet; SIGPIPE would end this program */
	p->other = -1;
	assert_true(stream_write(p->stream, (const uint8_t *)"x", 1) < 0);
	assert_int_equal(p->n_lost, 0);
	run_until(&p->loop, &p->lost);
	run_for(&p->loop, 50);
	assert_int_equal(p->n_lost, 1);
}

static void a_loss_found_by_a_write_is_not_told_after_close(void **state)
{
	struct probe *p = on_socket(state);
	close(p->other);
	p->other = -1;
	assert_true(stream_write(p->stream, (const uint8_t *)"x", 1) < 0);
	stream_close(p->stream, on_closed, p);
	p->stream = NULL;
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->n_lost, 0);
}

static void what_the_other_end_does_not_take_waits_in_order_and_has_a_bound(void **state)
{
	struct probe *p = on_socket(state);
	int small = 4096;
	setsockopt(p->other, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	uint8_t piece[1000];
	size_t taken = 0;
	int rc = 0;
	while (rc == 0) {
		for (size_t i = 0; i < sizeof piece; i++)
			piece[i] = (uint8_t)((taken + i) * 7 / 3);
		rc = stream_write(p->stream, piece, sizeof piece);
		if (rc == 0)
			taken += sizeof piece;
		assert_true(taken < 4u << 20);
	}
	assert_int_equal(rc, UV_ENOBUFS);
	assert_true(taken >= STREAM_WRITE_MAX - sizeof piece);
	size_t seen = 0;
	for (int quiet = 0; seen < taken && quiet < 1000;) { /* the loop writes what fits, we read it */
		uint8_t got[3000];
		ssize_t n = read(p->other, got, sizeof got);
		quiet = n > 0 ? 0 : quiet + 1;
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(got[i], (uint8_t)((seen + (size_t)i) * 7 / 3));
		seen += n > 0 ? (size_t)n : 0;
		uv_run(&p->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(seen, taken); /* and nothing of the refused piece */
	assert_int_equal(read(p->other, piece, 1), -1);
	assert_int_equal(stream_write(p->stream, piece, 1), 0); /* room again */
	uint8_t big[STREAM_WRITE_MAX + 1] = {0};
	assert_int_equal(stream_write(p->stream, big, sizeof big), UV_ENOBUFS);
	assert_int_equal(p->n_lost, 0);
}

static void a_flood_is_handed_on_in_bounded_pieces(void **state)
{
	struct probe *p = on_socket(state);
	static uint8_t flood[65536];
	for (size_t i = 0; i < sizeof flood; i++)
		flood[i] = (uint8_t)(i * 31);
	p->want = sizeof flood;
	assert_int_equal(write(p->other, flood, sizeof flood), sizeof flood);
	run_until(&p->loop, &p->enough);
	assert_true(p->calls >= sizeof flood / STREAM_READ_MAX);
	assert_memory_equal(p->got, flood, sizeof flood);
}

static void it_may_be_closed_from_inside_its_callbacks(void **state)
{
	struct probe *p = on_socket(state);
	p->close_at_bytes = true;
	assert_int_equal(write(p->other, "xy", 2), 2);
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->calls, 1);
	assert_int_equal(p->n_lost, 0);
	p->closed = false;
	p->n_closed = 0;
	close(p->other);
	on_socket(state);
	p->close_at_lost = true;
	close(p->other);
	p->other = -1;
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->n_lost, 1);
}

static void what_is_no_stream_is_refused_and_stays_the_callers(void **state)
{
	struct probe *p = *state;
	struct stream_callbacks callbacks = {.user = p, .bytes = on_bytes, .lost = on_lost};
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_true(stream_new(&p->loop, fileno(file), &callbacks, &p->stream) < 0);
	assert_int_equal(fcntl(fileno(file), F_GETFD) < 0, 0);
	fclose(file);
	assert_int_equal(stream_new(&p->loop, 1000, &callbacks, &p->stream), UV_EBADF);
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(stream_new_replay(&p->loop, pair[0], 1, &callbacks, &p->stream), UV_EINVAL);
	close(pair[0]);
	close(pair[1]);
	assert_null(p->stream);
}

/* ---- recordings ---- */

static struct probe *on_recording(void **state, const char *text, double speed)
{
	struct probe *p = *state;
	char path[] = "/tmp/therapy-recording-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	struct stream_callbacks callbacks = {.user = p, .bytes = on_bytes, .lost = on_lost};
	assert_int_equal(stream_new_replay(&p->loop, fd, speed, &callbacks, &p->stream), 0);
	return p;
}

static void one_who_needs_long_is_handed_less_at_a_time(void **state)
{
	struct probe *p = *state;
	uint8_t much[2000];
	int ends[2];
	memset(much, 'x', sizeof much);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p->other = ends[0];
	watch(p, ends[1]);
	stream_hand_on(p->stream, 512);
	assert_int_equal(write(p->other, much, sizeof much), sizeof much);
	p->want = sizeof much;
	run_until(&p->loop, &p->enough);
	assert_int_equal(p->n_got, sizeof much);
	assert_int_equal(p->largest, 512);
}

static void a_recording_is_played_at_its_pace(void **state)
{
	struct probe *p = on_recording(state, "# two frames\n100 < 01 02\n150 > ff\n300 < 03\n", 2);
	uint64_t start = clock_boot_ms();
	run_until(&p->loop, &p->lost);
	assert_int_equal(p->calls, 2);
	assert_memory_equal(p->got, "\1\2\3", 3);
	assert_true(p->stamps[0] >= start + 50);
	assert_true(p->stamps[1] >= p->stamps[0] + 90);
	assert_string_equal(p->why, "end of recording");
	assert_int_equal(p->n_lost, 1);
}

static void at_full_speed_the_loop_still_gets_its_turns(void **state)
{
	static char text[64 * 1024];
	size_t n = 0, lines = 0;
	while (n + 32 < sizeof text) {
		n += (size_t)snprintf(text + n, sizeof text - n, "%zu < %02zx\n", lines * 1000, lines % 256);
		lines++;
	}
	struct probe *p = on_recording(state, text, 0);
	uint64_t start = clock_boot_ms();
	size_t turns = 0;
	for (; !p->lost && turns < 100000; turns++)
		uv_run(&p->loop, UV_RUN_ONCE);
	assert_int_equal(p->n_got, lines);
	assert_true(turns >= lines / 128); /* a turn runs due timers before and after it waits */
	assert_true(clock_boot_ms() - start < 5000);
}

static void what_is_written_to_a_recording_is_forgotten(void **state)
{
	struct probe *p = on_recording(state, "0 < 01\n100000 < 02\n", 1);
	p->want = 1;
	run_until(&p->loop, &p->enough);
	assert_int_equal(stream_write(p->stream, (const uint8_t *)"x", 1), 0);
	assert_int_equal(p->n_lost, 0);
}

static void a_damaged_recording_ends_with_its_line_named(void **state)
{
	const struct {
		const char *text, *why;
	} rows[] = {
	    {"0 < 01\n5 < 0\n", "line 2 of the recording: expected bytes as two hexadecimal digits each"},
	    {"10 < 01\n\n5 < 02\n", "line 3 of the recording: expected a time that is not before the line above"},
	    {"garbage", "line 1 of the recording: expected the time in ms since the start"},
	    {"", "end of recording"},
	    {"0 < 01", "end of recording"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct probe *p = on_recording(state, rows[i].text, 0);
		run_until(&p->loop, &p->lost);
		assert_string_equal(p->why, rows[i].why);
		stream_close(p->stream, on_closed, p);
		p->stream = NULL;
		run_until(&p->loop, &p->closed);
		p->lost = p->closed = false;
		p->n_closed = 0;
	}
}

static void a_recording_may_be_closed_from_inside_its_callbacks(void **state)
{
	struct probe *p = *state;
	p->close_at_bytes = true;
	on_recording(state, "0 < 01\n0 < 02\n", 0);
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->calls, 1);
	assert_int_equal(p->n_lost, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(bytes_arrive_whole_and_stamped),
	    TEST(what_is_written_arrives),
	    TEST(a_device_that_is_unplugged_is_told_once),
	    TEST(the_end_of_a_connection_is_told_once_after_its_last_bytes),
	    TEST(a_write_that_fails_tells_of_the_loss_later_and_kills_nobody),
	    TEST(a_loss_found_by_a_write_is_not_told_after_close),
	    TEST(what_the_other_end_does_not_take_waits_in_order_and_has_a_bound),
	    TEST(a_flood_is_handed_on_in_bounded_pieces),
	    TEST(it_may_be_closed_from_inside_its_callbacks),
	    TEST(what_is_no_stream_is_refused_and_stays_the_callers),
	    TEST(one_who_needs_long_is_handed_less_at_a_time),
	    TEST(a_recording_is_played_at_its_pace),
	    TEST(at_full_speed_the_loop_still_gets_its_turns),
	    TEST(what_is_written_to_a_recording_is_forgotten),
	    TEST(a_damaged_recording_ends_with_its_line_named),
	    TEST(a_recording_may_be_closed_from_inside_its_callbacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
