/* SPDX-License-Identifier: Apache-2.0
 * What there is in this home: the core's own copy of the spec's devices, with every metric and control numbered
 * through, and names found quickly. Const after home_init. */
#ifndef CORE_HOME_H
#define CORE_HOME_H

#include "base/str.h"
#include "core/core.h"

#define HOME_NONE UINT32_MAX

struct home_metric {
	char *key;
	enum therapy_unit unit;
	uint32_t stale_ms;
	uint16_t device;
	double deadband;
	bool stops;       /* above 0 somebody wants everything at rest */
	uint32_t derived; /* which row of the spec's derived ones; HOME_NONE: the device measures it */
	char *words;      /* "released|pressed", or NULL */
};

struct home_control {
	char *key;
	double min, max, step, rest_max;
	char *words;      /* "off|low|high", or NULL */
	uint32_t confirm; /* number of the metric, through all devices */
	bool only_cuts;
	bool resumes;
	uint16_t device;
	enum therapy_unit unit;
	uint32_t load; /* number of the metric that is the second proof of rest; HOME_NONE: there is none */
	double load_max;
	uint32_t load_ms;
	uint32_t confirm_ms, rest_bound_ms;
	uint32_t timer_ms, test_ms; /* the timer of its own; 0: none. The one that an off-test runs */
	bool accept_no_timer, test_once;
	uint32_t cutoff; /* number of the control that can cut it off; HOME_NONE: there is none */
};

struct home_device {
	char *id;
	uint32_t kind; /* index of kinds */
	uint32_t first_metric, n_metrics, first_control, n_controls;
	uint32_t n_own; /* of the metrics, those that it measures; derived ones follow */
};

struct home {
	struct home_device *devices;
	struct home_metric *metrics;
	struct home_control *controls;
	uint16_t *by_id; /* devices in the order of their ids */
	char **kinds;
	char **unmonitored;             /* kinds that are owned without a sensor */
	const char *const *known_kinds; /* the spec's, while core_new runs */
	size_t n_known_kinds;
	const struct core_known_metric *known_metrics; /* the spec's, as long */
	const struct core_derived *known_derived;
	size_t n_known_metrics, n_known_derived;
	uint32_t n_devices, n_metrics, n_controls, n_kinds, n_unmonitored;
};

/* Part of a text, without a NUL. */
struct home_name {
	const char *at;
	size_t size;
};

/* Copies what the spec says. 0, or -1 with what is wrong added to `faults`. Release in both cases. */
int home_init(struct home *home, const struct core_spec *spec, struct faults *faults);
void home_release(struct home *home);

/* All return HOME_NONE if there is none. Names are `size` bytes, without a NUL. */
uint32_t home_find_device(const struct home *home, const char *id, size_t size);
uint32_t home_find_kind(const struct home *home, const char *kind, size_t size);
uint32_t home_find_metric(const struct home *home, uint32_t device, const char *key, size_t size);
uint32_t home_find_control(const struct home *home, uint32_t device, const char *key, size_t size);
/* May a rule name this kind? Lists what it may name in `choices`, for a fault, if not. */
bool home_knows_kind(const struct home *home, const char *kind, size_t size, struct str *choices);
/* May a rule ask this of the kind? Lists what it may ask in `choices`, for a fault, if not. Of the derived rows only
 * the first `n_derived` count: a row may look at those before it. */
bool home_knows_metric(const struct home *home, struct home_name kind, struct home_name key, size_t n_derived,
		       struct str *choices);
/* An index of unmonitored. */
uint32_t home_find_unmonitored(const struct home *home, const char *kind, size_t size);

#endif
