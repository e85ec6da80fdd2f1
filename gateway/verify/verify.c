/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verify.h"

#include <stdlib.h>

#include "verify/invariant.h"
#include "verify/near.h"
#include "verify/remarks.h"
#include "verify/report.h"

/* Rules that a proof with witnesses takes in: those two steps from the invariant's metrics, so many at most. */
#define NEAR_HOPS 2u
#define NEAR_MAX  80u

struct run {
	const struct core_spec *spec;
	const struct verify_invariant *texts;
	size_t n;
	struct invariant *invariants;
	struct core_text *expressions;
	const char **files;
	struct monitor monitor;
	struct core *core;   /* the monitor's */
	uint32_t n_controls; /* without the monitor's */
	bool *about;         /* by invariant * n_controls + control */
	struct near near;
	uint32_t *around; /* room for rules */
	struct remarks remarks;
	struct verify_report *report;
	struct faults *faults;
};

static int out_of_memory(struct run *run)
{
	faults_add(run->faults, NULL, 0, "not enough memory to verify");
	return -1;
}

static int parse(struct run *run)
{
	int bad = 0;
	for (size_t i = 0; i < run->n; i++) {
		bad |= invariant_parse(&run->texts[i], &run->invariants[i], run->faults);
		run->expressions[i] =
		    (struct core_text){run->texts[i].text + run->invariants[i].expression_at, run->texts[i].line};
		run->files[i] = run->texts[i].file;
	}
	return bad;
}

static int bind(struct run *run)
{
	struct faults found = {0};
	if (monitor_init(&run->monitor, run->spec, run->expressions, run->files, run->n))
		return out_of_memory(run);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): verify_run releases what is in *run, here as everywhere */
	int bad = core_new(&run->monitor.spec, 0, &run->core, &found);
	invariant_faults(run->texts, run->invariants, run->n, &found, run->faults);
	faults_release(&found);
	return bad;
}

/* In the home as it is, so that a fault here and one in a condition are told at once. The monitor's device comes last.
 */
static int find_targets_and_bind(struct run *run)
{
	struct core *core;
	int bad = 0;
	if (core_new(run->spec, 0, &core, run->faults))
		return -1;
	run->n_controls = core->home.n_controls;
	run->about = calloc(run->n * run->n_controls + 1, sizeof *run->about);
	for (size_t i = 0; i < run->n && run->about; i++)
		bad |= invariant_target(&run->texts[i], &run->invariants[i], core, run->spec,
					&run->about[i * run->n_controls], run->faults);
	core_free(core);
	return run->about ? bad | bind(run) : out_of_memory(run);
}

/* Does the invariant ask anything of this home? `all inversion.tilt <= 20 deg` does not where nothing measures tilt. */
static bool asks_something(const struct run *run, size_t invariant)
{
	const struct logic *logic = &run->core->logic;
	uint32_t text = run->core->rules[run->monitor.first_rule + invariant].texts[TEXT_ONLY_WHILE];
	for (uint32_t i = 0; i < logic->n_nodes; i++) {
		const struct node *node = &logic->nodes[i];
		if (node->text == text && (node->op == NODE_COMPARE || node->op == NODE_ON || node->op == NODE_UNSEEN))
			return true;
	}
	return false;
}

/* 1: proved, and reported; 0: not proved; -1: no memory. */
static int prove_from(struct run *run, const uint32_t *rules, uint32_t n_rules, uint32_t control, size_t invariant)
{
	struct proof p;
	int result = proof_init(&p, &(struct proof_about){.core = run->core,
							  .control = control,
							  .rules = rules,
							  .n_rules = n_rules,
							  .first_invariant = run->monitor.first_rule + invariant,
							  .n_invariants = 1});
	if (!result && proof_holds(&p, 0, true))
		result = report_proved(run->report, invariant, &p, asks_something(run, invariant)) ? -1 : 1;
	if (p.encoder.failed)
		result = -1;
	proof_release(&p);
	return result;
}

/* From all rules at first sight, then, of many rules from those near the invariant, by all means; then the other way
 * round. */
static int answer(struct run *run, struct proof *p, size_t invariant)
{
	if (proof_holds(p, invariant, false))
		return report_proved(run->report, invariant, p, asks_something(run, invariant));
	const struct control *all = &run->core->controls[p->control];
	uint32_t rule = (uint32_t)(run->monitor.first_rule + invariant);
	uint32_t n = near_rules(&run->near, p->control, rule, NEAR_HOPS, run->around, NEAR_MAX);
	int proved = all->n_rules <= NEAR_MAX ? prove_from(run, all->rules, all->n_rules, p->control, invariant)
					      : prove_from(run, run->around, n, p->control, invariant);
	if (proved)
		return proved < 0 ? -1 : 0;
	struct story story;
	struct story_end end;
	int found = history_find(p, &run->monitor, invariant, &story, &end);
	if (found < 0)
		return -1;
	if (found == 0) {
		proof_holds(p, invariant, false); /* once more, for the state */
		return report_possible(run->report, invariant, p);
	}
	int bad = report_refuted(run->report, invariant, p, &story, &end);
	story_release(&story);
	return bad;
}

