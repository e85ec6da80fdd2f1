/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/advice.h"

#include "base/unit.h"
#include "mqtt/discovery.h"

/* The longest session that the shipped rules permit (limit.heat_time): a timer as long as that needs no renewal. */
#define SESSION_MS 1200000u

static void check_class(struct plugin_faults *f, const struct therapy_metric *r)
{
	const char *class = r->device_class;
	if (!class || !class[0])
		return;
	if (r->unit == THERAPY_UNIT_BOOL) {
		if (!discovery_binary_class(class))
			plugin_fault(
			    f,
			    "metric \"%s\" has the device_class \"%s\", which Home Assistant does not have for a "
			    "binary sensor: expected one of its own, or NULL",
			    r->key, class);
		return;
	}
	struct unit_view view = unit_view(UNIT_METRIC, r->unit);
	if (!discovery_class_fits(class, view.symbol))
		plugin_fault(
		    f,
		    "metric \"%s\" has the device_class \"%s\", which Home Assistant does not have for a sensor "
		    "in \"%s\": expected one that fits the unit, or NULL",
		    r->key, class, view.symbol);
}

static void check_metric(struct plugin_faults *f, const struct therapy_metric *r)
{
	if (r->min == r->max)
		plugin_fault(
		    f,
		    "metric \"%s\" has the range %g to %g, so that every other value is implausible: expected the "
		    "least and the greatest that the device can mean",
		    r->key, r->min, r->max);
	else if (r->unit == THERAPY_UNIT_BOOL && (r->min != 0.0 || r->max != 1.0))
		plugin_fault(f, "metric \"%s\" is a bool with the range %g to %g, expected 0 to 1", r->key, r->min,
			     r->max);
	if (r->interval_ms == 0)
		plugin_fault(f, "metric \"%s\" has no interval_ms, expected how often the device normally says it",
			     r->key);
	else if (r->stale_ms < 2 * (uint64_t)r->interval_ms)
		plugin_fault(
		    f,
		    "metric \"%s\" comes every %u ms and is unknown after %u ms, so that one lost frame denies what "
		    "depends on it: expected two intervals at least",
		    r->key, r->interval_ms, r->stale_ms);
	if (r->max > r->min && r->deadband >= r->max - r->min && r->unit != THERAPY_UNIT_BOOL)
		plugin_fault(
		    f,
		    "metric \"%s\" has the deadband %g and the range %g to %g: expected the smallest change worth "
		    "showing",
		    r->key, r->deadband, r->min, r->max);
	check_class(f, r);
}

static void check_control(struct plugin_faults *f, const struct therapy_model *m, const struct therapy_control *c)
{
	const struct therapy_metric *confirm = &m->metrics[c->confirm];
	if (c->renew != THERAPY_NONE && c->device_timer_ms < 2 * (uint64_t)c->renew_ms)
		plugin_fault(
		    f,
		    "control \"%s\" is renewed every %u ms and rests by itself after %u ms, so that one lost renewal "
		    "ends it: expected a timer of two renewals at least",
		    c->key, c->renew_ms, c->device_timer_ms);
	if (c->renew == THERAPY_NONE && c->device_timer_ms > 0 && c->device_timer_ms < SESSION_MS)
		plugin_fault(
		    f,
		    "control \"%s\" rests by itself after %u ms and nothing renews it, so that every session ends "
		    "then: expected a verb whose effect is RENEW",
		    c->key, c->device_timer_ms);
	if (c->type == THERAPY_NUMBER && c->step <= 0)
		plugin_fault(f, "control \"%s\" has no step, expected the smallest change that can be asked for",
			     c->key);
	if (c->type == THERAPY_NUMBER && confirm->unit == c->unit && c->rest_max >= c->min)
		plugin_fault(f,
			     "control \"%s\" is at rest up to %g of \"%s\" and can be asked for %g, which would be no "
			     "different: expected a rest_max below min",
			     c->key, c->rest_max, confirm->key, c->min);
	if (c->n_stop == 0)
		plugin_fault(
		    f,
		    "control \"%s\" has no stop sequence, expected the fastest safe way to rest (the same as rest "
		    "where there is no other)",
		    c->key);
}

static void check_model(struct plugin_faults *f, const struct therapy_model *m)
{
	if ((m->links & THERAPY_LINK_SERIAL) != 0 && m->baud == 0)
		plugin_fault(f, "it is reached by a serial line and has no baud, expected what it speaks as shipped");
	for (uint8_t i = 0; i < m->n_metrics; i++)
		check_metric(f, &m->metrics[i]);
	for (uint8_t i = 0; i < m->n_controls; i++)
		check_control(f, m, &m->controls[i]);
	for (uint8_t i = 0; i < m->n_polls; i++)
		if (m->polls[i].every_ms <= m->polls[i].reply_ms)
			plugin_fault(
			    f,
			    "poll %u asks every %u ms and waits %u ms for the reply, so that there is no time for "
			    "anything else: expected to ask less often",
			    i, m->polls[i].every_ms, m->polls[i].reply_ms);
}

void advice_check(struct plugin_faults *f, const struct therapy_plugin *plugin)
{
	for (uint8_t i = 0; i < plugin->n_models; i++) {
		f->model = plugin->models[i].key;
		check_model(f, &plugin->models[i]);
	}
	f->model = NULL;
}
