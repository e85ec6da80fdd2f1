/* SPDX-License-Identifier: Apache-2.0 */
#include "device_host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/str.h"
#include "confinement.h"
#include "device_process.h"
#include "loop/watchdog.h"
#include "sparing.h"

#define WIRE_FD 3 /* the first */
#define TICK_MS 1000u
#define FAILED  3 /* exit status after a Failure */

struct device_host {
	uv_loop_t loop;
	uv_timer_t tick;
	struct watchdog watchdog;
	struct to_gateway_batch batch;
	struct device_process **devices;
	struct confinement_device *confined; /* of those that have something to load */
	size_t *loading;                     /* which they are */
	size_t n, set_up, left, n_loading;
	int status;
};

static void on_waiting(void *user)
{
	struct device_host *h = user;
	watchdog_feed(&h->watchdog);
}

/* ---- loading: of all at once, for what is given up before is given up for all ---- */

static void open_all(void *user)
{
	struct device_host *h = user;
	for (size_t i = 0; i < h->n_loading; i++) {
		device_process_open(h->devices[h->loading[i]]);
		watchdog_feed(&h->watchdog);
	}
}

static void load(struct device_host *h)
{
	char text[1024];
	struct str why;
	str_init(&why, text, sizeof text);
	for (size_t i = 0; i < h->n; i++)
		if (device_process_begin(h->devices[i], &h->confined[h->n_loading]))
			h->loading[h->n_loading++] = i;
	bool ok = h->n_loading > 0 && confinement_load(h->confined, h->n_loading, open_all, h, &why);
	for (size_t i = 0; i < h->n_loading; i++) {
		device_process_start(h->devices[h->loading[i]], ok ? NULL : text);
		watchdog_feed(&h->watchdog);
	}
}

static void on_set_up(void *user)
{
	struct device_host *h = user;
	if (++h->set_up == h->n)
		load(h);
}

/* ---- its life ---- */

static void on_left(void *user, bool failed)
{
	struct device_host *h = user;
	if (failed)
		h->status = FAILED;
	if (++h->left == h->n)
		uv_close((uv_handle_t *)&h->tick, NULL);
}

static void on_tick(uv_timer_t *tick)
{
	struct device_host *h = tick->data;
	watchdog_feed(&h->watchdog);
	for (size_t i = 0; i < h->n; i++)
		device_process_tick(h->devices[i]);
}

/* Nothing of the gateway's may live on in here: an inherited broker socket would delay the last will by seconds. The
 * terminal's Ctrl-C and the service manager's TERM reach every process of the group; this one ends when its sockets do,
 * after its devices are at rest. */
static void let_go(unsigned wires)
{
	close_range(WIRE_FD + wires, ~0u, 0);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "therapy-device");
}

static int begin(struct device_host *h, size_t n)
{
	h->devices = calloc(n, sizeof *h->devices);
	h->confined = calloc(n, sizeof *h->confined);
	h->loading = calloc(n, sizeof *h->loading);
	if (!h->devices || !h->confined || !h->loading || uv_loop_init(&h->loop) != 0)
		return -1;
	to_gateway_batch_init(&h->batch);
	const struct device_process_callbacks callbacks = {h, on_set_up, on_left, on_waiting};
	for (; h->n < n; h->n++) {
		int fd = WIRE_FD + (int)h->n;
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		if (device_process_new(&h->loop, fd, &h->batch, &callbacks, &h->devices[h->n]) != 0)
			return -1;
	}
	uv_timer_init(&h->loop, &h->tick);
	h->tick.data = h;
	uv_timer_start(&h->tick, on_tick, TICK_MS, TICK_MS);
	return watchdog_start(&h->watchdog, DEVICE_HOST_WATCHDOG_MS);
}

static void release(struct device_host *h)
{
	for (size_t i = 0; i < h->n; i++)
		device_process_free(h->devices[i]);
	free(h->devices);
	free(h->confined);
	free(h->loading);
	free(h);
}

int device_host_main(int argc, char **argv)
{
	long wires = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
	if (wires < 1 || wires > (long)DEVICE_HOST_MAX)
		return 2;
	let_go((unsigned)wires);
	sparing_begin();
	struct device_host *h = calloc(1, sizeof *h);
	if (!h)
		return 1;
	if (begin(h, (size_t)wires) != 0) {
		log_error("device-process",
			  "cannot start: descriptor 3 must be the gateway's socket (this command is for the gateway "
			  "itself)");
		release(h);
		return 1;
	}

	uv_run(&h->loop, UV_RUN_DEFAULT);

	/* It stays: a plugin's unloading, or what it left to be done at exit, is not to keep the process either. */
	watchdog_feed(&h->watchdog);
	if (uv_loop_close(&h->loop) != 0) {
		log_error("device-process", "a handle was left open");
		h->status = 1;
	}
	int status = h->status;
	release(h);
	return status;
}
