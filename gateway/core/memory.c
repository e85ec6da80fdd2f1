/* SPDX-License-Identifier: Apache-2.0
 * What outlives the process, as plain rows of numbers: windows, sums, and that the memory itself was lost. Times are
 * written as ages; whoever reads them back says how long ago that was, if it is known.
 *
 * After a start devices need a moment to say how they are. What is not known then is UNKNOWN, whatever it was. If it is
 * TRUE within BRIDGE_MS, and was when the rows were written, it counts as TRUE meanwhile: a pause that was observed
 * before and after is one pause.
 */
#include <stdlib.h>

#include "core/inside.h"

#define ROW_HEADER   6u /* numbers of a derived row before its pairs of age and amount */
#define LOST_AT      5u /* of them: how long the sum is not known, because the memory was lost */
#define WINDOW_COUNT 7u

static const enum truth remembered_truths[] = {TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_ERROR};

/* ---- what changes ---- */

void memory_changed(struct core *core, enum core_urgency urgency)
{
	core->memory.changed = true;
	if (urgency > core->memory.urgency)
		core->memory.urgency = urgency;
}

void memory_flush(struct core *core)
{
	struct memory *m = &core->memory;
	if (core->logic.windows_changed)
		memory_changed(core, core->logic.windows_violated ? CORE_URGENT : CORE_SOON);
	core->logic.windows_changed = core->logic.windows_violated = false;
	if (!m->changed)
		return;
	m->revision++;
	if (m->enabled) {
		struct core_output *out = out_add(core, CORE_OUT_REMEMBER, NONE);
		out->revision = m->revision;
		out->urgency = m->urgency;
		out->awaited = m->n_held > 0;
	}
	m->changed = false;
	m->urgency = CORE_SOON;
}

static void show_all(struct core *core)
{
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		out_changed(core, i);
}

void memory_remembered(struct core *core, uint64_t revision, bool ok)
{
	struct memory *m = &core->memory;
	if (m->failing == ok)
		show_all(core);
	m->failing = !ok;
	if (ok && revision > m->stored && revision <= m->revision)
		m->stored = revision;
	grant_release(core, !ok);
}

bool memory_refuses(const struct core *core, char why[CORE_WHY_MAX])
{
	const struct memory *m = &core->memory;
	const char *text =
	    m->closing   ? SAY(core, "the gateway is about to end: nothing new is granted")
	    : m->lost    ? SAY(core, "the gateway's memory was missing or damaged when it started: what ran "
					"before, also today and this week, is not known and may not be "
					"counted; reset it when nothing speaks against it")
	    : m->failing ? SAY(core, "the gateway's memory cannot be written (is the disk full?): nothing is "
				     "granted that would be forgotten")
			 : NULL;
	if (text && why)
		explain_say(why, "%s", text);
	return text != NULL;
}

void memory_reset(struct core *core)
{
	if (!core->memory.lost)
		return;
	core->memory.lost = false;
	memory_changed(core, CORE_GRAVE);
	show_all(core);
}

void memory_closing(struct core *core)
{
	if (core->memory.closing)
		return;
	core->memory.closing = true;
	core->memory.closing_ms = core->now_ms;
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		grant_lose(core, i, SAY(core, "the gateway is about to end"));
	show_all(core);
}

int memory_build(struct core *core)
{
	struct memory *m = &core->memory;
	size_t most = WINDOW_COUNT;
	for (uint32_t i = 0; i < core->n_derived; i++) {
		size_t pairs = core->derived[i].rolling.n > MOMENTS ? core->derived[i].rolling.n : MOMENTS;
		most = most > ROW_HEADER + pairs * 2 ? most : ROW_HEADER + pairs * 2;
	}
	m->numbers = calloc(most, sizeof *m->numbers);
	return !m->numbers || memory_names_build(core) ? -1 : 0;
}

void memory_release(struct core *core)
{
	memory_names_release(core);
	free(core->memory.numbers);
}

/* ---- told ---- */

struct teller {
	const struct core *core;
	void *user;
	void (*put)(void *user, const struct core_row *row);
};

static double age(const struct core *core, int64_t moment)
{
	return (double)((int64_t)core->now_ms - moment);
}

/* Sensors are silent once their processes have ended: what the child was last, when the closing began or since, it was
 * then. FALSE after TRUE is no pause. */
