/* SPDX-License-Identifier: Apache-2.0
 * definition = "name", "a/path.cfg" or { ... }; of a device: where it is, and its settings but metrics and controls. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/definition.h"
#include "config/definition_file.h"
#include "config/sections.h"
#include "config/text.h"
#include "generic/number.h"

#define ASKED_MAX     32u       /* polls, and questions on connect */
#define POLL_MIN      10u       /* ms, as device/plugin_check.c */
#define POLL_MAX      86400000u /* a day */
#define REPLY_MAX     10000u    /* as device/plugin_check.h */
#define BAUD          9600u     /* of a serial port about which nothing is said: what most devices begin with */
#define CUSTOM        "custom"  /* what has no other name */
#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct definition_fields {
	char *name, *manufacturer, *kind, *topic, *command_topic;
	uint64_t baud;
	bool characteristics;
};

#define FIELD(type_, key_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct definition_fields, key_), __VA_ARGS__               \
	}
static const struct field fields[] = {
    FIELD(FIELD_TEXT, name, .max = 65, .expected = "a name for people in quotes"),
    FIELD(FIELD_TEXT, manufacturer, .max = 65, .expected = "a name for people in quotes"),
    FIELD(FIELD_TEXT, kind, .required = true, .max = 64, .expected = "what rules call it, like \"heat\" or \"scale\""),
    FIELD(FIELD_COUNT, baud, .min = 300, .max = 4000000, .expected = "a baud rate like 9600"),
    FIELD(FIELD_TEXT, topic, .max = TEXT_MAX, .expected = "a topic like \"sensors/{name}\""),
    FIELD(FIELD_TEXT, command_topic, .max = TEXT_MAX, .expected = "a topic like \"sensors/{name}/set\""),
    FIELD(FIELD_TRUTH, characteristics, .expected = "true or false"),
    {.key = "metrics", .type = FIELD_OTHER, .required = true, .expected = "a list ( ... ) of groups { id = ...; }"},
    {.key = "controls", .type = FIELD_OTHER},
    {.key = "lines", .type = FIELD_OTHER},
    {.key = "frames", .type = FIELD_OTHER},
    {.key = "polls", .type = FIELD_OTHER},
    {.key = "on_connect", .type = FIELD_OTHER},
    {.key = "availability", .type = FIELD_OTHER},
    {.key = "settings", .type = FIELD_OTHER},
};
#undef FIELD

void definition_where(const struct definition *d, char out[DEFINITION_WHERE], const char *what)
{
	snprintf(out, DEFINITION_WHERE, "%s%s%s", d->where, *d->where ? ": " : "", what);
}

/* ---- layouts ---- */

static void read_lines(struct definition *d, setting *group)
{
	struct lines_fields {
		char *separator;
	} in = {.separator = NULL};
	static const struct field of_lines[] = {
	    {.key = "separator", .type = FIELD_TEXT, .max = 8, .expected = "what is between fields, like \",\""},
	    {.key = "begins", .type = FIELD_OTHER},
	    {.key = "ends", .type = FIELD_OTHER},
	};
	char where[DEFINITION_WHERE];
	setting *s = read_group(d->r, group, d->where, "lines");
	if (!s)
		return;
	definition_where(d, where, "lines");
	read_fields(d->r, s, where, of_lines, LENGTH(of_lines), &in);
	Therapy__V1__LineLayout *lines = arena_new(d->r->arena, 1, sizeof *lines);
	*lines = (Therapy__V1__LineLayout)THERAPY__V1__LINE_LAYOUT__INIT;
	if (in.separator)
		lines->separator = in.separator;
	lines->begins = message_bytes(d, s, where, "begins", false);
	ProtobufCBinaryData ends = message_bytes(d, s, where, "ends", false);
	lines->ends = ends.len ? ends.data[0] : '\n';
	if (ends.len > 1)
		read_fault(d->r, setting_line(read_member(s, "ends")), "%s: ends: found %zu characters, expected one",
			   where, ends.len);
	d->out->lines = lines;
}

