/* SPDX-License-Identifier: Apache-2.0 */
#include "therapyctl/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "therapyctl/fields.h"
#include "therapyctl/plan_lines.h"
#include "therapyctl/plan_words.h"
#include "therapyctl/print.h"
#include "therapyctl/talk.h"

static const char caution[] = "Start low, rise slowly, stay within what a professional cleared, and stop at once at "
			      "pain.";

/* ---- pieces ---- */

static void say(enum colour colour, const char *sentence)
{
	if (sentence[0])
		print_wrap(colour, sentence, 0, 0);
}

/* Takes the text's memory. */
static void say_text(enum colour colour, struct text *text)
{
	say(colour, text->failed ? "(no memory)" : text->at ? text->at : "");
	text_release(text);
}

static void show_items(struct json_object *items)
{
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		struct text line = {0};
		plan_item(&line, item);
		printf("  %s\n", line.failed ? "(no memory)" : line.at);
		text_release(&line);
		if (plan_item_waits(item)[0]) {
			printf("    ");
			print_wrap(WARN, plan_item_waits(item), 4, 4);
		}
	}
}

static void show_proposal(struct json_object *plan)
{
	unsigned step = (unsigned)field_count(plan, "proposed");
	struct json_object *items = field_list(plan, "proposed_items");
	struct text line = {0};
	if (step == 0)
		return;
	text_add(&line, "Step %u is proposed%s", step, json_object_array_length(items) ? ":" : ".");
	say_text(GOOD, &line);
	show_items(items);
}

static void show_plan(struct json_object *answer)
{
	struct json_object *plan = field(answer, "plan"), *adherence = field(answer, "adherence");
	struct text text = {0};
	text_add_line(&text, field_text(plan, "name"));
	text_add(&text, ", step %llu of %llu", (unsigned long long)field_count(plan, "step"),
		 (unsigned long long)field_count(plan, "steps"));
	print_heading(text.at ? text.at : "");
	text_release(&text);
	printf("  %-*s%-*s%s\n", PLAN_ITEM_COLUMNS, "", PLAN_DONE_COLUMNS, "done today", "done this week");
	show_items(field_list(plan, "items"));
	if (adherence) {
		struct json_object *all = json_object_new_object();
		static const char *const members[][2] = {{"done_today", "done_today"},
							 {"planned_today", "today"},
							 {"done_week", "done_week"},
							 {"planned_week", "week"}};
		for (size_t i = 0; i < sizeof members / sizeof *members; i++)
			json_object_object_add(all, members[i][1], json_object_get(field(adherence, members[i][0])));
		talk_add(all, "text", "in all");
		text = (struct text){0};
		plan_item(&text, all);
		printf("  ");
		print_text(DIM, text.failed ? "" : text.at);
		putchar('\n');
		text_release(&text);
		json_object_put(all);
	}
	putchar('\n');
	say(BAD, plan_frozen(plan));
	say(WARN, plan_backed(plan));
	text = (struct text){0};
	plan_next(&text, plan, clock_wall_ms(NULL));
	say_text(BOLD, &text);
	show_proposal(plan);
	if (field_count(plan, "proposed"))
		say(PLAIN, "Take it only if you are well: therapyctl plan agree. To stay at this step: therapyctl plan "
			   "decline.");
	if (field_true(plan, "beyond_60"))
		say(PLAIN, "Beyond 60° is allowed, by your own choice; therapyctl plan set --beyond-60 no ends that.");
	text = (struct text){0};
	plan_reminds(&text, plan);
	say_text(DIM, &text);
	say(DIM, caution);
}

static void show(struct json_object *answer)
{
	if (field(answer, "plan"))
		show_plan(answer);
	else
		say(PLAIN, "No plan is followed. Those there are: therapyctl plan list");
}