static enum truth child_of(const struct core *core, const struct window *w)
{
	static const enum truth known[] = {TRUTH_FALSE, TRUTH_ERROR, TRUTH_TRUE};
	enum truth last = TRUTH_UNKNOWN;
	if (!core->memory.closing || w->child != TRUTH_UNKNOWN)
		return (enum truth)w->child;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) /* of two that ended at once the stricter one */
		if (w->was[known[i]] && w->ended[known[i]] >= (int64_t)core->memory.closing_ms &&
		    (last == TRUTH_UNKNOWN || w->ended[known[i]] > w->ended[last]))
			last = known[i];
	return last;
}

static void tell_window(const struct teller *t, const struct memory_window *window)
{
	const struct core *core = t->core;
	const struct window *w = &core->logic.windows[core->logic.nodes[window->node].window];
	double *numbers = core->memory.numbers;
	char key[MEMORY_KEY_MAX];
	enum truth child = child_of(core, w);
	numbers[0] = child;
	for (size_t i = 0; i < 3; i++) {
		enum truth v = remembered_truths[i];
		bool is = child == v && w->child == v && w->bridge_ms == 0; /* now, and not only recalled */
		int64_t until = is ? (int64_t)core->now_ms : w->ended[v];
		bool matters = is || (w->was[v] && timers_since(until, w->duration_ms) > core->now_ms);
		numbers[1 + i * 2] = matters;
		numbers[2 + i * 2] = matters ? age(core, until) : 0;
	}
	t->put(t->user, &(struct core_row){CORE_ROW_WINDOW, memory_window_name(core, window, key, sizeof key), numbers,
					   WINDOW_COUNT});
}

static size_t add_pair(double *numbers, size_t n, double ms, double amount)
{
	numbers[n] = ms;
	numbers[n + 1] = amount;
	return n + 2;
}

static size_t add_buckets(const struct core *core, const struct rolling *r, double pending, double *numbers, size_t n)
{
	for (uint32_t i = 0; i < r->n; i++) {
		double amount = r->buckets[i] + (i == 0 ? pending : 0);
		if (amount > 0)
			n = add_pair(numbers, n, age(core, (int64_t)((r->head - i) * r->bucket_ms)), amount);
	}
	return n;
}

static size_t tell_session(const struct core *core, const struct derived *d, double *numbers)
{
	const struct derived_session *s = &d->session;
	double pending = s->state == DERIVED_RUNNING ? (double)(core->now_ms - s->since_ms) : 0;
	bool broken = s->broken && !(core->memory.closing && s->broken_ms >= core->memory.closing_ms);
	size_t n = ROW_HEADER;
	numbers[1] = s->state;
	numbers[2] = s->sum_ms + pending;
	numbers[3] = s->state == DERIVED_GAP ? age(core, s->false_ms) : 0;
	numbers[4] = broken;
	if (d->type == CORE_DERIVE_COUNT)
		for (uint32_t i = 0; i < d->moments.n; i++)
			n = add_pair(numbers, n, age(core, d->moments.at_ms[i]), d->moments.count[i]);
	else if (d->within_ms)
		n = add_buckets(core, &d->rolling, pending / 1e3, numbers, n);
	return n;
}

static size_t tell_dose(const struct core *core, const struct derived *d, double *numbers)
{
	const struct derived_dose *s = &d->dose;
	numbers[1] = s->seen;
	numbers[2] = s->rate;
	numbers[3] = s->seen ? (double)(core->now_ms - s->since_ms) : 0;
	numbers[4] = s->seen ? (double)(core->now_ms - s->read_ms) : 0;
	return add_buckets(core, &d->rolling, 0, numbers, ROW_HEADER);
}

static void tell_derived(const struct teller *t, uint32_t index)
{
	const struct derived *d = &t->core->derived[index];
	double *numbers = t->core->memory.numbers;
	char key[MEMORY_KEY_MAX];
	size_t n = 0;
	memset(numbers, 0, ROW_HEADER * sizeof *numbers);
	numbers[0] = d->type;
	if (d->type == CORE_DERIVE_TIME || d->type == CORE_DERIVE_COUNT)
		n = tell_session(t->core, d, numbers);
	else if (d->type == CORE_DERIVE_DOSE)
		n = tell_dose(t->core, d, numbers);
	if (t->core->now_ms < d->lost_ms) /* how long it is not known */
		numbers[LOST_AT] = d->lost_ms == UINT64_MAX ? (double)INFINITY : (double)(d->lost_ms - t->core->now_ms);
	if (n)
		t->put(t->user, &(struct core_row){CORE_ROW_DERIVED,
						   memory_derived_name(t->core, index, key, sizeof key), numbers, n});
}