static void read_frames(struct definition *d, setting *group)
{
	static const char *const checksums[] = {"none", "sum8", "xor8", "crc16-modbus", NULL};
	struct frames_fields {
		uint64_t size;
		unsigned checksum;
	} in = {.size = 0};
	static const struct field of_frames[] = {
	    {.key = "size",
	     .type = FIELD_COUNT,
	     .at = offsetof(struct frames_fields, size),
	     .required = true,
	     .min = 2,
	     .max = THERAPY_FRAME_MAX,
	     .expected = "how many bytes a frame has"},
	    {.key = "checksum",
	     .type = FIELD_WORD,
	     .at = offsetof(struct frames_fields, checksum),
	     .words = checksums,
	     .expected = "\"sum8\", \"xor8\", \"crc16-modbus\" or \"none\""},
	    {.key = "start", .type = FIELD_OTHER, .required = true, .expected = "its first bytes, like \"55 53\""},
	    {.key = "end", .type = FIELD_OTHER},
	};
	char where[DEFINITION_WHERE];
	setting *s = read_group(d->r, group, d->where, "frames");
	if (!s)
		return;
	definition_where(d, where, "frames");
	read_fields(d->r, s, where, of_frames, LENGTH(of_frames), &in);
	Therapy__V1__FrameLayout *frames = arena_new(d->r->arena, 1, sizeof *frames);
	*frames = (Therapy__V1__FrameLayout)THERAPY__V1__FRAME_LAYOUT__INIT;
	frames->size = (uint32_t)in.size;
	frames->checksum = (Therapy__V1__Checksum)in.checksum;
	frames->start = message_bytes(d, s, where, "start", true);
	frames->end = message_bytes(d, s, where, "end", true);
	d->out->frames = frames;
	if (!in.checksum && !read_member(s, "end"))
		read_fault(d->r, setting_line(s),
			   "%s: found neither checksum nor end, expected one: a frame that lost a byte would be read",
			   where);
	if (in.size && frames->start.len + frames->end.len + checksum_size(frames->checksum) + 1 > in.size)
		read_fault(d->r, setting_line(s), "%s: size: found %u, expected room between start and end", where,
			   frames->size);
}

/* What it speaks: lines, frames, characteristics, or else messages on topics. */
static void read_layout(struct definition *d, setting *group)
{
	static const char *const layouts[] = {"lines", "frames", "characteristics"};
	char where[DEFINITION_WHERE];
	setting *first = NULL;
	for (size_t i = 0; i < LENGTH(layouts); i++) {
		setting *s = read_member(group, layouts[i]);
		if (i == LENGTH(layouts) - 1 && !d->out->ble)
			continue; /* characteristics = false */
		definition_where(d, where, layouts[i]);
		if (s && first)
			read_fault(d->r, setting_line(s),
				   "%s: found beside %s, expected one of lines, frames and "
				   "characteristics",
				   where, setting_name(first));
		first = first ? first : s;
	}
	read_lines(d, group);
	read_frames(d, group);
	d->hex = d->out->frames || d->out->ble;
}

/* ---- what is sent ---- */

/* What is sent to a topic that is read as well comes back as if the device had said it: the gateway would prove to
 * itself what no device does. A characteristic has two directions, and no echo. */
static void check_sent(struct definition *d, setting *s, const char *where, const Therapy__V1__DefinedMessage *message)
{
	const char *address = message ? message->address : "";
	bool heard = d->out->availability && strcmp(address, d->out->availability->address) == 0;
	for (size_t i = 0; i < d->out->n_metrics; i++)
		heard |= strcmp(address, d->out->metrics[i]->address) == 0;
	for (size_t i = 0; i < d->out->n_settings; i++)
		heard |= strcmp(address, d->out->settings[i]->says->address) == 0;
	if (!*address || d->out->ble)
		return;
	if (heard)
		read_fault(
		    d->r, setting_line(s),
		    "%s: topic: found \"%.80s\", which is read as well: expected one that the device alone hears",
		    where, address);
	if (strncmp(address, "therapy/", 8) == 0)
		read_fault(d->r, setting_line(s),
			   "%s: topic: found \"%.80s\", which is a gateway's, expected a device's", where, address);
}

