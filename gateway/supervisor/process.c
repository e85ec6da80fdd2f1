/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "supervisor/child.h"
#include "supervisor/described.h"
#include "supervisor/ended.h"
#include "supervisor/link_keeper.h"
#include "supervisor/to_device.h"
#include "wire/wire.h"

struct process {
	uv_loop_t *loop;
	struct process_config config;
	struct process_callbacks callbacks;
	struct child *child; /* the process that it is in, perhaps with others */
	struct wire *wire;
	struct link_keeper link;
	bool said;    /* described itself since it was started */
	bool wanted;  /* process_open was called */
	bool held;    /* by process_hold */
	bool records; /* by process_record */
	bool linked;  /* a descriptor was handed over and not reported lost */
	bool present;
	bool gave_up; /* since it was started: its plugin could not be used */
	bool failed, closing, child_closed;
	uint64_t heard_ms, asked_ms, nonce;
	Therapy__V1__DeviceDescription *description;
	Therapy__V1__DeviceCounters counters;
	unsigned open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

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

static bool shared(const struct process *p)
{
	return child_members(p->child) > 1;
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
	if (p->open_handles == 0 && p->child_closed && p->closed)
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
	close(fd); /* the wire keeps its own copy until it is sent */
}

static void open_link(struct process *p)
{
	if (!p->wanted || p->held || !p->said || !p->wire || p->linked || p->closing)
		return;
	if (p->config.address.kind == LINK_MQTT) {
		p->linked = to_device_open(p->wire, -1) == 0;
		return;
	}
	if (p->description)
		link_keeper_start(&p->link, p->description);
}

/* ---- its wire ---- */

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

/* What came of the start cannot be used. Others of the same process are not to suffer for it: it alone is let go. */
static void put_out(struct process *p)
{
	if (shared(p)) {
		drop_wire(p);
		p->asked_ms = 0;
	} else {
		child_kill(p->child);
	}
}

/* ---- what it says ---- */

static void on_description(struct process *p, const Therapy__V1__DeviceDescription *said)
{
	/* Topics, rules and requests go by it: a plugin's fault must not make one device answer for another. */
	if (strcmp(said->device_id, id(p)) != 0) {
		char why[400];
		snprintf(why, sizeof why, "its device process says that it is '%.40s': plugin %.200s is broken",
			 said->device_id, plugin(p));
		put_out(p);
		fail(p, why);
		return;
	}
	p->said = true;
	if (p->records && p->wire)
		to_device_record(p->wire, true);
	if (p->description) {
		/* Rules were compiled against the rows of the first description. */
		if (!described_same(p->description, said)) {
			log_error(id(p),
				  "its plugin changed while the gateway ran; restart the gateway to use the new one");
			p->failed = true;
			put_out(p);
			return;
		}
		open_link(p);
		return;
	}
	p->description = described_copy(said);
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
		p->callbacks.readings(p->callbacks.user, child_starts(p->child), batch);
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

/* A process of its own exits then, and is started again; what others share goes on without it until it is started anew.
 */
static void on_failure(struct process *p, const char *why)
{
	p->gave_up = true;
	if (!p->description)
		fail(p, why);
	else if (shared(p))
		log_error(id(p),
			  "%s; the others of process '%s' go on, and this is tried again when it is started anew", why,
			  child_name(p->child));
	else
		log_error(id(p), "%s", why);
}

static void on_message(void *user, const uint8_t *data, size_t size)
{
	struct process *p = user;
	p->heard_ms = clock_boot_ms();
	p->asked_ms = 0;
	child_heard(p->child, p->heard_ms);
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
		on_failure(p, m->failure->text);
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
	case THERAPY__V1__FROM_DEVICE__BODY_TRAFFIC:
		if (p->records && p->callbacks.traffic)
			p->callbacks.traffic(p->callbacks.user, m->traffic);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_SETTING:
		if (p->description && m->setting->setting < p->description->n_settings && p->callbacks.setting)
			p->callbacks.setting(p->callbacks.user, m->setting);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_RELEASED:
		if (p->callbacks.released)
			p->callbacks.released(p->callbacks.user, m->released->result);
		break;
	case THERAPY__V1__FROM_DEVICE__BODY_PONG: /* heard_ms is all it is for */
	case THERAPY__V1__FROM_DEVICE__BODY__NOT_SET:
	default:
		break;
	}
}

/* ---- its life ---- */

static void on_let_go(void *user)
{
	struct process *p = user;
	drop_wire(p);
	set_present(p, false);
	/* A process without its sockets has nothing to do but rest and exit: process_tick sees to it that it does. */
	p->asked_ms = p->gave_up || p->failed ? 0 : clock_boot_ms();
}

static void on_wire_lost(void *user, const char *why)
{
	struct process *p = user;
	log_debug(id(p), "socket of the device process: %s", why);
	if (shared(p) && (p->gave_up || p->config.setup->describe_only)) {
		drop_wire(p);
		p->asked_ms = 0;
		set_present(p, false);
		return;
	}
	child_let_go(p->child); /* it is ending, or one of its devices is beyond what can be said: all come to rest */
}

static bool on_wanted(void *user)
{
	const struct process *p = user;
	return !p->failed && !p->closing;
}

static void on_begun(void *user, struct child *child, int fd)
{
	struct process *p = user;
	p->child = child;
	p->said = p->linked = p->gave_up = false;
	p->heard_ms = clock_boot_ms();
	p->asked_ms = 0;
	struct wire_callbacks callbacks = {p, on_message, on_wire_lost};
	int error = wire_new(p->loop, fd, &callbacks, &p->wire);
	if (error) {
		close(fd); /* the child sees the end of its socket and exits; that starts it again */
		log_error(id(p), "no memory for the wire: %s", uv_strerror(error));
		return;
	}
	p->open_handles++;
	to_device_setup(p->wire, p->config.setup, child_starts(p->child));
}

static void on_ended(void *user, const struct child_end *how)
{
	struct process *p = user;
	/* libuv looks after all children when one of them has ended: this one may have said what it is, and gone, since
	 * the loop last looked at its socket. */
	if (p->wire)
		wire_drain(p->wire);
	drop_wire(p);
	set_present(p, false);
	p->linked = false;
	p->asked_ms = 0;
	if (p->description || p->failed)
		return;
	char why[1200], doing[600];
	struct str sentence;
	str_init(&sentence, why, sizeof why);
	if (shared(p))
		snprintf(doing, sizeof doing, " while loading the plugins of process '%s', %s among them",
			 child_name(p->child), plugin(p));
	else
		snprintf(doing, sizeof doing, " while loading plugin %s", plugin(p));
	ended_say(&sentence, how->status, how->signal_number, doing, how->words);
	fail(p, why);
}

static void on_child_closed(void *user)
{
	struct process *p = user;
	p->child_closed = true;
	finish_close(p);
}

int process_new_shared(uv_loop_t *loop, const char *name, const struct process_config *configs,
		       const struct process_callbacks *callbacks, size_t n, struct process **out)
{
	struct child_config child = {
	    .program = configs[0].program, .name = name, .once = configs[0].setup->describe_only};
	struct child_member *members = calloc(n, sizeof *members);
	struct child *c = NULL;
	int error = members ? 0 : UV_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct process *p = error ? NULL : calloc(1, sizeof *p);
		out[i] = p;
		if (!p) {
			error = UV_ENOMEM;
			continue;
		}
		p->loop = loop;
		p->config = configs[i];
		p->callbacks = callbacks[i];
		p->link = (struct link_keeper){.bluez = configs[i].bluez,
					       .bind_key = configs[i].bind_key,
					       .loop = loop,
					       .name = id(p),
					       .address = &p->config.address,
					       .user = p,
					       .opened = on_opened};
		p->counters = (Therapy__V1__DeviceCounters)THERAPY__V1__DEVICE_COUNTERS__INIT;
		p->counters.device_id = p->config.setup->device_id;
		members[i] = (struct child_member){p, id(p), on_wanted, on_begun, on_let_go, on_ended, on_child_closed};
	}
	if (!error)
		error = child_new(loop, &child, members, n, &c);
	for (size_t i = 0; error && i < n; i++) {
		free(out[i]);
		out[i] = NULL;
	}
	free(members);
	return error;
}

