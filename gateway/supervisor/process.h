/* SPDX-License-Identifier: Apache-2.0
 *
 * process - the gateway's side of one device in its device process: opens its link and hands the descriptor over, hears
 * it, asks when it is silent, and has the process killed when it does not answer. It decides nothing about readings or
 * controls: those go to the callbacks as they come. On the loop's thread.
 *
 * Several devices may share one process (child.h starts it, and starts it again). Each has a wire and a link of its own
 * in there, and they have one fate: one that does not answer, or a plugin that crashes, ends it for all of them.
 */
#ifndef SUPERVISOR_PROCESS_H
#define SUPERVISOR_PROCESS_H

#include <stdbool.h>
#include <uv.h>

#include "link/address.h"
#include "therapy/v1/device.pb-c.h"
#include "therapy/v1/wire.pb-c.h"

/* How soon one that hangs is found: it is asked after this much silence, and looked at this often. */
#define PROCESS_SILENT_MS 1000u
#define PROCESS_TICK_MS   500u
/* One whose process spoke for another device meanwhile is asked only after this: what hangs is the loop of them all. */
#define PROCESS_QUIET_MS 10000u

struct bluez;

struct process_config {
	const char *program; /* this program's own file, run with `device-process`; one for all that share */
	const Therapy__V1__Setup *setup; /* outlives the process; generation is filled in here */
	struct link_address address;
	struct bluez *bluez;     /* of ble: links, and outlives the process */
	const uint8_t *bind_key; /* of ble: links, 16 bytes that outlive it; NULL: none */
	uint32_t deadline_ms;    /* to answer a ping, and to describe itself (five times that) */
};

struct process_callbacks {
	void *user;
	/* It loaded its plugin and said what it is; called at the first start only. */
	void (*described)(void *user, const Therapy__V1__DeviceDescription *description);
	/* It cannot be used: told before `described`, and then it is not started again. */
	void (*failed)(void *user, const char *why);
	void (*readings)(void *user, uint32_t generation, const Therapy__V1__ReadingBatch *batch);
	void (*control)(void *user, const Therapy__V1__ControlState *state);
	/* Its link and itself are there, or not; told on change. */
	void (*presence)(void *user, bool present);
	/* News of a command that the broker keeps for it. Texts are valid in the callback, and a plugin's: any bytes.
	 */
	void (*kept)(void *user, const Therapy__V1__KeptCommand *said);
	/* What goes over its link, while process_record asks for it; may be NULL. Valid in the callback. */
	void (*traffic)(void *user, const Therapy__V1__Traffic *said);
	/* News of one of its settings; `setting` is a row of its description. */
	void (*setting)(void *user, const Therapy__V1__SettingState *said);
	/* What came of process_release. */
	void (*released)(void *user, Therapy__V1__ReleaseResult result);
};

struct process;

/* Starts it. 0 or a negative UV_E* code. Callbacks come from the loop only. */
int process_new(uv_loop_t *loop, const struct process_config *config, const struct process_callbacks *callbacks,
		struct process **out);
/* The same for `n` devices that share the process `name`, which outlives them: all or none. The configurations and
 * callbacks are theirs, in order. */
int process_new_shared(uv_loop_t *loop, const char *name, const struct process_config *configs,
		       const struct process_callbacks *callbacks, size_t n, struct process **out);
/* From now on its link is kept open. After `described`. */
void process_open(struct process *process);
/* Its link is let go, and its device comes to rest, with all that share its process, which is started anew; or it may
 * be opened again. */
void process_hold(struct process *process, bool hold);
/* From now on what goes over its link is told, or no more; also by one that is started again. */
void process_record(struct process *process, bool on);
/* Its process is ended and started again with what its setup says now, with all that share it. What they control must
 * be at rest. */
void process_restart(struct process *process);
/* What it said of itself; NULL before `described`. */
const Therapy__V1__DeviceDescription *process_description(const struct process *process);
void process_lease(struct process *process, uint16_t control, uint64_t grant, double value, uint64_t expires_ms,
		   bool adopt);
void process_off_test(struct process *process, uint16_t control, uint64_t grant, uint64_t expires_ms);
void process_rest(struct process *process, uint16_t control, bool stop);
/* What the setting was is remembered. */
void process_setting_kept(struct process *process, uint32_t setting);
/* To rest, then its settings as they were. False: there is nobody to tell. */
bool process_release(struct process *process, Therapy__V1__Release *release);
/* Heartbeat: call every PROCESS_TICK_MS. */
void process_tick(struct process *process, uint64_t now_ms);
uint32_t process_respawns(const struct process *process);
/* Its latest counters; zero before the first. */
Therapy__V1__DeviceCounters *process_counters(struct process *process);
/* Closes its socket, so that it goes to rest. When that was done for all that share the process, waits at most
 * `wait_ms` for its exit, then calls `closed` of each once. */
void process_close(struct process *process, unsigned wait_ms, void (*closed)(void *user), void *user);
/* After `closed`. Until then its description and counters stay readable. */
void process_free(struct process *process);

#endif