static void check_controls_sent(struct definition *d, setting *group)
{
	setting *list = read_member(group, "controls");
	for (size_t i = 0; i < d->out->n_controls && i < setting_length(list); i++) {
		const Therapy__V1__DefinedControl *c = d->out->controls[i];
		char what[96], where[DEFINITION_WHERE];
		lists_where(setting_at(list, i), "control", "controls", i, what);
		definition_where(d, where, what);
		check_sent(d, setting_at(list, i), where, c->set ? c->set : c->rest);
		if (c->renew && c->set && strcmp(c->renew->address, c->set->address) != 0)
			check_sent(d, setting_at(list, i), where, c->renew);
	}
}

/* ---- what is asked ---- */

void definition_check_harmless(struct definition *d, setting *s, const char *where, const char *key,
			       const Therapy__V1__DefinedMessage *message)
{
	for (size_t i = 0; message && i < d->out->n_controls; i++)
		if (definition_energises(d, message, d->out->controls[i]))
			read_fault(d->r, setting_line(s), "%s: %s: found what switches control \"%s\" on, expected %s",
				   where, key, d->out->controls[i]->key,
				   strcmp(key, "set") == 0 ? "what changes a setting" : "a question");
	check_sent(d, s, where, message);
}

struct asked_fields {
	uint64_t every, energised, reply;
};
#define FIELD(type_, key_, ...)                                                                                        \
	{                                                                                                              \
		.key = #key_, .type = type_, .at = offsetof(struct asked_fields, key_), __VA_ARGS__                    \
	}
static const struct field asked[] = {
    FIELD(FIELD_DURATION, every, .required = true, .min = POLL_MIN, .max = POLL_MAX,
	  .expected = "a duration like \"5 s\""),
    FIELD(FIELD_DURATION, energised, .min = POLL_MIN, .max = POLL_MAX, .expected = "a duration like \"1 s\""),
    FIELD(FIELD_DURATION, reply, .min = 1, .max = REPLY_MAX, .expected = "a duration like \"200 ms\""),
    {.key = "send", .type = FIELD_OTHER, .required = true, .expected = "what asks, in quotes"},
    {.key = "topic", .type = FIELD_OTHER},
};
#undef FIELD

/* `polls`, or `on_connect`, whose items have no times. */
static size_t read_asked(struct definition *d, setting *group, const char *key, Therapy__V1__DefinedPoll ***out)
{
	bool once = strcmp(key, "on_connect") == 0;
	setting *list = read_list(d->r, group, d->where, key, "a list ( ... ) of groups { send = ...; }");
	size_t n = list ? setting_length(list) : 0, used = 0;
	if (n > ASKED_MAX) {
		read_fault(d->r, setting_line(list), "%s: found %zu, expected at most %u", key, n, ASKED_MAX);
		return 0;
	}
	*out = arena_new(d->r->arena, n, sizeof **out);
	for (size_t i = 0; i < n; i++) {
		setting *s = setting_at(list, i);
		struct asked_fields in = {0};
		char what[64], where[DEFINITION_WHERE];
		snprintf(what, sizeof what, "%s[%zu]", key, i);
		definition_where(d, where, what);
		if (!setting_is_group(s)) {
			read_fault(d->r, setting_line(s), "%s: expected a group { send = ...; }", where);
			continue;
		}
		read_fields(d->r, s, where, once ? asked + LENGTH(asked) - 2 : asked, once ? 2 : LENGTH(asked), &in);
		Therapy__V1__DefinedPoll *p = arena_new(d->r->arena, 1, sizeof *p);
		*p = (Therapy__V1__DefinedPoll)THERAPY__V1__DEFINED_POLL__INIT;
		p->every_ms = in.every;
		p->energised_ms = in.energised;
		p->reply_ms = in.reply;
		p->send = message_read(d, s, where, "send", definition_address(d, s, where, "topic", d->command_topic),
				       false);
		definition_check_harmless(d, s, where, "send", p->send);
		(*out)[used++] = p;
	}
	return used;
}

