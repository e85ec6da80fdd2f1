/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sections.h"

#define DAY_MS 86400000ull

static const char *const checkpoints[] = {"memory", "disk", NULL};

struct history_fields {
	uint64_t keep;
	bool retain;
	unsigned checkpoint;
};

#define FIELD(key_, type_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct history_fields, key_), __VA_ARGS__                  \
	}
static const struct field fields[] = {
    FIELD(keep, FIELD_DURATION, .min = DAY_MS, .max = 36500 * DAY_MS, .expected = "a duration like \"730 d\""),
    FIELD(retain, FIELD_TRUTH, .expected = "true or false"),
    FIELD(checkpoint, FIELD_WORD, .words = checkpoints, .expected = "\"memory\" or \"disk\""),
};
#undef FIELD

void history_section(struct reader *r, setting *root, struct config_history *out)
{
	struct history_fields in = {0};
	setting *group = read_group(r, root, "", "history");
	if (!group)
		return;
	read_fields(r, group, "history", fields, sizeof fields / sizeof *fields, &in);
	*out = (struct config_history){.keep_ms = in.keep, .retain = in.retain, .on_disk = in.checkpoint == 1};
}
