/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "begin/begin.h"
#include "begin/say.h"
#include "begin/stop.h"

static enum step propose(struct begin *b)
{
	const struct proposal_order order = {.old = b->old,
					     .change = b->change,
					     .password = b->password,
					     .wants_token = b->page && !(b->config && b->config->page.enabled),
					     .token = b->token,
					     .seen = &b->seen};
	char *why = NULL;
	b->answers.page = b->page;
	b->answers.url = b->place.url;
	b->answers.username = b->place.username;
	bool good = proposal_make(&b->proposal, &order, &b->answers, &b->files, &b->programs, &why);
	if (!good && !stop_asked())
		say("\n%s\n\nNothing was written or changed. Next: docs/configuration.md, or %s again with\n"
		    "another answer.",
		    why ? why : "no memory", say_setup());
	free(why);
	return good ? STEP_ON : STEP_STOP;
}

static void show_changes(const struct begin *b, const char *id)
{
	char *changes = proposal_changes(&b->proposal, id);
	if (!changes)
		return;
	say("\nOn the device %s itself: it is switched off when the gateway comes, and set to", id);
	for (const char *at = changes; *at;) {
		size_t n = strcspn(at, "\n");
		say("  %.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
	say("What these were is remembered; `therapyctl device release %s` gives them back.", id);
	free(changes);
}

static enum step agree(struct begin *b)
{
	bool yes = false, control = false;
	const char *question = "Write that:";
	if (b->old)
		say("\nIn %s (as it was, it is kept as %s.before):\n", b->files.place, b->files.place);
	else
		say("\n%s, checked and without a fault:\n", b->files.place);
	say_text("%s", !b->old ? b->proposal.text : b->proposal.difference ? b->proposal.difference : "");
	for (size_t i = 0; i < b->seen.n; i++)
		if (b->seen.at[i].chosen && b->seen.at[i].plugin[0]) {
			show_changes(b, b->seen.at[i].id);
			control |= proposal_switches(&b->proposal, b->seen.at[i].id);
		}
	if (b->running)
		say("\nThen the gateway starts anew with it. What is on goes to rest, so nobody is in therapy now.");
	else if (control)
		say("\nThen the off-test: each plug is switched on for some seconds, and must go off by itself. "
		    "Nobody lies on\n"
		    "the pad now.");
	say_gap();
	ask_new();
	if (control)
		question = b->running ? "Write that, start anew, change the plug:"
				      : "Write that, change the plug, run the off-test:";
	else if (b->running)
		question = "Write that, start anew:";
	enum step step = step_of(ask_yes(question, false, &yes));
	if (step == STEP_ON && !yes) {
		say("Nothing was written or changed. Next: %s again, or by hand: docs/configuration.md.", say_setup());
		return STEP_STOP;
	}
	return step;
}

enum step step_write(struct begin *b)
{
	char why[PATH_MAX + 256];
	enum step step = propose(b);
	if (step == STEP_ON)
		step = agree(b);
	if (step != STEP_ON)
		return step;
	if (!files_take(&b->files, why, sizeof why)) {
		say("It could not be put in its place: %s\nNext: see to that, then %s again.", why, say_setup());
		return STEP_STOP;
	}
	b->taken = true;
	say("Written: %s", b->files.place);
	if (b->page && b->proposal.token_file[0] && !say_is_json())
		say("Written: %s, what the page asks for once: http://%s/", b->proposal.token_file, b->page);
	return STEP_ON;
}
