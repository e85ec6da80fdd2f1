/* SPDX-License-Identifier: Apache-2.0 */
#include "testing_monitor.h"

#include <math.h>

#define NEVER   UINT64_MAX
#define SLACK_S 2.5 /* a sum is looked at once a second, and its step may be late by one */
#define LASTING (1000 * DAY)

void monitor_init(struct monitor *m, const struct life_setup *setup, uint64_t now)
{
	*m = (struct monitor){.setup = setup,
			      .now = now,
			      .born = now,
			      .tilted_since = NEVER,
			      .calm_since = NEVER,
			      .clear_since = NEVER,
			      .hot_since = NEVER,
			      .strained_since = NEVER,
			      .squeezed_since = NEVER};
}

static bool has(const struct monitor *m, enum life_device d, int metric)
{
	return !(m->setup->without >> d & 1u) && !(metric == 1 && d != PERSON && m->setup->no_sensor >> d & 1u) &&
	       !(d == PERSON && metric == THERE && !m->setup->presence);
}

static bool known(const struct monitor *m, enum life_device d, int metric, uint64_t age)
{
	const struct monitor_seen *s = &m->seen[d][metric];
	return s->good && m->now - s->stamp <= age;
}

/* Known and within; or nobody has such a sensor. */
static bool at_most(const struct monitor *m, enum life_device d, int metric, uint64_t age, double most)
{
	return !has(m, d, metric) || (known(m, d, metric, age) && m->seen[d][metric].value <= most);
}

static double within(const struct monitor *m, enum monitor_sum sum, uint64_t ms)
{
	uint64_t age = m->now - m->born;
	size_t from = age > ms ? (size_t)((age - ms + 999) / 1000) : 0;
	return m->total[sum] - m->until[sum][from];
}

/* ---- time ---- */

/* What a second adds. */
static double each_second(const struct monitor *m, enum monitor_sum sum)
{
	double celsius = m->seen[PAD][SKIN].value;
	switch (sum) {
	case HEATED:
		return m->on[PAD];
	case CHILLED:
		return m->on[WRAP];
	case PULLED:
		return m->on[BELT];
	case MAYBE_PULLED:
		return m->maybe_pulls;
	case INVERTED:
		return known(m, TABLE, TILT, SECOND) && m->seen[TABLE][TILT].value > 10;
	case COLD_SKIN:
		return has(m, WRAP, SKIN) && known(m, WRAP, SKIN, SECOND) && m->seen[WRAP][SKIN].value < 15;
	case DOSE: /* CEM43 */
		return has(m, PAD, SKIN) && known(m, PAD, SKIN, 5 * SECOND)
			   ? pow(celsius >= 43 ? 0.5 : 0.25, 43 - celsius)
			   : 0;
	case MONITOR_SUMS:
		break;
	}
	return 0;
}

static void add_up(struct monitor *m, uint64_t now)
{
	while (m->now < now) {
		uint64_t second = (m->now - m->born) / 1000 + 1, edge = m->born + second * 1000;
		uint64_t to = edge < now ? edge : now;
		double rates[MONITOR_SUMS];
		for (unsigned s = 0; s < MONITOR_SUMS; s++)
			rates[s] = each_second(m, (enum monitor_sum)s);
		for (unsigned s = 0; s < MONITOR_SUMS; s++)
			m->total[s] += rates[s] * (double)(to - m->now) / 1e3;
		m->now = to;
		assert_true(second < MONITOR_HOURS * 3600);
		for (unsigned s = 0; s < MONITOR_SUMS && to == edge; s++)
			m->until[s][second] = m->total[s];
	}
}

static void note_sessions(struct monitor *m)
{
	m->maybe_pulls |= m->on[BELT];
	if (within(m, PULLED, 30 * MINUTE) >= 60 + SLACK_S)
		m->in_session = true;
	if (within(m, MAYBE_PULLED, 32 * MINUTE) >= 60 - SLACK_S) {
		m->full_ms = m->now;
	} else if (m->in_session && m->now - m->full_ms > 13 * MINUTE && m->n_sessions < 64) {
		m->in_session = false;
		m->sessions[m->n_sessions++] = m->full_ms;
	}
}

