/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage - what would cover more of a home's hazards, drawn from what `check --json` says of each. Pure. */
#ifndef BEGIN_COVERAGE_H
#define BEGIN_COVERAGE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum { COVERAGE_LACKS_MAX = 24 };

struct coverage_lack {
	char what[128];   /* "a tilt sensor (kind inversion)" */
	char titles[400]; /* of the hazards that it would guard: "heat while inverted; tilted too far" */
	bool elsewhere;   /* for a kind of device that this home does not have */
};

struct coverage {
	struct coverage_lack lacks[COVERAGE_LACKS_MAX];
	size_t n;
};

/* `check`: the whole object. */
void coverage_read(struct coverage *out, struct json_object *check);
/* The titles of the hazards of a level ("covered", "partly", "not_covered"), with "; " between them. Those that only
 * concern kinds of device that this home does not have are left out of "not_covered". */
void coverage_titles(struct json_object *check, const char *level, char *out, size_t size);

#endif
