/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "store/store.h"

#define SOON_MS     60000u /* what is not urgent is written at most so often */
#define EPOCH_SHIFT 48
#define RETRY_MS    10000u /* after a write that failed */
#define BURST       20u    /* urgent writes at once ... */
#define REFILL_MS                                                                                                      \
	120000u /* ... and one more in this time: 720 a day. What a grant waits for, and what is grave, is not         \
		   counted */

struct memory_keeper {
	struct memory_keeper_callbacks callbacks;
	struct core *core;
	uint64_t epoch; /* counts cores: revisions of another mean nothing */
	struct store *store;
	struct state_image image;
	uv_timer_t timer;
	char boot_id[37];
	char *gateway_id;
	uint64_t written_ms; /* when a write was last handed over */
	uint64_t refilled_ms;
	unsigned tokens;
	uint64_t writes;
	bool pending, failing, closing;
	bool refused; /* another gateway has the directory: it never came to life, and tells nobody of its end */
};

/* protobuf-c's texts are not const, and are not written to. */
static char *text(const char *t)
{
	union {
		const char *in;
		char *out;
	} u = {t};
	return u.out;
}

/* ---- where ---- */

bool memory_keeper_place(const struct config *config, char *out, size_t cap)
{
	struct str s;
	str_init(&s, out, cap);
	/* systemd's StateDirectory= names one; with several they are separated by colons, and the first is ours */
	const char *systemd = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (config->state_dir)
		str_add(&s, "%s", config->state_dir);
	else if (systemd && systemd[0] == '/')
		str_add(&s, "%.*s", (int)strcspn(systemd, ":"), systemd);
	else if (geteuid() == 0)
		str_add(&s, "/var/lib/therapy-gateway");
	else if (state && state[0] == '/')
		str_add(&s, "%s/therapy-gateway", state);
	else if (home && home[0] == '/')
		str_add(&s, "%s/.local/state/therapy-gateway", home);
	else
		return false;
	str_add(&s, "/%s", config->gateway_id);
	return !s.overflow;
}

/* ---- written ---- */

static void on_timer(uv_timer_t *timer);

static void write_within(struct memory_keeper *k, uint64_t ms)
{
	k->pending = true;
	if (!uv_is_active((uv_handle_t *)&k->timer))
		uv_timer_start(&k->timer, on_timer, ms, 0);
}

static void write_now(struct memory_keeper *k, bool clean)
{
	bool trusted;
	state_image_begin(&k->image);
	struct core_memory about = core_remember(k->core, &k->image, state_image_add);
	Therapy__V1__Memory *head = &k->image.head;
	head->gateway_id = k->gateway_id;
	head->boot_id = k->boot_id;
	head->version = text(THERAPY_VERSION);
	head->boot_ms = about.at_ms;
	head->wall_unix_ms = clock_wall_ms(&trusted) - (int64_t)(clock_boot_ms() - about.at_ms);
	head->wall_clock_trusted = trusted;
	head->clean = clean;
	head->revision = about.revision;
	if (k->callbacks.put)
		k->callbacks.put(k->callbacks.user, head);
	k->pending = false;
	k->written_ms = clock_boot_ms();
	k->writes++;
	uv_timer_stop(&k->timer);
	int error = state_image_pack(&k->image) ? UV_ENOMEM : 0;
	if (!error)
		error = store_write(k->store, k->image.bytes, k->image.size, k->epoch << EPOCH_SHIFT | about.revision);
	if (error) {
		log_error("memory", "cannot be written: %s", uv_strerror(error));
		write_within(k, RETRY_MS); /* and a grant that waits ends by itself */
	}
}

static void on_timer(uv_timer_t *timer)
{
	write_now(timer->data, false);
}

static bool take_token(struct memory_keeper *k, uint64_t now_ms)
{
	while (k->tokens < BURST && now_ms - k->refilled_ms >= REFILL_MS) {
		k->tokens++;
		k->refilled_ms += REFILL_MS;
	}
	if (k->tokens == BURST)
		k->refilled_ms = now_ms;
	if (k->tokens == 0)
		return false;
	k->tokens--;
	return true;
}

void memory_keeper_changed(struct memory_keeper *k, const struct core_output *output)
{
	uint64_t now_ms = clock_boot_ms();
	if (k->closing)
		return;
	bool now = output->awaited || output->urgency == CORE_GRAVE;
	if (now || (output->urgency == CORE_URGENT && take_token(k, now_ms))) {
		write_now(k, false);
		return;
	}
	uint64_t since = now_ms - k->written_ms;
	write_within(k, since < SOON_MS ? SOON_MS - since : 0);
}

void memory_keeper_write(struct memory_keeper *k)
{
	if (!k->closing)
		write_now(k, false);
}

void memory_keeper_core(struct memory_keeper *k, struct core *core)
{
	k->core = core;
	k->epoch++;
	write_now(k, false);
}

static void on_written(void *user, uint64_t revision, int error)
{
	struct memory_keeper *k = user;
	if (error && !k->failing)
		log_error("memory", "cannot be written: %s; nothing new is granted until it can", uv_strerror(error));
	else if (!error && k->failing)
		log_info("memory", "is written again");
	k->failing = error != 0;
	if (k->closing)
		return;
	if (error) {
		uv_timer_stop(&k->timer);
		write_within(k, RETRY_MS);
	}
	if (!error && !store_waits(k->store) && k->callbacks.written)
		k->callbacks.written(k->callbacks.user);
	if (revision >> EPOCH_SHIFT == k->epoch)
		k->callbacks.remembered(k->callbacks.user, revision & ((UINT64_C(1) << EPOCH_SHIFT) - 1), error == 0);
}

