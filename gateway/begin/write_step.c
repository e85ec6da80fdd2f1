/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "begin/begin.h"
#include "begin/stop.h"

static enum step propose(struct begin *b)
{
	const struct proposal_order order = {.old = b->old,
					     .change = b->change,
					     .password = b->password,
					     .token = b->page && !(b->config && b->config->page.enabled),
					     .seen = &b->seen};
	char *why = NULL;
	b->answers.page = b->page;
	b->answers.url = b->place.url;
	b->answers.username = b->place.username;
	bool good = proposal_make(&b->proposal, &order, &b->answers, &b->files, &b->programs, &why);
	if (!good && !stop_asked())
		printf("\n%s\nNothing was written or changed. Next: docs/configuration.md, or `therapy-gateway setup` "
		       "again with\n"
		       "another answer.\n",
		       why ? why : "no memory");
	free(why);
	return good ? STEP_ON : STEP_STOP;
}

static void show_changes(const struct begin *b, const char *id)
{
	char *changes = proposal_changes(&b->proposal, id);
	if (!changes)
		return;
	printf("\nOn the device %s itself: it is switched off when the gateway comes, and set to\n", id);
	for (const char *at = changes; *at;) {
		size_t n = strcspn(at, "\n");
		printf("  %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
	printf("What these were is remembered; `therapyctl device release %s` gives them back.\n", id);
	free(changes);
}

static enum step agree(struct begin *b)
{
	bool yes = false, control = false;
	if (b->old)
		printf("\nIn %s (as it was, it is kept as %s.before):\n\n%s", b->files.place, b->files.place,
		       b->proposal.difference ? b->proposal.difference : "");
	else
		printf("\n%s, checked and without a fault:\n\n%s", b->files.place, b->proposal.text);
	for (size_t i = 0; i < b->seen.n; i++)
		if (b->seen.at[i].chosen && b->seen.at[i].plugin[0]) {
			show_changes(b, b->seen.at[i].id);
			control |= proposal_switches(&b->proposal, b->seen.at[i].id);
		}
	if (control)
		puts("\nThen the off-test: each plug is switched on for some seconds, and must go off by itself. "
		     "Nobody lies on\n"
		     "the pad now.");
	putchar('\n');
	ask_new();
	enum step step =
	    step_of(ask_yes(control ? "Write that, change the plug, run the off-test:" : "Write that:", false, &yes));
	if (step == STEP_ON && !yes) {
		puts("Nothing was written or changed. Next: `therapy-gateway setup` again, or by hand: "
		     "docs/configuration.md.");
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
		printf("It could not be put in its place: %s\nNext: see to that, then `therapy-gateway setup` again.\n",
		       why);
		return STEP_STOP;
	}
	b->taken = true;
	printf("Written: %s\n", b->files.place);
	if (b->page && b->proposal.token_file[0])
		printf("Written: %s, what the page asks for once: http://%s/\n", b->proposal.token_file, b->page);
	return STEP_ON;
}
