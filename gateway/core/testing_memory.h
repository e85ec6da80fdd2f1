/* SPDX-License-Identifier: Apache-2.0
 * The home of testing_rig.h with a memory, and the file that keeps it. The test plays the process that dies. Test
 * programs only. */
#ifndef CORE_TESTING_MEMORY_H
#define CORE_TESTING_MEMORY_H

#include "core/testing_rig.h"

#define MINUTE 60000u
#define HOUR   (60u * MINUTE)

struct kept {
	struct core_row rows[32];
	char keys[32][160];
	double numbers[32][128];
	size_t n;
	struct core_memory about;
};

/* A pause of 30 min between inversion and traction; heat of at most 20 min and one session. */
enum { MEM_RULES = 2, MEM_DERIVED = 4 };
extern const struct core_rule mem_rules[MEM_RULES];
extern const struct core_derived mem_derived[MEM_DERIVED];
enum { PAD_SESSION_TIME = PAD_POWER + 1, PAD_SESSIONS, PAD_DAY_TIME, PAD_LATELY };

/* Table, belt and pad with these rules; nothing is recalled yet. */
void mem_start_with(struct rig *rig, uint64_t now, const struct core_rule *with, size_t n_rules);
/* With mem_rules. */
void mem_start(struct rig *rig, uint64_t now);
/* As after a long time with nothing before: the windows that a first start knows nothing of have passed. */
void mem_begin(struct rig *rig);
/* What is to be written. */
void mem_keep(const struct rig *rig, struct kept *kept);
/* The disk has it, or not. */
void mem_remembered(struct rig *rig, uint64_t revision, bool ok);
/* Writes down what was announced, at once. */
void mem_store(struct rig *rig, struct kept *kept);
/* The process died when the file said `kept`; another starts `off_ms` after that, in the same boot. */
void mem_restart(struct rig *rig, const struct kept *kept, uint64_t off_ms);

/* Heat is asked for, written down, and on for `ms`. */
void mem_heat(struct rig *rig, struct kept *kept, uint64_t ms);
void mem_off(struct rig *rig);
/* Refreshes everything for so long. */
void mem_live(struct rig *rig, uint64_t ms);

/* The pad's metric is known and at most a second above or below. */
void mem_assert_pad(const struct rig *rig, uint16_t metric, double value);
bool mem_traction_permitted(const struct rig *rig);

#endif
