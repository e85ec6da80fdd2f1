/* SPDX-License-Identifier: Apache-2.0 */
#include "console/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "link/recording.h"
#include "tell/tell.h"

struct recording {
	struct lines_client *client; /* NULL: nobody */
	uint16_t device;
	uint64_t begun_ms, last_ms; /* of the last line: it never goes back */
};

struct recorder {
	const struct console_callbacks *callbacks;
	struct recording all[LINES_CLIENTS_MAX];
	char line[RECORDING_LINE_MAX + 2];
};

struct recorder *recorder_new(const struct console_callbacks *callbacks)
{
	struct recorder *r = calloc(1, sizeof *r);
	if (r)
		r->callbacks = callbacks;
	return r;
}

void recorder_free(struct recorder *r)
{
	free(r);
}

static bool is_recorded(const struct recorder *r, uint16_t device)
{
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++)
		if (r->all[i].client && r->all[i].device == device)
			return true;
	return false;
}

static struct recording *find(struct recorder *r, const struct lines_client *client)
{
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++)
		if (r->all[i].client == client)
			return &r->all[i];
	return NULL;
}

const char *recorder_begin(struct recorder *r, struct lines_client *client, uint16_t device, uint64_t now_ms)
{
	if (find(r, client))
		return "this connection records already: open another";
	struct recording *free_one = find(r, NULL);
	if (!free_one)
		return "too many record already";
	if (!r->callbacks->record || !r->callbacks->record(r->callbacks->user, device, true))
		return "it has no link that could be recorded";
	*free_one = (struct recording){client, device, now_ms, now_ms};
	return NULL;
}

static void end(struct recorder *r, struct recording *one)
{
	uint16_t device = one->device;
	*one = (struct recording){0};
	if (!is_recorded(r, device))
		(void)r->callbacks->record(r->callbacks->user, device, false);
}

void recorder_gone(struct recorder *r, const struct lines_client *client)
{
	struct recording *one = find(r, client);
	if (one)
		end(r, one);
}

static void say(struct lines_client *client, const char *key, const char *text)
{
	struct json_object *o = json_object_new_object();
	tell_put(o, key, text);
	char *line = tell_text(o);
	if (line)
		lines_send(client, line);
	free(line);
}

static void add(struct recorder *r, struct recording *one, const char *text)
{
	struct lines_client *client = one->client;
	if (lines_waiting(client) <= RECORDER_WAITING_MAX) {
		say(client, "line", text);
		return;
	}
	end(r, one);
	say(client, "ended", "what was recorded was not read in time");
	lines_finish(client);
}

/* When, since its beginning; what is on its way from a device process may be a little older than what came from here.
 */
static uint64_t since(struct recording *one, uint64_t at_ms)
{
	if (at_ms > one->last_ms)
		one->last_ms = at_ms;
	return one->last_ms - one->begun_ms;
}

void recorder_answered(struct recorder *r, struct lines_client *client)
{
	struct recording *one = find(r, client);
	char text[CONSOLE_ORIGIN_MAX] = "", line[CONSOLE_ORIGIN_MAX + 8];
	struct str s, l;
	str_init(&s, text, sizeof text);
	if (!one)
		return;
	if (r->callbacks->origin)
		r->callbacks->origin(r->callbacks->user, one->device, &s);
	for (const char *at = text, *end_at; *at; at = *end_at ? end_at + 1 : end_at) {
		end_at = strchrnul(at, '\n');
		str_init(&l, line, sizeof line);
		str_add(&l, "# %.*s", (int)(end_at - at), at);
		add(r, one, line);
	}
}

static void comment(struct recorder *r, struct recording *one, uint64_t at_ms, const char *text)
{
	struct str s;
	str_init(&s, r->line, sizeof r->line);
	str_add(&s, "# %llu: %s", (unsigned long long)since(one, at_ms), text);
	add(r, one, r->line);
}

static void put(struct recorder *r, struct recording *one, const struct console_traffic *traffic)
{
	struct recording_line line = {.kind = traffic->sent ? RECORDING_SENT : RECORDING_RECEIVED,
				      .at_ms = since(one, traffic->at_ms),
				      .size = traffic->size,
				      .retained = traffic->retained};
	struct str s;
	str_init(&s, r->line, sizeof r->line);
	if (str_copy(line.address, sizeof line.address, traffic->address) && recording_write(&s, &line, traffic->data))
		add(r, one, r->line);
	else
		comment(r, one, traffic->at_ms, "something that no line can hold is missing here");
}

void recorder_traffic(struct recorder *r, uint16_t device, const struct console_traffic *traffic)
{
	char text[128];
	struct str s;
	str_init(&s, text, sizeof text);
	str_add(&s, "%llu lines, %llu bytes, are missing here: too much at once",
		(unsigned long long)traffic->missing_pieces, (unsigned long long)traffic->missing_bytes);
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++) {
		struct recording *one = &r->all[i];
		if (one->client && one->device == device && traffic->missing_pieces > 0)
			comment(r, one, traffic->at_ms, text);
		/* It may have been ended by that. A message may be empty: Tasmota's questions are. */
		if (one->client && one->device == device && (traffic->size > 0 || traffic->address[0] != '\0'))
			put(r, one, traffic);
	}
}

void recorder_remark(struct recorder *r, uint16_t device, uint64_t now_ms, const char *text)
{
	for (size_t i = 0; i < LINES_CLIENTS_MAX; i++)
		if (r->all[i].client && r->all[i].device == device)
			comment(r, &r->all[i], now_ms, text);
}
