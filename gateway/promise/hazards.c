/* SPDX-License-Identifier: Apache-2.0 */
#include "promise/hazards.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *const titles[HAZARDS_COUNT + 1] = {
    [1] = "tilted too far",
    [2] = "inverted too long",
    [3] = "up too fast after inversion",
    [4] = "pulled too hard",
    [5] = "pulled with a jerk",
    [6] = "pulled too long",
    [7] = "too much pressure in the belt",
    [8] = "pad too hot on the skin",
    [9] = "slow burn, asleep",
    [10] = "cold too long, heat on numb skin",
    [11] = "heat while inverted",
    [12] = "heat under a loaded belt",
    [13] = "heat soon before or after inversion",
    [14] = "inversion and traction together",
    [15] = "two people, wrong profile",
    [16] = "too many sessions",
    [17] = "sensor silent",
    [18] = "sensor stuck",
    [19] = "reading implausible or corrupt",
    [20] = "device gone",
    [21] = "broker lost",
    [22] = "gateway crashed or hung",
    [23] = "clock jumps, suspend",
    [24] = "command not obeyed",
    [25] = "relay welded",
    [26] = "device process crashed or hung",
    [27] = "switched on by somebody else",
    [28] = "pain, numbness, dizziness",
    [29] = "not cleared, too heavy for the device",
    [30] = "child, nobody there",
};

static const char *const level_keys[] = {"covered", "partly", "not_covered", "absent"};

const char *hazard_level_key(enum hazard_level level)
{
	return level_keys[level];
}

static void add(struct hazards *h, unsigned hazard, const char *by, enum hazard_level level, bool refused,
		const char *text)
{
	struct hazard *row = &h->rows[hazard];
	struct hazard_part *part = &row->parts[row->n_parts++]; /* room: hazards_new counted them */
	struct str s;
	str_init(&s, part->by, sizeof part->by);
	str_add(&s, "%s", by);
	part->level = level;
	part->refused = refused;
	str_init(&s, part->text, sizeof part->text);
	str_add(&s, "%s", text);
}

/* ---- mechanisms: what the program does whatever the rules are ---- */

/* Lists the controls of which `is` is true, "pad.heat, belt.tension", and counts them. */
static size_t list_of(const struct hazards_home *home, bool (*is)(const struct hazards_control *), struct str *out)
{
	size_t n = 0;
	for (size_t i = 0; i < home->n_controls; i++)
		if (is(&home->controls[i]))
			str_add(out, "%s%s.%s", n++ ? ", " : "", home->controls[i].device, home->controls[i].key);
	return n;
}

static bool lacks_timer(const struct hazards_control *c)
{
	return !c->has_timer;
}

static bool has_cutoff(const struct hazards_control *c)
{
	return c->has_cutoff;
}

static bool lacks_load(const struct hazards_control *c)
{
	return !c->has_load;
}

/* A mechanism that works for every control that has something: says for which it does not. */
static void for_controls(struct hazards *h, const struct hazards_home *home, unsigned hazard, const char *by,
			 bool (*lacks)(const struct hazards_control *), enum hazard_level all_lack, const char *covered,
			 const char *missing)
{
	char text[HAZARDS_TEXT_MAX], list[160];
	struct str s;
	str_init(&s, list, sizeof list);
	size_t without = list_of(home, lacks, &s);
	if (home->n_controls == 0) {
		add(h, hazard, by, HAZARD_ABSENT, false, "nothing here can be switched");
		return;
	}
	str_init(&s, text, sizeof text);
	if (without == 0)
		str_add(&s, "%s", covered);
	else
		str_add(&s, "%s; %s", list, missing);
	add(h, hazard, by,
	    without == 0                  ? HAZARD_COVERED
	    : without == home->n_controls ? all_lack
					  : HAZARD_PARTLY,
	    false, text);
}

