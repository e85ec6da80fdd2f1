/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/testing.h"
#include "loop/boot_timer.h"
#include "loop/watchdog.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	uv_loop_t loop;
	struct boot_timer timer;
	unsigned fired;
	uint64_t at_ms;
};

static void on_fired(void *user)
{
	struct fixture *f = user;
	f->fired++;
	f->at_ms = clock_boot_ms();
	boot_timer_close(&f->timer, NULL);
}

static void the_timer_fires_once_and_not_early(void **state)
{
	(void)state;
	struct fixture f = {0};
	assert_int_equal(uv_loop_init(&f.loop), 0);
	assert_int_equal(boot_timer_init(&f.loop, &f.timer, &f, on_fired), 0);
	uint64_t due = clock_boot_ms() + 20;
	boot_timer_set(&f.timer, due + 60000);
	boot_timer_set(&f.timer, due);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(f.fired, 1);
	assert_true(f.at_ms >= due);
	assert_int_equal(uv_loop_close(&f.loop), 0);
}

static void a_time_in_the_past_fires_at_the_next_turn(void **state)
{
	(void)state;
	struct fixture f = {0};
	assert_int_equal(uv_loop_init(&f.loop), 0);
	assert_int_equal(boot_timer_init(&f.loop, &f.timer, &f, on_fired), 0);
	boot_timer_set(&f.timer, 0);
	assert_int_equal(f.fired, 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(f.fired, 1);
	assert_int_equal(uv_loop_close(&f.loop), 0);
}

/* A child that stops itself can neither feed nor run: only the kernel's timer can end it. */
static void a_stopped_process_is_killed(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct watchdog w;
		if (watchdog_start(&w, 100) != 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(2);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void a_fed_process_lives(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct watchdog w;
		if (watchdog_start(&w, 300) != 0)
			_exit(1);
		uint64_t end = clock_boot_ms() + 600;
		while (clock_boot_ms() < end) {
			watchdog_feed(&w);
			usleep(5000); /* the pause is the subject: progress at intervals */
		}
		watchdog_stop(&w);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_timer_fires_once_and_not_early),
	    cmocka_unit_test(a_time_in_the_past_fires_at_the_next_turn),
	    cmocka_unit_test(a_stopped_process_is_killed),
	    cmocka_unit_test(a_fed_process_lives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
