/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "begin/begin.h"
#include "begin/survey.h"

static void show(const struct seen *s, size_t number)
{
	printf("  %2zu  %-14s  %s%s\n", number, seen_role_text(s), s->label, s->offline ? ", OFFLINE" : "");
	if (s->configured)
		printf("      %14s  in the configuration already, as %s\n", "", s->id);
	else if (s->why_not[0])
		printf("      %14s  cannot be chosen: %s\n", "", s->why_not);
	else if (s->remark[0])
		printf("      %14s  %s\n", "", s->remark);
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
	puts("\nWhich of them belong to the therapy?");
	if (seen_offers(&b->seen, SEEN_PLUG))
		puts("A plug that you choose is taken for a heat pad's (for a cold water machine's write 1=cold). It "
		     "belongs to\n"
		     "the gateway from then on, which switches it off and changes its settings; which ones, you see "
		     "before.");
	if (seen_offers(&b->seen, SEEN_OWNED_TABLE) || seen_offers(&b->seen, SEEN_OWNED_BELT))
		puts("If something \"without sensor\" is used here, choose it, too: heat then stays refused, for "
		     "nobody could\n"
		     "tell when it is safe.");
	seen_default(&b->seen, fallback, sizeof fallback);
	ask_new();
	for (;;) {
		enum step step = step_of(
		    ask_line("Their numbers, with blanks between them:", fallback[0] ? fallback : "none", answer));
		if (step != STEP_ON)
			return step;
		if (strcmp(answer, "none") == 0)
			answer[0] = '\0';
		if (seen_choose(&b->seen, answer, why, sizeof why))
			return STEP_ON;
		printf("%s\n", why);
	}
}

static enum step ask_pad(struct begin *b)
{
	puts("\nDoes the pad get warm as soon as its plug has power? Answer n if it has a handset or button that is "
	     "off\n"
	     "after a power cut: then you switch it on by hand, and the gateway only switches it off.");
	ask_new();
	return step_of(ask_yes("Warm as soon as it has power:", false, &b->answers.heats_when_powered));
}

static enum step ask_heat(struct begin *b)
{
	puts(
	    "\nHeat burns slowly, and without pain where it matters. Not on numb skin, not asleep, not for children;\n"
	    "the pad not folded and not lain upon (docs/safety.md). This is an interlock and a logbook, not a medical\n"
	    "device: it cannot see skin, and does not know what is good for you.");
	if (!b->old)
		puts("A session of heat is set to 10 min: start low, and raise it only as far as a professional has "
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
		printf("\nNothing was added, and %s is as it was.\n", b->files.place);
	else
		puts("\nNothing was chosen, and nothing is written.");
	puts("A plug with Tasmota is seen once its MQTT settings name this broker, a Shelly when MQTT is switched on "
	     "in it, a\n"
	     "Zigbee plug once Zigbee2MQTT knows it; for others there is docs/devices.md.\n"
	     "Next: prepare it (plugins/README.md), then `therapy-gateway setup` again.");
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
	printf("\nFound:\n");
	for (size_t i = 0; i < b->seen.n; i++)
		show(&b->seen.at[i], i + 1);
	if (real == 0)
		printf("  nothing that is known, neither at %s nor on serial ports\n", b->place.url);
	if (b->seen.more > 0 || b->found.more > 0)
		printf("  and more than there is room for: `therapyctl discover --broker %s` shows up to %d\n",
		       b->place.url, FOUND_MAX);
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
