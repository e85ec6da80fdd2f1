/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of generic/ share. Pure but for the allocation in table.c.
 */
#ifndef GENERIC_INSIDE_H
#define GENERIC_INSIDE_H

#include "generic/generic.h"

/* What a verb sends. */
struct generic_verb {
	const Therapy__V1__DefinedMessage *message;
	const Therapy__V1__DefinedControl *control; /* whose value it may carry; NULL: of none */
	const Therapy__V1__DefinedSetting *setting; /* likewise */
	enum therapy_effect effect;
	uint8_t channel;
};

struct generic {
	const Therapy__V1__Definition *definition;
	struct therapy_plugin plugin;
	struct therapy_model model;
	struct therapy_metric *metrics;
	struct therapy_verb *verbs;
	struct therapy_control *controls;
	struct therapy_channel *channels;
	struct therapy_poll *polls;
	struct therapy_step *steps; /* of rest and stop, two a control */
	uint8_t *on_connect;
	struct therapy_setting *settings;
	uint8_t *setting_channels;  /* parallel to settings */
	uint8_t *metric_channels;   /* parallel to metrics */
	uint8_t availability;       /* its channel, or THERAPY_NONE */
	struct generic_verb *sends; /* parallel to verbs */
	char **setting_words;
	size_t n_setting_words;
	char **names; /* of verbs */
	size_t n_names;
};

struct generic_state {
	const struct generic *generic;
	bool synced; /* lines: an end was seen, so what follows is a whole one */
};

/* The functions of its model. */
int generic_init(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed);
long generic_frame(void *state, const uint8_t *bytes, size_t size);
enum therapy_refusal generic_decode(void *state, const struct therapy_message *message, struct therapy_out *out);
int generic_encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out);

#endif