void monitor_pass(struct monitor *m, uint64_t now)
{
	add_up(m, now);
	const struct monitor_seen *tilt = &m->seen[TABLE][TILT];
	m->tripped |= m->tilted_since != NEVER && now - m->tilted_since >= SECOND;
	if (m->tripped && m->calm_since != NEVER && now - m->calm_since >= 10 * SECOND &&
	    known(m, TABLE, TILT, 5 * SECOND) && tilt->value <= 8)
		m->tripped = false;
	if (!known(m, TABLE, TILT, 5 * SECOND))
		m->calm_since = NEVER;
	if (!known(m, TABLE, TILT, 30 * SECOND))
		m->clear_since = NEVER;
	m->burnt |= m->hot_since != NEVER && now - m->hot_since >= 10 * SECOND;
	m->strained |= m->strained_since != NEVER && now - m->strained_since >= 2 * SECOND;
	m->squeezed |= m->squeezed_since != NEVER && now - m->squeezed_since >= SECOND;
	if (m->turning && (!known(m, TABLE, RATE, SECOND) || !known(m, TABLE, TILT, SECOND)))
		m->turning = false;
	m->stuck |= m->turning && now - m->turning_since > 2100;
	if (!(m->setup->without >> BELT & 1u))
		note_sessions(m);
}

/* ---- readings ---- */

static void beyond(struct monitor *m, uint64_t *since, double value, double bound)
{
	if (value <= bound)
		*since = NEVER;
	else if (*since == NEVER)
		*since = m->now;
}

static void hear_tilt(struct monitor *m, double tilt)
{
	beyond(m, &m->tilted_since, tilt, 10);
	m->tripped |= tilt > 20;
	m->calm_since = tilt > 8 ? NEVER : m->calm_since == NEVER ? m->now : m->calm_since;
	m->clear_since = tilt > 10 ? NEVER : m->clear_since == NEVER ? m->now : m->clear_since;
	if (fabs(tilt - m->turned_from) > 0.5) {
		m->turning = m->stuck = false;
		m->turned_from = tilt;
	}
}

static void hear_rate(struct monitor *m, double rate)
{
	bool turns = fabs(rate) > 5;
	if (turns && !m->turning && known(m, TABLE, TILT, SECOND) && !m->stuck) {
		m->turning_since = m->now;
		m->turned_from = m->seen[TABLE][TILT].value;
	}
	m->turning = turns && known(m, TABLE, TILT, SECOND);
}

static void hear_force(struct monitor *m, double force)
{
	const struct monitor_seen *before = &m->force_before;
	uint64_t ms = m->now - before->stamp;
	m->force_rate = before->good && ms >= 250 && ms <= SECOND ? (force - before->value) * 1e3 / (double)ms : 0;
	m->force_before = (struct monitor_seen){true, force, m->now};
	m->maybe_pulls = m->on[BELT] || force > 10;
	beyond(m, &m->strained_since, force, 150);
	m->strained |= force > 300;
}

void monitor_hear(struct monitor *m, enum life_device d, int metric, double value, bool good)
{
	m->seen[d][metric] = (struct monitor_seen){good, value, m->now};
	if (!has(m, d, metric))
		return;
	if (!good) { /* what is not known is not well either */
		if (d == TABLE && metric == TILT)
			m->calm_since = m->clear_since = NEVER, m->turning = false;
		if (d == TABLE && metric == RATE)
			m->turning = false;
		if (d == BELT && metric == FORCE)
			m->force_before.good = false, m->force_rate = 0;
		return;
	}
	if (d == TABLE && metric == TILT)
		hear_tilt(m, value);
	else if (d == TABLE && metric == RATE)
		hear_rate(m, value);
	else if (d == BELT && metric == FORCE)
		hear_force(m, value);
	else if (d == BELT && metric == PRESSURE)
		beyond(m, &m->squeezed_since, value, 30);
	else if (d == BUTTON)
		m->stopped |= value > 0;
	if (d == PAD && metric == SKIN) {
		beyond(m, &m->hot_since, value, 42);
		m->burnt |= value > 45;
	}
}

/* A latch goes only while what it is about is well. */
void monitor_reset(struct monitor *m)
{
	if (at_most(m, PAD, SKIN, 5 * SECOND, 40))
		m->burnt = false;
	if (at_most(m, BELT, FORCE, 5 * SECOND, 150))
		m->strained = false;
	if (at_most(m, BELT, PRESSURE, 5 * SECOND, 30))
		m->squeezed = false;
	if (at_most(m, BUTTON, PRESSED, 5 * SECOND, 0))
		m->stopped = false;
}

/* ---- what must not be ---- */

static const char *for_all(const struct monitor *m)
{
	if (m->stopped || !at_most(m, BUTTON, PRESSED, 5 * SECOND, 0))
		return "28: a stop, or a stop button that is not there";
	if (has(m, PERSON, THERE) && !(known(m, PERSON, THERE, 2 * MINUTE) && m->seen[PERSON][THERE].value >= 1))
		return "30: nobody there";
	return NULL;
}

static const char *acknowledged(const struct monitor *m)
{
	bool yes = known(m, PERSON, ACKNOWLEDGED, LASTING) && m->seen[PERSON][ACKNOWLEDGED].value >= 1;
	return yes ? NULL : "29: not acknowledged";
}