struct core_memory core_remember(const struct core *core, void *user,
				 void (*put)(void *user, const struct core_row *row))
{
	const struct teller t = {core, user, put};
	for (uint32_t i = 0; i < core->memory.n_windows; i++)
		tell_window(&t, &core->memory.windows[i]);
	for (uint32_t i = 0; i < core->n_derived; i++)
		tell_derived(&t, i);
	keep_tell(core, user, put);
	if (core->memory.lost)
		put(user, &(struct core_row){CORE_ROW_LATCH, "memory", NULL, 0});
	return (struct core_memory){core->memory.revision, core->now_ms};
}

/* ---- taken back ---- */

/* When that was, of which the row says so many ms: a file may say anything. */
static int64_t moment_of(const struct core *core, const struct core_recall *recall, double ms)
{
	if (!(ms >= 0) || !(ms < 1e12))
		return (int64_t)core->now_ms;
	return (int64_t)core->now_ms - (int64_t)ms - (recall->off_known ? (int64_t)recall->off_ms : 0);
}

/* A pause that would have gone on while the gateway was off, or begins anew. */
static int64_t pause_of(const struct core *core, const struct core_recall *recall, double ms)
{
	return recall->off_known ? moment_of(core, recall, ms) : (int64_t)core->now_ms;
}

/* What was FALSE was so until it was written, and no longer: FALSE permits where it is negated. Without a clock that is
 * trusted nobody knows when that was: until now it is UNKNOWN, which forbids under either sign. */
static void recall_window(struct core *core, const struct core_recall *recall, const struct memory_window *window,
			  const struct core_row *row)
{
	struct window *w = &core->logic.windows[core->logic.nodes[window->node].window];
	if (row->n != WINDOW_COUNT || !(row->numbers[0] >= 0 && row->numbers[0] < TRUTH_COUNT_))
		return;
	enum truth child = (enum truth)row->numbers[0], value = TRUTH_TRUE;
	bool unknown = false;
	for (size_t i = 0; i < 3; i++) {
		enum truth v = remembered_truths[i];
		double ms = row->numbers[2 + i * 2];
		bool was = row->numbers[1 + i * 2] > 0, dated = recall->off_known && ms >= 0 && ms < 1e12;
		w->was[v] = was && dated;
		w->ended[v] = moment_of(core, recall, ms);
		unknown |= was && !dated;
	}
	static const size_t weakest_first[] = {1, 2, 0};
	for (size_t i = 0; i < 3; i++) {
		enum truth v = remembered_truths[weakest_first[i]];
		if (child == v || row->numbers[1 + weakest_first[i] * 2] > 0)
			value = v;
	}
	if (unknown) {
		w->was[TRUTH_UNKNOWN] = true;
		w->ended[TRUTH_UNKNOWN] = (int64_t)core->now_ms;
	}
	w->recalled = (uint8_t)value;
	logic_recall(&core->logic, window->node, child, timers_after(core->now_ms, BRIDGE_MS));
}

static double off_ms(const struct core_recall *recall)
{
	return recall->off_known ? (double)recall->off_ms : 0;
}

static void recall_session(struct core *core, const struct core_recall *recall, struct derived *d,
			   const struct core_row *row)
{
	struct derived_session *s = &d->session;
	double state = row->numbers[1], sum = row->numbers[2];
	if (!(state >= DERIVED_NEW && state <= DERIVED_GAP) || !(sum >= 0 && sum < 1e12))
		return;
	s->state = (uint8_t)state;
	s->sum_ms = sum;
	s->bridge_ms = timers_after(core->now_ms, BRIDGE_MS);
	if (s->state == DERIVED_RUNNING) { /* so until now */
		s->sum_ms += off_ms(recall);
		s->since_ms = core->now_ms;
		if (d->type == CORE_DERIVE_TIME && d->within_ms)
			rolling_add(&d->rolling, core->now_ms, off_ms(recall) / 1e3);
	}
	s->false_ms = pause_of(core, recall, row->numbers[3]);
	s->broken = s->state == DERIVED_GAP && row->numbers[4] > 0;
	s->broken_ms = core->now_ms;
}