static void show_offer(struct json_object *plan)
{
	struct text text = {0};
	text_add_line(&text, field_text(plan, "name"));
	text_add(&text, ", %llu step%s", (unsigned long long)field_count(plan, "steps"),
		 field_count(plan, "steps") == 1 ? "" : "s");
	print_heading(text.at ? text.at : "");
	text_clear(&text);
	text_add_line(&text, field_text(plan, "because"));
	printf("  ");
	print_wrap(PLAIN, text.at ? text.at : "", 2, 2);
	text_clear(&text);
	text_add(&text, "Source: ");
	text_add_line(&text, field_text(plan, "source"));
	printf("  ");
	print_wrap(DIM, text.at ? text.at : "", 2, 2);
	text_release(&text);
	show_items(field_list(plan, "first"));
}

static void show_list(struct json_object *answer)
{
	struct json_object *plans = field_list(answer, "plans");
	size_t n = json_object_array_length(plans);
	for (size_t i = 0; i < n; i++) {
		struct json_object *plan = json_object_array_get_idx(plans, i);
		bool active = strcmp(field_text(plan, "id"), field_text(answer, "active")) == 0;
		struct text text = {0};
		show_offer(plan);
		text_add(&text, active ? "It is followed now: therapyctl plan" : "Begin it: therapyctl plan start ");
		if (!active)
			text_add_line(&text, field_text(plan, "id"));
		printf("  ");
		print_wrap(active ? GOOD : PLAIN, text.at ? text.at : "", 2, 2);
		text_release(&text);
	}
	if (n == 0)
		say(PLAIN, "There are no plans: docs/plans.md says where they are read from.");
	else
		putchar('\n');
	if (n > 0)
		say(DIM, caution);
}

/* ---- orders ---- */

static struct json_object *order_of(const char *step)
{
	struct json_object *order = talk_order("plan");
	talk_add(order, "step", step);
	return order;
}

/* What somebody is about to take, before it is taken. */
static int show_before(struct link_line *link, const char *step, const char *id)
{
	bool starts = strcmp(step, "start") == 0;
	if (!starts && strcmp(step, "agree") != 0)
		return DONE;
	struct json_object *answer = talk_ask(link, order_of(starts ? "list" : "show"));
	int status = answer ? talk_told(answer) : NO_GATEWAY;
	struct json_object *plans = field_list(answer, "plans");
	bool shown = false;
	for (size_t i = 0; starts && i < json_object_array_length(plans); i++)
		if (strcmp(field_text(json_object_array_get_idx(plans, i), "id"), id) == 0) {
			show_offer(json_object_array_get_idx(plans, i));
			shown = true;
		}
	if (!starts && field_count(field(answer, "plan"), "proposed")) {
		show_proposal(field(answer, "plan"));
		shown = true;
	}
	if (shown)
		say(BOLD, caution);
	fflush(stdout);
	json_object_put(answer);
	return status;
}

static int show_after(struct link_line *link)
{
	struct json_object *answer = talk_ask(link, order_of("show"));
	int status = answer ? talk_told(answer) : NO_GATEWAY;
	if (status == DONE)
		show(answer);
	json_object_put(answer);
	return status;
}

int plan_run(struct link_line *link, bool json, char **words)
{
	struct json_object *order = plan_words(words);
	if (!order)
		return USAGE;
	const char *step = words[0] ? words[0] : "show";
	bool looks = strcmp(step, "show") == 0 || strcmp(step, "list") == 0;
	int status = json ? DONE : show_before(link, step, field_text(order, "plan"));
	if (status != DONE) {
		json_object_put(order);
		return status;
	}
	struct json_object *answer = talk_ask(link, order);
	status = answer ? talk_told(answer) : NO_GATEWAY;
	if (answer && json)
		talk_print(answer);
	else if (status == DONE && strcmp(step, "list") == 0)
		show_list(answer);
	else if (status == DONE && looks)
		show(answer);
	json_object_put(answer);
	if (status != DONE || json || looks)
		return status;
	if (strcmp(step, "stop") == 0) {
		say(PLAIN, "No plan is followed any more. Sessions stay, and the limits of the person hold.");
		return DONE;
	}
	return show_after(link);
}
