/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "begin/begin.h"
#include "begin/say.h"
#include "begin/coverage.h"

/* Broken between words, the lines behind the first with `indent` blanks. */
static void wrapped(const char *text, size_t indent)
{
	size_t column = 0;
	if (say_is_json()) {
		say("%s", text);
		return;
	}
	for (const char *at = text; *at;) {
		size_t blanks = strspn(at, " "), n = blanks + strcspn(at + blanks, " ");
		if (column > indent && column + n > 96) {
			printf("\n%*s", (int)indent, "");
			column = indent;
			at += blanks;
			n -= blanks;
		}
		printf("%.*s", (int)n, at);
		column += n;
		at += n;
	}
	putchar('\n');
}

static void level(struct json_object *check, const char *key, const char *word)
{
	char titles[2000], line[2100];
	coverage_titles(check, key, titles, sizeof titles);
	if (!titles[0])
		return;
	snprintf(line, sizeof line, say_is_json() ? "%s: %s" : "  %-12s %s", word, titles);
	wrapped(line, 15);
}

void cover_tell(struct json_object *check)
{
	static struct coverage c;
	bool elsewhere = false;
	coverage_read(&c, check);
	say("\nOf the hazards in docs/safety.md, this home's are (each with its rules: therapy-gateway check)");
	level(check, "covered", "covered");
	level(check, "partly", "PARTLY");
	level(check, "not_covered", "NOT COVERED");
	say("What would cover more:");
	for (size_t i = 0; i < c.n; i++) {
		char line[640];
		elsewhere |= c.lacks[i].elsewhere;
		if (c.lacks[i].elsewhere)
			continue;
		snprintf(line, sizeof line, "  + %s: %s", c.lacks[i].what, c.lacks[i].titles);
		wrapped(line, 4);
	}
	if (elsewhere)
		wrapped("  + whatever else is used here and is not in the list: what the gateway does not know of, it "
			"cannot "
			"guard",
			4);
}
