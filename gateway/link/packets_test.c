/* SPDX-License-Identifier: Apache-2.0 */
#include "link/packets.h"

#include "link/testing_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct probe {
	uv_loop_t loop;
	struct stream *stream;
	int other;
	size_t descriptors;
	unsigned n_got, want;
	bool enough, lost, closed, close_at_packet;
	uint8_t channel, last[PACKETS_DATA_MAX + 1];
	size_t size;
	uint64_t stamp_ms;
	char why[300];
};

static void on_closed(void *user)
{
	struct probe *p = user;
	p->closed = true;
}

static void on_packet(void *user, uint64_t now_ms, uint8_t channel, const uint8_t *data, size_t size)
{
	struct probe *p = user;
	assert_in_range(size, 1, PACKETS_DATA_MAX);
	assert_int_equal(data[size], 0);
	p->channel = channel;
	p->size = size;
	memcpy(p->last, data, size);
	p->stamp_ms = now_ms;
	p->n_got++;
	p->enough = p->n_got >= p->want;
	if (p->close_at_packet) {
		stream_close(p->stream, on_closed, p);
		p->stream = NULL;
	}
}

static void on_lost(void *user, const char *why)
{
	struct probe *p = user;
	assert_false(p->lost);
	p->lost = true;
	snprintf(p->why, sizeof p->why, "%s", why);
}

static int setup(void **state)
{
	struct probe *p = calloc(1, sizeof *p);
	int ends[2];
	p->descriptors = open_descriptors();
	assert_int_equal(uv_loop_init(&p->loop), 0);
	assert_int_equal(packets_pair(ends), 0);
	p->other = ends[1];
	p->want = 1;
	struct stream_callbacks callbacks = {.user = p, .packet = on_packet, .lost = on_lost};
	assert_int_equal(packets_new(&p->loop, ends[0], &callbacks, &p->stream), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct probe *p = *state;
	if (p->stream)
		stream_close(p->stream, on_closed, p);
	run_until(&p->loop, &p->closed);
	if (p->other >= 0)
		close(p->other);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	assert_int_equal(open_descriptors(), p->descriptors);
	free(p);
	return 0;
}

static void a_message_arrives_whole_with_its_channel_and_time(void **state)
{
	struct probe *p = *state;
	uint8_t packet[1 + PACKETS_DATA_MAX];
	memset(packet, 0xAB, sizeof packet);
	packet[0] = 3;
	uint64_t before = clock_boot_ms();
	assert_int_equal(send(p->other, packet, sizeof packet, 0), sizeof packet);
	run_until(&p->loop, &p->enough);
	assert_int_equal(p->channel, 3);
	assert_int_equal(p->size, PACKETS_DATA_MAX);
	assert_memory_equal(p->last, packet + 1, PACKETS_DATA_MAX);
	assert_in_range(p->stamp_ms, before, clock_boot_ms());
}

static void what_is_sent_is_one_packet(void **state)
{
	struct probe *p = *state;
	uint8_t got[16];
	assert_int_equal(packets_send(p->stream, 1, (const uint8_t *)"\x65\x00", 2), 0);
	assert_int_equal(packets_send(p->stream, 0, (const uint8_t *)"\x6f", 1), 0);
	assert_int_equal(recv(p->other, got, sizeof got, 0), 3);
	assert_memory_equal(got, "\x01\x65\x00", 3);
	assert_int_equal(recv(p->other, got, sizeof got, 0), 2);
	assert_memory_equal(got, "\x00\x6f", 2);
}

static void what_is_no_message_is_refused(void **state)
{
	struct probe *p = *state;
	uint8_t data[PACKETS_DATA_MAX + 1] = {0};
	assert_int_equal(packets_send(p->stream, 0, data, 0), UV_EINVAL);
	assert_int_equal(packets_send(p->stream, 0, data, sizeof data), UV_EINVAL);
	assert_int_equal(packets_send(p->stream, 0xFF, data, 1), UV_EINVAL);
	assert_int_equal(stream_write(p->stream, data, 1), UV_ENOTSUP);
	assert_int_equal(recv(p->other, data, sizeof data, MSG_DONTWAIT), -1);
}

static void one_that_does_not_read_gets_a_bounded_number(void **state)
{
	struct probe *p = *state;
	uint8_t data[20] = {0};
	unsigned sent = 0;
	while (sent < 100000 && packets_send(p->stream, 0, data, sizeof data) == 0)
		sent++;
	assert_in_range(sent, 16, 9999);
	assert_int_equal(packets_send(p->stream, 0, data, sizeof data), UV_ENOBUFS);
	uint8_t got[64];
	while (recv(p->other, got, sizeof got, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(packets_send(p->stream, 0, data, sizeof data), 0); /* and goes on */
}

static void a_flood_takes_turns_with_the_rest_of_the_loop(void **state)
{
	struct probe *p = *state;
	for (unsigned i = 0; i < 3 * PACKETS_PER_TURN; i++)
		assert_int_equal(send(p->other, "\x00\x01", 2, 0), 2);
	uv_run(&p->loop, UV_RUN_NOWAIT);
	assert_int_equal(p->n_got, PACKETS_PER_TURN);
	uv_run(&p->loop, UV_RUN_NOWAIT);
	assert_int_equal(p->n_got, 2 * PACKETS_PER_TURN);
}

static void the_reason_said_at_the_end_is_the_reason_told(void **state)
{
	struct probe *p = *state;
	struct stream *there = NULL;
	struct stream_callbacks callbacks = {.user = p, .packet = on_packet, .lost = on_lost};
	assert_int_equal(packets_new(&p->loop, p->other, &callbacks, &there), 0);
	p->other = -1;
	assert_int_equal(packets_send(there, 2, (const uint8_t *)"x", 1), 0);
	packets_say_why(there, "the device went out of range");
	stream_close(there, on_closed, p);
	run_until(&p->loop, &p->closed);
	p->closed = false;
	run_until(&p->loop, &p->lost);
	assert_int_equal(p->n_got, 1); /* what was sent before it arrives before it */
	assert_string_equal(p->why, "the device went out of range");
}

static void an_end_that_dies_is_told_once(void **state)
{
	struct probe *p = *state;
	close(p->other);
	p->other = -1;
	run_until(&p->loop, &p->lost);
	assert_string_equal(p->why, "the other end closed the link");
	assert_int_equal(packets_send(p->stream, 0, (const uint8_t *)"x", 1), UV_EPIPE);
	run_for(&p->loop, 10); /* on_lost fails if it comes again */
}

static void closing_in_a_callback_ends_it(void **state)
{
	struct probe *p = *state;
	p->close_at_packet = true;
	for (int i = 0; i < 4; i++)
		assert_int_equal(send(p->other, "\x00\x01", 2, 0), 2);
	run_until(&p->loop, &p->closed);
	assert_int_equal(p->n_got, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_message_arrives_whole_with_its_channel_and_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_sent_is_one_packet, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_message_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_does_not_read_gets_a_bounded_number, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_flood_takes_turns_with_the_rest_of_the_loop, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_reason_said_at_the_end_is_the_reason_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_end_that_dies_is_told_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(closing_in_a_callback_ends_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
