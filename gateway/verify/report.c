/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/report.h"

#include <stdlib.h>

#define TEXT_MAX  16384u
#define NAMED_MAX 8u /* rules that are named before "and N more" */

static int add(struct verify_report *report, size_t invariant, enum verify_answer answer, const struct core *core,
	       uint32_t control, const char *text)
{
	if (report->n_findings == report->cap_findings) {
		size_t more = report->cap_findings ? report->cap_findings * 2 : 16;
		struct verify_finding *grown = realloc(report->findings, more * sizeof *grown);
		if (!grown)
			return -1;
		report->findings = grown;
		report->cap_findings = more;
	}
	struct verify_finding f = {.invariant = invariant,
				   .device = CORE_NO_DEVICE,
				   .control = CORE_NO_CONTROL,
				   .answer = answer,
				   .text = strdup(text)};
	if (!f.text)
		return -1;
	if (control != NONE) {
		f.device = core->home.controls[control].device;
		f.control = (uint16_t)(control - core->home.devices[f.device].first_control);
	}
	/* In the order of the invariants, whatever the order of the controls. */
	size_t at = report->n_findings++;
	for (; at > 0 && report->findings[at - 1].invariant > invariant; at--)
		report->findings[at] = report->findings[at - 1];
	report->findings[at] = f;
	return 0;
}

static void add_name(struct str *s, const struct core *core, uint32_t control)
{
	str_add(s, "%s.%s", control_device(core, control), control_key(core, control));
}

int report_proved(struct verify_report *report, size_t invariant, const struct proof *p, bool asks)
{
	char text[1024];
	struct str s;
	uint32_t used = 0;
	str_init(&s, text, sizeof text);
	add_name(&s, p->core, p->control);
	for (uint32_t i = 0; i < p->n_rules; i++) {
		if (!proof_used(p, i))
			continue;
		if (used < NAMED_MAX)
			str_add(&s, "%s%s", used ? ", " : ", by ", p->core->rules[p->rules[i].rule].id);
		used++;
	}
	if (used > NAMED_MAX)
		str_add(&s, " and %u more", used - NAMED_MAX);
	if (!asks)
		str_add(&s, ", but only because nothing in this home measures what it is about: nobody would see it");
	else if (used == 0)
		str_add(&s, ", whatever the rules");
	str_add(&s, "\n");
	return add(report, invariant, VERIFY_PROVED, p->core, p->control, text);
}

int report_nothing(struct verify_report *report, size_t invariant, const struct core *core, uint32_t control)
{
	char text[256];
	struct str s;
	str_init(&s, text, sizeof text);
	if (control == NONE) {
		str_add(&s, "this home has no such control\n");
	} else {
		add_name(&s, core, control);
		str_add(&s, ", because no rule governs it: it is never permitted\n");
	}
	return add(report, invariant, VERIFY_PROVED, core, control, text);
}

int report_refuted(struct verify_report *report, size_t invariant, const struct proof *p, const struct story *story,
		   const struct story_end *end)
{
	char *text = malloc(TEXT_MAX);
	if (!text)
		return -1;
	struct str s;
	str_init(&s, text, TEXT_MAX);
	add_name(&s, p->core, p->control);
	str_add(
	    &s,
	    ", by this sequence, which the gateway's own core was played (readings are repeated while they hold):\n");
	story_tell(story, p->core, end, &s);
	int bad = add(report, invariant, VERIFY_REFUTED, p->core, p->control, text);
	free(text);
	return bad;
}

/* The state in which the solver last said it could fail. */
int report_possible(struct verify_report *report, size_t invariant, const struct proof *p)
{
	char *text = malloc(TEXT_MAX);
	if (!text)
		return -1;
	const char *gap = "";
	struct str s;
	str_init(&s, text, TEXT_MAX);
	add_name(&s, p->core, p->control);
	str_add(&s, ": not proved, and no sequence of inputs was found that leads there\n    it would fail with ");
	for (uint32_t m = 0; m < p->formulas.n_metrics; m++) {
		if (!p->now.metrics[m])
			continue;
		const struct seen_metric *seen = &p->formulas.metrics[m];
		struct story_reading r = {.value = moment_value(&p->encoder, &p->now, m), .what = STORY_GOOD};
		if (moment_age(&p->encoder, &p->now, m) == seen->n_ages)
			r.what = STORY_UNKNOWN;
		else if (sat_value(&p->sat, p->now.metrics[m] + (int)(seen->n_thresholds + seen->n_ages)))
			r.what = STORY_ERROR;
		str_add(&s, "%s", gap);
		story_add_reading(&s, &p->core->home, seen->metric, &r);
		gap = ", ";
	}
	str_add(&s, "\n");
	int bad = add(report, invariant, VERIFY_POSSIBLE, p->core, p->control, text);
	free(text);
	return bad;
}

void report_remark(struct verify_report *report, const char *format, ...)
{
	char text[1024];
	struct str s;
	va_list args;
	va_start(args, format);
	str_init(&s, text, sizeof text);
	str_addv(&s, format, args);
	va_end(args);
	if (report->n_remarks == report->cap_remarks) {
		size_t more = report->cap_remarks ? report->cap_remarks * 2 : 16;
		char **grown = realloc(report->remarks, more * sizeof(char *));
		if (!grown)
			return;
		report->remarks = grown;
		report->cap_remarks = more;
	}
	char *copy = strdup(text);
	if (copy)
		report->remarks[report->n_remarks++] = copy;
}
