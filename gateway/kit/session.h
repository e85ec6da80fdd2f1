/* SPDX-License-Identifier: Apache-2.0
 *
 * session - drives one model of a plugin as the host would: cuts frames, decodes them, encodes verbs, and writes down
 * what came of it as lines of text ("tilt 60.002", "refused CHECKSUM", "send 02 01 00"), which vectors compare. With
 * `mutate` set, every frame is also decoded truncated and bit-flipped, on a copy of the state, and every frame of a
 * byte link that gave readings is sent damaged with two whole ones behind it: the last must be read. What the plugin
 * owes its host and does not do is told in `broken`. One thread; aborts if memory is short.
 */
#ifndef KIT_SESSION_H
#define KIT_SESSION_H

#include "kit/caller.h"
#include "therapy/plugin.h"

enum { SESSION_HELD = 8192, SESSION_LINES = 600, SESSION_LINE = 700, SESSION_HEX = 400, SESSION_BROKEN = 1000 };

struct session {
	const struct therapy_model *model;
	struct caller caller;
	struct note own_note;
	struct therapy_value *values; /* the user's options */
	void *state, *copy;           /* of caller_state_new; the copy is for damaged frames */
	uint64_t now_ms;
	bool checksummed; /* every flipped bit must be refused */
	bool plain;       /* a part of a message is one, too: "4" of "49" */
	bool mutate;
	uint8_t held[SESSION_HELD]; /* bytes that no frame was cut from yet */
	size_t n_held;
	char lines[SESSION_LINES][SESSION_LINE];
	size_t n_lines;
	char broken[SESSION_BROKEN]; /* the first promise that the plugin broke, one sentence */
	size_t n_broken;
	size_t n_taken;                            /* frames that decode did not refuse */
	size_t n_out_of_range;                     /* GOOD readings outside of their row's range */
	size_t n_spoilt;                           /* frames and streams that were tried damaged */
	bool measured[UINT8_MAX], told[UINT8_MAX]; /* metrics that were GOOD once, verbs that were encoded once */
	void (*heard)(void *user,
		      const struct therapy_message *message); /* each frame, before it is decoded; or NULL */
	void *heard_user;
	struct session *scratch; /* of the same model, for damaged streams */
};

/* `note`: the caller's, or NULL. */
struct session *session_new(const struct therapy_model *model, struct note *note);
void session_free(struct session *session);
void session_break(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Zeroes the state and calls init, as at a connect. Writes "init refused" if the plugin does. */
void session_connect(struct session *session, uint32_t seed);
/* False if the model has no such option. `word` outlives the session. */
bool session_set(struct session *session, const char *option, const char *word);
void session_bytes(struct session *session, const uint8_t *bytes, size_t size);
void session_message(struct session *session, uint8_t channel, bool retained, const uint8_t *bytes, size_t size);
void session_tell(struct session *session, uint8_t verb, double value);
/* One decode call without writing anything down; looks at what every plugin owes the host. */
enum therapy_refusal session_decode(struct session *session, void *state, const struct therapy_message *message,
				    struct therapy_out *out);
/* The row of that key, or THERAPY_NONE. */
uint8_t session_verb(const struct therapy_model *model, const char *key);
uint8_t session_channel(const struct therapy_model *model, const char *address);

#endif
