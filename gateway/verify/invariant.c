/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/invariant.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/expr.h"

static int refuse(const struct verify_invariant *text, const struct expr_fault *fault, struct faults *faults)
{
	expr_tell(faults, text->file, text->line, "invariant", text->text, fault);
	return -1;
}

static uint32_t skip(const char *text, uint32_t at)
{
	while (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')
		at++;
	return at;
}

/* Takes `word`, and the space before it. */
static bool take(const char *text, uint32_t *at, const char *word)
{
	*at = skip(text, *at);
	if (strncmp(text + *at, word, strlen(word)) != 0)
		return false;
	*at += (uint32_t)strlen(word);
	return true;
}

int invariant_parse(const struct verify_invariant *text, struct invariant *out, struct faults *faults)
{
	static const char *const words[] = {"whenever", "permitted", "("};
	struct expr_fault fault = {0};
	const char *t = text->text;
	uint32_t at = 0;
	if (strlen(t) > EXPR_TEXT_MAX) {
		expr_fault_set(&fault, EXPR_TEXT_MAX, "the invariant is too long: at most %u characters were expected",
			       EXPR_TEXT_MAX);
		return refuse(text, &fault, faults);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!take(t, &at, words[i])) {
			expr_fault_set(&fault, at,
				       "'%s' was expected, as in \"whenever permitted(kind:heat): all "
				       "inversion.tilt <= 20 deg\"",
				       words[i]);
			return refuse(text, &fault, faults);
		}
	out->target_at = at = skip(t, at);
	size_t size = strcspn(t + at, ") \t\n\r");
	struct str s;
	str_init(&s, out->target, sizeof out->target);
	str_add_bytes(&s, t + at, size);
	at += (uint32_t)size;
	if (size == 0 || s.overflow) {
		expr_fault_set(&fault, out->target_at, "a kind like kind:heat or a control like pad.heat was expected");
		return refuse(text, &fault, faults);
	}
	if (!take(t, &at, ")") || !take(t, &at, ":")) {
		expr_fault_set(&fault, at, "'):' and a condition were expected");
		return refuse(text, &fault, faults);
	}
	out->expression_at = at;
	struct expr expr;
	if (expr_parse(t + at, &expr, &fault)) {
		fault.at += at;
		return refuse(text, &fault, faults);
	}
	expr_release(&expr);
	return 0;
}

int invariant_target(const struct verify_invariant *text, const struct invariant *invariant, const struct core *core,
		     const struct core_spec *spec, bool *controls, struct faults *faults)
{
	struct home home = core->home; /* to ask it only; the list of kinds is the spec's, and core_new forgets it */
	home.known_kinds = spec->known_kinds;
	home.n_known_kinds = spec->n_known_kinds;
	struct expr_fault fault = {0};
	memset(controls, 0, home.n_controls * sizeof *controls);
	if (strncmp(invariant->target, "kind:", strlen("kind:")) == 0) {
		const char *kind = invariant->target + strlen("kind:");
		char choices[256];
		struct str s;
		str_init(&s, choices, sizeof choices);
		if (!home_knows_kind(&home, kind, strlen(kind), &s)) {
			expr_fault_set(&fault, invariant->target_at + 5,
				       "there is no kind of device '%.40s': one of %.160s was expected", kind, choices);
			return refuse(text, &fault, faults);
		}
		uint32_t found = home_find_kind(&home, kind, strlen(kind));
		for (uint32_t c = 0; c < home.n_controls; c++)
			controls[c] = home.devices[home.controls[c].device].kind == found;
		return 0;
	}
	const char *dot = strchr(invariant->target, '.');
	uint32_t device =
	    dot ? home_find_device(&home, invariant->target, (size_t)(dot - invariant->target)) : HOME_NONE;
	uint32_t control = device == HOME_NONE ? HOME_NONE : home_find_control(&home, device, dot + 1, strlen(dot + 1));
	if (control == HOME_NONE) {
		expr_fault_set(
		    &fault, invariant->target_at,
		    "there is no control '%.60s': a control of a configured device, or a kind like kind:heat, "
		    "was expected",
		    invariant->target);
		return refuse(text, &fault, faults);
	}
	controls[control] = true;
	return 0;
}

/* The core speaks of the rule that an invariant became; its place and character are in the text (expr_tell). */
void invariant_faults(const struct verify_invariant *texts, const struct invariant *invariants, size_t n,
		      const struct faults *found, struct faults *faults)
{
	for (size_t i = 0; i < found->n; i++) {
		const char *text = found->items[i].text, *what, *end;
		size_t invariant;
		unsigned character;
		int size = 0;
		if (sscanf(text, "only_while of rule 'verify-%zu', character %u: %n", &invariant, &character, &size) !=
			2 ||
		    size == 0 || invariant < 1 || invariant > n) {
			faults_add(faults, found->items[i].file, found->items[i].line, "%s", text);
			continue;
		}
		what = text + size;
		end = strchr(what, '\n');
		struct expr_fault fault = {0};
		expr_fault_set(&fault, character - 1 + invariants[invariant - 1].expression_at, "%.*s",
			       (int)(end ? end - what : (long)strlen(what)), what);
		refuse(&texts[invariant - 1], &fault, faults);
	}
}
