/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "core/explanation.h"
#include "page/show.h"
#include "tell/tell.h"

#define TURNED_DEG 10.0 /* from which inversion counts: etc/rules.d/20-inversion.cfg */

static struct page_label label_of(const struct show *show, enum page_thing thing, uint16_t device, uint16_t index)
{
	struct page_label label = {0};
	show->label(show->user, thing, device, index, &label);
	return label;
}

bool show_plots(const struct show *show, const struct core *core, uint16_t device, uint16_t metric)
{
	enum therapy_unit unit = THERAPY_UNIT_ONE;
	size_t size;
	(void)core_metric_key(core, device, metric, &unit);
	return unit != THERAPY_UNIT_BOOL && !core_metric_word(core, device, metric, 0, &size) &&
	       !label_of(show, PAGE_METRIC, device, metric).minor;
}

double show_point(const struct show *show, const struct core *core, struct history_line line)
{
	if (line.control) {
		struct core_permission p;
		core_permission(core, line.device, line.index, &p);
		return p.granted ? 1 : 0;
	}
	enum therapy_unit unit = THERAPY_UNIT_ONE;
	const struct core_reading r = core_value(core, line.device, line.index);
	(void)core_metric_key(core, line.device, line.index, &unit);
	const struct unit_view view = unit_view(show->units, unit);
	return r.quality == THERAPY_GOOD ? unit_view_shown(&view, r.value) : (double)NAN;
}

/* Somebody is in therapy: something runs, or a table is turned. */
bool show_active(const struct core *core, const struct history *history)
{
	for (size_t i = 0; i < history_lines(history); i++) {
		const struct history_line line = history_line(history, i);
		enum therapy_unit unit = THERAPY_UNIT_ONE;
		struct core_permission p;
		if (line.control) {
			core_permission(core, line.device, line.index, &p);
			if (p.granted)
				return true;
			continue;
		}
		const char *key = core_metric_key(core, line.device, line.index, &unit);
		const struct core_reading r = core_value(core, line.device, line.index);
		if (strcmp(key, "tilt") == 0 && unit == THERAPY_UNIT_DEG && r.quality == THERAPY_GOOD &&
		    fabs(r.value) > TURNED_DEG)
			return true;
	}
	return false;
}

static struct json_object *values_array(const struct history *history, size_t line, size_t n_points, int decimals)
{
	struct json_object *values = json_object_new_array();
	for (size_t p = 0; p < n_points; p++) {
		char text[32];
		double value = history_value(history, line, p);
		struct str s;
		str_init(&s, text, sizeof text);
		str_add(&s, "%.*f", decimals, value);
		json_object_array_add(values, isnan(value) ? NULL : json_object_new_double_s(value, text));
	}
	return values;
}

static struct json_object *line_object(const struct show *show, const struct core *core, const struct history *history,
				       size_t i, size_t n_points)
{
	const struct history_line line = history_line(history, i);
	const enum page_thing thing = line.control ? PAGE_CONTROL : PAGE_METRIC;
	const struct page_label label = label_of(show, thing, line.device, line.index);
	const struct page_label device = label_of(show, PAGE_DEVICE, line.device, 0);
	enum therapy_unit unit = THERAPY_UNIT_ONE;
	struct core_explanation e;
	struct json_object *o = json_object_new_object();
	const char *key = core_metric_key(core, line.device, line.index, &unit);
	if (line.control)
		key = core_explain(core, line.device, line.index, &e) ? e.control : NULL;
	tell_put(o, "device", core_device_id(core, line.device));
	tell_put(o, "device_name", device.name ? device.name : core_device_id(core, line.device));
	tell_put(o, "key", key);
	tell_put(o, "name", label.name ? language_say(show->language, label.name) : key);
	tell_put_bool(o, "control", line.control);
	tell_put(o, "symbol", line.control ? "" : unit_view(show->units, unit).symbol);
	json_object_object_add(o, "values", values_array(history, i, n_points, line.control ? 0 : 2));
	return o;
}

char *show_plot(const struct show *show, const struct core *core, const struct history *history)
{
	struct json_object *o = json_object_new_object(), *lines = json_object_new_array();
	struct history_view view = history_view(history);
	for (size_t i = 0; i < history_lines(history); i++)
		json_object_array_add(lines, line_object(show, core, history, i, view.points));
	tell_put_count(o, "number", view.number);
	tell_put_bool(o, "session", view.session);
	tell_put_count(o, "step_ms", view.step_ms);
	tell_put_count(o, "points", HISTORY_POINTS);
	tell_put_count(o, "last_ms", view.last_ms);
	json_object_object_add(o, "lines", lines);
	return tell_text(o);
}
