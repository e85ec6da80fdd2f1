/* SPDX-License-Identifier: Apache-2.0
 * What a described device is sent: text with {value} in it, or bytes in hexadecimal with {value:u16le} and {checksum}.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/definition.h"
#include "config/sections.h"
#include "config/text.h"

#define MESSAGE_BYTES 400u /* of one message, so that the value has room in a frame of THERAPY_FRAME_MAX */
#define PIECES_MAX    32u

const char *const value_type_words[] = {"u8",    "i8",    "u16le", "u16be", "i16le", "i16be", "u24le", "u24be", "i24le",
					"i24be", "u32le", "u32be", "i32le", "i32be", "f32le", "f32be", NULL};

struct pieces {
	Therapy__V1__Piece *items[PIECES_MAX];
	size_t n;
};

static Therapy__V1__Piece *add_piece(struct definition *d, struct pieces *p)
{
	if (p->n == PIECES_MAX)
		return NULL;
	Therapy__V1__Piece *piece = arena_new(d->r->arena, 1, sizeof *piece);
	*piece = (Therapy__V1__Piece)THERAPY__V1__PIECE__INIT;
	p->items[p->n++] = piece;
	return piece;
}

static bool add_bytes(struct definition *d, struct pieces *p, const char *bytes, size_t size)
{
	if (size == 0)
		return true;
	Therapy__V1__Piece *piece = add_piece(d, p);
	if (piece)
		piece->bytes = (ProtobufCBinaryData){size, (uint8_t *)arena_copy(d->r->arena, bytes, size)};
	return piece != NULL;
}

/* ---- text ---- */

static const char *text_pieces(struct definition *d, const char *text, struct pieces *p)
{
	static const char token[] = "{value}";
	const size_t size = sizeof token - 1;
	for (const char *at; (at = strstr(text, "{value")); text = at + size) {
		if (strncmp(at, token, size) != 0)
			return "expected {value} alone: types are for bytes";
		Therapy__V1__Piece *piece = NULL;
		if (!add_bytes(d, p, text, (size_t)(at - text)) || !(piece = add_piece(d, p)))
			return "expected at most 32 pieces";
		piece->value = THERAPY__V1__VALUE_TYPE__VALUE_TYPE_TEXT;
	}
	return add_bytes(d, p, text, strlen(text)) ? NULL : "expected at most 32 pieces";
}

/* ---- bytes ---- */

/* One token in braces; returns what is behind it, or NULL. */
static const char *token_piece(struct definition *d, const char *text, struct pieces *p)
{
	const char *end = strchr(text, '}');
	Therapy__V1__Piece *piece = end ? add_piece(d, p) : NULL;
	if (!piece)
		return NULL;
	size_t size = (size_t)(end - text) + 1;
	if (size == 10 && strncmp(text, "{checksum}", size) == 0) {
		piece->checksum =
		    d->out->frames ? d->out->frames->checksum : THERAPY__V1__CHECKSUM__CHECKSUM_UNSPECIFIED;
		return piece->checksum ? end + 1 : NULL;
	}
	if (strncmp(text, "{value:", 7) != 0)
		return NULL;
	for (unsigned i = 0; value_type_words[i]; i++)
		if (strlen(value_type_words[i]) == size - 8 && strncmp(text + 7, value_type_words[i], size - 8) == 0) {
			piece->value = (Therapy__V1__ValueType)(VALUE_TYPE_FIRST + i);
			return end + 1;
		}
	return NULL;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Pairs of digits up to a brace or the end; returns what is behind them, or NULL. */
static const char *hex_bytes(const char *text, char *out, size_t cap, size_t *n)
{
	*n = 0;
	while (*text && *text != '{') {
		if (*text == ' ') {
			text++;
			continue;
		}
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || *n == cap)
			return NULL;
		out[(*n)++] = (char)(high << 4 | low);
		text += 2;
	}
	return text;
}

static const char *hex_pieces(struct definition *d, const char *text, struct pieces *p)
{
	char bytes[MESSAGE_BYTES];
	while (*text) {
		size_t n = 0;
		text = *text == '{' ? token_piece(d, text, p) : hex_bytes(text, bytes, sizeof bytes, &n);
		if (!text || !add_bytes(d, p, bytes, n))
			return d->out->frames && d->out->frames->checksum
				   ? "expected bytes like \"A5 01 {value:u16le} {checksum}\""
				   : "expected bytes like \"A5 01 {value:u16le}\"; {checksum} needs one in frames";
	}
	return NULL;
}

