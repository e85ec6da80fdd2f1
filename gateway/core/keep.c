/* SPDX-License-Identifier: Apache-2.0
 * What outlives the process of what people did and have to look at, as rows:
 *
 *   LATCH   "stop/therapyctl", "rule/over-force", "welded/pad.heat"   age
 *   PARKED  "table"                                                   how long it goes on
 *   PROOF   "pad.heat"                                                the timer that was proved, ms; age, if known
 *   TRIP    "no-heat-during-inversion"                                age
 *
 * A latch that nothing here has any more becomes a stop. Of an older copy only latches and trips count: they permit
 * less. A proof of another timer than the device has now proves nothing; and nobody watched the device meanwhile.
 */
#include "core/inside.h"

#define KEY_MAX 192u

static const char *const fault_keys[FAULT_COUNT_] = {"not-obeyed", "welded", "bypassed"};

struct teller {
	void *user;
	void (*put)(void *user, const struct core_row *row);
};

static void tell(const struct teller *t, enum core_row_kind kind, double number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tell(const struct teller *t, enum core_row_kind kind, double number, const char *format, ...)
{
	char key[KEY_MAX];
	struct str s;
	str_init(&s, key, sizeof key);
	va_list args;
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	t->put(t->user, &(struct core_row){kind, key, &number, 1});
}

static double age(const struct core *core, uint64_t since_ms)
{
	return since_ms < core->now_ms ? (double)(core->now_ms - since_ms) : 0;
}

static void tell_proof(const struct core *core, const struct teller *t, uint32_t i)
{
	const struct control *c = &core->controls[i];
	const double numbers[] = {core->home.controls[i].timer_ms, (double)((int64_t)core->now_ms - c->proved_ms)};
	char key[KEY_MAX];
	struct str s;
	str_init(&s, key, sizeof key);
	str_add(&s, "%s.%s", control_device(core, i), control_key(core, i));
	t->put(t->user, &(struct core_row){CORE_ROW_PROOF, key, numbers, c->dated ? 2 : 1});
}

static void tell_control(const struct core *core, const struct teller *t, uint32_t i)
{
	const struct control *c = &core->controls[i];
	const char *device = control_device(core, i), *key = control_key(core, i);
	for (unsigned kind = 0; kind < FAULT_COUNT_; kind++)
		if (c->faults[kind].set)
			tell(t, CORE_ROW_LATCH, age(core, c->faults[kind].since_ms), "%s/%s.%s", fault_keys[kind],
			     device, key);
	if (c->proved)
		tell_proof(core, t, i);
}

void keep_tell(const struct core *core, void *user, void (*put)(void *user, const struct core_row *row))
{
	const struct teller t = {user, put};
	if (core->stop.latched)
		tell(&t, CORE_ROW_LATCH, age(core, core->stop.since_ms), "stop/%s",
		     core->stop.rule == NONE ? core->stop.by : core->rules[core->stop.rule].id);
	for (uint32_t i = 0; i < core->n_rules; i++)
		if (core->rules[i].latched)
			tell(&t, CORE_ROW_LATCH, age(core, core->rules[i].latched_ms), "rule/%s", core->rules[i].id);
		else if (rule_keeps_trip(core, i))
			tell(&t, CORE_ROW_TRIP, age(core, core->rules[i].cause_ms), "%s", core->rules[i].id);
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		tell_control(core, &t, i);
	for (uint32_t i = 0; i < core->home.n_devices; i++)
		if (core->parking[i].parked)
			tell(&t, CORE_ROW_PARKED, (double)(core->parking[i].until_ms - core->now_ms), "%s",
			     core->home.devices[i].id);
}

/* ---- taken back ---- */

/* When that was; a file may say anything, and boot time may have begun since. */
static uint64_t moment_of(const struct core *core, const struct core_recall *recall, double ms)
{
	double ago = ms + (recall->off_known ? (double)recall->off_ms : 0);
	return ago >= 0 && ago <= (double)core->now_ms ? core->now_ms - (uint64_t)ago : 0;
}

static uint32_t find_control(const struct core *core, const char *name)
{
	const char *dot = strchr(name, '.');
	uint32_t device = dot ? home_find_device(&core->home, name, (size_t)(dot - name)) : HOME_NONE;
	return device == HOME_NONE ? HOME_NONE : home_find_control(&core->home, device, dot + 1, strlen(dot + 1));
}

/* Whose latch it is, that is latched again. False: nobody here is that. */
static bool recall_latch_of(struct core *core, const char *key, uint64_t since_ms)
{
	const char *slash = strchr(key, '/');
	if (!slash)
		return false;
	size_t size = (size_t)(slash - key);
	const char *name = slash + 1;
	if (size == 4 && memcmp(key, "stop", size) == 0) {
		stop_recall(core, name, since_ms);
		return true;
	}
	uint32_t rule = size == 4 && memcmp(key, "rule", size) == 0 ? memory_find(core, MEMORY_OF_RULE, name) : NONE;
	if (rule != NONE && core->rules[rule].n_controls > 0) {
		rule_recall_latch(core, rule, since_ms);
		return true;
	}
	for (unsigned kind = 0; kind < FAULT_COUNT_; kind++)
		if (strlen(fault_keys[kind]) == size && memcmp(key, fault_keys[kind], size) == 0 &&
		    find_control(core, name) != HOME_NONE) {
			latch_recall_fault(core, find_control(core, name), (enum fault_kind)kind, since_ms);
			return true;
		}
	return false;
}

/* A latch whose rule was renamed, commented out or governs nothing any more, or whose control was taken away, could not
 * be kept by what is there: what it governed is not known any more. So it holds everything, as a stop that says what it
 * was, until a person resets that: to edit the configuration is no reset. */
static void recall_latch(struct core *core, const char *key, uint64_t since_ms)
{
	if (recall_latch_of(core, key, since_ms) || core->stop.latched)
		return;
	char by[CORE_WHY_MAX]; /* what is too long is cut */
	explain_say(by, SAY(core, "the latch %s, which is not configured any more"), key);
	stop_recall(core, by, since_ms);
}

/* It goes on for what is left of its 12 h; when the time that the gateway was off is not known, it is over. */
static void recall_parked(struct core *core, const struct core_recall *recall, const char *id, double left_ms)
{
	uint32_t device = home_find_device(&core->home, id, strlen(id));
	double left = left_ms - (double)recall->off_ms;
	if (device != HOME_NONE && recall->off_known && left > 0 && left <= PARKED_MS)
		park_recall(core, (uint16_t)device, timers_after(core->now_ms, (uint64_t)left));
}

/* Whatever stood at the plug's place while the gateway was off, it is tested before it is used. */
static void recall_proof(struct core *core, const struct core_recall *recall, const struct core_row *row)
{
	uint32_t control = find_control(core, row->key);
	if (control == HOME_NONE || row->n > 2)
		return;
	struct control *c = &core->controls[control];
	double timer = core->home.controls[control].timer_ms, ago = row->n == 2 ? row->numbers[1] : -1;
	c->proved = timer > 0 && row->numbers[0] >= timer && row->numbers[0] <= timer;
	c->unwatched = true;
	c->dated = recall->off_known && ago >= 0 && ago < 1e12;
	if (c->dated)
		c->proved_ms = (int64_t)core->now_ms - (int64_t)ago - (int64_t)recall->off_ms;
}

void keep_recall(struct core *core, const struct core_recall *recall, const struct core_row *row)
{
	if (row->kind == CORE_ROW_LATCH) /* also without a number: it is a latch all the same */
		recall_latch(core, row->key, moment_of(core, recall, row->n ? row->numbers[0] : 0));
	uint32_t tripped = row->kind == CORE_ROW_TRIP ? memory_find(core, MEMORY_OF_RULE, row->key) : NONE;
	if (tripped != NONE)
		rule_recall_trip(core, tripped, moment_of(core, recall, row->n ? row->numbers[0] : 0));
	if (recall->state != CORE_RECALL_KEPT || row->n == 0)
		return;
	if (row->kind == CORE_ROW_PARKED && row->n == 1)
		recall_parked(core, recall, row->key, row->numbers[0]);
	if (row->kind == CORE_ROW_PROOF)
		recall_proof(core, recall, row);
}
