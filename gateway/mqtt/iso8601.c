/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/iso8601.h"

#include <time.h>

static bool digits(const char **p, size_t n, int *out)
{
	int value = 0;
	for (size_t i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	*out = value;
	return true;
}

static bool expect(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool zone(const char **p, int *out_s)
{
	int h, m;
	if (**p == 'Z') {
		(*p)++;
		*out_s = 0;
		return true;
	}
	int sign = **p == '-' ? -1 : 1;
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!digits(p, 2, &h) || !expect(p, ':') || !digits(p, 2, &m) || h > 14 || m > 59)
		return false;
	*out_s = sign * (h * 3600 + m * 60);
	return true;
}

bool iso8601_parse(const char *text, int64_t *out_ms)
{
	struct tm tm = {0};
	int year, month, fraction_ms = 0, zone_s, scale = 100;
	const char *p = text;
	if (!digits(&p, 4, &year) || !expect(&p, '-') || !digits(&p, 2, &month) || !expect(&p, '-') ||
	    !digits(&p, 2, &tm.tm_mday) || !expect(&p, 'T') || !digits(&p, 2, &tm.tm_hour) || !expect(&p, ':') ||
	    !digits(&p, 2, &tm.tm_min) || !expect(&p, ':') || !digits(&p, 2, &tm.tm_sec))
		return false;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
			fraction_ms += (*p - '0') * scale;
	}
	if (!zone(&p, &zone_s) || *p != '\0')
		return false;
	if (month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	struct tm normal = tm;
	time_t seconds = timegm(&normal);
	if (normal.tm_mday != tm.tm_mday && tm.tm_sec < 60) /* 31 February */
		return false;
	*out_ms = ((int64_t)seconds - zone_s) * 1000 + fraction_ms;
	return true;
}

bool iso8601_text(int64_t ms, char out[ISO8601_SIZE])
{
	time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
	struct tm tm;
	return gmtime_r(&seconds, &tm) && strftime(out, ISO8601_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}
