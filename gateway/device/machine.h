/* SPDX-License-Identifier: Apache-2.0
 *
 * machine - the inside of struct device, shared by the files of this folder and by nobody else.
 *
 * device.c    the step: time, input, polls, in that order
 * control.c   leases, rest sequences, what a confirming reading means
 * foreign.c   what somebody else switched on
 * off_test.c  does a control go off by itself?
 * decode.c    cutting frames and running the plugin's decode
 * reading.c   plausibility, thinning, sequence numbers
 * send.c      the plugin's encode, the queue behind a transaction, the step's outgoing frames
 * poll.c      questions and transactions
 * setting.c   what is changed on the device itself, and given back
 */
#ifndef DEVICE_MACHINE_H
#define DEVICE_MACHINE_H

#include "device/device.h"

#define DEVICE_BYTES_MAX 4096u /* of one BYTES input that always fits; stream.h hands on as much at a time */
/* A reading takes at least a byte on any wire, so one per byte of input and of the frame left over before it. */
#define DEVICE_READINGS_MAX (DEVICE_BYTES_MAX + THERAPY_FRAME_MAX)
/* Frames other than STOP's in one step: an answer to each frame of a full input whose frames have 8 bytes or more. */
#define DEVICE_SENDS_MAX       512u
#define DEVICE_DECODE_READINGS 256u /* of one frame */
#define DEVICE_FRAMES          4u   /* of one decode or encode call */
#define DEVICE_WAITING_MAX     32u  /* frames behind a transaction */
#define DEVICE_STATES_MAX      8u   /* per control and step; see report() for why that is enough */
/* However wrong the gateway's arithmetic may be, a lease ends: the longest sensible one, a multiple of the default 1 s.
 */
#define DEVICE_LEASE_MAX_MS 60000u
/* The shortest time between two rest sequences that readings cause, and between two polls: bounds what a flood makes us
 * send. */
#define DEVICE_REPEAT_MIN_MS 100u
#define DEVICE_POLL_MIN_MS   10u
#define DEVICE_NO_CONTROL    0xFFu

struct control {
	enum device_phase phase;
	uint64_t grant;      /* running; 0: none */
	uint64_t last_ended; /* highest grant that is over, whether it ran or was refused */
	double value;        /* of that grant */
	uint64_t expires_ms;
	uint64_t renew_at; /* UINT64_MAX: no renewals */
	uint64_t told_ms;  /* when set, or the last step of a sequence, was sent: older readings say nothing about it */
	uint64_t seen_ms;  /* stamp of the last good reading that says what it does; when energised, not before that */
	uint64_t confirm_at; /* coming to rest, sequence sent: send it again then */
	bool counts;      /* that will be a repetition: what was sent had the line for itself and time to be obeyed */
	uint32_t repeats; /* since the control was told to rest */
	bool foreign;     /* somebody else switched it on; until foreign_until the gateway may adopt it */
	uint64_t foreign_until;
	bool testing; /* the grant is an off-test */
	uint64_t test_began_ms;
	uint64_t sequence_ms; /* when the last sequence began; a link that comes up begins one */
	bool stopping;        /* the fast sequence is in force until rest is confirmed */
	bool running;         /* steps are left */
	bool rest_seen;       /* a reading proved it, and its settings were not looked at yet */
	uint8_t next;         /* step */
	uint64_t next_at;
};

/* What is known of a metric, for plausibility and thinning. */
struct track {
	bool has_good, has_candidate, has_forwarded;
	double good, candidate;
	uint64_t good_ms, candidate_ms;
	double forwarded;
	uint8_t forwarded_quality;
	uint64_t forwarded_ms;
};

struct poll {
	bool asked; /* since the link came up */
	uint64_t sent_ms;
};

enum setting_phase {
	SETTING_AWAY,  /* nobody is there to ask */
	SETTING_ASKED, /* what is it? */
	SETTING_FOUND, /* it is not remembered yet what it was */
	SETTING_TOLD,  /* what is wanted; not confirmed yet */
	SETTING_HELD,
	SETTING_LEFT, /* as it is: not asked, or not taken */
	SETTING_GIVING_BACK,
	SETTING_GIVEN_BACK,
};