static void read_on_connect(struct definition *d, setting *group)
{
	Therapy__V1__DefinedPoll **asked_once = NULL;
	size_t n = read_asked(d, group, "on_connect", &asked_once);
	d->out->on_connect = arena_new(d->r->arena, n, sizeof *d->out->on_connect);
	for (size_t i = 0; i < n; i++)
		if (asked_once[i]->send)
			d->out->on_connect[d->out->n_on_connect++] = asked_once[i]->send;
}

static void read_availability(struct definition *d, setting *group)
{
	struct availability_fields {
		char *pointer, *online, *offline;
	} in = {.online = NULL};
	static const struct field of_availability[] = {
	    {.key = "pointer",
	     .type = FIELD_TEXT,
	     .at = offsetof(struct availability_fields, pointer),
	     .max = TEXT_MAX,
	     .expected = "a JSON pointer like \"/state\""},
	    {.key = "online",
	     .type = FIELD_TEXT,
	     .at = offsetof(struct availability_fields, online),
	     .max = 64,
	     .expected = "what it says when it is there, like \"online\""},
	    {.key = "offline",
	     .type = FIELD_TEXT,
	     .at = offsetof(struct availability_fields, offline),
	     .max = 64,
	     .expected = "what it says when it is gone, like \"offline\""},
	    {.key = "topic", .type = FIELD_OTHER, .required = true, .expected = "a topic like \"{name}/status\""},
	};
	char where[DEFINITION_WHERE];
	setting *s = read_group(d->r, group, d->where, "availability");
	if (!s)
		return;
	definition_where(d, where, "availability");
	read_fields(d->r, s, where, of_availability, LENGTH(of_availability), &in);
	Therapy__V1__Availability *a = arena_new(d->r->arena, 1, sizeof *a);
	*a = (Therapy__V1__Availability)THERAPY__V1__AVAILABILITY__INIT;
	a->address = definition_address(d, s, where, "topic", NULL);
	a->online = in.online ? in.online : arena_copy(d->r->arena, "online", 6);
	a->offline = in.offline ? in.offline : arena_copy(d->r->arena, "offline", 7);
	if (in.pointer)
		a->pointer = definition_pointer(d, s, where, in.pointer);
	for (size_t i = 0; i < d->out->n_metrics; i++)
		if (*a->address && strcmp(d->out->metrics[i]->address, a->address) == 0)
			read_fault(d->r, setting_line(s),
				   "%s: topic: found that of metric \"%s\", expected one of its own", where,
				   d->out->metrics[i]->key);
	if (strcmp(a->online, a->offline) == 0)
		read_fault(d->r, setting_line(s), "%s: online and offline: found the same, expected two", where);
	d->out->availability = a;
}

/* ---- all of it ---- */

static void check_own_address(struct definition *d, setting *group, const char *key, const char *address)
{
	char what[DEFINITION_WHERE];
	definition_where(d, what, key);
	definition_check_address(d, read_member(group, key), what, address);
}

static Therapy__V1__Definition *read_definition(struct reader *r, setting *group, const char *where, const char *key,
						const char *name)
{
	struct definition_fields in = {.name = NULL};
	struct definition d = {.r = r, .where = where, .out = arena_new(r->arena, 1, sizeof *d.out)};
	*d.out = (Therapy__V1__Definition)THERAPY__V1__DEFINITION__INIT;
	read_fields(r, group, where, fields, LENGTH(fields), &in);
	d.out->key = arena_copy(r->arena, key, strlen(key));
	if (in.kind && !definition_key_valid(in.kind))
		read_fault(r, setting_line(read_member(group, "kind")),
			   "%s%skind: found \"%.64s\", expected a name of a-z, 0-9 and _", where, *where ? ": " : "",
			   in.kind);
	d.out->kind = in.kind ? in.kind : d.out->kind;
	d.out->name = in.name ? in.name : d.out->kind; /* "custom scale" */
	d.out->manufacturer = in.manufacturer ? in.manufacturer : arena_copy(r->arena, CUSTOM, strlen(CUSTOM));
	bool bytes = read_member(group, "lines") || read_member(group, "frames");
	d.out->baud = in.baud ? in.baud : bytes ? BAUD : 0;
	d.out->ble = in.characteristics;
	d.topic = in.topic;
	d.command_topic = in.command_topic;
	d.name = name;
	read_layout(&d, group);
	check_own_address(&d, group, "topic", in.topic);
	check_own_address(&d, group, "command_topic", in.command_topic);
	definition_metrics(&d, group);
	read_availability(&d, group);
	definition_controls(&d, group);
	definition_settings(&d, group);
	check_controls_sent(&d, group);
	d.out->n_polls = read_asked(&d, group, "polls", &d.out->polls);
	read_on_connect(&d, group);
	if (in.baud && !d.out->lines && !d.out->frames)
		read_fault(r, setting_line(read_member(group, "baud")),
			   "%s%sbaud: found %u, expected it with lines or frames only", where, *where ? ": " : "",
			   (unsigned)in.baud);
	return d.out;
}

