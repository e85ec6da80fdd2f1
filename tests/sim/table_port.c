/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/table_port.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define BURST_MAX 256u /* samples in one write; 33 bytes each */
#define SENSOR_C  28.5
#define PART      "table"

struct burst {
	uint8_t bytes[BURST_MAX * WT901_SAMPLE];
	size_t size;
	bool crossed, beyond; /* an angle frame in it went over the watched line */
	double tilt;
};

static struct wt901_pose pose_now(const struct table_port *port, uint64_t now_us)
{
	return (struct wt901_pose){.roll_deg = tilt_at(&port->tilt, now_us) + drift_at(&port->drift, now_us),
				   .roll_deg_s = tilt_speed(&port->tilt, now_us),
				   .temp_c = SENSOR_C};
}

static void add_sample(struct table_port *port, uint64_t now_us, struct burst *burst)
{
	struct wt901_pose pose = port->mischief.frozen ? port->frozen_pose : pose_now(port, now_us);
	uint8_t bytes[WT901_SAMPLE];
	wt901_sample(&pose, bytes);
	for (unsigned i = 0; i < WT901_FRAMES; i++) {
		uint8_t *frame = bytes + i * WT901_FRAME;
		if (!mischief_frame(&port->mischief, now_us / 1000, frame, WT901_FRAME))
			continue;
		memcpy(burst->bytes + burst->size, frame, WT901_FRAME);
		burst->size += WT901_FRAME;
		bool beyond = fabs(pose.roll_deg) > port->watch_deg;
		if (i == WT901_FRAMES - 1 && !isnan(port->watch_deg) && beyond != port->beyond) {
			port->beyond = burst->beyond = beyond;
			burst->crossed = true;
			burst->tilt = pose.roll_deg;
		}
	}
}

/* Is the other end open? What the gateway says to the sensor is read away on the way. */
static bool listener(struct table_port *port)
{
	struct pollfd p = {.fd = port->master, .events = POLLIN};
	poll(&p, 1, 0);
	if (p.revents & POLLIN) {
		char drain[256];
		ssize_t n = read(port->master, drain, sizeof drain);
		if (n > 0)
			port->received_bytes += (uint64_t)n;
	}
	return !(p.revents & POLLHUP);
}

static void send_burst(struct table_port *port, const struct burst *burst)
{
	uint64_t frames = burst->size / WT901_FRAME;
	if (frames == 0)
		return;
	if (port->master < 0 || !listener(port)) {
		port->mischief.unheard += frames;
		return;
	}
	ssize_t n = write(port->master, burst->bytes, burst->size);
	uint64_t whole = n > 0 ? (uint64_t)n / WT901_FRAME : 0;
	port->mischief.sent += whole;
	port->mischief.overrun += frames - whole;
	if (!burst->crossed)
		return;
	uint64_t now_us = clock_boot_us();
	if (burst->beyond)
		port->beyond_us = now_us;
	world_tell(port->world, "{\"event\":\"crossing\",\"beyond\":%s,\"limit\":%.3f,\"tilt\":%.3f,\"us\":%llu}",
		   burst->beyond ? "true" : "false", port->watch_deg, burst->tilt, (unsigned long long)now_us);
}

static void on_timer(uv_poll_t *handle, int status, int events)
{
	struct table_port *port = handle->data;
	uint64_t expirations;
	(void)status;
	(void)events;
	if (read(port->timer_fd, &expirations, sizeof expirations) < 0)
		return;
	uint64_t now_us = clock_boot_us();
	uint64_t due = (uint64_t)((double)(now_us - port->base_us) * port->rate_hz / 1e6);
	if (due > port->samples + BURST_MAX) { /* the machine slept: a sensor does not catch up */
		port->base_us = now_us;
		port->samples = 0;
		due = 1;
	}
	struct burst burst = {.size = 0};
	for (; port->samples < due; port->samples++)
		add_sample(port, now_us, &burst);
	send_burst(port, &burst);
}

void table_port_rate(struct table_port *port, double rate_hz)
{
	double every_s = rate_hz < 1000 ? 1.0 / rate_hz : 0.001;
	struct timespec t = {.tv_sec = (time_t)every_s, .tv_nsec = (long)((every_s - floor(every_s)) * 1e9)};
	struct itimerspec spec = {.it_interval = t, .it_value = t};
	timerfd_settime(port->timer_fd, 0, &spec, NULL);
	port->rate_hz = rate_hz;
	port->base_us = clock_boot_us();
	port->samples = 0;
}

