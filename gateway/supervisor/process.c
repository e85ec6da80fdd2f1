/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "link/opener.h"
#include "supervisor/ended.h"
#include "supervisor/output.h"
#include "supervisor/to_device.h"
#include "wire/wire.h"

#define BACKOFF_FIRST_MS 100u
#define BACKOFF_MAX_MS   30000u
#define STEADY_MS        60000u

struct process {
	uv_loop_t *loop;
	struct process_config config;
	struct process_callbacks callbacks;
	uv_process_t child;
	uv_timer_t timer; /* respawn, or the end of waiting in process_close */
	struct wire *wire;
	struct output *output; /* of the process that runs, or ran last */
	struct opener *opener;
	bool running; /* the child handle is active */
	bool said;    /* described itself since it was started */
	bool wanted;  /* process_open was called */
	bool held;    /* by process_hold */
	bool linked;  /* a descriptor was handed over and not reported lost */
	bool present;
	bool failed, closing, timer_closed;
	uint32_t generation, backoff_ms;
	uint64_t started_ms, heard_ms, asked_ms, nonce;
	Therapy__V1__DeviceDescription *description;
	Therapy__V1__DeviceCounters counters;
	char open_why[256];   /* why its link could not be opened the last time, */
	unsigned open_failed; /* and how often since it last could */
	unsigned open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

static int spawn(struct process *p);

static const char *id(const struct process *p)
{
	return p->config.setup->device_id;
}

/* What it loads or starts. */
static const char *plugin(const struct process *p)
{
	const Therapy__V1__Setup *s = p->config.setup;
	if (s->definition)
		return "generic";
	return *s->program ? s->program : s->plugin_path;
}

static void set_present(struct process *p, bool present)
{
	if (p->present == present)
		return;
	p->present = present;
	if (!p->closing)
		p->callbacks.presence(p->callbacks.user, present);
}

static void finish_close(struct process *p)
{
	if (p->open_handles == 0 && p->closed)
		p->closed(p->closed_user);
}

static void handle_closed(struct process *p)
{
	p->open_handles--;
	if (p->closing)
		finish_close(p);
}

static void fail(struct process *p, const char *why)
{
	if (p->failed)
		return;
	p->failed = true;
	if (!p->closing)
		p->callbacks.failed(p->callbacks.user, why);
}

/* ---- the link ---- */

static void on_opened(void *user, int fd)
{
	struct process *p = user;
	if (p->wire && p->said && to_device_open(p->wire, fd) == 0)
		p->linked = true;
	if (p->open_failed > 1)
		log_info(id(p), "the link could be opened after %u attempts", p->open_failed);
	p->open_failed = 0;
	p->open_why[0] = '\0';
	close(fd); /* the wire keeps its own copy until it is sent */
}

static void on_open_failed(void *user, const char *why, uint64_t retry_ms)
{
	struct process *p = user;
	char kept[sizeof p->open_why];
	snprintf(kept, sizeof kept, "%s", why);
	p->open_failed++;
	if (strcmp(kept, p->open_why) == 0) { /* a device that is off for a week fills no disk */
		log_debug(id(p), "%s; attempt %u, trying again in %.1f s", why, p->open_failed,
			  (double)retry_ms / 1000.0);
		return;
	}
	memcpy(p->open_why, kept, sizeof kept);
	log_warn(id(p), "%s; trying again, now in %.1f s and later at most every 30 s", why, (double)retry_ms / 1000.0);
}

static void open_link(struct process *p)
{
	if (!p->wanted || p->held || !p->said || !p->wire || p->linked || p->closing)
		return;
	if (p->config.address.kind == LINK_MQTT) {
		p->linked = to_device_open(p->wire, -1) == 0;
		return;
	}
	if (!p->opener) {
		struct opener_callbacks callbacks = {p, on_opened, on_open_failed};
		int error = opener_new(p->loop, &p->config.address, p->description ? p->description->baud : 0,
				       &callbacks, &p->opener);
		if (error) {
			log_error(id(p), "cannot open links: %s", uv_strerror(error));
			return;
		}
		p->open_handles++;
	}
	opener_start(p->opener);
}

/* ---- what it says ---- */

static bool same_description(const Therapy__V1__DeviceDescription *a, const Therapy__V1__DeviceDescription *b)
{
	size_t size = therapy__v1__device_description__get_packed_size(a);
	if (size != therapy__v1__device_description__get_packed_size(b))
		return false;
	uint8_t *packed = malloc(size * 2 + 1);
	if (!packed)
		return false;
	therapy__v1__device_description__pack(a, packed);
	therapy__v1__device_description__pack(b, packed + size);
	bool same = memcmp(packed, packed + size, size) == 0;
	free(packed);
	return same;
}

static void on_description(struct process *p, const Therapy__V1__DeviceDescription *said)
{
	/* Topics, rules and requests go by it: a plugin's fault must not make one device answer for another. */
	if (strcmp(said->device_id, id(p)) != 0) {
		char why[400];
		snprintf(why, sizeof why, "its device process says that it is '%.40s': plugin %.200s is broken",
			 said->device_id, plugin(p));
		uv_process_kill(&p->child, SIGKILL);
		fail(p, why);
		return;
	}
	p->said = true;
	if (p->description) {
		/* Rules were compiled against the rows of the first description. */
		if (!same_description(p->description, said)) {
			log_error(id(p),
				  "its plugin changed while the gateway ran; restart the gateway to use the new one");
			p->failed = true;
			uv_process_kill(&p->child, SIGKILL);
			return;
		}
		open_link(p);
		return;
	}
	/* The wire's memory goes with this message: keep a copy. */
	size_t size = therapy__v1__device_description__get_packed_size(said);
	uint8_t *packed = malloc(size + 1);
	if (packed) {
		therapy__v1__device_description__pack(said, packed);
		p->description = therapy__v1__device_description__unpack(NULL, size, packed);
		free(packed);
	}
	if (!p->description) {
		fail(p, "out of memory");
		return;
	}
	p->callbacks.described(p->callbacks.user, p->description);
	open_link(p);
}

static void on_readings(struct process *p, const Therapy__V1__ReadingBatch *batch)
{
	if (batch->n_readings > 0 && batch->first_sequence > 0)
		p->callbacks.readings(p->callbacks.user, p->generation, batch);
}

static void on_link_state(struct process *p, const Therapy__V1__LinkState *state)
{
	if (state->up) {
		log_info(id(p), "link is up");
		set_present(p, true);
		return;
	}
	log_warn(id(p), "link is down: %s", state->why && *state->why ? state->why : "no reason given");
	set_present(p, false);
	if (p->config.address.kind != LINK_MQTT) { /* an MQTT process reconnects by itself */
		p->linked = false;
		open_link(p);
	}
}

/* They outlive the message, and its text and unknown fields go with it. */
static void keep_counters(struct process *p, const Therapy__V1__DeviceCounters *said)
{
	const ProtobufCMessage plain = PROTOBUF_C_MESSAGE_INIT(&therapy__v1__device_counters__descriptor);
	p->counters = *said;
	p->counters.base = plain;
	p->counters.device_id = p->config.setup->device_id;
}

static void on_message(void *user, const uint8_t *data, size_t size)
{
	struct process *p = user;
	p->heard_ms = clock_boot_ms();
	p->asked_ms = 0;
	Therapy__V1__FromDevice *m = therapy__v1__from_device__unpack(wire_allocator(p->wire), size, data);
	if (!m || p->closing) {
		if (!m)
			log_error(id(p), "sent %zu bytes that are no FromDevice message", size);
		return;
	}
	switch (m->body_case) {
	case THERAPY__V1__FROM_DEVICE__BODY_DESCRIPTION:
		on_description(p, m->description);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_FAILURE:
		if (p->description)
			log_error(id(p), "%s", m->failure->text);
		else
			fail(p, m->failure->text);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_READINGS:
		on_readings(p, m->readings);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_CONTROL:
		p->callbacks.control(p->callbacks.user, m->control);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_LINK:
		on_link_state(p, m->link);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_COUNTERS:
		keep_counters(p, m->counters);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_KEPT:
		p->callbacks.kept(p->callbacks.user, m->kept);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_PONG: /* heard_ms is all it is for */
	case THERAPY__V1__FROM_DEVICE__BODY__NOT_SET:
	default:
		break;
	}
}

/* ---- its life ---- */

static void on_wire_closed(void *user)
{
	handle_closed(user);
}

static void drop_wire(struct process *p)
{
	if (!p->wire)
		return;
	wire_close(p->wire, on_wire_closed, p);
	p->wire = NULL;
}

static void on_wire_lost(void *user, const char *why)
{
	struct process *p = user;
	log_debug(id(p), "socket of the device process: %s", why);
	drop_wire(p);
	set_present(p, false);
	/* A process without its socket has nothing to do but rest and exit: process_tick sees to it that it does. */
	p->asked_ms = clock_boot_ms();
}

static void on_output_closed(void *user)
{
	handle_closed(user);
}

static void drop_output(struct process *p)
{
	if (p->output)
		output_close(p->output, on_output_closed, p);
	p->output = NULL;
}

static void on_respawn(uv_timer_t *timer)
{
	struct process *p = timer->data;
	int error = spawn(p);
	if (error) {
		log_error(id(p), "cannot start its device process: %s", uv_strerror(error));
		uv_timer_start(&p->timer, on_respawn, BACKOFF_MAX_MS, 0);
	}
}

static void on_child_closed(uv_handle_t *handle)
{
	struct process *p = handle->data;
	handle_closed(p);
}

static void on_exit_child(uv_process_t *child, int64_t status, int signal_number)
{
	struct process *p = child->data;
	p->running = false;
	uv_close((uv_handle_t *)child, on_child_closed);
	drop_wire(p);
	set_present(p, false);
	p->linked = false;
	char why[1200], doing[600] = "";
	struct str sentence;
	str_init(&sentence, why, sizeof why);
	if (!p->description)
		snprintf(doing, sizeof doing, " while loading plugin %s", plugin(p));
	output_drain(p->output);
	ended_say(&sentence, (int)status, signal_number, doing, output_words(p->output, signal_number != 0));
	drop_output(p);
	if (p->closing) {
		uv_timer_stop(&p->timer);
		if (!p->timer_closed) {
			p->timer_closed = true;
			uv_close((uv_handle_t *)&p->timer, on_child_closed);
		}
		return;
	}
	if (!p->description)
		fail(p, why);
	if (p->failed || p->config.setup->describe_only)
		return; /* not to be used, or done */
	if (clock_boot_ms() - p->started_ms >= STEADY_MS)
		p->backoff_ms = BACKOFF_FIRST_MS;
	log_error(id(p), "%s; starting it again in %.1f s", why, p->backoff_ms / 1000.0);
	uv_timer_start(&p->timer, on_respawn, p->backoff_ms, 0);
	p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MAX_MS ? p->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static int spawn(struct process *p)
{
	int ends[2], print = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return uv_translate_sys_error(errno);
	int error = output_new(p->loop, id(p), &p->output, &print);
	if (error) {
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	p->open_handles++;
	char program[] = "therapy-gateway", command[] = "device-process";
	char *name = p->config.setup->device_id;
	char *args[] = {program, command, name, NULL};
	/* Descriptor 3 is its end of the wire; nothing else of ours is given but what it prints to. */
	uv_stdio_container_t stdio[4] = {{.flags = UV_IGNORE},
					 {.flags = UV_INHERIT_FD, .data.fd = print},
					 {.flags = UV_INHERIT_FD, .data.fd = print},
					 {.flags = UV_INHERIT_FD, .data.fd = ends[1]}};
	uv_process_options_t options = {
	    .exit_cb = on_exit_child, .file = p->config.program, .args = args, .stdio_count = 4, .stdio = stdio};
	error = uv_spawn(p->loop, &p->child, &options);
	close(ends[1]);
	close(print);
	p->child.data = p;
	if (error) {
		/* libuv has made the handle either way */
		p->open_handles++;
		uv_close((uv_handle_t *)&p->child, on_child_closed);
		drop_output(p);
		close(ends[0]);
		return error;
	}
	p->open_handles++;
	p->running = true;
	p->said = p->linked = false;
	p->generation++;
	p->started_ms = p->heard_ms = clock_boot_ms();
	p->asked_ms = 0;
	struct wire_callbacks callbacks = {p, on_message, on_wire_lost};
	error = wire_new(p->loop, ends[0], &callbacks, &p->wire);
	if (error) {
		close(ends[0]); /* the child sees the end of its socket and exits; that starts it again */
		log_error(id(p), "no memory for the wire: %s", uv_strerror(error));
		return 0;
	}
	p->open_handles++;
	to_device_setup(p->wire, p->config.setup, p->generation);
	return 0;
}

static void free_closed(void *user)
{
	process_free(user);
}

int process_new(uv_loop_t *loop, const struct process_config *config, const struct process_callbacks *callbacks,
		struct process **out)
{
	struct process *p = calloc(1, sizeof *p);
	if (!p)
		return UV_ENOMEM;
	p->loop = loop;
	p->config = *config;
	p->callbacks = *callbacks;
	p->backoff_ms = BACKOFF_FIRST_MS;
	p->counters = (Therapy__V1__DeviceCounters)THERAPY__V1__DEVICE_COUNTERS__INIT;
	p->counters.device_id = config->setup->device_id;
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	p->open_handles++;
	int error = spawn(p);
	if (error) {
		process_close(p, 0, free_closed, p);
		return error;
	}
	*out = p;
	return 0;
}

void process_free(struct process *p)
{
	if (!p)
		return;
	if (p->description)
		therapy__v1__device_description__free_unpacked(p->description, NULL);
	free(p);
}

void process_open(struct process *p)
{
	p->wanted = true;
	open_link(p);
}

/* A process that loses its wire brings its device to rest and exits; the next one finds no link. */
void process_hold(struct process *p, bool hold)
{
	p->held = hold;
	if (hold && p->linked && p->wire) {
		drop_wire(p);
		set_present(p, false);
		p->asked_ms = clock_boot_ms();
	}
	open_link(p);
}

const Therapy__V1__DeviceDescription *process_description(const struct process *p)
{
	return p->description;
}

/* A message that cannot be handed over means a process that does not read: its lease runs out by itself, and the
 * heartbeat ends it. */
void process_lease(struct process *p, uint16_t control, uint64_t grant, double value, uint64_t expires_ms, bool adopt)
{
	if (p->wire && p->said)
		to_device_lease(p->wire, control, grant, value, expires_ms, adopt);
}

void process_off_test(struct process *p, uint16_t control, uint64_t grant, uint64_t expires_ms)
{
	if (p->wire && p->said)
		to_device_off_test(p->wire, control, grant, expires_ms);
}

/* From now on it has its deadline to say anything at all. */
static void ask(struct process *p, uint64_t now_ms)
{
	if (p->asked_ms || !p->wire)
		return;
	p->asked_ms = now_ms;
	to_device_ping(p->wire, ++p->nonce);
}

void process_rest(struct process *p, uint16_t control, bool stop)
{
	if (p->wire && p->said)
		to_device_rest(p->wire, control, stop);
	if (p->said)
		ask(p, clock_boot_ms()); /* one that hangs must not be found out only a second later */
}

void process_tick(struct process *p, uint64_t now_ms)
{
	if (!p->running || p->closing)
		return;
	/* Loading a plugin may touch a slow disk: five times the deadline. */
	uint64_t limit = p->said ? p->config.deadline_ms : p->config.deadline_ms * 5u;
	if (p->asked_ms && now_ms > p->asked_ms && now_ms - p->asked_ms >= limit) {
		log_error(id(p), "device process has not answered for %llu ms: ending it",
			  (unsigned long long)(now_ms - p->asked_ms));
		p->asked_ms = now_ms;
		set_present(p, false);
		uv_process_kill(&p->child, SIGKILL);
		return;
	}
	if (now_ms >= p->heard_ms + PROCESS_SILENT_MS)
		ask(p, now_ms);
}

pid_t process_pid(const struct process *p)
{
	return p->running ? uv_process_get_pid(&p->child) : 0;
}

uint32_t process_respawns(const struct process *p)
{
	return p->generation ? p->generation - 1 : 0;
}

Therapy__V1__DeviceCounters *process_counters(struct process *p)
{
	return &p->counters;
}

static void on_opener_closed(void *user)
{
	handle_closed(user);
}

/* It was given its time. It may still be driving its device to rest: leave it to finish, it exits by itself. */
static void on_waited(uv_timer_t *timer)
{
	struct process *p = timer->data;
	if (p->running) {
		p->running = false;
		uv_close((uv_handle_t *)&p->child, on_child_closed);
		drop_output(p);
	}
	if (!p->timer_closed) {
		p->timer_closed = true;
		uv_close((uv_handle_t *)&p->timer, on_child_closed);
	}
}

void process_close(struct process *p, unsigned wait_ms, void (*closed)(void *user), void *user)
{
	p->closing = true;
	p->closed = closed;
	p->closed_user = user;
	drop_wire(p);
	if (p->opener)
		opener_close(p->opener, on_opener_closed, p);
	p->opener = NULL;
	uv_timer_start(&p->timer, on_waited, p->running ? wait_ms : 0, 0);
}