struct setting {
	enum setting_phase phase;
	uint64_t at;    /* ask or tell again */
	uint64_t until; /* asked, found: go on without; UINT64_MAX: the device has not said anything yet */
	unsigned tries;
	bool again;  /* somebody changed it since, and it was set once more */
	double seen; /* told: the last that it said; NaN: nothing */
	double was;  /* giving back */
};

/* A frame that waits for the end of a transaction. */
struct waiting {
	uint8_t effect, control; /* DEVICE_NO_CONTROL: of none */
	struct therapy_frame frame;
};

struct device {
	const struct therapy_model *model;
	const struct therapy_value *options;
	uint32_t seed, rest_forward_ms;
	void *state;
	uint64_t now_ms;     /* never goes back */
	uint64_t arrived_ms; /* the time given with this input: readings must not look younger than that */
	bool link_up;
	bool absent; /* the device said that it is gone */
	bool orphaned;
	uint64_t orphan_end_ms;

	struct control *controls;
	struct track *tracks;
	struct poll *polls;
	struct setting settings[DEVICE_SETTINGS_MAX];
	bool only_cuts, leave_settings, releasing, giving_back, released;
	uint64_t release_until;
	uint32_t quiet_ms;    /* of a model with transactions: shortest reply_ms; 0: it has none */
	uint32_t question_ms; /* quiet_ms and the longest reply_ms: an order and a question after it */
	bool awaiting;        /* a transaction: a poll's, or the quiet after any other frame */
	bool awaiting_poll;   /* it is a poll's */
	uint64_t awaiting_until;
	struct waiting *waiting;
	size_t n_waiting;

	uint8_t bytes[DEVICE_BYTES_MAX + THERAPY_FRAME_MAX + 1]; /* + 1: the NUL behind a frame that ends here */
	size_t n_bytes;

	struct therapy_reading decode_readings[DEVICE_DECODE_READINGS];
	struct therapy_reading decode_found[DEVICE_SETTINGS_MAX];
	struct therapy_frame decode_frames[DEVICE_FRAMES], encode_frames[DEVICE_FRAMES];

	/* outputs of this step */
	struct device_send *sends;
	struct therapy_frame *send_frames;
	size_t n_sends, n_plain_sends, max_sends;
	struct device_reading *readings;
	size_t n_readings;
	uint64_t next_sequence;
	struct device_control_state *states;
	size_t n_states, max_states;
	enum therapy_presence presence;
	struct device_setting_state setting_states[2 * DEVICE_SETTINGS_MAX];
	size_t n_setting_states;
	enum device_release release;

	struct device_counters counters;
	bool has_will;
	struct therapy_frame will;
};

/* ---- send.c ---- */
/* Runs encode and sends or queues what it makes, for control `control` or DEVICE_NO_CONTROL. False: the plugin refused,
 * or not all of it had room. */
bool send_verb(struct device *d, uint8_t verb, double value, uint8_t control);
/* Frames that decode handed back; they wait like questions. */
void send_answers(struct device *d, const struct therapy_frame *frames, size_t n);
/* Drops waiting frames of a control: what was not sent yet must never follow its rest. */
void send_drop(struct device *d, uint8_t control);
/* Like send_drop, but only renewals: one waiting is enough. */
void send_drop_renewals(struct device *d, uint8_t control);
/* What waited goes out, as far as the line is free. */
void send_flush(struct device *d);

