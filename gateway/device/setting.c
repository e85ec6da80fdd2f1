/* SPDX-License-Identifier: Apache-2.0
 *
 * What is changed on the device itself, one setting:
 *
 *            it says what it is          remembered, or it need not be changed      it says that it is as wanted
 *   ASKED ───────────────────────▶ FOUND ──────────────────────────────────▶ TOLD ────────────────────────────▶ HELD
 *     │ it says other things, and not this, for a while                       ▲ │ told three times
 *     └───── it may be set unasked: BLIND is said ────────────────────────────┘ └─────────────────────────────▶ LEFT
 *
 * AWAY while nobody is there; ASKED again whenever somebody comes. A device that is silent is asked for ever and told
 * nothing: it may be without power, and what it has is not ours to forget. Nothing is told to be at rest before each
 * setting was found or its time was over, so nothing is energised, and nothing here encodes a verb that could: the
 * loader wants QUERY and RENEW.
 *
 * Letting go: every control to rest, and only then what the settings were, each confirmed. What stays on, or a setting
 * that is not taken, and the device is ours again.
 */
#include "device/machine.h"

#define AGAIN_MS     1000u /* between two questions or orders that may have been lost; an answer takes milliseconds */
#define SILENT_MS    5000u /* likewise, to a device that has not said anything yet */
#define OWED_MS      3000u /* what answers other questions and not this one for so long does not know it */
#define TRIES        3u
#define LOOK_MS      300000u /* anybody may change it */
#define GIVE_BACK_MS 15000u  /* for all of them, and for a reading that proves rest, beyond the longest rest */

static const struct therapy_setting *row_of(const struct device *d, const struct setting *s)
{
	return &d->model->settings[s - d->settings];
}

static void report(struct device *d, const struct setting *s, enum device_setting_news news, double value)
{
	if (d->n_setting_states == sizeof d->setting_states / sizeof *d->setting_states) {
		d->counters.overflows++;
		return;
	}
	d->setting_states[d->n_setting_states++] =
	    (struct device_setting_state){.setting = (uint8_t)(s - d->settings), .news = news, .value = value};
}

static void ask(struct device *d, struct setting *s, uint64_t again_ms)
{
	s->at = d->now_ms + again_ms;
	send_verb(d, row_of(d, s)->ask, 0, DEVICE_NO_CONTROL);
}

static void tell(struct device *d, struct setting *s, double value)
{
	s->tries++;
	send_verb(d, row_of(d, s)->set, value, DEVICE_NO_CONTROL);
	ask(d, s, AGAIN_MS);
}

static void want(struct device *d, struct setting *s)
{
	s->phase = d->leave_settings ? SETTING_LEFT : SETTING_TOLD;
	if (d->leave_settings)
		return;
	s->seen = (double)NAN;
	s->tries = 0;
	tell(d, s, row_of(d, s)->wanted);
}

static void hold(struct device *d, struct setting *s)
{
	s->phase = SETTING_HELD;
	s->at = d->now_ms + LOOK_MS;
	report(d, s, DEVICE_SETTING_HELD, row_of(d, s)->wanted);
}

static bool is(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/* ---- who is there ---- */

static void end_release(struct device *d, enum device_release how)
{
	d->release = how;
	d->released = d->releasing = how == DEVICE_RELEASED;
	d->giving_back = false;
}

void setting_begin(struct device *d)
{
	if (d->released)
		return;
	if (d->releasing) /* it came back as something else than what was being let go */
		end_release(d, DEVICE_RELEASE_NOT_TAKEN);
	for (uint8_t i = 0; i < d->model->n_settings; i++) {
		struct setting *s = &d->settings[i];
		*s = (struct setting){.phase = SETTING_ASKED, .until = UINT64_MAX};
		ask(d, s, SILENT_MS);
	}
}

void setting_end(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_settings; i++)
		d->settings[i].phase = SETTING_AWAY;
	if (d->releasing && !d->released)
		end_release(d, DEVICE_RELEASE_NOT_TAKEN);
	d->releasing = d->released = false; /* a new connection is a new beginning */
}

void setting_heard(struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_settings; i++) {
		struct setting *s = &d->settings[i];
		if (s->phase != SETTING_ASKED || s->until != UINT64_MAX)
			continue;
		s->until = d->now_ms + OWED_MS;
		s->at = d->now_ms; /* it may not have heard what was asked when it came */
	}
}

/* ---- what they are ---- */

void setting_found(struct device *d, uint16_t row, double value)
{
	if (row >= d->model->n_settings || !isfinite(value))
		return;
	struct setting *s = &d->settings[row];
	bool wanted = is(value, row_of(d, s)->wanted);
	switch (s->phase) {
	case SETTING_ASKED:
		report(d, s, DEVICE_SETTING_FOUND, value);
		if (wanted) {
			hold(d, s);
			break;
		}
		s->phase = SETTING_FOUND;
		s->until = d->now_ms + OWED_MS;
		break;
	case SETTING_TOLD: /* another value may be an answer from before it was told */
		s->seen = value;
		if (wanted)
			hold(d, s);
		break;
	case SETTING_HELD: /* set once more, not for ever: somebody else may want it otherwise for ever, too */
		if (wanted)
			break;
		if (!s->again) {
			s->again = true;
			want(d, s);
			break;
		}
		s->phase = SETTING_LEFT;
		report(d, s, DEVICE_SETTING_REFUSED, value);
		break;
	case SETTING_LEFT:
		if (wanted)
			hold(d, s);
		break;
	case SETTING_GIVING_BACK:
		if (!is(value, s->was))
			break;
		s->phase = SETTING_GIVEN_BACK;
		report(d, s, DEVICE_SETTING_GIVEN_BACK, value);
		break;
	case SETTING_AWAY:
	case SETTING_FOUND:
	case SETTING_GIVEN_BACK:
		break;
	}
}

