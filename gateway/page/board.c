/* SPDX-License-Identifier: Apache-2.0 */
#include "page/board.h"

#include <stdlib.h>
#include <string.h>

struct slot {
	struct board_text *text; /* NULL: nothing yet */
	uint64_t version;
};

struct board {
	struct slot *slots;
	size_t n;
	uint64_t version; /* of the latest change; they count from 1 */
};

struct board *board_new(size_t n_slots)
{
	struct board *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->n = n_slots;
	b->slots = calloc(n_slots + 1, sizeof *b->slots);
	if (b->slots)
		return b;
	free(b);
	return NULL;
}

void board_free(struct board *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		board_release(b->slots[i].text);
	free(b->slots);
	free(b);
}

void board_release(struct board_text *text)
{
	if (text && --text->held == 0)
		free(text);
}

static char *append(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

/* "event: NAME\ndata: LINE\ndata: LINE\n\n". A line ends with CR, LF or both: each begins a new data field, or a text
 * with one in it could end an event and begin another. */
static struct board_text *frame(const char *event, const char *data)
{
	static const char name[] = "event: ", field[] = "\ndata: ", end[] = "\n\n";
	size_t lines = 1;
	for (const char *c = data; *c; c++)
		lines += *c == '\n' || *c == '\r';
	struct board_text *text =
	    malloc(sizeof *text + sizeof name + sizeof end + strlen(event) + strlen(data) + lines * sizeof field);
	if (!text)
		return NULL;
	char *at = append(text->bytes, name, sizeof name - 1);
	at = append(at, event, strlen(event));
	for (const char *line = data;;) {
		size_t n = strcspn(line, "\r\n");
		at = append(at, field, sizeof field - 1);
		at = append(at, line, n);
		line += n;
		if (!*line)
			break;
		line += line[0] == '\r' && line[1] == '\n' ? 2 : 1;
	}
	at = append(at, end, sizeof end - 1);
	text->held = 1;
	text->size = (size_t)(at - text->bytes);
	return text;
}

bool board_put(struct board *b, size_t slot, const char *event, const char *data)
{
	struct slot *s = &b->slots[slot];
	struct board_text *text = frame(event, data);
	if (!text)
		return false;
	if (s->text && s->text->size == text->size && memcmp(s->text->bytes, text->bytes, text->size) == 0) {
		board_release(text);
		return true;
	}
	board_release(s->text);
	s->text = text;
	s->version = ++b->version;
	return true;
}

bool board_has(const struct board *b, uint64_t seen)
{
	return b->version > seen;
}

struct board_text *board_take(struct board *b, uint64_t *seen)
{
	struct slot *oldest = NULL;
	for (size_t i = 0; board_has(b, *seen) && i < b->n; i++) {
		struct slot *s = &b->slots[i];
		if (s->version > *seen && (!oldest || s->version < oldest->version))
			oldest = s;
	}
	if (!oldest)
		return NULL;
	*seen = oldest->version;
	oldest->text->held++;
	return oldest->text;
}