/* "dir/my_plug.cfg" is my_plug. */
static char *key_of_path(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);
	char *key = arena_copy(arena, name, n > 4 && strcmp(name + n - 4, ".cfg") == 0 ? n - 4 : n);
	return definition_key_valid(key) ? key : arena_copy(arena, CUSTOM, strlen(CUSTOM));
}

struct definition_file {
	struct arena arena;
	Therapy__V1__Definition *definition;
};

int definition_file_open(const char *path, struct definition_file **out, struct faults *faults)
{
	struct definition_file *file = calloc(1, sizeof *file);
	struct reader r;
	size_t before = faults->n;
	if (!file)
		return -1;
	if (reader_open(&r, &file->arena, faults, path, NULL) == 0) {
		file->definition = read_definition(&r, reader_root(&r), "", key_of_path(&file->arena, path), NULL);
		reader_close(&r);
	}
	if (faults->n == before) {
		*out = file;
		return 0;
	}
	definition_file_close(file);
	return -1;
}

Therapy__V1__Definition *definition_file_get(const struct definition_file *file)
{
	return file->definition;
}

void definition_file_close(struct definition_file *file)
{
	if (!file)
		return;
	arena_release(&file->arena);
	free(file);
}

static Therapy__V1__Definition *read_named(struct reader *r, setting *s, const char *where, const char *name,
					   const char *device, const struct config_places *places)
{
	bool is_path = strchr(name, '/') != NULL;
	if (!is_path && !definition_key_valid(name)) {
		read_fault(r, setting_line(s),
			   "%s: definition: found \"%.80s\", expected a name of a-z, 0-9 and _, or a "
			   "path with a slash",
			   where, name);
		return NULL;
	}
	char *path = is_path ? text_path(r->arena, r->source.file, name)
			     : arena_print(r->arena, "%s/%s.cfg", places->definitions, name);
	struct stat st;
	if (stat(path, &st) != 0) {
		read_fault(r, setting_line(s),
			   "%s: definition: found \"%.80s\", expected a file %s, which is not there%s", where, name,
			   path, is_path ? "" : suggest_file(r->arena, places->definitions, ".cfg", name));
		return NULL;
	}
	const struct naming named = {.file = r->source.file, .line = setting_line(s), .what = "definition:"};
	struct reader inner;
	if (reader_open(&inner, r->arena, r->faults, path, &named) < 0)
		return NULL;
	Therapy__V1__Definition *out =
	    read_definition(&inner, reader_root(&inner), "", key_of_path(r->arena, path), device);
	reader_close(&inner);
	return out;
}

Therapy__V1__Definition *definition_section(struct reader *r, setting *group, const char *where, const char *name,
					    const struct config_places *places)
{
	setting *s = read_member(group, "definition");
	char text[DEFINITION_WHERE], found[96];
	if (setting_is_group(s)) {
		snprintf(text, sizeof text, "%s: definition", where);
		return read_definition(r, s, text, CUSTOM, name);
	}
	if (setting_string(s))
		return read_named(r, s, where, setting_string(s), name, places);
	setting_describe(s, found, sizeof found);
	read_fault(r, setting_line(s),
		   "%s: definition: found %s, expected its name in quotes or a group { kind = ...; }", where, found);
	return NULL;
}