/* It stayed as warm as it was last seen, for as long as that is taken to last. */
static void recall_dose(struct core *core, const struct core_recall *recall, struct derived *d,
			const struct core_row *row)
{
	double rate = row->numbers[2], uncounted = row->numbers[3], since_read = row->numbers[4];
	if (!(row->numbers[1] > 0) || !(rate >= 0) || !isfinite(rate) || !(uncounted >= 0) ||
	    !(since_read >= uncounted))
		return;
	double left = DERIVED_HOLD_MS - (since_read - uncounted);
	double warm = recall->off_known ? fmin(uncounted + off_ms(recall), left) : left;
	if (warm > 0)
		rolling_add(&d->rolling, core->now_ms, rate * warm / 1e3);
}

/* It is not known for as long as it was not, at most as long as after a loss. */
static void recall_lost(struct core *core, const struct core_recall *recall, uint32_t index, double left_ms)
{
	struct derived *d = &core->derived[index];
	double left = left_ms - off_ms(recall);
	if (!(left > 0))
		return;
	struct derived_session session = d->session;
	derived_lose(core, index);
	if (d->type == CORE_DERIVE_TIME && d->within_ms == 0)
		d->session = session;
	else if (d->lost_ms > 0 && left < (double)(d->lost_ms - core->now_ms))
		d->lost_ms = core->now_ms + (uint64_t)left;
}

static void recall_derived(struct core *core, const struct core_recall *recall, uint32_t index,
			   const struct core_row *row)
{
	struct derived *d = &core->derived[index];
	if (row->n < ROW_HEADER || !(row->numbers[0] >= (double)d->type && row->numbers[0] <= (double)d->type))
		return;
	for (size_t i = ROW_HEADER; i + 1 < row->n; i += 2) {
		int64_t moment = moment_of(core, recall, row->numbers[i]);
		double amount = row->numbers[i + 1];
		if (!(amount > 0 && amount < 1e12))
			continue;
		if (d->type == CORE_DERIVE_COUNT)
			moments_add(&d->moments, moment, (uint32_t)fmin(amount, 1e6));
		else if (d->rolling.n)
			rolling_put(&d->rolling, core->now_ms, (uint64_t)((int64_t)core->now_ms - moment), amount);
	}
	d->recalled = true;
	if (d->type == CORE_DERIVE_DOSE)
		recall_dose(core, recall, d, row);
	else
		recall_session(core, recall, d, row);
	recall_lost(core, recall, index, row->numbers[LOST_AT]);
}

static void recall_row(struct core *core, const struct core_recall *recall, const struct core_row *row)
{
	uint32_t at;
	switch (row->kind) {
	case CORE_ROW_WINDOW:
		at = memory_find(core, MEMORY_OF_WINDOW, row->key);
		if (at != NONE && recall->state == CORE_RECALL_KEPT)
			recall_window(core, recall, &core->memory.windows[at], row);
		break;
	case CORE_ROW_DERIVED:
		at = memory_find(core, MEMORY_OF_DERIVED, row->key);
		if (at != NONE)
			recall_derived(core, recall, at, row);
		break;
	case CORE_ROW_LATCH:
		if (strcmp(row->key, "memory") == 0)
			core->memory.lost = true;
		else
			keep_recall(core, recall, row);
		break;
	case CORE_ROW_PARKED:
	case CORE_ROW_PROOF:
	case CORE_ROW_TRIP:
		keep_recall(core, recall, row);
		break;
	case CORE_ROW_COUNT_:
		break;
	}
}

void core_recall(struct core *core, const struct core_recall *recall)
{
	for (size_t i = 0; i < recall->n && recall->state != CORE_RECALL_FIRST; i++)
		recall_row(core, recall, &recall->rows[i]);
	core->memory.lost |= recall->state == CORE_RECALL_LOST;
	core->memory.lost_ms = core->now_ms;
	for (uint32_t i = 0; i < core->n_derived; i++) {
		if (recall->state == CORE_RECALL_LOST && !core->derived[i].recalled)
			derived_lose(core, i);
		derived_show(core, i);
	}
	core_settle(core);
	out_flush_changed(core);
	memory_changed(core, CORE_URGENT);
}
