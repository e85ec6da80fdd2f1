/* SPDX-License-Identifier: Apache-2.0
 * Limits: figures with a name. Which one is in force for a device is the strictest that anybody gave: for the device,
 * for the home, by the step of a plan. If nobody gave one it is the default; if there is none, it is not known, and
 * what compares with it is never TRUE.
 *
 * A SLOT is one limit as one device has it; only those that something asks for exist. Pure; allocates at start only. */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include "core/home.h"

#define LIMITS_NONE UINT32_MAX

struct limit_figure {
	bool given;
	double value;
};

struct limit {
	char *id;
	enum therapy_unit unit;
	bool minimum;                        /* the larger figure is the stricter one */
	struct limit_figure otherwise, home; /* the default; the home's */
	struct limit_figure step;            /* the step's, for the whole home */
	uint32_t *slot_of;                   /* by device; NULL until one is asked for */
};

struct limit_slot {
	uint32_t limit, device;
	struct limit_figure own, step; /* the device's, the step's for this device */
	struct limit_figure now;       /* in force */
	bool put_off;                  /* a looser one waits until nothing runs that this one bears on */
};

struct limits {
	const struct home *home;
	const struct core_figure *figures; /* the spec's, while core_new runs */
	size_t n_figures;
	struct limit *items;
	struct limit_slot *slots;
	uint32_t n, n_slots, cap_slots, n_put_off;
};

/* Copies what the spec declares and gives. 0, or -1 with what is wrong added to `faults`. Release in both cases. */
int limits_init(struct limits *limits, const struct core_spec *spec, const struct home *home, struct faults *faults);
void limits_release(struct limits *limits);
/* LIMITS_NONE if there is none of that name. */
uint32_t limits_find(const struct limits *limits, const char *id, size_t size);
/* Lists what there is, for faults. */
void limits_list(const struct limits *limits, struct str *out);
/* Finds or adds the slot. -1 without memory. Start-up only. */
int limits_slot(struct limits *limits, uint32_t limit, uint32_t device, uint32_t *out);
/* What the figures given now come to. */
struct limit_figure limits_resolve(const struct limits *limits, uint32_t slot);
/* Does `next` permit anything that `now` does not? No figure permits nothing. */
bool limits_looser(const struct limit *limit, struct limit_figure next, struct limit_figure now);
/* Is the value beyond the figure? Without one, every value is. */
bool limits_beyond(const struct limit *limit, struct limit_figure figure, double value);

#endif