static void add_always(struct hazards *h)
{
	static const struct {
		unsigned hazard;
		const char *by, *text;
	} rows[] = {
	    {17, "age of readings", "a reading that is too old is not known, and what is not known never permits"},
	    {19, "checks of readings", "checksum, range and rate of change; what fails is an error and never permits"},
	    {20, "link and last will", "what depends on it is withdrawn at once, or when its readings are too old"},
	    {21, "leases and timers",
	     "what is behind the broker rests by its own timer; what is on a wire goes on under its rules"},
	    {23, "boot clock", "time asleep counts as elapsed; the wall clock only stamps what leaves"},
	    {26, "supervision", "ended, and started anew; nothing is permitted before a reading has proved rest"},
	    {27, "foreign hands", "adopted with its timer if the rules permit, else switched off again"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		add(h, rows[i].hazard, rows[i].by, HAZARD_COVERED, false, rows[i].text);
}

static void add_stop(struct hazards *h, const struct hazards_home *home)
{
	char text[HAZARDS_TEXT_MAX];
	struct str s;
	str_init(&s, text, sizeof text);
	if (home->n_controls == 0) {
		add(h, 28, "stop", HAZARD_ABSENT, false, "nothing here can be switched");
	} else if (home->stop_source) {
		str_add(&s, "%s, and a stop over MQTT or by therapyctl", home->stop_source);
		add(h, 28, "stop", HAZARD_COVERED, false, text);
	} else {
		add(h, 28, "stop", HAZARD_PARTLY, false,
		    "only a stop over MQTT or by therapyctl; missing: a stop or pain button within reach");
	}
}

/* What there is beyond repeating and alarm. Nobody needs to have one, so that there is none takes nothing away. */
static void add_cutoff(struct hazards *h, const struct hazards_home *home)
{
	char text[HAZARDS_TEXT_MAX], list[160];
	struct str s;
	str_init(&s, list, sizeof list);
	if (list_of(home, has_cutoff, &s) == 0)
		return;
	str_init(&s, text, sizeof text);
	str_add(&s, "cut off upstream if it does not obey: %s", list);
	add(h, 24, "cut-off", HAZARD_COVERED, false, text);
}

static void add_stuck(struct hazards *h, const struct hazards_home *home)
{
	char text[HAZARDS_TEXT_MAX];
	struct str s;
	str_init(&s, text, sizeof text);
	if (home->contradictions)
		str_add(&s, "found where another reading contradicts: %s", home->contradictions);
	else
		str_add(&s, "nothing contradicts a sensor that repeats its last value; missing: a second sensor");
	add(h, 18, "contradiction", home->contradictions ? HAZARD_PARTLY : HAZARD_NOT_COVERED, false, text);
}

static void add_mechanisms(struct hazards *h, const struct hazards_home *home)
{
	add_always(h);
	add_stuck(h, home);
	for_controls(h, home, 22, "lease and device timer", lacks_timer, HAZARD_PARTLY,
		     "everything rests by itself, within the bounds that check prints",
		     "does not rest by itself when everything here has died (accepted in the configuration)");
	for_controls(h, home, 24, "proof of rest", lacks_load, HAZARD_PARTLY,
		     "rest is proved twice: by what the device says, and by its load",
		     "only what the device says proves rest; missing: a meter of power or force");
	for_controls(h, home, 25, "load while off", lacks_load, HAZARD_NOT_COVERED,
		     "a load while it says off is seen, and raises an alarm",
		     "a relay that does not open is not seen; missing: a meter of power or force");
	add_cutoff(h, home);
	add_stop(h, home);
}

/* ---- all together ---- */

/* A hazard is as well kept as the parts say together: some seen and some not is partly. */
static void conclude(struct hazard *row)
{
	size_t n[4] = {0};
	for (size_t i = 0; i < row->n_parts; i++) {
		n[row->parts[i].level]++;
		row->refused = row->refused || row->parts[i].refused;
	}
	if (row->n_parts == 0)
		row->level = HAZARD_NOT_COVERED;
	else if (n[HAZARD_ABSENT] == row->n_parts)
		row->level = HAZARD_ABSENT;
	else if (n[HAZARD_PARTLY] || (n[HAZARD_COVERED] && n[HAZARD_NOT_COVERED]))
		row->level = HAZARD_PARTLY;
	else
		row->level = n[HAZARD_NOT_COVERED] ? HAZARD_NOT_COVERED : HAZARD_COVERED;
}

struct hazards *hazards_new(const struct hazards_home *home)
{
	enum { MECHANISMS_MAX = 2 }; /* of one hazard */
	struct hazards *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++) {
		size_t n = MECHANISMS_MAX;
		for (size_t r = 0; r < home->n_rules; r++)
			n += home->rules[r].hazard == i;
		h->rows[i].title = titles[i];
		h->rows[i].parts = calloc(n, sizeof *h->rows[i].parts);
		if (!h->rows[i].parts) {
			hazards_free(h);
			return NULL;
		}
	}
	for (size_t r = 0; r < home->n_rules; r++) {
		const struct hazards_rule *rule = &home->rules[r];
		if (rule->hazard >= 1 && rule->hazard <= HAZARDS_COUNT)
			add(h, rule->hazard, rule->id, rule->level, rule->refused, rule->text);
	}
	add_mechanisms(h, home);
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++)
		conclude(&h->rows[i]);
	return h;
}

void hazards_free(struct hazards *hazards)
{
	if (!hazards)
		return;
	for (unsigned i = 1; i <= HAZARDS_COUNT; i++)
		free(hazards->rows[i].parts);
	free(hazards);
}