void setting_kept(struct device *d, uint8_t row)
{
	if (row < d->model->n_settings && d->settings[row].phase == SETTING_FOUND)
		want(d, &d->settings[row]);
}

bool setting_settled(const struct device *d)
{
	for (uint8_t i = 0; i < d->model->n_settings; i++)
		if (d->settings[i].phase == SETTING_ASKED || d->settings[i].phase == SETTING_FOUND)
			return false;
	return true;
}

/* ---- letting go ---- */

void setting_release(struct device *d, const struct device_input *in)
{
	if (d->releasing)
		return;
	if (!d->link_up || d->absent) {
		end_release(d, DEVICE_RELEASE_NOT_AT_REST);
		return;
	}
	d->releasing = true;
	d->release_until = d->now_ms + control_longest_rest_ms(d) + GIVE_BACK_MS;
	for (uint8_t i = 0; i < d->model->n_settings; i++)
		d->settings[i].phase = SETTING_GIVEN_BACK; /* what is not known stays as it is */
	for (size_t i = 0; i < in->n_was; i++) {
		if (in->was[i].setting >= d->model->n_settings || !isfinite(in->was[i].value))
			continue;
		struct setting *s = &d->settings[in->was[i].setting];
		*s = (struct setting){.phase = SETTING_GIVING_BACK, .was = in->was[i].value};
	}
	for (uint8_t i = 0; i < d->model->n_controls; i++)
		control_rest(d, &(struct device_input){.control = i});
}

static void ours_again(struct device *d, enum device_release why)
{
	end_release(d, why);
	setting_begin(d);
	setting_heard(d);
}

static void release_time(struct device *d)
{
	bool rests = control_all_at_rest(d), done = true;
	if (!d->giving_back && rests) {
		d->giving_back = true;
		for (uint8_t i = 0; i < d->model->n_settings; i++)
			if (d->settings[i].phase == SETTING_GIVING_BACK)
				tell(d, &d->settings[i], d->settings[i].was);
	}
	for (uint8_t i = 0; i < d->model->n_settings; i++)
		done = done && d->settings[i].phase != SETTING_GIVING_BACK;
	if (d->giving_back && rests && done)
		end_release(d, DEVICE_RELEASED);
	else if (d->now_ms >= d->release_until)
		ours_again(d, rests ? DEVICE_RELEASE_NOT_TAKEN : DEVICE_RELEASE_NOT_AT_REST);
}

/* ---- time ---- */

static void tell_again(struct device *d, struct setting *s, double value)
{
	if (s->tries < TRIES)
		tell(d, s, value);
	else if (d->releasing)
		ours_again(d, DEVICE_RELEASE_NOT_TAKEN);
	else {
		s->phase = SETTING_LEFT;
		report(d, s, DEVICE_SETTING_REFUSED, s->seen);
	}
}

static void owed(struct device *d, struct setting *s)
{
	bool unasked = row_of(d, s)->unasked && !d->leave_settings;
	report(d, s, unasked ? DEVICE_SETTING_BLIND : DEVICE_SETTING_UNSET, 0);
	if (unasked)
		want(d, s);
	else
		s->phase = SETTING_LEFT;
}

static void one_time(struct device *d, struct setting *s)
{
	switch (s->phase) {
	case SETTING_ASKED:
		if (d->now_ms >= s->until)
			owed(d, s);
		else if (d->now_ms >= s->at)
			ask(d, s, s->until == UINT64_MAX ? SILENT_MS : AGAIN_MS);
		break;
	case SETTING_FOUND: /* a disk that hangs must not keep a timer from being set */
		if (d->now_ms >= s->until)
			want(d, s);
		break;
	case SETTING_TOLD:
		if (d->now_ms >= s->at)
			tell_again(d, s, row_of(d, s)->wanted);
		break;
	case SETTING_HELD:
		if (d->now_ms >= s->at)
			ask(d, s, LOOK_MS);
		break;
	case SETTING_GIVING_BACK:
		if (d->giving_back && d->now_ms >= s->at)
			tell_again(d, s, s->was);
		break;
	case SETTING_AWAY:
	case SETTING_LEFT:
	case SETTING_GIVEN_BACK:
		break;
	}
}

void setting_time(struct device *d)
{
	if (!d->link_up)
		return;
	for (uint8_t i = 0; i < d->model->n_settings; i++)
		one_time(d, &d->settings[i]);
	if (setting_settled(d))
		control_settled(d);
	if (d->releasing && !d->released)
		release_time(d);
}

uint64_t setting_deadline(const struct device *d)
{
	uint64_t first = UINT64_MAX;
	if (!d->link_up)
		return first;
	for (uint8_t i = 0; i < d->model->n_settings; i++) {
		const struct setting *s = &d->settings[i];
		uint64_t at = UINT64_MAX;
		if (s->phase == SETTING_ASKED)
			at = s->until < s->at ? s->until : s->at;
		else if (s->phase == SETTING_FOUND)
			at = s->until;
		else if (s->phase == SETTING_TOLD || s->phase == SETTING_HELD ||
			 (s->phase == SETTING_GIVING_BACK && d->giving_back))
			at = s->at;
		first = at < first ? at : first;
	}
	if (d->releasing && !d->released && d->release_until < first)
		first = d->release_until;
	return first;
}
