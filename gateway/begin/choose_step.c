/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "begin/begin.h"
#include "begin/say.h"
#include "begin/survey.h"

static void show(const struct seen *s, size_t number)
{
	char label[sizeof s->label + 16], note[sizeof s->why_not + 64] = "";
	snprintf(label, sizeof label, "%s%s", s->label, s->offline ? ", OFFLINE" : "");
	if (s->configured)
		snprintf(note, sizeof note, "in the configuration already, as %s", s->id);
	else if (s->why_not[0])
		snprintf(note, sizeof note, "cannot be chosen: %s", s->why_not);
	else
		snprintf(note, sizeof note, "%s", s->remark);
	const struct say_row row = {.number = (unsigned)number,
				    .role = seen_role_text(s),
				    .label = label,
				    .note = note,
				    .may = !s->configured && !s->why_not[0],
				    .plug = s->role == SEEN_PLUG};
	say_row(&row);
}

static bool taken(const void *user, const char *id)
{
	const struct config *config = user;
	for (size_t i = 0; config && i < config->n_devices; i++)
		if (strcmp(config->devices[i].id, id) == 0)
			return true;
	return false;
}

static bool new_pad(const struct begin *b)
{
	for (size_t i = 0; i < b->seen.n; i++)
		if (b->seen.at[i].chosen && b->seen.at[i].role == SEEN_PLUG && !b->seen.at[i].cold)
			return true;
	return false;
}

static enum step ask_devices(struct begin *b)
{
	char answer[ASK_MAX], fallback[256], why[512];
	say("\nWhich of them belong to the therapy?");
	if (seen_offers(&b->seen, SEEN_PLUG))
		say("A plug that you choose is taken for a heat pad's (for a cold water machine's %s). It belongs to\n"
		    "the gateway from then on, which switches it off and changes its settings; which ones, you see "
		    "before.",
		    say_where("write 1=cold", "say so beside it"));
	if (seen_offers(&b->seen, SEEN_OWNED_TABLE) || seen_offers(&b->seen, SEEN_OWNED_BELT))
		say("If something \"without sensor\" is used here, choose it, too: heat then stays refused, for "
		    "nobody could\n"
		    "tell when it is safe.");
	seen_default(&b->seen, fallback, sizeof fallback);
	ask_new();
	for (;;) {
		enum step step =
		    step_of(ask_rows(say_where("Their numbers, with blanks between them:", "These belong to it:"),
				     fallback[0] ? fallback : "none", answer));
		if (step != STEP_ON)
			return step;
		if (strcmp(answer, "none") == 0)
			answer[0] = '\0';
		if (seen_choose(&b->seen, answer, why, sizeof why))
			return STEP_ON;
		say("%s", why);
	}
}

static enum step ask_pad(struct begin *b)
{
	say("\nDoes the pad get warm as soon as its plug has power? Answer no if it has a handset or button that is "
	    "off\n"
	    "after a power cut: then you switch it on by hand, and the gateway only switches it off.");
	ask_new();
	return step_of(ask_yes("Warm as soon as it has power:", false, &b->answers.heats_when_powered));
}

static enum step ask_heat(struct begin *b)
{
	say("\nHeat burns slowly, and without pain where it matters. Not on numb skin, not asleep, not for children;\n"
	    "the pad not folded and not lain upon (docs/safety.md). This is an interlock and a logbook, not a medical\n"
	    "device: it cannot see skin, and does not know what is good for you.");
	if (!b->old)
		say("A session of heat is set to 10 min: start low, and raise it only as far as a professional has "
		    "cleared.");
	ask_new();
	enum step step =
	    step_of(ask_yes("I have read that (n: heat stays refused):", false, &b->answers.heat_acknowledged));
	b->change.acknowledge = b->old && b->answers.heat_acknowledged;
	return step;
}

static enum step nothing(const struct begin *b)
{
	if (b->old)
		say("\nNothing was added, and %s is as it was.", b->files.place);
	else
		say("\nNothing was chosen, and nothing is written.");
	say("A plug with Tasmota is seen once its MQTT settings name this broker, a Shelly when MQTT is switched on "
	    "in it, a\n"
	    "Zigbee plug once Zigbee2MQTT knows it; for others there is docs/devices.md.\n"
	    "Next: prepare it (plugins/README.md), then %s again.",
	    say_setup());
	return STEP_STOP;
}

static void show_all(struct begin *b)
{
	survey_rows(&b->seen, &b->found, b->config, &b->places);
	size_t real = b->seen.n;
	if (!b->old && real > 0) { /* in a file that is there that is for its owner to say */
		if (!seen_offers(&b->seen, SEEN_TABLE))
			seen_add_owned(&b->seen, SEEN_OWNED_TABLE);
		if (!seen_offers(&b->seen, SEEN_BELT))
			seen_add_owned(&b->seen, SEEN_OWNED_BELT);
	}
	say("\nFound:");
	for (size_t i = 0; i < b->seen.n; i++)
		show(&b->seen.at[i], i + 1);
	if (real == 0)
		say("  nothing that is known, neither at %s nor on serial ports", b->place.url);
	if (b->seen.more > 0 || b->found.more > 0)
		say("  and more than there is room for: `therapyctl discover --broker %s` shows up to %d", b->place.url,
		    FOUND_MAX);
}

enum step step_choose(struct begin *b)
{
	bool changes = b->change.broker || b->change.page;
	enum step step = STEP_ON;
	show_all(b);
	if (b->seen.n > 0)
		step = ask_devices(b);
	if (step != STEP_ON)
		return step;
	for (size_t i = 0; i < b->seen.n; i++) {
		b->answers.owns_table |= b->seen.at[i].chosen && b->seen.at[i].role == SEEN_OWNED_TABLE;
		b->answers.owns_traction |= b->seen.at[i].chosen && b->seen.at[i].role == SEEN_OWNED_BELT;
	}
	if (seen_chosen(&b->seen) == 0 && !b->old)
		return nothing(b);
	seen_name(&b->seen, taken, b->config);
	if (new_pad(b))
		step = ask_pad(b);
	bool acknowledged = b->config && b->config->profile.heat_acknowledged;
	if (step == STEP_ON && !acknowledged && survey_has_heat(&b->seen, b->config))
		step = ask_heat(b);
	if (step == STEP_ON && seen_chosen(&b->seen) == 0 && !changes && !b->change.acknowledge)
		return nothing(b);
	return step;
}
