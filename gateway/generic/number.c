/* SPDX-License-Identifier: Apache-2.0 */
#include "generic/number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum shape { UNSIGNED, SIGNED, FLOAT };

static const struct form {
	uint8_t size;
	uint8_t shape;
	bool big; /* high byte first */
} forms[] = {
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U8] = {1, UNSIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I8] = {1, SIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U16LE] = {2, UNSIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U16BE] = {2, UNSIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I16LE] = {2, SIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I16BE] = {2, SIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U24LE] = {3, UNSIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U24BE] = {3, UNSIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I24LE] = {3, SIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I24BE] = {3, SIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U32LE] = {4, UNSIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_U32BE] = {4, UNSIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I32LE] = {4, SIGNED, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_I32BE] = {4, SIGNED, true},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_F32LE] = {4, FLOAT, false},
    [THERAPY__V1__VALUE_TYPE__VALUE_TYPE_F32BE] = {4, FLOAT, true},
};

static struct form form_of(Therapy__V1__ValueType type)
{
	return (size_t)type < sizeof forms / sizeof *forms ? forms[type] : (struct form){0};
}

size_t number_size(Therapy__V1__ValueType type)
{
	return form_of(type).size;
}

uint64_t number_bits(Therapy__V1__ValueType type, const uint8_t *bytes)
{
	struct form f = form_of(type);
	uint64_t bits = 0;
	for (size_t i = 0; i < f.size; i++)
		bits = bits << 8 | bytes[f.big ? i : f.size - 1u - i];
	return bits;
}

double number_get(Therapy__V1__ValueType type, const uint8_t *bytes)
{
	struct form f = form_of(type);
	uint64_t bits = number_bits(type, bytes);
	if (f.shape == FLOAT) {
		uint32_t word = (uint32_t)bits;
		float number;
		memcpy(&number, &word, sizeof number);
		return (double)number;
	}
	double whole = (double)(1ull << (8u * f.size));
	double number = (double)bits;
	return f.shape == SIGNED && number >= whole / 2 ? number - whole : number;
}

bool number_range(Therapy__V1__ValueType type, double *min, double *max)
{
	struct form f = form_of(type);
	double whole = (double)(1ull << (8u * f.size));
	*min = f.shape == SIGNED ? -whole / 2 : 0;
	*max = (f.shape == SIGNED ? whole / 2 : whole) - 1;
	return f.size > 0 && f.shape != FLOAT;
}

bool number_put(Therapy__V1__ValueType type, double value, uint8_t *bytes)
{
	struct form f = form_of(type);
	uint64_t bits;
	double min, max;
	if (!isfinite(value) || f.size == 0)
		return false;
	if (f.shape == FLOAT) {
		float number = (float)value;
		uint32_t word;
		memcpy(&word, &number, sizeof word);
		bits = word;
		if (!isfinite(number))
			return false;
	} else {
		double rounded = round(value);
		if (!number_range(type, &min, &max) || rounded < min || rounded > max)
			return false;
		bits = (uint64_t)(int64_t)rounded;
	}
	for (size_t i = 0; i < f.size; i++)
		bytes[f.big ? f.size - 1u - i : i] = (uint8_t)(bits >> (8u * i));
	return true;
}

static bool says_unknown(const char *text)
{
	static const char *const words[] = {"", "nan", "unavailable", "unknown", "none", "null"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Blanks cut off on both sides. */
static bool trimmed(const char *text, char *out, size_t cap)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t n = strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (n >= cap)
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

enum number_text number_of_text(const char *text, const char *suffix, double *out)
{
	char word[64], digits[64];
	if (!trimmed(text, word, sizeof word))
		return NUMBER_NONE;
	if (says_unknown(word))
		return NUMBER_UNKNOWN;
	size_t n = strlen(word), tail = suffix ? strlen(suffix) : 0;
	if (tail > 0 && (n < tail || strcmp(word + n - tail, suffix) != 0))
		return NUMBER_NONE;
	word[n - tail] = '\0';
	bool sign = word[0] == '-' || word[0] == '+';
	trimmed(word + sign, digits, sizeof digits);
	if (!isdigit((unsigned char)digits[0]) && digits[0] != '.')
		return NUMBER_NONE;
	if (digits[strspn(digits, "0123456789.eE+-")] != '\0') /* strtod would read 0x10 and more */
		return NUMBER_NONE;
	char *end = NULL;
	double number = strtod(digits, &end);
	if (end == digits || *end != '\0' || !isfinite(number))
		return NUMBER_NONE;
	*out = word[0] == '-' ? -number : number;
	return NUMBER_FOUND;
}

size_t checksum_size(Therapy__V1__Checksum kind)
{
	switch (kind) {
	case THERAPY__V1__CHECKSUM__CHECKSUM_SUM8:
	case THERAPY__V1__CHECKSUM__CHECKSUM_XOR8:
		return 1;
	case THERAPY__V1__CHECKSUM__CHECKSUM_CRC16_MODBUS:
		return 2;
	default:
		return 0;
	}
}

/* Modbus over serial line V1.02, 2.5.1.2 and 6.2.2 */
static uint16_t crc16_modbus(const uint8_t *bytes, size_t size)
{
	uint16_t crc = 0xFFFF;
	for (size_t i = 0; i < size; i++) {
		crc = (uint16_t)(crc ^ bytes[i]);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1);
	}
	return crc;
}

void checksum_put(Therapy__V1__Checksum kind, const uint8_t *bytes, size_t size, uint8_t *out)
{
	unsigned sum = 0, all = 0;
	for (size_t i = 0; i < size; i++) {
		sum += bytes[i];
		all ^= bytes[i];
	}
	if (kind == THERAPY__V1__CHECKSUM__CHECKSUM_SUM8) {
		out[0] = (uint8_t)sum;
	} else if (kind == THERAPY__V1__CHECKSUM__CHECKSUM_XOR8) {
		out[0] = (uint8_t)all;
	} else if (kind == THERAPY__V1__CHECKSUM__CHECKSUM_CRC16_MODBUS) {
		uint16_t crc = crc16_modbus(bytes, size);
		out[0] = (uint8_t)crc;
		out[1] = (uint8_t)(crc >> 8);
	}
}
