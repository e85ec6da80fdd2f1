/* SPDX-License-Identifier: Apache-2.0
 * Reads groups of settings by tables of fields: what is unknown, missing, of a wrong type or out of its range becomes a
 * fault with its line. The only file of the program that knows libconfig is read.c. Start-up only, one thread. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "config/arena.h"
#include "config/source.h"
#include "core/core.h"

struct config_setting_t; /* libconfig's: a setting, opaque here */
typedef const struct config_setting_t setting;

/* One open file. Settings live as long as it; what is read from them lives in the arena. */
struct reader {
	struct arena *arena;
	struct faults *faults;
	struct arena scratch; /* what is needed only until it is closed */
	struct source source;
	struct config_t *document;
	size_t told_from, told_to; /* the faults that source_check added */
};

/* Where a file was named, so that the fault that it cannot be read stands there. */
struct naming {
	const char *file;
	unsigned line;
	const char *what; /* "rule_files:" */
};

/* Opens `file`, which lives as long as the arena. 0, or -1 with its faults added. `named` may be NULL. */
int reader_open(struct reader *r, struct arena *arena, struct faults *faults, const char *file,
		const struct naming *named);
void reader_close(struct reader *r);
setting *reader_root(const struct reader *r);

enum field_type {
	FIELD_TEXT,       /* char *, one line; max: bytes with the NUL */
	FIELD_SECRET,     /* the same, and never shown in a fault */
	FIELD_EXPRESSION, /* struct core_text; may span lines */
	FIELD_ID,         /* char *, as id_valid says */
	FIELD_DURATION,   /* uint64_t, ms, min to max */
	FIELD_COUNT,      /* uint64_t, min to max */
	FIELD_NUMBER,     /* double, finite; any */
	FIELD_TRUTH,      /* bool */
	FIELD_WORD,       /* unsigned, index into words */
	FIELD_OTHER,      /* read by the caller */
};

struct field {
	const char *key;
	enum field_type type;
	bool required;
	const char *expected; /* of what is missing or of a wrong type: "a duration like \"1 s\"" */
	size_t at;            /* offset of the value in `out`; left as it is if the file does not say */
	uint64_t min, max;
	const char *const *words; /* NULL-terminated */
};

/* Reads the members of `group` into `out` as `fields` say. `where` begins the fault texts: "gateway". */
void read_fields(struct reader *r, setting *group, const char *where, const struct field *fields, size_t n, void *out);

/* A member, or NULL. */
setting *read_member(setting *group, const char *key);
/* The same if it is a list or an array (`expected` "a list ( ... ) of groups" says of what), else a fault and NULL. */
setting *read_list(struct reader *r, setting *group, const char *where, const char *key, const char *expected);
/* The same for a group { ... }. */
setting *read_group(struct reader *r, setting *group, const char *where, const char *key);
bool setting_is_group(setting *s);
size_t setting_length(setting *s);
setting *setting_at(setting *s, size_t i);
const char *setting_name(setting *s);
/* Lines count from 1; the file itself is line 1. */
unsigned setting_line(setting *s);
/* What it is, for fault texts: "the number 5", "a list". */
void setting_describe(setting *s, char *out, size_t cap);
/* A text of one line with at least a character, of less than `max` bytes; else a fault that begins with `what`, and
 * NULL. */
char *setting_text(struct reader *r, setting *s, const char *what, size_t max, const char *expected);
/* A text that may span lines, as FIELD_EXPRESSION reads it; else a fault, and false. */
bool setting_expression(struct reader *r, setting *s, const char *what, const char *expected, struct core_text *out);
/* A number with its unit in quotes, "150 N", in the inner unit; a plain number is a count. Else a fault, and false. */
bool setting_amount(struct reader *r, setting *s, const char *what, const char *expected, double *out,
		    enum therapy_unit *unit);
/* The text as it is written, or NULL if it is none. Lives as long as the reader. */
const char *setting_string(setting *s);
/* Any number. False: it is none. */
bool setting_number(setting *s, double *out);

/* faults_add at a setting of this file. */
#define read_fault(r, line, ...) faults_add((r)->faults, (r)->source.file, line, __VA_ARGS__)

#endif
