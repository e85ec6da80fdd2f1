/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "begin/begin.h"
#include "begin/say.h"
#include "begin/stop.h"
#include "begin/trial.h"
#include "therapyctl/fields.h"
#include "therapyctl/link.h"

/* Is there a gateway that runs with this file? */
static bool runs(const struct begin *b)
{
	struct link_line link;
	char why[512];
	bool gone = false;
	if (link_open(&link, NULL, why, sizeof why) != 0)
		return false;
	struct json_object *o = json_object_new_object(), *answer = NULL;
	json_object_object_add(o, "do", json_object_new_string("status"));
	if (link_send(&link, o) == 0)
		answer = link_read(&link, 2000, &gone);
	json_object_put(o);
	bool same = strcmp(field_text(field(answer, "status"), "configuration"), b->files.place) == 0 ||
		    strcmp(field_text(field(answer, "status"), "configuration"), b->file) == 0;
	json_object_put(answer);
	link_close(&link);
	return same;
}

static void advise(const char *control, enum trial_end end)
{
	const char *how = say_where("therapyctl off-test", "the off-test on this page, of");
	if (end == TRIAL_FAILED)
		say("The plug did not go off by itself: switch it off by hand, and look whether it is off. It stays\n"
		    "refused. Next: another plug (docs/devices.md), or see to its timer and firmware "
		    "(plugins/README.md),\n"
		    "then, while the gateway runs: %s %s",
		    how, control);
	else
		say("It stays refused until the test has passed. Next, when that is put right and the gateway runs:\n"
		    "  %s %s",
		    how, control);
}

static const struct seen *chosen(const struct begin *b, const char *id)
{
	for (size_t i = 0; i < b->seen.n; i++)
		if (b->seen.at[i].chosen && strcmp(b->seen.at[i].id, id) == 0)
			return &b->seen.at[i];
	return NULL;
}

/* Is that control to prove itself now? One that was there only if heat was refused for all until now. */
static bool is_due(const struct begin *b, const char *id, const char *key)
{
	return chosen(b, id) || (b->change.acknowledge && strcmp(key, "heat") == 0);
}

/* What the user said that refuses heat, and so its test as well; NULL: nothing. */
static const char *said_no(const struct begin *b, const char *key)
{
	bool acknowledged = b->answers.heat_acknowledged || (b->config && b->config->profile.heat_acknowledged);
	if (strcmp(key, "tension") == 0 && !(b->config && b->config->profile.has_cleared))
		return "the profile says weight, cleared_on and cleared_by (docs/configuration.md)";
	if (strcmp(key, "heat") != 0)
		return NULL;
	if (!acknowledged)
		return "heat_acknowledged = true stands in the profile";
	if (b->answers.owns_table)
		return "the inversion table has a sensor";
	return b->answers.owns_traction ? "the traction belt has a sensor" : NULL;
}

static void test_one(struct trial *t, const char *control, bool *failed)
{
	char why[512] = "";
	say("%s: off-test, it goes on now and must go off by itself ...", control);
	enum trial_end end = trial_off_test(t, control, why, sizeof why);
	if (stop_asked())
		return;
	say("  %s%s%s",
	    end == TRIAL_PROVED   ? "passed"
	    : end == TRIAL_FAILED ? "FAILED"
				  : "not begun",
	    why[0] ? ": " : "", why);
	if (end != TRIAL_PROVED)
		advise(control, end);
	*failed |= end == TRIAL_FAILED;
}

struct proving {
	struct trial trial;
	bool begun, broken, failed; /* broken: the gateway does not start, which was told */
};

static void prove_one(const struct begin *b, struct proving *p, const char *id, const char *key)
{
	char why[1024], control[160];
	const char *until = said_no(b, key);
	snprintf(control, sizeof control, "%s.%s", id, key);
	if (until) {
		say("%s is refused until %s, and so is the off-test. Next, then:\n  %s %s", control, until,
		    say_where("therapyctl off-test", "the off-test on this page, of"), control);
		return;
	}
	if (!p->begun && !trial_begin(&p->trial, &b->programs, b->files.place, why, sizeof why)) {
		p->broken = true;
		if (!stop_asked())
			say("The gateway does not start:\n  %s\n\nNext: put that right, then %s.", why,
			    say_where("start it: therapy-gateway run", "the set-up again"));
		return;
	}
	p->begun = true;
	test_one(&p->trial, control, &p->failed);
}

static void each_due(const struct begin *b, struct proving *p,
		     void (*visit)(const struct begin *b, struct proving *p, const char *id, const char *key))
{
	struct json_object *deadman = field(b->proposal.check, "deadman");
	if (!deadman)
		return;
	json_object_object_foreach(deadman, id, controls)
	{
		json_object_object_foreach(controls, key, said)
		{
			(void)said;
			if (is_due(b, id, key) && !stop_asked() && !p->broken)
				visit(b, p, id, key);
		}
	}
}

static void name_one(const struct begin *b, struct proving *p, const char *id, const char *key)
{
	(void)b;
	(void)p;
	say("  %s %s.%s", say_where("therapyctl off-test", "the off-test on this page, of"), id, key);
}

enum step step_prove(struct begin *b)
{
	struct proving p = {0};
	if (b->running || (b->old && runs(b))) {
		say("%s", b->running
			      ? "The gateway starts anew now, and is back here within seconds. Next, each plug that is "
				"new proves itself:"
			      : "A gateway runs with the file as it was. Next: restart it, then each plug that is new "
				"proves itself with");
		each_due(b, &p, name_one);
		return STEP_DONE;
	}
	each_due(b, &p, prove_one);
	if (p.begun)
		trial_end(&p.trial);
	/* It may run: what failed stays refused. On a terminal whoever reads that is to see to it first. */
	bool goes_on = !p.failed || say_is_json();
	return stop_asked() || !goes_on || p.broken ? STEP_STOP : STEP_ON;
}

static void say_next(const struct begin *b)
{
	for (size_t i = 0; i < b->seen.n; i++)
		if (b->seen.at[i].chosen && b->seen.at[i].role == SEEN_TABLE)
			say("Next, with nobody on the table and the gateway running: %s %s\n"
			    "(until then an upright table counts as tilted, and heat is refused)",
			    say_where("therapyctl calibrate", "Calibrate, at"), b->seen.at[i].id);
	if (!say_is_json())
		say("`therapyctl status` says what is permitted, and why not.");
}

enum step step_start(struct begin *b)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	say_gap();
	say_next(b);
	b->starts = say_is_json();
	if (b->starts) {
		say("It starts now, and what is permitted is seen here.");
		return STEP_DONE; /* whoever asked starts it */
	}
	if (b->no_start || !terminal) {
		say("Start it: %s run -c %s", b->called, b->file);
		return STEP_DONE;
	}
	say("It starts here now; Ctrl-C brings everything to rest and ends it. Later:");
	say("  %s run -c %s\n", b->called, b->file);
	execl(b->programs.gateway, b->programs.gateway, "run", "-c", b->files.place, (char *)NULL);
	perror(b->programs.gateway);
	return STEP_STOP;
}
