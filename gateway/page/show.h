/* SPDX-License-Identifier: Apache-2.0
 *
 * show - what the page shows of the home, as JSON: what tell/ says, in the units that people chose and under the names
 * that they know, and cut down to what is looked at. Ages become moments (CLOCK_BOOTTIME, `at_ms`): a text changes when
 * something has happened, not because time passes, and what has not changed is not sent. It decides nothing. Pure but
 * for memory; on the core's thread, between steps. The caller frees what it gets; NULL: no memory.
 */
#ifndef PAGE_SHOW_H
#define PAGE_SHOW_H

#include "base/language.h"
#include "base/unit.h"
#include "core/core.h"
#include "page/history.h"

enum page_thing { PAGE_DEVICE, PAGE_METRIC, PAGE_CONTROL };

/* What the core does not know of a thing. */
struct page_label {
	const char *name;    /* for people, in their language; NULL: its id does */
	unsigned decimals;   /* of a metric */
	bool minor;          /* of a metric: seldom looked at */
	const char *adjusts; /* of a device: "calibrate", "tare"; NULL: neither */
	/* Of a control: */
	bool number;              /* it takes a number, else on or off */
	bool only_cuts;           /* it is switched on at the device only */
	bool has_timer;           /* which an off-test proves */
	const char *words;        /* of its values: "off|low|high"; NULL: none */
	double least, most, step; /* of a number, in the unit that is shown */
};

struct show {
	enum language language;
	enum unit_system units;
	void *user;
	void (*label)(void *user, enum page_thing thing, uint16_t device, uint16_t index, struct page_label *out);
};

/* {"device","kind","name","present","parked","metrics":[...],"controls":[...]}; docs/page.md. */
char *show_device(const struct show *show, const struct core *core, uint16_t device);
/* What all of it is under: latches, alarms. */
struct show_facts {
	const char *gateway_id, *version;
	int connected; /* to the broker; -1: there is none */
	bool asks_presence;
};
char *show_home(const struct core *core, const struct show_facts *facts);
/* The lines of the plot with their names, oldest first; what is not known is null. */
char *show_plot(const struct show *show, const struct core *core, const struct history *history);
/* A point of a line: a reading in the unit that is shown, or whether the control is granted. NAN: not known. */
bool show_active(const struct core *core, const struct history *history);
double show_point(const struct show *show, const struct core *core, struct history_line line);
/* Is that metric a number that is looked at often, and therefore plotted? */
bool show_plots(const struct show *show, const struct core *core, uint16_t device, uint16_t metric);
/* Which latches are set, as one word; "" if none is. Another one, or one that was set anew, makes it another word. */
#define SHOW_LATCHED_MAX 20u
void show_latched(const struct core *core, char out[SHOW_LATCHED_MAX]);
/* An event of the journal, for a list. NULL: these bytes are none. */
struct json_object *show_event(const uint8_t *bytes, size_t size);

#endif