static int open_pair(struct table_port *port)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int slave = -1, code = 0;
	char name[64];
	struct termios t;
	if (master < 0)
		return uv_translate_sys_error(errno);
	if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof name) ||
	    (slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || tcgetattr(slave, &t))
		goto failed;
	cfmakeraw(&t);
	cfsetspeed(&t, B9600);
	if (tcsetattr(slave, TCSANOW, &t))
		goto failed;
	unlink(port->path);
	if (symlink(name, port->path))
		goto failed;
	close(slave); /* from here on POLLHUP says that nobody listens */
	port->master = master;
	return 0;
failed:
	code = uv_translate_sys_error(errno);
	if (slave >= 0)
		close(slave);
	close(master);
	return code;
}

int table_port_plug(struct table_port *port)
{
	if (port->master >= 0)
		return 0;
	int code = open_pair(port);
	if (code == 0)
		world_tell(port->world, "{\"event\":\"table\",\"plugged\":true,\"us\":%llu}",
			   (unsigned long long)clock_boot_us());
	return code;
}

void table_port_unplug(struct table_port *port)
{
	if (port->master < 0)
		return;
	unlink(port->path);
	close(port->master);
	port->master = -1;
	world_tell(port->world, "{\"event\":\"table\",\"plugged\":false,\"us\":%llu}",
		   (unsigned long long)clock_boot_us());
}

void table_port_freeze(struct table_port *port, bool frozen)
{
	port->frozen_pose = pose_now(port, clock_boot_us());
	port->frozen_pose.roll_deg_s = 0;
	port->mischief.frozen = frozen;
}

int table_port_open(struct table_port *port, struct world *world, double rate_hz)
{
	*port = (struct table_port){.world = world, .master = -1, .timer_fd = -1, .watch_deg = (double)NAN};
	port->mischief.rng = &world->rng;
	tilt_put(&port->tilt, clock_boot_us(), 0);
	struct str path;
	str_init(&path, port->path, sizeof port->path);
	str_add(&path, "%s/table", world->dir);
	if (path.overflow)
		return UV_ENAMETOOLONG;
	int code = open_pair(port);
	if (code)
		return code;
	port->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (port->timer_fd < 0) {
		code = uv_translate_sys_error(errno);
		table_port_unplug(port);
		return code;
	}
	table_port_rate(port, rate_hz);
	uv_poll_init(world->loop, &port->timer, port->timer_fd);
	port->timer.data = port;
	uv_poll_start(&port->timer, UV_READABLE, on_timer);
	return 0;
}

void table_port_state(const struct table_port *port, struct str *s)
{
	const struct mischief *m = &port->mischief;
	uint64_t now_us = clock_boot_us();
	str_add(s, "{\"plugged\":%s,\"tilt\":%.3f,\"target\":%.3f,\"speed\":%.3f,\"rate_hz\":%.3f,\"frozen\":%s,",
		port->master >= 0 ? "true" : "false", tilt_at(&port->tilt, now_us), port->tilt.target,
		tilt_speed(&port->tilt, now_us), port->rate_hz, m->frozen ? "true" : "false");
	str_add(s,
		"\"made\":%llu,\"sent\":%llu,\"corrupted\":%llu,\"dropped\":%llu,\"silenced\":%llu,\"overrun\":%llu,"
		"\"unheard\":%llu,",
		(unsigned long long)m->made, (unsigned long long)m->sent, (unsigned long long)m->corrupted,
		(unsigned long long)m->dropped, (unsigned long long)m->silenced, (unsigned long long)m->overrun,
		(unsigned long long)m->unheard);
	str_add(s, "\"received_bytes\":%llu,\"beyond_us\":%llu}", (unsigned long long)port->received_bytes,
		(unsigned long long)port->beyond_us);
}

static void on_closed(uv_handle_t *handle)
{
	struct table_port *port = handle->data;
	close(port->timer_fd);
	port->timer_fd = -1;
}

void table_port_close(struct table_port *port)
{
	if (port->timer_fd < 0)
		return;
	table_port_unplug(port);
	uv_close((uv_handle_t *)&port->timer, on_closed);
}