/* ---- read ---- */

/* How long ago that was. The boot clock knows within one boot; else the wall clock, if it was right both times. */
static bool time_off(const struct memory_keeper *k, const Therapy__V1__Memory *m, uint64_t *out)
{
	uint64_t now_ms = clock_boot_ms();
	bool trusted;
	int64_t wall_ms = clock_wall_ms(&trusted);
	if (strcmp(k->boot_id, "unknown") != 0 && strcmp(k->boot_id, m->boot_id) == 0) {
		if (m->boot_ms > now_ms)
			return false;
		*out = now_ms - m->boot_ms;
		return true;
	}
	if (!trusted || !m->wall_clock_trusted || wall_ms < m->wall_unix_ms)
		return false;
	*out = (uint64_t)(wall_ms - m->wall_unix_ms);
	return true;
}

static void tell(const char *directory, enum store_found found, const struct state *state,
		 const struct core_recall *recall)
{
	switch (found) {
	case STORE_FIRST:
		log_info("memory", "the first start: what ran before is not known; kept in %s from now on", directory);
		break;
	case STORE_GOOD:
		if (recall->off_known)
			log_info("memory", "read from %s, %s %.1f s ago", directory,
				 state->memory->clean ? "written at an orderly end" : "written before it was cut off",
				 (double)recall->off_ms / 1e3);
		else
			log_warn("memory",
				 "read from %s; the clock does not say how long ago it was written, so every pause "
				 "begins anew",
				 directory);
		break;
	case STORE_PREVIOUS:
	case STORE_LOST:
		log_error("memory", "the state file in %s is missing or damaged%s: latched until a person resets",
			  directory, found == STORE_PREVIOUS ? ", sums are those of the copy before it" : "");
		break;
	}
}

static void tell_taken(const char *directory, pid_t holder)
{
	char by[48] = "another process";
	if (holder > 0)
		snprintf(by, sizeof by, "process %ld", (long)holder);
	log_error("memory",
		  "%s is in use by another gateway (%s): two on one directory would erase each other's latches. End "
		  "that one first, or give this one a gateway.id or a gateway.state_dir of its own",
		  directory, by);
}

static void read_back(struct memory_keeper *k, const char *directory)
{
	struct state state;
	enum store_found found;
	struct core_recall recall = {.state = CORE_RECALL_KEPT};
	int error = store_read(k->store, k->gateway_id, &found, &state);
	if (error)
		log_error("memory", "%s cannot be used: %s", directory, uv_strerror(error));
	recall.rows = state.rows;
	recall.n = state.n;
	recall.off_known = state.memory && time_off(k, state.memory, &recall.off_ms);
	if (found != STORE_GOOD)
		recall.state = found == STORE_FIRST ? CORE_RECALL_FIRST : CORE_RECALL_LOST;
	tell(directory, found, &state, &recall);
	core_recall(k->core, &recall);
	if (k->callbacks.found)
		k->callbacks.found(k->callbacks.user, state.memory, recall.state == CORE_RECALL_LOST);
	state_release(&state);
}

/* ---- the end, and the beginning ---- */

static void free_keeper(struct memory_keeper *k)
{
	state_image_release(&k->image);
	free(k->gateway_id);
	free(k);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct memory_keeper *k = handle->data;
	struct memory_keeper_callbacks callbacks = k->callbacks;
	bool refused = k->refused;
	free_keeper(k);
	if (!refused)
		callbacks.closed(callbacks.user);
}

static void on_store_closed(void *user)
{
	struct memory_keeper *k = user;
	uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}

void memory_keeper_close(struct memory_keeper *k)
{
	k->closing = true;
	write_now(k, true);
	log_info("memory", "written for the last time; %llu writes since the start", (unsigned long long)k->writes);
	store_close(k->store);
}

int memory_keeper_new(uv_loop_t *loop, const struct config *config, struct core *core,
		      const struct memory_keeper_callbacks *callbacks, struct memory_keeper **out)
{
	char directory[512];
	if (!memory_keeper_place(config, directory, sizeof directory))
		return UV_ENOENT;
	struct memory_keeper *k = calloc(1, sizeof *k);
	if (!k)
		return UV_ENOMEM;
	k->callbacks = *callbacks;
	k->core = core;
	k->tokens = BURST;
	k->refilled_ms = clock_boot_ms();
	clock_boot_id(k->boot_id);
	k->gateway_id = strdup(config->gateway_id);
	const struct store_callbacks store = {k, on_written, on_store_closed};
	int error = k->gateway_id ? store_new(loop, directory, &store, &k->store) : UV_ENOMEM;
	if (error) {
		free_keeper(k);
		return error;
	}
	uv_timer_init(loop, &k->timer);
	k->timer.data = k;
	pid_t holder = 0;
	if (store_take(k->store, &holder) == UV_EBUSY) {
		tell_taken(directory, holder);
		k->refused = true;
		store_close(k->store);
		return UV_EBUSY;
	}
	read_back(k, directory);
	*out = k;
	return 0;
}
