/* SPDX-License-Identifier: Apache-2.0 */
#include "core/home.h"

#include <stdlib.h>
#include <string.h>

#include "core/derived.h"
#include "core/self.h"

static bool same(const char *name, const char *text, size_t size)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): names that are counted are set */
	return strncmp(name, text, size) == 0 && name[size] == '\0';
}

uint32_t home_find_device(const struct home *home, const char *id, size_t size)
{
	uint32_t low = 0, high = home->n_devices;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *name = home->devices[home->by_id[middle]].id;
		int order = strncmp(name, id, size);
		if (order == 0 && name[size] == '\0')
			return home->by_id[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return HOME_NONE;
}

static uint32_t find_name(char *const *names, uint32_t n, const char *text, size_t size)
{
	for (uint32_t i = 0; i < n; i++)
		if (same(names[i], text, size))
			return i;
	return HOME_NONE;
}

uint32_t home_find_kind(const struct home *home, const char *kind, size_t size)
{
	return find_name(home->kinds, home->n_kinds, kind, size);
}

bool home_knows_kind(const struct home *home, const char *kind, size_t size, struct str *choices)
{
	if (home->n_known_kinds == 0 || home_find_kind(home, kind, size) != HOME_NONE)
		return true;
	for (size_t i = 0; i < home->n_known_kinds; i++)
		if (same(home->known_kinds[i], kind, size))
			return true;
	for (size_t i = 0; i < home->n_known_kinds; i++)
		str_add(choices, "%s%s", i == 0 ? "" : ", ", home->known_kinds[i]);
	return false;
}

/* Adds it to what may be asked; true if it is what was asked. */
static bool offer(const char *key, struct home_name wanted, struct str *choices)
{
	if (same(key, wanted.at, wanted.size))
		return true;
	str_add(choices, "%s%s", choices->len ? ", " : "", key);
	return false;
}

bool home_knows_metric(const struct home *home, struct home_name kind, struct home_name key, size_t n_derived,
		       struct str *choices)
{
	if (home->n_known_metrics == 0)
		return true;
	uint32_t index = home_find_kind(home, kind.at, kind.size);
	for (size_t i = 0; i < home->n_known_metrics; i++)
		if (same(home->known_metrics[i].kind, kind.at, kind.size) &&
		    offer(home->known_metrics[i].key, key, choices))
			return true;
	for (size_t i = 0; i < n_derived && i < home->n_known_derived; i++)
		if (home->known_derived[i].kind && home->known_derived[i].id &&
		    same(home->known_derived[i].kind, kind.at, kind.size) &&
		    offer(home->known_derived[i].id, key, choices))
			return true;
	for (uint32_t d = 0; index != HOME_NONE && d < home->n_devices; d++)
		for (uint32_t m = 0; home->devices[d].kind == index && m < home->devices[d].n_own; m++) {
			const char *own = home->metrics[home->devices[d].first_metric + m].key;
			bool listed = false; /* a plugin of one's own need not be in any list */
			for (size_t i = 0; i < home->n_known_metrics && !listed; i++)
				listed = same(home->known_metrics[i].kind, kind.at, kind.size) &&
					 strcmp(home->known_metrics[i].key, own) == 0;
			if (!listed && offer(own, key, choices))
				return true;
		}
	return false;
}

uint32_t home_find_unmonitored(const struct home *home, const char *kind, size_t size)
{
	return find_name(home->unmonitored, home->n_unmonitored, kind, size);
}

uint32_t home_find_metric(const struct home *home, uint32_t device, const char *key, size_t size)
{
	const struct home_device *d = &home->devices[device];
	for (uint32_t i = d->first_metric; i < d->first_metric + d->n_metrics; i++)
		if (same(home->metrics[i].key, key, size))
			return i;
	return HOME_NONE;
}

uint32_t home_find_control(const struct home *home, uint32_t device, const char *key, size_t size)
{
	const struct home_device *d = &home->devices[device];
	for (uint32_t i = d->first_control; i < d->first_control + d->n_controls; i++)
		if (same(home->controls[i].key, key, size))
			return i;
	return HOME_NONE;
}

/* Room for the copies; counts stay 0 until they are filled, so that a half-built home can be released. */
static int reserve(struct home *home, const struct core_spec *spec)
{
	size_t metrics = 0, controls = 0;
	for (size_t i = 0; i < spec->n_devices; i++) {
		metrics += spec->devices[i].n_metrics + spec->n_derived;
		controls += spec->devices[i].n_controls;
	}
	if (metrics >= UINT32_MAX / 2 || controls >= UINT32_MAX / 2)
		return -1;
	home->devices = calloc(spec->n_devices + 1, sizeof *home->devices);
	home->by_id = calloc(spec->n_devices + 1, sizeof *home->by_id);
	home->kinds = calloc(spec->n_devices + 1, sizeof *home->kinds);
	home->metrics = calloc(metrics + 1, sizeof *home->metrics);
	home->controls = calloc(controls + 1, sizeof *home->controls);
	home->unmonitored = calloc(spec->n_owned_unmonitored + 1, sizeof *home->unmonitored);
	return home->devices && home->by_id && home->kinds && home->metrics && home->controls && home->unmonitored ? 0
														   : -1;
}

static int copy_metrics(struct home *home, uint16_t device, const struct core_device *from, struct faults *faults)
{
	int bad = 0;
	home->devices[device].first_metric = home->n_metrics;
	for (size_t i = 0; i < from->n_metrics; i++) {
		const struct core_metric *m = &from->metrics[i];
		if (m->stale_ms == 0 || (unsigned)m->unit >= THERAPY_UNIT_COUNT_) {
			faults_add(faults, NULL, 0,
				   "%s.%s: a unit and a staleness above 0 were expected of this metric", from->id,
				   m->key);
			bad = -1;
		}
		struct home_metric *to = &home->metrics[home->n_metrics];
		*to = (struct home_metric){.key = strdup(m->key),
					   .unit = m->unit,
					   .stale_ms = m->stale_ms,
					   .device = device,
					   .deadband = m->deadband,
					   .stops = m->stops,
					   .derived = HOME_NONE,
					   .words = m->words ? strdup(m->words) : NULL};
		if (!to->key || (m->words && !to->words)) {
			free(to->key);
			free(to->words);
			return -1;
		}
		home->n_metrics++;
		home->devices[device].n_metrics++;
	}
	home->devices[device].n_own = home->devices[device].n_metrics;
	return bad;
}

/* What the core computes for the device stands after what it measures. A row may look at those before it. */
static int copy_derived(struct home *home, uint16_t device, const struct core_spec *spec, struct faults *faults)
{
	struct home_device *d = &home->devices[device];
	for (size_t i = 0; i < spec->n_derived; i++) {
		const struct core_derived *row = &spec->derived[i];
		if (!row->id || !row->kind || strcmp(home->kinds[d->kind], row->kind) != 0 ||
		    !derived_fits(row, home, device))
			continue;
		enum therapy_unit unit = derived_unit(row, home, device);
		if (home_find_metric(home, device, row->id, strlen(row->id)) != HOME_NONE) {
			faults_add(faults, row->file, row->line, "derived '%s': %s has a metric of this name already",
				   row->id, d->id);
			return -1;
		}
		if (unit == THERAPY_UNIT_COUNT_) {
			faults_add(faults, row->file, row->of.line,
				   "derived '%s': of '%.60s': a metric in N or deg was expected, like \"self.force\"",
				   row->id, row->of.text);
			return -1;
		}
		uint32_t source = row->type == CORE_DERIVE_RATE ? self_metric(home, device, row->of.text) : HOME_NONE;
		struct home_metric *to = &home->metrics[home->n_metrics];
		*to = (struct home_metric){.key = strdup(row->id),
					   .unit = unit,
					   .stale_ms = source == HOME_NONE ? 1000 : home->metrics[source].stale_ms,
					   .device = device,
					   .derived = (uint32_t)i};
		if (!to->key)
			return -1;
		home->n_metrics++;
		d->n_metrics++;
	}
	return 0;
}

static int copy_controls(struct home *home, uint16_t device, const struct core_device *from, struct faults *faults)
{
	int bad = 0;
	struct home_device *d = &home->devices[device];
	d->first_control = home->n_controls;
	for (size_t i = 0; i < from->n_controls; i++) {
		const struct core_control *c = &from->controls[i];
		bool known = c->confirm < from->n_metrics && (c->load_ms == 0 || c->load < from->n_metrics);
		if (!known || !(c->min <= c->max) || !isfinite(c->min) || !isfinite(c->max) || !isfinite(c->rest_max)) {
			faults_add(
			    faults, NULL, 0,
			    "%s.%s: a control needs a metric that confirms it and finite bounds, the lower one first",
			    from->id, c->key);
			bad = -1;
		}
		struct home_control *to = &home->controls[home->n_controls];
		*to = (struct home_control){
		    .key = strdup(c->key),
		    .min = c->min,
		    .max = c->max,
		    .step = c->step,
		    .words = c->words ? strdup(c->words) : NULL,
		    .rest_max = c->rest_max,
		    .confirm = known ? d->first_metric + c->confirm : d->first_metric,
		    .resumes = c->resumes,
		    .only_cuts = c->only_cuts,
		    .device = device,
		    .unit = c->unit,
		    .load = known && c->load_ms ? d->first_metric + c->load : HOME_NONE,
		    .load_max = c->load_max,
		    .load_ms = c->load_ms,
		    .confirm_ms = c->confirm_ms,
		    .rest_bound_ms = c->rest_bound_ms,
		    .timer_ms = c->device_timer_ms,
		    .test_ms = c->test_ms ? c->test_ms : c->device_timer_ms,
		    .accept_no_timer = c->accept_no_device_timer,
		    .test_once = c->test_once,
		    .cutoff = HOME_NONE,
		};
		if (!to->key || (c->words && !to->words)) {
			free(to->key);
			free(to->words);
			return -1;
		}
		home->n_controls++;
		d->n_controls++;
	}
	return bad;
}

/* When all devices are there: who cuts off whom. */
static int link_cutoffs(struct home *home, const struct core_spec *spec, struct faults *faults)
{
	int bad = 0;
	for (uint32_t d = 0; d < home->n_devices; d++)
		for (uint32_t i = 0; i < home->devices[d].n_controls; i++) {
			const struct core_control *c = &spec->devices[d].controls[i];
			if (!c->has_cutoff)
				continue;
			if (c->cutoff_device == d || c->cutoff_device >= home->n_devices ||
			    c->cutoff_control >= home->devices[c->cutoff_device].n_controls) {
				faults_add(faults, NULL, 0, "%s: its cut-off is no control of another device",
					   home->devices[d].id);
				bad = -1;
				continue;
			}
			home->controls[home->devices[d].first_control + i].cutoff =
			    home->devices[c->cutoff_device].first_control + c->cutoff_control;
		}
	return bad;
}

/* Puts the device at its place among the ids; -1 if the id is taken. */
static int sort_in(struct home *home, uint16_t device)
{
	uint32_t at = device;
	const char *id = home->devices[device].id;
	while (at > 0) {
		int order = strcmp(home->devices[home->by_id[at - 1]].id, id);
		if (order == 0)
			return -1;
		if (order < 0)
			break;
		at--;
	}
	memmove(&home->by_id[at + 1], &home->by_id[at], (device - at) * sizeof *home->by_id);
	home->by_id[at] = device;
	return 0;
}

static int copy_device(struct home *home, uint16_t device, const struct core_spec *spec, struct faults *faults)
{
	int bad = 0;
	const struct core_device *from = &spec->devices[device];
	struct home_device *d = &home->devices[device];
	d->id = strdup(from->id);
	if (!d->id)
		return -1;
	d->kind = home_find_kind(home, from->kind, strlen(from->kind));
	if (d->kind == HOME_NONE) {
		home->kinds[home->n_kinds] = strdup(from->kind);
		if (!home->kinds[home->n_kinds])
			return -1;
		d->kind = home->n_kinds++;
	}
	if (sort_in(home, device)) {
		faults_add(faults, NULL, 0, "device '%s' is there twice: each id names one device", from->id);
		return -1;
	}
	home->n_devices++;
	bad |= copy_metrics(home, device, from, faults);
	bad |= copy_controls(home, device, from, faults);
	bad |= copy_derived(home, device, spec, faults);
	return bad;
}

static int check_unmonitored(const struct home *home, const char *kind, struct faults *faults)
{
	char text[256];
	struct str choices;
	str_init(&choices, text, sizeof text);
	if (home_knows_kind(home, kind, strlen(kind), &choices))
		return 0;
	faults_add(faults, NULL, 0, "owned_unmonitored: there is no kind of device '%s'; expected one of %s", kind,
		   text);
	return -1;
}

int home_init(struct home *home, const struct core_spec *spec, struct faults *faults)
{
	*home = (struct home){0};
	if (spec->n_devices >= CORE_NO_DEVICE) {
		faults_add(faults, NULL, 0, "%zu devices are configured, at most %u fit", spec->n_devices,
			   CORE_NO_DEVICE - 1u);
		return -1;
	}
	if (reserve(home, spec)) {
		faults_add(faults, NULL, 0, "not enough memory for the devices");
		return -1;
	}
	home->known_kinds = spec->known_kinds;
	home->n_known_kinds = spec->n_known_kinds;
	home->known_metrics = spec->known_metrics;
	home->n_known_metrics = spec->n_known_metrics;
	home->known_derived = spec->derived;
	home->n_known_derived = spec->n_derived;
	int bad = 0;
	for (size_t i = 0; i < spec->n_devices && !bad; i++)
		bad = copy_device(home, (uint16_t)i, spec, faults);
	bad = bad ? bad : link_cutoffs(home, spec, faults);
	for (size_t i = 0; i < spec->n_owned_unmonitored && !bad; i++) {
		home->unmonitored[i] = strdup(spec->owned_unmonitored[i]);
		if (home->unmonitored[i])
			home->n_unmonitored++;
		else
			bad = -1;
		if (!bad)
			bad = check_unmonitored(home, spec->owned_unmonitored[i], faults);
	}
	if (bad && faults->n == 0)
		faults_add(faults, NULL, 0, "not enough memory for the devices");
	return bad;
}

void home_release(struct home *home)
{
	if (home->devices) /* a device that failed half-way is one past the count */
		for (uint32_t i = 0; i < home->n_devices + 1; i++)
			free(home->devices[i].id);
	for (uint32_t i = 0; i < home->n_metrics; i++) {
		free(home->metrics[i].key);
		free(home->metrics[i].words);
	}
	for (uint32_t i = 0; i < home->n_controls; i++) {
		free(home->controls[i].key);
		free(home->controls[i].words);
	}
	for (uint32_t i = 0; i < home->n_kinds; i++)
		free(home->kinds[i]);
	for (uint32_t i = 0; i < home->n_unmonitored; i++)
		free(home->unmonitored[i]);
	free(home->devices);
	free(home->by_id);
	free(home->kinds);
	free(home->metrics);
	free(home->controls);
	free(home->unmonitored);
	*home = (struct home){0};
}