/* ---- control.c ---- */
void control_time(struct device *d); /* expired leases of all controls first, then whatever else is due */
void control_link_up(struct device *d);
void control_link_down(struct device *d);
void control_presence(struct device *d); /* the device said that it went, or came back */
void control_lease(struct device *d, const struct device_input *in);
void control_rest(struct device *d, const struct device_input *in);
void control_orphaned(struct device *d);
/* A checked reading, for the controls that it confirms. */
void control_reading(struct device *d, const struct device_reading *r);
uint64_t control_deadline(const struct device *d);
bool control_any_leased(const struct device *d);
/* For foreign.c and off_test.c. */
const struct therapy_control *control_row(const struct device *d, const struct control *c);
/* Tells the gateway. `how` says how a grant ended, or what else there is to say; control, phase and repeats are filled
 * in. */
void control_report(struct device *d, const struct control *c, struct device_control_state how);
/* Ends the grant, if one runs, and drives to rest at once. `how` as above, for that grant. */
void control_go_to_rest(struct device *d, struct control *c, bool stop, struct device_control_state how);
/* The device itself gives cause to drive it to rest, and no lease ends by it. */
void control_calm(struct device *d, struct control *c, struct device_control_state how);
void control_refuse(struct device *d, struct control *c, uint64_t grant);
/* The grant begins, with the phase that `c` has: nothing is sent. Whatever ran before is over. */
void control_grant(struct device *d, struct control *c, const struct device_input *in, double value);
void control_renew(struct device *d, struct control *c);
/* Sends `verb` for the grant that has begun; what does not take it is driven to rest. */
void control_energise(struct device *d, struct control *c, uint8_t verb);
bool control_may_energise(const struct device *d, const struct control *c, double value);
/* What is proved to be at rest is, now that its settings were looked at. */
void control_settled(struct device *d);
bool control_all_at_rest(const struct device *d); /* and no sequence running */
/* Of all controls, from the order to the third time that nothing proved it. */
uint64_t control_longest_rest_ms(const struct device *d);

/* ---- foreign.c ---- */
/* A reading says that it is on, and nothing of ours did that. */
void foreign_seen(struct device *d, struct control *c, const struct device_reading *r);
void foreign_time(struct device *d, struct control *c); /* nobody adopted it in time */
void foreign_adopt(struct device *d, struct control *c, const struct device_input *in);

/* ---- off_test.c ---- */
void off_test_begin(struct device *d, struct control *c, const struct device_input *in);
void off_test_time(struct device *d, struct control *c); /* it should have gone off by now */
/* It was on and is off, `at_ms`. */
void off_test_went_off(struct device *d, struct control *c, uint64_t at_ms);
uint64_t off_test_deadline(const struct device *d, const struct control *c);

/* ---- decode.c ---- */
void decode_bytes(struct device *d, const uint8_t *data, size_t size);
void decode_message(struct device *d, const struct device_input *in);
void decode_drop_partial(struct device *d);

/* ---- reading.c ---- */
/* Unknown when older, ms; also for a table that did not come through the loader. */
uint32_t reading_stale_ms(const struct therapy_metric *m);
void reading_take(struct device *d, const struct therapy_reading *r);
void reading_forget(struct device *d);

/* ---- setting.c ---- */
/* The device is there, or there again: what are they? */
void setting_begin(struct device *d);
void setting_end(struct device *d); /* it is gone */
/* It said something that was no old truth: from now on it owes an answer. */
void setting_heard(struct device *d);
void setting_found(struct device *d, uint16_t row, double value);
void setting_kept(struct device *d, uint8_t row);
void setting_release(struct device *d, const struct device_input *in);
void setting_time(struct device *d);
uint64_t setting_deadline(const struct device *d);
/* No setting waits to be looked at before it is changed: nothing is at rest, for others, before that. */
bool setting_settled(const struct device *d);

/* ---- poll.c ---- */
/* What to say first on a connection, or when the device came back: the plugin's on_connect verbs. All polls are due. */
void poll_greet(struct device *d);
void poll_ask_anew(struct device *d); /* what poll_greet asks, and nothing that does more than ask */
void poll_time(struct device *d);     /* ends a transaction that was not answered */
void poll_reply(struct device *d);    /* ends one that was */
void poll_pump(struct device *d);     /* end of step: what waited, then what is due */
uint64_t poll_deadline(const struct device *d);

#endif
