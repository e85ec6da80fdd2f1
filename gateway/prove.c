/* SPDX-License-Identifier: Apache-2.0 */
#include "prove.h"

#include <stdlib.h>

#include "setup.h"
#include "verify/verify.h"

static int answer(const struct core_spec *spec, const struct verify_invariant *invariants, size_t n,
		  struct prove_wanted *wanted, struct faults *faults, FILE *to)
{
	static const int statuses[] = {
	    [VERIFY_PROVED] = PROVE_PROVED, [VERIFY_POSSIBLE] = PROVE_POSSIBLE, [VERIFY_REFUTED] = PROVE_REFUTED};
	struct verify_report report;
	int bad = verify_run(spec, invariants, n, &report, faults);
	if (!bad) {
		verify_print(&report, invariants, n, to);
		wanted->status = statuses[verify_worst(&report)];
	}
	verify_release(&report);
	return bad;
}

int prove(const struct config *config, const Therapy__V1__DeviceDescription *const *descriptions,
	  struct prove_wanted *wanted, FILE *to)
{
	struct faults faults = {0};
	struct core_spec spec;
	struct setup_core rows = {0};
	size_t n = 0;
	struct verify_invariant *invariants = calloc(config->n_invariants + wanted->n + 1, sizeof *invariants);
	int bad = !invariants || setup_core_spec(config, descriptions, &rows, &spec);
	if (bad)
		faults_add(&faults, NULL, 0, "out of memory");
	for (size_t i = 0; !bad && i < config->n_invariants; i++)
		invariants[n++] = (struct verify_invariant){config->invariants[i].file, config->invariants[i].text.line,
							    config->invariants[i].text.text};
	for (size_t i = 0; !bad && i < wanted->n; i++)
		invariants[n++] = (struct verify_invariant){.text = wanted->texts[i]};
	if (!bad)
		bad = answer(&spec, invariants, n, wanted, &faults, to);
	faults_print(&faults, stderr);
	faults_release(&faults);
	setup_core_release(&rows);
	free(invariants);
	return bad ? 1 : 0;
}
