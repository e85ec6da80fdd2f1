/* SPDX-License-Identifier: Apache-2.0
 * What the models of one plugin or definition make of bytes that were heard, for `probe`: in a child, in the sandbox,
 * as everything that calls a plugin. */
#ifndef THERAPY_PLUGIN_PROBE_TRY_H
#define THERAPY_PLUGIN_PROBE_TRY_H

#include "therapy/plugin.h"
#include "therapy_plugin/probe_port.h"

struct probe_match {
	char plugin[64], model[64];
	char definition[64]; /* of plugin generic: its name */
	uint64_t frames, accepted;
	double score;    /* 0 to 1: how sure that these are its bytes */
	bool checked;    /* a checksum vouches for them */
	uint32_t baud;   /* of what was heard */
	char needs[256]; /* options that it must be given; any value was, so `says` may be in another measure */
	char says[512];  /* the last value of each metric */
};

struct probe_question { /* a frame by which a model only asks */
	char plugin[64], model[64];
	uint32_t baud; /* of the model */
	uint16_t size;
	uint8_t bytes[THERAPY_FRAME_MAX];
};

/* The best of the file's models on these bytes; `links`: THERAPY_LINK_... of the link. False: none says anything. */
bool probe_try(const char *path, uint32_t links, const struct probe_heard *heard, struct probe_match *best);
/* Has that plugin a model of that key? */
bool probe_offers(const char *path, const char *model);
/* The questions of its models, by verbs that only ask; how many, at most `max`. */
size_t probe_questions(const char *path, uint32_t links, struct probe_question *out, size_t max);

#endif
