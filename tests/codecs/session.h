/* SPDX-License-Identifier: Apache-2.0
 *
 * session - drives one model of the plugin linked into this program as the host would: cuts frames, decodes them,
 * encodes verbs, and writes down what came of it as lines of text ("tilt 60.002", "refused CHECKSUM", "send 02 01 00"),
 * which vectors compare. Every buffer handed to the plugin is a heap copy of just its size, so that the address
 * sanitizer sees one byte too far. With `mutate` set, every frame is also decoded truncated and bit-flipped, on a copy
 * of the state, and every frame of a byte link that gave readings is sent damaged with two whole ones behind it: the
 * last must be read.
 */
#ifndef CODECS_SESSION_H
#define CODECS_SESSION_H

#include "therapy/plugin.h"

enum { SESSION_READINGS = 512, SESSION_FRAMES = 16, SESSION_HELD = 8192, SESSION_LINES = 600, SESSION_LINE = 700 };

struct session {
	const struct therapy_model *model;
	struct therapy_value *values; /* the user's options */
	void *state;
	uint64_t now_ms;
	bool checksummed; /* every flipped bit must be refused */
	bool mutate;
	uint8_t held[SESSION_HELD]; /* bytes that no frame was cut from yet */
	size_t n_held;
	struct therapy_reading readings[SESSION_READINGS];
	struct therapy_frame frames[SESSION_FRAMES];
	char lines[SESSION_LINES][SESSION_LINE];
	size_t n_lines;
	struct session *scratch; /* of the same model, for damaged streams */
};

struct session *session_new(const struct therapy_model *model);
void session_free(struct session *session);
/* Zeroes the state and calls init, as at a connect. Writes "init refused" if the plugin does. */
void session_connect(struct session *session, uint32_t seed);
void session_set(struct session *session, const char *option, const char *word);
void session_bytes(struct session *session, const uint8_t *bytes, size_t size);
void session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size);
void session_tell(struct session *session, uint8_t verb, double value);
/* One decode call without writing anything down; asserts what every plugin owes the host. */
enum therapy_refusal session_decode(struct session *session, void *state, const struct therapy_message *message,
				    struct therapy_out *out);
/* The row of that key; fails the test if there is none. */
uint8_t session_verb(const struct therapy_model *model, const char *key);
uint8_t session_channel(const struct therapy_model *model, const char *address);

#endif
