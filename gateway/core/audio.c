/* SPDX-License-Identifier: Apache-2.0
 *
 * AUDIO PAUSED (IEC 60601-1-8): who has heard an alarm may have quiet for two minutes. It is about what sounds at that
 * moment and nothing else: what is raised later sounds, and so does all that still stands when the time is over. It
 * ends no alarm and permits nothing.
 *
 * What sounds are raised alarms, and devices that do not do what they are told. A stop does not: somebody wanted it.
 */
#include "core/gate.h"

#define QUIET_MS 120000u /* IEC 60601-1-8 leaves the time to the maker */

static bool paused(const struct core *core, uint64_t raised_ms)
{
	return core->now_ms < core->audio.until_ms && raised_ms < core->audio.paused_ms;
}

bool audio_alarm_paused(const struct core *core, uint32_t rule)
{
	return paused(core, core->rules[rule].raised_ms);
}

bool audio_latch_paused(const struct core *core, uint64_t since_ms)
{
	return paused(core, since_ms);
}

/* How many sound, of all that are raised or of those that are not paused. */
static unsigned count(const struct core *core, bool all)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < core->n_rules; i++)
		n += core->rules[i].watches && core->rules[i].state == RULE_TRIPPED &&
		     (all || !audio_alarm_paused(core, i));
	for (uint32_t i = 0; i < core->home.n_controls; i++)
		for (unsigned kind = 0; kind < FAULT_COUNT_; kind++) {
			const struct control_fault *fault = &core->controls[i].faults[kind];
			n += fault->set && (all || !audio_latch_paused(core, fault->since_ms));
		}
	return n;
}

bool core_sounds(const struct core *core)
{
	return count(core, false) > 0;
}

int audio_request(struct core *core, struct decision *d, const struct core_request *request)
{
	char by[44], why[CORE_WHY_MAX];
	unsigned n = count(core, true);
	if (n == 0) {
		gate_conclude(d, CORE_ACCEPTED, "%s", SAY(core, "nothing sounds"));
		return 0;
	}
	core->audio.paused_ms = core->now_ms;
	core->audio.until_ms = timers_after(core->now_ms, QUIET_MS);
	timers_set(&core->timers, &core->audio.timer, core->audio.until_ms);
	explain_say(why,
		    n == 1 ? SAY(core, "%u alarm is silent for %u min, says %s: a new one sounds")
			   : SAY(core, "%u alarms are silent for %u min, says %s: a new one sounds"),
		    n, QUIET_MS / 60000u, gate_shown(request->by, by));
	out_event(core, CORE_EVENT_SILENCED, NONE, NONE, NULL, CORE_PRIORITY_LOW, why);
	gate_conclude(d, CORE_ACCEPTED, "%s", why);
	return 0;
}

void audio_timer(struct core *core)
{
	core->audio.over = true; /* told at the end of the step */
}
