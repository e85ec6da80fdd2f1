/* SPDX-License-Identifier: Apache-2.0 */
#include "core/testing_memory.h"

#include <string.h>

#include "base/str.h"

static const struct core_text traction[] = {{"kind:traction", 3}};
const struct core_rule mem_rules[MEM_RULES] = {
    {.file = "r.cfg",
     .line = 1,
     .id = "gap-after-inversion",
     .permits = traction,
     .n_permits = 1,
     .only_while = {"30 min since any inversion.tilt > 10 deg", 2}},
    {.file = "r.cfg",
     .line = 5,
     .id = "slow-burn",
     .permits = (const struct core_text[]){{"kind:heat", 6}},
     .n_permits = 1,
     .only_while = {"all heat.session_time <= 20 min and all heat.sessions < 2", 7}},
};
const struct core_derived mem_derived[MEM_DERIVED] = {
    {.file = "r.cfg",
     .line = 20,
     .id = "session_time",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 21},
     .gap_ms = 40 * MINUTE},
    {.file = "r.cfg",
     .line = 25,
     .id = "sessions",
     .kind = "heat",
     .type = CORE_DERIVE_COUNT,
     .of = {"on(self)", 26},
     .gap_ms = 10 * MINUTE,
     .within_ms = 24 * HOUR},
    {.file = "r.cfg",
     .line = 30,
     .id = "day_time",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 31},
     .within_ms = 24 * HOUR},
    {.file = "r.cfg",
     .line = 35,
     .id = "lately",
     .kind = "heat",
     .type = CORE_DERIVE_TIME,
     .of = {"on(self)", 36},
     .within_ms = 30 * MINUTE},
};
void mem_start_with(struct rig *rig, uint64_t now, const struct core_rule *with, size_t n_rules)
{
	const struct core_device devices[] = {rig_table, rig_belt, rig_pad};
	const struct core_spec spec = {.devices = devices,
				       .n_devices = 3,
				       .derived = mem_derived,
				       .n_derived = MEM_DERIVED,
				       .rules = with,
				       .n_rules = n_rules,
				       .lease_ms = 1000,
				       .renew_ms = 250,
				       .remembers = true};
	struct faults faults = {0};
	*rig = (struct rig){.now = now, .n_devices = 3};
	assert_int_equal(core_new(&spec, now, &rig->core, &faults), 0);
}

void mem_start(struct rig *rig, uint64_t now)
{
	mem_start_with(rig, now, mem_rules, MEM_RULES);
}

static void put(void *user, const struct core_row *row)
{
	struct kept *kept = user;
	size_t i = kept->n++;
	assert_true(i < 32 && row->n <= 128);
	assert_true(str_copy(kept->keys[i], sizeof kept->keys[i], row->key));
	if (row->n)
		memcpy(kept->numbers[i], row->numbers, row->n * sizeof *row->numbers);
	kept->rows[i] = (struct core_row){row->kind, kept->keys[i], kept->numbers[i], row->n};
}

void mem_keep(const struct rig *rig, struct kept *kept)
{
	memset(kept, 0, sizeof *kept);
	kept->about = core_remember(rig->core, kept, put);
}

void mem_remembered(struct rig *rig, uint64_t revision, bool ok)
{
	const struct core_input input = {.type = CORE_IN_REMEMBERED, .remembered = {.revision = revision, .ok = ok}};
	rig->last = core_step(rig->core, rig->now, &input);
}

/* Writes down what was announced, at once. */
void mem_store(struct rig *rig, struct kept *kept)
{
	mem_keep(rig, kept);
	mem_remembered(rig, kept->about.revision, true);
}

/* The process died when the file said `kept`; another starts `off_ms` after that, in the same boot. */
void mem_restart(struct rig *rig, const struct kept *kept, uint64_t off_ms)
{
	rig_stop(rig);
	mem_start(rig, kept->about.at_ms + off_ms);
	const struct core_recall recall = {
	    .state = CORE_RECALL_KEPT, .rows = kept->rows, .n = kept->n, .off_known = true, .off_ms = off_ms};
	core_recall(rig->core, &recall);
}

void mem_heat(struct rig *rig, struct kept *kept, uint64_t ms)
{
	assert_int_equal(rig_ask(rig, "pad", "heat", 1), CORE_ACCEPTED);
	mem_store(rig, kept);
	assert_int_equal(rig_count(rig, CORE_OUT_LEASE), 1);
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, 500)) {
		rig_read(rig, TABLE, TABLE_TILT, 0);
		rig_read(rig, BELT, BELT_FORCE, 0);
		rig_read(rig, PAD, PAD_POWER, 50);
	}
}

void mem_off(struct rig *rig)
{
	assert_int_equal(rig_ask(rig, "pad", "heat", 0), CORE_ACCEPTED);
	rig_read(rig, PAD, PAD_POWER, 0);
	rig_phase(rig, PAD, PAD_HEAT, CORE_PHASE_AT_REST);
}

/* Refreshes everything for so long. */
void mem_live(struct rig *rig, uint64_t ms)
{
	for (uint64_t end = rig->now + ms; rig->now < end; rig_wait(rig, end - rig->now < 500 ? end - rig->now : 500))
		rig_refresh(rig);
	rig_refresh(rig);
}

void mem_assert_pad(const struct rig *rig, uint16_t metric, double value)
{
	struct core_reading r = core_value(rig->core, PAD, metric);
	assert_int_equal(r.quality, THERAPY_GOOD);
	assert_near(r.value, value, 1.001);
}

bool mem_traction_permitted(const struct rig *rig)
{
	return rig_permission(rig, BELT, BELT_TENSION).permitted;
}

/* Nothing of before: the windows that a first start knows nothing of have passed. */
void mem_begin(struct rig *rig)
{
	mem_start(rig, 100 * HOUR);
	core_recall(rig->core, &(struct core_recall){.state = CORE_RECALL_FIRST});
	rig_calm(rig);
	mem_live(rig, 31 * MINUTE);
	assert_true(mem_traction_permitted(rig));
}
