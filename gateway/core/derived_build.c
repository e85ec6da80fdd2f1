/* SPDX-License-Identifier: Apache-2.0
 * Which devices get which derived metrics, and what each looks at. */
#include <stdlib.h>

#include "core/derived.h"
#include "core/inside.h"
#include "core/self.h"

bool derived_fits(const struct core_derived *row, const struct home *home, uint32_t device)
{
	return row->of.text && self_fits(home, device, row->of.text) &&
	       (!row->against.text || self_fits(home, device, row->against.text));
}

enum therapy_unit derived_unit(const struct core_derived *row, const struct home *home, uint32_t device)
{
	uint32_t source;
	switch (row->type) {
	case CORE_DERIVE_TIME:
	case CORE_DERIVE_DOSE:
		return THERAPY_UNIT_SECOND;
	case CORE_DERIVE_COUNT:
		return THERAPY_UNIT_ONE;
	case CORE_DERIVE_CONTRADICTION:
		return THERAPY_UNIT_BOOL;
	case CORE_DERIVE_RATE:
		source = self_metric(home, device, row->of.text);
		if (source == HOME_NONE)
			return THERAPY_UNIT_COUNT_;
		if (home->metrics[source].unit == THERAPY_UNIT_NEWTON)
			return THERAPY_UNIT_NEWTON_PER_S;
		return home->metrics[source].unit == THERAPY_UNIT_DEG ? THERAPY_UNIT_DEG_PER_S : THERAPY_UNIT_COUNT_;
	}
	return THERAPY_UNIT_COUNT_;
}

/* What is wrong with a row whatever the device. NULL: nothing. */
static const char *flaw_of(const struct core_derived *row)
{
	bool counts = row->type == CORE_DERIVE_COUNT, doses = row->type == CORE_DERIVE_DOSE;
	if ((unsigned)row->type > CORE_DERIVE_CONTRADICTION)
		return "a type was expected: time, count, dose, rate or contradiction";
	if ((counts || doses) && row->within_ms == 0)
		return "'within' was expected: how far it looks back, like \"24 h\"";
	if ((counts || (row->type == CORE_DERIVE_TIME && row->within_ms == 0)) && row->gap_ms == 0)
		return "'gap' was expected: after how long a pause a session is over, like \"10 min\"";
	if (row->within_ms > 31ull * 86400000 || row->gap_ms > 31ull * 86400000)
		return "at most 31 days were expected of 'within' and 'gap'";
	if (row->type == CORE_DERIVE_CONTRADICTION && !row->against.text)
		return "'against' was expected: the metric that has to move while 'of' is true";
	return NULL;
}

/* A kind or a metric that nothing has: the row would never be computed, and what asks for it would count as satisfied.
 * A row may look at those before it only, so that none stands in a circle. */
static int check_names(const struct home *home, const struct core_derived *row, size_t index, struct faults *faults)
{
	const struct core_text *texts[] = {&row->of, &row->against};
	static const char *const names[] = {"of", "against"};
	char list[160], what[ID_MAX + 32];
	struct str choices, w;
	str_init(&choices, list, sizeof list);
	if (!home_knows_kind(home, row->kind, strlen(row->kind), &choices)) {
		faults_add(faults, row->file, row->line,
			   "derived '%s': there is no kind of device '%.40s'; expected one of %s", row->id, row->kind,
			   list);
		return -1;
	}
	for (size_t i = 0; i < 2; i++) {
		size_t size = 0;
		str_init(&choices, list, sizeof list);
		uint32_t at =
		    texts[i]->text ? self_unknown(home, row, texts[i]->text, index, &size, &choices) : HOME_NONE;
		if (at == HOME_NONE)
			continue;
		struct expr_fault fault = {0};
		expr_fault_set(&fault, at,
			       "nothing of kind %.24s measures '%.*s', and no derived metric before this one is called "
			       "so: one of %.100s was expected",
			       row->kind, (int)(size < 40 ? size : 40), texts[i]->text + at, list);
		str_init(&w, what, sizeof what);
		str_add(&w, "%s of derived '%s'", names[i], row->id);
		expr_tell(faults, row->file, texts[i]->line, what, texts[i]->text, &fault);
		return -1;
	}
	return 0;
}

static int check_row(const struct home *home, const struct core_derived *row, size_t index, struct faults *faults)
{
	const char *flaw = !row->of.text ? "'of' was expected: what it is derived of" : flaw_of(row);
	if (!row->id || !id_valid(row->id) || !row->kind)
		flaw = "an id of [a-z0-9_-]+ and a kind of device were expected";
	if (!flaw)
		return check_names(home, row, index, faults);
	faults_add(faults, row->file, row->line, "derived '%.40s': %s", row->id ? row->id : "", flaw);
	return -1;
}