int process_new(uv_loop_t *loop, const struct process_config *config, const struct process_callbacks *callbacks,
		struct process **out)
{
	return process_new_shared(loop, config->setup->device_id, config, callbacks, 1, out);
}

void process_free(struct process *p)
{
	if (!p)
		return;
	if (p->description)
		therapy__v1__device_description__free_unpacked(p->description, NULL);
	child_free(p->child);
	free(p);
}

void process_open(struct process *p)
{
	p->wanted = true;
	open_link(p);
}

/* A process that loses its wires brings its devices to rest and exits; the next one finds no link. */
void process_hold(struct process *p, bool hold)
{
	p->held = hold;
	if (hold && p->linked && p->wire)
		child_let_go(p->child);
	open_link(p);
}

void process_record(struct process *p, bool on)
{
	p->records = on;
	if (p->wire && p->said)
		to_device_record(p->wire, on);
}

/* One that has ended just now reads its setup at its next start anyway. */
void process_restart(struct process *p)
{
	if (p->wire)
		child_restart(p->child);
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

void process_setting_kept(struct process *p, uint32_t setting)
{
	if (p->wire && p->said)
		to_device_setting_kept(p->wire, setting);
}

bool process_release(struct process *p, Therapy__V1__Release *release)
{
	return p->wire && p->said && to_device_release(p->wire, release) == 0;
}

static void end_it(struct process *p, uint64_t now_ms)
{
	unsigned long long silent_ms = now_ms - p->asked_ms;
	if (shared(p))
		log_error(id(p),
			  "device process has not answered for %llu ms: ending process '%s' and with it %zu devices",
			  silent_ms, child_name(p->child), child_members(p->child));
	else
		log_error(id(p), "device process has not answered for %llu ms: ending it", silent_ms);
	child_let_go(p->child);
	child_kill(p->child);
}

void process_tick(struct process *p, uint64_t now_ms)
{
	if (!child_running(p->child) || p->closing)
		return;
	/* Loading a plugin may touch a slow disk: five times the deadline. */
	uint64_t limit = p->said ? p->config.deadline_ms : p->config.deadline_ms * 5u;
	if (p->asked_ms && now_ms > p->asked_ms && now_ms - p->asked_ms >= limit) {
		end_it(p, now_ms);
		return;
	}
	if (now_ms >= child_heard_ms(p->child) + PROCESS_SILENT_MS || now_ms >= p->heard_ms + PROCESS_QUIET_MS)
		ask(p, now_ms);
}

uint32_t process_respawns(const struct process *p)
{
	uint32_t starts = child_starts(p->child);
	return starts ? starts - 1 : 0;
}

Therapy__V1__DeviceCounters *process_counters(struct process *p)
{
	link_keeper_count(&p->link, &p->counters);
	return &p->counters;
}

static void on_link_closed(void *user)
{
	handle_closed(user);
}

void process_close(struct process *p, unsigned wait_ms, void (*closed)(void *user), void *user)
{
	p->closing = true;
	p->closed = closed;
	p->closed_user = user;
	drop_wire(p);
	p->open_handles += link_keeper_close(&p->link, on_link_closed, p);
	child_leave(p->child, wait_ms);
}
