/* SPDX-License-Identifier: Apache-2.0
 * Which of a home's devices sessions are had with, and what of theirs says that one runs. */
#include <stdlib.h>
#include <string.h>

#include "logbook_inside.h"
#include "tell/session.h"

static enum session_kind kind_of(const char *kind)
{
	enum session_kind found;
	return tell_session_kind_of(kind, &found) ? found : SESSION_ACTIVITY;
}

static const Therapy__V1__MetricDescription *find_metric(const Therapy__V1__DeviceDescription *d, const char *key,
							 struct sessions_metric *out)
{
	for (size_t i = 0; i < d->n_metrics; i++)
		if (strcmp(d->metrics[i]->key, key) == 0) {
			out->metric = (uint16_t)i;
			out->stale_ms = d->metrics[i]->stale_ms;
			return d->metrics[i];
		}
	return NULL;
}

static bool show(const Therapy__V1__DeviceDescription *d, const char *key, struct sessions_source *s)
{
	const Therapy__V1__MetricDescription *m = find_metric(d, key, &s->value);
	if (!m)
		return false;
	s->has_value = true;
	s->unit = (enum therapy_unit)(m->unit - 1);
	return true;
}

static void decide(const Therapy__V1__DeviceDescription *d, const char *key, double above, struct sessions_source *s)
{
	if (s->n_decides == 0 && find_metric(d, key, &s->decides[0])) {
		s->decides[0].above = above;
		s->n_decides = 1;
		(void)show(d, key, s);
	}
}

/* Whatever proves that a control acts. */
static void decide_by_controls(const Therapy__V1__DeviceDescription *d, struct sessions_source *s)
{
	for (size_t i = 0; i < d->n_controls && s->n_decides < SESSIONS_METRICS_MAX; i++) {
		const Therapy__V1__ControlDescription *control = d->controls[i];
		const Therapy__V1__MetricDescription *m = d->metrics[control->confirm_metric];
		s->decides[s->n_decides++] =
		    (struct sessions_metric){(uint16_t)control->confirm_metric, m->stale_ms, control->rest_max};
	}
}

/* False: it is no device that sessions are had with. */
static bool source_of(const Therapy__V1__DeviceDescription *d, struct sessions_source *s)
{
	s->id = d->device_id;
	s->kind = kind_of(d->kind);
	if (s->kind == SESSION_INVERSION) {
		decide(d, "tilt", SESSIONS_TILT_DEG, s);
	} else if (s->kind == SESSION_TRACTION) {
		decide(d, "force", SESSIONS_FORCE_N, s);
		decide(d, "pressure", SESSIONS_PRESSURE_KPA, s);
		if (s->n_decides == 0)
			decide_by_controls(d, s);
	} else if (s->kind == SESSION_HEAT || s->kind == SESSION_COLD) {
		decide_by_controls(d, s);
		s->has_dose = s->kind == SESSION_HEAT && find_metric(d, "skin_temp", &s->dose) != NULL;
		if (!show(d, "skin_temp", s) && !show(d, "temp", s))
			(void)show(d, "power", s);
	}
	return s->n_decides > 0;
}

int logbook_watch(struct logbook *c, const struct sessions_callbacks *callbacks)
{
	struct gateway *g = c->g;
	struct sessions_source *sources = calloc(g->n_seats + 1, sizeof *sources);
	size_t n = 0;
	if (!sources)
		return UV_ENOMEM;
	for (size_t i = 0; i < g->n_seats; i++) {
		sources[n] = (struct sessions_source){.device = (uint16_t)i};
		n += source_of(g->descriptions[i], &sources[n]);
	}
	int error = sessions_new(sources, n, callbacks, &c->sessions);
	free(sources);
	return error ? UV_ENOMEM : 0;
}