static int verify_control(struct run *run, uint32_t control)
{
	if (!control_governed(run->core, control)) {
		remarks_control(&run->remarks, run->core, control, NULL);
		for (size_t i = 0; i < run->n; i++)
			if (run->about[i * run->n_controls + control] &&
			    report_nothing(run->report, i, run->core, control))
				return -1;
		return 0;
	}
	struct proof p;
	int bad = proof_init(&p, &(struct proof_about){.core = run->core,
						       .control = control,
						       .rules = run->core->controls[control].rules,
						       .n_rules = run->core->controls[control].n_rules,
						       .first_invariant = run->monitor.first_rule,
						       .n_invariants = run->n});
	if (!bad)
		remarks_control(&run->remarks, run->core, control, &p);
	for (size_t i = 0; i < run->n && !bad; i++)
		if (run->about[i * run->n_controls + control])
			bad = answer(run, &p, i);
	if (!bad && (p.encoder.failed || run->remarks.failed))
		bad = -1;
	proof_release(&p);
	return bad;
}

/* Invariants about kinds that this home does not have. */
static int answer_the_rest(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		bool any = false;
		for (uint32_t c = 0; c < run->n_controls; c++)
			any |= run->about[i * run->n_controls + c];
		if (!any && report_nothing(run->report, i, run->core, NONE))
			return -1;
	}
	return 0;
}

static int verify_all(struct run *run)
{
	run->around = calloc(NEAR_MAX + 1, sizeof *run->around);
	if (!run->around || near_init(&run->near, run->core) ||
	    remarks_init(&run->remarks, run->report, &run->near, (uint32_t)run->monitor.first_rule, run->core->n_rules))
		return out_of_memory(run);
	for (uint32_t c = 0; c < run->n_controls; c++)
		if (verify_control(run, c))
			return out_of_memory(run);
	remarks_rules(&run->remarks, run->core);
	return answer_the_rest(run) ? out_of_memory(run) : 0;
}

int verify_run(const struct core_spec *spec, const struct verify_invariant *invariants, size_t n,
	       struct verify_report *report, struct faults *faults)
{
	struct run run = {.spec = spec, .texts = invariants, .n = n, .report = report, .faults = faults};
	*report = (struct verify_report){0};
	run.invariants = calloc(n + 1, sizeof *run.invariants);
	run.expressions = calloc(n + 1, sizeof *run.expressions);
	run.files = calloc(n + 1, sizeof(const char *));
	int bad;
	if (!run.invariants || !run.expressions || !run.files)
		bad = out_of_memory(&run);
	else
		bad = parse(&run) || find_targets_and_bind(&run) || verify_all(&run) ? -1 : 0;
	remarks_release(&run.remarks);
	near_release(&run.near);
	free(run.around);
	core_free(run.core);
	monitor_release(&run.monitor);
	free(run.about);
	free(run.invariants);
	free(run.expressions);
	free(run.files);
	return bad;
}

void verify_release(struct verify_report *report)
{
	for (size_t i = 0; i < report->n_findings; i++)
		free(report->findings[i].text);
	for (size_t i = 0; i < report->n_remarks; i++)
		free(report->remarks[i]);
	free(report->findings);
	free(report->remarks);
	*report = (struct verify_report){0};
}

enum verify_answer verify_worst(const struct verify_report *report)
{
	enum verify_answer worst = VERIFY_PROVED;
	for (size_t i = 0; i < report->n_findings; i++)
		if (report->findings[i].answer > worst)
			worst = report->findings[i].answer;
	return worst;
}

void verify_print(const struct verify_report *report, const struct verify_invariant *invariants, size_t n, FILE *to)
{
	static const char *const words[] = {
	    [VERIFY_PROVED] = "PROVED", [VERIFY_POSSIBLE] = "POSSIBLE", [VERIFY_REFUTED] = "REFUTED"};
	size_t count[VERIFY_REFUTED + 1] = {0};
	for (size_t i = 0; i < report->n_findings; i++) {
		const struct verify_finding *f = &report->findings[i];
		const struct verify_invariant *text = &invariants[f->invariant];
		count[f->answer]++;
		if (i == 0 || report->findings[i - 1].invariant != f->invariant) {
			fprintf(to, "%s%s\n", i ? "\n" : "", text->text);
			if (text->file)
				fprintf(to, "  (%s:%u)\n", text->file, text->line);
		}
		fprintf(to, "  %s %s", words[f->answer], f->text);
	}
	if (report->n_remarks)
		fprintf(to, "%sRemarks:\n", report->n_findings ? "\n" : "");
	for (size_t i = 0; i < report->n_remarks; i++)
		fprintf(to, "  %s\n", report->remarks[i]);
	fprintf(to, "\n%zu invariant%s: %zu proved, %zu refuted, %zu possible\n", n, n == 1 ? "" : "s",
		count[VERIFY_PROVED], count[VERIFY_REFUTED], count[VERIFY_POSSIBLE]);
}
