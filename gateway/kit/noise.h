/* SPDX-License-Identifier: Apache-2.0
 *
 * noise - feeds a session what no device should say: frames that were heard before, cut short, lengthened, with bits
 * and bytes changed, put together of two; frames of random bytes, and of bytes that frames are made of; and to encode
 * values that nobody should ask for. The same seed gives the same noise on every machine. One thread; aborts if memory
 * is short.
 */
#ifndef KIT_NOISE_H
#define KIT_NOISE_H

#include "kit/seal.h"
#include "kit/session.h"

enum { NOISE_CORPUS = 256, NOISE_FRAME = 4096 };

struct noise_frame {
	uint8_t *bytes;
	size_t size;
	uint8_t channel;
};

struct noise {
	uint64_t state;
	struct noise_frame corpus[NOISE_CORPUS]; /* whole frames, to be damaged */
	size_t n_corpus;
	struct seal seal; /* what they end with, once something was fed */
	size_t n_fed;     /* frames, or pieces of a stream of about that size */
};

void noise_init(struct noise *noise, uint64_t seed);
void noise_release(struct noise *noise);
/* For session.heard: remembers a frame that is new, as long as there is room. */
void noise_hear(void *noise, const struct therapy_message *message);
uint64_t noise_next(struct noise *noise);
/* `n` frames to decode, and as a stream to frame on byte links. What the plugin owes and does not do is told in the
 * session; a note says which frame it is. */
void noise_feed(struct noise *noise, struct session *session, size_t n);
/* Each verb with values that are odd: a STOP goes out whatever the value is, an ACT only within what can be asked for.
 */
void noise_tell(struct session *session);

#endif