static const char *denied(const struct monitor *m, int what)
{
	bool no = known(m, PERSON, what, LASTING) && m->seen[PERSON][what].value <= 0;
	return no ? NULL : "29: denied to this person";
}

static const char *for_heat(const struct monitor *m, bool fresh)
{
	bool level = at_most(m, TABLE, TILT, 5 * SECOND, fresh ? 10 : 20);
	if (m->tripped || !level)
		return "11: the table";
	if (denied(m, DENIES_HEAT))
		return denied(m, DENIES_HEAT);
	if (m->stuck)
		return "18: the tilt is stuck";
	if (!at_most(m, BELT, FORCE, 5 * SECOND, nextafter(20, 0)) ||
	    !at_most(m, BELT, PRESSURE, 5 * SECOND, nextafter(1, 0)))
		return "12: the belt";
	if (m->burnt || !at_most(m, PAD, SKIN, 5 * SECOND, fresh ? 42 : 45))
		return "8: the skin";
	if (within(m, HEATED, 40 * MINUTE) > 20 * 60 + SLACK_S)
		return "9: too long";
	if (within(m, DOSE, 24 * HOUR) > 40 * 60 + 20)
		return "9: too much in a day";
	if (within(m, CHILLED, 40 * MINUTE) > 60 + SLACK_S || within(m, COLD_SKIN, 40 * MINUTE) > 60 + SLACK_S)
		return "10: after cold";
	if (has(m, WRAP, SKIN) && !(known(m, WRAP, SKIN, 5 * SECOND) && (!fresh || m->seen[WRAP][SKIN].value >= 15)))
		return "10: on cold skin";
	if (within(m, INVERTED, 10 * MINUTE) > 10 + SLACK_S)
		return "13: after inversion";
	return acknowledged(m);
}

static size_t sessions_since(const struct monitor *m, uint64_t ms)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n_sessions; i++)
		n += m->now - m->sessions[i] < ms;
	return n;
}

static const char *for_traction(const struct monitor *m, bool fresh)
{
	const struct monitor_seen *weight = &m->seen[SCALE][WEIGHT];
	if (has(m, TABLE, TILT) && (m->clear_since == NEVER || m->now - m->clear_since < 30 * MINUTE))
		return "14: half an hour since inversion";
	if (!at_most(m, TABLE, TILT, 5 * SECOND, 10) || m->tripped)
		return "14: the table";
	if (m->stuck)
		return "18: the tilt is stuck";
	if (m->strained || !at_most(m, BELT, FORCE, 5 * SECOND, fresh ? 150 : 300))
		return "4: the force";
	if (m->force_rate > 100)
		return "5: a jerk";
	if (within(m, PULLED, 30 * MINUTE) > 10 * 60 + SLACK_S)
		return "6: too long";
	if (m->squeezed || !at_most(m, BELT, PRESSURE, 5 * SECOND, fresh ? 30 : 1e9))
		return "7: the pressure";
	if (has(m, SCALE, WEIGHT) &&
	    !(known(m, SCALE, WEIGHT, 12 * HOUR) && weight->value >= 65 && weight->value <= 75))
		return "15: who is it?";
	if (sessions_since(m, 20 * HOUR - 15 * MINUTE) >= 1 || sessions_since(m, 160 * HOUR) >= 3)
		return "16: too often";
	if (!(known(m, PERSON, CLEARED, LASTING) && m->seen[PERSON][CLEARED].value > 0))
		return "29: not cleared";
	if (denied(m, DENIES_TRACTION))
		return denied(m, DENIES_TRACTION);
	return at_most(m, PERSON, BODY_WEIGHT, LASTING, 136) ? NULL : "29: too heavy";
}

const char *monitor_objects(const struct monitor *m, enum life_device d, bool fresh)
{
	const char *against = for_all(m);
	if (against)
		return against;
	if (d == PAD)
		return for_heat(m, fresh);
	if (d == BELT)
		return for_traction(m, fresh);
	if (within(m, CHILLED, HOUR) > 20 * 60 + SLACK_S || within(m, COLD_SKIN, HOUR) > 20 * 60 + SLACK_S)
		return "10: too long";
	if (denied(m, DENIES_COLD))
		return denied(m, DENIES_COLD);
	return acknowledged(m);
}

bool monitor_in_doubt(const struct monitor *m)
{
	static const struct {
		enum life_device device;
		int metric;
	} all[] = {{TABLE, TILT}, {BELT, FORCE}, {BELT, PRESSURE}, {PAD, SKIN}, {WRAP, SKIN}, {BUTTON, PRESSED}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (has(m, all[i].device, all[i].metric) && !known(m, all[i].device, all[i].metric, 5 * SECOND))
			return true;
	return false;
}