static int bind_condition(struct core *core, const struct core_derived *row, uint32_t device, uint32_t index,
			  struct faults *faults)
{
	char what[ID_MAX + 32];
	struct str w;
	struct expr expr;
	struct expr_fault fault;
	str_init(&w, what, sizeof what);
	str_add(&w, "of of derived '%s'", row->id);
	struct logic_binding binding = {.owner = core->n_rules + index, .has_self = true, .self = device};
	int bad = expr_parse(row->of.text, &expr, &fault);
	if (!bad) {
		bad = logic_bind(&core->logic, &expr, &binding, &core->derived[index].text, &fault);
		expr_release(&expr);
	}
	if (bad)
		expr_tell(faults, row->file, row->of.line, what, row->of.text, &fault);
	return bad;
}

/* DOSE and RATE look at `of`, CONTRADICTION at `against`: a metric of the device. */
static int bind_source(struct core *core, const struct core_derived *row, uint32_t device, struct derived *d,
		       struct faults *faults)
{
	bool contradiction = row->type == CORE_DERIVE_CONTRADICTION;
	const struct core_text *text = contradiction ? &row->against : &row->of;
	d->source = self_metric(&core->home, device, text->text);
	bool celsius = d->source != HOME_NONE && core->home.metrics[d->source].unit == THERAPY_UNIT_CELSIUS;
	if (d->source != HOME_NONE && (row->type != CORE_DERIVE_DOSE || celsius))
		return 0;
	faults_add(faults, row->file, text->line, "derived '%s': %s '%.60s': a metric%s was expected, like \"self.%s\"",
		   row->id, contradiction ? "against" : "of", text->text,
		   row->type == CORE_DERIVE_DOSE ? " in degC" : " of the device",
		   row->type == CORE_DERIVE_DOSE ? "skin_temp" : "tilt");
	return -1;
}

static int build_one(struct core *core, const struct core_derived *row, uint32_t metric, struct faults *faults)
{
	uint32_t device = core->home.metrics[metric].device, index = core->n_derived++;
	struct derived *d = &core->derived[index];
	*d = (struct derived){.type = row->type,
			      .metric = metric,
			      .source = NONE,
			      .text = NONE,
			      .next = NONE,
			      .gap_ms = row->gap_ms,
			      .within_ms = row->within_ms,
			      .moments = {.within_ms = row->within_ms},
			      .timer = {.kind = TIMER_DERIVED, .index = index}};
	int bad = 0;
	if (row->type != CORE_DERIVE_DOSE && row->type != CORE_DERIVE_RATE)
		bad |= bind_condition(core, row, device, index, faults);
	if (row->type != CORE_DERIVE_TIME && row->type != CORE_DERIVE_COUNT)
		bad |= bind_source(core, row, device, d, faults);
	bool sums = row->type == CORE_DERIVE_DOSE || (row->type == CORE_DERIVE_TIME && row->within_ms > 0);
	if (sums && rolling_init(&d->rolling, row->within_ms, core->now_ms)) {
		faults_add(faults, NULL, 0, "not enough memory for the derived metrics");
		bad = -1;
	}
	if (bad)
		return -1;
	core->values[metric].lasting = row->type != CORE_DERIVE_RATE;
	if (d->source != NONE) {
		d->deadband = core->home.metrics[d->source].deadband;
		d->next = core->derived_of[d->source];
		core->derived_of[d->source] = index;
	}
	return 0;
}

int derived_build(struct core *core, const struct core_spec *spec, struct faults *faults)
{
	int bad = 0;
	size_t n = 0;
	for (size_t i = 0; i < spec->n_derived; i++)
		bad |= check_row(&core->home, &spec->derived[i], i, faults);
	for (uint32_t i = 0; i < core->home.n_metrics; i++)
		n += core->home.metrics[i].derived != HOME_NONE;
	core->derived = calloc(n + 1, sizeof *core->derived);
	core->derived_of = calloc((size_t)core->home.n_metrics + 1, sizeof *core->derived_of);
	if (!core->derived || !core->derived_of) {
		faults_add(faults, NULL, 0, "not enough memory for the derived metrics");
		return -1;
	}
	for (uint32_t i = 0; i < core->home.n_metrics; i++)
		core->derived_of[i] = NONE;
	for (uint32_t i = 0; i < core->home.n_metrics && !bad; i++)
		if (core->home.metrics[i].derived != HOME_NONE)
			bad |= build_one(core, &spec->derived[core->home.metrics[i].derived], i, faults);
	return bad;
}

void derived_release(struct core *core)
{
	for (uint32_t i = 0; core->derived && i < core->n_derived; i++)
		rolling_release(&core->derived[i].rolling);
	free(core->derived);
	free(core->derived_of);
}