/* ---- a message ---- */

bool message_has_value(const Therapy__V1__DefinedMessage *message)
{
	for (size_t i = 0; i < message->n_pieces; i++)
		if (message->pieces[i]->value)
			return true;
	return false;
}

Therapy__V1__DefinedMessage *message_read(struct definition *d, setting *group, const char *where, const char *key,
					  char *address, bool value)
{
	setting *s = read_member(group, key);
	if (!s)
		return NULL;
	const char *text = setting_string(s);
	char found[96];
	struct pieces pieces = {.n = 0};
	if (!text) {
		setting_describe(s, found, sizeof found);
		read_fault(d->r, setting_line(s), "%s: %s: found %s, expected what to send, in quotes", where, key,
			   found);
		return NULL;
	}
	if (strlen(text) > MESSAGE_BYTES) {
		read_fault(d->r, setting_line(s), "%s: %s: found %zu bytes, expected at most %u", where, key,
			   strlen(text), MESSAGE_BYTES);
		return NULL;
	}
	setting_describe(s, found, sizeof found);
	if (text[strspn(text, " \t")] == '\0') {
		read_fault(d->r, setting_line(s), "%s: %s: found %s, expected what to send", where, key, found);
		return NULL;
	}
	const char *wrong = d->hex ? hex_pieces(d, text, &pieces) : text_pieces(d, text, &pieces);
	if (wrong) {
		read_fault(d->r, setting_line(s), "%s: %s: found %s, %s", where, key, found, wrong);
		return NULL;
	}
	Therapy__V1__DefinedMessage *message = arena_new(d->r->arena, 1, sizeof *message);
	*message = (Therapy__V1__DefinedMessage)THERAPY__V1__DEFINED_MESSAGE__INIT;
	message->address = address;
	message->n_pieces = pieces.n;
	message->pieces = arena_new(d->r->arena, pieces.n, sizeof(Therapy__V1__Piece *));
	if (pieces.n)
		memcpy(message->pieces, pieces.items, pieces.n * sizeof(Therapy__V1__Piece *));
	if (value || !message_has_value(message))
		return message;
	read_fault(d->r, setting_line(s), "%s: %s: found %s, expected no value in it: it is always the same", where,
		   key, found);
	return NULL;
}

static ProtobufCBinaryData read_bytes(struct definition *d, setting *s, const char *where, const char *key, bool hex)
{
	ProtobufCBinaryData out = {0, NULL};
	const char *text = setting_string(s), *end = NULL;
	char bytes[64], found[96];
	size_t n = 0;
	if (text && hex)
		end = hex_bytes(text, bytes, sizeof bytes, &n);
	else if (text)
		n = strnlen(text, sizeof bytes + 1);
	if (!hex && n <= sizeof bytes)
		memcpy(bytes, text ? text : "", n);
	if (!text || n == 0 || n > sizeof bytes || (hex && (!end || *end))) {
		setting_describe(s, found, sizeof found);
		read_fault(d->r, setting_line(s), "%s: %s: found %s, expected %s", where, key, found,
			   hex ? "bytes like \"55 53\"" : "1 to 64 characters in quotes");
		return out;
	}
	return (ProtobufCBinaryData){n, (uint8_t *)arena_copy(d->r->arena, bytes, n)};
}

ProtobufCBinaryData message_bytes(struct definition *d, setting *group, const char *where, const char *key, bool hex)
{
	setting *s = read_member(group, key);
	return s ? read_bytes(d, s, where, key, hex) : (ProtobufCBinaryData){0, NULL};
}

void message_bytes_list(struct definition *d, setting *group, const char *where, const char *key, bool hex, size_t *n,
			ProtobufCBinaryData **out)
{
	setting *s = read_member(group, key);
	if (!s)
		return;
	bool one = setting_string(s) != NULL;
	setting *list =
	    one ? NULL : read_list(d->r, group, where, key, "a text, or a list of texts [ \"ST,\", \"US,\" ]");
	*n = one ? 1 : list ? setting_length(list) : 0;
	*out = arena_new(d->r->arena, *n, sizeof **out);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = read_bytes(d, one ? s : setting_at(list, i), where, key, hex);
}
