/* SPDX-License-Identifier: Apache-2.0
 *
 * Is one message another in a different spelling? Bytes are compared with their checksums computed; text without blanks
 * and without case, and as JSON without the order of its members. What a device takes for the same and is not alike in
 * one of these ways (TOGGLE, 1 for ON) nobody can see here. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include <json-c/json.h>

#include "config/definition.h"
#include "generic/number.h"

#define BYTES_MAX 1024u

struct bytes {
	uint8_t at[BYTES_MAX + 1];
	size_t n;
	bool text; /* all of it can be printed */
};

static void add(struct bytes *b, const void *bytes, size_t n)
{
	n = n < BYTES_MAX - b->n ? n : BYTES_MAX - b->n;
	if (n > 0)
		memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

/* Without blanks, in small letters, as far as it is text. */
static void fold(struct bytes *b)
{
	size_t n = 0;
	b->text = true;
	for (size_t i = 0; i < b->n; i++)
		b->text &= isprint(b->at[i]) || isspace(b->at[i]);
	for (size_t i = 0; i < b->n && b->text; i++)
		if (!isspace(b->at[i]))
			b->at[n++] = (uint8_t)tolower(b->at[i]);
	b->n = b->text ? n : b->n;
	b->at[b->n] = '\0';
}

/* Pieces `from` to below `to`; a checksum is of all that stands before it there. */
static struct bytes flat(const struct definition *d, const Therapy__V1__DefinedMessage *m, size_t from, size_t to)
{
	struct bytes b = {.n = 0};
	for (size_t i = from; i < to; i++) {
		const Therapy__V1__Piece *piece = m->pieces[i];
		uint8_t sum[4];
		if (piece->checksum)
			checksum_put(piece->checksum, b.at, b.n, sum);
		add(&b, piece->checksum ? sum : piece->bytes.data,
		    piece->checksum ? checksum_size(piece->checksum) : piece->bytes.len);
	}
	if (!d->hex)
		fold(&b);
	return b;
}

static bool same_json(const struct bytes *a, const struct bytes *b)
{
	if (!a->text || !b->text || a->at[0] != '{' || b->at[0] != '{')
		return false;
	struct json_object *x = json_tokener_parse((const char *)a->at), *y = json_tokener_parse((const char *)b->at);
	bool same = x && y && json_object_equal(x, y);
	json_object_put(x);
	json_object_put(y);
	return same;
}

/* What stands where the value would, as the device counts. */
static double value_there(const struct bytes *fixed, size_t at, size_t size, const Therapy__V1__Piece *piece,
			  const Therapy__V1__DefinedControl *of)
{
	char text[64], word[64];
	double number;
	if (piece->value != THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT)
		return number_get(piece->value, fixed->at + at);
	if (size >= sizeof text)
		return (double)NAN;
	memcpy(text, fixed->at + at, size);
	text[size] = '\0';
	for (size_t i = 0; of && i < of->n_values; i++) {
		size_t n = 0;
		for (const char *c = of->values[i]; *c && n < sizeof word - 1; c++)
			if (!isspace((unsigned char)*c))
				word[n++] = (char)tolower((unsigned char)*c);
		word[n] = '\0';
		if (strcmp(word, text) == 0)
			return (double)i;
	}
	return number_of_text(text, "", &number) == NUMBER_FOUND && (!of || of->n_values == 0) ? number : (double)NAN;
}

bool message_may_be(const struct definition *d, const Therapy__V1__DefinedMessage *fixed,
		    const Therapy__V1__DefinedMessage *other, const Therapy__V1__DefinedControl *of, double *value)
{
	size_t first = 0, last = 0, values = 0;
	*value = (double)NAN;
	if (!fixed || !other || strcmp(fixed->address, other->address) != 0)
		return false;
	for (size_t i = 0; i < other->n_pieces; i++) {
		if (!other->pieces[i]->value)
			continue;
		first = values++ ? first : i;
		last = i;
	}
	struct bytes all = flat(d, fixed, 0, fixed->n_pieces);
	if (values == 0) {
		struct bytes whole = flat(d, other, 0, other->n_pieces);
		return (all.n == whole.n && memcmp(all.at, whole.at, all.n) == 0) || same_json(&all, &whole);
	}
	/* Behind the value there may be a checksum of it: as many bytes, whatever they are. */
	struct bytes head = flat(d, other, 0, first), tail = flat(d, other, last + 1, other->n_pieces);
	bool sums = false;
	for (size_t i = last + 1; i < other->n_pieces; i++)
		sums |= other->pieces[i]->checksum != 0;
	if (all.n < head.n + tail.n || memcmp(all.at, head.at, head.n) != 0 ||
	    (!sums && memcmp(all.at + all.n - tail.n, tail.at, tail.n) != 0))
		return false;
	size_t size = number_size(other->pieces[first]->value), between = all.n - head.n - tail.n;
	if (values == 1 && size > 0 && between != size)
		return false;
	*value = HUGE_VAL;
	if (values == 1)
		*value = value_there(&all, head.n, between, other->pieces[first], of);
	return true;
}
